use super::{
    state::members_max,
    types::{
        Committee, Feature, Governance, Lead, Observer, Proposal, ProposalId, ProposalStatus, Roster, Schedule,
        Validator, ValidatorStatus, Weight,
    },
};
use crate::core::{Audit, EnterpriseId};
use std::collections::{BTreeMap, BTreeSet};
use types::PeerKey;

/// G1 to G6, recomputed.
pub(super) fn audit(audit: &mut Audit) {
    let Some((_, governance)) = audit.all::<Governance>().pop() else { return };
    let validators: BTreeMap<PeerKey, Validator> = audit.all().into_iter().collect();
    committees(audit, &governance, &validators);
    peers(audit, &validators);
    weights(audit, &governance);
    proposals(audit, &governance);
    features(audit);
}

/// G1: one committee for each epoch up to the fixed one, in order and within the size, fixed in the middle of the epoch
/// before the last; G2: its members are the validators that had joined and not left.
fn committees(audit: &mut Audit, governance: &Governance, validators: &BTreeMap<PeerKey, Validator>) {
    let committees = audit.all::<Committee>();
    let (blocks, last) = (governance.epoch_blocks, governance.epoch_fixed);
    audit.ensure("G1", u64::try_from(committees.len()) == Ok(last + 1), || {
        format!("{} committees, fixed up to epoch {last}", committees.len())
    });
    for (epoch, committee) in &committees {
        let fixed = epoch.checked_sub(2).map_or(0, |begun| begun * blocks + blocks / 2);
        let whole = committee.epoch == *epoch && *epoch <= last && committee.fixed_height == fixed;
        audit.ensure("G1", whole, || format!("epoch {epoch}: {committee:?}"));
        let ordered = committee.members.windows(2).all(|pair| pair[0].peer_key < pair[1].peer_key);
        let fits = committee.members.len() <= usize::try_from(members_max(blocks)).expect("a small number");
        audit.ensure("G1", ordered && fits, || format!("epoch {epoch}: members in no order, or too many"));
        let sat = |record: &Validator| {
            record.joined_epoch.is_some_and(|joined| joined <= *epoch)
                && record.left_epoch.is_none_or(|left| left > *epoch)
        };
        let then: Vec<PeerKey> = validators.iter().filter(|(_, record)| sat(record)).map(|(key, _)| *key).collect();
        let members: Vec<PeerKey> = committee.members.iter().map(|seat| seat.peer_key).collect();
        audit.ensure("G2", then == members, || format!("epoch {epoch}: {members:?}, validators {then:?}"));
    }
}

/// G3: a peer key is one peer's; the roster lists who is there; a validator's epochs fit its status.
fn peers(audit: &mut Audit, validators: &BTreeMap<PeerKey, Validator>) {
    for (key, record) in validators {
        let epochs = (record.joined_epoch, record.left_epoch);
        let fits = match record.status {
            ValidatorStatus::Joining => epochs == (None, None),
            ValidatorStatus::Member | ValidatorStatus::Leaving => matches!(epochs, (Some(_), None)),
            ValidatorStatus::Left => match epochs {
                (Some(joined), Some(left)) => joined < left,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            },
        };
        audit.ensure("G3", fits, || format!("{key}: {:?} with {epochs:?}", record.status));
    }
    let observers: BTreeMap<PeerKey, Observer> = audit.all().into_iter().collect();
    for key in observers.keys() {
        audit.ensure("G3", !validators.contains_key(key), || format!("{key} is observer and validator"));
    }
    let roster = audit.all::<Roster>().pop().map(|(_, roster)| roster).unwrap_or_default();
    let there = validators.iter().filter(|(_, record)| record.status != ValidatorStatus::Left).map(|(key, _)| key);
    let same = there.eq(roster.validators.iter()) && observers.keys().eq(roster.observers.iter());
    audit.ensure("G3", same, || format!("{roster:?}"));
    for (key, _) in audit.all::<Lead>() {
        audit.ensure("G3", validators.contains_key(&key), || format!("{key} led and is no validator"));
    }
}

/// G4: the sum of the weights is the total, and somebody votes.
fn weights(audit: &mut Audit, governance: &Governance) {
    let weights = audit.all::<Weight>();
    let sum: u64 = weights.iter().map(|(_, held)| u64::from(held.weight)).sum();
    audit.ensure("G4", sum == governance.weight_total && sum > 0, || {
        format!("{sum} held, {} in all", governance.weight_total)
    });
    let count = u32::try_from(weights.len()) == Ok(governance.voters);
    let positive = weights.iter().all(|(_, held)| held.weight > 0);
    audit.ensure("G4", count && positive, || format!("{} of {} voters", weights.len(), governance.voters));
    audit.ensure("G4", governance.parameters.check().is_ok(), || format!("{:?}", governance.parameters));
}

/// G5: an enterprise votes once and with weight, and what was adopted exceeded its threshold.
fn proposals(audit: &mut Audit, governance: &Governance) {
    let proposals: Vec<(ProposalId, Proposal)> = audit.all();
    let open = proposals.iter().filter(|(_, proposal)| proposal.status == ProposalStatus::Open).count();
    audit.ensure("G5", u32::try_from(open) == Ok(governance.proposals_open), || format!("{open} are open"));
    for (id, proposal) in &proposals {
        let voters: BTreeSet<EnterpriseId> = proposal.ballots.iter().map(|ballot| ballot.enterprise).collect();
        let once = voters.len() == proposal.ballots.len() && proposal.ballots.iter().all(|ballot| ballot.weight > 0);
        audit.ensure("G5", once, || format!("{id}: {:?}", proposal.ballots));
        let sum = |choice| -> u64 {
            let of = proposal.ballots.iter().filter(|ballot| ballot.choice == choice);
            of.map(|ballot| u64::from(ballot.weight)).sum()
        };
        use super::types::Choice::{No, Yes};
        let tally = proposal.tally;
        let counted = (tally.yes, tally.no) == (sum(Yes), sum(No)) && tally.yes + tally.no <= tally.total;
        audit.ensure("G5", counted, || format!("{id}: {tally:?}"));
        audit.ensure("G5", tally.passes() == proposal.status.was_adopted(), || {
            format!("{id} is {:?} with {tally:?}", proposal.status)
        });
        let closed = proposal.closed_at.is_some() != (proposal.status == ProposalStatus::Open);
        let failed = proposal.failure.is_some() == (proposal.status == ProposalStatus::Failed);
        audit.ensure("G5", closed && failed, || format!("{id}: {:?}", proposal.status));
    }
}

/// G6: the schedule names each feature once, with its height.
fn features(audit: &mut Audit) {
    let features: Vec<(u32, u64)> =
        audit.all::<Feature>().into_iter().map(|(number, feature)| (number, feature.height)).collect();
    let schedule = audit.all::<Schedule>().pop().map(|(_, schedule)| schedule).unwrap_or_default();
    // Keys sort by bytes, not by number.
    let features: BTreeSet<(u32, u64)> = features.into_iter().collect();
    audit.ensure("G6", features.iter().eq(schedule.features.iter()), || format!("{features:?}, {schedule:?}"));
}
