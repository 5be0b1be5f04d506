//! Reviews of a pull request, who wrote its commits, and what those who reviewed may do there.

use serde_json::Value;

use super::super::Reviewed;
use super::super::exchange::{Exchange, Got, Permission, Trouble, escaped};
use super::super::pages::Next;
use super::super::read;
use super::{Answer, Asking, Next_, Stage, Step, torn};
use crate::event::System;

impl Asking {
    pub(super) fn about_reviews(&self, pages: &str) -> Exchange {
        let number = self.number();
        let (path, permission) = match (self.stage, self.people.last()) {
            // Everybody's token may ask this.
            (Stage::Person, who) => {
                let who = who.map(|it| escaped(it)).unwrap_or_default();
                let path = format!("/collaborators/{who}/permission");
                (path, Permission::Contents)
            }
            (Stage::Commits, _) => {
                let path = format!("/pulls/{number}/commits?{pages}");
                (path, Permission::PullRequests)
            }
            (_, _) => {
                let path = format!("/pulls/{number}/reviews?{pages}");
                (path, Permission::PullRequests)
            }
        };
        Exchange::get(path, permission)
    }

    pub(super) fn on_reviews(&mut self, got: &Got) -> Step {
        let entries = read::entries(got.body.as_ref(), read::review)
            .ok_or_else(|| Trouble::malformed("reviews"))?;
        let more = self.more(got, entries.len());
        match self.reviews.take(entries, None, more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Reviews, page)),
            Next::Torn(why) => Err(torn("reviews", &why)),
            Next::All(reviews) => {
                self.reviewed = Reviewed {
                    pull: self.pull.clone(),
                    reviews,
                    ..Reviewed::default()
                };
                // Where nobody has said anything that counts it does not matter who may.
                let people = self.reviewed.outspoken();
                if people.is_empty() {
                    return Ok(Next_::done(Answer::Reviewed(Box::new(
                        self.reviewed.clone(),
                    ))));
                }
                self.people = people;
                Ok(Next_::Ask(Stage::Commits, 1))
            }
        }
    }

    pub(super) fn on_commits(&mut self, got: &Got) -> Step {
        let body = got.body.as_ref();
        let entries = read::entries(body, read::written)
            .ok_or_else(|| Trouble::malformed("the commits of a pull request"))?;
        let more = self.more(got, entries.len());
        match self.commits.take(entries, None, more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Commits, page)),
            Next::Torn(why) => Err(torn("commits", &why)),
            Next::All(writers) => {
                self.reviewed.writers = writers.into_iter().flatten().collect();
                Ok(self.next_person())
            }
        }
    }

    /// Forgejo and Gitea say with the review whether it counts.
    fn next_person(&self) -> Next_ {
        if self.people.is_empty() || self.system != System::GitHub {
            Next_::done(Answer::Reviewed(Box::new(self.reviewed.clone())))
        } else {
            Next_::Ask(Stage::Person, 1)
        }
    }

    /// The forge does not tell this token what somebody may do: then that is not known, and all else is.
    pub(super) fn untold_person(&mut self) -> Next_ {
        self.reviewed.untold.extend(self.people.pop());
        self.next_person()
    }

    pub(super) fn on_person(&mut self, body: Option<&Value>) -> Step {
        let Some(who) = self.people.pop() else {
            return Ok(self.next_person());
        };
        // Whom the forge does not know there may nothing.
        let may = match body {
            None => false,
            Some(body) => {
                let word = read::text(body, "permission");
                let word = word.ok_or_else(|| Trouble::malformed("what somebody may do"))?;
                ["admin", "maintain", "write"].contains(&word.as_str())
            }
        };
        if may {
            self.reviewed.may_write.insert(who);
        }
        Ok(self.next_person())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Question;
    use super::*;
    use crate::forge::Access;

    #[test]
    fn what_a_token_may_not_ask_about_somebody_is_not_known_and_all_else_is() {
        let access = Access::new(System::GitHub, "https://api.example", "acme/tasks", "TOKEN");
        let question = Question::Reviews {
            commit: "c".repeat(40),
            branch: None,
        };
        let (mut asking, _) = Asking::new(question, &access.expect("it is right"));
        (asking.stage, asking.people) = (Stage::Person, vec!["anna".to_owned()]);
        let denied = |passes| Trouble {
            code: "forge-denied",
            text: String::new(),
            permission: None,
            passes,
        };
        let late = asking.clone().on(Err(denied(true)));
        assert!(matches!(late, super::super::Going::Done(Err(_))));
        let super::super::Going::Done(Ok(Answer::Reviewed(reviewed))) =
            asking.on(Err(denied(false)))
        else {
            panic!("it goes on");
        };
        assert_eq!(reviewed.untold, ["anna".to_owned()].into());
        assert!(reviewed.may_write.is_empty());
    }
}
