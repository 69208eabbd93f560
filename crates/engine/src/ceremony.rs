//! The birth of a group key of which nobody ever holds the whole.
//!
//! ```text
//!   plan (who, where) -- same file everywhere --> roll call: everybody is here
//!                                                     |
//!                         a chain of one epoch on which each deals to each (glue::dkg::bootstrap)
//!                                                     |
//!              the sharing, the group key: public, the same for all        own share: secret
//! ```
//! Everybody must be here before it begins: to who is missing, shares would have to be dealt in public. Nobody leaves
//! before everybody says that he has his share, since it takes the others to find it.

use bytes::Buf as _;
use commonware_consensus::types::Epoch;
use commonware_cryptography::{Signer as _, bls12381::dkg::feldman_desmedt::Reveal, ed25519};
use commonware_glue::dkg::{SecretStore as _, bootstrap};
use commonware_p2p::{Blocker, Receiver, Recipients, Sender, TrackedPeers};
use commonware_parallel::Sequential;
use commonware_runtime::{IoBuf, Runner as _, Spawner as _, Supervisor as _, buffer::paged::CacheRef, tokio as cw};
use commonware_utils::{
    NZDuration, NZU16, NZU64, NZUsize,
    channel::{mpsc, watch},
    ordered::Set,
};
use futures::{
    FutureExt as _,
    future::{Either, select},
};
use std::{collections::BTreeMap, num::NonZeroU64, path::PathBuf, thread, time::Duration};
use types::Digest;

use crate::{
    chain::STACK,
    directory::Directory,
    epochs::{SHARING_MODE, SHARING_MODES},
    error::Error,
    keys::{Committee, ValidatorKeys},
    network::{self, Network, Peering, Peers},
    secrets::Secrets,
    stack::{Curve, PeerKey, Runtime},
    wiring::{REPLAY_BUFFER, WRITE_BUFFER},
};

/// How often everybody says how far he is.
const CALL_TIME: Duration = Duration::from_millis(250);
/// How often one that is done says so after it has heard the same of everybody: for who has not heard of it yet.
const LAST_CALLS: u32 = 8;
/// Blocks of the ceremony's chain per participant: half of them for dealing, which must be done by then.
const BLOCKS_EACH: NonZeroU64 = NZU64!(32);
/// Things told that wait to be heard.
const EVENTS: usize = 64;
/// With its checksum, a page fills one block of the disk.
const PAGE_BYTES: u16 = 4_084;

/// How far a participant is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// It is here and has the same plan.
    Here = 1,
    /// It has its share.
    Done = 2,
}

/// How far everybody is, as far as this participant has heard; itself included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attendance {
    pub here: usize,
    pub done: usize,
    pub all: usize,
}

/// What a participant takes home.
#[derive(Clone)]
pub struct Born {
    /// For the genesis: the same for everybody.
    pub committee: Committee,
    /// For this participant's key file.
    pub keys: ValidatorKeys,
}

/// What happens at a ceremony.
#[derive(Clone)]
pub enum Progress {
    Attendance(Attendance),
    /// This participant has his share. The ceremony goes on until all have theirs.
    Born(Box<Born>),
}

/// Takes part in the ceremony of `plan` among the peers of `peering` and this one, and tells what happens until all are
/// done, or until nobody listens. `folder` is the ceremony's alone: what lies there lets it be resumed after a stop.
pub fn ceremony(
    folder: PathBuf,
    plan: Digest,
    keys: ValidatorKeys,
    peering: Peering,
) -> Result<mpsc::Receiver<Result<Progress, Error>>, Error> {
    let (events, progress) = mpsc::channel(EVENTS);
    let run = move || {
        let runtime = cw::Config::new().with_worker_threads(2).with_storage_directory(folder);
        cw::Runner::new(runtime).start(|context| async move {
            let taking_part = Box::pin(take_part(context.child("ceremony"), plan, keys, peering, events.clone()));
            if let Either::Left((Err(error), _)) = select(taking_part, Box::pin(events.closed())).await {
                let _ = events.send(Err(error)).await;
            }
            let _ = context.stop(0, Some(Duration::from_secs(5))).await;
        });
    };
    thread::Builder::new().name("ceremony".into()).stack_size(STACK).spawn(run).map_err(Error::Thread)?;
    Ok(progress)
}

async fn take_part(
    context: cw::Context,
    plan: Digest,
    keys: ValidatorKeys,
    peering: Peering,
    events: Events,
) -> Result<(), Error> {
    let network = network::connect(context.child("p2p"), plan, keys.peer.clone(), &peering)?;
    let participants = Set::from_iter_dedup(network.peers.listed().cloned());
    attend(context, Setting { plan, keys, participants, prefix: String::new() }, network, events).await
}

/// Where it is told what happens.
pub(crate) type Events = mpsc::Sender<Result<Progress, Error>>;

/// What everybody agreed on, and this participant's key.
pub(crate) struct Setting {
    /// Sets this ceremony apart from every other.
    pub(crate) plan: Digest,
    pub(crate) keys: ValidatorKeys,
    pub(crate) participants: Set<PeerKey>,
    /// Stands in front of every partition's name.
    pub(crate) prefix: String,
}

/// Takes part, on any runtime and network.
pub(crate) async fn attend<E, S, R, P, B>(
    context: E,
    setting: Setting,
    network: Network<S, R, P, B>,
    events: Events,
) -> Result<(), Error>
where
    E: Runtime,
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    P: Peers,
    B: Blocker<PublicKey = PeerKey>,
{
    let Setting { plan, keys, participants, prefix } = setting;
    let all = participants.len();
    let (own, stage) = watch::channel(Stage::Here);
    let (known, mut attendance) = watch::channel(Attendance { here: 1, done: 0, all });
    let who = (keys.peer.public_key(), participants.clone());
    let told = events.clone();
    // The engine of the ceremony asks for the same peers again.
    let directory = Directory::new(participants.iter().map(|peer| (peer.clone(), None)));
    let Ok(()) = network.peers.clone().track(Epoch::zero(), TrackedPeers::primary(participants.clone()), &directory)
    else {
        return Err(Error::Stopped);
    };
    let roll = context.child("roll").spawn(|context| call(context, who, network.transactions, stage, known, told));
    attendance.wait_for(|known| known.here == known.all).await.map_err(|_| Error::Stopped)?;

    let mut secrets = Secrets::open(context.child("secrets"), format!("{prefix}secrets"), None).await;
    let config = dealing(
        (plan, keys.peer.clone(), prefix),
        participants,
        directory,
        secrets.clone(),
        (network.peers, network.blocker),
    );
    let engine = bootstrap::Engine::<_, Curve, _, _, _, _, _>::new(context.child("dealing"), config);
    let (_engine, completion) = engine.start(
        network.votes,
        network.certificates,
        network.resolver,
        network.backfill,
        network.broadcast,
        network.dealings,
    );
    let completion = completion.await.map_err(|_| Error::Stopped)?;
    let info = completion.info.ok_or(Error::Ceremony("too few of the participants dealt in time"))?;
    if !info.output.revealed().is_empty() {
        return Err(Error::Ceremony("a participant was not reached, and its share was dealt in public"));
    }
    let share = secrets.get_share(Epoch::zero()).await.ok_or(Error::Ceremony("this participant has no share"))?;
    let keys = ValidatorKeys { share: Some(share), ..keys };
    let born = Progress::Born(Box::new(Born { committee: Committee::of(&info.output), keys }));
    events.send(Ok(born)).await.map_err(|_| Error::Stopped)?;
    own.send_replace(Stage::Done);
    roll.await.map_err(|_| Error::Stopped)
}

/// The settings of the chain on which the shares are dealt.
fn dealing<E: Runtime, P, B>(
    (plan, signer, prefix): (Digest, ed25519::PrivateKey, String),
    participants: Set<PeerKey>,
    directory: Directory,
    secrets: Secrets<E>,
    (manager, blocker): (P, B),
) -> bootstrap::Config<P, B, Secrets<E>, Sequential, Directory> {
    let namespace = [b"tributary/ceremony/1/".as_slice(), &plan.0].concat();
    let count = u64::try_from(participants.len()).ok().and_then(NonZeroU64::new).expect("this one is a participant");
    bootstrap::Config {
        signer,
        manager,
        blocker,
        secret_store: secrets,
        strategy: Sequential,
        // One ceremony in a process's life.
        namespace: Box::leak(namespace.into_boxed_slice()),
        sharing_mode: SHARING_MODE,
        reveal: Reveal::V1,
        max_supported_mode: SHARING_MODES,
        partition_prefix: format!("{prefix}ceremony"),
        page_cache: CacheRef::new(NZU16!(PAGE_BYTES), NZUsize!(1_024)),
        write_buffer: WRITE_BUFFER,
        replay_buffer: REPLAY_BUFFER,
        mailbox_size: NZUsize!(1_024),
        fetch_timeout: NZDuration!(Duration::from_secs(2)),
        fetch_retry_delay: Duration::from_millis(200),
        items_per_section: NZU64!(256),
        directory,
        participants,
        blocks_per_epoch: BLOCKS_EACH.saturating_mul(count),
    }
}

/// Tells the others how far this one is, hears how far they are, until all are done.
async fn call<E, S, R>(
    context: E,
    (me, participants): (PeerKey, Set<PeerKey>),
    (mut sender, mut receiver): (S, R),
    own: watch::Receiver<Stage>,
    known: watch::Sender<Attendance>,
    told: Events,
) where
    E: Runtime,
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
{
    let mut stages = BTreeMap::new();
    let mut last_calls = 0;
    while last_calls < LAST_CALLS {
        let stage = *own.borrow();
        stages.insert(me.clone(), stage);
        let _ = sender.send(Recipients::All, IoBuf::from(vec![stage as u8]), true);
        let mut end = context.sleep(CALL_TIME).boxed();
        loop {
            let heard = match select(receiver.recv().boxed(), end).await {
                Either::Left((Ok(heard), waiting)) => {
                    end = waiting;
                    heard
                }
                Either::Left((Err(_), _)) => return,
                Either::Right(_) => break,
            };
            let (from, mut bytes) = heard;
            let stage = match bytes.try_get_u8() {
                Ok(1) => Stage::Here,
                Ok(2) => Stage::Done,
                _ => continue,
            };
            if participants.position(&from).is_some() {
                let known = stages.entry(from).or_insert(stage);
                *known = stage.max(*known);
            }
        }
        let all = participants.len();
        let done = stages.values().filter(|stage| **stage == Stage::Done).count();
        let now = Attendance { here: stages.len(), done, all };
        if known.send_replace(now) != now {
            let _ = told.try_send(Ok(Progress::Attendance(now)));
        }
        last_calls = if done == all { last_calls + 1 } else { 0 };
    }
}
