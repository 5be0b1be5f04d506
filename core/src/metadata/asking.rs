//! What git has to be asked for a run of `metadata`: most events tell all that is wanted, and then nothing is.

use crate::event::asking::Question;
use crate::event::{Event, GitFacts, System};
use crate::tag::Wants;

/// What has to be asked, given what the event tells.
pub(super) fn questions(event: &Event, wants: Wants) -> Vec<Question> {
    let checkout = wants.checkout || event.system == System::Git;
    let repository = &event.repository;
    let nameless = repository.full_name.is_empty() || repository.url.is_empty();
    let rows = [
        (
            checkout || wants.commit_date || event.sha.is_empty(),
            Question::Head,
        ),
        (checkout, Question::SymbolicRef),
        (nameless, Question::Remote),
        (wants.default_branch, Question::DefaultBranch),
    ];
    let asked = rows.into_iter().filter(|(asked, _)| *asked);
    asked.map(|(_, question)| question).collect()
}

/// What has to be asked where no branch is checked out.
pub(super) fn detached(git: &GitFacts) -> Vec<Question> {
    match (&git.head, &git.symbolic_ref) {
        (Some(_), None) => vec![Question::Branches, Question::Tags],
        (Some(_), Some(_)) | (None, _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Repository;

    fn of_github() -> Event {
        Event {
            system: System::GitHub,
            sha: "860c190".to_owned(),
            repository: Repository {
                full_name: "o/r".to_owned(),
                url: "https://github.com/o/r".to_owned(),
                ..Repository::default()
            },
            ..Event::default()
        }
    }

    #[test]
    fn nothing_is_asked_where_the_event_tells_all_that_is_wanted() {
        assert_eq!(questions(&of_github(), Wants::default()), []);
    }

    #[test]
    fn what_is_wanted_is_asked_and_no_more() {
        let none = Wants::default();
        let rows = [
            (
                Wants {
                    commit_date: true,
                    ..none
                },
                vec![Question::Head],
            ),
            (
                Wants {
                    default_branch: true,
                    ..none
                },
                vec![Question::DefaultBranch],
            ),
            (
                Wants {
                    checkout: true,
                    ..none
                },
                vec![Question::Head, Question::SymbolicRef],
            ),
        ];
        for (wants, expected) in rows {
            assert_eq!(questions(&of_github(), wants), expected);
        }
        let expected = [Question::Head, Question::SymbolicRef, Question::Remote];
        assert_eq!(questions(&Event::default(), none), expected);
    }

    #[test]
    fn branches_and_tags_are_asked_for_where_no_branch_is_checked_out() {
        let mut git = GitFacts::default();
        assert_eq!(detached(&git), []);
        git.head = Some("a".to_owned());
        assert_eq!(detached(&git), [Question::Branches, Question::Tags]);
        git.symbolic_ref = Some("refs/heads/main".to_owned());
        assert_eq!(detached(&git), []);
    }
}
