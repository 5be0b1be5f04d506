//! The stop button: the transactions that set it, look at it and lift it.

use super::*;
use crate::stop::Stop;

fn stop() -> Stop {
    Stop {
        id: "1795343465000-aB3".to_owned(),
        who: Some("kim".to_owned()),
        reason: "it's $(reboot)\nCD_END".to_owned(),
        since: Timestamp(1_795_343_465_000),
        until: Some(Timestamp(1_795_350_665_000)),
        url: None,
    }
}

/// What is done, without what it is done with.
fn body(steps: &[Step]) -> String {
    let script = script(steps);
    let (_, body) = script.rsplit_once("main() {\n").expect("it has a body");
    body.to_owned()
}

#[test]
fn pressing_needs_the_lock_and_no_lease() {
    let steps = docker().press(&stop());
    let body = body(&steps);
    let lines: Vec<&str> = body.lines().collect();
    assert_eq!(lines.first(), Some(&"lock"));
    assert_eq!(lines.get(1), Some(&"printf %s 'id 1795343465000-aB3"));
    assert!(!body.contains("fence"), "{body}");
    assert!(body.contains("it'\\''s $(reboot)\\nCD_END"), "{body}");
    assert!(
        body.ends_with("keep stop\necho \"result=done\"\n}\nmain\n"),
        "{body}"
    );
}

#[test]
fn what_gives_way_looks_at_the_button_before_it_writes_anything() {
    let began = Action::Record(crate::rollout::Record::Began, None);
    let append = Append {
        segment: "000001".to_owned(),
        keep: 7,
        text: "{}\n".to_owned(),
    };
    for (heeds, line) in [
        (Heeds::Nothing, None),
        (Heeds::Every, Some("heed -none")),
        (Heeds::AllBut("17-aB3".to_owned()), Some("heed 17-aB3")),
    ] {
        let memo = Memo {
            appends: vec![append.clone()],
            heeds,
            ..Memo::default()
        };
        let body = body(&docker().lower(&began, &memo));
        let place = |word: &str| body.lines().position(|line| line.starts_with(word));
        let heed = body.lines().find(|line| line.starts_with("heed"));
        assert_eq!(heed, line);
        if line.is_some() {
            assert!(
                place("fence") < place("heed") && place("heed") < place("append"),
                "{body}"
            );
        }
    }
}

/// What is left half lifted is stopped: the record is still there.
#[test]
fn lifting_removes_the_file_before_it_is_recorded_and_gives_the_lease_back_last() {
    let append = Append {
        segment: "000001".to_owned(),
        keep: 7,
        text: "{}\n".to_owned(),
    };
    let memo = Memo {
        appends: vec![append],
        ..Memo::default()
    };
    let body = body(&docker().lift_stop(&memo));
    let place = |word: &str| body.lines().position(|line| line.starts_with(word));
    let places = ["lock", "fence", "lift", "append", "until=0"].map(place);
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{body}"
    );
}

#[test]
fn an_act_that_gave_way_says_to_what() {
    let mut docker = docker();
    let began = Action::Record(crate::rollout::Record::Began, None);
    let file = base64_of(&stop().file());
    let answer = said(&format!("base64 stop\n{file}\n.\nresult=stopped\n"));
    let Observation::Acted(Done::Stopped(by)) = observed(&mut docker, &began, &[answer]) else {
        panic!("it gave way")
    };
    assert!(
        by.starts_with("kim set the stop button on 2026-11-22 10:31:05Z: it's"),
        "{by}"
    );
    assert_eq!(docker.met, Some(stop()));
    // That there is a file is enough.
    let answer = said("result=stopped\n");
    let observed = observed(&mut docker, &began, &[answer]);
    assert!(matches!(observed, Observation::Acted(Done::Stopped(_))));
}

#[test]
fn who_opens_the_volume_sees_the_button_and_the_clock() {
    let mut docker = docker();
    let network = said("172.18.0.0/16 ");
    let file = base64_of(&stop().file());
    let opened = said(&format!(
        "base64 stop\n{file}\n.\nresult=open token=7 left=0 clock=1795343465\n"
    ));
    let opened = docker.read_opened(Timestamp(0), &[opened, network.clone()], false);
    let opened = opened.expect("it is open");
    assert_eq!(opened.pressed, Some(stop()));
    assert_eq!(opened.clock, Some(Timestamp(1_795_343_465_000)));
    for clock in ["", " clock=", " clock=soon"] {
        let opened = said(&format!("result=open token=7 left=0{clock}\n"));
        let opened = docker.read_opened(Timestamp(0), &[opened, network.clone()], false);
        let opened = opened.expect("it is open");
        assert_eq!((opened.pressed, opened.clock), (None, None), "{clock}");
    }
}

fn base64_of(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut all = String::new();
    for three in text.as_bytes().chunks(3) {
        let mut bits = 0_usize;
        for at in 0..3 {
            bits = bits << 8 | three.get(at).copied().map_or(0, usize::from);
        }
        for at in 0..4 {
            let digit = DIGITS
                .get(bits >> (18 - 6 * at) & 63)
                .copied()
                .map(char::from);
            all.extend(if at <= three.len() { digit } else { Some('=') });
        }
    }
    all
}
