//! Measuring: the values of metrics, asked of a Prometheus while a canary has a share of the traffic.
//!
//! A reading is one request, and is not made again: the next reading is. Whatever is not one number is a reason, and never the
//! new version's fault.

use super::calls::Call;
use super::{Session, Tag};
use crate::analysis::{Real, Why, value};
use crate::config::{Credentials, Query};
use crate::protocol::{Completion, Effect, Fault, Fetch, Method};
use crate::registry::is_loopback;
use crate::rollout::{Action, ActionId, Observation};
use crate::target::docker::Step;

/// Milliseconds that an answer may take.
const TIMEOUT: u64 = 10_000;

/// Most bytes of an answer: one number with its labels is some hundred.
const LIMIT: u32 = 256 * 1024;

impl Session {
    /// The request of a metric, by its place in the configuration.
    pub(super) fn measure(&self, at: usize) -> Vec<Step> {
        let facts = self.facts_of_image();
        let Some(query) = self.environment().queries().get(at) else {
            return Vec::new();
        };
        // That it can be filled in was seen when the image became known.
        let Ok(text) = query.query.filled(&facts) else {
            return Vec::new();
        };
        let login = query.login.as_ref();
        let host = query.url.split('/').nth(2).unwrap_or_default();
        let fetch = Fetch {
            method: Method::Get,
            url: format!("{}/api/v1/query?query={}", query.url, encoded(&text)),
            headers: [("accept".to_owned(), "application/json".to_owned())].into(),
            authorization: login.map(Credentials::at_an_interface),
            direct: is_loopback(host),
            timeout: TIMEOUT,
            limit: LIMIT,
            ..Fetch::default()
        };
        vec![Step::strict(Effect::Fetch(fetch))]
    }

    pub(super) fn on_measured(&mut self, id: ActionId, action: &Action, call: &Call<Tag>) {
        let value = read(call.done.last());
        self.observe_act(id, action, Observation::Measured(value));
    }

    /// Names of the secrets that metrics are asked with.
    pub(super) fn metric_secrets(&self) -> Vec<String> {
        secrets_of(self.environment().queries()).collect()
    }
}

/// Names of the secrets that these are asked with.
pub(super) fn secrets_of(queries: &[Query]) -> impl Iterator<Item = String> {
    let logins = queries.iter().filter_map(|it| it.login.as_ref());
    logins.map(|it| it.secret().to_owned())
}

/// The value in an answer; or why there is none.
fn read(completion: Option<&Completion>) -> Result<Real, Why> {
    let failing = |why: &str| Err(Why::SourceFailing(why.to_owned()));
    match completion {
        Some(Completion::Fetched { status, body, .. }) => match (status, value(body)) {
            (200, read) => read,
            // What was wrong with the query is in the answer.
            (400..=499, Err(Why::SourceFailing(why))) if body.trim_start().starts_with('{') => {
                failing(&format!("it answered {status}: {why}"))
            }
            (status, _) => failing(&format!("it answered {status}")),
        },
        Some(Completion::TimedOut { .. }) => failing("no answer within 10 s"),
        Some(Completion::Failed {
            fault: Fault::TooLarge,
            ..
        }) => failing("the answer is too large to be of one number"),
        Some(Completion::Failed { message, .. }) => failing(message),
        Some(
            Completion::Exited { .. }
            | Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. },
        ) => failing("this is no answer"),
        None => failing("it could not be asked"),
    }
}

/// As a part of a URL.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Completion {
        Completion::Fetched {
            status,
            headers: [].into(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn only_a_number_that_was_answered_well_is_a_value() {
        let number = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1764268458.1,"0.5"]}]}}"#;
        let wrong = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        let failed = |fault| Completion::Failed {
            fault,
            message: "connect ECONNREFUSED".to_owned(),
        };
        let timed_out = Completion::TimedOut {
            stdout: String::new(),
            stderr: String::new(),
        };
        assert_eq!(read(Some(&answered(200, number))), Ok(Real(0.5)));
        let rows = [
            (answered(503, number), "it answered 503"),
            (answered(302, ""), "it answered 302"),
            (answered(401, "<html>"), "it answered 401"),
            (answered(400, wrong), "it answered 400: parse error"),
            (answered(200, ""), "the answer is no JSON"),
            (failed(Fault::Unreachable), "connect ECONNREFUSED"),
            (
                failed(Fault::TooLarge),
                "the answer is too large to be of one number",
            ),
            (timed_out, "no answer within 10 s"),
        ];
        for (completion, why) in rows {
            let expected = Err(Why::SourceFailing(why.to_owned()));
            assert_eq!(read(Some(&completion)), expected, "{completion:?}");
        }
        assert!(read(None).is_err());
    }

    #[test]
    fn a_query_is_one_part_of_the_address() {
        assert_eq!(
            encoded("sum(rate(a{v=\"1.2\"}[1m])) + é"),
            "sum%28rate%28a%7Bv%3D%221.2%22%7D%5B1m%5D%29%29%20%2B%20%C3%A9"
        );
    }
}
