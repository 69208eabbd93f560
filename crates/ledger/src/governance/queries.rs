use super::{
    changes::{self, Decision},
    features::is_known,
    preflight::{self, Liveness},
    state::{governance, validator},
    types::{
        Change, Committee, CommitteeOf, CommitteeView, Governance, Lead, ParametersNow, Preflight, PreflightAnswer,
        PreflightOf, Proposal, ProposalOf, ProposalStatus, ProposalView, SeatView, Validator, reject,
    },
};
use crate::core::{Context, EnterpriseId, Query, QueryContext, Record, look_ahead};
use types::{ChainId, Clock, Rejection, State, Stop, TransactionHash, state::Overlay};

impl Query for ParametersNow {
    const NAME: &'static str = "parameters";
    type Answer = Governance;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<Governance, Stop> {
        Ok(governance(state)?)
    }
}

impl Query for PreflightOf {
    const NAME: &'static str = "preflight";
    type Answer = PreflightAnswer;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<PreflightAnswer, Stop> {
        answer(ctx, state, EnterpriseId::default(), &self.changes)
    }
}

/// Makes the changes on an overlay, with their risks accepted, and tells the figures and what would be refused.
fn answer(
    ctx: &QueryContext,
    state: &mut dyn State,
    proposer: EnterpriseId,
    changes: &[Change],
) -> Result<PreflightAnswer, Stop> {
    let unknown = changes.iter().filter_map(|change| match change {
        Change::ActivateFeature { number, .. } if !is_known(*number) => Some(*number),
        _ => None,
    });
    let unknown_features = unknown.collect();
    let refused = |refusal| PreflightAnswer { figures: None, refusal: Some(refusal), unknown_features };
    let mut overlay = Overlay::new(state);
    match figures(ctx, &mut overlay, proposer, changes) {
        Ok(figures) => {
            let membership = changes.iter().any(Change::is_membership);
            let refusal = figures.risk().filter(|_| membership);
            Ok(PreflightAnswer { refusal, figures: Some(figures), ..refused(reject::no_changes()) })
        }
        Err(Stop::Rejected(refusal)) => Ok(refused(refusal)),
        Err(Stop::Miss(miss)) => Err(miss.into()),
    }
}

fn figures(
    ctx: &QueryContext,
    state: &mut dyn State,
    proposer: EnterpriseId,
    changes: &[Change],
) -> Result<Preflight, Stop> {
    changes.iter().try_for_each(Change::check).map_err(|rejection: Rejection| Stop::from(rejection))?;
    let ctx = Context {
        chain: ChainId::default(),
        clock: Clock::Real,
        height: ctx.height,
        time: ctx.time,
        transaction: TransactionHash::default(),
        act: 0,
        signers: &[],
        actor: None,
    };
    changes::make(&ctx, state, &Decision { proposer, changes, overrides: true })?;
    Ok(preflight::assess(state, ctx.height)?)
}

impl Query for CommitteeOf {
    const NAME: &'static str = "committee";
    type Answer = CommitteeView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<CommitteeView, Stop> {
        let governance = governance(state)?;
        let epoch = self.epoch.unwrap_or(ctx.height / governance.epoch_blocks);
        let unknown = || reject::unknown_committee(epoch, governance.epoch_fixed);
        let committee = Committee::load(state, &epoch)?.ok_or_else(unknown)?;
        let keys =
            committee.members.iter().flat_map(|seat| [Validator::key(&seat.peer_key), Lead::key(&seat.peer_key)]);
        look_ahead(state, keys)?;
        let liveness = Liveness::at(state, &governance, ctx.height)?;
        let mut members = Vec::new();
        for seat in &committee.members {
            let Validator { enterprise, name, addresses, .. } = validator(state, seat.peer_key)?;
            let led_height = Lead::load(state, &seat.peer_key)?.map(|lead| lead.height);
            let live = liveness.holds(state, seat.peer_key)?;
            members.push(SeatView { peer_key: seat.peer_key, enterprise, name, addresses, led_height, live });
        }
        let count = u32::try_from(members.len()).expect("a committee is bounded");
        Ok(CommitteeView {
            epoch,
            first_height: epoch.saturating_mul(governance.epoch_blocks),
            fixed_height: committee.fixed_height,
            faults: preflight::faults(count),
            quorum: preflight::quorum(count),
            members,
        })
    }
}

impl Query for ProposalOf {
    const NAME: &'static str = "proposal";
    type Answer = ProposalView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<ProposalView, Stop> {
        let unknown = || reject::unknown_proposal(self.proposal);
        let proposal = Proposal::load(state, &self.proposal)?.ok_or_else(unknown)?;
        let preflight = match proposal.status {
            ProposalStatus::Open | ProposalStatus::Adopted => {
                Some(answer(ctx, state, proposal.proposer, &proposal.changes)?)
            }
            ProposalStatus::Executed | ProposalStatus::Failed | ProposalStatus::Expired | ProposalStatus::Withdrawn => {
                None
            }
        };
        Ok(ProposalView { missing_weight: proposal.tally.missing(), proposal, preflight })
    }
}
