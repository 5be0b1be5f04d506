//! What of the user's own is run on the way.

use std::collections::BTreeSet;

use super::super::raw::hooks as raw;
use super::super::raw::{self as whole, At};
use super::super::{Hook, Runs, name};
use super::{Read, Reader, Reported, Wrong, code};
use crate::config::tree::NodeId;
use crate::rollout::{HookPlace, Retry};

impl Reader<'_> {
    /// In the order in which they are run. Names tell them apart, so none stands twice. `shares`: two versions have traffic at a
    /// time on the way.
    pub(super) fn hooks(&mut self, at: Option<&At<raw::Hooks>>, shares: bool) -> Read<Vec<Hook>> {
        let Some(raw) = self.map(at)? else {
            return Ok(Vec::new());
        };
        let mut known = BTreeSet::new();
        let places = [
            (HookPlace::BeforeStart, &raw.before_start),
            (HookPlace::BeforeSwitch, &raw.before_switch),
            (HookPlace::AfterCommit, &raw.after_commit),
        ];
        let hooks = places.map(|(place, at)| {
            self.items(at.as_ref(), |reader, _, at| {
                let raw = at.value.as_ref().ok_or(Reported)?;
                let hook = reader.hook(at.node, raw, place, &mut known)?;
                if hook.irreversible && shares && place != HookPlace::AfterCommit {
                    let node = raw.irreversible.as_ref().map_or(at.node, |it| it.node);
                    return Err(reader.stands_with_shares(node));
                }
                Ok(hook)
            })
        });
        let hooks: Read<Vec<Option<Vec<Hook>>>> = hooks.into_iter().collect();
        Ok(hooks?.into_iter().flatten().flatten().collect())
    }

    /// What failed past the point would leave two versions with traffic until a person goes on, and nobody watches them.
    fn stands_with_shares(&mut self, node: NodeId) -> Reported {
        let mistake = Wrong::new(
            code::NOT_YET,
            "a point of no return before the commit, under `canary` or `rolling`, is not there yet",
        );
        self.report(
            node,
            mistake.help("use `blue-green` or `recreate` here, or run it `after-commit`"),
        )
    }

    fn hook(
        &mut self,
        node: NodeId,
        raw: &raw::Hook,
        place: HookPlace,
        known: &mut BTreeSet<String>,
    ) -> Read<Hook> {
        let name = self.optional(raw.name.as_ref(), name::short_name);
        let terms = self.terms(raw.deadline.as_ref(), raw.secrets.as_ref());
        let irreversible = self.given(raw.irreversible.as_ref());
        let retry = self.given(raw.retry.as_ref());
        let runs = self.runs(node, raw.command.as_ref(), raw.session.as_ref());
        let name = name?.unwrap_or_else(|| place.word().to_owned());
        if !known.insert(name.clone()) {
            let mistake = Wrong::new(
                code::CONFLICT,
                format!("there are two hooks of the name `{name}`"),
            );
            return Err(self.report_key(node, mistake.help("give one of them a `name`")));
        }
        let irreversible = irreversible?.unwrap_or(false);
        let usual = if irreversible {
            Retry::Never
        } else {
            Retry::Safe
        };
        Ok(Hook {
            name,
            place,
            runs: runs?,
            terms: terms?,
            irreversible,
            retry: retry?.map_or(usual, parsed_retry),
        })
    }

    fn runs(
        &mut self,
        node: NodeId,
        command: Option<&At<Vec<At<whole::Scalar>>>>,
        session: Option<&At<String>>,
    ) -> Read<Runs> {
        let mistake = match (command, session) {
            (Some(at), None) => return self.argv(at).map(Runs::Command),
            (None, Some(at)) => return self.parse(at, super::build::session).map(Runs::Session),
            (None, None) => Wrong::new(code::MISSING_KEY, "this hook does not say what it runs")
                .expected("command or session"),
            (Some(_), Some(_)) => Wrong::new(code::CONFLICT, "this hook runs two things")
                .help("write a hook for each; they run one after the other"),
        };
        Err(self.report_key(node, mistake))
    }
}

const fn parsed_retry(retry: raw::Retry) -> Retry {
    match retry {
        raw::Retry::Safe => Retry::Safe,
        raw::Retry::Never => Retry::Never,
    }
}
