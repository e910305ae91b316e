//! Bodies: limits, broken transfers, dripping ones, resuming across runs.

use std::time::{Duration, Instant};

use ora_core::{Kind, Remote, RemoteFailure, Request, Resume};
use ora_net::{Net, NetConfig};
use ora_testkit::{Route, Server};

use crate::{chain, get, quick, read, url};

/// Bytes in which every place is different from its neighbours.
fn payload() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).take(700_000).collect()
}

#[test]
fn every_framing_gives_the_same_bytes() {
    let server = Server::start();
    let whole = payload();
    server.route("/length", Route::bytes(whole.clone()));
    server.route("/chunked", Route::bytes(whole.clone()).chunked());
    server.route("/close", Route::bytes(whole.clone()).no_length());
    let net = Net::new(quick());
    for path in ["/length", "/chunked", "/close"] {
        assert!(get(&net, &server.url(path)).unwrap() == whole, "{path}");
    }
}

/// What is announced as too large is not begun, what turns out to be is stopped.
#[test]
fn limits() {
    let server = Server::start();
    server.route("/announced", Route::bytes(vec![7; 1000]));
    server.route("/chunked", Route::bytes(vec![7; 1000]).chunked());
    server.route("/endless", Route::bytes(vec![7; 64 * 1024]).endless());
    let net = Net::new(quick());
    for path in ["/announced", "/chunked", "/endless"] {
        let asked = url(&server.url(path));
        let error = net.get(&Request::new(&asked, 999)).and_then(read).unwrap_err();
        assert_eq!(error.kind(), Kind::Limit, "{path}: {}", chain(&error));
        assert_eq!(server.count(path), 1);
    }
    let exact = url(&server.url("/chunked"));
    assert_eq!(net.get(&Request::new(&exact, 1000)).and_then(read).unwrap().len(), 1000);
    let small = Net::new(NetConfig { max_download_size: 10, ..quick() });
    assert_eq!(get(&small, &server.url("/announced")).unwrap_err().kind(), Kind::Limit);
}

/// A strong validator lets a broken transfer go on where it broke, as often as it breaks.
#[test]
fn a_broken_body_goes_on() {
    let server = Server::start();
    let whole = payload();
    let part = |after| Route::bytes(whole.clone()).etag("\"1\"").cut(after);
    server.script("/a", [part(100_000), part(250_000), Route::hang_up(), part(700_000)]);
    assert!(get(&Net::new(quick()), &server.url("/a")).unwrap() == whole);
    let seen = server.requests();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[1].header("range"), Some("bytes=100000-"));
    assert_eq!(seen[1].header("if-range"), Some("\"1\""));
    assert_eq!(seen[3].header("range"), Some("bytes=350000-"));
}

/// A date is a validator too; a server without ranges sends the same whole again, and the beginning is passed over.
#[test]
fn going_on_without_ranges() {
    let server = Server::start();
    let whole = payload();
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let dated = || Route::bytes(whole.clone()).last_modified(date);
    server.script("/dated", [dated().cut(5000), dated()]);
    server.script("/whole", [dated().cut(5000), dated().no_ranges()]);
    // Without any validator the digest of what was handed out decides.
    server.script("/nothing", [Route::bytes(whole.clone()).cut(5000), Route::bytes(whole.clone()).chunked()]);
    server.script("/chunks", [Route::bytes(whole.clone()).chunked().cut(5000), Route::bytes(whole.clone())]);
    let net = Net::new(quick());
    for path in ["/dated", "/whole", "/nothing", "/chunks"] {
        assert!(get(&net, &server.url(path)).unwrap() == whole, "{path}");
        assert_eq!(server.count(path), 2);
    }
}

/// What changed in between is not glued to what came before.
#[test]
fn changed_bytes_are_not_mixed() {
    let server = Server::start();
    let (old, new) = (payload(), vec![9; 700_000]);
    let broken = || Route::bytes(old.clone()).cut(5000);
    server.script("/etag", [broken().etag("\"1\""), Route::bytes(new.clone()).etag("\"2\"")]);
    server.script("/nothing", [broken(), Route::bytes(new.clone())]);
    server.script("/shorter", [broken(), Route::bytes(old[..4000].to_vec())]);
    server.script(
        "/range",
        [broken().etag("\"1\""), Route::bytes(old.clone()).etag("\"1\"").content_range("bytes 4000-699999/700000")],
    );
    server.script(
        "/total",
        [broken().etag("\"1\""), Route::bytes(old.clone()).etag("\"1\"").content_range("bytes 5000-799999/800000")],
    );
    let net = Net::new(quick());
    for path in ["/etag", "/nothing", "/shorter", "/range", "/total"] {
        let error = get(&net, &server.url(path)).unwrap_err();
        assert_eq!(error.failure, RemoteFailure::Unreachable, "{path}");
        assert!(chain(&error).contains("changed"), "{path}: {}", chain(&error));
    }
}

#[test]
fn tries_are_bounded() {
    let server = Server::start();
    server.route("/a", Route::bytes(payload()).etag("\"1\"").cut(0));
    let error = get(&Net::new(quick()), &server.url("/a")).unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
    assert_eq!(server.count("/a"), 4);
    let once = url(&server.url("/a"));
    assert!(Net::new(quick()).get(&Request { once: true, ..Request::new(&once, 1 << 20) }).and_then(read).is_err());
    assert_eq!(server.count("/a"), 5);
}

#[test]
fn a_body_shorter_than_announced_is_broken() {
    let server = Server::start();
    server.route("/a", Route::text("hello").lie_length(10));
    let error = get(&Net::new(quick()), &server.url("/a")).unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
}

#[test]
fn dripping_and_silence_end() {
    let server = Server::start();
    let drip = Route::bytes(vec![1; 10_000]).drip(1, Duration::from_millis(20));
    server.route("/drip", drip);
    server.route("/stall", Route::bytes(payload()).stall(1000, Duration::from_secs(20)));
    let config = NetConfig {
        timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(100),
        retries: ora_net::Retries { count: 1, ..quick().retries },
        ..quick()
    };
    let net = Net::new(config);
    let began = Instant::now();
    let error = get(&net, &server.url("/drip")).unwrap_err();
    assert!(chain(&error).contains("slower"), "{}", chain(&error));
    let error = get(&net, &server.url("/stall")).unwrap_err();
    assert!(chain(&error).contains("no answer within"), "{}", chain(&error));
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// Resuming what an earlier run left: the rest if nothing changed, the whole if anything did, and never a wrong part.
#[test]
fn resuming_across_runs() {
    let server = Server::start();
    let whole = payload();
    let route = || Route::bytes(whole.clone()).etag("\"1\"");
    server.route("/same", route());
    server.route("/changed", route().etag("\"2\""));
    server.route("/no-ranges", route().no_ranges());
    server.script("/wrong", [route().content_range("bytes 0-599999/700000"), route()]);
    server.script("/nonsense", [route().content_range("bytes"), route()]);
    let net = Net::new(quick());
    for (path, offset) in [("/same", 100_000), ("/changed", 0), ("/no-ranges", 0), ("/wrong", 0), ("/nonsense", 0)] {
        let asked = url(&server.url(path));
        let resume = Some(Resume { offset: 100_000, validator: "\"1\"" });
        let response = net.get(&Request { resume, ..Request::new(&asked, 1 << 20) }).unwrap();
        assert_eq!(response.offset, offset, "{path}");
        assert_eq!(response.length, Some(700_000 - offset));
        let start = usize::try_from(offset).unwrap();
        assert!(read(response).unwrap() == whole[start..], "{path}");
    }
    // Past the end: 416, then the whole.
    let asked = url(&server.url("/same"));
    let resume = Some(Resume { offset: 700_000, validator: "\"1\"" });
    let response = net.get(&Request { resume, ..Request::new(&asked, 1 << 20) }).unwrap();
    assert_eq!((response.offset, response.length), (0, Some(700_000)));
    // The limit is about the whole.
    let resume = Some(Resume { offset: 600_000, validator: "\"1\"" });
    let error = net.get(&Request { resume, ..Request::new(&asked, 650_000) }).err().unwrap();
    assert_eq!(error.kind(), Kind::Limit);
}

/// A part that nobody asked for is not taken for the whole.
#[test]
fn an_unasked_part_is_refused() {
    let server = Server::start();
    server.route("/a", Route::text("llo").with_status(206).header("Content-Range", "bytes 2-4/5"));
    let error = get(&Net::new(quick()), &server.url("/a")).unwrap_err();
    assert!(chain(&error).contains("not asked for"), "{}", chain(&error));
}
