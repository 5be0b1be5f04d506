//! What a registry is asked, as the requests of its interface.

use super::exchange::Access;
use crate::protocol::{Authorization, Body, Fetch, Method};

/// Milliseconds that a registry may take to answer.
pub(super) const ANSWER: u64 = 30_000;

/// Milliseconds that sending a piece may take.
const UPLOAD: u64 = 1_800_000;

/// Most bytes of an answer: manifests are at most 4 MiB by the specification.
pub(super) const LIMIT: u32 = 8 << 20;

/// A request, in the terms of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// A page of the tags.
    Tags { last: Option<String> },
    /// Only the digest of what this names.
    Head { reference: String },
    /// The manifest that this names.
    Manifest { reference: String },
    /// A piece of an image.
    Blob { digest: String },
    /// Is this piece there?
    Piece { digest: String },
    /// The first byte of this piece: where all of it is to be had.
    Probe { digest: String },
    /// A piece is to be sent.
    Start,
    /// This piece, to where the registry wants it.
    Upload {
        location: String,
        digest: String,
        source: Box<Source>,
    },
    /// An upload that was begun is given up.
    Drop { location: String },
    /// This manifest is to have that tag.
    Put {
        tag: String,
        media_type: String,
        body: String,
    },
}

/// Where a piece is to be had, and who asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub(super) url: String,
    pub(super) authorization: Option<Authorization>,
}

impl Want {
    pub(super) const fn writes(&self) -> bool {
        matches!(
            self,
            Self::Start | Self::Upload { .. } | Self::Drop { .. } | Self::Put { .. }
        )
    }
}

pub(super) fn request(want: &Want, access: &Access) -> Fetch {
    let root = access.repository().root();
    let (method, url) = match want {
        Want::Tags { last: None } => (Method::Get, format!("{root}/tags/list?n=1000")),
        Want::Tags { last: Some(last) } => {
            (Method::Get, format!("{root}/tags/list?n=1000&last={last}"))
        }
        Want::Head { reference } => (Method::Head, format!("{root}/manifests/{reference}")),
        Want::Manifest { reference } => (Method::Get, format!("{root}/manifests/{reference}")),
        Want::Blob { digest } => (Method::Get, format!("{root}/blobs/{digest}")),
        Want::Put { tag, .. } => (Method::Put, format!("{root}/manifests/{tag}")),
        Want::Piece { digest } => (Method::Head, format!("{root}/blobs/{digest}")),
        Want::Probe { digest } => (Method::Get, format!("{root}/blobs/{digest}")),
        Want::Start => (Method::Post, format!("{root}/blobs/uploads/")),
        Want::Upload {
            location, digest, ..
        } => {
            let there = begun(&root, location);
            let joint = if there.contains('?') { '&' } else { '?' };
            (Method::Put, format!("{there}{joint}digest={digest}"))
        }
        Want::Drop { location } => (Method::Delete, begun(&root, location)),
    };
    let (header, body) = match want {
        Want::Head { .. } | Want::Manifest { .. } => (Some(("accept", MANIFESTS)), None),
        Want::Put {
            media_type, body, ..
        } => (
            Some(("content-type", media_type.as_str())),
            Some(Body::Text { text: body.clone() }),
        ),
        Want::Upload { source, .. } => {
            let body = Body::Answer {
                url: source.url.clone(),
                authorization: source.authorization.clone(),
            };
            let header = ("content-type", "application/octet-stream");
            (Some(header), Some(body))
        }
        Want::Probe { .. } => (Some(("range", "bytes=0-0")), None),
        Want::Start => (
            None,
            Some(Body::Text {
                text: String::new(),
            }),
        ),
        Want::Tags { .. } | Want::Blob { .. } | Want::Piece { .. } | Want::Drop { .. } => {
            (None, None)
        }
    };
    Fetch {
        method,
        url,
        headers: header
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        authorization: access.authorization(),
        direct: access.repository().is_local(),
        body,
        timeout: if matches!(want, Want::Upload { .. }) {
            UPLOAD
        } else {
            ANSWER
        },
        limit: LIMIT,
        want: HEADERS.map(str::to_owned).to_vec(),
        keep: None,
        save: None,
    }
}

/// Where an upload that was begun is gone on with, which the registry says; never anywhere but at that registry.
fn begun(root: &str, location: &str) -> String {
    let host = |url: &str| url.split('/').nth(2).map(str::to_owned);
    let there = resolved(root, location).filter(|there| host(there) == host(root));
    there.unwrap_or_else(|| format!("{root}/blobs/uploads/unknown"))
}

/// Where a location leads; never from TLS to where there is none.
pub(crate) fn resolved(here: &str, location: &str) -> Option<String> {
    let (scheme, rest) = here.split_once("://")?;
    let host = rest.split('/').next()?;
    if !location.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let there = if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else {
        location.to_owned()
    };
    let safe = there.starts_with("https://") || (scheme == "http" && there.starts_with("http://"));
    safe.then_some(there)
}

/// For a query: letters, digits and what is safe everywhere stay as they are.
pub(super) fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

/// Without all of these a registry converts a manifest, and its digest is another one.
pub(super) const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

pub(super) const HEADERS: [&str; 7] = [
    "content-type",
    "date",
    "docker-content-digest",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
];
