//! Whatever somebody else says, a report stays the report that we wrote.

use proptest::prelude::*;

use super::samples::{OUTCOMES, gates, plan, rolled_back, selection, status};
use super::*;
use crate::gate::{Judged, Verdict as Says};
use crate::rollback::Verdict;

/// Pieces that mean something to Markdown, to HTML, to a diagram, to a terminal, to a runner or to a careless reader.
const PIECES: [&str; 54] = [
    "|",
    "\\|",
    "\\\\|",
    "\\",
    "`",
    "``",
    "```",
    "````",
    "~~~",
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "<!--",
    "-->",
    "</details>",
    "</code>",
    "<code>",
    "&lt;script&gt;",
    "&#124;",
    "@octocat",
    "www.evil.example",
    "https://evil.example",
    "fixes #12",
    "acme/tasks#12",
    "GH-12",
    "!12",
    "@",
    "#1",
    "# a",
    "- a",
    "1. a",
    "> a",
    "| --- |",
    "---",
    "===",
    "    a",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{1b}[31m",
    "\u{1b}]0;a\u{7}",
    "\u{1b}",
    "\0",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "::error::a",
    "##[error]a",
    "%%",
    "section",
    ":smile:",
    ";",
    "ü",
];

fn foreign() -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => ".{0,6}"];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// A report that holds all there is, where every text is somebody else's.
fn hostile() -> impl Strategy<Value = Report> {
    let outcome = proptest::sample::select(&OUTCOMES[..]);
    (outcome, proptest::collection::vec(foreign(), 40))
        .prop_map(|(outcome, texts)| fill(outcome, texts))
}

/// A report that holds all there is, with texts that mean nothing.
fn tame(outcome: Outcome) -> Report {
    fill(outcome, vec!["word".to_owned()])
}

fn fill(outcome: Outcome, texts: Vec<String>) -> Report {
    let mut report = Report {
        outcome,
        plan: plan().plan,
        status: status().status,
        gates: gates(),
        candidates: Some(selection()),
        troubles: vec![String::new()],
        left: vec![String::new()],
        next: vec![String::new(), String::new()],
        ..rolled_back()
    };
    let mut texts = texts.into_iter().cycle();
    let mut fill = |text: &mut String| texts.next().into_iter().for_each(|next| *text = next);
    fill_facts(&mut report, &mut fill);
    fill_story(&mut report, &mut fill);
    report
        .plan
        .iter_mut()
        .for_each(|it| fill_plan(it, &mut fill));
    report
        .status
        .iter_mut()
        .for_each(|it| fill_status(it, &mut fill));
    report
        .candidates
        .iter_mut()
        .for_each(|it| fill_selection(it, &mut fill));
    report
        .gates
        .iter_mut()
        .for_each(|it| fill_gate(it, &mut fill));
    report
}

fn fill_gate(gate: &mut Judged, fill: &mut dyn FnMut(&mut String)) {
    let Judged {
        name,
        because,
        overridden,
        verdict,
        parts,
        kind: _,
    } = gate;
    fill(name);
    overridden.iter_mut().for_each(&mut *fill);
    for reason in because {
        fill(&mut reason.text);
        reason.link.iter_mut().for_each(&mut *fill);
    }
    if let Says::Pending { on, .. } = verdict {
        fill(on);
    }
    parts.iter_mut().for_each(|it| fill_gate(it, fill));
}

fn fill_facts(report: &mut Report, fill: &mut impl FnMut(&mut String)) {
    let Report {
        service,
        environment,
        reason,
        journal,
        path,
        ..
    } = report;
    [service, environment, reason, journal, path]
        .into_iter()
        .for_each(&mut *fill);
    let Report {
        url,
        run_url,
        ledger_head,
        because,
        next,
        troubles,
        left,
        ..
    } = report;
    [url, run_url, ledger_head]
        .into_iter()
        .flatten()
        .for_each(&mut *fill);
    [because, next, troubles, left]
        .into_iter()
        .flatten()
        .for_each(&mut *fill);
    let Report {
        wanted,
        before,
        serving,
        ..
    } = report;
    [wanted, before, serving]
        .into_iter()
        .flatten()
        .for_each(|it| fill_release(it, fill));
}

fn fill_story(report: &mut Report, fill: &mut impl FnMut(&mut String)) {
    for Log { instance, text } in &mut report.logs {
        [instance, text].into_iter().for_each(&mut *fill);
    }
    report.phases.iter_mut().for_each(|it| fill(&mut it.name));
    for Decision {
        at: _,
        phase,
        decision,
        because,
    } in &mut report.decisions
    {
        [phase, decision]
            .into_iter()
            .chain(because)
            .for_each(&mut *fill);
    }
    for Act {
        at: _,
        what,
        took: _,
        ended,
    } in &mut report.acts
    {
        [what, ended].into_iter().for_each(&mut *fill);
    }
    for ProbeLine {
        instance,
        good: _,
        bad: _,
        blind: _,
        last_bad,
    } in &mut report.probes
    {
        [instance].into_iter().chain(last_bad).for_each(&mut *fill);
    }
}

fn fill_release(line: &mut ReleaseLine, fill: &mut impl FnMut(&mut String)) {
    let ReleaseLine {
        version,
        image,
        digest,
        config_hash,
        generation,
        replicas: _,
        known_good_since: _,
    } = line;
    [version, image, digest, config_hash]
        .into_iter()
        .chain(generation)
        .for_each(fill);
}

fn fill_plan(plan: &mut PlanLines, fill: &mut impl FnMut(&mut String)) {
    let PlanLines {
        no_return,
        strategy,
        button,
        steps,
        rollback,
        worst: _,
        peak: _,
        interruption,
        notes,
    } = plan;
    *interruption = Some(String::new());
    no_return.push(String::new());
    [strategy, button, rollback]
        .into_iter()
        .chain(interruption)
        .chain(notes)
        .chain(no_return)
        .for_each(&mut *fill);
    steps
        .iter_mut()
        .flat_map(|it| [&mut it.name, &mut it.does, &mut it.on_failure])
        .for_each(fill);
}

fn fill_status(status: &mut Status, fill: &mut impl FnMut(&mut String)) {
    let Status {
        instances,
        router,
        astray,
        known_good,
        quarantine,
        overridden,
        lease,
        unfinished,
        under_way,
        down,
        silent: _,
        ledger,
        ledger_sound: _,
    } = status;
    *astray = vec![String::new()];
    *overridden = vec![String::new()];
    *down = vec![String::new()];
    *under_way = Some(String::new());
    let texts = [router, ledger]
        .into_iter()
        .chain(astray)
        .chain(quarantine)
        .chain(overridden)
        .chain(lease)
        .chain(unfinished)
        .chain(under_way)
        .chain(down);
    texts.for_each(&mut *fill);
    known_good.iter_mut().for_each(|it| fill_release(it, fill));
    for InstanceLine {
        instance,
        container,
        state,
        weight,
    } in instances
    {
        [instance, container, state, weight]
            .into_iter()
            .for_each(&mut *fill);
    }
}

fn fill_selection(selection: &mut Selection, fill: &mut impl FnMut(&mut String)) {
    let Selection {
        candidates,
        never_proven,
    } = selection;
    for candidate in candidates {
        fill(&mut candidate.known_good.release.version);
        fill(&mut candidate.known_good.release.digest);
        match &mut candidate.verdict {
            Verdict::Quarantined { reason, .. } => fill(reason),
            Verdict::SecretsMissing { names } => names.iter_mut().for_each(&mut *fill),
            Verdict::PastNoReturn { hook, version, .. } => {
                fill(hook);
                fill(version);
            }
            Verdict::Chosen
            | Verdict::NotAsked
            | Verdict::Serves
            | Verdict::ImageMissing
            | Verdict::Left { .. }
            | Verdict::Older => {}
        }
    }
    never_proven
        .iter_mut()
        .flat_map(|it| [&mut it.version, &mut it.digest, &mut it.reason])
        .for_each(fill);
}

/// Markdown taken apart as CommonMark does it: fenced blocks, and the lines between them.
struct Blocks {
    fenced: Vec<(String, Vec<String>)>,
    lines: Vec<String>,
}

fn blocks(markdown: &str) -> Blocks {
    let mut blocks = Blocks {
        fenced: Vec::new(),
        lines: Vec::new(),
    };
    let mut open: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let rest = line.trim_start_matches('`');
        match (open, blocks.fenced.last_mut()) {
            (Some(fence), _) if ticks >= fence && rest.trim().is_empty() => open = None,
            (Some(_), Some((_, lines))) => lines.push(line.to_owned()),
            (None, _) if ticks >= 3 && !rest.contains('`') => {
                open = Some(ticks);
                blocks.fenced.push((rest.to_owned(), Vec::new()));
            }
            (None | Some(_), _) => blocks.lines.push(line.to_owned()),
        }
    }
    assert_eq!(open, None, "a fence that is never closed");
    blocks
}

/// A line as a reader sees it: numeric references are what they stand for.
fn shown(line: &str) -> String {
    let mut pieces = line.split("&#");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once(';').unwrap_or(("", piece));
        shown.extend(number.parse().ok().and_then(char::from_u32));
        shown.push_str(rest);
    }
    shown
}

/// The same of what stands in `<code>`: whoever looks for addresses in what is shown looks at no code.
fn without_elements(line: &str) -> String {
    let mut pieces = line.split("<code>");
    let before = pieces.next().unwrap_or_default().to_owned();
    let after = pieces.map(|it| it.split_once("</code>").map_or(it, |(_, after)| after));
    before + &after.collect::<String>()
}

/// A line without where our own links lead: to the run, and to what gates rest on.
fn without_targets(line: &str) -> String {
    let mut pieces = line.split("](<");
    let before = pieces.next().unwrap_or_default().to_owned();
    let after = pieces.map(|it| it.split_once(">)").map_or(it, |(_, after)| after));
    before + &after.collect::<String>()
}

/// A line without its code: what stands between single backticks means nothing.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Bars in front of which there is nothing that takes their meaning; in a table not even code does that.
fn bars(line: &str) -> usize {
    line.matches('|').count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_hidden_in_a_report(report in hostile()) {
        let (title, message) = report.annotation().unwrap_or_default();
        for text in [report.text(), report.markdown(), title, message] {
            prop_assert_eq!(text.chars().find(|&c| c != '\n' && is_hidden(c)), None);
        }
    }

    #[test]
    fn nobody_else_writes_a_heading(report in hostile()) {
        let headings = |text: &str| text.lines().filter(|line| !line.is_empty() && !line.starts_with("  ")).count();
        prop_assert!(headings(&report.text()) <= headings(&tame(report.outcome).text()));
    }

    #[test]
    fn every_line_of_a_log_says_whose_it_is(who in "[a-z]{1,9}", text in foreign()) {
        let report = Report { logs: vec![Log { instance: who.clone(), text }], ..rolled_back() };
        let text = report.text();
        let words = text.lines().skip_while(|line| !line.starts_with("last words of")).skip(1);
        let mark = format!("  {who} │");
        for line in words.take_while(|line| !line.is_empty()) {
            prop_assert!(line.starts_with(&mark) || line == "  it wrote nothing", "{}", line);
        }
    }

    #[test]
    fn nothing_breaks_out_of_a_table(report in hostile()) {
        let lines = blocks(&report.markdown()).lines;
        let mut columns = None;
        for line in lines {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            prop_assert!(line.ends_with('|'), "{}", line);
            let expected = *columns.get_or_insert_with(|| bars(&line));
            prop_assert_eq!(bars(&line), expected, "{}", line);
        }
    }

    #[test]
    fn nothing_breaks_out_of_a_fence(report in hostile()) {
        let (found, expected) = (blocks(&report.markdown()), blocks(&tame(report.outcome).markdown()));
        let kinds = |blocks: &Blocks| blocks.fenced.iter().filter(|(kind, _)| kind == "mermaid").count();
        prop_assert_eq!(kinds(&found), kinds(&expected));
        let lines = |blocks: &Blocks| blocks.lines.iter().filter(|line| line.starts_with("### ")).count();
        prop_assert_eq!(lines(&found), lines(&expected));
    }

    #[test]
    fn nothing_leads_anywhere_for_whoever_looks_at_what_is_shown(report in hostile()) {
        for line in blocks(&report.markdown()).lines {
            let line = without_elements(&without_targets(&without_code(&line)));
            let line = shown(&line).to_lowercase();
            for (mark, number) in [("www.", false), ("://", false), ("#", true), ("!", true), ("gh-", true)] {
                let mut after = line.split(mark).skip(1);
                let found = after.find(|after| !number || after.starts_with(|c: char| c.is_ascii_digit()));
                prop_assert_eq!(found, None, "{}: {}", mark, line);
            }
        }
    }

    #[test]
    fn nothing_becomes_html_or_a_mention(report in hostile()) {
        for line in blocks(&report.markdown()).lines {
            let mut line = without_targets(&without_code(&line));
            for ours in ["<details><summary>", "</summary>", "</details>", "<code>", "</code>"] {
                line = line.replace(ours, "");
            }
            prop_assert!(!line.contains('<'), "{}", line);
            let mention = line.split('@').skip(1).find(|after| after.starts_with(|c: char| c.is_alphanumeric()));
            prop_assert_eq!(mention, None);
        }
    }

    #[test]
    fn a_diagram_holds_numbers_and_tame_names(report in hostile()) {
        let diagrams = blocks(&report.markdown()).fenced;
        for line in diagrams.iter().filter(|(kind, _)| kind == "mermaid").flat_map(|(_, lines)| lines).skip(3) {
            let (name, data) = line.split_once(" :").unwrap_or((line, ""));
            let is_tame = |c: char| c.is_ascii_alphanumeric() || " .-".contains(c);
            prop_assert!(name.chars().all(is_tame), "{}", line);
            prop_assert!(data.chars().all(|c| c.is_ascii_alphanumeric() || ", ".contains(c)), "{}", line);
        }
    }

    #[test]
    fn an_annotation_fits(text in ".{0,3000}", outcome in proptest::sample::select(&OUTCOMES[..])) {
        let report = fill(outcome, vec![text]);
        let (title, message) = report.annotation().unwrap_or_default();
        prop_assert!(message.encode_utf16().count() <= 3_500);
        prop_assert!(title.chars().count() <= 200 && !title.contains('\n'));
    }
}

#[test]
fn of_a_summary_that_is_too_long_the_log_is_cut_first() {
    let line = "a line of a log | with `everything` in it\n";
    let log = Log {
        instance: "g2-1".to_owned(),
        text: line.repeat(30_000) + "the last words\n",
    };
    let report = Report {
        logs: vec![log.clone(), log],
        ..rolled_back()
    };
    let markdown = report.markdown();
    assert!(markdown.len() <= 900 * 1024);
    assert!(
        markdown.len() > 850 * 1024,
        "there was room for more of the logs: {}",
        markdown.len()
    );
    assert_eq!(markdown.matches("the last words\n```").count(), 2);
    for kept in [
        "## rolled back",
        "**Cause:**",
        "**Next:**",
        "2 acts on the target",
        "ledger head",
    ] {
        assert!(markdown.contains(kept), "{kept}");
    }
}

#[test]
fn however_long_a_summary_would_be_it_fits() {
    let text = "@|".repeat(1_000);
    let report = fill(Outcome::RolledBack, vec![text.clone()]);
    let act = Act {
        at: Timestamp(0),
        what: text.clone(),
        took: 0,
        ended: text.clone(),
    };
    let log = Log {
        instance: text.clone(),
        text: "`".repeat(20_000),
    };
    let report = Report {
        acts: vec![act; 1_000],
        because: vec![text; 1_000],
        logs: vec![log; 9],
        ..report
    };
    let markdown = report.markdown();
    assert!(markdown.len() <= 900 * 1024, "{}", markdown.len());
    assert!(markdown.contains("**Cause:**") && markdown.ends_with("is in the report file.\n\n"));
}
