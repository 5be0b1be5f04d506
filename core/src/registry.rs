//! A registry of images, asked over its own interface (the distribution API): which tags there are, what a tag names, what an
//! image says about itself; and a tag is put on an image without sending the image again.
//!
//! Two machines, one inside the other, and neither acts: an [`Asking`] is a question with all the requests that it takes, an
//! [`Exchange`] is one of those requests with everything that may come between it and its answer: who asks, another address,
//! a server that is busy. What they want done is a [`Fetch`](crate::protocol::Fetch).
//!
//! A manifest goes back to the registry byte for byte, or not at all: its digest is the image's name, so it is checked.

mod asking;
mod bringing;
mod exchange;
mod request;
mod talk;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use asking::is_digest;
pub use asking::{Answered, Asking, Described, Going, Question};
pub use bringing::{Bring, Bringing, Side};
pub use exchange::{Access, Exchange, Got, Login, Turn};
pub use request::Source;
pub(crate) use request::resolved;
pub use talk::{Next, Talk};

/// The registry of names without a host.
const HUB: &str = "docker.io";

/// Where images of one name are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// As it was written, without tag and digest.
    name: String,
    /// `host[:port]`.
    host: String,
    /// The name inside the registry.
    path: String,
}

/// Why a registry does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

impl Repository {
    /// Reads `[host/]path`; what stands before the first slash is a host if it looks like one, as docker has it.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            Some(_) | None => (HUB, name),
        };
        let path = if host == HUB && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            path,
        }
    }

    /// Whether both names mean the same: `docker.io/library/tasks` is `tasks`.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.host, &self.path) == (&other.host, &other.path)
    }

    /// Whether the registry stands in the name, and is not the one that names without one mean.
    #[must_use]
    pub fn names_its_registry(&self) -> bool {
        self.host != HUB || self.name.starts_with(HUB)
    }

    /// As it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `name:tag`.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> String {
        format!("{}:{tag}", self.name)
    }

    /// `name@digest`.
    #[must_use]
    pub fn at(&self, digest: &str) -> String {
        format!("{}@{digest}", self.name)
    }

    /// What docker's own configuration calls this registry.
    #[must_use]
    pub fn server(&self) -> &str {
        if self.host == HUB {
            "https://index.docker.io/v1/"
        } else {
            &self.host
        }
    }

    /// Where its interface is. On this very machine it is plain HTTP, as docker takes it to be; anywhere else TLS.
    fn root(&self) -> String {
        let host = if self.host == HUB {
            "registry-1.docker.io"
        } else {
            &self.host
        };
        let scheme = if self.is_local() { "http" } else { "https" };
        format!("{scheme}://{host}/v2/{}", self.path)
    }

    pub(crate) fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Whether `host[:port]` is this very machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let address: Option<std::net::IpAddr> = name.parse().ok();
    name == "localhost" || address.is_some_and(|address| address.is_loopback())
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
