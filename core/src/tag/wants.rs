//! What a derivation needs that the event does not tell, so that git is asked for that and for nothing else.

use std::collections::BTreeMap;

use super::rule::{self, Maker};
use super::{Inputs, settings};
use crate::event::Event;

/// What only git can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Which commit and ref are checked out: `context: git`.
    pub checkout: bool,
    /// When the commit was made.
    pub commit_date: bool,
    /// Which branch is the main one.
    pub default_branch: bool,
}

/// What these inputs need and this event does not tell. An expression counts wherever its name stands, in a comment too.
#[must_use]
pub fn wants(inputs: &Inputs, env: &BTreeMap<String, String>, event: &Event) -> Wants {
    // What is wrong with them is told when they are derived from.
    let mut mistakes = Vec::new();
    let settings = settings::read(env, &mut mistakes);
    let texts = [
        &inputs.tags,
        &inputs.flavor,
        &inputs.labels,
        &inputs.annotations,
    ];
    let names = |name: &str| texts.iter().any(|text| text.contains(name));
    let edge = || {
        let rules = rule::read(&inputs.tags, &mut Vec::new());
        let mut makers = rules.into_iter().map(|rule| rule.maker);
        makers.any(|maker| matches!(maker, Maker::Edge { branch: None }))
    };
    Wants {
        checkout: inputs.context.trim() == "git",
        commit_date: names("commit_date") && (event.commit_date.is_none() || settings.pr_head),
        default_branch: event.default_branch.is_none() && (names("_default_branch") || edge()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Timestamp;

    fn of(inputs: &Inputs, event: &Event) -> Wants {
        wants(inputs, &BTreeMap::new(), event)
    }

    fn tags(text: &str) -> Inputs {
        Inputs {
            tags: text.to_owned(),
            ..Inputs::default()
        }
    }

    #[test]
    fn nothing_is_wanted_that_no_rule_names() {
        let event = Event::default();
        assert_eq!(of(&Inputs::default(), &event), Wants::default());
        let texts = [
            "type=sha",
            "type=edge,branch=main",
            "type=raw,value=edge",
            "{{date 'YYYY'}}",
        ];
        for text in texts {
            assert_eq!(of(&tags(text), &event), Wants::default(), "{text}");
        }
    }

    #[test]
    fn what_a_rule_names_is_wanted_unless_the_event_tells_it() {
        let (unknown, known) = (
            Event::default(),
            Event {
                default_branch: Some("main".to_owned()),
                commit_date: Some(Timestamp(1)),
                ..Event::default()
            },
        );
        for (text, commit_date, default_branch) in [
            ("{{commit_date 'YYYY'}}", true, false),
            ("type=edge", false, true),
            ("type=sha,enable={{is_default_branch}}", false, true),
            (
                "{{is_not_default_branch}}{{commit_date 'YYYY'}}",
                true,
                true,
            ),
        ] {
            let expected = Wants {
                checkout: false,
                commit_date,
                default_branch,
            };
            assert_eq!(of(&tags(text), &unknown), expected, "{text}");
            assert_eq!(of(&tags(text), &known), Wants::default(), "{text}");
            let labels = Inputs {
                labels: format!("a={text}"),
                ..Inputs::default()
            };
            let by_label = of(&labels, &unknown);
            assert_eq!(by_label.commit_date, commit_date, "{text}");
        }
    }

    #[test]
    fn the_date_of_a_pull_requests_own_commit_is_not_in_its_event() {
        let event = Event {
            commit_date: Some(Timestamp(1)),
            ..Event::default()
        };
        let env = BTreeMap::from([("DOCKER_METADATA_PR_HEAD_SHA".to_owned(), "true".to_owned())]);
        let inputs = tags("{{commit_date 'YYYY'}}");
        assert!(wants(&inputs, &env, &event).commit_date);
    }

    #[test]
    fn the_checkout_is_wanted_with_context_git() {
        let inputs = Inputs {
            context: " git ".to_owned(),
            ..Inputs::default()
        };
        assert!(of(&inputs, &Event::default()).checkout);
    }
}
