//! Evidence: that a digest was known, to whom and since when.
//!
//! Parties: any member of any active or restricted enterprise records; anyone who has the document verifies.
//!
//! ```text
//!  record(digest) ----> version 1 --record(digest', previous = 1)--> version 2 ----> ...
//!                       (superseded)                                 (latest)
//! ```
//! The document itself stays outside; its SHA-256 digest is recorded. Only the owner extends a chain of versions, and
//! only at its end. A record is never changed: the log below commits to it.
//!
//! The log is an RFC 6962 tree over all records in the order of recording. Leaf = `merkle::leaf` of the record's
//! canonical bytes ([`leaf`]); its root after each block stands in the block's header ([`root`]), so a public verifier
//! checks one record with the header, an inclusion proof, and nothing of ours. State holds the tree's right edge only.
//!
//! Laws:
//! - V1: the log has as many leaves as there are records, and its root is that of the records in order.
//! - V2: an owner has one record of a digest. *A second one is refused, not swallowed:* it would make the time of the
//!   first one doubtful, and who sends twice by mistake learns the id of the first. Other owners record the same digest
//!   independently, up to 64 of them: contracts have few parties.
//! - V3: versions of a chain are numbered without a gap, have one owner, and exactly one of them is the latest.
//!
//! Example: S1 records the digest of a contract at height 7 (version 1), CORE records the same digest at height 8, and
//! S1 the amended contract at height 20 with `previous` = its first record. `verify` of the first digest then finds two
//! records: S1's, superseded by version 2, and CORE's, still the latest of its chain.

mod audit;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use state::{by_owner, get, leaf, root};
pub use types::{
    Evidence, EvidenceId, EvidenceRecorded, Found, Kind, Log, LogRoot, RecordEvidence, Verification, Verify, reject,
};

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 4,
    name: "evidence",
    about: "Digests of documents with their owners, times and versions, in a log that anyone can check.",
    calls: &[CallSpec::new::<RecordEvidence>(1)],
    queries: &[QuerySpec::new::<Verify>(), QuerySpec::new::<Log>()],
    tables: &[TableSpec::new::<Evidence>()],
    events: &[EventSpec::new::<EvidenceRecorded>()],
    rejections: reject::CATALOGUE,
    due: None,
    genesis: None,
    audit: audit::audit,
};
