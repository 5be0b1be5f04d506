//! An index of packages, asked as installers ask it (the simple interface, as JSON or HTML): which files of a version it has, and
//! what they are, by their SHA-256.
//!
//! An index shows what came to it only after a while: a question that names what is wanted waits for it.

use serde_json::Value;

use crate::protocol::{Authorization, Completion, Fetch};
use crate::registry::{Trouble, resolved};
use crate::tag::Pep440;
use crate::web::{Reply, Request, Server, Turn};

/// Milliseconds that an index may take to answer.
const ANSWER: u64 = 30_000;

/// Most bytes of an answer: a project of many years has thousands of files.
const LIMIT: u32 = 32 << 20;

/// How often an index is looked at for files that were sent: with the waits between, for a minute.
pub(crate) const PATIENTLY: u32 = 7;

/// How often where they may not have come: for three seconds.
pub(crate) const FOR_A_MOMENT: u32 = 3;

/// Milliseconds before the second look, doubled before each further one.
const FIRST_LOOK: u64 = 1_000;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A file that an index has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// In hexadecimal; `None`: the index does not say.
    pub sha256: Option<String>,
    /// Where it is; `None`: the index does not say.
    pub url: Option<String>,
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The project, as indexes write it.
    pub project: String,
    /// As the name has it.
    pub version: String,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The next request.
    Ask,
    /// The next request, after so many milliseconds; `why` is `None` where that is nothing to tell of.
    Wait { millis: u64, why: Option<String> },
    /// The files of that version.
    Over(Result<Vec<Listed>, Trouble>),
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    version: Option<Pep440>,
    /// Files that were sent, and are waited for.
    wanted: Vec<String>,
    login: Option<Authorization>,
    first: Fetch,
    request: Request,
    looks: u32,
    most: u32,
}

impl Named {
    /// Of a wheel or a source archive; `None`: it is neither.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (project, version) = match name.strip_suffix(".whl") {
            Some(wheel) => {
                let mut parts = wheel.split('-');
                let two = (parts.next()?, parts.next()?);
                if parts.count() < 3 {
                    return None;
                }
                two
            }
            None => {
                let archives = [".tar.gz", ".zip", ".tar.bz2"];
                let archive = archives.iter().find_map(|end| name.strip_suffix(end))?;
                archive.rsplit_once('-')?
            }
        };
        Some(Self {
            project: normal(project),
            version: version.to_owned(),
        })
    }
}

impl Asking {
    /// What does this index have of that version? Files that are `wanted` are waited for, for so many looks at most.
    pub(crate) fn new(
        index: &str,
        project: &str,
        version: &str,
        wanted: Vec<String>,
        most: u32,
        login: Option<Authorization>,
    ) -> Self {
        let first = Fetch {
            url: format!("{index}/{}/", normal(project)),
            headers: [("accept".to_owned(), ACCEPT.to_owned())].into(),
            timeout: ANSWER,
            limit: LIMIT,
            ..Fetch::default()
        };
        Self {
            version: Pep440::parse(version),
            wanted,
            login,
            request: Request::new(Server::Index, first.clone()),
            first,
            looks: 1,
            most,
        }
    }

    /// What is to be done now.
    pub(crate) fn fetch(&self) -> Fetch {
        self.request.fetch()
    }

    /// Takes in what came of it.
    pub(crate) fn on(&mut self, completion: &Completion) -> Asked {
        match self.request.on(completion) {
            Turn::Ask => Asked::Ask,
            Turn::Wait { millis, why } => Asked::Wait {
                millis,
                why: Some(why),
            },
            Turn::Over(Err(trouble)) => Asked::Over(Err(trouble)),
            Turn::Over(Ok(reply)) => self.on_reply(&reply),
        }
    }

    fn on_reply(&mut self, reply: &Reply) -> Asked {
        let wrong = |code, text: &str| Asked::Over(Err(self.request.trouble(code, text)));
        let listed = match reply.status {
            200..=299 => match self.read(reply) {
                Some(listed) => listed,
                None => return wrong("index-answer", "its answer is no page of an index"),
            },
            404 => Vec::new(),
            401 | 403 => match self.login.take() {
                Some(login) => {
                    self.first.authorization = Some(login);
                    self.request = Request::new(Server::Index, self.first.clone());
                    return Asked::Ask;
                }
                None => {
                    let text = "it wants to know who asks, and takes neither what `token`, or `user` and `password`, name nor nobody";
                    return wrong("index-denied", text);
                }
            },
            status => return wrong("index-answer", &format!("it answered {status}")),
        };
        let there = |name: &String| listed.iter().any(|it| it.name == *name);
        if self.looks >= self.most || self.wanted.iter().all(there) {
            return Asked::Over(Ok(listed));
        }
        let millis = FIRST_LOOK << (self.looks - 1);
        self.looks += 1;
        self.request = Request::new(Server::Index, self.first.clone());
        Asked::Wait { millis, why: None }
    }

    /// The files of the version that is asked for.
    fn read(&self, reply: &Reply) -> Option<Vec<Listed>> {
        let kind = reply.headers.get("content-type");
        let files = match kind.is_some_and(|kind| kind.contains("json")) {
            true => from_json(&reply.body)?,
            false => from_html(&reply.body)?,
        };
        let page = self.request.fetch().url;
        let of_version = |file: &Listed| {
            let named = Named::parse(&file.name);
            named.is_some_and(|named| Pep440::parse(&named.version) == self.version)
        };
        let files = files.into_iter().filter(of_version);
        let placed = files.map(|file| Listed {
            url: file.url.and_then(|url| placed(&page, &url)),
            ..file
        });
        Some(placed.collect())
    }
}

/// A project's name as indexes write it: small letters, one hyphen for what stands between words.
pub(crate) fn normal(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    words.join("-")
}

fn from_json(body: &str) -> Option<Vec<Listed>> {
    let page: Value = serde_json::from_str(body).ok()?;
    let files = page.get("files")?.as_array()?;
    let files = files.iter().filter_map(|file| {
        let sha256 = file.pointer("/hashes/sha256").and_then(Value::as_str);
        Some(Listed {
            name: file.get("filename")?.as_str()?.to_owned(),
            sha256: sha256.and_then(hex),
            url: file.get("url").and_then(Value::as_str).map(whole),
        })
    });
    Some(files.collect())
}

/// `<a href="…/NAME#sha256=…">NAME</a>`, one a file; everything else of the page says nothing.
fn from_html(body: &str) -> Option<Vec<Listed>> {
    let lower = body.to_ascii_lowercase();
    if !lower.contains("<html") && !lower.contains("<a") {
        return None;
    }
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(begin) = lower.get(at..)?.find("<a").map(|it| at + it + 2) {
        let Some(end) = lower.get(begin..)?.find('>').map(|it| begin + it) else {
            break;
        };
        let close = lower
            .get(end..)?
            .find("</a")
            .map_or(body.len(), |it| end + it);
        at = close;
        let attributes = body.get(begin..end)?;
        let text = unescaped(body.get(end + 1..close)?.trim());
        if attributes.starts_with(|c: char| c.is_ascii_whitespace()) {
            let href = href(attributes);
            let sha256 = href.as_ref().and_then(|href| {
                let (_, fragment) = href.split_once('#')?;
                let mut parts = fragment.split('&');
                hex(parts.find_map(|part| part.strip_prefix("sha256="))?)
            });
            files.push(Listed {
                name: text,
                sha256,
                url: href.as_deref().map(whole),
            });
        }
    }
    Some(files)
}

/// A page names its files from where it is itself.
fn placed(page: &str, url: &str) -> Option<String> {
    if url.starts_with('/') || url.contains("://") {
        return resolved(page, url);
    }
    let page = page.split('?').next()?;
    let (scheme, rest) = page.split_once("://")?;
    let mut parts: Vec<&str> = rest.split('/').collect();
    parts.pop();
    for part in url.split('/') {
        match part {
            "." => {}
            ".." => parts.truncate(parts.len().saturating_sub(1).max(1)),
            part => parts.push(part),
        }
    }
    resolved(page, &format!("{scheme}://{}", parts.join("/")))
}

/// Without what stands behind `#`.
fn whole(url: &str) -> String {
    url.split('#').next().unwrap_or(url).to_owned()
}

fn href(attributes: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let from = lower.find("href=")? + "href=".len();
    let rest = attributes.get(from..)?;
    let quote = rest.chars().next()?;
    let value = match quote {
        '"' | '\'' => rest.get(1..)?.split(quote).next()?,
        _ => rest.split_ascii_whitespace().next()?,
    };
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    let known = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    known
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn hex(text: &str) -> Option<String> {
    let good = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
