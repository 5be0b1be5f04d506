//! A person in mid-rollout: what is written with a look, what is read with it, and how a word is told.

use super::*;
use crate::rollout::{Says, Share, Word};
use crate::word::tests::{question, spoken};
use crate::word::{Question, Spoken, Stage};

/// What is done, without what it is done with.
fn body(steps: &[Step]) -> String {
    let script = script(steps);
    let (_, body) = script.rsplit_once("main() {\n").expect("it has a body");
    body.to_owned()
}

fn asking(overridden: Option<&str>) -> Docker {
    Docker {
        asking: Some(Asking {
            question: question(),
            overridden: overridden.map(str::to_owned),
            hears: Hears::WordAndStop,
        }),
        ..docker()
    }
}

#[test]
fn telling_needs_the_lock_and_no_lease_and_compares_before_it_writes() {
    for (says, word) in [(Says::Promote, "promote"), (Says::Abort, "abort")] {
        let spoken = Spoken {
            word: Word {
                says,
                ..spoken().word
            },
            ..spoken()
        };
        let body = body(&docker().tell(&spoken));
        assert!(!body.contains("fence"), "{body}");
        assert!(
            body.starts_with(&format!("tell 7 25 {word}\nprintf %s 'token 7\n")),
            "{body}"
        );
        assert!(body.contains("o'\\''kim $(reboot)\\nCD_END"), "{body}");
        assert!(
            body.ends_with("keep word\necho \"result=done\"\n}\nmain\n"),
            "{body}"
        );
    }
}

#[test]
fn how_telling_ended_is_told_apart() {
    let told = |text: &str| docker().read_told(&[said(text)]);
    assert_eq!(told("result=done\n"), Told::Yes);
    assert_eq!(told("result=gone\n"), Told::Late);
    assert_eq!(told("result=elsewhere\n"), Told::Late);
    let file = encoded(&spoken().file());
    assert_eq!(
        told(&format!("base64 word\n{file}\n.\nresult=aborted\n")),
        Told::Aborted(Some(spoken()))
    );
    assert_eq!(told("result=aborted\n"), Told::Aborted(None));
    assert!(matches!(told("result=stopped\n"), Told::Stopped(_)));
    assert!(matches!(told("result=unwritten\n"), Told::No(_)));
    assert!(matches!(told(""), Told::Unknown(_)));
}

#[test]
fn a_look_tells_what_is_asked_and_brings_what_was_said_under_the_lock() {
    let (members, ids) = (vec![member(2, 1)], vec![member(2, 1).id]);
    let plain = body(&docker().look(&members, &ids));
    for words in ["question", "show word", "stopped"] {
        assert!(!plain.contains(words), "nobody is asked: {plain}");
    }
    for (overridden, press) in [(None, "-none"), (Some("17-aB3"), "17-aB3")] {
        let body = body(&asking(overridden).look(&members, &ids));
        let place = |word: &str| body.lines().position(|line| line.starts_with(word));
        let places = [
            "fence",
            "printf %s 'token 7",
            "show word",
            &format!("if stopped {press}; then show stop; fi"),
            "exec 9>&-",
        ]
        .map(place);
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{body}"
        );
    }
}

#[test]
fn where_nobody_is_asked_a_look_brings_the_word_alone_also_where_it_goes_along_with_a_route() {
    let (members, ids) = (vec![member(2, 1)], vec![member(2, 1).id]);
    for (hears, word, stop) in [
        (Hears::Nothing, false, false),
        (Hears::Word, true, false),
        (Hears::WordAndStop, true, true),
    ] {
        let mut silent = asking(None);
        if let Some(asking) = &mut silent.asking {
            asking.question.became = Stage::More;
            asking.hears = hears;
        }
        let alone = body(&silent.look(&members, &ids));
        assert!(!alone.contains("question"), "{alone}");
        let table = Table::admitted(Some(&fleet(1)), &fleet(2));
        let route = (&table, &Mark::Proving);
        let along = silent.route_and_look(&Memo::default(), route, &members, &ids);
        let along = body(&along.expect("one instance, asked for a page"));
        for body in [alone, along] {
            let brings = [body.contains("show word"), body.contains("show stop")];
            assert_eq!(brings, [word, stop], "{hears:?}: {body}");
        }
        let began = Action::Record(crate::rollout::Record::Began, None);
        let written = body(&silent.lower(&began, &Memo::default()));
        assert!(written.contains("asks 0"), "who aborts finds it: {written}");
    }
}

#[test]
fn whatever_is_written_says_what_is_asked_as_well() {
    let began = Action::Record(crate::rollout::Record::Began, None);
    for (overridden, press) in [(None, "-none"), (Some("17-aB3"), "17-aB3")] {
        let told = body(&asking(overridden).lower(&began, &Memo::default()));
        let (before, _) = told.split_once("> \"$S/question\"").expect("it is told");
        assert!(before.contains(&format!("\noverrides {press}\n")), "{told}");
        // What comes after the end of its run asks nobody.
        let (_, last) = before
            .rsplit_once("if [ \"$holder\" != - ]; then\n")
            .expect("guarded");
        assert!(
            last.starts_with("printf %s 'token 7") && !last.contains("fi\n"),
            "{told}"
        );
    }
    let silent = body(&docker().lower(&began, &Memo::default()));
    assert!(!silent.contains("question"), "{silent}");
}

#[test]
fn what_was_said_to_another_run_is_not_heard() {
    let (members, ids) = (vec![member(2, 1)], vec![member(2, 1).id]);
    for (token, hears) in [(Token(7), true), (Token(8), false)] {
        let mut docker = Docker {
            token,
            ..asking(None)
        };
        let file = encoded(&spoken().file());
        let look = said(&format!("base64 word\n{file}\n.\nresult=done\n"));
        drop(docker.looked(&members, &ids, &[look, said("")]));
        assert_eq!(docker.heard, hears.then(|| spoken().word));
        let nothing = [said("result=done\n"), said("")];
        drop(docker.looked(&members, &ids, &nothing));
        assert_eq!(docker.heard, None, "a word is of one look");
    }
}

#[test]
fn who_meets_the_lease_sees_what_its_holder_asks() {
    let network = said("172.18.0.0/16 ");
    let held = |question: &Question, token: u64| {
        let mut docker = docker();
        let file = encoded(&question.file());
        let held = said(&format!(
            "base64 question\n{file}\n.\nresult=held token={token} holder=a since=1 run=- left=900\n"
        ));
        let opened = docker.read_opened(Timestamp(0), &[held, network.clone()], true);
        assert_eq!(opened.map_err(|it| it.code), Err("busy"));
        docker.beside.expect("somebody has the lease")
    };
    let asks = |question: &Question, token: u64| held(question, token).asks().cloned();
    assert_eq!(asks(&question(), 7), Some(question()));
    let other = Beside {
        token: Token(8),
        question: None,
    };
    assert_eq!(held(&question(), 8), other, "it was asked by a run before");
    let gone_on = Question {
        became: Stage::More,
        ..question()
    };
    assert_eq!(asks(&gone_on, 7), None);
    assert_eq!(
        held(&gone_on, 7).question,
        Some(gone_on),
        "it can be aborted"
    );
    assert_eq!(spoken().word.share, Share(25));
}
