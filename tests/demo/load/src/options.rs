//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
usage: demo-load --url http://HOST:PORT/PATH [options]
  --rate N             requests a second (100)
  --seconds N          how long; without it until SIGTERM, SIGINT or the stop file
  --stop-file FILE     ends as soon as FILE is there
  --record FILE        a JSON line for every request
  --timeout-ms N       an answer that takes longer is a failure (10000)
  --keep-alive         persistent connections instead of a new one for each request
  --connections N      how many of those (10)
At the end it prints one JSON document: sent, ok, failed, by_version, first_failure, longest_outage_ms, failures, …";

/// The command line, understood.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    /// `HOST:PORT`, as it was written.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) rate: f64,
    pub(crate) length: Option<Duration>,
    pub(crate) stop_file: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) timeout: Duration,
    /// How many persistent connections; `None`: a new one for each request.
    pub(crate) kept: Option<usize>,
}

impl Options {
    /// The error is a sentence.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (mut url, mut length, mut stop_file, mut record) = (None, None, None, None);
        let (mut rate, mut timeout) = (100.0, Duration::from_secs(10));
        let (mut keep_alive, mut connections) = (false, 10);
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            if name == "--keep-alive" {
                keep_alive = true;
                continue;
            }
            let value = rest.next().ok_or_else(|| format!("{name} has no value"))?;
            match name.as_str() {
                "--url" => url = Some(value),
                "--rate" => rate = positive(name, value)?,
                "--seconds" => length = Some(Duration::from_secs_f64(positive(name, value)?)),
                "--stop-file" => stop_file = Some(PathBuf::from(value)),
                "--record" => record = Some(PathBuf::from(value)),
                "--timeout-ms" => {
                    timeout = Duration::from_secs_f64(positive(name, value)? / 1000.0);
                }
                "--connections" => connections = whole(name, value)?,
                _ => return Err(format!("there is no {name}")),
            }
        }
        let (host, path) = parts_of(url.ok_or("--url is missing")?)?;
        let mut addresses = host
            .to_socket_addrs()
            .map_err(|error| format!("--url: {host}: {error}"))?;
        Ok(Self {
            address: addresses
                .next()
                .ok_or_else(|| format!("--url: {host} has no address"))?,
            host,
            path,
            rate,
            length,
            stop_file,
            record,
            timeout,
            kept: keep_alive.then_some(connections),
        })
    }
}

fn parts_of(url: &str) -> Result<(String, String), String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("--url: {url} does not begin with http://"))?;
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (rest, "/".to_owned()),
    };
    let with_port = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    Ok((with_port, path))
}

fn positive(name: &str, value: &str) -> Result<f64, String> {
    match value.parse::<f64>() {
        // A million seconds, or requests a second, is a slip of the hand.
        Ok(number) if number > 0.0 && number <= 1e6 => Ok(number),
        _ => Err(format!(
            "{name} is `{value}`, not a number above 0 and up to a million"
        )),
    }
}

fn whole(name: &str, value: &str) -> Result<usize, String> {
    match value.parse::<usize>() {
        Ok(number) if (1..=10_000).contains(&number) => Ok(number),
        _ => Err(format!(
            "{name} is `{value}`, not a whole number from 1 to 10000"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn understands_everything() {
        let options = parse(
            "--url http://127.0.0.1:8000/tasks?a=1 --rate 300 --seconds 1.5 --keep-alive --connections 4 --timeout-ms 250",
        )
        .expect("valid");
        assert_eq!(options.address, SocketAddr::from(([127, 0, 0, 1], 8000)));
        assert_eq!(options.path, "/tasks?a=1");
        assert_eq!(options.length, Some(Duration::from_millis(1500)));
        assert_eq!(options.timeout, Duration::from_millis(250));
        assert_eq!(options.kept, Some(4));
    }

    #[test]
    fn a_url_without_port_and_path_means_the_usual_ones() {
        let options = parse("--url http://127.0.0.1").expect("valid");
        assert_eq!(
            (options.host.as_str(), options.path.as_str()),
            ("127.0.0.1:80", "/")
        );
        assert_eq!(options.kept, None);
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, says) in [
            ("", "--url is missing"),
            (
                "--url ftp://x/",
                "--url: ftp://x/ does not begin with http://",
            ),
            (
                "--url http://127.0.0.1/ --rate 0",
                "--rate is `0`, not a number above 0 and up to a million",
            ),
            ("--speed 3", "there is no --speed"),
            ("--url", "--url has no value"),
        ] {
            assert_eq!(parse(text).expect_err(text), says);
        }
    }
}
