//! Where a proposer's transactions come from.

use execution::Checked;
use futures::future::BoxFuture;
use std::{collections::BTreeSet, sync::Arc};
use types::{Rejection, Room, TransactionHash};

use crate::gossip::Bundle;

/// What became of transactions that were taken.
#[derive(Clone, Default, Debug)]
pub struct Settled {
    /// Height of the last final block, as far as this tells of one. Its state can be read.
    pub height: u64,
    /// They are in that block: forget them.
    pub included: Vec<Arc<Checked>>,
    /// They may never be in a block: forget them, and tell who asks why.
    pub dropped: Vec<(TransactionHash, Rejection)>,
    /// An earlier nonce of their sender is missing: keep them, and do not offer them again before another transaction of
    /// that sender arrives or is included.
    pub deferred: Vec<TransactionHash>,
}

/// Transactions that wait for a block: the pool of a node.
///
/// Taking does not remove: a proposal may fail, and then its transactions must be offered again. So the engine says
/// which ones are on their way (`pending`), and a transaction leaves the source when it is settled.
pub trait TransactionSource: Send + Sync + 'static {
    /// The next transactions, in the order in which they should run, none of them `pending`, within the room.
    fn take(&self, room: Room, pending: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>>;

    /// Whether `take` would return anything.
    fn has_work(&self, pending: &BTreeSet<TransactionHash>) -> bool;

    /// A number that grows whenever `has_work` may have turned true.
    fn arrivals(&self) -> u64;

    /// Resolves once `arrivals` is above `seen`.
    fn arrived(&self, seen: u64) -> BoxFuture<'static, ()>;

    /// Transactions that a peer has sent: unchecked, and perhaps known already.
    fn arrive(&self, bundle: Bundle);

    /// What became of transactions. It is told at most a few times for each, and not in the order of taking.
    fn settle(&self, settled: Settled);
}
