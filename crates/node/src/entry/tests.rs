//! A block may become final between the look at the state and the pool: nothing of it is taken again, and what is refused
//! is refused as of that block.

use super::{Refused, enter};
use crate::{owners::Owners, source::PoolSource};
use engine::{Reading, Settled, TransactionSource as _};
use futures::FutureExt as _;
use ledger::core::nonce;
use mempool::{Admitted, Policy};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    sync::Arc,
};
use types::{
    AccountId, Bytes, Digest, Key, List, Room, Suite, Timestamp, Transaction, TransactionHash,
    rejection::tech,
    transaction::{Act, Body, Checked, PublicKey},
};

const NOW: Timestamp = Timestamp(1_000);

fn transaction(nonce: u64) -> Arc<Checked> {
    let signer = PublicKey { suite: Suite::ED25519, bytes: Bytes::new([1; 32]).expect("32 bytes") };
    let body = Body {
        chain: Digest([1; 32]),
        nonce,
        valid_until: Timestamp(1_000_000),
        signers: List::new(vec![signer]).expect("one"),
        acts: List::new(vec![Act { module: 1, call: 0, payload: Bytes::default() }]).expect("one"),
    };
    let signatures = List::new(vec![Bytes::new([0; 64]).expect("64 bytes")]).expect("one");
    Arc::new(Checked::vouch(Transaction { body, signatures }))
}

/// A chain whose blocks hold one transaction each of the same sender, and a pool beside it.
struct Chain {
    source: PoolSource,
    owners: Owners,
    height: Cell<u64>,
    reads: Cell<u64>,
    /// Becomes final after the next look at a nonce.
    next: RefCell<Option<Arc<Checked>>>,
}

impl Chain {
    fn new() -> Self {
        let source = PoolSource::new(Policy::FirstCome, None).0;
        let (height, reads, next) = Default::default();
        Self { source, owners: Owners::default(), height, reads, next }
    }

    fn grow(&self, checked: Arc<Checked>) {
        self.height.set(self.height.get() + 1);
        let height = self.height.get();
        self.source.settle(Settled { height, included: vec![checked], ..Settled::default() });
    }

    fn read(&self, keys: &[Key], sender: AccountId) -> Reading {
        let used = self.height.get();
        let value = |key: &Key| (*key == nonce::key(sender) && used > 0).then(|| types::wire::encode(&used));
        let values = keys.iter().map(value).collect();
        let reading = Reading { height: used, state_root: Digest::default(), values };
        if keys.contains(&nonce::key(sender)) {
            self.reads.set(self.reads.get() + 1);
            if let Some(checked) = self.next.take() {
                self.grow(checked);
            }
        }
        reading
    }

    fn enter(&self, checked: &[Arc<Checked>]) -> Vec<Result<Admitted, Refused>> {
        let read = async |keys: Vec<Key>| Ok(self.read(&keys, checked[0].sender()));
        let entered = enter(&self.source, &self.owners, checked, NOW, read).now_or_never();
        entered.expect("nothing is waited for").expect("state can be read")
    }

    fn offers(&self) -> Vec<TransactionHash> {
        self.source.take(Room::BLOCK, &BTreeSet::new()).iter().map(|checked| checked.hash).collect()
    }
}

/// The refusal of a used nonce, as of a height.
fn used(expected: u64, found: u64, height: u64) -> Result<Admitted, Refused> {
    Err(Refused { height, rejection: tech::nonce(expected, found) })
}

#[test]
fn a_nonce_that_a_block_uses_meanwhile_is_refused_as_of_that_block() {
    let (chain, own) = (Chain::new(), [0, 1, 2].map(transaction));
    assert_eq!(chain.enter(&own), [(); 3].map(|()| Ok(Admitted::New)));
    assert_eq!(chain.reads.get(), 1);
    // Sent again, while the block with it becomes final; the others wait, so that the pool knows the sender.
    chain.next.replace(Some(own[0].clone()));
    assert_eq!(chain.enter(&own[..1]), [used(1, 0, 1)]);
    assert_eq!(chain.reads.get(), 3, "it was read again");
    assert_eq!(chain.offers(), [own[1].hash, own[2].hash]);
}

#[test]
fn what_a_block_holds_meanwhile_is_not_taken_again_when_nothing_else_of_its_sender_waits() {
    let (chain, own) = (Chain::new(), [0, 1].map(transaction));
    assert_eq!(chain.enter(&own[..1]), [Ok(Admitted::New)]);
    chain.next.replace(Some(own[0].clone()));
    assert_eq!(chain.enter(&own[..1]), [used(1, 0, 1)]);
    assert_eq!(chain.offers(), []);
    // What comes with it and is still to run is taken.
    chain.next.replace(Some(own[1].clone()));
    let others = [1, 2].map(transaction);
    assert_eq!(chain.enter(&others), [used(2, 1, 2), Ok(Admitted::New)]);
    assert_eq!(chain.offers(), [others[1].hash]);
}

#[test]
fn who_is_known_to_the_pool_is_not_looked_up() {
    let (chain, own) = (Chain::new(), [0, 1].map(transaction));
    chain.grow(transaction(0));
    assert_eq!(chain.enter(&own), [used(1, 0, 1), Ok(Admitted::New)]);
    let reads = chain.reads.get();
    assert_eq!(chain.enter(&own[1..]), [Ok(Admitted::Already)]);
    assert_eq!(chain.reads.get(), reads + 1, "of nobody's account nothing is remembered");
}
