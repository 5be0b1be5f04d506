//! Looks at the new instances: a probe and a watch in one visit to the router, or in the visit of the route before them.
//!
//! After the route to the proof, and after the shift, the machine's next question is always how the new instances are. So
//! that look goes along with the route, and its answer waits here for the moment in which the machine asks. One that is not
//! asked for in that very moment is forgotten: evidence is never kept for later. One that found anything amiss is forgotten
//! too: it was given little time, and nobody is judged by that.

use super::calls::Call;
use super::{Session, Tag};
use crate::rollout::{Action, ActionId, Mark, Member, Observation, Seen, Table};
use crate::spec::InstanceId;
use crate::target::docker::{Docker, Memo, Step};

/// A probe and a watch, in one visit.
#[derive(Clone, Debug)]
pub(super) struct LookOf {
    probe: ActionId,
    watch: ActionId,
    at: Sight,
}

/// Whom a look is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    members: Vec<Member>,
    ids: Vec<InstanceId>,
}

/// A look that went along with a route.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    at: Sight,
    probed: Observation,
    watched: Observation,
}

impl Session {
    /// The machine asks how instances are: by what has just been seen, or by a visit.
    pub(super) fn look_at(
        &mut self,
        probe: ActionId,
        watch: ActionId,
        (members, ids): (Vec<Member>, Vec<InstanceId>),
        ahead: Option<Ahead>,
    ) {
        let at = Sight { members, ids };
        if let Some(ahead) = ahead.filter(|ahead| ahead.at == at) {
            self.hear_person();
            return self.saw(probe, ahead.probed, watch, ahead.watched);
        }
        self.renewed = self.now;
        self.tell_question(None);
        let steps = self.docker().look(&at.members, &at.ids);
        self.call(Tag::Look(LookOf { probe, watch, at }), steps);
    }

    pub(super) fn on_look(&mut self, of: &LookOf, call: Call<Tag>) {
        let seen = self
            .docker_mut()
            .looked(&of.at.members, &of.at.ids, &call.done);
        match seen {
            Ok((probed, watched)) => {
                self.hear_person();
                self.saw(of.probe, probed, of.watch, watched);
            }
            Err(more) => self.ask_more(call, more),
        }
    }

    fn saw(&mut self, probe: ActionId, probed: Observation, watch: ActionId, watched: Observation) {
        let now = self.now;
        if let Some(rollout) = self.rollout.as_mut() {
            rollout.observe(now, probe, probed);
            rollout.observe(now, watch, watched);
        }
    }

    /// Whom the machine will look at once this is done; `None`: that is not known.
    pub(super) fn looked_at_after<'a>(
        &self,
        action: &'a Action,
    ) -> Option<((&'a Table, &'a Mark), Sight)> {
        let Action::Route {
            table,
            mark: mark @ (Mark::Proving | Mark::Shifted),
            force: false,
        } = action
        else {
            return None;
        };
        let (members, ids) = self.rollout.as_ref()?.looked_at();
        Some(((table, mark), Sight { members, ids }))
    }

    pub(super) fn on_route_and_look(
        &mut self,
        id: ActionId,
        action: &Action,
        at: Sight,
        call: Call<Tag>,
    ) {
        let Action::Route { table, .. } = action else {
            return;
        };
        let routed = self.docker_mut().routed_and_looked(table, &call.done);
        let went_through = matches!(&routed, Observation::Routed { done, .. } if done.is_yes());
        if went_through {
            let seen = self.docker_mut().looked(&at.members, &at.ids, &call.done);
            match seen {
                Ok((probed, watched)) => {
                    self.ahead = all_good(&probed).then_some(Ahead {
                        at,
                        probed,
                        watched,
                    });
                }
                Err(more) => return self.ask_more(call, more),
            }
        }
        self.observe_act(id, action, routed);
    }

    /// Something must be known before a call can be understood.
    pub(super) fn ask_more(&mut self, call: Call<Tag>, more: Vec<Step>) {
        let steps = [call.steps.clone(), more].concat();
        if let Some(call) = self.calls.begin(Call { steps, ..call }) {
            self.on_call(call);
        }
    }
}

fn all_good(probed: &Observation) -> bool {
    match probed {
        Observation::Probed(seen) => seen.values().all(|seen| *seen == Seen::Good),
        Observation::Acted(_)
        | Observation::Started(_)
        | Observation::Routed { .. }
        | Observation::Watched(_)
        | Observation::Measured(_)
        | Observation::Hooked(_)
        | Observation::Logged => false,
    }
}

impl Sight {
    pub(super) fn steps(
        &self,
        docker: &Docker,
        memo: &Memo,
        route: (&Table, &Mark),
    ) -> Option<Vec<Step>> {
        docker.route_and_look(memo, route, &self.members, &self.ids)
    }
}
