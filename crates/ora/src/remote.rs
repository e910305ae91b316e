//! Makes the way to the network, where there is one: settings become the plain data that the network crate is told.

use ora_core::Remote;

use crate::{failure::Failure, settings::Settings, wire::Wiring};

/// The way to the network; `None` in a build without network code. Who must not use the network does not ask for it.
///
/// Nothing is opened or read here: certificates, proxies and connections wait for the first request.
#[cfg(feature = "net")]
pub fn connect(wiring: &Wiring, settings: &Settings) -> Result<Option<Box<dyn Remote>>, Failure> {
    let reporter = std::sync::Arc::clone(&wiring.printer);
    let net = ora_net::Net::with_reporter(net::config(settings, &wiring.environment)?, reporter);
    Ok(Some(Box::new(net)))
}

/// The way to the network: this build has none.
#[cfg(not(feature = "net"))]
pub fn connect(_: &Wiring, _: &Settings) -> Result<Option<Box<dyn Remote>>, Failure> {
    Ok(None)
}

#[cfg(feature = "net")]
mod net {
    use std::time::Duration;

    use ora_core::{Kind, SourceUrl};
    use ora_net::{Credential, GitPolicy, NetConfig, Proxies, Secret};

    use crate::{
        env::{self, Environment},
        failure::Failure,
        settings::Settings,
    };

    /// What the network is told.
    pub(super) fn config(settings: &Settings, environment: &Environment) -> Result<NetConfig, Failure> {
        let (rules, git) = (&settings.policy.network, &settings.policy.git);
        let expose = |secret: &Option<env::Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        Ok(NetConfig {
            https_only: rules.https_only,
            allow_redirects: rules.allow_redirects,
            max_redirects: u32::try_from(rules.max_redirects).unwrap_or(u32::MAX),
            block_private_ips: rules.block_private_ips,
            block_localhost: rules.block_localhost,
            block_link_local: rules.block_link_local,
            block_metadata_endpoints: rules.block_metadata_endpoints,
            validate_dns_resolution: rules.validate_dns_resolution,
            allowed_schemes: rules.allowed_schemes.iter().map(|scheme| scheme.as_str().to_owned()).collect(),
            allowed_hosts: allowed_hosts(settings),
            max_download_size: rules.max_download_size.bytes(),
            timeout: Duration::from_secs(rules.timeout_seconds),
            proxies: Proxies {
                http: expose(&environment.proxies.http),
                https: expose(&environment.proxies.https),
                all: expose(&environment.proxies.all),
                no_proxy: environment.proxies.none.clone(),
            },
            ssl_cert_file: environment.ssl_cert_file.clone(),
            mirrors: settings.config.mirrors.clone(),
            credentials: credentials(settings, environment)?,
            git: GitPolicy {
                https_only: git.https_only,
                allowed_schemes: git.allowed_schemes.iter().map(|scheme| scheme.as_str().to_owned()).collect(),
                max_repo_size: git.max_repo_size.bytes(),
                timeout: Duration::from_secs(git.timeout_seconds),
                path: environment.path.clone(),
                environment: environment.ssh.clone(),
            },
            ..NetConfig::default()
        })
    }

    /// The hosts of the rules, and those of the forges' stand-ins: the user named them for this very purpose.
    fn allowed_hosts(settings: &Settings) -> Vec<String> {
        let named = settings.policy.network.allowed_hosts.iter().map(|host| host.as_str().to_owned());
        let stand_ins = [&settings.github_api, &settings.gitlab_api];
        let stand_ins =
            stand_ins.into_iter().flatten().filter_map(|url| Some(format!("{}:{}", url.host()?, url.port()?)));
        named.chain(stand_ins).collect()
    }

    /// The tokens of the environment, each for the origin of its API and no other.
    fn credentials(settings: &Settings, environment: &Environment) -> Result<Vec<Credential>, Failure> {
        let usual = |text: &str| -> Result<SourceUrl, Failure> {
            text.parse().map_err(|error: ora_core::UrlError| Failure::of(Kind::UrlRefused, &error))
        };
        let mut credentials = Vec::new();
        if let Some(token) = &environment.github_token {
            let origin = settings.github_api.clone().map_or_else(|| usual("https://api.github.com/"), Ok)?;
            let value = Secret::new(format!("Bearer {}", token.expose()));
            credentials.push(Credential { origin, header: "Authorization".to_owned(), value });
        }
        if let Some(token) = &environment.gitlab_token {
            let origin = settings.gitlab_api.clone().map_or_else(|| usual("https://gitlab.com/"), Ok)?;
            credentials.push(Credential {
                origin,
                header: "PRIVATE-TOKEN".to_owned(),
                value: Secret::new(token.expose()),
            });
        }
        Ok(credentials)
    }

    #[cfg(test)]
    mod tests {
        use ora_fs::layout::{Dirs, Layout, SystemDirs};

        use super::*;
        use crate::args::Global;

        fn told(variables: &[(&str, &str)]) -> NetConfig {
            let environment = Environment::of(variables.iter().map(|(name, value)| (name.into(), value.into())));
            let dirs =
                Dirs { config: "/none".into(), data: "/none".into(), cache: "/none".into(), bin: "/none".into() };
            let layout = Layout::new(dirs, SystemDirs::default());
            let settings = Settings::read(&layout, &environment, &Global::default()).unwrap();
            config(&settings, &environment).unwrap()
        }

        #[test]
        fn a_token_belongs_to_one_origin() {
            let origins = |variables: &[(&str, &str)]| -> Vec<String> {
                told(variables).credentials.iter().map(|one| one.origin.origin()).collect()
            };
            let tokens = [("GITHUB_TOKEN", "a"), ("GITLAB_TOKEN", "b")];
            assert_eq!(origins(&tokens), ["https://api.github.com", "https://gitlab.com"]);
            let moved = [tokens[0], ("ORA_GITHUB_API_URL", "https://mirror.example:8443/github")];
            assert_eq!(origins(&moved), ["https://mirror.example:8443"]);
            assert!(origins(&[]).is_empty());
        }

        #[test]
        fn a_stand_in_for_a_forge_may_be_anywhere() {
            let told = told(&[("ORA_GITLAB_API_URL", "http://127.0.0.1:4711/api/v4")]);
            assert_eq!(told.allowed_hosts, ["127.0.0.1:4711"]);
        }

        #[test]
        fn the_rules_and_the_environment_arrive() {
            let told = told(&[
                ("ORA_SECURITY_NETWORK_MAX_REDIRECTS", "1"),
                ("ORA_SECURITY_NETWORK_GIT_ALLOWED_SCHEMES", "https"),
                ("https_proxy", "http://user:canary@proxy:3128"),
                ("no_proxy", "localhost"),
                ("SSL_CERT_FILE", "/ca.pem"),
                ("SSH_AUTH_SOCK", "/agent"),
            ]);
            assert_eq!((told.max_redirects, told.git.allowed_schemes.as_slice()), (1, ["https".to_owned()].as_slice()));
            assert_eq!(told.proxies.https.as_deref(), Some("http://user:canary@proxy:3128"));
            assert_eq!(told.ssl_cert_file.as_deref(), Some(std::path::Path::new("/ca.pem")));
            assert_eq!(told.git.environment, [("SSH_AUTH_SOCK".to_owned(), "/agent".into())]);
            assert!(!format!("{told:?}").contains("canary"));
        }
    }
}
