//! Which URLs and addresses may be asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ora_core::SourceUrl;
use url::Host;

use crate::NetConfig;

/// Why an address or a URL is refused; its text continues a sentence.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The scheme is not among the allowed ones.
    #[error("the scheme `{0}` is not allowed")]
    Scheme(String),
    /// Only `https` is allowed.
    #[error("only https is allowed")]
    HttpsOnly,
    /// The address is this machine's own.
    #[error("{0} is this machine itself")]
    Localhost(String),
    /// The address is in a private, shared or reserved network.
    #[error("{0} is in a private or reserved network")]
    Private(String),
    /// The address is link-local.
    #[error("{0} is a link-local address")]
    LinkLocal(String),
    /// The address or name is where a cloud tells a machine its secrets.
    #[error("{0} is a metadata service")]
    Metadata(String),
}

/// Names at which clouds answer their own machines.
const METADATA_NAMES: [&str; 4] = ["metadata.google.internal", "metadata.goog", "metadata", "instance-data"];

/// What an address may be, apart from public.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    Metadata,
    Localhost,
    LinkLocal,
    Private,
}

impl Class {
    fn refusal(self, shown: String) -> Refusal {
        match self {
            Self::Metadata => Refusal::Metadata(shown),
            Self::Localhost => Refusal::Localhost(shown),
            Self::LinkLocal => Refusal::LinkLocal(shown),
            Self::Private => Refusal::Private(shown),
        }
    }
}

/// The rules, ready to be asked.
#[derive(Debug)]
pub(crate) struct Policy {
    https_only: bool,
    blocked: Vec<Class>,
    resolved: bool,
    schemes: Vec<String>,
    allowed: Vec<String>,
}

impl Policy {
    pub(crate) fn new(config: &NetConfig) -> Self {
        let mirrors = config.mirrors.iter().filter_map(|mirror| match &mirror.to {
            ora_core::MirrorTarget::Url(url) => {
                url.host().map(|host| format!("{}:{}", plain(host), url.port().unwrap_or(0)))
            }
            ora_core::MirrorTarget::Folder(_) => None,
        });
        Self {
            https_only: config.https_only,
            blocked: [
                (config.block_metadata_endpoints, Class::Metadata),
                (config.block_localhost, Class::Localhost),
                (config.block_link_local, Class::LinkLocal),
                (config.block_private_ips, Class::Private),
            ]
            .into_iter()
            .filter_map(|(blocked, class)| blocked.then_some(class))
            .collect(),
            resolved: config.validate_dns_resolution,
            schemes: config.allowed_schemes.iter().map(|scheme| scheme.to_ascii_lowercase()).collect(),
            allowed: config.allowed_hosts.iter().map(|host| plain(host)).chain(mirrors).collect(),
        }
    }

    /// Checks what a URL says: its scheme, and its host as far as it is an address or a name with a meaning of its own.
    /// Names that are looked up are checked again by [`check_address`](Self::check_address).
    pub(crate) fn check_url(&self, url: &SourceUrl) -> Result<(), Refusal> {
        let scheme = url.scheme();
        if self.https_only && scheme != "https" {
            return Err(Refusal::HttpsOnly);
        }
        if !self.schemes.iter().any(|allowed| allowed == scheme) {
            return Err(Refusal::Scheme(scheme.to_owned()));
        }
        match url.host() {
            Some(host) => self.check_host(host, url.port().unwrap_or(0)),
            None => Ok(()),
        }
    }

    /// Checks a host as it is written: an address, or a name.
    pub(crate) fn check_host(&self, host: &str, port: u16) -> Result<(), Refusal> {
        if self.is_allowed(host, port) {
            return Ok(());
        }
        match Host::parse(host) {
            Ok(Host::Ipv4(address)) => self.classify(IpAddr::V4(address)),
            Ok(Host::Ipv6(address)) => self.classify(IpAddr::V6(address)),
            _ => {
                let name = plain(host);
                let localhost = name == "localhost" || name.ends_with(".localhost");
                let metadata = METADATA_NAMES.contains(&name.as_str());
                self.decide([(metadata, Class::Metadata), (localhost, Class::Localhost)], &name)
            }
        }
    }

    /// Checks an address that is about to be connected for a host.
    pub(crate) fn check_address(&self, host: &str, port: u16, address: IpAddr) -> Result<(), Refusal> {
        if !self.resolved || self.is_allowed(host, port) {
            return Ok(());
        }
        self.classify(address)
    }

    /// Whether the user said that a host may have any address.
    fn is_allowed(&self, host: &str, port: u16) -> bool {
        let host = plain(host);
        self.allowed.iter().any(|allowed| {
            if let Some(suffix) = allowed.strip_prefix('*') {
                return suffix.starts_with('.') && host.len() > suffix.len() && host.ends_with(suffix);
            }
            *allowed == host || allowed.strip_prefix(&host) == Some(&format!(":{port}"))
        })
    }

    fn classify(&self, address: IpAddr) -> Result<(), Refusal> {
        let shown = address.to_string();
        match address {
            IpAddr::V4(v4) => self.decide(classes_v4(v4), &shown),
            IpAddr::V6(v6) => self.decide(embedded(v6).map_or_else(|| classes_v6(v6), classes_v4), &shown),
        }
    }

    fn decide<const N: usize>(&self, classes: [(bool, Class); N], shown: &str) -> Result<(), Refusal> {
        let found = classes.into_iter().find(|(is, class)| *is && self.blocked.contains(class));
        found.map_or(Ok(()), |(_, class)| Err(class.refusal(shown.to_owned())))
    }
}

fn classes_v4(address: Ipv4Addr) -> [(bool, Class); 4] {
    let [a, b, c, d] = address.octets();
    // AWS, GCP, Azure and most others; ECS tasks; Alibaba; Oracle.
    let metadata =
        matches!([a, b, c, d], [169, 254, 169, 254] | [169, 254, 170, 2] | [100, 100, 100, 200] | [192, 0, 0, 192]);
    let private = address.is_private()
        || address.is_broadcast()
        || address.is_documentation()
        // Shared by a provider's customers (RFC 6598), protocol assignments, benchmarks, multicast, reserved.
        || (a == 100 && b & 0xc0 == 64)
        || [a, b, c] == [192, 0, 0]
        || (a == 198 && b & 0xfe == 18)
        || a >= 224;
    let local = address.is_loopback() || a == 0;
    let link_local = address.is_link_local();
    [(metadata, Class::Metadata), (local, Class::Localhost), (link_local, Class::LinkLocal), (private, Class::Private)]
}

fn classes_v6(address: Ipv6Addr) -> [(bool, Class); 4] {
    let segments = address.segments();
    let metadata = segments == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254];
    let local = address.is_loopback() || address.is_unspecified();
    // Also the old site-local range.
    let link_local = segments[0] & 0xffc0 == 0xfe80 || segments[0] & 0xffc0 == 0xfec0;
    // Unique local, multicast, documentation, discard-only.
    let private = segments[0] & 0xfe00 == 0xfc00
        || segments[0] & 0xff00 == 0xff00
        || segments[..2] == [0x2001, 0xdb8]
        || segments[..4] == [0x100, 0, 0, 0];
    [(metadata, Class::Metadata), (local, Class::Localhost), (link_local, Class::LinkLocal), (private, Class::Private)]
}

/// The IPv4 address that an IPv6 address only wraps: mapped, compatible, NAT64, 6to4, Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(from(high, low))
        }
        [0x2001, 0, _, _, _, _, high, low] => Some(from(!high, !low)),
        _ => None,
    }
}

/// A host as it is compared: lower case, without the root's dot and the brackets of an address.
pub(crate) fn plain(host: &str) -> String {
    host.trim_end_matches('.').trim_start_matches('[').replace(']', "").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> bool {
        match url.parse::<SourceUrl>() {
            Ok(url) => Policy::new(&NetConfig::default()).check_url(&url).is_err(),
            Err(_) => true,
        }
    }

    /// Every spelling of an address is judged by what it means.
    #[test]
    fn spellings_of_forbidden_addresses() {
        for url in [
            "http://2130706433/",
            "http://2852039166/latest/meta-data",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://0.0.0.0/",
            "http://127.0.0.1./",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://127\u{3002}0\u{3002}0\u{3002}1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[fd00:ec2::254]/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://169.254.1.1/",
            "http://169.254.169.254/",
            "http://metadata.google.internal/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "file:///etc/passwd",
        ] {
            assert!(refused(url), "{url}");
        }
        for url in
            ["https://example.org/", "http://93.184.216.34/", "https://[2606:2800:220:1::1]/", "http://172.32.0.1/"]
        {
            assert!(!refused(url), "{url}");
        }
    }

    #[test]
    fn allowed_hosts_are_exact() {
        let allowed = ["127.0.0.1", "mirror.corp:8443", "*.lab.example", "[::1]"].map(str::to_owned).to_vec();
        let policy = Policy::new(&NetConfig { allowed_hosts: allowed, ..NetConfig::default() });
        let local = IpAddr::from([10, 0, 0, 1]);
        assert!(policy.check_host("127.0.0.1", 80).is_ok());
        assert!(policy.check_host("[::1]", 80).is_ok());
        assert!(policy.check_host("127.0.0.2", 80).is_err());
        assert!(policy.check_address("mirror.corp", 8443, local).is_ok());
        assert!(policy.check_address("MIRROR.corp.", 8443, local).is_ok());
        assert!(policy.check_address("mirror.corp", 443, local).is_err());
        assert!(policy.check_address("a.lab.example", 443, local).is_ok());
        assert!(policy.check_address("lab.example", 443, local).is_err());
        assert!(policy.check_address("evillab.example", 443, local).is_err());
    }

    #[test]
    fn schemes() {
        let url = |text: &str| text.parse::<SourceUrl>().unwrap();
        let strict = Policy::new(&NetConfig { https_only: true, ..NetConfig::default() });
        assert_eq!(strict.check_url(&url("http://example.org/")), Err(Refusal::HttpsOnly));
        assert!(strict.check_url(&url("https://example.org/")).is_ok());
        let only_http = NetConfig { allowed_schemes: vec!["HTTP".to_owned()], ..NetConfig::default() };
        assert!(Policy::new(&only_http).check_url(&url("https://example.org/")).is_err());
    }
}
