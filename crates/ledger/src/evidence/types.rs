use crate::core::{EnterpriseId, EventKind, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Digest, List, Timestamp,
    text::{Name, Remark},
    typed_id,
};

typed_id!(
    /// A recorded digest.
    EvidenceId,
    "evd"
);

/// What kind of document a digest stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// Contract, amendment, undertaking.
    Contract,
    /// Order, invoice, credit note.
    TradeDocument,
    /// Waybill, delivery note, position.
    Logistics,
    /// Inspection, assay, stock-take.
    Inspection,
    /// Bank statement, payment advice.
    Payment,
    /// Identity and know-your-customer papers.
    Identity,
    /// Order of a court or an authority.
    OfficialOrder,
    /// Reading of a device.
    Reading,
    /// Anything else.
    Other,
}

/// A recorded digest. Never changed: the log commits to these bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// SHA-256 of the document.
    pub digest: Digest,
    pub kind: Kind,
    pub title: Name,
    pub remark: Remark,
    pub owner: EnterpriseId,
    /// Who recorded it.
    pub recorded_by: MemberId,
    pub recorded_at: Timestamp,
    pub height: u64,
    /// Its place in the log, from 0.
    pub index: u64,
    /// First record of the chain of versions: itself for version 1.
    pub first: EvidenceId,
    /// From 1.
    pub version: u32,
    /// The version before.
    pub previous: Option<EvidenceId>,
}

/// Which owners recorded a digest.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct ByDigest {
    pub(super) records: List<(EnterpriseId, EvidenceId), 64>,
}

/// The latest record of a chain of versions. Only chains of two and more have one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Chain {
    pub(super) latest: EvidenceId,
}

/// Records that a document with this digest exists.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordEvidence {
    /// SHA-256 of the document.
    pub digest: Digest,
    /// What kind of document it is.
    pub kind: Kind,
    /// Its title, as people look for it; may be empty.
    pub title: Name,
    /// What else should be said about it; may be empty.
    pub remark: Remark,
    /// The own record that this one is a new version of; `null`: a new document.
    pub previous: Option<EvidenceId>,
}

/// Who recorded this digest, and when?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verify {
    /// SHA-256 of the document.
    pub digest: Digest,
}

/// What the chain knows of a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// Whether anybody recorded it.
    pub known: bool,
    /// The records, first one first; one per owner.
    pub records: Vec<Found>,
}

/// A record of a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The record's id.
    pub id: EvidenceId,
    /// The record.
    pub evidence: Evidence,
    /// The latest version of the document: the record itself, or the one that superseded it.
    pub latest: EvidenceId,
}

/// How long is the log, and what is its root?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Log {}

/// The log's length and root.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogRoot {
    /// Number of records.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Digest,
}

/// A digest was recorded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceRecorded {
    pub evidence: EvidenceId,
    pub owner: EnterpriseId,
    pub digest: Digest,
    pub version: u32,
}

impl EventKind for EvidenceRecorded {
    const MODULE: u16 = 4;
    const NUMBER: u16 = 1;
    const NAME: &'static str = "EvidenceRecorded";
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.owner]
    }
}

pub mod reject {
    types::rejections! {
        400 unknown(evidence) "E_EVIDENCE_UNKNOWN" "there is no evidence {evidence}";
        401 duplicate(digest, evidence) "E_EVIDENCE_DUPLICATE" "the digest {digest} is recorded already, as {evidence}";
        402 not_owner(evidence) "E_EVIDENCE_OWNER" "{evidence} is another enterprise's: only its owner adds a version";
        403 superseded(evidence, latest) "E_EVIDENCE_SUPERSEDED" "{evidence} has a newer version: the next one follows {latest}";
        404 full(digest) "E_EVIDENCE_FULL" "as many enterprises as fit have recorded the digest {digest}";
    }
}
