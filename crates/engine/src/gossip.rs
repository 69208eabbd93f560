//! Transactions on their way to whoever may propose them.
//!
//! ```text
//!   a client's node -> Outgoing -> bundles -> every peer -> TransactionSource::arrive
//! ```
//! A transaction that a node has taken stays in its pool until it is final, so what is lost on the way is late, not gone:
//! the node proposes it itself when its turn to lead comes. What arrives is bytes from a stranger: the source checks it
//! as it checks a client's.

use bytes::Buf as _;
use commonware_p2p::{Receiver, Recipients, Sender};
use commonware_runtime::IoBuf;
use commonware_utils::channel::mpsc;
use futures::{
    FutureExt as _,
    future::{Either, select},
};
use std::sync::Arc;
use types::{Transaction, limits::TRANSACTION_BYTES_MAX};

use crate::{source::TransactionSource, stack::PeerKey};

/// Bytes of the largest bundle: some thousand transactions, and at least the largest one.
pub(crate) const BUNDLE_BYTES_MAX: usize = 1 << 20;
const _: () = assert!(BUNDLE_BYTES_MAX > TRANSACTION_BYTES_MAX + LENGTH_BYTES);
/// Bytes in front of each transaction.
const LENGTH_BYTES: usize = 4;
/// Transactions that wait to be sent; beyond that they are left to this node's own turn.
const WAITING_MAX: usize = 8_192;

/// Where a node puts transactions that it has taken from a client.
#[derive(Clone, Debug)]
pub struct Outgoing(mpsc::Sender<Vec<u8>>);

/// The other end of [`Outgoing`].
pub(crate) type Waiting = mpsc::Receiver<Vec<u8>>;

/// A way out, and its other end.
pub(crate) fn outgoing() -> (Outgoing, Waiting) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Outgoing(sender), receiver)
}

impl Outgoing {
    /// Tells the peers of a transaction, unless too many wait to be told of.
    pub fn send(&self, transaction: &Transaction) {
        let _ = self.0.try_send(transaction.encode());
    }
}

/// Carries transactions both ways until the chain stops.
pub(crate) async fn run<S, R>(
    mut waiting: Waiting,
    (mut sender, mut receiver): (S, R),
    source: Arc<dyn TransactionSource>,
) where
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
{
    loop {
        // The future that did not come first is dropped here, and takes nothing with it.
        let event = match select(waiting.recv().boxed(), receiver.recv().boxed()).await {
            Either::Left((ours, _)) => Either::Left(ours),
            Either::Right((theirs, _)) => Either::Right(theirs),
        };
        match event {
            Either::Left(Some(first)) => {
                let bundle = bundle(first, &mut waiting);
                let _ = sender.send(Recipients::All, IoBuf::from(bundle), false);
            }
            Either::Right(Ok((_, mut bytes))) => {
                let bytes = bytes.copy_to_bytes(bytes.remaining());
                source.arrive(open(&bytes));
            }
            Either::Left(None) | Either::Right(Err(_)) => return,
        }
    }
}

/// The first transaction and those that wait behind it, as many as fit.
fn bundle(first: Vec<u8>, waiting: &mut Waiting) -> Vec<u8> {
    let mut bundle = Vec::new();
    let mut next = Some(first);
    while let Some(transaction) = next {
        let length = u32::try_from(transaction.len()).expect("a transaction is bounded");
        bundle.extend(length.to_le_bytes());
        bundle.extend(transaction);
        let room = BUNDLE_BYTES_MAX - bundle.len() > TRANSACTION_BYTES_MAX + LENGTH_BYTES;
        next = if room { waiting.try_recv().ok() } else { None };
    }
    bundle
}

/// The transactions of a bundle, as far as it is sound.
fn open(mut bytes: &[u8]) -> Vec<Transaction> {
    let mut transactions = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((transaction, rest)) = rest.split_at_checked(length) else { break };
        let Ok(transaction) = Transaction::decode(transaction) else { break };
        transactions.push(transaction);
        bytes = rest;
    }
    transactions
}
