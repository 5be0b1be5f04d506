//! One request to a server that knows no handshake of its own, with everything that may come between it and its answer: another
//! address, a server that is busy, a connection that is cut. What a status means, whoever asked decides.
//!
//! Only what reads is made again without a look: of what writes nobody knows whether it happened.

use std::collections::BTreeMap;

use crate::protocol::{Completion, Fault, Fetch, Method};
use crate::registry::{Trouble, is_loopback, resolved};

/// How often a request is made that is not answered, or answered with "not now".
const TRIES: u32 = 6;

/// Milliseconds before the second try; doubled before each further one, so 31 s in all.
const FIRST_WAIT: u64 = 1_000;

/// Most milliseconds that a server can make us wait with `Retry-After`.
const LONGEST_WAIT: u64 = 60_000;

/// Addresses that one request can be sent on to.
const HOPS: u32 = 5;

/// Headers that are needed to go on.
const HEADERS: [&str; 4] = ["content-type", "link", "location", "retry-after"];

/// Who is asked: its troubles are named by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// An index of packages.
    Index,
    /// What keeps the repository.
    Forge,
}

/// What a server answered, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The request is made, anew or at another address.
    Ask,
    /// The same after so many milliseconds.
    Wait { millis: u64, why: String },
    /// It is over.
    Over(Result<Reply, Trouble>),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    server: Server,
    fetch: Fetch,
    hops: u32,
    tries: u32,
}

impl Server {
    /// It cannot be reached, or nobody knows whether it did what it was asked.
    pub(crate) const fn unreachable(self) -> &'static str {
        match self {
            Self::Index => "index-unreachable",
            Self::Forge => "forge-unreachable",
        }
    }

    /// It does not let us.
    pub(crate) const fn denied(self) -> &'static str {
        match self {
            Self::Index => "index-denied",
            Self::Forge => "forge-denied",
        }
    }

    /// It says what nobody understands.
    pub(crate) const fn answer(self) -> &'static str {
        match self {
            Self::Index => "index-answer",
            Self::Forge => "forge-answer",
        }
    }
}

impl Request {
    pub(crate) fn new(server: Server, fetch: Fetch) -> Self {
        let want = HEADERS.map(str::to_owned).to_vec();
        let direct = is_loopback(host(&fetch.url));
        Self {
            server,
            fetch: Fetch {
                want,
                direct,
                ..fetch
            },
            hops: 0,
            tries: 1,
        }
    }

    /// What is to be done now.
    pub(crate) fn fetch(&self) -> Fetch {
        self.fetch.clone()
    }

    /// Takes in what came of it.
    pub(crate) fn on(&mut self, completion: &Completion) -> Turn {
        match completion {
            Completion::Fetched {
                status,
                headers,
                body,
            } => self.on_answer(Reply {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
            }),
            Completion::TimedOut { .. } => self.again("it did not answer in time"),
            Completion::Failed {
                fault: Fault::Unreachable,
                message,
            } => self.again(message),
            Completion::Failed {
                fault: Fault::SecretMissing,
                message,
            } => self.over("secret-missing", message),
            Completion::Failed { message, .. } => self.over(self.server.answer(), message),
            Completion::Exited { .. }
            | Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. } => {
                self.over(self.server.answer(), "this is no answer")
            }
        }
    }

    const fn reads(&self) -> bool {
        match self.fetch.method {
            Method::Get | Method::Head => true,
            Method::Put | Method::Post | Method::Patch | Method::Delete => false,
        }
    }

    fn on_answer(&mut self, reply: Reply) -> Turn {
        let seconds = reply.headers.get("retry-after");
        let wait = seconds.and_then(|text| text.trim().parse::<u64>().ok());
        match reply.status {
            301 | 302 | 303 | 307 | 308 if self.reads() => self.on_redirect(&reply),
            // A forge that is asked too much says so with a refusal.
            408 | 425 | 429 => self.busy(reply.status, wait),
            403 if wait.is_some() => self.busy(reply.status, wait),
            500..=599 if self.reads() => self.busy(reply.status, wait),
            500..=599 => self.over(
                self.server.unreachable(),
                &format!(
                    "it answered {}: nobody knows whether it happened",
                    reply.status
                ),
            ),
            _ => Turn::Over(Ok(reply)),
        }
    }

    /// Whoever is elsewhere is not told who asks.
    fn on_redirect(&mut self, reply: &Reply) -> Turn {
        self.hops += 1;
        let location = reply.headers.get("location");
        let there = location.and_then(|location| resolved(&self.fetch.url, location));
        match there.filter(|_| self.hops <= HOPS) {
            Some(url) => {
                if host(&url) != host(&self.fetch.url) {
                    self.fetch.authorization = None;
                }
                self.fetch.direct = is_loopback(host(&url));
                self.fetch.url = url;
                Turn::Ask
            }
            None => self.over(self.server.answer(), "it sends us where we do not follow"),
        }
    }

    fn busy(&mut self, status: u16, seconds: Option<u64>) -> Turn {
        let wait = seconds.map(|seconds| seconds.saturating_mul(1_000));
        self.wait(&format!("it answered {status}"), wait)
    }

    fn again(&mut self, why: &str) -> Turn {
        if self.reads() {
            return self.wait(why, None);
        }
        let text = format!("{why}: nobody knows whether it happened");
        self.over(self.server.unreachable(), &text)
    }

    fn wait(&mut self, why: &str, wait: Option<u64>) -> Turn {
        if self.tries >= TRIES {
            let text = format!("{why}, at try {}", self.tries);
            return self.over(self.server.unreachable(), &text);
        }
        let usual = FIRST_WAIT << (self.tries - 1);
        self.tries += 1;
        Turn::Wait {
            millis: wait.unwrap_or(usual).clamp(100, LONGEST_WAIT),
            why: format!("{}: {why}", host(&self.fetch.url)),
        }
    }

    fn over(&self, code: &'static str, text: &str) -> Turn {
        Turn::Over(Err(self.trouble(code, text)))
    }

    /// A trouble with this server.
    pub(crate) fn trouble(&self, code: &'static str, text: &str) -> Trouble {
        Trouble::new(code, format!("{}: {text}", host(&self.fetch.url)))
    }
}

/// Whether two addresses are of one server, by one protocol: a login for one is none of the other's business.
pub(crate) fn same_server(one: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let scheme = url.split("//").next().unwrap_or_default();
        (scheme.to_ascii_lowercase(), host(url).to_ascii_lowercase())
    };
    origin(one) == origin(other)
}

/// `host[:port]`.
fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method) -> Request {
        let fetch = Fetch {
            method,
            url: "https://index.example/simple/a/".to_owned(),
            authorization: Some(crate::protocol::Authorization::Bearer {
                kept: "k".to_owned(),
            }),
            ..Fetch::default()
        };
        Request::new(Server::Index, fetch)
    }

    fn answered(status: u16, headers: &[(&str, &str)]) -> Completion {
        let headers = headers.iter();
        Completion::Fetched {
            status,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: String::new(),
        }
    }

    #[test]
    fn what_reads_is_made_again_and_what_writes_is_not() {
        let timed_out = Completion::TimedOut {
            stdout: String::new(),
            stderr: String::new(),
        };
        for completion in [answered(503, &[]), timed_out] {
            let again = request(Method::Get).on(&completion);
            assert!(
                matches!(again, Turn::Wait { millis: 1_000, .. }),
                "{again:?}"
            );
            let over = request(Method::Post).on(&completion);
            assert!(
                matches!(&over, Turn::Over(Err(trouble)) if trouble.code == "index-unreachable"),
                "{over:?}"
            );
        }
    }

    #[test]
    fn whoever_is_asked_too_much_is_given_time_even_for_a_write() {
        let busy = answered(429, &[("retry-after", "7")]);
        let wait = request(Method::Post).on(&busy);
        assert!(matches!(wait, Turn::Wait { millis: 7_000, .. }), "{wait:?}");
        let mut patient = request(Method::Get);
        let turns = (0..10).map(|_| patient.on(&busy));
        let over = turns
            .filter(|turn| matches!(turn, Turn::Over(Err(_))))
            .count();
        assert_eq!(over, 5, "six tries, and no more");
    }

    #[test]
    fn whoever_is_elsewhere_is_not_told_who_asks() {
        for (location, told) in [("/simple/b/", true), ("https://other.example/b/", false)] {
            let mut request = request(Method::Get);
            assert_eq!(
                request.on(&answered(301, &[("location", location)])),
                Turn::Ask
            );
            assert_eq!(request.fetch().authorization.is_some(), told, "{location}");
        }
        let mut lost = request(Method::Get);
        let turn = lost.on(&answered(302, &[("location", "http://index.example/")]));
        assert!(
            matches!(turn, Turn::Over(Err(_))),
            "from TLS to where there is none"
        );
    }
}
