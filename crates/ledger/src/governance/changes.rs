//! A proposal's changes, made: one after the other, then judged as a whole.

use super::{
    committee::forget,
    preflight,
    state::{enroll, governance, roster},
    types::{
        Change, Feature, FeatureName, FeatureStatus, NewPeer, Observer, Parameters, Schedule, Validator,
        ValidatorStatus, Weight, reject,
    },
};
use crate::{
    core::{Context, EnterpriseId, Record},
    enterprise, policy,
};
use curve25519_dalek::edwards::CompressedEdwardsY;
use types::{List, PeerKey, Rejection, State, Stop, limits};

/// What was decided, by whom, and whether the preflight's risks were accepted with it.
pub(super) struct Decision<'a> {
    pub(super) proposer: EnterpriseId,
    pub(super) changes: &'a [Change],
    pub(super) overrides: bool,
}

/// Makes all changes, or refuses; the caller throws away what a refused decision wrote.
pub(super) fn make(ctx: &Context, state: &mut dyn State, decision: &Decision) -> Result<(), Stop> {
    for change in decision.changes {
        match change {
            Change::AddValidator(peer) => add_validator(ctx, state, peer)?,
            Change::RemoveValidator { peer_key } => remove_validator(state, *peer_key)?,
            Change::ReplacePeerKey { from, to } => replace(ctx, state, *from, *to)?,
            Change::AddObserver(peer) => add_observer(ctx, state, peer)?,
            Change::RemoveObserver { peer_key } => remove_observer(state, *peer_key)?,
            Change::SetWeight { enterprise, weight } => set_weight(state, *enterprise, *weight)?,
            Change::SetParameters(parameters) => set_parameters(state, parameters)?,
            Change::SetPolicy(set) => drop(policy::adopt(ctx, state, set, decision.proposer)?),
            Change::ActivateFeature { number, name, height } => schedule(ctx, state, *number, name, *height)?,
        }
    }
    if decision.changes.iter().any(Change::is_membership) {
        judge(ctx, state, decision.overrides)?;
    }
    Ok(())
}

/// Refuses a membership after which the chain may not go on, unless that was voted with it.
fn judge(ctx: &Context, state: &mut dyn State, overrides: bool) -> Result<(), Stop> {
    let figures = preflight::assess(state, ctx.height)?;
    if let Some(rejection) = figures.impossible() {
        return Err(rejection.into());
    }
    if !overrides {
        return figures.risk().map_or(Ok(()), |rejection| Err(rejection.into()));
    }
    // It also holds for what may go wrong until the committee is fixed.
    let mut governance = governance(state)?;
    governance.override_pending = true;
    governance.store(state, &());
    Ok(())
}

impl Change {
    /// Whether it changes who is in the committee.
    pub fn is_membership(&self) -> bool {
        match self {
            Self::AddValidator(_) | Self::RemoveValidator { .. } | Self::ReplacePeerKey { .. } => true,
            Self::AddObserver(_)
            | Self::RemoveObserver { .. }
            | Self::SetWeight { .. }
            | Self::SetParameters(_)
            | Self::SetPolicy(_)
            | Self::ActivateFeature { .. } => false,
        }
    }

    /// What can be seen of a change without state.
    pub(super) fn check(&self) -> Result<(), Rejection> {
        match self {
            Self::AddValidator(peer) | Self::AddObserver(peer) => check_peer(peer.peer_key, &peer.addresses),
            Self::SetParameters(parameters) => parameters.check(),
            Self::SetPolicy(set) => set.policy.check(),
            Self::ActivateFeature { number, name, .. } if *number == 0 || name.is_empty() => {
                Err(reject::feature(number, "features have a number from 1 and a name"))
            }
            Self::ReplacePeerKey { to, .. } => check_key(*to),
            Self::RemoveValidator { .. }
            | Self::RemoveObserver { .. }
            | Self::SetWeight { .. }
            | Self::ActivateFeature { .. } => Ok(()),
        }
    }
}

/// Refuses a machine that nobody could know or reach. Also asked by `set_addresses`.
pub(super) fn check_peer<T>(peer_key: PeerKey, addresses: &[T]) -> Result<(), Rejection> {
    check_key(peer_key)?;
    if addresses.is_empty() { Err(reject::no_address(peer_key)) } else { Ok(()) }
}

/// Refuses bytes that are no key: the network would not let such a machine in, and it would hold a seat for nothing. What is
/// a key is what ZIP 215 decodes, as the network does.
fn check_key(peer_key: PeerKey) -> Result<(), Rejection> {
    let point = CompressedEdwardsY(peer_key.0).decompress();
    point.map(drop).ok_or_else(|| reject::no_key(peer_key))
}

impl Parameters {
    /// Refuses parameters with which nothing could be decided, or too much by too few. Also asked by `audit`.
    pub fn check(&self) -> Result<(), Rejection> {
        let bounds = [
            ("threshold_ppm", u64::from(self.threshold_ppm), 500_000, 999_999),
            // From an hour to a quarter of a year.
            ("proposal_hours", u64::from(self.proposal_hours), 1, 24 * 92),
            ("weight_default", u64::from(self.weight_default), 0, 1_000_000),
            // Every member of the largest committee must have had a turn, noted to within 16 blocks.
            ("liveness_window_blocks", self.liveness_window_blocks, 64, 1_000_000),
        ];
        match bounds.iter().find(|(_, value, least, most)| value < least || value > most) {
            None => Ok(()),
            Some((name, value, least, most)) => {
                Err(reject::parameter(name, format!("{value} is not between {least} and {most}")))
            }
        }
    }
}

fn add_validator(ctx: &Context, state: &mut dyn State, peer: &NewPeer) -> Result<(), Stop> {
    enterprise::active(state, peer.enterprise)?;
    let mut weight = governance(state)?.parameters.weight_default;
    if Weight::load(state, &peer.enterprise)?.is_some() {
        weight = 0;
    }
    let record = Validator {
        enterprise: peer.enterprise,
        name: peer.name.clone(),
        addresses: peer.addresses.clone(),
        status: ValidatorStatus::Joining,
        admitted_at: ctx.time,
        replaces: None,
        joined_epoch: None,
        left_epoch: None,
    };
    admit(state, peer.peer_key, &record)?;
    if weight > 0 { set_weight(state, peer.enterprise, weight) } else { Ok(()) }
}

/// Writes a new validator. Its key is no peer's, or that of an observer of the same enterprise, which it ceases to be.
fn admit(state: &mut dyn State, peer_key: PeerKey, record: &Validator) -> Result<(), Stop> {
    if Validator::load(state, &peer_key)?.is_some() {
        return Err(reject::peer_key_taken(peer_key).into());
    }
    match Observer::load(state, &peer_key)? {
        Some(observer) if observer.enterprise == record.enterprise => remove_observer(state, peer_key)?,
        Some(_) => return Err(reject::peer_key_taken(peer_key).into()),
        None => {}
    }
    let mut roster = roster(state)?;
    let full = |_| reject::peers_full("validators", limits::VALIDATORS_MAX);
    enroll(&mut roster.validators, peer_key).map_err(full)?;
    roster.store(state, &());
    record.store(state, &peer_key);
    Ok(enterprise::obligations_changed(state, record.enterprise, 1)?)
}

/// A member leaves with the next committee that is fixed; who never sat is gone at once.
fn remove_validator(state: &mut dyn State, peer_key: PeerKey) -> Result<(), Stop> {
    let mut record = present(state, peer_key)?;
    if record.joined_epoch.is_none() {
        return Ok(forget(state, peer_key, record)?);
    }
    record.status = ValidatorStatus::Leaving;
    record.store(state, &peer_key);
    Ok(())
}

/// A validator that is wanted.
fn present(state: &mut dyn State, peer_key: PeerKey) -> Result<Validator, Stop> {
    let record = Validator::load(state, &peer_key)?.filter(|record| record.status.is_wanted());
    Ok(record.ok_or_else(|| reject::unknown_peer(peer_key))?)
}

fn replace(ctx: &Context, state: &mut dyn State, from: PeerKey, to: PeerKey) -> Result<(), Stop> {
    let old = present(state, from)?;
    remove_validator(state, from)?;
    let new = Validator {
        status: ValidatorStatus::Joining,
        admitted_at: ctx.time,
        replaces: Some(from),
        joined_epoch: None,
        left_epoch: None,
        ..old
    };
    admit(state, to, &new)
}

fn add_observer(ctx: &Context, state: &mut dyn State, peer: &NewPeer) -> Result<(), Stop> {
    enterprise::active(state, peer.enterprise)?;
    let taken = Validator::load(state, &peer.peer_key)?.is_some() || Observer::load(state, &peer.peer_key)?.is_some();
    if taken {
        return Err(reject::peer_key_taken(peer.peer_key).into());
    }
    let mut roster = roster(state)?;
    let full = |_| reject::peers_full("observers", limits::OBSERVERS_MAX);
    enroll(&mut roster.observers, peer.peer_key).map_err(full)?;
    roster.store(state, &());
    let record = Observer {
        enterprise: peer.enterprise,
        name: peer.name.clone(),
        addresses: peer.addresses.clone(),
        admitted_at: ctx.time,
    };
    record.store(state, &peer.peer_key);
    Ok(enterprise::obligations_changed(state, peer.enterprise, 1)?)
}

fn remove_observer(state: &mut dyn State, peer_key: PeerKey) -> Result<(), Stop> {
    let record = Observer::load(state, &peer_key)?.ok_or_else(|| reject::unknown_peer(peer_key))?;
    Observer::remove(state, &peer_key);
    let mut roster = roster(state)?;
    roster.observers.retain(|key| *key != peer_key);
    roster.store(state, &());
    Ok(enterprise::obligations_changed(state, record.enterprise, -1)?)
}

fn set_weight(state: &mut dyn State, enterprise: EnterpriseId, weight: u32) -> Result<(), Stop> {
    let old = Weight::load(state, &enterprise)?.map_or(0, |held| held.weight);
    let mut governance = governance(state)?;
    governance.weight_total = governance.weight_total + u64::from(weight) - u64::from(old);
    if governance.weight_total == 0 {
        return Err(reject::last_voter(enterprise).into());
    }
    match (old, weight) {
        (0, 0) => return Ok(()),
        (0, _) => {
            enterprise::active(state, enterprise)?;
            if usize::try_from(governance.voters).is_ok_and(|voters| voters >= limits::VOTERS_MAX) {
                return Err(reject::voters_full(limits::VOTERS_MAX).into());
            }
            governance.voters += 1;
            enterprise::obligations_changed(state, enterprise, 1)?;
        }
        (_, 0) => {
            governance.voters -= 1;
            enterprise::obligations_changed(state, enterprise, -1)?;
        }
        (_, _) => {}
    }
    governance.store(state, &());
    if weight == 0 {
        Weight::remove(state, &enterprise)
    } else {
        Weight { weight }.store(state, &enterprise)
    }
    Ok(())
}

fn set_parameters(state: &mut dyn State, parameters: &Parameters) -> Result<(), Stop> {
    let mut governance = governance(state)?;
    governance.parameters = parameters.clone();
    governance.store(state, &());
    policy::give_right(state, parameters.policy_setter);
    Ok(())
}

/// Schedules a feature, or moves one that does not hold yet. Which features a program knows is not asked here: programs
/// differ in that, and an act does the same everywhere.
fn schedule(ctx: &Context, state: &mut dyn State, number: u32, name: &FeatureName, height: u64) -> Result<(), Stop> {
    let refused = |law: String| Stop::from(reject::feature(number, law));
    if height <= ctx.height {
        return Err(refused(format!("height {height} is not after {}", ctx.height)));
    }
    if let Some(known) = Feature::load(state, &number)? {
        if known.height <= ctx.height {
            return Err(refused(format!("it holds since height {}", known.height)));
        }
        if known.name != *name {
            return Err(refused(format!("it is named {}", known.name)));
        }
    }
    let mut schedule = Schedule::load(state, &())?.expect("genesis wrote it");
    schedule.features.retain(|(other, _)| *other != number);
    let mut features = std::mem::take(&mut schedule.features).into_vec();
    features.push((number, height));
    features.sort_unstable();
    let full = |_| refused(format!("there are {} already", limits::FEATURES_MAX));
    schedule.features = List::new(features).map_err(full)?;
    schedule.store(state, &());
    Feature { number, name: name.clone(), height, status: FeatureStatus::Scheduled }.store(state, &number);
    Ok(())
}
