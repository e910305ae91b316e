//! What the caller decides about the network: plain data, made from the settings elsewhere.

use std::{fmt, path::PathBuf, time::Duration};

use ora_core::SourceUrl;

/// Everything the network is told. Nothing is read from the environment here, nothing is changed later.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one key of the security file")]
pub struct NetConfig {
    /// Only `https`, whatever `allowed_schemes` says.
    pub https_only: bool,
    /// Whether redirects are followed at all.
    pub allow_redirects: bool,
    /// The most hops of one request.
    pub max_redirects: u32,
    /// Refuses private, shared, reserved and multicast addresses.
    pub block_private_ips: bool,
    /// Refuses this machine's own addresses.
    pub block_localhost: bool,
    /// Refuses link-local addresses.
    pub block_link_local: bool,
    /// Refuses the addresses and names at which clouds tell machines their secrets.
    pub block_metadata_endpoints: bool,
    /// Whether addresses found by name are held to the rules above; those written in a URL always are.
    pub validate_dns_resolution: bool,
    /// `https`, `http`, and `file` where a URL may name a file of this machine.
    pub allowed_schemes: Vec<String>,
    /// Hosts that may have any address: `host`, `host:port`, or `*.suffix`.
    pub allowed_hosts: Vec<String>,
    /// The most bytes of any body, whatever a request asks for.
    pub max_download_size: u64,
    /// The longest that a request may go on without progress: to the head of an answer, and, for a body, the span in which
    /// [`minimum_speed`](Self::minimum_speed) is measured.
    pub timeout: Duration,
    /// The longest that looking up a name and making one connection may take, retries included: a source that is not there
    /// costs this much once in a run.
    pub connect_timeout: Duration,
    /// The longest silence within a body.
    pub idle_timeout: Duration,
    /// The least bytes a second, over a whole `timeout`, below which a body counts as stuck.
    pub minimum_speed: u64,
    /// How often and how soon a failed request is tried again.
    pub retries: Retries,
    /// The proxies.
    pub proxies: Proxies,
    /// Certificate authorities beside the system's, PEM.
    pub extra_ca_pem: Vec<String>,
    /// The file of `SSL_CERT_FILE`, which replaces the system's authorities.
    pub ssl_cert_file: Option<PathBuf>,
    /// URL prefixes that are looked for elsewhere first, in order.
    pub mirrors: Vec<ora_core::Mirror>,
    /// Secrets and where they belong.
    pub credentials: Vec<Credential>,
    /// What git may do.
    pub git: GitPolicy,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Default for NetConfig {
    /// The defaults of the security file: no private address, redirects with at most three hops, 2 GiB.
    fn default() -> Self {
        Self {
            https_only: false,
            allow_redirects: true,
            max_redirects: 3,
            block_private_ips: true,
            block_localhost: true,
            block_link_local: true,
            block_metadata_endpoints: true,
            validate_dns_resolution: true,
            allowed_schemes: vec!["https".to_owned(), "http".to_owned()],
            allowed_hosts: Vec::new(),
            max_download_size: 2 << 30,
            timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_millis(4500),
            idle_timeout: Duration::from_secs(30),
            minimum_speed: 512,
            retries: Retries::default(),
            proxies: Proxies::default(),
            extra_ca_pem: Vec::new(),
            ssl_cert_file: None,
            mirrors: Vec::new(),
            credentials: Vec::new(),
            git: GitPolicy::default(),
            user_agent: concat!("ora/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// How often and how soon a failed request is tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retries {
    /// Tries after the first one without any progress; progress in a body starts the count anew.
    pub count: u32,
    /// The pause before the first of them; it doubles each time, and a random part of up to a half is added.
    pub pause: Duration,
    /// The longest that a server's `Retry-After` is obeyed; a longer one is a failure that names the moment.
    pub longest_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { count: 3, pause: Duration::from_millis(300), longest_pause: Duration::from_secs(20) }
    }
}

/// The proxy settings, as the environment has them: URLs, or `host:port`. Their user names and passwords stay inside.
#[derive(Clone, Default)]
pub struct Proxies {
    /// `http_proxy`: for `http` URLs.
    pub http: Option<String>,
    /// `https_proxy`: for `https` URLs.
    pub https: Option<String>,
    /// `all_proxy`: for both, where the other is absent.
    pub all: Option<String>,
    /// `no_proxy`: hosts, domains, addresses and networks that are reached directly, with commas; `*` for all.
    pub no_proxy: Option<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = [&self.http, &self.https, &self.all].iter().filter(|value| value.is_some()).count();
        write!(f, "Proxies({set} set, no_proxy {:?})", self.no_proxy)
    }
}

/// A secret header and the only origin it is ever sent to.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The origin: any URL of it; scheme, host and port count, nothing else.
    pub origin: SourceUrl,
    /// The header's name: `Authorization`, `PRIVATE-TOKEN`.
    pub header: String,
    /// The header's value.
    pub value: Secret,
}

/// A text that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What git may do. Sizes and times of one fetch come with the request; these are the ceilings.
#[derive(Clone, Debug)]
pub struct GitPolicy {
    /// Bars `http` and `git`, whatever `allowed_schemes` says.
    pub https_only: bool,
    /// `https`, `ssh`, `file`, and `http` or `git` where somebody insists.
    pub allowed_schemes: Vec<String>,
    /// The most bytes a repository may take on disk.
    pub max_repo_size: u64,
    /// The longest that one git command may take.
    pub timeout: Duration,
    /// The `PATH` in which git and ssh are found.
    pub path: Option<std::ffi::OsString>,
    /// `HOME`, `SSH_AUTH_SOCK` and the like: the few variables that ssh needs. Never proxies or `GIT_…`.
    pub environment: Vec<(String, std::ffi::OsString)>,
}

impl Default for GitPolicy {
    fn default() -> Self {
        Self {
            https_only: true,
            allowed_schemes: ["https", "ssh", "file"].map(str::to_owned).to_vec(),
            max_repo_size: 100 << 20,
            timeout: Duration::from_mins(5),
            path: None,
            environment: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let config = NetConfig {
            credentials: vec![Credential {
                origin: "https://api.github.com/".parse().unwrap(),
                header: "Authorization".to_owned(),
                value: Secret::new("Bearer canary"),
            }],
            proxies: Proxies { http: Some("http://user:canary@proxy:3128".to_owned()), ..Proxies::default() },
            ..NetConfig::default()
        };
        assert!(!format!("{config:?}").contains("canary"));
    }
}
