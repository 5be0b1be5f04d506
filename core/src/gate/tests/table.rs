//! `checks`, exhaustively, against an oracle that is written differently.
//!
//! One check is asked for. Two check runs, one or none; of two apps; of this commit, of the pull request's head, of another
//! one; in one of 8 states; older or newer: 1 + 96 + 96 × 96 = 9,313. A status in 4 states of this commit or another, or none:
//! 9. The head has the same tree or not, skipped counts or not: 4. In all 335,268.

use super::*;
use crate::forge::Twin;

const HEAD: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

/// `status`, `conclusion`, whether it is of this very run.
const STATES: [(&str, &str, bool); 8] = [
    ("in_progress", "", false),
    ("queued", "", true),
    ("completed", "success", false),
    ("completed", "neutral", true),
    ("completed", "skipped", false),
    ("completed", "failure", false),
    ("completed", "cancelled", false),
    ("completed", "surprise", false),
];

fn all_runs() -> Vec<CheckRun> {
    let mut runs = Vec::new();
    for app in [1, 2] {
        for commit in [COMMIT, HEAD, OTHER] {
            for (status, conclusion, own) in STATES {
                for started in [1, 2] {
                    let of = if own { 7 } else { 5 };
                    runs.push(CheckRun {
                        id: 1,
                        app,
                        status: status.to_owned(),
                        started,
                        details: format!("https://forge.example/a/b/actions/runs/{of}/job/1"),
                        commit: commit.to_owned(),
                        ..run("test", conclusion)
                    });
                }
            }
        }
    }
    runs
}

fn all_lists() -> Vec<Vec<CheckRun>> {
    let runs = all_runs();
    let mut lists = vec![Vec::new()];
    lists.extend(runs.iter().map(|it| vec![it.clone()]));
    for first in &runs {
        lists.extend(runs.iter().map(|second| {
            let second = CheckRun {
                id: 2,
                ..second.clone()
            };
            vec![first.clone(), second]
        }));
    }
    lists
}

fn all_statuses() -> Vec<Option<CommitStatus>> {
    let mut statuses = vec![None];
    for commit in [COMMIT, OTHER] {
        for state in ["success", "pending", "failure", "surprise"] {
            statuses.push(Some(CommitStatus {
                id: 1,
                context: "test".to_owned(),
                state: state.to_owned(),
                commit: commit.to_owned(),
                ..CommitStatus::default()
            }));
        }
    }
    statuses
}

/// Who speaks last of each reporter, by sorting; what that is, by a table; and the worst of it.
fn oracle(
    runs: &[CheckRun],
    status: Option<&CommitStatus>,
    twin: bool,
    skipped: bool,
) -> &'static str {
    let mut voices: Vec<(u64, bool, bool, u64, u64, char)> = Vec::new();
    for run in runs {
        let near = run.commit == COMMIT;
        if !(near || (twin && run.commit == HEAD)) {
            continue;
        }
        let open = run.status != "completed";
        let says = match (open, &run.conclusion[..]) {
            (true, _) => 'w',
            (false, "success" | "neutral") => 'y',
            (false, "skipped") => ['n', 'y'][usize::from(skipped)],
            (false, "failure" | "cancelled") => 'n',
            (false, _) => '?',
        };
        voices.push((run.app, near, open, run.started, run.id, says));
    }
    voices.sort_unstable();
    let mut last: Vec<char> = Vec::new();
    for (at, voice) in voices.iter().enumerate() {
        if voices.get(at + 1).is_none_or(|next| next.0 != voice.0) {
            last.push(voice.5);
        }
    }
    if let Some(status) = status.filter(|it| it.commit == COMMIT) {
        let says = [("success", 'y'), ("pending", 'w'), ("failure", 'n')];
        let found = says.iter().find(|(word, _)| *word == status.state);
        last.push(found.map_or('?', |(_, says)| *says));
    }
    let order = [
        ('n', "fail"),
        ('?', "unknown"),
        ('w', "pending"),
        ('y', "pass"),
    ];
    let worst = order.iter().find(|(says, _)| last.contains(says));
    worst.map_or("unknown", |(_, word)| word)
}

#[test]
fn the_whole_table_of_one_check() {
    let (lists, statuses) = (all_lists(), all_statuses());
    let mut count = 0_u32;
    for twin in [false, true] {
        for skipped in [false, true] {
            let kind = Kind::Checks(Checks {
                of: vec![Check {
                    name: "test".to_owned(),
                    skipped,
                    ..Check::default()
                }],
            });
            let mut evidence = checked(Vec::new());
            for status in &statuses {
                for runs in &lists {
                    evidence.checks = seen(Checked {
                        runs: runs.clone(),
                        statuses: status.iter().cloned().collect(),
                        twin: twin.then(|| Twin {
                            commit: HEAD.to_owned(),
                            pull: 12,
                        }),
                    });
                    let judged = says(&kind, &evidence);
                    let expected = oracle(runs, status.as_ref(), twin, skipped);
                    assert_eq!(
                        judged.verdict.word(),
                        expected,
                        "{runs:#?} {status:?} {twin} {skipped}"
                    );
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 335_268);
}
