//! Where a machine without blocks begins: at a recent final block, not at the genesis.
//!
//! ```text
//!   ask the first validators, or those of a checkpoint, for their newest final block;
//!   f+1 answers, the newest counts                                                          (probe)
//!        -> the epoch it is in, from the block before that epoch, certified by the group's key
//!        -> its state from peers, held against the root that it commits to                  (fetch)
//!        -> follow from there: blocks before it are not here
//! ```
//! Every answer is verified under the chain's group key, which no change of members changes: a lying peer can withhold, and
//! can show an old block only if more than f of those that are asked are with it.
//!
//! What was found stays in a partition of its own: while the epoch lasts, a restart needs it in place of the block before
//! the epoch.

use commonware_cryptography::certificate::Verifier as _;
use commonware_glue::{
    dkg::{probe, state_sync},
    stateful::SyncPlan,
};
use commonware_p2p::{Blocker, Receiver, Sender};
use commonware_parallel::Sequential;
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::sequence::FixedBytes;

use crate::{
    epochs::{COMMITTEE_MAX, SHARING_MODES},
    error::Error,
    network::Peers,
    stack::{BlockDigest, Curve, PeerKey, Runtime, Scheme, Variant},
    wiring::{StartPlan, Wiring},
};

/// A final block to begin at, and the epoch it is in.
pub(crate) type Beginning = state_sync::StateSync<Scheme, BlockDigest, Curve, crate::directory::Directory>;
/// Answers those who join, and asks for one that joins.
pub(crate) type Probe = probe::Mailbox<Scheme, Variant>;
type Plan<E> = SyncPlan<E, Scheme, Variant>;
type Store<E> = Metadata<E, FixedBytes<1>, Beginning>;

const KEY: FixedBytes<1> = FixedBytes::new([0]);
const KEPT: &str = "where the node began is kept, or the node must stop";

/// How a node starts.
pub(crate) struct Start<E: Runtime> {
    pub(crate) plan: Plan<E>,
    pub(crate) epochs: StartPlan,
    /// Where it began, if not at the genesis.
    pub(crate) beginning: Option<Beginning>,
}

/// Starts what answers those who join.
pub(crate) fn probe<E, S, R, P, B>(
    context: E,
    wiring: &Wiring,
    plan: &Plan<E>,
    (peers, blocker): (P, B),
    channel: (S, R),
) -> Probe
where
    E: Runtime,
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    P: Peers,
    B: Blocker<PublicKey = PeerKey>,
{
    let (actor, probe) = probe::Actor::<E, P, Scheme, Variant, Sequential, B>::new(wiring.probe(
        context,
        plan.floor().cloned(),
        peers,
        blocker,
    ));
    actor.start(channel);
    probe
}

/// Finds where to begin: where the node left off, or, for one that has nothing and is told to, at a recent final block.
pub(crate) async fn begin<E: Runtime>(
    context: &E,
    wiring: &Wiring,
    mut plan: Plan<E>,
    probe: &Probe,
) -> Result<Start<E>, Error> {
    let config = metadata::Config {
        partition: wiring.partition("joined"),
        codec_config: ((COMMITTEE_MAX, SHARING_MODES), Scheme::certificate_codec_config_unbounded()),
    };
    let mut store = Store::init(context.child("joined"), config).await.expect(KEPT);
    if plan.floor().is_some() && !wiring.joins() {
        return Err(Error::NotJoined);
    }
    if plan.should_sync(wiring.joins()) {
        wiring.standing().asks();
        tracing::info!("asking the validators for the newest final block");
        let found = probe.subscribe().await.map_err(|_| Error::Stopped)?;
        plan = plan.set_floor(found.floor).await;
        let floor = plan.floor().cloned().expect("a floor was set");
        tracing::info!(round = ?floor.round(), epoch = found.info.epoch.get(), "begins at a final block of others");
        store = store.put_sync(KEY, Beginning { info: found.info, floor }).await.expect(KEPT);
    }
    let beginning = store.get(&KEY).cloned();
    let config = state_sync::Config {
        partition_prefix: wiring.partition("joining"),
        max_participants: COMMITTEE_MAX,
        max_supported_mode: SHARING_MODES,
    };
    let epochs = StartPlan::init(context.child("joining"), config, beginning.clone()).await;
    Ok(Start { plan, epochs, beginning })
}
