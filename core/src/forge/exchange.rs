//! One request to a forge, with everything that may come between it and its answer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::event::System;
use crate::protocol::{Authorization, Body, Completion, Fault, Fetch, Method, Timestamp};

/// How often a request is made that is not answered, or answered with "not now".
const TRIES: u32 = 5;

/// Milliseconds before the second try; doubled before each further one, so 15 s in all.
const FIRST_WAIT: u64 = 1_000;

/// Most milliseconds that a forge can make us wait at a time, whatever it asks for: longer is for the next run.
const LONGEST_WAIT: u64 = 60_000;

/// Milliseconds that a forge may take to answer.
const ANSWER: u64 = 20_000;

/// Most bytes of a page: of a hundred check runs each may have a long text.
const LIMIT: u32 = 16 << 20;

/// Addresses that one request can be sent on to: a repository was renamed.
const HOPS: u32 = 3;

/// Where the forge is, who asks, and what it said before.
#[derive(Clone, Debug)]
pub struct Access {
    /// Which one.
    pub system: System,
    /// Where its interface begins, without a slash at the end.
    pub api: String,
    /// `owner/name`.
    pub repository: String,
    /// The name of the environment variable with the token.
    pub token: String,
    /// What was answered before, by the address.
    known: BTreeMap<String, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    etag: String,
    got: Got,
}

/// What a token has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Approvals of runs.
    Actions,
    /// Check runs.
    Checks,
    /// Commits and branches.
    Contents,
    /// Deployments, to be written.
    Deployments,
    /// Pull requests and reviews.
    PullRequests,
    /// Code scanning.
    SecurityEvents,
    /// Commit statuses.
    Statuses,
}

impl Permission {
    /// A line of `permissions:`.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Self::Actions => "actions: read",
            Self::Checks => "checks: read",
            Self::Contents => "contents: read",
            Self::Deployments => "deployments: write",
            Self::PullRequests => "pull-requests: read",
            Self::SecurityEvents => "security-events: read",
            Self::Statuses => "statuses: read",
        }
    }
}

/// Why a forge does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub text: String,
    /// What the token lacks, if that is it.
    pub permission: Option<Permission>,
    /// Whether asking again may help.
    pub passes: bool,
}

impl Trouble {
    pub(crate) fn unreachable(text: String) -> Self {
        Self {
            code: "forge-unreachable",
            text,
            permission: None,
            passes: true,
        }
    }

    pub(super) fn malformed(what: &str) -> Self {
        Self {
            code: "forge-answer",
            text: format!("the forge's answer about {what} is not understood"),
            permission: None,
            passes: false,
        }
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// `None`: there is no such thing.
    pub(super) body: Option<Value>,
    /// Whether there is a page after this one.
    pub(super) more: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The request, as it is now.
    Again,
    /// The same again after so many milliseconds.
    Wait {
        /// How many.
        millis: u64,
        /// Why.
        why: String,
    },
    /// It is over.
    Over(Result<Got, Trouble>),
}

/// What it means that the same is asked twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twice {
    /// It is the same as once.
    Same,
    /// Something is there twice.
    Two,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Below the repository.
    path: String,
    /// What is written; `None`: it is only read.
    body: Option<String>,
    /// What it means to ask twice.
    twice: Twice,
    /// What it takes.
    permission: Permission,
    /// Where it was sent on to.
    elsewhere: Option<String>,
    hops: u32,
    tries: u32,
}

impl Access {
    /// Nothing was asked yet.
    ///
    /// # Errors
    /// Says why nobody can be asked there.
    pub fn new(system: System, api: &str, repository: &str, token: &str) -> Result<Self, String> {
        let api = api.trim_end_matches('/');
        let host = api.split('/').nth(2).unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .map_or_else(|| host.split(':').next(), |rest| rest.split(']').next());
        let address: Option<std::net::IpAddr> = host.and_then(|it| it.parse().ok());
        let local = host == Some("localhost") || address.is_some_and(|it| it.is_loopback());
        let plain = api.bytes().all(|it| it.is_ascii_graphic()) && !api.contains('@');
        if !plain || !(api.starts_with("https://") || api.starts_with("http://") && local) {
            return Err(format!(
                "the platform's interface is at {api:?}: the token is sent to https addresses only"
            ));
        }
        let parts: Vec<&str> = repository.split('/').collect();
        let part = |it: &&str| {
            !it.is_empty()
                && *it != "."
                && *it != ".."
                && it
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if parts.len() != 2 || !parts.iter().all(part) {
            return Err(format!("{repository:?} is no `owner/name` of a repository"));
        }
        Ok(Self {
            system,
            api: api.to_owned(),
            repository: repository.to_owned(),
            token: token.to_owned(),
            known: BTreeMap::new(),
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/repos/{}{path}", self.api, self.repository)
    }

    fn host(&self) -> &str {
        self.api.split('/').nth(2).unwrap_or_default()
    }
}

impl Exchange {
    pub(super) fn get(path: impl Into<String>, permission: Permission) -> Self {
        Self {
            path: path.into(),
            body: None,
            twice: Twice::Same,
            permission,
            elsewhere: None,
            hops: 0,
            tries: 1,
        }
    }

    pub(super) fn post(path: impl Into<String>, body: String, permission: Permission) -> Self {
        let twice = Twice::Two;
        Self {
            twice,
            ..Self::say(path, body, permission)
        }
    }

    /// What is written, and can be written again.
    pub(super) fn say(path: impl Into<String>, body: String, permission: Permission) -> Self {
        let body = Some(body);
        Self {
            body,
            ..Self::get(path, permission)
        }
    }

    /// What it takes.
    #[must_use]
    pub const fn permission(&self) -> Permission {
        self.permission
    }

    /// What to do now.
    #[must_use]
    pub fn fetch(&self, access: &Access) -> Fetch {
        let url = self
            .elsewhere
            .clone()
            .unwrap_or_else(|| access.url(&self.path));
        let mut headers = BTreeMap::from([
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "cd-action".to_owned()),
        ]);
        if access.system == System::GitHub {
            headers.insert(
                "accept".to_owned(),
                "application/vnd.github+json".to_owned(),
            );
            headers.insert("x-github-api-version".to_owned(), "2022-11-28".to_owned());
        }
        if let Some(known) = access.known.get(&url).filter(|_| self.body.is_none()) {
            headers.insert("if-none-match".to_owned(), known.etag.clone());
        }
        if self.body.is_some() {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        Fetch {
            method: if self.body.is_some() {
                Method::Post
            } else {
                Method::Get
            },
            url,
            headers,
            authorization: Some(Authorization::Variable {
                name: access.token.clone(),
            }),
            body: self.body.clone().map(|text| Body::Text { text }),
            direct: crate::registry::is_loopback(access.host()),
            timeout: ANSWER,
            limit: LIMIT,
            want: HEADERS.map(str::to_owned).to_vec(),
            keep: None,
            save: None,
        }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, completion: &Completion, access: &mut Access, now: Timestamp) -> Turn {
        match completion {
            Completion::Fetched {
                status,
                headers,
                body,
            } => self.on_answer(*status, headers, body, access, now),
            Completion::TimedOut { .. } => self.again("it did not answer in time", None, access),
            Completion::Failed {
                fault: Fault::Unreachable,
                message,
            } => self.again(message, None, access),
            Completion::Failed {
                fault: Fault::SecretMissing,
                ..
            } => {
                let text = format!("there is no token: {} is not set", access.token);
                over("forge-token", text, Some(self.permission), false)
            }
            Completion::Failed { message, .. } => over(
                "forge-answer",
                format!("{}: {message}", access.host()),
                None,
                false,
            ),
            Completion::Exited { .. }
            | Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. } => {
                over("forge-answer", "this is no answer".to_owned(), None, false)
            }
        }
    }

    fn on_answer(
        &mut self,
        status: u16,
        headers: &BTreeMap<String, String>,
        body: &str,
        access: &mut Access,
        now: Timestamp,
    ) -> Turn {
        let url = self.fetch(access).url;
        match status {
            200..=299 => {
                let Ok(body) = serde_json::from_str::<Value>(body) else {
                    return self.again("its answer is no JSON", None, access);
                };
                let link = headers.get("link").map(String::as_str).unwrap_or_default();
                let got = Got {
                    body: Some(body),
                    more: link.contains("rel=\"next\""),
                };
                if let Some(etag) = headers.get("etag").filter(|_| self.body.is_none()) {
                    let (etag, got) = (etag.clone(), got.clone());
                    access.known.insert(url, Known { etag, got });
                }
                Turn::Over(Ok(got))
            }
            304 => match access.known.get(&url) {
                Some(known) => Turn::Over(Ok(known.got.clone())),
                None => self.again(
                    "it says that nothing has changed, and nothing was known",
                    None,
                    access,
                ),
            },
            301 | 302 | 307 | 308 => self.on_redirect(headers, access),
            404 | 410 if self.body.is_none() => Turn::Over(Ok(Got {
                body: None,
                more: false,
            })),
            403 | 429 if is_limit(status, headers, body) => {
                self.limited(status, headers, access, now)
            }
            401 | 403 => self.denied(status, body, access),
            408 | 425 | 500..=599 => {
                let wait = headers
                    .get("retry-after")
                    .and_then(|it| it.trim().parse().ok());
                self.again(
                    &format!("it answered {status}"),
                    wait.map(|seconds: u64| seconds.saturating_mul(1000)),
                    access,
                )
            }
            _ => over(
                "forge-answer",
                refusal(
                    &format!("{} refuses {}", access.host(), self.path),
                    status,
                    body,
                ),
                None,
                false,
            ),
        }
    }

    /// Only to the same forge: nobody else is told who asks.
    fn on_redirect(&mut self, headers: &BTreeMap<String, String>, access: &Access) -> Turn {
        self.hops += 1;
        let there = headers
            .get("location")
            .map(String::as_str)
            .unwrap_or_default();
        let there = if there.starts_with('/') && !there.starts_with("//") {
            let root: Vec<&str> = access.api.splitn(4, '/').take(3).collect();
            format!("{}{there}", root.join("/"))
        } else {
            there.to_owned()
        };
        let same = there
            .strip_prefix(&access.api)
            .is_some_and(|rest| rest.starts_with('/'));
        if self.hops <= HOPS
            && same
            && self.body.is_none()
            && there.bytes().all(|it| it.is_ascii_graphic())
        {
            self.elsewhere = Some(there);
            return Turn::Again;
        }
        over(
            "forge-answer",
            format!("{} sends us where we do not follow", access.host()),
            None,
            false,
        )
    }

    fn denied(&self, status: u16, body: &str, access: &Access) -> Turn {
        // No permission helps a token that is none.
        if status == 401 {
            let what = format!(
                "{} does not know the token in {}",
                access.host(),
                access.token
            );
            return over("forge-token", refusal(&what, status, body), None, false);
        }
        let what = format!(
            "the token may not do this on {} ({} is missing)",
            access.host(),
            self.permission.line()
        );
        over(
            "forge-denied",
            refusal(&what, status, body),
            Some(self.permission),
            false,
        )
    }

    /// It says when it answers again. Later than a minute is for the next run, or for whoever waits for gates.
    fn limited(
        &mut self,
        status: u16,
        headers: &BTreeMap<String, String>,
        access: &Access,
        now: Timestamp,
    ) -> Turn {
        let number = |name: &str| {
            headers
                .get(name)
                .and_then(|it| it.trim().parse::<u64>().ok())
        };
        let after = number("retry-after").map(|seconds| seconds.saturating_mul(1000));
        let reset =
            number("x-ratelimit-reset").map(|at| Timestamp(at.saturating_mul(1000)).since(now));
        let wait = after.or(reset);
        if let Some(long) = wait.filter(|wait| *wait > LONGEST_WAIT) {
            let when = crate::report::when(now.plus(long));
            let text = format!(
                "{} answers no more questions of this token until {when} ({status})",
                access.host()
            );
            return over("forge-limited", text, None, true);
        }
        self.once_more(
            &format!("it answered {status}: too many questions"),
            wait,
            access,
        )
    }

    fn again(&mut self, why: &str, wait: Option<u64>, access: &Access) -> Turn {
        // What was to be written may be: it is not written twice.
        if self.twice == Twice::Two {
            let text = format!("{}: {why}", access.host());
            return over("forge-unreachable", text, None, true);
        }
        self.once_more(why, wait, access)
    }

    /// For what surely has not been done, or is the same when done twice.
    fn once_more(&mut self, why: &str, wait: Option<u64>, access: &Access) -> Turn {
        if self.tries >= TRIES {
            let text = format!("{}: {why}, at try {}", access.host(), self.tries);
            return over("forge-unreachable", text, None, true);
        }
        let usual = FIRST_WAIT << (self.tries - 1);
        self.tries += 1;
        Turn::Wait {
            millis: wait.unwrap_or(usual).clamp(100, LONGEST_WAIT),
            why: format!("{}: {why}", access.host()),
        }
    }
}

/// A 403 may be a limit, too: GitHub says which by headers, and of the one for bursts in words.
fn is_limit(status: u16, headers: &BTreeMap<String, String>, body: &str) -> bool {
    status == 429
        || headers.contains_key("retry-after")
        || headers
            .get("x-ratelimit-remaining")
            .is_some_and(|it| it.trim() == "0")
        || body.contains("secondary rate limit")
}

fn over(code: &'static str, text: String, permission: Option<Permission>, passes: bool) -> Turn {
    Turn::Over(Err(Trouble {
        code,
        text,
        permission,
        passes,
    }))
}

fn refusal(what: &str, status: u16, body: &str) -> String {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    match answer.get("message").and_then(Value::as_str) {
        Some(message) => {
            let message: String = message.chars().take(200).collect();
            format!("{what} ({status}: {message})")
        }
        None => format!("{what} ({status})"),
    }
}

/// For a path: letters, digits and what is safe everywhere stay as they are.
pub(super) fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

const HEADERS: [&str; 6] = [
    "etag",
    "link",
    "location",
    "retry-after",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
