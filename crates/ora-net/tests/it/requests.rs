//! Statuses, validators, retries, limits of forges, addresses.

use std::time::{Duration, Instant};

use ora_core::{Event, Kind, Remote, RemoteFailure, Request, Validators};
use ora_net::{Net, NetConfig};
use ora_testkit::{Route, Server};

use crate::{chain, get, quick, read, telling, url};

#[test]
fn a_plain_answer_with_its_headers() {
    let server = Server::start();
    server.route(
        "/list?page=1",
        Route::text("hello").etag("\"1\"").header("Link", "</list?page=2>; rel=\"next\", </list?page=9>; rel=\"last\""),
    );
    let net = Net::new(quick());
    let asked = url(&server.url("/list?page=1"));
    let response = net.get(&Request { accept: Some("application/json"), ..Request::new(&asked, 100) }).unwrap();
    assert_eq!(response.length, Some(5));
    assert_eq!(response.validators.etag.as_deref(), Some("\"1\""));
    assert_eq!(response.final_url, asked);
    assert_eq!(response.next_page.as_ref().unwrap().as_str(), server.url("/list?page=2"));
    assert_eq!(read(response).unwrap(), b"hello");
    let seen = &server.requests()[0];
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert!(seen.header("user-agent").unwrap().starts_with("ora/"));
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn connections_are_kept() {
    let server = Server::start();
    server.route("/a", Route::text("hello"));
    let net = Net::new(quick());
    for _ in 0..3 {
        get(&net, &server.url("/a")).unwrap();
    }
    assert_eq!((server.count("/a"), server.connections()), (3, 1));
}

#[test]
fn unchanged_is_not_sent_again() {
    let server = Server::start();
    server.route("/a", Route::text("hello").etag("\"1\""));
    let net = Net::new(quick());
    let held = Validators { etag: Some("\"1\"".into()), last_modified: None };
    let asked = url(&server.url("/a"));
    let response = net.get(&Request { validators: Some(&held), ..Request::new(&asked, 100) }).unwrap();
    assert!(response.not_modified);
    assert_eq!(read(response).unwrap(), b"");
}

#[test]
fn statuses_are_failures_with_their_kind() {
    let server = Server::start();
    let net = Net::new(quick());
    for (status, kind, tries) in
        [(404, Kind::NotFound, 1), (410, Kind::NotFound, 1), (403, Kind::Network, 1), (500, Kind::Network, 4)]
    {
        let path = format!("/{status}");
        server.route(&path, Route::status(status));
        let error = get(&net, &server.url(&path)).unwrap_err();
        assert_eq!((error.failure, error.kind()), (RemoteFailure::Status(status), kind));
        assert_eq!(server.count(&path), tries, "{status}");
        assert!(chain(&error).contains(&status.to_string()), "{}", chain(&error));
    }
}

#[test]
fn what_passes_is_tried_again_and_told() {
    let server = Server::start();
    server.script("/a", [Route::status(503), Route::hang_up(), Route::too_many("0"), Route::text("hello")]);
    let (net, told) = telling(quick());
    assert_eq!(get(&net, &server.url("/a")).unwrap(), b"hello");
    assert_eq!(server.count("/a"), 4);
    let told = told.lock().unwrap();
    assert!(told.len() == 3 && told.iter().all(|event| matches!(event, Event::Retry { .. })), "{told:?}");
}

#[test]
fn once_is_once() {
    let server = Server::start();
    server.route("/a", Route::status(503));
    let asked = url(&server.url("/a"));
    assert!(Net::new(quick()).get(&Request { once: true, ..Request::new(&asked, 100) }).is_err());
    assert_eq!(server.count("/a"), 1);
}

/// A short pause is kept, a long one is a failure that names the moment by the server's clock.
#[test]
fn retry_after_is_honoured() {
    let server = Server::start();
    server.script("/short", [Route::too_many("1"), Route::text("hello")]);
    let net = Net::new(quick());
    let began = Instant::now();
    assert_eq!(get(&net, &server.url("/short")).unwrap(), b"hello");
    assert!(began.elapsed() >= Duration::from_secs(1));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    server.route("/long", Route::too_many("3600").header("Date", date));
    server.route("/dated", Route::too_many("Sun, 06 Nov 1994 09:49:37 GMT").header("Date", date));
    for path in ["/long", "/dated"] {
        let error = get(&net, &server.url(path)).unwrap_err();
        let RemoteFailure::RateLimited(Some(moment)) = error.failure else { panic!("{error:?}") };
        assert_eq!(moment.to_string(), "1994-11-06T09:49:37Z");
        assert_eq!(server.count(path), 1);
    }
}

#[test]
fn a_used_up_allowance_names_its_end() {
    let server = Server::start();
    for (path, status) in [("/a", 403), ("/b", 429)] {
        let route =
            Route::status(status).header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", "1700000000");
        server.route(path, route);
        let error = get(&Net::new(quick()), &server.url(path)).unwrap_err();
        assert_eq!(error.kind(), Kind::Network);
        assert!(chain(&error).ends_with("before 2023-11-14T22:13:20Z"), "{}", chain(&error));
        assert_eq!(server.count(path), 1);
    }
}

/// A source that is not there costs its time once; then it is known to be dead.
#[test]
fn a_dead_origin_is_tried_once() {
    let dead = Server::start().url("/x");
    let (net, told) = telling(quick());
    let first = get(&net, &dead).unwrap_err();
    assert_eq!(first.failure, RemoteFailure::Unreachable);
    let retries = told.lock().unwrap().len();
    assert_eq!(retries, 3);
    let second = get(&net, &dead).unwrap_err();
    assert_eq!(second.failure, RemoteFailure::Unreachable);
    assert!(chain(&second).contains("a moment ago"), "{}", chain(&second));
    assert_eq!(told.lock().unwrap().len(), retries);
}

/// A listener that never answers is given up in the time for connecting when TLS is expected of it.
#[test]
fn silence_during_a_handshake_is_short() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}/x", listener.local_addr().unwrap());
    let config = NetConfig { connect_timeout: Duration::from_millis(150), ..quick() };
    let began = Instant::now();
    let error = get(&Net::new(config), &address).unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_request_may_have_less_time() {
    let server = Server::start();
    server.route("/a", Route::text("late").delay(Duration::from_secs(5)));
    let asked = url(&server.url("/a"));
    let began = Instant::now();
    let request = Request { timeout: Some(Duration::from_millis(100)), ..Request::new(&asked, 100) };
    let error = Net::new(quick()).get(&request).err().unwrap();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// The policy looks at the address that would be connected, not only at the name.
#[test]
fn forbidden_addresses_are_not_connected() {
    let server = Server::start();
    server.route("/a", Route::text("secret"));
    let strict = NetConfig { allowed_hosts: Vec::new(), ..quick() };
    for host in ["127.0.0.1", "localhost", "localhost.", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "0"] {
        let error = get(&Net::new(strict.clone()), &server.url_as(host, "/a")).unwrap_err();
        assert_eq!(error.kind(), Kind::UrlRefused, "{host}: {}", chain(&error));
    }
    // The name alone says nothing here; only its address does.
    let named = NetConfig { block_localhost: true, allowed_hosts: vec!["elsewhere.example".to_owned()], ..quick() };
    let error = get(&Net::new(named), &server.url_as("127.0.0.1", "/a")).unwrap_err();
    assert_eq!(error.kind(), Kind::UrlRefused);
    assert_eq!(server.connections(), 0);
}

#[test]
fn schemes_are_held_to() {
    let server = Server::start();
    let strict = NetConfig { https_only: true, ..quick() };
    assert_eq!(get(&Net::new(strict), &server.url("/a")).unwrap_err().kind(), Kind::UrlRefused);
    assert_eq!(get(&Net::new(quick()), "file:///etc/hostname").unwrap_err().kind(), Kind::UrlRefused);
    assert_eq!(server.connections(), 0);
}

#[test]
fn names_without_address() {
    let config = NetConfig { retries: ora_net::Retries { count: 0, ..quick().retries }, ..quick() };
    let error = get(&Net::new(config), "http://no-such-name.invalid/").unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
}

/// Silence after a connection is waited for once more, then the origin counts as dead.
#[test]
fn silence_is_not_waited_for_again() {
    let server = Server::start();
    server.route("/a", Route::text("late").delay(Duration::from_secs(20)));
    let net = Net::new(NetConfig { timeout: Duration::from_millis(100), ..quick() });
    for _ in 0..2 {
        assert_eq!(get(&net, &server.url("/a")).unwrap_err().failure, RemoteFailure::Unreachable);
    }
    assert_eq!(server.connections(), 2);
}
