//! One request over one connection, by a deadline.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::options::Options;
use crate::record::Answer;

/// Longest answer that is read.
const LONGEST: u64 = 1 << 20;

/// A connection to the service.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer, and whether its connection is good for another request.
pub(crate) struct Exchange {
    pub(crate) answer: Answer,
    pub(crate) reusable: bool,
}

impl Connection {
    /// Opens one; the error is what to record.
    pub(crate) fn open(options: &Options, deadline: Instant) -> Result<Self, Answer> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Answer::Missing("connect: timed out".to_owned()));
        }
        match TcpStream::connect_timeout(&options.address, left) {
            Ok(stream) => Ok(Self {
                stream: BufReader::new(stream),
            }),
            Err(error) => Err(Answer::Missing(format!("connect: {}", plainly(&error)))),
        }
    }

    /// One request and its answer.
    pub(crate) fn exchange(&mut self, options: &Options, deadline: Instant) -> Exchange {
        match self.try_exchange(options, deadline) {
            Ok(exchange) => exchange,
            Err(error) => Exchange {
                answer: Answer::Missing(plainly(&error)),
                reusable: false,
            },
        }
    }

    fn try_exchange(&mut self, options: &Options, deadline: Instant) -> io::Result<Exchange> {
        let keep = options.kept.is_some();
        let connection = if keep { "keep-alive" } else { "close" };
        let Options { host, path, .. } = options;
        self.limit(deadline)?;
        self.stream.get_mut().write_all(
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n")
                .as_bytes(),
        )?;
        let head = self.head(deadline)?;
        self.limit(deadline)?;
        let mut body = Vec::new();
        match head.length {
            Some(length) => {
                (&mut self.stream).take(length).read_to_end(&mut body)?;
                if (body.len() as u64) < length {
                    return Err(io::Error::other("the answer's body was cut off"));
                }
            }
            None => {
                (&mut self.stream).take(LONGEST).read_to_end(&mut body)?;
            }
        }
        let said: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let version = said.and_then(|said| Some(said.get("version")?.as_str()?.to_owned()));
        Ok(Exchange {
            answer: Answer::Whole {
                status: head.status,
                version,
            },
            reusable: keep && head.length.is_some() && !head.closes,
        })
    }

    fn head(&mut self, deadline: Instant) -> io::Result<Head> {
        let mut head = Head::default();
        let mut lines = 0;
        loop {
            self.limit(deadline)?;
            let mut line = String::new();
            if (&mut self.stream).take(LONGEST).read_line(&mut line)? == 0 {
                let where_cut = if lines == 0 {
                    "closed without an answer"
                } else {
                    "the answer's head was cut off"
                };
                return Err(io::Error::other(where_cut));
            }
            lines += 1;
            if lines == 1 {
                let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
                head.status = status.ok_or_else(|| io::Error::other("no status line"))?;
            } else if let Some((name, value)) = line.split_once(':') {
                head.hear(name, value.trim());
            } else {
                return Ok(head);
            }
        }
    }

    /// Reads and writes end by the deadline. (A service that drips a byte now and then can stretch one line.)
    fn limit(&self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.get_ref().set_read_timeout(Some(left))?;
        self.stream.get_ref().set_write_timeout(Some(left))
    }
}

#[derive(Default)]
struct Head {
    status: u16,
    length: Option<u64>,
    closes: bool,
}

impl Head {
    fn hear(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("content-length") {
            self.length = value.parse().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            self.closes = value.eq_ignore_ascii_case("close");
        }
    }
}

/// The same words for the same thing, without numbers of the operating system.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "timed out".to_owned(),
        ErrorKind::ConnectionRefused => "refused".to_owned(),
        ErrorKind::ConnectionReset => "reset".to_owned(),
        ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        _ => error.to_string(),
    }
}
