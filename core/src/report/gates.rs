//! What gates said, as rows: one a gate, and one for each in it.

use crate::gate::{Judged, Reason, Verdict};

use super::words::when;

/// Reasons of one gate that are shown; all are in the report file.
const MOST: usize = 8;

/// A gate.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) verdict: String,
    pub(super) because: String,
    pub(super) reasons: Vec<Reason>,
    /// Whether there are more reasons.
    pub(super) more: bool,
}

impl Row {
    /// The addresses behind the reasons, for plain text.
    pub(super) fn links(&self) -> String {
        let links = self.reasons.iter().filter_map(|it| it.link.as_deref());
        let links: Vec<&str> = links.collect();
        if links.is_empty() {
            String::new()
        } else {
            format!(" ({})", links.join(" "))
        }
    }
}

pub(super) fn rows(gates: &[Judged]) -> Vec<Row> {
    gates.iter().flat_map(|gate| deep(gate, 0)).collect()
}

fn deep(gate: &Judged, depth: usize) -> Vec<Row> {
    let verdict = match (&gate.overridden, &gate.verdict) {
        (Some(words), _) => format!("overridden by {words}"),
        (
            None,
            Verdict::Pending {
                until: Some(until), ..
            },
        ) => {
            format!("pending until {}", when(*until))
        }
        (None, verdict) if verdict.is_unasked() => "asked at the deploy".to_owned(),
        (None, verdict) => verdict.word().to_owned(),
    };
    let mut reasons = gate.because.clone();
    let more = reasons.len() > MOST;
    reasons.truncate(MOST);
    if let Verdict::Pending { on, .. } = &gate.verdict
        && gate.parts.is_empty()
    {
        let (text, link) = (format!("waits for {on}"), None);
        reasons.push(Reason { text, link });
    }
    let texts: Vec<&str> = reasons.iter().map(|it| it.text.as_str()).collect();
    let row = Row {
        depth,
        name: gate.name.clone(),
        verdict,
        because: texts.join("; "),
        reasons,
        more,
    };
    let parts = gate.parts.iter().flat_map(|it| deep(it, depth + 1));
    std::iter::once(row).chain(parts).collect()
}

/// Before a gate inside of others, in a table of Markdown.
pub(super) const fn indent(depth: usize) -> &'static str {
    match depth {
        0 => "",
        1 => "· ",
        2 => "· · ",
        _ => "· · · ",
    }
}
