//! How git says which of two commits came first.

use super::Kinship;
use super::engine::{OUTPUT, QUICK};
use crate::protocol::{Completion, Effect, Run};

/// Is `theirs` before `ours`, or after it? `None`: it is no commit's name.
#[must_use]
pub fn compare(workspace: &str, theirs: &str, ours: &str) -> Option<Effect> {
    let hex = |text: &str| {
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let argv = ["sh", "-c", COMPARE, "sh", workspace, theirs, ours].map(str::to_owned);
    (hex(theirs) && hex(ours)).then(|| {
        Effect::Run(Run {
            argv: argv.to_vec(),
            inherit: ["PATH", "HOME"].map(str::to_owned).to_vec(),
            timeout: QUICK,
            output_limit: OUTPUT,
            ..Run::default()
        })
    })
}

/// What comparing commits came to.
#[must_use]
pub fn read_kinship(completion: Option<&Completion>) -> Kinship {
    let word = match completion {
        Some(Completion::Exited { stdout, .. }) => stdout.trim(),
        Some(_) | None => "",
    };
    match word {
        "older" => Kinship::Older,
        "newer" => Kinship::Newer,
        "apart" => Kinship::Apart,
        _ => Kinship::Unknown,
    }
}

const COMPARE: &str = r#"cd "$1" || exit 1
for it in "$2" "$3"; do git cat-file -e "$it^{commit}" 2>/dev/null || { echo unknown; exit; }; done
if git merge-base --is-ancestor "$2" "$3"; then echo older
elif git merge-base --is-ancestor "$3" "$2"; then echo newer
else echo apart; fi
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commits_are_compared() {
        let commit = "a".repeat(40);
        assert!(compare("/w", &commit, &commit).is_some());
        for no in ["", "HEAD", "--all", &"a".repeat(39), &"g".repeat(40)] {
            assert_eq!(compare("/w", no, &commit), None, "{no}");
        }
    }
}
