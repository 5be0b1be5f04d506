//! An answer to a probe, and whether it proves anything.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::rollout::Seen;

/// An HTTP answer, as far as a proof needs it.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) answered_by: String,
    body: String,
}

impl Page {
    pub(super) fn read(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split_whitespace().nth(1))
            .and_then(|it| it.parse().ok());
        let by = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("x-cd-answered-by"));
        Self {
            status: status.unwrap_or_default(),
            answered_by: by
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default(),
            body: body.to_owned(),
        }
    }

    /// Well only if this very instance answered, with the status and the members that were asked for.
    pub(super) fn judge(
        &self,
        name: &str,
        (low, high): (u16, u16),
        json: &BTreeMap<String, String>,
    ) -> Seen {
        if self.status == 0 {
            return Seen::Bad("its answer is no HTTP".to_owned());
        }
        if self.answered_by != name {
            // The router answers for itself where a server is not to be had.
            return Seen::Bad(format!(
                "status {}, and not it but {} answered",
                self.status,
                who(&self.answered_by)
            ));
        }
        if !(low..=high).contains(&self.status) {
            return Seen::Bad(format!("status {}, not {}", self.status, range(low, high)));
        }
        if json.is_empty() {
            return Seen::Good;
        }
        let Ok(body) = serde_json::from_str::<Value>(&self.body) else {
            return Seen::Bad("its answer is no JSON".to_owned());
        };
        let wrong = json.iter().find_map(|(path, wanted)| {
            let found = path.split('.').try_fold(&body, |value, key| value.get(key));
            let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
            (found != *wanted).then(|| {
                format!(
                    "it answers {path}: {}, not {wanted}",
                    found.chars().take(80).collect::<String>()
                )
            })
        });
        wrong.map_or(Seen::Good, Seen::Bad)
    }
}

fn who(name: &str) -> &str {
    if name.is_empty() {
        "the router itself"
    } else {
        name
    }
}

fn range(low: u16, high: u16) -> String {
    if low == high {
        low.to_string()
    } else {
        format!("{low} to {high}")
    }
}
