//! As much of HTTP/1.1 as the service needs: requests with or without a body of known length, connections that stay open.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest request line and headers together, and longest body, that are read.
const LONGEST: u64 = 1 << 20;

/// One request; its body is read and forgotten.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// `GET`, …
    pub(crate) method: String,
    /// With its query.
    pub(crate) target: String,
    /// Whether the client wants the connection to stay open.
    pub(crate) keep_alive: bool,
    /// `Sec-WebSocket-Key`: the client wants to go on as a WebSocket.
    pub(crate) socket_key: Option<String>,
}

impl Request {
    /// The value of `name` in the query, as it was written.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }
}

/// One answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// A JSON document.
    pub(crate) body: String,
}

/// The next request of a connection; `None` when the client has no more.
pub(crate) fn read_request(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = from.take(LONGEST);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next())
    else {
        return Err(io::Error::new(ErrorKind::InvalidData, "no request line"));
    };
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        keep_alive: version == "HTTP/1.1",
        socket_key: None,
    };
    let mut body = 0;
    loop {
        let mut header = String::new();
        if head.read_line(&mut header)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => body = value.parse::<u64>().unwrap_or(LONGEST),
            "sec-websocket-key" => request.socket_key = Some(value.to_owned()),
            "connection" if value.eq_ignore_ascii_case("close") => request.keep_alive = false,
            "connection" if value.eq_ignore_ascii_case("keep-alive") => request.keep_alive = true,
            _ => {}
        }
    }
    // What is longer, or in chunks, is left unread; then the connection cannot go on.
    request.keep_alive &= body < LONGEST;
    io::copy(&mut from.take(body.min(LONGEST)), &mut io::sink())?;
    Ok(Some(request))
}

/// Writes the answer in one piece.
pub(crate) fn write_answer(
    to: &mut impl Write,
    request: &Request,
    answer: &Answer,
    keep_alive: bool,
) -> io::Result<()> {
    let Answer { status, body } = answer;
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Answer",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let body_sent = if request.method == "HEAD" { "" } else { body };
    let length = body.len();
    to.write_all(
        format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: {connection}\r\n\r\n{body_sent}"
        )
        .as_bytes(),
    )
}

/// Asks `path` of this machine's `port`: the whole answer, as text.
pub(crate) fn get(port: u16, path: &str, limit: Duration) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    BufReader::new(stream)
        .take(LONGEST)
        .read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Request> {
        let mut bytes = text.as_bytes();
        std::iter::from_fn(|| read_request(&mut bytes).expect("well formed")).collect()
    }

    #[test]
    fn reads_requests_one_after_the_other_past_their_bodies() {
        let requests = read(
            "POST /tasks HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET /health?a=1&b=2 HTTP/1.1\r\n\
             Connection: close\r\n\r\n",
        );
        let said: Vec<_> = requests
            .iter()
            .map(|request| (request.method.as_str(), request.path(), request.keep_alive))
            .collect();
        assert_eq!(said, [("POST", "/tasks", true), ("GET", "/health", false)]);
        assert_eq!(requests[1].query("b"), Some("2"));
        assert_eq!(requests[1].query("c"), None);
    }

    #[test]
    fn closes_after_a_request_of_http_1_0() {
        assert!(!read("GET / HTTP/1.0\r\n\r\n")[0].keep_alive);
        assert!(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")[0].keep_alive);
    }

    #[test]
    fn tells_the_end_of_a_connection_from_a_torn_request() {
        assert_eq!(read(""), []);
        let torn = read_request(&mut "GET / HTTP/1.1\r\nHost: x\r\n".as_bytes());
        assert!(torn.is_err_and(|error| error.kind() == ErrorKind::UnexpectedEof));
    }

    #[test]
    fn answers_a_head_without_the_body_but_with_its_length() {
        let mut sent = Vec::new();
        let request = &read("HEAD / HTTP/1.1\r\n\r\n")[0];
        let answer = Answer {
            status: 200,
            body: "{}".to_owned(),
        };
        write_answer(&mut sent, request, &answer, true).expect("a vector takes all");
        let sent = String::from_utf8(sent).expect("text");
        assert!(sent.contains("content-length: 2\r\n") && sent.ends_with("\r\n\r\n"));
    }
}
