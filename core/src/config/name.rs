//! The rules for names, paths and addresses. None of them can be taken for an option of a command line, break a line or
//! leave its place: what passes here may stand in an argument as it is. Mistakes do not know their place yet.

use super::error::{Wrong, code};
use super::{DockerHost, SshHost};

#[cfg(test)]
mod tests;

type Parsed<T> = Result<T, Wrong>;

/// Variables that the engine's command line, ssh or their loader obey. A secret of that name would change what they do.
const OBEYED: &str = "ALL_PROXY CONTAINER_HOST FTP_PROXY HOME HOSTALIASES HTTPS_PROXY HTTP_PROXY LOCALDOMAIN LOGNAME \
    NO_PROXY PATH PWD REGISTRY_AUTH_FILE RES_OPTIONS SHELL SSL_CERT_DIR SSL_CERT_FILE TEMP TMP TMPDIR USER";

/// The same, by how they begin.
const OBEYED_FAMILIES: &str = "BUILDKIT_ BUILDX_ COMPOSE_ CONTAINERS_ DOCKER_ DYLD_ GLIBC_ GODEBUG GOGC GOMAXPROCS \
    GOMEMLIMIT GOTRACEBACK LD_ MALLOC_ SSH_ XDG_";

/// A service or an environment: it becomes part of the names of containers, volumes and networks.
pub(super) fn short_name(text: &str) -> Parsed<String> {
    let good = text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good {
        return Ok(text.to_owned());
    }
    let mistake = Wrong::new(code::NAME, "this name is not allowed")
        .expected("a small letter, then at most 39 small letters, digits and hyphens");
    Err(mistake.help_if(shortened(text).map(|name| format!("write `{name}`"))))
}

/// The nearest short name: small letters, a hyphen for everything else; `None` where no letter is in it.
pub(super) fn shortened(text: &str) -> Option<String> {
    let small: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<&str> = small.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words
        .join("-")
        .trim_start_matches(|c: char| !c.is_ascii_lowercase())
        .chars()
        .take(40)
        .collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        None
    } else {
        Some(name.to_owned())
    }
}

/// `[registry[:port]/]repository`, without tag and digest.
pub(super) fn image_name(text: &str) -> Parsed<String> {
    let wrong = || {
        Wrong::new(code::NAME, "this is no name of an image").expected(
            "`registry/repository` in small letters, such as `registry.example/acme/tasks`",
        )
    };
    let repository = text.rsplit_once('/').map_or(text, |(_, last)| last);
    if repository.contains([':', '@']) || text.contains('@') {
        return Err(
            wrong().help("leave tag and digest out; the input `image` says which one to deploy")
        );
    }
    if is_image_name(text) {
        Ok(text.to_owned())
    } else {
        Err(wrong())
    }
}

/// `name[:tag][@sha256:…]`.
pub(super) fn image_reference(text: &str) -> Parsed<String> {
    let (rest, digest) = text
        .split_once('@')
        .map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let slash = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest.rfind(':').filter(|colon| *colon > slash) {
        Some(colon) => (rest.get(..colon).unwrap_or(rest), rest.get(colon + 1..)),
        None => (rest, None),
    };
    let hex = |digits: &str| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let good_digest = digest.is_none_or(|digest| digest.strip_prefix("sha256:").is_some_and(hex));
    let good_tag =
        tag.is_none_or(|tag| tag.len() <= 128 && !tag.starts_with(['.', '-']) && is_word(tag));
    if is_image_name(name) && good_digest && good_tag {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(code::NAME, "this is no image")
        .expected("`name:tag` or `name@sha256:…`, such as `haproxy:3.2-alpine`"))
}

fn is_image_name(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (Some(host), path)
        }
        Some(_) | None => (None, text),
    };
    let component = |part: &str| {
        let edge =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(part.chars().next())
            && edge(part.chars().next_back())
            && part.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
            })
    };
    let good_host = host.is_none_or(|host| {
        let (name, port) = host.split_once(':').unwrap_or((host, "1"));
        is_host(name) && is_port(port)
    });
    good_host && text.len() <= 255 && path.split('/').all(component)
}

/// The name of an environment variable of the step.
pub(super) fn variable(text: &str) -> Parsed<String> {
    if is_variable(text) {
        return Ok(text.to_owned());
    }
    Err(
        Wrong::new(code::NAME, "this is no name of an environment variable")
            .expected("letters, digits and `_`, no digit first, such as `REGISTRY_TOKEN`")
            .help("write the name of the variable here, never its value"),
    )
}

/// The name of an environment variable of the service: dots and hyphens are seen in the wild.
pub(super) fn env_name(text: &str) -> Parsed<String> {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && is_word(text) {
        return Ok(text.to_owned());
    }
    Err(
        Wrong::new(code::NAME, "this is no name of an environment variable")
            .expected("letters, digits, `_`, `.` and `-`, a letter or `_` first"),
    )
}

/// The name of a secret that becomes an environment variable; it passes through the engine's command line.
pub(super) fn secret_variable(text: &str) -> Parsed<String> {
    let name = variable(text)?;
    let capitals = name.to_ascii_uppercase();
    let obeyed = OBEYED.split_whitespace().any(|obeyed| capitals == obeyed);
    let family = OBEYED_FAMILIES
        .split_whitespace()
        .any(|family| capitals.starts_with(family));
    if !obeyed && !family {
        return Ok(name);
    }
    Err(Wrong::new(code::SECRET, "a secret of this name would change what docker or ssh does")
        .help("let the service read it under another name, or from a file: `{ file: /run/secrets/…, from: … }`"))
}

/// The name of a secret that becomes a file; also the variable that its value is looked for in.
pub(super) fn secret_file_variable(text: &str) -> Parsed<String> {
    let name = text.to_ascii_uppercase().replace('-', "_");
    variable(&name).map_err(|_| {
        Wrong::new(code::NAME, "this name of a secret is not allowed")
            .expected("letters, digits, `-` and `_`, no digit first")
    })
}

/// A volume or a network, as docker allows them.
pub(super) fn docker_name(text: &str) -> Parsed<String> {
    let good =
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && is_word(text) && text.len() <= 255;
    if good {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(code::NAME, "this name is not allowed")
            .expected("letters, digits, `_`, `.` and `-`, a letter or digit first"))
    }
}

/// A network to join.
pub(super) fn network(text: &str) -> Parsed<String> {
    match text {
        "host" | "none" => Err(Wrong::new(
            code::NAME,
            "this network cannot be joined besides another one",
        )
        .help("name a network that `docker network create` has made")),
        _ => docker_name(text),
    }
}

/// `user[:group]`.
pub(super) fn user(text: &str) -> Parsed<String> {
    let (user, group) = text.split_once(':').unwrap_or((text, "0"));
    let part = |part: &str| is_word(part) && !part.starts_with(['-', '.']) && part.len() <= 64;
    if part(user) && part(group) {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(code::NAME, "this is no user")
            .expected("`user` or `user:group`, by name or number"))
    }
}

/// The name of a label.
pub(super) fn label(text: &str) -> Parsed<String> {
    if text.starts_with("cd-action.") {
        return Err(Wrong::new(
            code::NAME,
            "labels that begin with `cd-action.` are the action's own",
        )
        .help("give it another prefix"));
    }
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'=');
    if good {
        Ok(text.to_owned())
    } else {
        Err(
            Wrong::new(code::NAME, "this name of a label is not allowed")
                .expected("visible letters without `=`, a letter or digit first"),
        )
    }
}

/// An absolute path in a container, without `.`, `..`, colons and invisible characters.
pub(super) fn absolute_path(text: &str) -> Parsed<String> {
    let wrong = || {
        Wrong::new(code::PATH, "this is no absolute path")
            .expected("a path that begins with `/`, without `..`, `:` and invisible characters")
    };
    let inside = text.strip_prefix('/').ok_or_else(wrong)?;
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.contains(|c: char| c.is_control() || c == ':')
    };
    if inside.split('/').all(part) {
        Ok(text.to_owned())
    } else {
        Err(wrong())
    }
}

/// A folder inside the working tree, without `./` before it and `/` behind it; empty: the working tree itself.
pub(super) fn path_inside(text: &str) -> Parsed<String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if matches!(path, "." | "") && !text.starts_with('/') && !text.is_empty() {
        return Ok(String::new());
    }
    let part = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control() || c == ':')
    };
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.split('/').all(part) {
        Ok(path.to_owned())
    } else {
        Err(
            Wrong::new(code::PATH, "this is no path inside the working tree").expected(
                "a relative path without `..`, `:` and invisible characters, such as `services/tasks`",
            ),
        )
    }
}

/// A file inside a folder.
pub(super) fn file_inside(text: &str) -> Parsed<String> {
    match path_inside(text)? {
        path if path.is_empty() || text.ends_with('/') => {
            Err(Wrong::new(code::PATH, "this is no file")
                .expected("a path inside the context, such as `Dockerfile`"))
        }
        path => Ok(path),
    }
}

/// Where a secret's file stands.
pub(super) fn secret_path(text: &str) -> Parsed<String> {
    let path = absolute_path(text)?;
    if path.len() <= 101 {
        Ok(path)
    } else {
        Err(Wrong::new(code::PATH, "this path is too long")
            .expected("at most 100 bytes after the first `/`"))
    }
}

/// What a GET asks for.
pub(super) fn http_path(text: &str) -> Parsed<String> {
    if text.starts_with('/')
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b';' | b'\\'))
        && !text.contains("{{")
    {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(code::PATH, "this is no path to ask for").expected("a path that begins with `/`, without spaces, `#`, `;`, `\\` and placeholders; those and other letters as `%…`"))
}

/// `volume:/path[:ro]` or `/host/path:/path[:ro]`.
pub(super) fn volume(text: &str) -> Parsed<String> {
    let wrong = || {
        Wrong::new(code::PATH, "this is no volume")
            .expected("`volume:/path` or `/host/path:/path`, with `:ro` behind it to read only")
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target) = match parts.as_slice() {
        [source, target] | [source, target, "ro"] => (*source, *target),
        [source, target, "rw"] => return Err(wrong().help(format!("write `{source}:{target}`"))),
        _ => return Err(wrong()),
    };
    let source = if source.starts_with('/') {
        absolute_path(source)
    } else {
        docker_name(source)
    };
    match (source, absolute_path(target)) {
        (Ok(_), Ok(_)) => Ok(text.to_owned()),
        (Ok(_) | Err(_), Ok(_) | Err(_)) if text.starts_with(['.', '~']) => Err(wrong().help(
            "the target knows nothing of the working tree; write the absolute path on the host",
        )),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => Err(wrong()),
    }
}

/// Where a volume is mounted.
pub(super) fn mount_point(volume: &str) -> &str {
    volume.split(':').nth(1).unwrap_or(volume)
}

/// Where people reach an environment.
pub(super) fn url(text: &str) -> Parsed<String> {
    let wrong = || {
        Wrong::new(code::ADDRESS, "this is no URL")
            .expected("`https://` or `http://` and a host, without spaces")
    };
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match host.contains('@') {
        true => Err(Wrong::new(
            code::ADDRESS,
            "a URL that reports show cannot hold a user or a password",
        )),
        false
            if !host.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'`')) =>
        {
            Ok(text.to_owned())
        }
        false => Err(wrong()),
    }
}

/// Where a docker engine is.
pub(super) fn docker_host(text: &str) -> Parsed<DockerHost> {
    let wrong = || {
        Wrong::new(code::ADDRESS, "this is no docker engine")
            .expected("`ssh://user@host`, `ssh://user@host:port`, either with the path of a socket behind it, or `unix:///path`")
    };
    match text.split_once("://") {
        Some(("unix", path)) => absolute_path(path)
            .map(DockerHost::Unix)
            .map_err(|_| wrong()),
        Some(("ssh", rest)) => ssh_host(rest).map(DockerHost::Ssh).ok_or_else(wrong),
        Some(("tcp" | "http" | "https", _)) => Err(Wrong::new(
            code::NOT_YET,
            "an engine over tcp is not there yet",
        )
        .help("use `ssh://user@host`: it needs no open port of the engine")),
        Some(("npipe" | "fd", _)) => Err(Wrong::new(
            code::NOT_YET,
            "this way to an engine is not there yet",
        )
        .help("use `ssh://user@host` or `unix:///path`")),
        Some(_) => Err(wrong()),
        None => Err(wrong().help("begin with `ssh://` for a host, with `unix://` for a socket")),
    }
}

fn ssh_host(text: &str) -> Option<SshHost> {
    let (place, socket) = match text.find('/').map(|at| text.split_at(at)) {
        Some((place, "/")) => (place, None),
        Some((place, path)) => (place, Some(absolute_path(path).ok()?)),
        None => (text, None),
    };
    let (user, rest) = place
        .split_once('@')
        .map_or((None, place), |(user, rest)| (Some(user), rest));
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').map(|(host, rest)| {
            (
                host,
                rest.strip_prefix(':')
                    .or(if rest.is_empty() { None } else { Some("x") }),
            )
        })?,
        None => rest
            .split_once(':')
            .map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let good_user = user.is_none_or(|user| is_word(user) && !user.starts_with(['-', '.']));
    let good_host = if rest.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        is_host(host)
    };
    if !good_user || !good_host || !port.is_none_or(is_port) {
        return None;
    }
    Some(SshHost {
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port: port.and_then(|port| port.parse().ok()),
        socket,
    })
}

fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Letters, digits, `_`, `.` and `-`, at least one.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
