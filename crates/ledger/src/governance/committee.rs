//! What happens in every block before anything else: features begin to hold, the leader is noted, and in the middle of
//! an epoch the committee of the next but one is fixed.

use super::{
    preflight::{self, leading, wanted},
    state::{committee, governance, roster},
    types::{
        Committee, CommitteeFixed, CommitteeKept, Feature, FeatureActivated, FeatureStatus, Lead, Schedule, Seat,
        Validator, ValidatorStatus,
    },
};
use crate::{
    core::{Record, emit},
    enterprise,
};
use std::collections::BTreeMap;
use types::{List, Miss, PeerKey, State};

/// A leader is noted again only after so many blocks: then a committee of any size writes less than one such record in
/// four blocks, and the window of liveness, at least four times as long, loses little.
pub const LEAD_RECORD_BLOCKS: u64 = 16;

/// What governance needs to know of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockFacts {
    pub height: u64,
    /// Blocks of an epoch, from the genesis.
    pub epoch_blocks: u64,
    /// Who made the block; `None` where nobody knows.
    pub proposer: Option<PeerKey>,
}

/// Runs once in each block, before due work and transactions.
pub fn on_block(block: &BlockFacts, state: &mut dyn State) -> Result<(), Miss> {
    activate_features(block.height, state)?;
    if let Some(proposer) = block.proposer {
        note_leader(block, proposer, state)?;
    }
    fix_committee(block, state)
}

/// In the middle block of epoch `E`, fixes the committee of epoch `E + 2` from the validators that are admitted now.
/// A change whose preflight fails by now, and that no vote overrode, waits: the committee stays for another epoch.
pub fn fix_committee(block: &BlockFacts, state: &mut dyn State) -> Result<(), Miss> {
    let BlockFacts { height, epoch_blocks, .. } = *block;
    if height % epoch_blocks != epoch_blocks / 2 {
        return Ok(());
    }
    let mut governance = governance(state)?;
    let epoch = height / epoch_blocks + 2;
    assert_eq!(governance.epoch_blocks, epoch_blocks, "state and genesis say how long an epoch is");
    assert_eq!(governance.epoch_fixed + 1, epoch, "each epoch's middle fixes one committee, and none is left out");
    let figures = preflight::assess(state, height)?;
    let refusal = figures.impossible().or_else(|| figures.risk().filter(|_| !governance.override_pending));
    let first_height = epoch * epoch_blocks;
    governance.epoch_fixed = epoch;
    let members = if let Some(refusal) = refusal {
        let before = committee(state, epoch - 1)?;
        emit(state, &CommitteeKept { epoch, first_height, preflight: figures, refusal });
        let mut kept = BTreeMap::new();
        for seat in &before.members {
            kept.insert(seat.peer_key, super::state::validator(state, seat.peer_key)?);
        }
        kept
    } else {
        let wanted = wanted(state)?;
        seat(state, &figures.joining, epoch)?;
        unseat(state, &figures.leaving, epoch)?;
        governance.override_pending = false;
        let (joined, left) = (figures.joining, figures.leaving);
        emit(state, &CommitteeFixed { epoch, first_height, members: figures.members, joined, left });
        wanted
    };
    let seats = members.into_iter().map(|(peer_key, record)| Seat { peer_key, addresses: record.addresses });
    let members = List::new(seats.collect()).expect("the preflight counted them");
    Committee { epoch, members, fixed_height: height }.store(state, &epoch);
    governance.store(state, &());
    Ok(())
}

fn seat(state: &mut dyn State, joining: &[PeerKey], epoch: u64) -> Result<(), Miss> {
    for peer_key in joining {
        let mut record = super::state::validator(state, *peer_key)?;
        assert_eq!(record.status, ValidatorStatus::Joining, "a member of no committee is joining");
        record.status = ValidatorStatus::Member;
        record.joined_epoch = Some(epoch);
        record.store(state, peer_key);
    }
    Ok(())
}

fn unseat(state: &mut dyn State, leaving: &[PeerKey], epoch: u64) -> Result<(), Miss> {
    for peer_key in leaving {
        let mut record = super::state::validator(state, *peer_key)?;
        assert_eq!(record.status, ValidatorStatus::Leaving, "a member that is not wanted is leaving");
        record.left_epoch = Some(epoch);
        forget(state, *peer_key, record)?;
    }
    Ok(())
}

/// A validator is gone: only its record remains.
pub(super) fn forget(state: &mut dyn State, peer_key: PeerKey, mut record: Validator) -> Result<(), Miss> {
    record.status = ValidatorStatus::Left;
    record.store(state, &peer_key);
    let mut roster = roster(state)?;
    roster.validators.retain(|key| *key != peer_key);
    roster.store(state, &());
    enterprise::obligations_changed(state, record.enterprise, -1)
}

/// Notes who led, unless that was noted a moment ago, or nobody else could have led.
fn note_leader(block: &BlockFacts, proposer: PeerKey, state: &mut dyn State) -> Result<(), Miss> {
    match Lead::load(state, &proposer)? {
        Some(lead) if block.height.saturating_sub(lead.height) < LEAD_RECORD_BLOCKS => return Ok(()),
        Some(_) => {}
        None if Validator::load(state, &proposer)?.is_none() => return Ok(()),
        None => {}
    }
    if leading(state, block.epoch_blocks, block.height)?.members.len() > 1 {
        Lead { height: block.height }.store(state, &proposer);
    }
    Ok(())
}

/// Features whose height is reached hold from here on.
fn activate_features(height: u64, state: &mut dyn State) -> Result<(), Miss> {
    let Some(schedule) = Schedule::load(state, &())? else { return Ok(()) };
    for (number, _) in schedule.features.iter().filter(|(_, begins)| *begins == height) {
        let mut feature = Feature::load(state, number)?.expect("each feature of the schedule has its record");
        feature.status = FeatureStatus::Active;
        feature.store(state, number);
        emit(state, &FeatureActivated { number: *number, height });
    }
    Ok(())
}

/// Whether a feature holds in the block at `height`: rules ask this, never what their own program knows.
pub fn is_active(state: &mut dyn State, number: u32, height: u64) -> Result<bool, Miss> {
    let schedule = Schedule::load(state, &())?.unwrap_or_default();
    Ok(schedule.features.iter().any(|(other, begins)| *other == number && *begins <= height))
}

/// The features that hold at `height` and that this program does not know, from the loaded schedule.
pub fn unknown_features(schedule: Option<&[u8]>, height: u64) -> Vec<u32> {
    let schedule =
        schedule.map(|bytes| types::wire::decode::<Schedule>(bytes).expect("state holds only what `store` encoded"));
    let active = schedule.iter().flat_map(|schedule| schedule.features.iter()).filter(|(_, begins)| *begins <= height);
    active.map(|(number, _)| *number).filter(|number| !super::features::is_known(*number)).collect()
}
