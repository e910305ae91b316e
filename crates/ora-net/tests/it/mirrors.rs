//! Places that are asked instead.

use ora_core::{Event, Kind, Remote, Request};
use ora_core::{Mirror, MirrorTarget};
use ora_net::{Net, NetConfig};
use ora_testkit::{Route, Server};

use crate::{get, quick, read, telling, url};

fn mirrored(server: &Server, to: MirrorTarget, only: bool) -> NetConfig {
    NetConfig { mirrors: vec![Mirror { from: url(&server.url("/files")), to, only }], ..quick() }
}

#[test]
fn a_mirror_is_asked_first_and_the_source_when_it_fails() {
    let (source, mirror) = (Server::start(), Server::start());
    source.route("/files/a", Route::text("source"));
    source.route("/files/b", Route::text("source"));
    mirror.route("/m/a", Route::text("mirror"));
    let to = MirrorTarget::Url(url(&mirror.url("/m")));
    let (net, told) = telling(mirrored(&source, to.clone(), false));
    let asked = url(&source.url("/files/a"));
    let response = net.get(&Request::new(&asked, 100)).unwrap();
    assert_eq!(response.final_url.as_str(), mirror.url("/m/a"));
    assert_eq!(read(response).unwrap(), b"mirror");
    assert_eq!(get(&net, &source.url("/files/b")).unwrap(), b"source");
    assert!(told.lock().unwrap().iter().any(|event| matches!(event, Event::Detail(text) if text.contains("404"))));
    let only = Net::new(mirrored(&source, to, true));
    assert_eq!(get(&only, &source.url("/files/b")).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(source.count("/files/b"), 1);
}

/// A mirror's host needs no other permission; others still do.
#[test]
fn a_mirror_may_be_private() {
    let mirror = Server::start();
    mirror.route("/m/a", Route::text("mirror"));
    let mirrors =
        vec![Mirror { from: url("https://example.org/"), to: MirrorTarget::Url(url(&mirror.url("/m"))), only: true }];
    let net = Net::new(NetConfig { mirrors, allowed_hosts: Vec::new(), ..quick() });
    assert_eq!(get(&net, "https://example.org/a").unwrap(), b"mirror");
    assert_eq!(get(&net, "http://127.0.0.1:1/").unwrap_err().kind(), Kind::UrlRefused);
}

#[test]
fn folders_stand_for_servers() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("v1")).unwrap();
    std::fs::write(directory.path().join("v1/tool+x.tar"), "bytes").unwrap();
    let server = Server::start();
    let net = Net::new(mirrored(&server, MirrorTarget::Folder(directory.path().to_owned()), true));
    let asked = url(&server.url("/files/v1/tool%2Bx.tar?download=1"));
    let response = net.get(&Request::new(&asked, 5)).unwrap();
    assert_eq!((response.length, response.offset), (Some(5), 0));
    assert_eq!(response.final_url.scheme(), "file");
    assert_eq!(read(response).unwrap(), b"bytes");
    assert_eq!(net.get(&Request::new(&asked, 4)).err().unwrap().kind(), Kind::Limit);
    for missing in ["/files/v1/none", "/files/v1", "/files/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(get(&net, &server.url(missing)).unwrap_err().kind(), Kind::NotFound, "{missing}");
    }
    assert_eq!(server.connections(), 0);
}
