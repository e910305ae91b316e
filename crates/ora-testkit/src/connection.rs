//! One connection of the loopback server: reads requests, writes what the routes say.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::{Framing, Route, Seen, server::Shared};

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// Serves a connection until its peer leaves or a route hangs up. Errors are the peer's business: tests cut connections.
pub(crate) fn serve(stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let _ = stream.set_nodelay(true);
    let Ok(raw) = stream.try_clone() else { return };
    let wire: Box<dyn Wire> = match tls {
        None => Box::new(stream),
        Some(config) => match rustls::ServerConnection::new(config) {
            Ok(connection) => Box::new(rustls::StreamOwned::new(connection, stream)),
            Err(_) => return,
        },
    };
    let mut reader = BufReader::new(wire);
    while let Ok(Some(seen)) = read_request(&mut reader) {
        if seen.method == "CONNECT"
            && let Some(target) = shared.tunnel_to()
        {
            shared.answer(&seen);
            let _ = reader.get_mut().write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            tunnel(&raw, target);
            break;
        }
        let route = shared.answer(&seen);
        if !matches!(answer(reader.get_mut(), &seen, &route), Ok(true)) {
            break;
        }
    }
    let _ = reader.get_mut().flush();
    let _ = raw.shutdown(Shutdown::Both);
}

fn tunnel(client: &TcpStream, target: SocketAddr) {
    let Ok(server) = TcpStream::connect(target) else { return };
    let (Ok(mut from), Ok(mut to)) = (client.try_clone(), server.try_clone()) else { return };
    let upward = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, Ok(mut to)) = (server, client.try_clone()) else { return };
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = upward.join();
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Seen>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut seen = Seen { method: method.to_owned(), target: target.to_owned(), headers: Vec::new() };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(seen));
        }
        if let Some((name, value)) = line.split_once(':') {
            seen.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

/// Writes one answer; true when the connection may be used again.
fn answer(out: &mut dyn Wire, seen: &Seen, route: &Route) -> io::Result<bool> {
    if let Some(pause) = route.delay {
        thread::sleep(pause);
    }
    if route.hang_up {
        return Ok(false);
    }
    let unchanged = route.status == 200
        && (route.etag.is_some() && seen.header("if-none-match") == route.etag.as_deref()
            || route.last_modified.is_some() && seen.header("if-modified-since") == route.last_modified.as_deref());
    if unchanged {
        write_head(out, 304, route, &[])?;
        return Ok(true);
    }
    match range(seen, route) {
        Range::Whole => {
            let length = route.lie_length.unwrap_or(route.body.len() as u64);
            write_head(out, route.status, route, &framing(route, length))?;
            write_body(out, route, &route.body)
        }
        Range::From(start) => {
            let total = route.body.len();
            let said = format!("bytes {start}-{}/{total}", total - 1);
            let mut headers = framing(route, (total - start) as u64);
            headers.push(("Content-Range", route.content_range.clone().unwrap_or(said)));
            write_head(out, 206, route, &headers)?;
            write_body(out, route, &route.body[start..])
        }
        Range::Unsatisfiable => {
            let headers =
                [("Content-Range", format!("bytes */{}", route.body.len())), ("Content-Length", "0".to_owned())];
            write_head(out, 416, route, &headers)?;
            Ok(true)
        }
    }
}

enum Range {
    Whole,
    From(usize),
    Unsatisfiable,
}

fn range(seen: &Seen, route: &Route) -> Range {
    if !route.ranges || route.status != 200 {
        return Range::Whole;
    }
    let Some(start) = seen.header("range").and_then(|text| text.strip_prefix("bytes=")?.strip_suffix('-')) else {
        return Range::Whole;
    };
    if let Some(condition) = seen.header("if-range")
        && Some(condition) != route.etag.as_deref()
        && Some(condition) != route.last_modified.as_deref()
    {
        return Range::Whole;
    }
    match start.parse::<usize>() {
        Ok(start) if start < route.body.len() => Range::From(start),
        Ok(_) => Range::Unsatisfiable,
        Err(_) => Range::Whole,
    }
}

fn framing(route: &Route, length: u64) -> Vec<(&'static str, String)> {
    match route.framing {
        Framing::Length => vec![("Content-Length", length.to_string())],
        Framing::Chunked => vec![("Transfer-Encoding", "chunked".to_owned())],
        Framing::Close => vec![("Connection", "close".to_owned())],
    }
}

fn write_head(out: &mut dyn Wire, status: u16, route: &Route, more: &[(&str, String)]) -> io::Result<()> {
    use std::fmt::Write as _;
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    let validators = [("ETag", &route.etag), ("Last-Modified", &route.last_modified)];
    let validators = validators.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value)));
    let given = route.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in validators.chain(given).chain(more.iter().map(|(name, value)| (*name, value.as_str()))) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    out.write_all(head.as_bytes())?;
    out.flush()
}

fn write_body(out: &mut dyn Wire, route: &Route, body: &[u8]) -> io::Result<bool> {
    let mut sent = 0;
    let mut stalled = false;
    let step = route.drip.map_or(64 * 1024, |(bytes, _)| bytes.max(1));
    loop {
        if let Some((after, pause)) = route.stall
            && sent >= after
            && !stalled
        {
            stalled = true;
            thread::sleep(pause);
        }
        if route.cut.is_some_and(|cut| sent >= cut) {
            return Ok(false);
        }
        let left = if route.endless { body.len() } else { body.len() - sent };
        if left == 0 {
            break;
        }
        let mut next = left.min(step);
        for border in [route.cut, route.stall.map(|(after, _)| after).filter(|_| !stalled)].into_iter().flatten() {
            next = next.min(border - sent);
        }
        let start = if route.endless { 0 } else { sent };
        write_piece(out, route.framing, &body[start..start + next])?;
        sent += next;
        if let Some((_, pause)) = route.drip {
            thread::sleep(pause);
        }
    }
    if route.framing == Framing::Chunked {
        out.write_all(b"0\r\n\r\n")?;
    }
    out.flush()?;
    Ok(route.framing != Framing::Close && route.lie_length.is_none())
}

fn write_piece(out: &mut dyn Wire, framing: Framing, piece: &[u8]) -> io::Result<()> {
    if framing == Framing::Chunked {
        write!(out, "{:x}\r\n", piece.len())?;
        out.write_all(piece)?;
        out.write_all(b"\r\n")?;
    } else {
        out.write_all(piece)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Server;

    fn ask(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn routes_ranges_and_scripts_answer_as_told() {
        let server = Server::start();
        server.script("/a", [Route::text("hello").cut(2), Route::text("hello").etag("\"1\"").no_length()]);
        let first = ask(&server, "GET /a HTTP/1.1\r\nX-One: 1\r\n\r\n");
        assert!(first.starts_with("HTTP/1.1 200 ") && first.ends_with("Content-Length: 5\r\n\r\nhe"), "{first}");
        let rest = ask(&server, "GET /a HTTP/1.1\r\nRange: bytes=2-\r\nIf-Range: \"1\"\r\n\r\n");
        assert!(rest.contains("206") && rest.contains("bytes 2-4/5") && rest.ends_with("\r\n\r\nllo"), "{rest}");
        let changed = ask(&server, "GET /a HTTP/1.1\r\nRange: bytes=2-\r\nIf-Range: \"2\"\r\n\r\n");
        assert!(changed.contains("200") && changed.ends_with("hello"), "{changed}");
        assert_eq!(server.count("/a"), 3);
        assert_eq!(server.requests()[0].header("x-one"), Some("1"));
    }
}
