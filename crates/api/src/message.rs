//! What requests and answers hold, beside the fields of the modules.

use crate::problem::Problem;
use ledger::core::EnterpriseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{
    AccountId, BlockHash, Bytes, ChainId, Clock, Digest, Header, Key, List, PeerKey, Timestamp, TransactionHash,
    limits,
    text::{Name, Reference},
    transaction::{Body, PublicKey, Signature},
};

type Signers = List<PublicKey, { limits::SIGNATURES_PER_TRANSACTION_MAX }>;
type Signatures = List<Signature, { limits::SIGNATURES_PER_TRANSACTION_MAX }>;

/// Asks for one act. Without signatures the transaction is prepared and comes back with the hash to sign; with them it
/// is submitted, and `nonce` and `valid_until` are those that were signed. Private keys stay with their owners.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRequest {
    /// The act's fields.
    pub payload: Value,
    /// Who signs; the first is the sender.
    pub signers: Signers,
    /// The sender's count of earlier transactions; when absent, the next free one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<u64>,
    /// The last block time at which it may run; when absent, an hour after the last block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// One signature of the transaction's hash for each signer, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Signatures>,
}

/// One act of several, by name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedAct {
    /// `module.call`.
    pub act: String,
    /// The act's fields.
    pub payload: Value,
}

/// Asks for several acts that happen together or not at all.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareRequest {
    /// The acts, in the order in which they run.
    pub acts: List<NamedAct, { limits::ACTS_PER_TRANSACTION_MAX }>,
    /// Who signs; the first is the sender.
    pub signers: Signers,
    /// The sender's count of earlier transactions; when absent, the next free one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<u64>,
    /// The last block time at which it may run; when absent, an hour after the last block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// A transaction that waits for its signatures.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Prepared {
    /// The transaction's name: its 32 bytes are what each signer signs.
    pub hash: TransactionHash,
    /// What is signed, as fields.
    pub body: Body,
    /// What is signed, as canonical bytes (BCS).
    pub bytes: Bytes<{ limits::TRANSACTION_BYTES_MAX }>,
    /// What it asks for, in words: a signer reads this before he signs.
    pub acts: Vec<ActView>,
}

/// A signed transaction as JSON carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    /// The signed transaction's canonical bytes (BCS).
    pub transaction: Bytes<{ limits::TRANSACTION_BYTES_MAX }>,
}

/// A transaction was taken. The same transaction may be sent again without harm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Submitted {
    pub transaction: TransactionHash,
    /// What became of it, where the request waited (`wait_ms`) and the block came in time.
    #[serde(default)]
    pub receipt: Option<TransactionView>,
}

/// The answers to transactions that were sent in one request, in their order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SubmittedMany {
    pub answers: Vec<SubmittedOne>,
}

/// What a request answers for one of its transactions: its name when it was taken, the reason when it was not.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmittedOne {
    Taken(TransactionHash),
    Refused(Problem),
}

/// An act by name, with its fields.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ActView {
    /// `module.call`.
    pub act: String,
    /// The act's fields.
    pub fields: Value,
}

/// What became of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every act happened.
    Applied,
    /// Nothing happened, because of one act.
    Rejected,
}

/// A transaction of a final block, with its receipt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TransactionView {
    pub hash: TransactionHash,
    /// Height of its block.
    pub height: u64,
    /// Position in its block.
    pub index: u32,
    /// Block time.
    pub time: Timestamp,
    pub sender: AccountId,
    pub nonce: u64,
    /// Accounts whose signatures it carries; the first is the sender.
    pub signers: Vec<AccountId>,
    pub acts: Vec<ActView>,
    pub status: Status,
    /// What each act yielded; empty when rejected.
    pub outcomes: Vec<Value>,
    /// Why nothing happened; `null` when applied.
    pub rejection: Option<Refused>,
    pub events: Vec<EventView>,
    /// The receipt's canonical bytes: a leaf under the block's `receipts_root`.
    pub receipt: Bytes<{ RECEIPT_BYTES_MAX }>,
}

/// Bytes of a receipt as answers carry it: acts of one transaction emit less than what the transaction weighs many times.
pub const RECEIPT_BYTES_MAX: usize = 16 * limits::TRANSACTION_BYTES_MAX;

/// Which act was refused, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Position of the act in its transaction.
    pub act: u16,
    pub problem: Problem,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventView {
    /// Where it stands among all events: give it as `after` or `Last-Event-ID` to go on behind it.
    pub cursor: String,
    /// Height of its block.
    pub height: u64,
    /// The transaction that caused it; `null` for what fell due by itself.
    pub transaction: Option<TransactionHash>,
    /// The module's name.
    pub module: String,
    /// What happened, in the past tense.
    pub event: String,
    /// The enterprises it concerns.
    pub parties: Vec<EnterpriseId>,
    pub fields: Value,
}

/// Events in their order, and where to go on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    pub events: Vec<EventView>,
    /// Behind the last event that was looked at, whether or not it passed the filter.
    pub cursor: String,
}

/// A block's name and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    pub height: u64,
    pub hash: BlockHash,
    pub time: Timestamp,
    pub state_root: Digest,
}

/// An epoch: a run of blocks that one committee signs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EpochView {
    pub number: u64,
    /// Height of its first block.
    pub first_height: u64,
    /// Height of the first block of the next.
    pub next_height: u64,
    /// Whether its signers hold new shares; if not, the resharing before it failed, and the signers are those of before.
    pub dealt: bool,
    /// The machines whose votes make its blocks final, by peer key.
    pub signers: Vec<PeerKey>,
    /// Who gets shares while it lasts, and signs the next.
    pub receivers: Vec<PeerKey>,
    /// Who gets shares in the next.
    pub next_receivers: Vec<PeerKey>,
}

/// Which chain this is, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ChainInfo {
    /// The chain's identity: the SHA-256 of its genesis.
    pub chain: ChainId,
    /// The chain's name for people.
    pub name: Name,
    pub clock: Clock,
    /// The last final block.
    pub head: Head,
    /// The epoch of the next block.
    pub epoch: EpochView,
    /// The first block that this node has: one, unless it began at the state of others.
    pub first_height: u64,
    /// Height up to which transactions, lists and events are answered.
    pub indexed_height: u64,
    /// Transactions that wait for a block.
    pub waiting: u64,
    /// Version of the node's program.
    pub version: String,
    /// The genesis in canonical bytes: its hash is the chain's identity.
    pub genesis: Bytes<{ GENESIS_BYTES_MAX }>,
}

/// Bytes of a genesis: 100 validators with their sharing, and 64 founders with the keys of their administrators.
pub const GENESIS_BYTES_MAX: usize = 256 * 1024;

/// A final block.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockView {
    pub hash: BlockHash,
    pub header: Header,
    /// Its transactions' names, in order.
    pub transactions: Vec<TransactionHash>,
    /// What fell due by itself.
    pub events: Vec<EventView>,
    /// What a light verifier needs beside the header: the block's envelope and its certificate.
    pub finality: Value,
}

/// An account's place in its row of transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NonceView {
    pub account: AccountId,
    /// The nonce that the next transaction in a block must carry.
    pub committed: u64,
    /// The next nonce that no waiting transaction has: what a new transaction should carry.
    pub next: u64,
}

/// The answer to a query, with the height of the state it was read from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AnswerView {
    pub height: u64,
    pub answer: Value,
}

/// A record with what the read model knows of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RowView {
    pub id: String,
    /// Height of the block that made it, or of the block at which the node began, if that is later.
    pub created_height: u64,
    /// Height of the last block that changed it.
    pub height: u64,
    /// The enterprises that may see it.
    pub parties: Vec<EnterpriseId>,
    pub record: Value,
}

/// A page of a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    pub rows: Vec<RowView>,
    /// Give it as `cursor` for the next page; `null` after the last row.
    pub cursor: Option<String>,
    /// The list holds what changed up to this height at least.
    pub height: u64,
}

/// What a trade file asks for. Nothing was recorded: the acts wait to be signed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Its documents, in their order.
    pub documents: Vec<ImportedDocument>,
}

/// A document of a trade file: with the act that records it, or with the problem that stands against it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ImportedDocument {
    /// What it is: order, despatch advice, invoice, credit note.
    pub kind: String,
    /// The number that its issuer gave it.
    pub number: Reference,
    /// The line of the file at which its first line stands, from 1.
    pub line: u32,
    /// The act that records it, as `POST /v1/transactions/prepare` takes it; `null` where there is a problem.
    pub act: Option<NamedAct>,
    /// Why it cannot be recorded now; `null` where there is an act.
    pub problem: Option<Problem>,
    /// What was taken in but should be seen by a person.
    pub notices: Vec<ImportNotice>,
    /// Elements or columns that were not understood; the original file keeps them.
    pub unread: Vec<String>,
}

/// Something in a trade file that a person should see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ImportNotice {
    /// The line of the file, from 1.
    pub line: u32,
    pub text: String,
}

/// Proof of what a record is, or that there is none.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProofView {
    /// The record's key in state, in hex.
    #[serde(with = "hex_bytes")]
    #[schemars(with = "String")]
    pub key: Key,
    /// The record's canonical bytes in hex; `null` when there is none.
    #[serde(with = "hex_optional")]
    #[schemars(with = "Option<String>")]
    pub value: Option<Vec<u8>>,
    /// Height of the block under whose `state_root` it is proven.
    pub height: u64,
    /// The header, its envelope, its certificate and the proof itself, as the SDK verifies them.
    pub proof: Value,
}

/// The last block before an epoch, by which a machine joins when the validators of the genesis are gone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointView {
    /// The epoch whose validators it names.
    pub epoch: u64,
    /// Header, certificate and body of the block: whoever joins verifies them against the genesis.
    pub checkpoint: Bytes<{ CHECKPOINT_BYTES_MAX }>,
}

/// Bytes of a checkpoint: the largest block body, and what makes it final.
pub const CHECKPOINT_BYTES_MAX: usize = 16 << 20;

/// Proof of what became of a transaction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptProofView {
    pub transaction: TransactionHash,
    /// Height of its block.
    pub height: u64,
    /// The receipt's canonical bytes: a leaf under the block's `receipts_root`.
    pub receipt: Bytes<{ RECEIPT_BYTES_MAX }>,
    /// The header, what makes it final, and the steps from the receipt to its root, as the SDK verifies them.
    pub proof: Value,
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&types::wire::hex_encode(bytes))
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod hex_optional {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&types::wire::hex_encode(bytes)),
            None => serializer.serialize_none(),
        }
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| hex::decode(text).map_err(D::Error::custom)).transpose()
    }
}
