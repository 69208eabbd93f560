//! Puts a chain together on any runtime: stores, network, state machine, consensus.
//!
//! Partitions of the data folder, by prefix: `blocks-`, `certificates-` (archives), `marshal-` (progress and recent
//! uncertified blocks), `votes_` (what this validator has signed, by epoch), `state-` (the authenticated state), `outputs`,
//! `resharing` (what was dealt in public), `secrets` (key shares, and what was dealt to this validator alone), `joined` and
//! `joining` (where the node began, if not at the genesis).

use commonware_broadcast::buffered;
use commonware_consensus::{
    Reporters,
    marshal::{core::Actor, resolver::p2p as backfill},
    types::{Epoch, Epocher as _, Height},
};
use commonware_cryptography::{
    Digested, Digestible as _, bls12381::primitives::group::Share, certificate::Scheme as _,
};
use commonware_glue::stateful::{Stateful, SyncPlan};
use commonware_p2p::{Blocker, Receiver, Sender};
use commonware_runtime::Handle;
use commonware_storage::archive::Identifier;
use execution::run::Records;
use std::{num::NonZeroU64, sync::Arc, time::Duration};
use types::{
    Genesis, Timestamp,
    planted::{self, Fault},
};

use crate::{
    application::{Application, Core, empty_target},
    block::Block,
    checkpoint::Checkpoint,
    epochs::Schemes,
    error::Error,
    fetch,
    finals::Finals,
    follow::{Announcer, Archive, Head, announce},
    gossip, joining,
    keys::ValidatorKeys,
    network::{Network, Peering, Peers},
    observers,
    outputs::OutputsStore,
    secrets::Secrets,
    services::Services,
    signing,
    source::TransactionSource,
    stack::{self, Runtime, Variant},
    standing::Standing,
    unfinished,
    verify::CheckBatch,
    wiring::{PENDING_BLOCKS, Wiring},
};

/// How much memory and how large files the stores use.
#[derive(Clone, Debug)]
pub struct StorageTuning {
    /// Stands in front of every partition's name: for chains that share a folder.
    pub prefix: String,
    /// Bytes of file pages kept in memory.
    pub page_cache_bytes: usize,
    /// Operations of the state log in one file.
    pub operations_per_file: u64,
    /// Slots of each archive's table at birth; it grows with the chain.
    pub archive_slots: u32,
    /// Operations whose keys are kept in memory, 41 bytes each, while a start reads the state log: what is not
    /// among them is looked up in the file, one by one.
    pub replay_keys: usize,
}

impl Default for StorageTuning {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            page_cache_bytes: 64 << 20,
            operations_per_file: 1 << 18,
            archive_slots: 1 << 16,
            replay_keys: 1 << 21,
        }
    }
}

/// What one validator runs.
#[derive(Clone)]
pub struct ChainConfig {
    pub genesis: Arc<Genesis>,
    pub keys: ValidatorKeys,
    pub source: Arc<dyn TransactionSource>,
    pub check: CheckBatch,
    /// The longest time without a block.
    pub heartbeat: Duration,
    pub storage: StorageTuning,
    /// How the other validators are reached; `None` where there are none.
    pub peering: Option<Peering>,
    /// A node that has nothing yet begins at the others' newest final block, with the state there, and not at the genesis.
    pub join: bool,
    /// How many of the newest final blocks are kept; `None`: all. At least two epochs.
    pub keep: Option<NonZeroU64>,
    /// Where it is told how far the node is.
    pub standing: Standing,
    /// When the data came out of a backup, by this machine's clock: what this validator signed before is forgotten, and it
    /// must not sign where it may have signed.
    pub restored: Option<Timestamp>,
    /// The state that the genesis names, if it names one and this node may have to run the first block.
    pub inherited: Option<Arc<Records>>,
    /// Whom to ask where to begin, if not the first validators.
    pub checkpoint: Option<Checkpoint>,
}

impl ChainConfig {
    /// What lies in the state before the first block; `None`: a state that is not at hand.
    fn genesis_records(&self) -> Result<Option<Arc<Records>>, Error> {
        if self.genesis.state.is_some() && self.inherited.is_none() {
            return Ok(None);
        }
        let inherited = self.inherited.as_deref().cloned();
        let records = execution::run::genesis_records(&self.genesis, inherited);
        records
            .map(|records| Some(Arc::new(records)))
            .map_err(|_| Error::Genesis("its records are refused by the ledger"))
    }
}

/// Starts a chain and returns the services that read it, and the consensus. It runs until the runtime stops.
pub async fn start<E, S, R, P, B>(
    context: E,
    config: ChainConfig,
    network: Network<S, R, P, B>,
) -> Result<(Services<E>, Handle<()>), Error>
where
    E: Runtime,
    S: Sender<PublicKey = stack::PeerKey>,
    R: Receiver<PublicKey = stack::PeerKey>,
    P: Peers,
    B: Blocker<PublicKey = stack::PeerKey>,
{
    let records = config.genesis_records()?;
    let wiring = Wiring::new(&config)?;
    let genesis = Block::genesis(&config.genesis, wiring.first_epoch().clone(), empty_target::<E>());
    let core = Core::new(config.genesis, genesis, records, config.source, config.check);
    launch(context, core, wiring, config.keys.share, network).await
}

/// Starts a chain whose first block writes the records that the core was given.
pub(crate) async fn launch<E, S, R, P, B>(
    context: E,
    core: Arc<Core>,
    wiring: Wiring,
    share: Option<Share>,
    network: Network<S, R, P, B>,
) -> Result<(Services<E>, Handle<()>), Error>
where
    E: Runtime,
    S: Sender<PublicKey = stack::PeerKey>,
    R: Receiver<PublicKey = stack::PeerKey>,
    P: Peers,
    B: Blocker<PublicKey = stack::PeerKey>,
{
    let Stores { outputs, certificates, blocks, head } = Stores::open(&context, &core, &wiring).await?;
    let peers = (network.peers.clone(), network.blocker.clone());
    let plan = SyncPlan::init(context.child("plan"), wiring.partition("state-")).await;
    let probe = joining::probe(context.child("probe"), &wiring, &plan, peers.clone(), network.probe);
    let begin = joining::begin(&context, &wiring, plan, &probe).await?;
    let (plan, began) = (begin.plan, begin.beginning.map(|beginning| beginning.info));
    let genesis = Digested::precomputed(core.genesis_block.clone(), core.genesis_block.digest());
    let marshal_config = wiring.marshal(plan.marshal_start(genesis));
    let (marshal_actor, marshal, floor) =
        Actor::<_, Variant, _, _, _, _, _>::init(context.child("marshal"), certificates, blocks, marshal_config).await;
    let processed = floor.processed().map_or(Height::zero(), |processed| processed.height());
    let joining = began.is_some() && outputs.height().await == 0;
    if processed.get() > head.height && !joining {
        return Err(Error::Corrupt("the outputs of final blocks are missing"));
    }
    core.begin(processed.get());
    let epoch = wiring.epocher().containing(processed.next()).expect("heights are far from their end").epoch();
    let epoch = began.as_ref().map_or(epoch, |began| epoch.max(began.epoch));
    let (source, _) = fetch::start(context.child("fetch"), &wiring, peers.clone(), network.state);
    let machine_config = wiring.machine(Application::new(core.clone()), (marshal.clone(), floor), plan, source);
    let (machine_actor, machine) = Stateful::new(context.child("machine"), machine_config);

    let mut others = network.peers.clone();
    let backfill_config = wiring.backfill(network.peers.clone(), network.blocker.clone());
    let resolver = backfill::init(context.child("backfill"), backfill_config, network.backfill);
    let (broadcast, buffer) = buffered::Engine::new(context.child("broadcast"), wiring.broadcast(network.peers));
    broadcast.start(network.broadcast);

    let archive = Archive::new(marshal.clone(), outputs.clone(), head, outputs.first().await, wiring.keeps());
    let (announcer, announcements) = Announcer::new(machine.clone(), wiring.standing().clone());
    let announcing = announce(core.clone(), archive.clone(), joining, announcements);
    context.child("announcer").spawn(|_| announcing);

    // A machine that lost its disk may have voted with the share it was born with: who begins later signs with later ones.
    let secrets =
        Secrets::open(context.child("secrets"), wiring.partition("secrets"), share.filter(|_| began.is_none())).await;
    let signing =
        signing::build(&context, &wiring, &core, (machine.clone(), marshal.clone()), (secrets, begin.epochs), peers);
    probe.attach(marshal);
    marshal_actor.start(Reporters::from((announcer, signing.reporters)), buffer, resolver);
    machine_actor.start();
    signing.resharing.start(network.dealings);
    let (outgoing, waiting) = gossip::outgoing();
    let (ways, source, blocker) = (network.transactions, core.source().clone(), network.blocker);
    context.child("gossip").spawn(|clock| gossip::run(clock, waiting, ways, source, blocker));
    let state = machine.subscribe_databases().await;
    observers::refresh(&state, &mut others).await;
    let following = observers::follow(core.clone(), state.clone(), others);
    context.child("observers").spawn(|_| following);

    take_up_votes(&context, &wiring, &signing.schemes, epoch).await?;
    let handle = signing.consensus.start(network.votes, network.certificates, network.resolver);
    Ok((Services::new(context, core, archive, state, outgoing, began), handle))
}

/// What is final, on disk.
struct Stores<E: Runtime> {
    outputs: OutputsStore<E>,
    certificates: Finals<E, stack::Finalization>,
    blocks: Finals<E, Arc<Block>>,
    /// The last announced block.
    head: Head,
}

impl<E: Runtime> Stores<E> {
    async fn open(context: &E, core: &Core, wiring: &Wiring) -> Result<Self, Error> {
        let (partition, recent) = (wiring.partition("outputs"), wiring.keeps().is_some());
        let outputs = OutputsStore::open(context.child("outputs"), partition, recent, wiring.cache()).await;
        let certificates = Finals::open(context.child("certificates"), wiring, "certificates").await?;
        let blocks = Finals::open(context.child("blocks"), wiring, "blocks").await?;
        let head = resume(core, &blocks, &outputs).await?;
        Ok(Self { outputs, certificates, blocks, head })
    }
}

/// Makes what this validator has signed fit to go on from.
async fn take_up_votes<E: Runtime>(context: &E, wiring: &Wiring, schemes: &Schemes, epoch: Epoch) -> Result<(), Error> {
    let scheme = schemes.registered(epoch).await.ok_or(Error::Stopped)?;
    if planted::is(Fault::VotesForgotten) {
        let _ = context.remove(&wiring.votes_of(epoch), None).await;
    }
    if wiring.restored().is_some() && scheme.me().is_none() {
        unfinished::silence(context, wiring, epoch).await;
    }
    unfinished::give_up(context.child("unfinished"), wiring, epoch, &scheme).await;
    unfinished::forget(context, wiring, epoch).await;
    Ok(())
}

/// Tells the application where it left off, and returns the last announced block.
///
/// What was announced before the last stop stays announced: its outputs are durable, and its block was before them.
async fn resume<E: Runtime>(
    core: &Core,
    blocks: &Finals<E, Arc<Block>>,
    outputs: &OutputsStore<E>,
) -> Result<Head, Error> {
    let height = outputs.height().await;
    let mut head = Head::of(&core.genesis_block);
    // Marshal may have to deliver the last few again; until then the state lies that far back.
    let first = height.saturating_sub(u64::try_from(PENDING_BLOCKS.get()).unwrap_or(u64::MAX));
    for height in first.max(outputs.first().await)..=height {
        let block = blocks
            .find(Identifier::Index(height))
            .await
            .map_err(|_| Error::Corrupt("a final block"))?
            .ok_or(Error::Corrupt("a block that was announced is missing"))?;
        if block.header().chain != core.genesis.chain() {
            return Err(Error::Genesis("the folder holds another chain"));
        }
        let outputs = outputs.get(height).await?.ok_or(Error::Corrupt("the outputs of a block"))?;
        core.resume(&block, outputs.more_due);
        head = Head::of(&block);
    }
    Ok(head)
}
