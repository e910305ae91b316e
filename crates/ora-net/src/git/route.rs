//! What git is told about one remote: the only transport it may use, the address it may connect, whom it may trust.

use std::path::Path;

use ora_core::{GitUrl, SourceUrl, TlsOptions};
use rustls_pki_types::CertificateDer;
use url::Url;

use crate::{
    NetError, Refusal,
    client::{Ask, Client},
    dial::Target,
    proxy::{self, base64},
    tls,
};

/// A remote as git gets it.
#[derive(Debug)]
pub(super) struct Route {
    /// The URL.
    pub(super) url: String,
    /// Settings for `-c`.
    pub(super) settings: Vec<String>,
    /// Settings that are nobody else's business.
    pub(super) secrets: Vec<(String, String)>,
}

impl Route {
    /// Checks a remote against the policy and prepares the way to it; `mirror` is an existing directory for a file of
    /// authorities.
    ///
    /// For `http` and `https` git is made to connect the very address that was checked. ssh looks names up itself and has
    /// aliases of its own, so there the check can only be made before, on names that the system knows.
    pub(super) fn to(client: &Client, url: &GitUrl, tls: &TlsOptions, mirror: &Path) -> Result<Self, NetError> {
        let config = &client.dialer.config;
        let scheme = url.scheme();
        let refused = |source| NetError::Refused { host: url.to_string(), source };
        let allowed = config.git.allowed_schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme));
        if config.git.https_only && matches!(scheme, "http" | "git") {
            return Err(refused(Refusal::HttpsOnly));
        }
        if !allowed {
            return Err(refused(Refusal::Scheme(scheme.to_owned())));
        }
        let settings = vec![format!("protocol.{scheme}.allow=always")];
        let mut route = Self { url: url.as_str().to_owned(), settings, secrets: Vec::new() };
        match scheme {
            "https" | "http" => route.by_http(client, tls, mirror)?,
            "file" => {}
            _ => check_host_of(client, url)?,
        }
        Ok(route)
    }

    fn by_http(&mut self, client: &Client, options: &TlsOptions, mirror: &Path) -> Result<(), NetError> {
        let dialer = &client.dialer;
        let config = &dialer.config;
        let url: SourceUrl =
            self.url.parse().map_err(|error: ora_core::UrlError| NetError::Protocol(error.to_string()))?;
        // The parsed form, so that git's own parser cannot see another host in it.
        self.url = url.to_string();
        let (host, port) = (url.host().unwrap_or_default(), url.port().unwrap_or(443));
        let target = Target { scheme: url.scheme(), host, port };
        dialer.check_alive(&url.origin())?;
        let pinned = options.certificate_sha256.is_some() || options.public_key_sha256.is_some();
        let tls = (pinned && url.scheme() == "https").then(|| dialer.tls_config(options)).transpose()?;
        let connection = dialer.connect(target, tls.as_ref(), config.connect_timeout).inspect_err(|error| {
            if error.is_dead_end() {
                dialer.bury(&url.origin());
            }
        })?;
        if proxy::choose(&config.proxies, url.scheme(), host, port)?.is_none() {
            let address = connection.address.ip();
            self.settings.push(format!("http.curloptResolve={}:{port}:{address}", crate::policy::plain(host)));
        }
        let leaf = connection.leaf.as_ref();
        if let Some(leaf) = leaf {
            let key = tls::pinned(leaf).map_err(|source| NetError::Tls { host: host.to_owned(), source })?;
            let key = base64(key.public_key_sha256.as_bytes());
            self.settings.push(format!("http.pinnedPubkey=sha256//{key}"));
        }
        if let Some(file) = authorities(client, options, leaf, mirror)? {
            self.settings.push(format!("http.sslCAInfo={file}"));
        }
        for credential in config.credentials.iter().filter(|known| known.origin.origin() == url.origin()) {
            let value = format!("{}: {}", credential.header, credential.value.reveal());
            self.secrets.push((format!("http.{}/.extraHeader", url.origin()), value));
        }
        Ok(())
    }

    /// Where a server that redirects wants the repository to be looked for, found under the same policy as any request.
    pub(super) fn redirected(client: &Client, url: &GitUrl, tls: &TlsOptions) -> Result<Option<GitUrl>, NetError> {
        const SUFFIX: &str = "/info/refs?service=git-upload-pack";
        let asked: Result<SourceUrl, _> = format!("{}{SUFFIX}", url.as_str().trim_end_matches('/')).parse();
        let Ok(asked) = asked else { return Ok(None) };
        let ask = Ask {
            url: asked.clone(),
            validators: None,
            range: None,
            accept: None,
            tls: tls.clone(),
            timeout: None,
            once: true,
        };
        let answer = client.ask(&ask)?;
        let found = answer.url.as_str().strip_suffix(SUFFIX).and_then(|base| base.parse().ok());
        Ok(found.filter(|found| found != url))
    }
}

/// Checks the host of a remote that is not reached by HTTP, as far as its name means something here.
fn check_host_of(client: &Client, url: &GitUrl) -> Result<(), NetError> {
    let (host, port) = match Url::parse(url.as_str()) {
        Ok(parsed) if url.as_str().contains("://") => (parsed.host_str().unwrap_or_default().to_owned(), parsed.port()),
        _ => {
            let rest = url.as_str().split_once('@').map_or(url.as_str(), |(_, rest)| rest);
            (rest.split(':').next().unwrap_or_default().to_owned(), None)
        }
    };
    let dialer = &client.dialer;
    let port = port.unwrap_or(if url.scheme() == "ssh" { 22 } else { 9418 });
    let refused = |source| NetError::Refused { host: host.clone(), source };
    dialer.policy.check_host(&host, port).map_err(refused)?;
    // A name that only ssh knows is an alias in the user's own configuration.
    let Ok(addresses) = dialer.resolve(&host, port) else { return Ok(()) };
    let mut refusal = None;
    for address in addresses {
        match dialer.policy.check_address(&host, port, address.ip()) {
            Ok(()) => return Ok(()),
            Err(reason) => refusal = Some(reason),
        }
    }
    refusal.map_or(Ok(()), |reason| Err(refused(reason)))
}

/// A file of everybody who may vouch for a server, where git's own list is not the right one. A pinned certificate vouches
/// for itself.
fn authorities(
    client: &Client,
    options: &TlsOptions,
    leaf: Option<&CertificateDer<'_>>,
    mirror: &Path,
) -> Result<Option<String>, NetError> {
    let config = &client.dialer.config;
    if options.extra_ca_pem.is_empty() && leaf.is_none() && config.extra_ca_pem.is_empty() {
        return Ok(config.ssl_cert_file.as_ref().map(|path| path.display().to_string()));
    }
    let mut text = String::new();
    for certificate in client.dialer.authorities.general(config)?.iter().chain(leaf) {
        let coded = base64(certificate);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for start in (0..coded.len()).step_by(64) {
            text.push_str(&coded[start..coded.len().min(start + 64)]);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    for pem in &options.extra_ca_pem {
        text.push_str(pem);
        text.push('\n');
    }
    let path = mirror.join("ora-authorities.pem");
    ora_fs::atomic::write(&path, text.as_bytes(), ora_fs::atomic::Mode::Private)
        .map_err(|error| NetError::Mirror(Box::new(error)))?;
    Ok(Some(path.display().to_string()))
}
