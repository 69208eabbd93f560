//! Scenarios: four founders with weight 1 and a machine each, epochs and windows of 64 blocks.

mod committees;
mod founding;
mod inherit;
mod proposals;
mod refusals;
mod vectors;

use super::{
    Change, Choice, Committee, Governance, Parameters, Preflight, Proposal, ProposalId, ProposalStatus, Propose, Tally,
    Validator, ValidatorStatus, Vote, Weight,
    fixtures::{EPOCH_BLOCKS, FOUNDERS, found, members, new_peer, peer, proposal, run_blocks},
    reject,
};
use crate::{
    core::{EventKind, Query, QueryContext, Record},
    testing::{Scenario, text},
};
use std::collections::BTreeSet;
use types::{List, PeerKey, Rejection, wire};

/// A scenario with blocks.
struct Chain {
    scenario: Scenario,
    /// Machines that lead nothing.
    silent: BTreeSet<PeerKey>,
    run: u64,
}

impl Chain {
    fn new() -> Self {
        Self::of(&FOUNDERS)
    }

    fn of(founders: &[&str]) -> Self {
        let mut scenario = Scenario::new();
        found(&mut scenario, founders);
        Self { scenario, silent: BTreeSet::new(), run: 0 }
    }

    /// Runs the blocks up to a height.
    fn to(&mut self, height: u64) {
        let silent = self.silent.clone();
        run_blocks(&mut self.scenario.state, self.run, height, &|key| !silent.contains(&key));
        self.run = height;
        self.scenario.height = height;
    }

    /// Runs the blocks up to the middle of an epoch, in which the committee of the next but one is fixed.
    fn run_to_middle_of(&mut self, epoch: u64) {
        self.to(epoch * EPOCH_BLOCKS + EPOCH_BLOCKS / 2);
    }

    fn propose(&mut self, name: &str, act: &Propose) -> Result<ProposalId, Rejection> {
        self.scenario.act(&two(name), act)
    }

    fn vote(&mut self, name: &str, proposal: ProposalId, choice: Choice) -> Result<Tally, Rejection> {
        self.scenario.act(&two(name), &Vote { proposal, choice })
    }

    /// Proposes as `CORE` and votes Yes as others until the proposal is decided.
    fn adopt(&mut self, act: &Propose) -> ProposalId {
        let id = self.propose("CORE", act).unwrap();
        for name in ["OP", "BKA", "S1", "BKB"] {
            if self.proposal(id).status == ProposalStatus::Open {
                self.vote(name, id, Choice::Yes).unwrap();
            }
        }
        assert_ne!(self.proposal(id).status, ProposalStatus::Open);
        id
    }

    fn proposal(&mut self, id: ProposalId) -> Proposal {
        self.scenario.record(&id).unwrap()
    }

    fn validator(&mut self, name: &str) -> Validator {
        self.scenario.record(&peer(name)).unwrap()
    }

    fn governance(&mut self) -> Governance {
        self.scenario.record(&()).unwrap()
    }

    fn members(&mut self, epoch: u64) -> Vec<PeerKey> {
        members(&mut self.scenario, epoch)
    }

    fn ask<Q: Query>(&mut self, query: &Q) -> Q::Answer {
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        query.answer(&ctx, &mut self.scenario.state).unwrap()
    }

    /// The events of one kind since the last time.
    fn events<E: EventKind>(&mut self) -> Vec<E> {
        let events = std::mem::take(&mut self.scenario.state.events);
        let own = events.iter().filter(|event| (event.module, event.event) == (E::MODULE, E::NUMBER));
        own.map(|event| wire::decode(&event.payload).unwrap()).collect()
    }
}

fn two(name: &str) -> String {
    format!("{name}.maker+{name}.checker")
}

fn keys(names: &[&str]) -> Vec<PeerKey> {
    let mut keys: Vec<PeerKey> = names.iter().map(|name| peer(name)).collect();
    keys.sort_unstable();
    keys
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Rejection>) -> &'static str {
    crate::explain(&result.unwrap_err()).0
}

fn add(name: &str) -> Change {
    Change::AddValidator(new_peer(name))
}

fn remove(name: &str) -> Change {
    Change::RemoveValidator { peer_key: peer(name) }
}

fn overriding(changes: Vec<Change>) -> Propose {
    Propose { override_preflight: true, ..proposal(changes) }
}
