//! The acts, and what happens to a proposal by itself.

use super::{
    changes::{self, Decision, check_peer},
    state::governance,
    types::{
        AddressesSet, Ballot, Change, Choice, Observer, Proposal, ProposalAdopted, ProposalExecuted, ProposalExpired,
        ProposalFailed, ProposalId, ProposalOpened, ProposalStatus, ProposalWithdrawn, Propose, SetAddresses, Tally,
        Validator, ValidatorStatus, Vote, VoteCast, Weight, Withdraw, reject,
    },
};
use crate::core::{Call, Context, EnterpriseId, Function, Record, Role, due, emit, look_ahead};
use serde::{Deserialize, Serialize};
use types::{
    Date, List, Rejection, State, Stop,
    planted::{self, Fault},
    state::Overlay,
    wire,
};

/// The chain's matters take two people of whichever enterprise.
const BOTH: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];
/// Where a machine is reached is its enterprise's own matter, and often urgent.
const ANYONE_RESPONSIBLE: &[Role] = &[Role::any(&[Function::Admin]), Role::any(&[Function::Maker])];
/// Changes wait for their time no longer than this: what was voted should still be what people want.
const EFFECTIVE_DAYS_MAX: u32 = 366;

/// Due work of a proposal.
#[derive(Serialize, Deserialize)]
enum Due {
    Expire(ProposalId),
    Execute(ProposalId),
}

impl Call for Propose {
    const NAME: &'static str = "propose";
    const ROLES: &'static [Role] = BOTH;
    type Outcome = ProposalId;

    fn check(&self) -> Result<(), Rejection> {
        if self.changes.is_empty() {
            return Err(reject::no_changes());
        }
        self.changes.iter().try_for_each(Change::check)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<ProposalId, Stop> {
        let proposer = ctx.actor().enterprise;
        let weight = weight_of(state, proposer)?;
        check_effective(ctx, self)?;
        let mut governance = governance(state)?;
        if governance.proposals_open >= types::limits::PROPOSALS_OPEN_MAX {
            return Err(reject::proposals_full(governance.proposals_open).into());
        }
        governance.proposals_open += 1;
        governance.store(state, &());
        let id = ProposalId::derive(ctx.transaction, ctx.act, 0);
        let expires_at = ctx.time.plus_hours(u64::from(governance.parameters.proposal_hours));
        let ballot = Ballot { enterprise: proposer, choice: Choice::Yes, weight, cast_at: ctx.time };
        let mut proposal = Proposal {
            proposer,
            changes: self.changes.clone(),
            reason: self.reason.clone(),
            override_preflight: self.override_preflight,
            effective_at: self.effective_at,
            opened_at: ctx.time,
            expires_at,
            ballots: List::new(vec![ballot]).expect("one of many"),
            tally: Tally::default(),
            status: ProposalStatus::Open,
            closed_at: None,
            failure: None,
        };
        // What could not be done now is not put to the vote.
        rehearse(ctx, state, &proposal)?;
        let (reason, override_preflight) = (self.reason.clone(), self.override_preflight);
        emit(state, &ProposalOpened { proposal: id, proposer, reason, override_preflight, expires_at });
        due::schedule(state, expires_at, super::MODULE.number, wire::encode(&Due::Expire(id)))?;
        count(state, &mut proposal)?;
        decide(ctx, state, id, proposal)?;
        Ok(id)
    }
}

impl Call for Vote {
    const NAME: &'static str = "vote";
    const ROLES: &'static [Role] = BOTH;
    const RUNS_OFF: bool = true;
    type Outcome = Tally;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    /// A vote that would adopt what is not possible is refused with that reason; the proposal stays open.
    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Tally, Stop> {
        let enterprise = ctx.actor().enterprise;
        let weight = weight_of(state, enterprise)?;
        let mut proposal = open(ctx, state, self.proposal)?;
        let ballot = Ballot { enterprise, choice: self.choice, weight, cast_at: ctx.time };
        proposal.ballots.retain(|earlier| earlier.enterprise != enterprise);
        if proposal.ballots.push(ballot.clone()).is_err() {
            // Enterprises that lost their weight still stand in the list: they make room.
            count(state, &mut proposal)?;
            proposal.ballots.push(ballot).expect("no more enterprises have weight than ballots fit");
        }
        count(state, &mut proposal)?;
        let tally = proposal.tally;
        emit(state, &VoteCast { proposal: self.proposal, enterprise, choice: self.choice, tally });
        decide(ctx, state, self.proposal, proposal)?;
        Ok(tally)
    }
}

impl Call for Withdraw {
    const NAME: &'static str = "withdraw";
    const ROLES: &'static [Role] = BOTH;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let proposal = open(ctx, state, self.proposal)?;
        let proposer = proposal.proposer;
        if proposer != ctx.actor().enterprise {
            return Err(reject::not_proposer(self.proposal, proposer).into());
        }
        close(ctx, state, self.proposal, proposal, ProposalStatus::Withdrawn)?;
        emit(state, &ProposalWithdrawn { proposal: self.proposal, proposer });
        Ok(())
    }
}

impl Call for SetAddresses {
    const NAME: &'static str = "set_addresses";
    const ROLES: &'static [Role] = ANYONE_RESPONSIBLE;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        check_peer(self.peer_key, &self.addresses)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let actor = ctx.actor().enterprise;
        let own = |enterprise| match enterprise == actor {
            true => Ok(()),
            false => Err(reject::not_own_peer(self.peer_key, actor)),
        };
        let (name, addresses) = (self.name.clone(), self.addresses.clone());
        let validator = Validator::load(state, &self.peer_key)?;
        if let Some(record) = validator.filter(|record| record.status != ValidatorStatus::Left) {
            own(record.enterprise)?;
            Validator { name, addresses, ..record }.store(state, &self.peer_key);
        } else {
            let observer = Observer::load(state, &self.peer_key)?;
            let record = observer.ok_or_else(|| reject::unknown_peer(self.peer_key))?;
            own(record.enterprise)?;
            Observer { name, addresses, ..record }.store(state, &self.peer_key);
        }
        let (peer_key, name, addresses) = (self.peer_key, self.name.clone(), self.addresses.clone());
        emit(state, &AddressesSet { peer_key, enterprise: actor, name, addresses });
        Ok(())
    }
}

/// Due work: a proposal's time runs out, or an adopted one's changes are made.
pub(super) fn due(ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    let load = |state: &mut dyn State, id| -> Result<Proposal, Stop> {
        Ok(Proposal::load(state, &id)?.expect("due work names proposals that were made"))
    };
    match wire::decode(payload).expect("governance scheduled it") {
        Due::Expire(id) => {
            let proposal = load(state, id)?;
            if proposal.status == ProposalStatus::Open {
                let (proposer, tally) = (proposal.proposer, proposal.tally);
                close(ctx, state, id, proposal, ProposalStatus::Expired)?;
                emit(state, &ProposalExpired { proposal: id, proposer, tally });
            }
            Ok(())
        }
        Due::Execute(id) => {
            let proposal = load(state, id)?;
            assert_eq!(
                proposal.status,
                ProposalStatus::Adopted,
                "an adopted proposal waits for this, and for nothing else"
            );
            execute_due(ctx, state, id, proposal)
        }
    }
}

fn weight_of(state: &mut dyn State, enterprise: EnterpriseId) -> Result<u32, Stop> {
    let weight = Weight::load(state, &enterprise)?.ok_or_else(|| reject::no_weight(enterprise))?;
    Ok(weight.weight)
}

fn check_effective(ctx: &Context, propose: &Propose) -> Result<(), Rejection> {
    let Some(at) = propose.effective_at else { return Ok(()) };
    let latest: Date = ctx.time.date().plus_days(EFFECTIVE_DAYS_MAX);
    if at <= ctx.time {
        return Err(reject::effective_time(at, format!("now is {}", ctx.time)));
    }
    if at.date() > latest {
        return Err(reject::effective_time(at, format!("{latest} is the last day")));
    }
    for change in &propose.changes {
        match change {
            Change::SetPolicy(set) if set.effective_from <= at => {
                return Err(reject::effective_time(at, format!("the policy begins at {}", set.effective_from)));
            }
            Change::AddValidator(_)
            | Change::RemoveValidator { .. }
            | Change::ReplacePeerKey { .. }
            | Change::AddObserver(_)
            | Change::RemoveObserver { .. }
            | Change::SetWeight { .. }
            | Change::SetParameters(_)
            | Change::SetPolicy(_)
            | Change::ActivateFeature { .. } => {}
        }
    }
    Ok(())
}

/// The proposal, if it can be voted on.
fn open(ctx: &Context, state: &mut dyn State, id: ProposalId) -> Result<Proposal, Stop> {
    let proposal = Proposal::load(state, &id)?.ok_or_else(|| reject::unknown_proposal(id))?;
    if proposal.status != ProposalStatus::Open {
        return Err(reject::closed(id, format!("{:?}", proposal.status)).into());
    }
    if ctx.time >= proposal.expires_at {
        return Err(reject::closed(id, "out of time").into());
    }
    Ok(proposal)
}

/// Counts the votes with today's weights; a vote of an enterprise without weight is none.
fn count(state: &mut dyn State, proposal: &mut Proposal) -> Result<(), Stop> {
    let governance = governance(state)?;
    look_ahead(state, proposal.ballots.iter().map(|ballot| Weight::key(&ballot.enterprise)))?;
    for ballot in proposal.ballots.iter_mut() {
        ballot.weight = Weight::load(state, &ballot.enterprise)?.map_or(0, |held| held.weight);
    }
    proposal.ballots.retain(|ballot| ballot.weight > 0);
    let sum = |choice| -> u64 {
        let of = proposal.ballots.iter().filter(|ballot| ballot.choice == choice);
        of.map(|ballot| u64::from(ballot.weight)).sum()
    };
    let (total, threshold_ppm) = (governance.weight_total, governance.parameters.threshold_ppm);
    proposal.tally = Tally { yes: sum(Choice::Yes), no: sum(Choice::No), total, threshold_ppm };
    Ok(())
}

/// Stores a counted proposal; when its Yes votes exceed the threshold, its changes are made or wait for their time.
fn decide(ctx: &Context, state: &mut dyn State, id: ProposalId, proposal: Proposal) -> Result<(), Stop> {
    if !proposal.tally.passes() && !planted::is(Fault::VotesUncounted) {
        proposal.store(state, &id);
        return Ok(());
    }
    let (proposer, tally, effective_at) = (proposal.proposer, proposal.tally, proposal.effective_at);
    emit(state, &ProposalAdopted { proposal: id, proposer, tally, effective_at });
    if let Some(at) = effective_at.filter(|at| *at > ctx.time) {
        rehearse(ctx, state, &proposal)?;
        close(ctx, state, id, proposal, ProposalStatus::Adopted)?;
        due::schedule(state, at, super::MODULE.number, wire::encode(&Due::Execute(id)))?;
        return Ok(());
    }
    make(ctx, state, &proposal)?;
    close(ctx, state, id, proposal, ProposalStatus::Executed)?;
    emit(state, &ProposalExecuted { proposal: id, proposer });
    Ok(())
}

/// Makes the changes of an adopted proposal whose time has come; what is not possible any more leaves no trace.
fn execute_due(ctx: &Context, state: &mut dyn State, id: ProposalId, mut proposal: Proposal) -> Result<(), Stop> {
    let proposer = proposal.proposer;
    let mut overlay = Overlay::new(state);
    match make(ctx, &mut overlay, &proposal) {
        Ok(()) => {
            overlay.commit();
            proposal.status = ProposalStatus::Executed;
            proposal.store(state, &id);
            emit(state, &ProposalExecuted { proposal: id, proposer });
        }
        Err(Stop::Rejected(failure)) => {
            drop(overlay);
            proposal.status = ProposalStatus::Failed;
            proposal.failure = Some(failure.clone());
            proposal.store(state, &id);
            emit(state, &ProposalFailed { proposal: id, proposer, failure });
        }
        Err(Stop::Miss(miss)) => return Err(miss.into()),
    }
    Ok(())
}

fn make(ctx: &Context, state: &mut dyn State, proposal: &Proposal) -> Result<(), Stop> {
    let (proposer, overrides) = (proposal.proposer, proposal.override_preflight);
    changes::make(ctx, state, &Decision { proposer, changes: &proposal.changes, overrides })
}

/// Makes the changes and throws them away: refused if they are not possible.
fn rehearse(ctx: &Context, state: &mut dyn State, proposal: &Proposal) -> Result<(), Stop> {
    make(ctx, &mut Overlay::new(state), proposal)
}

/// Nobody votes on the proposal any more.
fn close(
    ctx: &Context,
    state: &mut dyn State,
    id: ProposalId,
    mut proposal: Proposal,
    status: ProposalStatus,
) -> Result<(), Stop> {
    let mut governance = governance(state)?;
    governance.proposals_open -= 1;
    governance.store(state, &());
    proposal.status = status;
    proposal.closed_at = Some(ctx.time);
    proposal.store(state, &id);
    Ok(())
}
