//! What is known of the run from where it runs: who, which revision, and whether a person started it.

use crate::event::{self, Event, GitFacts, System};
use crate::forge::is_person;
use crate::ledger::{Origin, Sequence};
use crate::protocol::{Begin, Platform};
use crate::spec::Token;

/// Facts of the platform.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) repository: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) run_url: Option<String>,
    pub(super) actor: Option<String>,
    /// Whether the platform says who it is; else a variable does, which anybody sets.
    pub(super) vouched: bool,
    /// Whether a platform runs us at all.
    pub(super) on_a_platform: bool,
    pub(super) attempt: Option<u32>,
    pub(super) run_number: Option<u64>,
    pub(super) workflow: Option<String>,
    /// What the platform calls that which started the run; empty where nothing did but a person's command.
    pub(super) event: String,
    /// Whether it is known, without the event's file, that another repository is behind it.
    pub(super) fork: bool,
    /// Whether a person pressed a button for this very run.
    pub(super) by_hand: bool,
    /// Whether the main step began something and did not say that it ended it.
    pub(super) post_has_work: bool,
}

impl Facts {
    pub(super) fn of(begin: &Begin) -> Self {
        let get = |name: &str| {
            begin
                .env
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let event = event::normalise(&begin.env, None, &GitFacts::default());
        let own = Some(event.repository.full_name.clone()).filter(|it| !it.is_empty());
        let repository = get("GITHUB_REPOSITORY").or(own);
        let run = get("GITHUB_RUN_ID")
            .zip(get("GITHUB_REPOSITORY"))
            .zip(get("GITHUB_SERVER_URL"));
        let run_url = run
            .map(|((run, repository), server)| format!("{server}/{repository}/actions/runs/{run}"));
        let attempt = get("GITHUB_RUN_ATTEMPT").and_then(|it| it.parse().ok());
        let pressed = is_button(&event);
        let on_a_platform = event.system != System::Git || get("CI").is_some();
        let again = attempt.is_some_and(|attempt| attempt > 1);
        let by_hand = match begin.platform {
            Platform::CommandLine => pressed || again || !on_a_platform,
            Platform::Actions | Platform::ActionsPost => pressed || again,
        };
        // Whoever ran it again need not be who began it.
        let first = get("GITHUB_ACTOR").or(event.actor).filter(|_| !again);
        let triggering = get("GITHUB_TRIGGERING_ACTOR").or_else(|| get("FORGEJO_TRIGGERING_ACTOR"));
        let said = triggering.or(first);
        let get_state = |name: &str| begin.inputs.get(name).is_some_and(|it| !it.is_empty());
        Self {
            run_url: get("CD_RUN_URL").or(event.run.url).or(run_url),
            sha: get("GITHUB_SHA"),
            vouched: said.is_some() && event.system != System::Git,
            actor: said.or_else(|| get("USER").filter(|_| !again)),
            on_a_platform,
            attempt,
            run_number: get("GITHUB_RUN_NUMBER")
                .and_then(|it| it.parse().ok())
                .or(event.run.number),
            workflow: get("GITHUB_WORKFLOW"),
            event: if event.system == System::Git {
                String::new()
            } else {
                event.name
            },
            by_hand,
            fork: event
                .pull_request
                .as_ref()
                .is_some_and(|it| it.fork == Some(true)),
            post_has_work: begin
                .inputs
                .get("state-open")
                .is_some_and(|open| open == "1")
                || get_state("state-deployment"),
            repository,
        }
    }

    /// Whether a person asked for this very attempt; else why it cannot be said.
    ///
    /// # Errors
    /// In words: nobody pressed a button, or a machine did, or nobody knows who.
    pub(super) fn person(&self) -> Result<(), String> {
        let actor = self.actor.as_deref().unwrap_or_default();
        match self.by_hand {
            false if self.event.is_empty() => Err("automation started this run".to_owned()),
            false => Err(format!("`{}` started this run", self.event)),
            // Whoever sits at a terminal is a person, by whatever name.
            true if !self.on_a_platform => Ok(()),
            true if !self.vouched => {
                Err("somebody started this run by hand, and nobody knows who".to_owned())
            }
            true if is_person(actor) => Ok(()),
            true => Err(format!(
                "{actor} started this run, which is a machine's account"
            )),
        }
    }

    /// Whether the button of delivery mode was pressed: by hand, and by no machine as far as anybody knows.
    pub(super) fn pressed(&self) -> bool {
        let actor = self.actor.as_deref().filter(|_| self.vouched);
        self.by_hand && actor.is_none_or(is_person)
    }

    pub(super) fn origin(&self, holder: &str, token: Token) -> Origin {
        Origin {
            holder: holder.to_owned(),
            token,
            url: self.run_url.clone(),
            actor: self.actor.clone(),
            attempt: self.attempt,
            run_number: self.run_number,
            workflow: self.workflow.clone(),
            repository: self.repository.clone(),
        }
    }

    pub(super) fn sequence(&self, revision: Option<String>) -> Sequence {
        Sequence {
            revision,
            run_number: self.run_number,
            workflow: self.workflow.clone(),
            repository: self.repository.clone(),
        }
    }
}

/// The job that a holder is of: without the attempt and the leg of a matrix that follow it.
pub(super) fn job_of(holder: &str) -> &str {
    holder.split_once('#').map_or(holder, |(job, _)| job)
}

/// Whether the event is a person who asked for a run, in the words of platforms that tell.
fn is_button(event: &Event) -> bool {
    match event.system {
        System::GitHub | System::Forgejo | System::Gitea => event.name == "workflow_dispatch",
        System::GitLab => event.name == "web",
        System::Azure => event.name == "Manual",
        System::Bitbucket | System::Jenkins | System::CircleCi | System::Git => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(platform: Platform, env: &[(&str, &str)]) -> Facts {
        let env = env
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Facts::of(&Begin {
            platform,
            env: env.collect(),
            ..Begin::default()
        })
    }

    #[test]
    fn a_run_of_a_platform_is_nobodys_button_unless_the_platform_says_so() {
        let rows: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("CI", "true")], false),
            (&[("JENKINS_URL", "https://ci.example/")], false),
            (
                &[("TF_BUILD", "True"), ("BUILD_REASON", "IndividualCI")],
                false,
            ),
            (&[("TF_BUILD", "True"), ("BUILD_REASON", "Manual")], true),
            (
                &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "push")],
                false,
            ),
            (
                &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "api")],
                false,
            ),
            (
                &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "web")],
                true,
            ),
            (&[("BITBUCKET_BUILD_NUMBER", "4")], false),
            (&[("GITHUB_EVENT_NAME", "push")], false),
            (&[("GITHUB_EVENT_NAME", "repository_dispatch")], false),
            (&[("GITHUB_EVENT_NAME", "workflow_dispatch")], true),
        ];
        for (env, by_hand) in rows {
            let facts = facts(Platform::CommandLine, env);
            assert_eq!(facts.by_hand, *by_hand, "{env:?}");
        }
    }

    /// Who may take a gate on themselves: by what started the run, in which attempt, and by whom.
    #[test]
    fn a_person_is_whoever_pressed_a_button_and_is_known_to_be_one() {
        let rows: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("USER", "anna")], true),
            (&[("CI", "true"), ("USER", "anna")], false),
            (&[("GITHUB_ACTOR", "anna")], true),
            (
                &[("GITHUB_EVENT_NAME", "push"), ("GITHUB_ACTOR", "anna")],
                false,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "push"),
                    ("GITHUB_ACTOR", "renovate[bot]"),
                ],
                false,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "workflow_dispatch"),
                    ("GITHUB_ACTOR", "anna"),
                ],
                true,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "workflow_dispatch"),
                    ("GITHUB_ACTOR", "github-actions[bot]"),
                ],
                false,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "push"),
                    ("GITHUB_ACTOR", "renovate[bot]"),
                    ("GITHUB_RUN_ATTEMPT", "2"),
                    ("GITHUB_TRIGGERING_ACTOR", "anna"),
                ],
                true,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "push"),
                    ("GITHUB_ACTOR", "anna"),
                    ("GITHUB_RUN_ATTEMPT", "2"),
                    ("GITHUB_TRIGGERING_ACTOR", "renovate[bot]"),
                ],
                false,
            ),
            (
                &[
                    ("GITHUB_EVENT_NAME", "push"),
                    ("GITHUB_ACTOR", "anna"),
                    ("GITHUB_RUN_ATTEMPT", "2"),
                    ("USER", "anna"),
                ],
                false,
            ),
        ];
        for (env, person) in rows {
            for platform in [Platform::CommandLine, Platform::Actions] {
                let facts = facts(platform, env);
                if platform == Platform::CommandLine || facts.on_a_platform {
                    assert_eq!(facts.person().is_ok(), *person, "{env:?} {facts:?}");
                }
            }
        }
    }

    #[test]
    fn whoever_began_a_run_is_not_who_ran_it_again() {
        let again = [
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_ACTOR", "anna"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("USER", "runner"),
        ];
        let facts = facts(Platform::Actions, &again);
        assert_eq!((facts.actor.clone(), facts.vouched), (None, false));
        assert!(facts.pressed(), "somebody did");
    }

    #[test]
    fn a_run_says_where_it_is_and_who_began_it_on_every_platform() {
        let gitlab = facts(
            Platform::CommandLine,
            &[
                ("GITLAB_CI", "true"),
                ("CI_PIPELINE_SOURCE", "push"),
                (
                    "CI_PIPELINE_URL",
                    "https://gitlab.example/acme/tasks/-/pipelines/7",
                ),
                ("CI_PROJECT_PATH", "acme/tasks"),
                ("GITLAB_USER_LOGIN", "anna"),
                ("USER", "root"),
            ],
        );
        assert_eq!(
            gitlab.run_url.as_deref(),
            Some("https://gitlab.example/acme/tasks/-/pipelines/7")
        );
        assert_eq!(gitlab.actor.as_deref(), Some("anna"));
        assert_eq!(gitlab.repository.as_deref(), Some("acme/tasks"));
        assert_eq!(gitlab.event, "push");
        let jenkins = facts(
            Platform::CommandLine,
            &[
                ("JENKINS_URL", "https://ci.example/"),
                ("BUILD_URL", "https://ci.example/job/tasks/9/"),
                ("USER", "jenkins"),
            ],
        );
        assert_eq!(
            jenkins.run_url.as_deref(),
            Some("https://ci.example/job/tasks/9/")
        );
        assert_eq!(jenkins.actor.as_deref(), Some("jenkins"));
        let forgejo = facts(
            Platform::Actions,
            &[
                ("FORGEJO_ACTIONS", "true"),
                ("GITHUB_EVENT_NAME", "push"),
                ("GITHUB_SERVER_URL", "https://forge.example/"),
                ("GITHUB_REPOSITORY", "acme/tasks"),
                ("GITHUB_RUN_ID", "123456"),
                ("GITHUB_RUN_NUMBER", "7"),
            ],
        );
        assert_eq!(
            forgejo.run_url.as_deref(),
            Some("https://forge.example/acme/tasks/actions/runs/7"),
            "its pages count the runs of a repository"
        );
    }
}
