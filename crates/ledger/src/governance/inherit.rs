//! What becomes of the machines when a chain goes on for another: the old ones have left, those of the genesis are there.
//!
//! ```text
//!   from the old chain   weights, parameters, proposals, observers, features that hold
//!   from the genesis     machines, the committees of the epochs 0 and 1, blocks of an epoch
//! ```
//! Heights begin again at zero: what was to begin so many blocks after the old chain's last one does so on the new one.

use super::{
    committee::forget,
    state::{EPOCHS_FOUNDED, check_epochs, governance, in_memory, machines, seat, voters},
    types::{Committee, Feature, Lead, Observer, Schedule, Validator, ValidatorStatus, Weight, reject},
};
use crate::core::{Record, all};
use types::{Genesis, Rejection, State, Stop, genesis::Inheritance, state::Memory};

pub(crate) fn inherit(genesis: &Genesis, from: &Inheritance, state: &mut Memory) -> Result<(), Rejection> {
    in_memory(go_on(genesis, from, state))
}

fn go_on(genesis: &Genesis, from: &Inheritance, state: &mut Memory) -> Result<(), Stop> {
    check_epochs(genesis)?;
    if genesis.time < from.time {
        let law = format!("it begins at {}, before the last block of the chain before, {}", genesis.time, from.time);
        return Err(reject::founding(law).into());
    }
    let mut governance = governance(state)?;
    require_voters(genesis, governance.voters, state)?;
    for (epoch, _) in all::<Committee>(state) {
        Committee::remove(state, &epoch);
    }
    for (key, _) in all::<Lead>(state) {
        Lead::remove(state, &key);
    }
    governance.epoch_blocks = genesis.epoch_blocks;
    governance.epoch_fixed = EPOCHS_FOUNDED - 1;
    governance.override_pending = false;
    governance.store(state, &());
    dismiss(state)?;
    begin_features(from.height, state)?;
    let machines = machines(genesis, state)?;
    for (_, machine) in &machines {
        let key = &machine.peer_key;
        if Validator::load(state, key)?.is_some() || Observer::load(state, key)?.is_some() {
            let law = format!("peer key {key} was a peer's of the chain before: each machine needs a new one");
            return Err(reject::founding(law).into());
        }
    }
    seat(state, machines, genesis.time)
}

/// The genesis repeats who votes, with which weight: a change is voted, not written into a file.
fn require_voters(genesis: &Genesis, count: u32, state: &mut dyn State) -> Result<(), Stop> {
    let voters = voters(genesis, state)?;
    for (enterprise, weight) in &voters {
        let held = Weight::load(state, enterprise)?.map_or(0, |held| held.weight);
        if held != *weight {
            let law = format!("{enterprise} has weight {held} in the inherited state, and {weight} in the genesis");
            return Err(reject::founding(law).into());
        }
    }
    if u32::try_from(voters.len()) != Ok(count) {
        let law = format!("{count} enterprises vote in the inherited state, and {} in the genesis", voters.len());
        return Err(reject::founding(law).into());
    }
    Ok(())
}

/// The machines of the chain before are gone, and never were on this one.
fn dismiss(state: &mut Memory) -> Result<(), Stop> {
    for (key, validator) in all::<Validator>(state) {
        let validator = Validator { joined_epoch: None, left_epoch: None, ..validator };
        if validator.status == ValidatorStatus::Left {
            validator.store(state, &key);
        } else {
            forget(state, key, validator)?;
        }
    }
    Ok(())
}

/// Features that hold do so from the first block on, the others as many blocks later as they would have.
fn begin_features(last: u64, state: &mut dyn State) -> Result<(), Stop> {
    let mut schedule = Schedule::load(state, &())?.unwrap_or_default();
    for (number, begins) in schedule.features.iter_mut() {
        *begins = begins.saturating_sub(last);
        let feature = Feature::load(state, number)?.expect("each feature of the schedule has its record");
        Feature { height: *begins, ..feature }.store(state, number);
    }
    schedule.store(state, &());
    Ok(())
}
