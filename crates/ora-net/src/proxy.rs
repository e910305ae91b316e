//! Which proxy stands between here and a host.

use std::{fmt, net::IpAddr};

use url::Url;

use crate::{NetError, Proxies, policy::plain};

/// A proxy as it is connected.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Proxy {
    /// Its host.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whether it is reached by TLS.
    pub(crate) tls: bool,
    /// The `Proxy-Authorization` value, where its URL has a user name.
    pub(crate) authorization: Option<String>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The proxy for a host, or none.
pub(crate) fn choose(proxies: &Proxies, scheme: &str, host: &str, port: u16) -> Result<Option<Proxy>, NetError> {
    let own = if scheme == "https" { &proxies.https } else { &proxies.http };
    let Some(setting) = own.as_deref().or(proxies.all.as_deref()).map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if proxies.no_proxy.as_deref().is_some_and(|list| is_direct(list, host, port)) {
        return Ok(None);
    }
    parse(setting).map(Some)
}

/// The settings as environment variables, for git, which reads them itself.
pub(crate) fn environment(proxies: &Proxies) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("http_proxy", &proxies.http),
        ("https_proxy", &proxies.https),
        ("all_proxy", &proxies.all),
        ("no_proxy", &proxies.no_proxy),
    ];
    all.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
}

fn parse(setting: &str) -> Result<Proxy, NetError> {
    let text = if setting.contains("://") { setting.to_owned() } else { format!("http://{setting}") };
    // The setting may hold a password, so no message repeats it.
    let url = Url::parse(&text).map_err(|error| NetError::Setting(format!("a proxy is no URL: {error}")))?;
    let tls = match url.scheme() {
        "http" => false,
        "https" => true,
        other => return Err(NetError::Setting(format!("proxies of the kind `{other}` are not supported"))),
    };
    let host = url.host_str().ok_or_else(|| NetError::Setting("a proxy names no host".to_owned()))?;
    let authorization = (!url.username().is_empty() || url.password().is_some()).then(|| {
        let mut secret = decode(url.username());
        secret.push(b':');
        secret.extend(decode(url.password().unwrap_or_default()));
        format!("Basic {}", base64(&secret))
    });
    Ok(Proxy { host: host.to_owned(), port: url.port_or_known_default().unwrap_or(80), tls, authorization })
}

/// Whether `no_proxy` names a host: `*`, a name with everything below it, an address, a network, each with or without port.
fn is_direct(list: &str, host: &str, port: u16) -> bool {
    let host = plain(host);
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return in_network(address, network, bits);
        }
        let (entry, wanted) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
            _ => (entry, None),
        };
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        let entry = plain(entry.trim_start_matches('*').trim_start_matches('.'));
        host == entry || (address.is_none() && host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.')))
    })
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (plain(network).parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (a, b, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (bits == 0 || a >> (width - bits) == b >> (width - bits))
}

fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let (byte, length) =
            hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).map_or((bytes[at], 1), |byte| (byte, 3));
        out.push(byte);
        at += length;
    }
    out
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().chain([0, 0].iter()).take(3).fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        for place in 0..4 {
            let digit = (group >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standard_one() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn proxies_by_scheme_and_their_secrets() {
        let proxies = Proxies {
            https: Some("http://us%40er:p%3Aw@proxy.corp:3128".to_owned()),
            all: Some("other.corp:8080".to_owned()),
            ..Proxies::default()
        };
        let proxy = choose(&proxies, "https", "example.org", 443).unwrap().unwrap();
        assert_eq!((proxy.to_string().as_str(), proxy.tls), ("proxy.corp:3128", false));
        assert_eq!(proxy.authorization.as_deref(), Some(format!("Basic {}", base64(b"us@er:p:w")).as_str()));
        assert_eq!(choose(&proxies, "http", "example.org", 80).unwrap().unwrap().to_string(), "other.corp:8080");
        let socks = Proxies { all: Some("socks5://user:canary@h:1080".to_owned()), ..Proxies::default() };
        let error = choose(&socks, "http", "example.org", 80).unwrap_err().to_string();
        assert!(error.contains("socks5") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn no_proxy_lists() {
        for (list, host, direct) in [
            ("*", "example.org", true),
            ("example.org", "example.org", true),
            ("example.org", "a.example.org", true),
            (".example.org", "a.example.org", true),
            ("example.org", "notexample.org", false),
            ("a.example.org", "example.org", false),
            ("example.org:8443", "example.org", false),
            ("example.org:443", "example.org", true),
            ("10.0.0.0/8, localhost", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("fd00::/8", "[fd12::1]", true),
            ("", "example.org", false),
        ] {
            assert_eq!(is_direct(list, host, 443), direct, "{list} {host}");
        }
    }
}
