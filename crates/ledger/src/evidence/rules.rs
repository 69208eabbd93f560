use super::{
    reject,
    state::{Edge, get, latest, leaf},
    types::{ByDigest, Chain, Evidence, EvidenceId, EvidenceRecorded, RecordEvidence},
};
use crate::core::{Call, Context, EnterpriseId, Function, Record, Role, emit};
use types::{Key, Rejection, State, Stop};

impl Call for RecordEvidence {
    const NAME: &'static str = "record";
    const ROLES: &'static [Role] = &[
        Role::any(&[Function::Maker]),
        Role::any(&[Function::Checker]),
        Role::any(&[Function::Approver]),
        Role::any(&[Function::Treasurer]),
        Role::any(&[Function::Risk]),
        Role::any(&[Function::Auditor]),
        Role::any(&[Function::Admin]),
    ];
    const RUNS_OFF: bool = true;
    type Outcome = EvidenceId;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        let mut keys = vec![ByDigest::key(&self.digest), Edge::key(&())];
        keys.extend(self.previous.map(|previous| Evidence::key(&previous)));
        keys
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<EvidenceId, Stop> {
        let (owner, recorded_by) = (ctx.actor().enterprise, ctx.actor().member);
        let id = EvidenceId::derive(ctx.transaction, ctx.act, 0);
        let mut by_digest = ByDigest::load(state, &self.digest)?.unwrap_or_default();
        if let Some((_, known)) = by_digest.records.iter().find(|(other, _)| *other == owner) {
            return Err(reject::duplicate(self.digest, known).into());
        }
        by_digest.records.push((owner, id)).map_err(|_| reject::full(self.digest))?;
        by_digest.store(state, &self.digest);
        let (first, version) = match self.previous {
            None => (id, 1),
            Some(previous) => extend(state, owner, previous, id)?,
        };
        let mut edge = Edge::load(state, &())?.unwrap_or_default();
        let evidence = Evidence {
            digest: self.digest,
            kind: self.kind,
            title: self.title.clone(),
            remark: self.remark.clone(),
            owner,
            recorded_by,
            recorded_at: ctx.time,
            height: ctx.height,
            index: edge.frontier.size(),
            first,
            version,
            previous: self.previous,
        };
        edge.frontier.append(leaf(&evidence));
        edge.store(state, &());
        evidence.store(state, &id);
        emit(state, &EvidenceRecorded { evidence: id, owner, digest: self.digest, version });
        Ok(id)
    }
}

/// Puts `id` at the end of the chain of `previous`; gives the chain's first record and the new version's number.
fn extend(
    state: &mut dyn State,
    owner: EnterpriseId,
    previous: EvidenceId,
    id: EvidenceId,
) -> Result<(EvidenceId, u32), Stop> {
    let before = get(state, previous)?;
    if before.owner != owner {
        return Err(reject::not_owner(previous).into());
    }
    let latest = latest(state, previous, &before)?;
    if latest != previous {
        return Err(reject::superseded(previous, latest).into());
    }
    Chain { latest: id }.store(state, &before.first);
    Ok((before.first, before.version + 1))
}
