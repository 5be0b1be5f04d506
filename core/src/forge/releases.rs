//! Which commit a git tag names, and the release that is made of a tag.
//!
//! GitHub's interface, and that of Gitea and Forgejo, which is nearly the same. An [`Errand`] is one question or one change with
//! all the requests that it takes; like everything here it only says what is to be asked. To add an errand: a variant, its
//! first request in [`Errand::first`], its answer in [`Running::on_reply`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::event::{Event, System};
use crate::protocol::{Authorization, Body, Completion, Fetch, Method};
use crate::registry::{Trouble, is_loopback};
use crate::web::{Reply, Request, Server, Turn};

/// Milliseconds that a forge may take to answer.
const ANSWER: u64 = 30_000;

/// Milliseconds that sending a file may take.
const UPLOAD: u64 = 1_800_000;

/// Most bytes of an answer.
const LIMIT: u32 = 8 << 20;

/// Releases of one page, and how many pages are read: a draft of a run that died is among the newest.
const PAGE: usize = 50;
const PAGES: usize = 4;

/// A forge, and a repository there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forge {
    kind: Kind,
    /// Without a slash at its end.
    api: String,
    /// `owner/name`.
    repository: String,
    /// The name of the environment variable that holds a token; `None`: nobody asks.
    token: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    GitHub,
    /// And Forgejo.
    Gitea,
}

/// A question or a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Which commit does this git tag name?
    Tag(String),
    /// Which release is of this tag, draft or not?
    Release(String),
    /// What has become of this release? A list may lack what was drafted a moment ago.
    Again(u64),
    /// A draft of a release.
    Draft {
        tag: String,
        revision: String,
        notes: String,
        prerelease: bool,
    },
    /// A file of this machine, to a release.
    Attach {
        release: Release,
        name: String,
        path: String,
    },
    /// A file of a release is removed.
    Detach { release: u64, asset: u64 },
    /// A draft is published; where there is no such git tag yet, that makes it.
    Announce {
        release: u64,
        tag: String,
        revision: String,
        /// What people are to read; `None`: what is there.
        notes: Option<String>,
    },
}

/// A release of a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// By which the forge knows it.
    pub id: u64,
    /// Whether only those who may write see it.
    pub draft: bool,
    /// Where a person sees it.
    pub url: String,
    /// What people read.
    pub notes: String,
    /// Where its files are sent.
    pub upload: String,
    /// Its files.
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// By which the forge knows it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Of its bytes, in hexadecimal; `None`: the forge does not say.
    pub sha256: Option<String>,
    /// Whether all of it came.
    pub whole: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This commit, or none.
    Commit(Option<String>),
    /// This release, or none.
    Release(Option<Release>),
    /// It is done.
    Done,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The next request.
    Ask,
    /// The next request, after so many milliseconds.
    Wait { millis: u64, why: String },
    /// It is over.
    Over(Result<Answer, Trouble>),
}

/// An errand under way.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    forge: Forge,
    errand: Errand,
    request: Request,
    /// The page of releases that is read.
    page: usize,
}

impl Forge {
    /// The forge that runs us; `None`: it is none that is known, or its interface is where no token may be sent.
    pub(crate) fn of(
        env: &BTreeMap<String, String>,
        event: &Event,
        token: Option<String>,
    ) -> Option<Self> {
        let kind = match event.system {
            System::GitHub => Kind::GitHub,
            System::Gitea | System::Forgejo => Kind::Gitea,
            System::GitLab
            | System::Bitbucket
            | System::Jenkins
            | System::CircleCi
            | System::Azure
            | System::Git => return None,
        };
        let get = |name: &str| {
            env.get(name)
                .map(|url| url.trim_end_matches('/').to_owned())
        };
        let get = |name: &str| get(name).filter(|url| !url.is_empty());
        let api = get("GITHUB_API_URL").or_else(|| {
            let server = get("GITHUB_SERVER_URL")?;
            Some(match kind {
                Kind::GitHub if server == "https://github.com" => {
                    "https://api.github.com".to_owned()
                }
                Kind::GitHub => format!("{server}/api/v3"),
                Kind::Gitea => format!("{server}/api/v1"),
            })
        })?;
        let safe = api.starts_with("https://")
            || api
                .strip_prefix("http://")
                .is_some_and(|rest| is_loopback(rest.split('/').next().unwrap_or(rest)));
        let repository = event.repository.full_name.clone();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let named = repository.contains('/') && repository.chars().all(plain);
        (safe && named).then_some(Self {
            kind,
            api,
            repository,
            token,
        })
    }

    /// A request of this forge's interface, below the repository.
    pub(crate) fn request(&self, method: Method, path: &str) -> Fetch {
        let mut headers = BTreeMap::from([("user-agent".to_owned(), "cd-action".to_owned())]);
        let accept = match self.kind {
            Kind::GitHub => {
                headers.insert("x-github-api-version".to_owned(), "2022-11-28".to_owned());
                "application/vnd.github+json"
            }
            Kind::Gitea => "application/json",
        };
        headers.insert("accept".to_owned(), accept.to_owned());
        Fetch {
            method,
            url: format!("{}/repos/{}{path}", self.api, self.repository),
            headers,
            authorization: self
                .token
                .clone()
                .map(|name| Authorization::Variable { name }),
            timeout: ANSWER,
            limit: LIMIT,
            ..Fetch::default()
        }
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Fetch {
        let mut fetch = self.request(method, path);
        let json = "application/json".to_owned();
        fetch.headers.insert("content-type".to_owned(), json);
        fetch.body = Some(Body::Text {
            text: body.to_string(),
        });
        fetch
    }

    fn releases(&self, page: usize) -> Fetch {
        let size = match self.kind {
            Kind::GitHub => "per_page",
            Kind::Gitea => "limit",
        };
        self.request(Method::Get, &format!("/releases?{size}={PAGE}&page={page}"))
    }

    /// Where files of a release are sent: at this forge, or at the host that GitHub has for it.
    fn uploads(&self, id: u64, said: &str) -> String {
        let own = format!(
            "{}/repos/{}/releases/{id}/assets",
            self.api, self.repository
        );
        let said = said.split('{').next().unwrap_or(said);
        let host = |url: &str| {
            url.split("://")
                .nth(1)
                .and_then(|rest| rest.split('/').next().map(str::to_owned))
        };
        let other = match self.api.strip_prefix("https://api.") {
            Some(rest) => Some(format!("uploads.{rest}")),
            None => host(&self.api),
        };
        let same_scheme = said.split("://").next() == self.api.split("://").next();
        if self.kind == Kind::GitHub && same_scheme && host(said).is_some() && host(said) == other {
            said.to_owned()
        } else {
            own
        }
    }
}

impl Errand {
    fn first(&self, forge: &Forge) -> Fetch {
        match self {
            Self::Tag(tag) => match forge.kind {
                Kind::GitHub => {
                    let mut fetch =
                        forge.request(Method::Get, &format!("/commits/tags/{}", in_path(tag)));
                    let sha = "application/vnd.github.sha".to_owned();
                    fetch.headers.insert("accept".to_owned(), sha);
                    fetch
                }
                Kind::Gitea => forge.request(Method::Get, &format!("/tags/{}", in_path(tag))),
            },
            Self::Release(tag) => {
                forge.request(Method::Get, &format!("/releases/tags/{}", in_path(tag)))
            }
            Self::Again(release) => forge.request(Method::Get, &format!("/releases/{release}")),
            Self::Draft {
                tag,
                revision,
                notes,
                prerelease,
            } => {
                let body = json!({
                    "tag_name": tag, "target_commitish": revision, "name": tag, "body": notes,
                    "draft": true, "prerelease": prerelease,
                });
                forge.send(Method::Post, "/releases", &body)
            }
            Self::Attach {
                release,
                name,
                path,
            } => {
                let mut fetch = forge.request(Method::Post, "");
                fetch.url = format!("{}?name={}", release.upload, in_path(name));
                let octets = "application/octet-stream".to_owned();
                fetch.headers.insert("content-type".to_owned(), octets);
                fetch.body = Some(Body::File { path: path.clone() });
                fetch.timeout = UPLOAD;
                fetch
            }
            Self::Detach { release, asset } => {
                let path = match forge.kind {
                    Kind::GitHub => format!("/releases/assets/{asset}"),
                    Kind::Gitea => format!("/releases/{release}/assets/{asset}"),
                };
                forge.request(Method::Delete, &path)
            }
            Self::Announce {
                release,
                tag,
                revision,
                notes,
            } => {
                let mut body =
                    json!({ "tag_name": tag, "target_commitish": revision, "draft": false });
                if let (Some(notes), Some(body)) = (notes, body.as_object_mut()) {
                    body.insert("body".to_owned(), json!(notes));
                }
                if let (Kind::GitHub, Some(body)) = (forge.kind, body.as_object_mut()) {
                    // What is shown as the latest goes by version, not by who came last.
                    body.insert("make_latest".to_owned(), json!("legacy"));
                }
                forge.send(Method::Patch, &format!("/releases/{release}"), &body)
            }
        }
    }
}

impl Running {
    /// Begins.
    pub(crate) fn new(forge: Forge, errand: Errand) -> Self {
        let request = Request::new(Server::Forge, errand.first(&forge));
        Self {
            forge,
            errand,
            request,
            page: 0,
        }
    }

    /// What is to be done now.
    pub(crate) fn fetch(&self) -> Fetch {
        self.request.fetch()
    }

    /// Whether it may have changed something.
    pub(crate) const fn changes(&self) -> bool {
        match self.errand {
            Errand::Tag(_) | Errand::Release(_) | Errand::Again(_) => false,
            Errand::Draft { .. }
            | Errand::Attach { .. }
            | Errand::Detach { .. }
            | Errand::Announce { .. } => true,
        }
    }

    /// Takes in what came of it.
    pub(crate) fn on(&mut self, completion: &Completion) -> Asked {
        match self.request.on(completion) {
            Turn::Ask => Asked::Ask,
            Turn::Wait { millis, why } => Asked::Wait { millis, why },
            Turn::Over(Err(trouble)) => Asked::Over(Err(trouble)),
            Turn::Over(Ok(reply)) => self.on_reply(&reply),
        }
    }

    fn on_reply(&mut self, reply: &Reply) -> Asked {
        let good = (200..=299).contains(&reply.status);
        let done = |answer| Asked::Over(Ok(answer));
        match (&self.errand, reply.status) {
            (_, 401 | 403) => self.refused(reply, Server::Forge.denied()),
            (Errand::Tag(_), 404 | 422) => done(Answer::Commit(None)),
            (Errand::Tag(_), _) if good => match self.commit(&reply.body) {
                Some(commit) => done(Answer::Commit(Some(commit))),
                None => self.refused(reply, Server::Forge.answer()),
            },
            (Errand::Release(_), 404) if self.page == 0 => self.on_page(),
            (Errand::Release(_), _) if good => self.on_releases(reply),
            (Errand::Again(_), 404) => done(Answer::Release(None)),
            // The answer is the draft, where it can be read; else it is looked for.
            (Errand::Draft { .. } | Errand::Again(_), _) if good => {
                let release = serde_json::from_str(&reply.body).ok();
                match (release.and_then(|it| self.release(&it)), &self.errand) {
                    (None, Errand::Again(_)) => self.refused(reply, Server::Forge.answer()),
                    (None, _) => done(Answer::Done),
                    (release @ Some(_), _) => done(Answer::Release(release)),
                }
            }
            // What is not there need not be removed.
            (Errand::Detach { .. }, 404) => done(Answer::Done),
            // Whoever may not write is told that nothing is there.
            (Errand::Draft { .. } | Errand::Attach { .. } | Errand::Announce { .. }, 404) => {
                self.refused(reply, Server::Forge.denied())
            }
            (_, _) if good => done(Answer::Done),
            (_, _) => self.refused(reply, Server::Forge.answer()),
        }
    }

    fn commit(&self, body: &str) -> Option<String> {
        let sha = match self.forge.kind {
            Kind::GitHub => body.trim().to_owned(),
            Kind::Gitea => {
                let tag: Value = serde_json::from_str(body).ok()?;
                tag.pointer("/commit/sha")?.as_str()?.to_owned()
            }
        };
        let hex = sha.len() >= 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then_some(sha)
    }

    fn on_page(&mut self) -> Asked {
        self.page += 1;
        self.request = Request::new(Server::Forge, self.forge.releases(self.page));
        Asked::Ask
    }

    /// One release that is published, or a page of all of them: drafts are in no other answer.
    fn on_releases(&mut self, reply: &Reply) -> Asked {
        let Ok(answer) = serde_json::from_str::<Value>(&reply.body) else {
            return self.refused(reply, Server::Forge.answer());
        };
        let Errand::Release(tag) = &self.errand else {
            return Asked::Over(Ok(Answer::Done));
        };
        let all = match &answer {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let own = |it: &&Value| it.get("tag_name").and_then(Value::as_str) == Some(tag);
        let found = all.iter().find(own).and_then(|it| self.release(it));
        if found.is_none() && all.len() >= PAGE && self.page < PAGES {
            return self.on_page();
        }
        Asked::Over(Ok(Answer::Release(found)))
    }

    fn release(&self, release: &Value) -> Option<Release> {
        let id = release.get("id")?.as_u64()?;
        let text = |name: &str| {
            release
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let assets = release.get("assets").and_then(Value::as_array);
        Some(Release {
            id,
            draft: release.get("draft").and_then(Value::as_bool)?,
            url: text("html_url").to_owned(),
            notes: text("body").to_owned(),
            upload: self.forge.uploads(id, text("upload_url")),
            assets: assets.into_iter().flatten().filter_map(asset).collect(),
        })
    }

    fn refused(&self, reply: &Reply, code: &'static str) -> Asked {
        let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let message = answer.get("message").and_then(Value::as_str);
        let message: String = message.unwrap_or_default().chars().take(200).collect();
        let what = self.errand.words();
        let text = format!("{what}: it answered {} {message}", reply.status);
        Asked::Over(Err(self.request.trouble(code, text.trim_end())))
    }
}

impl Errand {
    /// What it is for, for people.
    fn words(&self) -> String {
        match self {
            Self::Tag(tag) => format!("looking at the git tag {tag}"),
            Self::Release(tag) => format!("looking at the release of {tag}"),
            Self::Again(_) => "looking at the release".to_owned(),
            Self::Draft { tag, .. } => format!("drafting the release of {tag}"),
            Self::Attach { name, .. } => format!("sending {name}"),
            Self::Detach { .. } => "removing a file of a draft".to_owned(),
            Self::Announce { tag, .. } => format!("publishing the release of {tag}"),
        }
    }
}

fn asset(asset: &Value) -> Option<Asset> {
    let digest = asset.get("digest").and_then(Value::as_str);
    let state = asset.get("state").and_then(Value::as_str);
    Some(Asset {
        id: asset.get("id")?.as_u64()?,
        name: asset.get("name")?.as_str()?.to_owned(),
        size: asset
            .get("size")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        sha256: digest
            .and_then(|digest| digest.strip_prefix("sha256:"))
            .map(str::to_owned),
        whole: state.is_none_or(|state| state == "uploaded"),
    })
}

/// For a path: letters, digits and what is safe everywhere stay as they are.
fn in_path(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests;
