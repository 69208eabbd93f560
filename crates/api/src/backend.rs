//! What a door needs of a node: the one trait between `server` and whatever runs the chain.
//!
//! Nothing here says how: a node answers from its pool, its engine and its read model. A handler that goes away drops
//! the future it waits for, and that must be all it takes to stop the work.

use crate::{
    list::ListRequest,
    message::{
        AnswerView, ChainInfo, CheckpointView, EventPage, NonceView, Page, ProofView, ReceiptProofView, RowView,
    },
};
use ledger::core::{EnterpriseId, Module, QuerySpec, TableSpec};
use serde_json::Value;
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use types::{
    AccountId, FinalBlock, Key, Receipt, Rejection, Timestamp, Transaction, TransactionHash, block::Header,
    transaction::Checked,
};

/// An answer to come.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The caller is told which law stands against it.
    Rejected(Rejection),
    /// Something in or under the node failed: the caller is told that it did, the log is told what.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl Failure {
    pub fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Internal(error) => error.fmt(f),
        }
    }
}

/// A transaction of a final block, with its receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Included {
    pub transaction: Arc<Checked>,
    pub receipt: Receipt,
    /// Block time.
    pub time: Timestamp,
    /// Events of the block that came before this transaction's: its own begin at this position.
    pub first_event: u32,
}

/// Which block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockAt {
    Height(u64),
    Latest,
}

/// A final block with what proves it.
#[derive(Clone, Debug)]
pub struct ProvenBlock {
    pub block: Arc<FinalBlock>,
    /// Envelope and certificate, as the SDK reads them.
    pub finality: Value,
}

impl ProvenBlock {
    pub fn header(&self) -> &Header {
        &self.block.header
    }
}

/// Which events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// The module's name.
    pub module: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    pub party: Option<EnterpriseId>,
}

/// Where an event stands among all: the height of its block and its position there. What fell due comes first, then
/// the transactions' events in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct EventCursor {
    pub height: u64,
    /// Events of that block up to and with this one.
    pub position: u32,
}

impl EventCursor {
    /// Behind every event of this block and of those before.
    pub fn behind(height: u64) -> Self {
        Self { height, position: u32::MAX }
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.height, self.position)
    }
}

impl std::str::FromStr for EventCursor {
    type Err = Rejection;
    fn from_str(text: &str) -> Result<Self, Rejection> {
        let parse = || {
            let (height, position) = text.split_once('.')?;
            // Heights stay within what SQL's integers hold.
            let height = height.parse().ok().filter(|height| i64::try_from(*height).is_ok())?;
            Some(Self { height, position: position.parse().ok()? })
        };
        parse().ok_or_else(crate::problem::doors::cursor)
    }
}

/// A node as its doors see it.
pub trait Backend: Send + Sync + 'static {
    /// Which chain this is, and where it stands.
    fn info(&self) -> Reply<'_, ChainInfo>;

    /// Verifies a transaction and takes it into the pool. One that waits already, or is final, is taken again.
    fn submit(&self, transaction: Transaction) -> Reply<'_, TransactionHash>;

    /// Milliseconds after which to come again with many of this sender, where its organisation has more waiting than blocks
    /// empty in a moment. Then a request is refused whole, before its transactions are looked at.
    fn put_off(&self, sender: AccountId) -> Option<u64>;

    /// [`submit`](Self::submit) for many: one answer each, in order. Their signatures are checked together.
    fn submit_many(
        &self,
        transactions: Vec<Transaction>,
    ) -> Pin<Box<dyn Future<Output = Vec<Result<TransactionHash, Failure>>> + Send + '_>>;

    /// Resolves once the block at this height is final. May wait for ever: the caller bounds it.
    fn reached(&self, height: u64) -> Reply<'_, ()>;

    /// Resolves once the transaction is in a final block whose receipts are durable; refuses when the transaction was
    /// dropped from the pool. May wait for ever: the caller bounds it.
    fn wait_final(&self, hash: TransactionHash) -> Reply<'_, Included>;

    /// A transaction of a final block.
    fn transaction(&self, hash: TransactionHash) -> Reply<'_, Option<Included>>;

    fn block(&self, at: BlockAt) -> Reply<'_, Option<ProvenBlock>>;

    /// Whom a machine may ask that joins now; `None` in the first epoch, which the genesis names the validators of.
    fn checkpoint(&self) -> Reply<'_, Option<CheckpointView>>;

    fn nonce(&self, account: AccountId) -> Reply<'_, NonceView>;

    /// Answers a question from the state of the last final block.
    fn query(&self, query: &'static QuerySpec, question: Value) -> Reply<'_, AnswerView>;

    /// Proves what the record at `key` is, or that there is none, under the last final block.
    fn prove(&self, key: Key) -> Reply<'_, ProofView>;

    /// Proves what became of a transaction of a final block.
    fn prove_transaction(&self, hash: TransactionHash) -> Reply<'_, Option<ReceiptProofView>>;

    /// A page of a list.
    fn list(&self, request: ListRequest) -> Reply<'_, Page>;

    /// One record of a list.
    fn row(&self, module: &'static Module, table: &'static TableSpec, id: String) -> Reply<'_, Option<RowView>>;

    /// The next events behind `after`, at most `max`. Resolves at once where there are some that pass the filter, and
    /// otherwise when a block brings one, or with an empty page after a while: the page's cursor is where to go on.
    /// The caller pulls, so a slow reader costs nothing but his own time.
    fn events(&self, after: EventCursor, filter: EventFilter, max: usize) -> Reply<'_, EventPage>;
}
