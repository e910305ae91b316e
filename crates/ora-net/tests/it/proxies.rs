//! Proxies: tunnels, plain requests, their refusals and their passwords.

use ora_core::{Kind, RemoteFailure};
use ora_net::{Net, NetConfig, Proxies};
use ora_testkit::{Authority, Route, Server};

use crate::{chain, get, quick};

fn through(proxy: &Server, authority: &Authority) -> NetConfig {
    let address = format!("http://user:canary@127.0.0.1:{}", proxy.port());
    NetConfig {
        proxies: Proxies { http: Some(address.clone()), https: Some(address), ..Proxies::default() },
        extra_ca_pem: vec![authority.pem().to_owned()],
        ..quick()
    }
}

#[test]
fn https_goes_through_a_tunnel_and_http_as_a_whole_url() {
    let authority = Authority::new();
    let (proxy, secure) = (Server::start(), Server::start_tls(&authority));
    secure.route("/a", Route::text("hello"));
    proxy.tunnel_to(&secure);
    proxy.route("http://files.example:8080/b?c=1", Route::text("world"));
    let net = Net::new(through(&proxy, &authority));
    assert_eq!(get(&net, &secure.url("/a")).unwrap(), b"hello");
    assert_eq!(get(&net, "http://files.example:8080/b?c=1").unwrap(), b"world");
    let seen = proxy.requests();
    assert_eq!(seen[0].method, "CONNECT");
    assert_eq!(seen[0].target, format!("127.0.0.1:{}", secure.port()));
    for request in &seen {
        assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjpjYW5hcnk="));
    }
    // The server behind sees nothing of the proxy's password.
    assert_eq!(secure.requests()[0].header("proxy-authorization"), None);
}

/// A portal that shows a page instead of making a tunnel is no way to a server, and nothing turns that off.
#[test]
fn a_page_instead_of_a_tunnel() {
    let authority = Authority::new();
    let proxy = Server::start();
    let page = "<html><body>Please log in</body></html>";
    proxy.route("example.org:443", Route::text(page).header("Content-Type", "text/html"));
    proxy.route("example.com:443", Route::text(page));
    proxy.route("example.net:443", Route::text(page).with_status(407));
    let net = Net::new(through(&proxy, &authority));
    for (address, kind) in [
        ("https://example.org/a", Kind::Tls),
        ("https://example.com/a", Kind::Tls),
        ("https://example.net/a", Kind::Network),
    ] {
        let error = get(&net, address).unwrap_err();
        assert_eq!(error.kind(), kind, "{address}: {}", chain(&error));
        assert!(!chain(&error).contains("canary"));
    }
}

/// The policy looks at the name that the proxy is asked for, and the proxy itself may be anywhere.
#[test]
fn targets_behind_a_proxy_are_judged_by_name() {
    let authority = Authority::new();
    let proxy = Server::start();
    let config = NetConfig { allowed_hosts: Vec::new(), ..through(&proxy, &authority) };
    let net = Net::new(config);
    for address in ["https://10.0.0.1/", "http://localhost/", "http://metadata.google.internal/", "http://[::1]/"] {
        assert_eq!(get(&net, address).unwrap_err().kind(), Kind::UrlRefused, "{address}");
    }
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn no_proxy_and_dead_proxies() {
    let authority = Authority::new();
    let (proxy, server) = (Server::start(), Server::start());
    server.route("/a", Route::text("hello"));
    let mut config = through(&proxy, &authority);
    config.proxies.no_proxy = Some("127.0.0.0/8".to_owned());
    assert_eq!(get(&Net::new(config.clone()), &server.url("/a")).unwrap(), b"hello");
    assert_eq!(proxy.connections(), 0);
    config.proxies.no_proxy = None;
    drop(proxy);
    let error = get(&Net::new(config.clone()), &server.url("/a")).unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
    assert!(!chain(&error).contains("canary"), "{}", chain(&error));
    config.proxies.http = Some("socks5://127.0.0.1:1".to_owned());
    assert_eq!(get(&Net::new(config), &server.url("/a")).unwrap_err().kind(), Kind::ConfigInvalid);
}
