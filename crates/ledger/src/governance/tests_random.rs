//! The chain's own affairs: random proposals and votes, machines that fall silent, and a block for every height.

use super::World;
use crate::{
    governance::{
        Change, Choice, NewPeer, Parameters, Propose, Roster, SetAddresses, Validator, Vote, Withdraw,
        fixtures::{FOUNDERS, addresses, run_blocks},
    },
    policy::{self, Set, Setter},
    testing::{Scenario, text},
};
use types::{List, PeerKey};

/// Enterprises that run machines here: the founders, and two that may come and go.
const RUNNERS: [&str; 6] = ["OP", "CORE", "BKA", "S1", "BKB", "CORE2"];

impl World {
    pub(super) fn move_governance(&mut self) {
        match self.random.below(10) {
            0..=3 => self.propose(),
            4..=7 => self.vote(),
            8 => self.withdraw_proposal(),
            _ => self.move_machine(),
        }
    }

    /// The blocks since the last time. A machine in five is silent for a thousand blocks and then comes back.
    pub(super) fn run_blocks(&mut self) {
        let height = self.scenario.height;
        let leads = |key: PeerKey| !(u64::from(key.0[0]) + height / 1_000).is_multiple_of(5);
        run_blocks(&mut self.scenario.state, self.blocks, height, &leads);
        self.blocks = height;
    }

    fn propose(&mut self) {
        let mut changes = Vec::new();
        for _ in 0..self.random.between(1, 2) {
            changes.extend(self.change());
        }
        let effective_at = self.random.percent(20).then(|| self.scenario.time.plus_hours(30));
        let override_preflight = self.random.percent(30);
        let changes = List::new(changes).unwrap();
        let act = Propose { changes, reason: text("as agreed"), effective_at, override_preflight };
        let name = self.random.of(&FOUNDERS).unwrap();
        let signers = self.two(name);
        if let Ok(id) = self.go(&signers, &act) {
            self.proposals.add(id);
        }
    }

    fn change(&mut self) -> Option<Change> {
        let runner = self.random.of(&RUNNERS).unwrap();
        let known = self.random.of(&self.machines.0).map(|(key, _)| key);
        let validator = self.validator();
        Some(match self.random.below(12) {
            0..=2 => Change::AddValidator(self.machine(runner)),
            3 => Change::AddObserver(self.machine(runner)),
            4 => Change::RemoveObserver { peer_key: known? },
            5..=6 => Change::RemoveValidator { peer_key: validator? },
            7 => Change::ReplacePeerKey { from: validator?, to: self.machine("OP").peer_key },
            8 => {
                let weight = u32::try_from(self.random.below(4)).unwrap();
                Change::SetWeight { enterprise: Scenario::id(runner), weight }
            }
            9 => {
                let policy_setter = if self.random.percent(80) { Setter::Operator } else { Setter::Vote };
                let threshold_ppm = u32::try_from(self.random.between(500_000, 700_000)).unwrap();
                let liveness_window_blocks = self.random.between(60, 200);
                Change::SetParameters(Parameters {
                    policy_setter,
                    threshold_ppm,
                    liveness_window_blocks,
                    ..Parameters::default()
                })
            }
            10 => {
                let dated = self.scenario.door(|ctx, state| Ok(policy::at(state, ctx.time)?)).unwrap();
                let effective_from = self.scenario.time.plus_hours(40);
                Change::SetPolicy(Box::new(Set {
                    effective_from,
                    based_on: dated.version,
                    policy: policy::Policy::clone(&dated),
                }))
            }
            _ => {
                let number = u32::try_from(self.random.between(1, 300)).unwrap();
                let height = self.scenario.height + self.random.below(200);
                Change::ActivateFeature { number, name: text("some feature"), height }
            }
        })
    }

    /// A machine of `runner`: a new one, or one that was proposed before.
    fn machine(&mut self, runner: &'static str) -> NewPeer {
        let again = self.random.of(&self.machines.0).filter(|_| self.random.percent(30));
        let (peer_key, runner) = again.unwrap_or_else(|| {
            let name = self.number("machine");
            (crate::governance::fixtures::peer(&name), runner)
        });
        self.machines.add((peer_key, runner));
        let enterprise = Scenario::id(runner);
        NewPeer { peer_key, enterprise, name: text(runner), addresses: addresses(&runner.to_lowercase()) }
    }

    fn validator(&mut self) -> Option<PeerKey> {
        let roster: Roster = self.scenario.record(&()).unwrap();
        self.random.of(&roster.validators)
    }

    fn vote(&mut self) {
        let Some(proposal) = self.random.of(&self.proposals.0) else { return };
        let choice = if self.random.percent(85) { Choice::Yes } else { Choice::No };
        for name in RUNNERS {
            if self.random.percent(60) {
                let signers = self.two(name);
                let _ = self.go(&signers, &Vote { proposal, choice });
            }
        }
    }

    fn withdraw_proposal(&mut self) {
        let Some(proposal) = self.random.of(&self.proposals.0) else { return };
        let name = self.random.of(&FOUNDERS).unwrap();
        let signers = self.two(name);
        let _ = self.go(&signers, &Withdraw { proposal });
    }

    fn move_machine(&mut self) {
        let Some(peer_key) = self.validator() else { return };
        let owner = self.scenario.record::<Validator>(&peer_key).unwrap().enterprise;
        let name = self.name(owner);
        let act = SetAddresses { peer_key, name: text("moved"), addresses: addresses(&self.number("host")) };
        let signer = self.random.of(&["maker", "admin", "risk"]).unwrap();
        let _ = self.go(&format!("{name}.{signer}"), &act);
    }
}
