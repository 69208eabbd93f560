//! Who waits for which transaction to become final.

use api::backend::Included;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::oneshot;
use types::{FinalBlock, TransactionHash};

type Waiting = BTreeMap<TransactionHash, Vec<oneshot::Sender<Included>>>;

/// Who waits for which transaction.
#[derive(Default)]
pub struct Waiters(Mutex<Waiting>);

impl Waiters {
    /// Resolves when a block with the transaction is final from now on. Look for it in earlier blocks after this call,
    /// so that it cannot slip through between.
    pub fn wait(&self, hash: TransactionHash) -> oneshot::Receiver<Included> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().expect("no holder of the list panics");
        let entry = waiting.entry(hash).or_default();
        entry.retain(|sender| !sender.is_closed());
        entry.push(sender);
        receiver
    }

    /// Tells those who wait for one of the block's transactions.
    pub fn finalized(&self, block: &FinalBlock) {
        let mut waiting = self.0.lock().expect("no holder of the list panics");
        if waiting.is_empty() {
            return;
        }
        let mut first_event = u32::try_from(block.system.events.len()).expect("a block's events are bounded");
        for (transaction, receipt) in block.transactions.iter().zip(&block.receipts) {
            if let Some(senders) = waiting.remove(&transaction.hash) {
                let included = Included {
                    transaction: Arc::clone(transaction),
                    receipt: receipt.clone(),
                    time: block.header.time,
                    first_event,
                };
                for sender in senders {
                    let _ = sender.send(included.clone());
                }
            }
            first_event += u32::try_from(receipt.events.len()).expect("a block's events are bounded");
        }
        waiting.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
    }
}
