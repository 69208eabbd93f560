//! Transactions on their way to whoever may propose them.
//!
//! ```text
//!   a client's node -> Outgoing -> bundles -> every peer -> TransactionSource::arrive
//! ```
//! A transaction that a node has taken stays in its pool until it is final, so what is lost on the way is late, not gone:
//! the node proposes it itself when its turn to lead comes. What arrives is bytes from a stranger: the source checks it
//! as it checks a client's.
//!
//! An honest node sends only what it has checked. So who sends a bundle that cannot be read, or a transaction with a
//! signature that does not verify, is shut out; who sends more than a share of what can be read is heard up to that
//! share. What was final long ago is sent by honest nodes too, when they have just started: it is passed over, and
//! counts as many times more of their share than what is new.

use bytes::Buf as _;
use commonware_p2p::{Blocker, Receiver, Recipients, Sender};
use commonware_runtime::{Clock, IoBuf};
use commonware_utils::channel::mpsc;
use futures::{
    FutureExt as _,
    future::{Either, select},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};
use types::{Transaction, limits::TRANSACTION_BYTES_MAX, transaction::Named};

use crate::{network::BUNDLES_PER_SECOND, source::TransactionSource, stack::PeerKey};

/// Bytes of the largest bundle: some thousand transactions, and at least the largest one.
pub(crate) const BUNDLE_BYTES_MAX: usize = 1 << 20;
const _: () = assert!(BUNDLE_BYTES_MAX > TRANSACTION_BYTES_MAX + LENGTH_BYTES);
/// Bytes in front of each transaction.
const LENGTH_BYTES: usize = 4;
/// Transactions that wait to be sent; beyond that they are left to this node's own turn.
const WAITING_MAX: usize = 8_192;

/// Bundles follow each other no faster: what is beyond the network's quota for a peer would be lost, and signatures cost
/// less the more of them are checked together. The first after a pause goes at once.
const BUNDLE_EVERY: Duration = Duration::from_millis(20);
const _: () = assert!(BUNDLE_EVERY.saturating_mul(BUNDLES_PER_SECOND).as_millis() > 1_000);

/// Bytes a second that one peer's bundles may have: many times what a chain takes.
const PEER_BYTES_PER_SECOND: u64 = 8 << 20;
/// Bytes that one peer's bundles may have at once.
const PEER_BYTES_AT_ONCE: u64 = 16 << 20;
/// How much more of a peer's share a byte takes that was of no use: to find that out is the work, and nobody pays for it.
const USELESS_TIMES: u64 = 16;
/// How far a share may be overdrawn: so long is nobody listened to at most.
const DEBT_MAX: i64 = 30 * PEER_BYTES_PER_SECOND.cast_signed();
/// Words on peers that wait to be acted on: more of the same peers say nothing new.
const WORDS_MAX: usize = 256;

/// Transactions that a peer has sent: unchecked, and perhaps known already.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub transactions: Vec<Named>,
    /// As many as there were, and their bytes.
    count: usize,
    bytes: usize,
    peer: PeerKey,
    words: mpsc::Sender<Word>,
}

/// What became of a peer's bundle.
#[derive(Debug)]
enum Word {
    /// No honest node would have sent it.
    Denounced(PeerKey),
    /// So many bytes of it were of no use.
    Useless(PeerKey, usize),
}

impl Bundle {
    /// As many bytes as it had on its way.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Shuts its sender out: no honest node would have sent this.
    pub fn denounce(&self) {
        let _ = self.words.try_send(Word::Denounced(self.peer.clone()));
    }

    /// So many of its transactions were final long ago: its sender is heard less for a while.
    pub fn useless(&self, count: usize) {
        let bytes = self.bytes.saturating_mul(count).checked_div(self.count).unwrap_or_default();
        if bytes > 0 {
            let _ = self.words.try_send(Word::Useless(self.peer.clone(), bytes));
        }
    }
}

/// What each peer may still send now.
struct Allowances<'a, E> {
    clock: &'a E,
    left: BTreeMap<PeerKey, (i64, SystemTime)>,
}

impl<E: Clock> Allowances<'_, E> {
    /// What a peer has left now: below zero where it has overdrawn.
    fn left(&mut self, peer: &PeerKey) -> &mut i64 {
        let now = self.clock.current();
        let all = PEER_BYTES_AT_ONCE.cast_signed();
        let (left, since) = self.left.entry(peer.clone()).or_insert((all, now));
        let passed = now.duration_since(*since).unwrap_or(Duration::ZERO).as_millis();
        let earned = u64::try_from(passed).unwrap_or(u64::MAX).saturating_mul(PEER_BYTES_PER_SECOND / 1_000);
        *left = left.saturating_add(i64::try_from(earned).unwrap_or(i64::MAX)).min(all);
        *since = now;
        left
    }

    /// Whether a peer may send so many bytes now; then it has.
    fn take(&mut self, peer: &PeerKey, bytes: usize) -> bool {
        let left = self.left(peer);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let allowed = *left >= bytes;
        if allowed {
            *left -= bytes;
        }
        allowed
    }

    /// So many bytes of what a peer sent were of no use.
    fn charge(&mut self, peer: &PeerKey, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(USELESS_TIMES);
        let left = self.left(peer);
        *left = left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX)).max(-DEBT_MAX);
    }
}

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
pub(crate) async fn run<E, S, R, B>(
    clock: E,
    waiting: Waiting,
    (sender, receiver): (S, R),
    source: Arc<dyn TransactionSource>,
    blocker: B,
) where
    E: Clock,
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    B: Blocker<PublicKey = PeerKey>,
{
    select(tell(&clock, waiting, sender).boxed(), hear(&clock, receiver, source, blocker).boxed()).await;
}

/// Sends what waits to every peer.
async fn tell<E: Clock, S: Sender<PublicKey = PeerKey>>(clock: &E, mut waiting: Waiting, mut sender: S) {
    while let Some(first) = waiting.recv().await {
        let bundle = bundle(first, &mut waiting);
        let _ = sender.send(Recipients::All, IoBuf::from(bundle), false);
        clock.sleep(BUNDLE_EVERY).await;
    }
}

/// Takes what peers send.
async fn hear<E, R, B>(clock: &E, mut receiver: R, source: Arc<dyn TransactionSource>, mut blocker: B)
where
    E: Clock,
    R: Receiver<PublicKey = PeerKey>,
    B: Blocker<PublicKey = PeerKey>,
{
    let (words, mut told) = mpsc::channel(WORDS_MAX);
    let mut allowances = Allowances { clock, left: BTreeMap::new() };
    loop {
        // The future that did not come first is dropped here, and takes nothing with it.
        match select(told.recv().boxed(), receiver.recv().boxed()).await {
            Either::Left((None, _)) | Either::Right((Err(_), _)) => return,
            Either::Left((Some(Word::Useless(peer, bytes)), _)) => allowances.charge(&peer, bytes),
            Either::Left((Some(Word::Denounced(peer)), _)) => {
                commonware_p2p::block!(blocker, peer, "a transaction that nobody signed");
            }
            Either::Right((Ok((peer, mut bytes)), _)) => {
                let length = bytes.remaining();
                if !allowances.take(&peer, length) {
                    continue;
                }
                match open(&bytes.copy_to_bytes(length)) {
                    Some(transactions) => {
                        let count = transactions.len();
                        source.arrive(Bundle { transactions, count, bytes: length, peer, words: words.clone() });
                    }
                    None => {
                        commonware_p2p::block!(blocker, peer, "a bundle of transactions that cannot be read");
                    }
                }
            }
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

/// The transactions of a bundle; `None` where it is none.
fn open(mut bytes: &[u8]) -> Option<Vec<Named>> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return None;
    }
    let mut transactions = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (transaction, rest) = rest.split_at_checked(length)?;
        transactions.push(Named::decode(transaction).ok()?);
        bytes = rest;
    }
    Some(transactions)
}

#[cfg(test)]
mod tests {
    use super::{
        Allowances, BUNDLE_BYTES_MAX, PEER_BYTES_AT_ONCE, PEER_BYTES_PER_SECOND, bundle, open, outgoing, tell,
    };
    use crate::network::BUNDLES;
    use bytes::Buf as _;
    use commonware_cryptography::{Signer as _, ed25519};
    use commonware_p2p::{
        Receiver as _,
        simulated::{self, Link},
    };
    use commonware_runtime::{Clock as _, Runner as _, Spawner as _, Supervisor as _, deterministic};
    use commonware_utils::{NZUsize, probability};
    use std::{collections::BTreeMap, time::Duration};
    use types::{
        Act, Bytes, Digest, List, Suite, Timestamp, Transaction,
        transaction::{Body, Named, PublicKey},
    };

    fn transaction(nonce: u64) -> Transaction {
        let signer = PublicKey { suite: Suite::ED25519, bytes: Bytes::new([1; 32]).unwrap() };
        let body = Body {
            chain: Digest([1; 32]),
            nonce,
            valid_until: Timestamp(1),
            signers: List::new(vec![signer]).unwrap(),
            acts: List::new(vec![Act { module: 1, call: 0, payload: Bytes::default() }]).unwrap(),
        };
        Transaction { body, signatures: List::new(vec![Bytes::new([0; 64]).unwrap()]).unwrap() }
    }

    #[test]
    fn a_bundle_is_read_whole_or_not_at_all() {
        let (outgoing, mut waiting) = outgoing();
        let sent: Vec<_> = (0..3).map(transaction).collect();
        sent[1..].iter().for_each(|transaction| outgoing.send(transaction));
        let bytes = bundle(sent[0].encode(), &mut waiting);
        assert_eq!(open(&bytes), Some(sent.into_iter().map(Named::from).collect()));
        assert_eq!(open(&[]), Some(Vec::new()));
        let ends: Vec<usize> = (0..3).map(|end| bytes.len() / 3 * end).collect();
        for length in (1..bytes.len()).filter(|length| !ends.contains(length)) {
            assert_eq!(open(&bytes[..length]), None, "cut off at {length}");
        }
        assert_eq!(open(&[0xff; 64]), None);
        let fit = BUNDLE_BYTES_MAX / bytes.len();
        assert_eq!(open(&bytes.repeat(fit)).map(|all| all.len()), Some(fit * 3));
        assert_eq!(open(&bytes.repeat(fit + 1)), None, "larger than any that is sent");
    }

    #[test]
    fn what_comes_one_by_one_reaches_a_peer_through_the_networks_quota() {
        deterministic::Runner::default().start(|context| async move {
            let [one, other] = [1, 2].map(|seed| ed25519::PrivateKey::from_seed(seed).public_key());
            let config = simulated::Config {
                max_size: 1 << 21,
                max_peers_per_set: NZUsize!(2),
                disconnect_on_block: true,
                tracked_peer_sets: NZUsize!(1),
            };
            let peers = [one.clone(), other.clone()];
            let (network, oracle) = simulated::Network::new_with_peers(context.child("network"), config, peers).await;
            network.start();
            let (latency, jitter) = (Duration::from_millis(1), Duration::ZERO);
            let link = Link { latency, jitter, success_rate: probability!(1.0) };
            oracle.add_link(one.clone(), other.clone(), link).await.unwrap();
            let (sender, _keep) = oracle.control(one).register(0, BUNDLES).await.unwrap();
            let (_sender, mut receiver) = oracle.control(other).register(0, BUNDLES).await.unwrap();
            let (outgoing, waiting) = outgoing();
            context.child("tell").spawn(move |context| async move { tell(&context, waiting, sender).await });
            // Far more a second than bundles that the network carries.
            context.child("clients").spawn(move |context| async move {
                for nonce in 0..1_000 {
                    outgoing.send(&transaction(nonce));
                    context.sleep(Duration::from_millis(1)).await;
                }
            });
            let mut heard = Vec::new();
            while heard.len() < 1_000 {
                let (_, mut bytes) = receiver.recv().await.unwrap();
                let length = bytes.remaining();
                heard.extend(open(&bytes.copy_to_bytes(length)).unwrap());
            }
            assert!(
                (0..).zip(&heard).all(|(nonce, heard)| heard.transaction.body.nonce == nonce),
                "none is lost on the way"
            );
        });
    }

    #[test]
    fn a_peer_that_sends_too_much_is_not_listened_to_for_a_moment() {
        deterministic::Runner::default().start(|context| async move {
            let [one, other] = [1, 2].map(|seed| ed25519::PrivateKey::from_seed(seed).public_key());
            let mut allowances = Allowances { clock: &context, left: BTreeMap::new() };
            let all = usize::try_from(PEER_BYTES_AT_ONCE).unwrap();
            assert!(allowances.take(&one, all));
            assert!(!allowances.take(&one, 1 << 20));
            assert!(allowances.take(&other, 1 << 20), "each has its own");
            context.sleep(Duration::from_millis(100)).await;
            assert!(!allowances.take(&one, 1 << 20));
            context.sleep(Duration::from_secs(1)).await;
            assert!(allowances.take(&one, 1 << 20));
        });
    }

    #[test]
    fn who_never_stops_sending_too_much_is_heard_up_to_its_share() {
        deterministic::Runner::default().start(|context| async move {
            let one = ed25519::PrivateKey::from_seed(1).public_key();
            let mut allowances = Allowances { clock: &context, left: BTreeMap::new() };
            assert!(allowances.take(&one, usize::try_from(PEER_BYTES_AT_ONCE).unwrap()));
            let mut read = 0;
            for _ in 0..10_000 {
                context.sleep(Duration::from_millis(1)).await;
                read += if allowances.take(&one, 1 << 18) { 1 << 18 } else { 0 };
            }
            let share = 10 * PEER_BYTES_PER_SECOND;
            assert!((share * 9 / 10..=share).contains(&read), "{read} of {share}");
        });
    }

    #[test]
    fn what_was_of_no_use_silences_its_peer_for_longer_and_never_for_long() {
        deterministic::Runner::default().start(|context| async move {
            let [one, other] = [1, 2].map(|seed| ed25519::PrivateKey::from_seed(seed).public_key());
            let mut allowances = Allowances { clock: &context, left: BTreeMap::new() };
            // A start's journal does no harm: a megabyte is within what a peer has at once.
            assert!(allowances.take(&one, 1 << 19));
            allowances.charge(&one, 1 << 19);
            assert!(allowances.take(&one, 1 << 10));
            // Replays without end do: one part in so many is read of what could be.
            let mut read = 0;
            for _ in 0..1_000 {
                if allowances.take(&one, 1 << 18) {
                    allowances.charge(&one, 1 << 18);
                    read += 1;
                }
                context.sleep(Duration::from_millis(10)).await;
            }
            assert!((1..50).contains(&read), "{read} in ten seconds");
            assert!(allowances.take(&other, 1 << 20), "each has its own");
            allowances.charge(&one, usize::MAX);
            context.sleep(Duration::from_secs(33)).await;
            assert!(allowances.take(&one, 1 << 20));
        });
    }
}
