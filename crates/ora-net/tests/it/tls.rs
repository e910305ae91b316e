//! Certificates: right, wrong, pinned.

use ora_core::{Kind, Remote, RemoteError, Request, Sha256, TlsOptions};
use ora_net::{Net, NetConfig};
use ora_testkit::{Authority, Identity, Route, Server, Validity};

use crate::{chain, get, quick, read, url};

fn serve(identity: &Identity) -> Server {
    let server = Server::start_tls_as(identity);
    server.route("/a", Route::text("hello"));
    server
}

fn get_with(net: &Net, address: &str, tls: &TlsOptions) -> Result<Vec<u8>, RemoteError> {
    let asked = url(address);
    net.get(&Request { tls: Some(tls), ..Request::new(&asked, 100) }).and_then(read)
}

#[test]
fn a_configured_authority_is_enough() {
    let authority = Authority::new();
    let server = serve(&authority.issue(&["127.0.0.1"]));
    let net = Net::new(NetConfig { extra_ca_pem: vec![authority.pem().to_owned()], ..quick() });
    assert_eq!(get(&net, &server.url("/a")).unwrap(), b"hello");
    // The same for one registry only, or by SSL_CERT_FILE.
    let strange = Net::new(quick());
    assert_eq!(get(&strange, &server.url("/a")).unwrap_err().kind(), Kind::Tls);
    let options = TlsOptions { extra_ca_pem: vec![authority.pem().to_owned()], ..TlsOptions::default() };
    assert_eq!(get_with(&strange, &server.url("/a"), &options).unwrap(), b"hello");
    assert_eq!(get(&strange, &server.url("/a")).unwrap_err().kind(), Kind::Tls);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let named = Net::new(NetConfig { ssl_cert_file: Some(file), ..quick() });
    assert_eq!(get(&named, &server.url("/a")).unwrap(), b"hello");
}

#[test]
fn bad_certificates_are_refused_without_another_try() {
    let authority = Authority::new();
    let bad = [
        ("expired", authority.issue_with(&["127.0.0.1"], Validity::Expired)),
        ("early", authority.issue_with(&["127.0.0.1"], Validity::NotYet)),
        ("host", authority.issue(&["example.org"])),
        ("self", Identity::self_signed(&["127.0.0.1"])),
        ("stranger", Authority::new().issue(&["127.0.0.1"])),
    ];
    let net = Net::new(NetConfig { extra_ca_pem: vec![authority.pem().to_owned()], ..quick() });
    for (what, identity) in &bad {
        let server = serve(identity);
        let error = get(&net, &server.url("/a")).unwrap_err();
        assert_eq!(error.kind(), Kind::Tls, "{what}: {}", chain(&error));
        assert_eq!((server.connections(), server.count("/a")), (1, 0), "{what}");
    }
}

#[test]
fn plain_http_behind_https_is_a_tls_failure() {
    let server = Server::start();
    let error = get(&Net::new(quick()), &format!("https://127.0.0.1:{}/a", server.port())).unwrap_err();
    assert!(matches!(error.kind(), Kind::Tls | Kind::Network), "{}", chain(&error));
}

#[test]
fn broken_pem_is_said() {
    let net = Net::new(NetConfig { extra_ca_pem: vec!["nonsense".to_owned()], ..quick() });
    let error = get(&net, "https://127.0.0.1:1/a").unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    assert!(chain(&error).contains("no certificate"), "{}", chain(&error));
}

/// A pin binds: a right chain with another key does not do. It also vouches, for the right host and within its dates.
#[test]
fn pins() {
    let authority = Authority::new();
    let identity = authority.issue(&["127.0.0.1"]);
    let server = serve(&identity);
    let ca = vec![authority.pem().to_owned()];
    let wrong = Some(Sha256::of(b"another"));
    let by_certificate =
        TlsOptions { certificate_sha256: Some(identity.certificate_sha256()), ..TlsOptions::default() };
    let by_key = TlsOptions { public_key_sha256: Some(identity.public_key_sha256()), ..TlsOptions::default() };
    let net = Net::new(quick());
    for fitting in [
        by_certificate.clone(),
        by_key.clone(),
        TlsOptions { extra_ca_pem: ca.clone(), ..by_certificate.clone() },
        TlsOptions { public_key_sha256: by_key.public_key_sha256, ..by_certificate.clone() },
    ] {
        assert_eq!(get_with(&net, &server.url("/a"), &fitting).unwrap(), b"hello", "{fitting:?}");
    }
    for other in [
        TlsOptions { certificate_sha256: wrong, extra_ca_pem: ca.clone(), ..TlsOptions::default() },
        TlsOptions { public_key_sha256: wrong, extra_ca_pem: ca.clone(), ..TlsOptions::default() },
        TlsOptions { public_key_sha256: wrong, ..by_certificate.clone() },
    ] {
        assert_eq!(get_with(&net, &server.url("/a"), &other).unwrap_err().kind(), Kind::Tls, "{other:?}");
    }
    for bad in [Identity::self_signed(&["example.org"]), authority.issue_with(&["127.0.0.1"], Validity::Expired)] {
        let server = serve(&bad);
        let pin = TlsOptions { certificate_sha256: Some(bad.certificate_sha256()), ..TlsOptions::default() };
        assert_eq!(get_with(&net, &server.url("/a"), &pin).unwrap_err().kind(), Kind::Tls);
    }
    for own in [Identity::self_signed(&["127.0.0.1"]), Identity::self_signed_authority(&["127.0.0.1"], Validity::Now)] {
        let server = serve(&own);
        let pin = TlsOptions { certificate_sha256: Some(own.certificate_sha256()), ..TlsOptions::default() };
        assert_eq!(get_with(&net, &server.url("/a"), &pin).unwrap(), b"hello");
    }
    let old = Identity::self_signed_authority(&["127.0.0.1"], Validity::Expired);
    let pin = TlsOptions { certificate_sha256: Some(old.certificate_sha256()), ..TlsOptions::default() };
    assert_eq!(get_with(&net, &serve(&old).url("/a"), &pin).unwrap_err().kind(), Kind::Tls);
}

#[test]
fn a_certificate_can_be_looked_at() {
    let own = Identity::self_signed(&["example.org"]);
    let server = serve(&own);
    let net = Net::new(quick());
    let shown = net.certificate(&url(&server.url("/"))).unwrap();
    assert_eq!(shown.certificate_sha256, own.certificate_sha256());
    assert_eq!(shown.public_key_sha256, own.public_key_sha256());
    assert_eq!(server.requests(), []);
    // Under the same policy as anything else.
    let strict = Net::new(NetConfig { allowed_hosts: Vec::new(), ..quick() });
    assert_eq!(strict.certificate(&url(&server.url("/"))).unwrap_err().kind(), Kind::UrlRefused);
    assert_eq!(net.certificate(&url("http://127.0.0.1:1/")).unwrap_err().kind(), Kind::Tls);
}
