//! Deployments on a forge of ours that has bad days: whatever goes wrong, none stays open for ever, and at most one serves.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::event::System;
use crate::protocol::{Body, Method, Outcome};
use crate::spec::Token;

const PATIENCE: u64 = 60_000;

/// What the forge has, and what it does to each request.
#[derive(Default)]
struct Forge {
    /// The body that one was made with, and its states.
    made: BTreeMap<u64, (Value, Vec<String>)>,
    requests: usize,
    faults: BTreeMap<usize, Fault>,
    now: Timestamp,
}

/// What can become of a request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is not done.
    Refused,
    /// It is done, and the answer is lost.
    Lost,
    /// It is not done, and later it would be.
    Limited,
    /// It is never to be done.
    Denied,
    /// It is done, and what is said of it is not what was asked for.
    Garbled,
}

impl Forge {
    fn answer(&mut self, fetch: &Fetch) -> Completion {
        self.requests += 1;
        let fault = self.faults.get(&self.requests).copied();
        let said = |status: u16, body: &Value| Completion::Fetched {
            status,
            headers: BTreeMap::new(),
            body: body.to_string(),
        };
        match fault {
            Some(Fault::Refused) => return said(502, &json!({})),
            Some(Fault::Limited) => return said(429, &json!({})),
            Some(Fault::Denied) => {
                return said(403, &json!({ "message": "Resource not accessible" }));
            }
            Some(Fault::Lost | Fault::Garbled) | None => {}
        }
        let done = self.done(fetch);
        match fault {
            Some(Fault::Garbled) => said(200, &json!({ "message": "hello" })),
            Some(_) => said(504, &json!({})),
            None => said(200, &done),
        }
    }

    fn done(&mut self, fetch: &Fetch) -> Value {
        let path = fetch
            .url
            .replace("https://api.example/repos/acme/tasks/deployments", "");
        let body = match &fetch.body {
            Some(Body::Text { text }) => serde_json::from_str(text).expect("it is JSON"),
            _ => Value::Null,
        };
        let number = path.split('/').nth(1).and_then(|it| it.parse::<u64>().ok());
        match (fetch.method == Method::Post, number) {
            (true, None) => {
                let id = self.made.len() as u64 + 1;
                self.made.insert(id, (body, Vec::new()));
                json!({ "id": id })
            }
            (true, Some(id)) => {
                let state = body["state"].as_str().expect("it has one").to_owned();
                self.made.get_mut(&id).expect("it is there").1.push(state);
                json!({ "id": 1 })
            }
            (false, None) => {
                let one = |(id, (body, _)): (&u64, &(Value, Vec<String>))| {
                    let mut one = body.clone();
                    one["id"] = json!(id);
                    // As it is given back where it was given as text.
                    one["payload"] = json!(body["payload"].to_string());
                    one
                };
                Value::Array(self.made.iter().rev().map(one).collect())
            }
            (false, Some(id)) => {
                let states = &self.made.get(&id).expect("it is there").1;
                let one = |(at, state): (usize, &String)| json!({ "id": at, "state": state });
                Value::Array(states.iter().enumerate().rev().map(one).collect())
            }
        }
    }

    fn tell(&mut self, mut telling: Telling) -> Telling {
        loop {
            let completion = self.answer(&telling.fetch(self.now));
            match telling.on(&completion, self.now) {
                Next::Fetch => {}
                Next::Wait => self.now = telling.wake_at().expect("it waits"),
                Next::Over => return telling,
            }
        }
    }

    /// A whole run, until it is over or dead.
    fn run(&mut self, number: u64, service: &str, outcome: Option<Outcome>) -> (bool, bool) {
        let about = deployment(number, service);
        let begun = self.tell(Telling::begin(access(), about.clone(), self.now, PATIENCE));
        let Some(outcome) = outcome else {
            return (true, true);
        };
        let back = (outcome == Outcome::RolledBack).then(|| Deployment {
            rollback: true,
            ..about.clone()
        });
        let there = begun.id().is_some() || begun.perhaps();
        let end = End {
            own: there.then(|| (State::of(outcome), "words".to_owned())),
            back: back.filter(|_| there),
            before: there,
        };
        let Some(ended) = Telling::end(access(), about, begun.id(), end, self.now, PATIENCE) else {
            return (false, false);
        };
        let ended = self.tell(ended);
        (true, ended.trouble().is_none())
    }

    fn states(&self) -> Vec<String> {
        let words = self.made.values().map(|(body, states)| {
            let (service, task) = (&body["payload"]["service"], &body["task"]);
            let word = |it: &Value| it.as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", word(service), word(task), states.join(" "))
        });
        words.collect()
    }

    /// The newest word on each of a service's.
    fn last(&self, service: &str) -> Vec<&str> {
        let of = self.made.values();
        let of = of.filter(|(body, _)| body["payload"]["service"] == json!(service));
        of.map(|(_, states)| states.last().map_or("nothing", String::as_str))
            .collect()
    }
}

fn access() -> Access {
    Access::new(System::GitHub, "https://api.example", "acme/tasks", "TOKEN").expect("it is right")
}

fn deployment(number: u64, service: &str) -> Deployment {
    Deployment {
        commit: "c".repeat(40),
        environment: "production".to_owned(),
        service: service.to_owned(),
        holder: "acme/tasks/1/deploy".to_owned(),
        began: Timestamp(number),
        token: Token(number),
        ..Deployment::default()
    }
}

/// The answer to the first create is lost, and whether it was made cannot be read: it is not made once more.
#[test]
fn what_cannot_be_read_is_not_taken_for_none() {
    let faults = (2..12).map(|request| (request, Fault::Garbled));
    let mut forge = Forge {
        faults: faults.chain([(1, Fault::Lost)]).collect(),
        ..Forge::default()
    };
    forge.run(1, "tasks", None);
    assert_eq!(forge.made.len(), 1, "{:?}", forge.states());
}

#[test]
fn what_served_before_is_put_away_in_production_too_and_of_this_service_only() {
    let mut forge = Forge::default();
    for (number, service) in [
        (1, "api"),
        (2, "worker"),
        (3, "api"),
        (4, "api"),
        (5, "worker"),
    ] {
        forge.run(number, service, Some(Outcome::Deployed));
    }
    assert_eq!(
        forge.states(),
        [
            "api deploy: in_progress success inactive",
            "worker deploy: in_progress success inactive",
            "api deploy: in_progress success inactive",
            "api deploy: in_progress success",
            "worker deploy: in_progress success",
        ]
    );
    let body = &forge.made[&1].0;
    assert_eq!(body["production_environment"], json!(true), "by its name");
}

#[test]
fn what_did_not_serve_puts_nothing_away_and_going_back_is_a_deployment_of_its_own() {
    let mut forge = Forge::default();
    forge.run(1, "api", Some(Outcome::Deployed));
    forge.run(2, "api", Some(Outcome::Failed));
    forge.run(3, "api", Some(Outcome::Cancelled));
    assert_eq!(forge.last("api"), ["success", "failure", "inactive"]);
    forge.run(4, "api", Some(Outcome::RolledBack));
    assert_eq!(
        forge.states().split_off(3),
        ["api deploy: in_progress failure", "api rollback: success"]
    );
    assert_eq!(forge.last("api")[0], "inactive", "another one serves now");
}

#[test]
fn a_run_that_died_is_ended_by_whoever_comes_next() {
    let mut forge = Forge::default();
    forge.run(1, "api", Some(Outcome::Deployed));
    forge.run(2, "worker", None);
    forge.run(3, "api", None);
    forge.run(4, "api", Some(Outcome::Failed));
    assert_eq!(forge.last("api"), ["success", "error", "failure"]);
    assert_eq!(forge.last("worker"), ["in_progress"], "it may be at work");
    // One that has no deployment of its own, but the lease.
    forge.run(5, "api", None);
    let end = End {
        own: None,
        back: None,
        before: true,
    };
    let recovers = Telling::end(
        access(),
        deployment(6, "api"),
        None,
        end,
        forge.now,
        PATIENCE,
    );
    forge.tell(recovers.expect("there is something to say"));
    assert_eq!(forge.last("api"), ["success", "error", "failure", "error"]);
}

#[test]
fn a_long_past_costs_no_more_than_what_was_left_open_in_it() {
    let mut forge = Forge::default();
    for number in 1..=90 {
        forge.run(number, "api", Some(Outcome::Deployed));
    }
    let before = forge.requests;
    forge.run(91, "api", Some(Outcome::Deployed));
    // Made, under way, ended; the list; the one that served, the one before it; the first of them put away.
    assert_eq!(forge.requests - before, 7);
}

/// Every fault at every request of two runs, and every two of them: 1,512 cases. What was not heard at once is put right by the
/// next run, and nothing is made twice that is not ended.
#[test]
fn whatever_goes_wrong_nothing_stays_open_and_one_serves() {
    let all = [Fault::Refused, Fault::Lost, Fault::Limited, Fault::Denied];
    let mut cases = 0;
    for first in 1..=14 {
        for second in first..=14 {
            for one in all {
                for two in all {
                    if first == second && !matches!(two, Fault::Refused) {
                        continue;
                    }
                    let faults = BTreeMap::from([(second, two), (first, one)]);
                    holds(faults);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 1_512);
}

fn holds(faults: BTreeMap<usize, Fault>) {
    let what = format!("{faults:?}");
    let mut forge = Forge {
        faults,
        ..Forge::default()
    };
    forge.run(1, "api", Some(Outcome::Deployed));
    let (told, whole) = forge.run(2, "api", Some(Outcome::Deployed));
    if told && whole {
        let open = forge.last("api");
        let served = open.iter().filter(|it| **it == "success").count();
        assert_eq!(served, 1, "{what}: {:?}", forge.states());
        assert_eq!(open.last(), Some(&"success"), "{what}");
    }
    forge.faults.clear();
    forge.run(3, "api", Some(Outcome::Deployed));
    let mut last = forge.last("api");
    assert_eq!(last.pop(), Some("success"), "{what}: {:?}", forge.states());
    let ended = |it: &&str| ["inactive", "error"].contains(it);
    assert!(last.iter().all(ended), "{what}: {:?}", forge.states());
}

#[test]
fn whoever_was_asked_to_stop_says_how_it_ended_and_nothing_more() {
    let mut forge = Forge::default();
    forge.run(1, "api", Some(Outcome::Deployed));
    let about = deployment(2, "api");
    let begun = forge.tell(Telling::begin(access(), about.clone(), forge.now, PATIENCE));
    let end = End {
        own: Some((State::Success, "words".to_owned())),
        back: None,
        before: true,
    };
    let now = forge.now;
    let mut telling =
        Telling::end(access(), about, begun.id(), end, now, PATIENCE).expect("there is one");
    telling.hurry(now);
    let before = forge.requests;
    let told = forge.tell(telling);
    assert!(told.heard());
    assert_eq!(forge.requests - before, 1);
    assert_eq!(
        forge.last("api"),
        ["success", "success"],
        "the next one sees to it"
    );
}
