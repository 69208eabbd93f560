//! The preflight: would the chain go on with the validators that are admitted?
//!
//! Two committees meet in a resharing. Of the one before, a quorum must deal, and must also sign the blocks of that
//! epoch. Of the new one, a quorum must be there to sign from the next epoch on; a member that is offline while shares
//! are dealt has its share revealed. Neither can be undone by a vote once the chain stands, so both are counted before:
//!
//! - live members of the new committee >= its quorum. A newcomer has led nothing, so it does not count: at most
//!   `faults` newcomers at a time.
//! - live members of the committee before that also stay >= the quorum before. Who leaves may switch off at once, so it
//!   does not count: at most `faults` leavers at a time.

use super::{
    state::{committee, governance, members_max, roster, validator},
    types::{Committee, Governance, Lead, Preflight, Unproven, Validator, reject},
};
use crate::core::{Record, look_ahead};
use std::collections::BTreeMap;
use types::{Miss, PeerKey, Rejection, State};

/// Members that may fail or lie.
pub fn faults(members: u32) -> u32 {
    members.saturating_sub(1) / 3
}

/// Members that must sign.
pub fn quorum(members: u32) -> u32 {
    members - faults(members)
}

/// The validators that the next committee contains, with their records, in the order of their keys.
pub(super) fn wanted(state: &mut dyn State) -> Result<BTreeMap<PeerKey, Validator>, Miss> {
    let roster = roster(state)?;
    look_ahead(state, roster.validators.iter().map(Validator::key))?;
    let mut wanted = BTreeMap::new();
    for peer_key in &roster.validators {
        let record = validator(state, *peer_key)?;
        if record.status.is_wanted() {
            wanted.insert(*peer_key, record);
        }
    }
    Ok(wanted)
}

/// Who is proven live at a height.
pub(super) struct Liveness {
    height: u64,
    window: u64,
    /// The one member of a committee of one: it makes every block, which is not written down.
    alone: Option<PeerKey>,
}

impl Liveness {
    pub(super) fn at(state: &mut dyn State, governance: &Governance, height: u64) -> Result<Self, Miss> {
        let leading = leading(state, governance.epoch_blocks, height)?;
        let alone = if leading.members.len() == 1 { Some(leading.members[0].peer_key) } else { None };
        Ok(Self { height, window: governance.parameters.liveness_window_blocks, alone })
    }

    pub(super) fn holds(&self, state: &mut dyn State, peer_key: PeerKey) -> Result<bool, Miss> {
        let lead = Lead::load(state, &peer_key)?;
        let recent = lead.is_some_and(|lead| self.height.saturating_sub(lead.height) <= self.window);
        Ok(recent || self.alone == Some(peer_key))
    }
}

/// The committee that leads at a height, when every resharing succeeded: who received shares in the epoch before.
pub(super) fn leading(state: &mut dyn State, epoch_blocks: u64, height: u64) -> Result<Committee, Miss> {
    committee(state, (height / epoch_blocks).saturating_sub(1))
}

/// The figures for the validators that are admitted now, as if the next committee were fixed at `height`.
pub(super) fn assess(state: &mut dyn State, height: u64) -> Result<Preflight, Miss> {
    let governance = governance(state)?;
    let wanted = wanted(state)?;
    let before: Vec<PeerKey> =
        committee(state, governance.epoch_fixed)?.members.iter().map(|seat| seat.peer_key).collect();
    look_ahead(state, wanted.keys().chain(&before).map(Lead::key))?;
    let liveness = Liveness::at(state, &governance, height)?;
    let (mut live, mut dealers_live, mut unproven) = (0, 0, Vec::new());
    for (peer_key, record) in &wanted {
        if !liveness.holds(state, *peer_key)? {
            unproven.push(Unproven { peer_key: *peer_key, name: record.name.clone() });
            continue;
        }
        live += 1;
        dealers_live += u32::from(before.contains(peer_key));
    }
    let count = |length: usize| u32::try_from(length).expect("peers are bounded");
    let (members, dealers) = (count(wanted.len()), quorum(count(before.len())));
    let joining: Vec<PeerKey> = wanted.keys().filter(|key| !before.contains(key)).copied().collect();
    let leaving: Vec<PeerKey> = before.iter().filter(|key| !wanted.contains_key(key)).copied().collect();
    let mut figures = Preflight {
        epoch: governance.epoch_fixed + 1,
        members,
        members_max: members_max(governance.epoch_blocks),
        faults: faults(members),
        quorum: quorum(members),
        live,
        unproven,
        window_blocks: governance.parameters.liveness_window_blocks,
        joining,
        leaving,
        dealers,
        dealers_live,
        sound: false,
    };
    figures.sound = figures.impossible().is_none() && figures.risk().is_none();
    Ok(figures)
}

impl Preflight {
    /// Whether the next committee has the members of the one before.
    pub fn changes_nothing(&self) -> bool {
        self.joining.is_empty() && self.leaving.is_empty()
    }

    /// What no vote can override: a committee that cannot be.
    pub fn impossible(&self) -> Option<Rejection> {
        let possible = self.changes_nothing() || (1..=self.members_max).contains(&self.members);
        if possible { None } else { Some(reject::committee_size(self.members, self.members_max)) }
    }

    /// What a vote may override: a committee that may not be able to go on. Things that stay as they are are no risk.
    pub fn risk(&self) -> Option<Rejection> {
        if self.changes_nothing() {
            return None;
        }
        if self.live < self.quorum {
            let names: Vec<&str> = self.unproven.iter().map(|missing| missing.name.as_str()).collect();
            let (window, missing) = (self.window_blocks, names.join(", "));
            let rejection = reject::quorum_at_risk(self.members, self.faults, self.quorum, self.live, window, missing);
            return Some(rejection);
        }
        let enough = self.dealers_live >= self.dealers;
        if enough { None } else { Some(reject::resharing_at_risk(self.leaving.len(), self.dealers, self.dealers_live)) }
    }
}
