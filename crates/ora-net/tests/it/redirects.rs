//! Redirects and what travels along: nothing secret, nowhere forbidden.

use ora_core::{Kind, Remote, Request};
use ora_net::{Credential, Net, NetConfig, Secret};
use ora_testkit::{Authority, Route, Server};

use crate::{chain, get, quick, url};

fn credential(origin: &str, header: &str) -> Credential {
    Credential { origin: url(origin), header: header.to_owned(), value: Secret::new("canary") }
}

#[test]
fn redirects_are_followed_and_said() {
    let server = Server::start();
    for status in [301, 302, 303, 307, 308] {
        let path = format!("/{status}");
        server.route(&path, Route::redirect("/end").with_status(status));
        server.route("/end", Route::text("hello"));
        let asked = url(&server.url(&path));
        let response = Net::new(quick()).get(&Request::new(&asked, 100)).unwrap();
        assert_eq!(response.final_url.as_str(), server.url("/end"));
    }
}

#[test]
fn hops_are_counted_and_circles_seen() {
    let server = Server::start();
    for number in 0..5 {
        server.route(&format!("/{number}"), Route::redirect(format!("/{}", number + 1)));
    }
    server.route("/5", Route::text("hello"));
    server.route("/circle", Route::redirect("/circle"));
    server.route("/nowhere", Route::status(302));
    let net = Net::new(quick());
    assert_eq!(get(&net, &server.url("/2")).unwrap(), b"hello");
    for path in ["/1", "/circle", "/nowhere"] {
        assert_eq!(get(&net, &server.url(path)).unwrap_err().kind(), Kind::RedirectRefused, "{path}");
    }
    let none = Net::new(NetConfig { allow_redirects: false, ..quick() });
    assert_eq!(get(&none, &server.url("/4")).unwrap_err().kind(), Kind::RedirectRefused);
}

/// From https to http, to a file, to this machine, to a private network, to a metadata service, to a password: none.
#[test]
fn refused_targets() {
    let authority = Authority::new();
    let (secure, plain) = (Server::start_tls(&authority), Server::start());
    plain.route("/x", Route::text("stolen"));
    let config = NetConfig { extra_ca_pem: vec![authority.pem().to_owned()], ..quick() };
    let net = Net::new(config);
    let plain_url = plain.url("/x");
    for target in [
        plain_url.as_str(),
        "file:///etc/passwd",
        "ftp://example.org/",
        "https://localhost/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://2852039166/latest/meta-data",
        "https://[fe80::1]/",
        "https://user:pass@example.org/",
        "https://a\\b/",
    ] {
        secure.route("/x", Route::redirect(target));
        let error = get(&net, &secure.url("/x")).unwrap_err();
        assert_eq!(error.kind(), Kind::RedirectRefused, "{target}: {}", chain(&error));
        assert!(!chain(&error).contains('\n'));
    }
    assert_eq!(plain.connections(), 0);
    // Upwards is fine.
    plain.route("/up", Route::redirect(secure.url("/end")));
    secure.route("/end", Route::text("hello"));
    assert_eq!(get(&net, &plain.url("/up")).unwrap(), b"hello");
}

/// A secret goes to the origin it was given for: not to another host, port or scheme, not along a redirect.
#[test]
fn credentials_stay_with_their_origin() {
    let (own, other) = (Server::start(), Server::start());
    own.route("/here", Route::text("hello"));
    own.route("/away", Route::redirect(other.url("/there")));
    other.route("/there", Route::redirect(own.url("/here")));
    for header in ["Authorization", "PRIVATE-TOKEN", "Cookie"] {
        own.forget();
        other.forget();
        let net = Net::new(NetConfig { credentials: vec![credential(&own.url("/"), header)], ..quick() });
        get(&net, &own.url("/away")).unwrap();
        let name = header.to_ascii_lowercase();
        let sent = |server: &Server| -> Vec<bool> {
            server.requests().iter().map(|seen| seen.header(&name) == Some("canary")).collect()
        };
        assert_eq!((sent(&own), sent(&other)), (vec![true, true], vec![false]), "{header}");
    }
    // The same server under another name is another origin.
    let config = NetConfig {
        allowed_hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
        credentials: vec![
            credential(&own.url_as("localhost", "/"), "Authorization"),
            credential(&format!("http://127.0.0.1:{}/", other.port()), "Authorization"),
            credential(&format!("https://127.0.0.1:{}/", own.port()), "Authorization"),
            credential("http://127.0.0.1/", "Authorization"),
        ],
        ..quick()
    };
    own.forget();
    get(&Net::new(config), &own.url("/here")).unwrap();
    assert_eq!(own.requests()[0].header("authorization"), None);
}
