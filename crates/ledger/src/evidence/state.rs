use super::{
    reject,
    types::{ByDigest, Chain, Evidence, EvidenceId},
};
use crate::core::{Cell, Column, EnterpriseId, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Digest, Miss, State, Stop, merkle, wire};

/// The right edge of the log.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Edge {
    pub(super) frontier: merkle::Frontier,
}

impl Record for Evidence {
    type Id = EvidenceId;
    const MODULE: u8 = 4;
    const TABLE: u8 = 0;
    const NAME: &'static str = "evidence";
    const COLUMNS: &'static [Column] = &[
        Column::integer("index"),
        Column::text("owner"),
        Column::text("digest"),
        Column::text("kind"),
        Column::text("title"),
        Column::text("recorded_at"),
        Column::text("first"),
        Column::integer("version"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::integer(self.index),
            Cell::text(self.owner),
            Cell::text(self.digest),
            Cell::variant(&self.kind),
            Cell::text(&self.title),
            Cell::time(self.recorded_at),
            Cell::text(self.first),
            Cell::integer(u64::from(self.version)),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.owner]
    }
}

impl Record for ByDigest {
    type Id = Digest;
    const MODULE: u8 = 4;
    const TABLE: u8 = 1;
    const NAME: &'static str = "evidence_by_digest";
}

impl Record for Chain {
    /// The first record of the chain.
    type Id = EvidenceId;
    const MODULE: u8 = 4;
    const TABLE: u8 = 2;
    const NAME: &'static str = "evidence_chains";
}

impl Record for Edge {
    type Id = ();
    const MODULE: u8 = 4;
    const TABLE: u8 = 3;
    const NAME: &'static str = "evidence_log";
}

/// The RFC 6962 root of the log; of an empty log, the SHA-256 of nothing.
pub fn root(state: &mut dyn State) -> Result<Digest, Miss> {
    Ok(Edge::load(state, &())?.unwrap_or_default().frontier.root())
}

/// The record's leaf in the log: what an inclusion proof proves.
pub fn leaf(evidence: &Evidence) -> Digest {
    merkle::leaf(&wire::encode(evidence))
}

/// The record.
pub fn get(state: &mut dyn State, id: EvidenceId) -> Result<Evidence, Stop> {
    Ok(Evidence::load(state, &id)?.ok_or_else(|| reject::unknown(id))?)
}

/// The owner's record of a digest.
pub fn by_owner(state: &mut dyn State, digest: Digest, owner: EnterpriseId) -> Result<Option<EvidenceId>, Miss> {
    let records = ByDigest::load(state, &digest)?.unwrap_or_default().records;
    Ok(records.iter().find(|(other, _)| *other == owner).map(|(_, id)| *id))
}

/// The latest version in the chain of a record.
pub(super) fn latest(state: &mut dyn State, id: EvidenceId, evidence: &Evidence) -> Result<EvidenceId, Miss> {
    // A chain of one has no record of its own: the usual evidence costs one write less.
    let chain = Chain::load(state, &evidence.first)?;
    Ok(chain.map_or(id, |chain| chain.latest))
}
