//! One request, with everything that may come between it and its answer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::{ANSWER, HEADERS, LIMIT, Source, Want, escaped, request, resolved};
use super::{Repository, Trouble};
use crate::config::RegistryAuth;
use crate::protocol::{Authorization, Completion, Fault, Fetch, Keep, Method};

/// How often a request is made that is not answered, or answered with "not now".
const TRIES: u32 = 6;

/// Milliseconds before the second try; doubled before each further one, so 31 s in all.
const FIRST_WAIT: u64 = 1_000;

/// Most milliseconds that a registry can make us wait with `Retry-After`.
const LONGEST_WAIT: u64 = 60_000;

/// Addresses that one request can be sent on to.
const HOPS: u32 = 5;

/// Nobody has said who asks.
const NOBODY: &str =
    "it wants to know who asks, and neither `registry` says it nor an earlier `docker login`";

/// How a repository is asked; shared by all requests to it.
#[derive(Clone, Debug)]
pub struct Access {
    repository: Repository,
    auth: Option<Login>,
    /// Whether anything is to be written.
    writes: bool,
    way: Way,
}

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Whom these variables name.
    Variables(RegistryAuth),
    /// Whom docker knows from an earlier login; the shell keeps it under this name.
    Kept(String),
}

/// How the registry wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing was said about that yet.
    Open,
    /// With user and password each time.
    Basic,
    /// With a token.
    Token,
}

/// What a registry answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has that.
    Found {
        headers: BTreeMap<String, String>,
        body: String,
    },
    /// It has not.
    Missing,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This is to be done.
    Fetch(Box<Fetch>),
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

/// An answer; only an [`Asking`](super::Asking) can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got(pub(super) Answer);

/// One request.
#[derive(Clone, Debug)]
pub struct Exchange {
    want: Want,
    /// Where it was sent on to.
    elsewhere: Option<String>,
    hops: u32,
    tries: u32,
    /// The token that is asked for at the moment.
    token: Option<Challenge>,
    /// A token was asked for because of this request.
    asked: bool,
}

/// Where a token is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge {
    realm: String,
    service: Option<String>,
}

impl Access {
    /// Nothing was asked yet.
    #[must_use]
    pub const fn new(repository: Repository, auth: Option<Login>, writes: bool) -> Self {
        Self {
            repository,
            auth,
            writes,
            way: Way::Open,
        }
    }

    /// Whether nobody logs in.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        self.auth.is_none()
    }

    /// Who logs in is known now.
    pub fn login(&mut self, login: Login) {
        self.auth = Some(login);
    }

    /// Which repository.
    #[must_use]
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    fn basic(&self) -> Option<Authorization> {
        Some(match self.auth.as_ref()? {
            Login::Variables(auth) => Authorization::Basic {
                user: auth.user.clone(),
                password: auth.password.clone(),
            },
            Login::Kept(kept) => Authorization::Login { kept: kept.clone() },
        })
    }

    pub(super) fn authorization(&self) -> Option<Authorization> {
        match self.way {
            Way::Open => None,
            Way::Basic => self.basic(),
            Way::Token => Some(Authorization::Bearer { kept: self.kept() }),
        }
    }

    fn kept(&self) -> String {
        format!("registry-token {}", self.repository.name)
    }

    fn scope(&self) -> String {
        let may = if self.writes && self.auth.is_some() {
            "pull,push"
        } else {
            "pull"
        };
        format!("repository:{}:{may}", self.repository.path)
    }
}

impl Exchange {
    pub(super) const fn new(want: Want) -> Self {
        Self {
            want,
            elsewhere: None,
            hops: 0,
            tries: 1,
            token: None,
            asked: false,
        }
    }

    /// What is asked.
    pub(super) const fn want(&self) -> &Want {
        &self.want
    }

    /// What to do now.
    #[must_use]
    pub fn fetch(&self, access: &Access) -> Fetch {
        match (&self.token, &self.elsewhere) {
            (Some(challenge), _) => ask_for_token(challenge, access),
            (None, None) => request(&self.want, access),
            (None, Some(url)) => Fetch {
                url: url.clone(),
                authorization: None,
                ..request(&self.want, access)
            },
        }
    }

    /// How what it asked for can be had again.
    #[must_use]
    pub fn source(&self, access: &Access) -> Source {
        let Fetch {
            url, authorization, ..
        } = self.fetch(access);
        Source { url, authorization }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, completion: &Completion, access: &mut Access) -> Turn {
        match completion {
            Completion::Fetched {
                status,
                headers,
                body,
            } if self.token.is_some() => self.on_token(*status, headers, body, access),
            Completion::Fetched {
                status,
                headers,
                body,
            } => self.on_answer(*status, headers, body, access),
            Completion::TimedOut { .. } => self.again("it did not answer in time", None, access),
            Completion::Failed {
                fault: Fault::Unreachable,
                message,
            } => self.again(message, None, access),
            // Whoever does not know of parts of a piece has all of it.
            Completion::Failed {
                fault: Fault::TooLarge,
                ..
            } if matches!(self.want, Want::Probe { .. }) => Turn::Over(Ok(Got(Answer::Found {
                headers: BTreeMap::new(),
                body: String::new(),
            }))),
            Completion::Failed { fault, message } => {
                let code = match fault {
                    Fault::SecretMissing if self.token.is_none() && access.way == Way::Token => {
                        "registry-denied"
                    }
                    Fault::SecretMissing => "secret-missing",
                    Fault::NotFound
                    | Fault::Denied
                    | Fault::TooLarge
                    | Fault::NotText
                    | Fault::Unreachable
                    | Fault::Other => "registry-answer",
                };
                over(access, code, message)
            }
            Completion::Exited { .. }
            | Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. } => {
                over(access, "registry-answer", "this is no answer")
            }
        }
    }

    fn on_token(
        &mut self,
        status: u16,
        headers: &BTreeMap<String, String>,
        body: &str,
        access: &mut Access,
    ) -> Turn {
        match status {
            200..=299 => {
                access.way = Way::Token;
                self.token = None;
                Turn::Fetch(Box::new(self.fetch(access)))
            }
            _ if is_busy(status) => self.busy(status, headers, access),
            _ => {
                let what = match access.auth {
                    Some(_) => "it gives no token",
                    None => NOBODY,
                };
                over(access, "registry-denied", &refusal(what, status, body))
            }
        }
    }

    fn on_answer(
        &mut self,
        status: u16,
        headers: &BTreeMap<String, String>,
        body: &str,
        access: &mut Access,
    ) -> Turn {
        match status {
            200..=299 => Turn::Over(Ok(Got(Answer::Found {
                headers: headers.clone(),
                body: body.to_owned(),
            }))),
            404 if !self.want.writes() => Turn::Over(Ok(Got(Answer::Missing))),
            301 | 302 | 303 | 307 | 308 => self.on_redirect(headers, access),
            401 if self.elsewhere.is_none() => self.on_who_asks(headers, body, access),
            _ if is_busy(status) => self.busy(status, headers, access),
            401 | 403 => over(
                access,
                "registry-denied",
                &refusal("it says no", status, body),
            ),
            _ => over(
                access,
                "registry-answer",
                &refusal("it refuses", status, body),
            ),
        }
    }

    /// Pieces of images are kept elsewhere, mostly. Whoever is there is not told who asks.
    fn on_redirect(&mut self, headers: &BTreeMap<String, String>, access: &Access) -> Turn {
        let reads = !self.want.writes();
        self.hops += 1;
        let here = self.fetch(access).url;
        let there = headers
            .get("location")
            .and_then(|location| resolved(&here, location));
        match there.filter(|_| reads && self.hops <= HOPS) {
            Some(url) => {
                self.elsewhere = Some(url);
                Turn::Fetch(Box::new(self.fetch(access)))
            }
            None => over(
                access,
                "registry-answer",
                "it sends us where we do not follow",
            ),
        }
    }

    fn on_who_asks(
        &mut self,
        headers: &BTreeMap<String, String>,
        body: &str,
        access: &mut Access,
    ) -> Turn {
        let challenge = headers
            .get("www-authenticate")
            .map(String::as_str)
            .unwrap_or_default();
        let denied = |access: &Access| {
            let what = match access.auth {
                Some(_) => "it does not take this user and password",
                None => NOBODY,
            };
            over(access, "registry-denied", &refusal(what, 401, body))
        };
        if let Some(bearer) = bearer(challenge) {
            let safe = bearer.realm.starts_with("https://")
                || (access.repository.is_local() && bearer.realm.starts_with("http://"));
            if self.asked || !safe {
                return denied(access);
            }
            self.asked = true;
            self.token = Some(bearer);
            return Turn::Fetch(Box::new(self.fetch(access)));
        }
        if access.way == Way::Basic || access.auth.is_none() {
            return denied(access);
        }
        access.way = Way::Basic;
        Turn::Fetch(Box::new(self.fetch(access)))
    }

    fn busy(&mut self, status: u16, headers: &BTreeMap<String, String>, access: &Access) -> Turn {
        let seconds = headers
            .get("retry-after")
            .and_then(|text| text.trim().parse().ok());
        let wait = seconds.map(|seconds: u64| seconds.saturating_mul(1_000));
        self.again(&format!("it answered {status}"), wait, access)
    }

    fn again(&mut self, why: &str, wait: Option<u64>, access: &Access) -> Turn {
        // An upload is begun anew, by whoever wants it.
        if self.tries >= TRIES || matches!(self.want, Want::Upload { .. }) {
            let text = format!("{why}, at try {}", self.tries);
            return over(access, "registry-unreachable", &text);
        }
        let usual = FIRST_WAIT << (self.tries - 1);
        self.tries += 1;
        Turn::Wait {
            millis: wait.unwrap_or(usual).clamp(100, LONGEST_WAIT),
            why: format!("{}: {why}", access.repository.host),
        }
    }
}

fn over(access: &Access, code: &'static str, text: &str) -> Turn {
    Turn::Over(Err(Trouble::new(
        code,
        format!("{}: {text}", access.repository.host),
    )))
}

const fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

fn ask_for_token(challenge: &Challenge, access: &Access) -> Fetch {
    let service = challenge
        .service
        .as_ref()
        .map(|service| format!("service={}&", escaped(service)));
    let query = format!(
        "{}scope={}",
        service.unwrap_or_default(),
        escaped(&access.scope())
    );
    let joint = if challenge.realm.contains('?') {
        '&'
    } else {
        '?'
    };
    Fetch {
        method: Method::Get,
        url: format!("{}{joint}{query}", challenge.realm),
        authorization: access.basic(),
        direct: access.repository.is_local(),
        timeout: ANSWER,
        limit: LIMIT,
        want: HEADERS.map(str::to_owned).to_vec(),
        keep: Some(Keep {
            members: ["token", "access_token"].map(str::to_owned).to_vec(),
            name: access.kept(),
        }),
        ..Fetch::default()
    }
}

/// `Bearer realm="…",service="…"`.
fn bearer(challenge: &str) -> Option<Challenge> {
    let (scheme, rest) = challenge.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut realm = None;
    let mut service = None;
    let mut rest = rest.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value.to_owned()),
            "service" => service = Some(value.to_owned()),
            _ => {}
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    let realm = realm?;
    let plain = realm.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(Challenge { realm, service })
}

fn refusal(what: &str, status: u16, body: &str) -> String {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    let error = answer
        .pointer("/errors/0/message")
        .or_else(|| answer.get("message"));
    match error.and_then(Value::as_str) {
        Some(message) => {
            let message: String = message.chars().take(200).collect();
            format!("{what} ({status}: {message})")
        }
        None => format!("{what} ({status})"),
    }
}
