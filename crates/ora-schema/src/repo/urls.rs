//! Which addresses a definition may name.
//!
//! What is written out is looked at here, so that a hostile definition is refused when it is read and not when it is first
//! used. What variables fill in is looked at again by whoever connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ora_core::{SourceUrl, UrlError};

/// Which hosts are refused: the switches of `[network]` in `security.toml`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the configuration, set by its name")]
pub struct UrlPolicy {
    /// Addresses of private and other non-public networks.
    pub block_private_ips: bool,
    /// Addresses of this machine.
    pub block_localhost: bool,
    /// Addresses of the link.
    pub block_link_local: bool,
    /// Addresses at which clouds hand out credentials.
    pub block_metadata_endpoints: bool,
    /// Hosts that are allowed all the same: `host`, `host:port` or `*.domain`, in lower case.
    pub allowed_hosts: Vec<String>,
}

impl Default for UrlPolicy {
    fn default() -> Self {
        Self {
            block_private_ips: true,
            block_localhost: true,
            block_link_local: true,
            block_metadata_endpoints: true,
            allowed_hosts: Vec::new(),
        }
    }
}

/// Why a URL is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum RefusedUrl {
    #[error(transparent)]
    Unusable(#[from] UrlError),
    #[error("`{url}` has the scheme `file`, which definitions may not use")]
    File { url: SourceUrl },
    #[error("`{url}` leads to {what} ({address})")]
    Address { url: SourceUrl, address: IpAddr, what: &'static str },
}

impl UrlPolicy {
    /// For a run that connects to nobody, and for lists that are only looked at: any address may be written down.
    pub fn without_addresses() -> Self {
        Self {
            block_private_ips: false,
            block_localhost: false,
            block_link_local: false,
            block_metadata_endpoints: false,
            allowed_hosts: Vec::new(),
        }
    }

    /// Checks a URL in which variables may stand; `has_free_host` says that one stands in the host.
    pub(super) fn check(&self, text: &str, has_free_host: bool) -> Result<SourceUrl, RefusedUrl> {
        let url: SourceUrl = text.parse()?;
        if url.scheme() == "file" {
            return Err(RefusedUrl::File { url });
        }
        let address = url.host().and_then(literal).filter(|_| !has_free_host);
        match address.and_then(|address| Some((address, self.objection(address)?))) {
            Some((address, what)) if !self.allows(&url) => Err(RefusedUrl::Address { url, address, what }),
            _ => Ok(url),
        }
    }

    fn allows(&self, url: &SourceUrl) -> bool {
        let Some(host) = url.host() else { return false };
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.allowed_hosts.iter().any(|allowed| {
            let domain = allowed.strip_prefix('*').filter(|domain| domain.starts_with('.'));
            [Some(host), Some(bare), with_port.as_deref()].contains(&Some(allowed.as_str()))
                || domain.is_some_and(|domain| host.ends_with(domain))
        })
    }

    fn objection(&self, address: IpAddr) -> Option<&'static str> {
        match address {
            IpAddr::V4(address) => self.objection_v4(address),
            IpAddr::V6(address) => match inner_v4(address) {
                Some(inner) => self.objection_v4(inner),
                None => self.objection_v6(address),
            },
        }
    }

    fn objection_v4(&self, address: Ipv4Addr) -> Option<&'static str> {
        let [a, b, c, _] = address.octets();
        let metadata = [[169, 254, 169, 254], [169, 254, 170, 2], [100, 100, 100, 200], [192, 0, 0, 192]];
        let is_special = matches!((a, b, c), (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _) | (224.., _, _));
        if metadata.contains(&address.octets()) {
            self.block_metadata_endpoints.then_some("a metadata service")
        } else if address.is_loopback() || a == 0 {
            self.block_localhost.then_some("this machine")
        } else if address.is_link_local() {
            self.block_link_local.then_some("a link-local address")
        } else if address.is_private() || is_special {
            self.block_private_ips.then_some("a private address")
        } else {
            None
        }
    }

    fn objection_v6(&self, address: Ipv6Addr) -> Option<&'static str> {
        let first = address.segments()[0];
        if address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
            self.block_metadata_endpoints.then_some("a metadata service")
        } else if address.is_loopback() || address.is_unspecified() {
            self.block_localhost.then_some("this machine")
        } else if first & 0xffc0 == 0xfe80 {
            self.block_link_local.then_some("a link-local address")
        } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 || first & 0xff00 == 0xff00 {
            self.block_private_ips.then_some("a private address")
        } else {
            None
        }
    }
}

/// The address that a host is written as; the URL parser has already made one of every decimal, octal and short spelling.
fn literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok().map(IpAddr::V4),
    }
}

/// The IPv4 address inside a mapped, compatible, translated or tunnelled IPv6 address.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let at = |first: usize| Some(Ipv4Addr::from((u32::from(segments[first]) << 16) | u32::from(segments[first + 1])));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => at(6),
        [0x2002, ..] => at(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[&str] = &[
        "http://2852039166/latest/meta-data/",
        "http://0251.0376.0251.0376/",
        "http://0xa9fea9fe/",
        "http://169.254.169.254/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[::127.0.0.1]/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://127.0.0.1./",
        "http://127\u{3002}0\u{3002}0\u{3002}1/",
        "http://\u{ff11}27.0.0.1/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://172.31.0.1/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://255.255.255.255/",
        "file:///proc/self/environ",
        "https://github.com@evil.example/",
        "https://example.com/tool\r\nX-Evil: 1",
        "ftp://example.com/x",
        "example.com/x",
        "https://",
    ];

    #[test]
    fn hostile_addresses_are_refused_in_every_spelling() {
        for url in REFUSED {
            assert!(UrlPolicy::default().check(url, false).is_err(), "{url}");
        }
        for url in ["https://example.com/x", "http://8.8.8.8/x", "http://[2606:4700::1111]/", "http://172.32.0.1/"] {
            assert!(UrlPolicy::default().check(url, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn allowed_hosts_and_switches_lift_the_refusal() {
        for allowed in ["127.0.0.1", "127.0.0.1:8080"] {
            let policy = UrlPolicy { allowed_hosts: vec![allowed.into()], ..UrlPolicy::default() };
            assert!(policy.check("http://127.0.0.1:8080/x", false).is_ok(), "{allowed}");
            assert!(policy.check("http://127.0.0.2:8080/x", false).is_err());
        }
        let policy = UrlPolicy { allowed_hosts: vec!["::1".into()], ..UrlPolicy::default() };
        assert!(policy.check("http://[::1]:9/x", false).is_ok());
        let open = UrlPolicy { block_localhost: false, ..UrlPolicy::default() };
        assert!(open.check("http://127.0.0.1/x", false).is_ok());
        assert!(open.check("http://10.0.0.1/x", false).is_err());
        assert!(UrlPolicy::default().check("http://1/x", true).is_ok());
    }
}
