//! How this node is: what it counts, and whether it may be asked.

use crate::{
    Folder, PoolSource,
    phase::{Phase, Phases},
};
use api::{
    Vitals,
    health::{Readiness, Stage},
    problem,
};
use engine::{Chain, Standing};
use index::Index;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use types::{PeerKey, Rejection};

/// A node whose lists are further behind the chain than this is not ready: its answers are old.
const BEHIND_MAX: u64 = 16;
/// How many heartbeats may pass without a block before the chain counts as standing still. A leader that is gone costs one
/// and a little more, and several may follow each other.
const SILENT_HEARTBEATS: u32 = 3;
/// What a leader's timeout adds to that.
const SILENT_GRACE: Duration = Duration::from_secs(20);

/// What became of a submission.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Outcome {
    /// `taken`, or the stable name of the rejection.
    outcome: &'static str,
}

#[derive(Clone, Debug, Default)]
struct Gauges {
    ready: Gauge,
    stage: Family<StageLabel, Gauge>,
    head_height: Gauge,
    best_height: Gauge,
    head_lag: Gauge<f64, AtomicU64>,
    head_idle: Gauge<f64, AtomicU64>,
    index_height: Gauge,
    index_lag: Gauge,
    pool_transactions: Gauge,
    pool_bytes: Gauge,
    epoch: Gauge,
    epoch_signers: Gauge,
    epoch_member: Gauge,
    disk_free: Gauge,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct StageLabel {
    stage: String,
}

/// The parts of a node that answers.
struct Parts {
    chain: Chain,
    index: Arc<Index>,
    source: Arc<PoolSource>,
}

/// How a node is.
pub struct NodeVitals {
    folder: Folder,
    me: PeerKey,
    heartbeat: Duration,
    phase: Phases,
    standing: Standing,
    /// When a block became final here last, or the wait for one began.
    moved: Mutex<Instant>,
    parts: OnceLock<Parts>,
    registry: Registry,
    gauges: Gauges,
    submissions: Family<Outcome, Counter>,
}

impl NodeVitals {
    pub fn new(folder: Folder, me: PeerKey, heartbeat: Duration, meters: &server::Meters) -> Self {
        let mut registry = Registry::with_prefix("tributary");
        let (gauges, submissions) = (Gauges::default(), Family::default());
        meters.register(&mut registry);
        gauges.register(&mut registry);
        registry.register("submissions", "Submitted transactions, by what became of them", submissions.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        let (phase, moved) = (Phases::default(), Mutex::new(Instant::now()));
        let standing = Standing::default();
        Self { folder, me, heartbeat, phase, standing, moved, parts: OnceLock::new(), registry, gauges, submissions }
    }

    /// Where the engine tells how far it is.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Where the parts tell what the node does.
    pub fn phase(&self) -> &Phases {
        &self.phase
    }

    /// The node answers from these from now on.
    pub fn run(self: &Arc<Self>, chain: Chain, index: Arc<Index>, source: Arc<PoolSource>) {
        self.notice();
        tokio::spawn(watch(self.clone(), chain.clone()));
        assert!(self.parts.set(Parts { chain, index, source }).is_ok(), "a node starts once");
        self.phase.send_replace(Phase::Running);
    }

    /// Counts a submission.
    pub fn submitted(&self, outcome: Result<(), &Rejection>) {
        let outcome = match outcome {
            Ok(()) => "taken",
            Err(rejection) => {
                let spec = problem::spec(rejection.code);
                spec.map_or("E_UNKNOWN", |spec| spec.name)
            }
        };
        self.submissions.get_or_create(&Outcome { outcome }).inc();
    }

    /// A block became final.
    fn notice(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle(&self) -> Duration {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// What keeps a running node from being ready.
    fn missing(&self, lag: u64, idle: Duration) -> Option<String> {
        if lag > BEHIND_MAX {
            return Some(format!("its lists are {lag} blocks behind the chain"));
        }
        let limit = self.heartbeat * SILENT_HEARTBEATS + SILENT_GRACE;
        (idle > limit).then(|| {
            let (idle, heartbeat) = (idle.as_secs(), self.heartbeat.as_secs());
            format!(
                "no block has become final for {idle} s, where one comes every {heartbeat} s at the latest: \
                 `tributary doctor` tells why"
            )
        })
    }

    async fn measure(&self) {
        let gauges = &self.gauges;
        let readiness = self.readiness();
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        gauges.ready.set(i64::from(readiness.ready));
        for stage in [Stage::Opening, Stage::Syncing, Stage::FirstBlock, Stage::Running, Stage::Stopped] {
            let name = serde_json::to_value(stage).expect("a stage is a word");
            let label = StageLabel { stage: name.as_str().unwrap_or_default().to_owned() };
            gauges.stage.get_or_create(&label).set(i64::from(stage == readiness.stage));
        }
        gauges.head_height.set(count(readiness.height));
        gauges.best_height.set(count(readiness.best_height.unwrap_or(readiness.height)));
        gauges.index_height.set(count(readiness.indexed_height));
        gauges.index_lag.set(count(readiness.height.saturating_sub(readiness.indexed_height)));
        gauges.head_idle.set(self.idle().as_secs_f64());
        if let Some(time) = readiness.head_time {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            gauges.head_lag.set(now.as_secs_f64() - Duration::from_millis(time.0).as_secs_f64());
        }
        if let Ok(free) = self.folder.free_bytes() {
            gauges.disk_free.set(count(free));
        }
        let Some(parts) = self.parts.get() else { return };
        let (waiting, bytes) = parts.source.load();
        gauges.pool_transactions.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        gauges.pool_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        if let Ok(epoch) = parts.chain.epoch().await {
            gauges.epoch.set(count(epoch.number));
            gauges.epoch_signers.set(i64::try_from(epoch.signers.len()).unwrap_or(i64::MAX));
            gauges.epoch_member.set(i64::from(epoch.signers.contains(&self.me)));
        }
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        registry.register("ready", "1 where the node may be asked", self.ready.clone());
        registry.register("stage", "1 at what the node does now", self.stage.clone());
        registry.register("head_height", "Height of the last final block", self.head_height.clone());
        registry.register(
            "best_height",
            "Height of the last final block that this node has heard of",
            self.best_height.clone(),
        );
        registry.register(
            "head_lag_seconds",
            "This machine's clock minus the last final block's time",
            self.head_lag.clone(),
        );
        registry.register("head_idle_seconds", "Since a block became final here", self.head_idle.clone());
        registry.register("index_height", "Height that the lists hold", self.index_height.clone());
        registry.register("index_lag_blocks", "Blocks by which the lists are behind", self.index_lag.clone());
        registry.register("pool_transactions", "Transactions that wait", self.pool_transactions.clone());
        registry.register("pool_bytes", "Bytes of transactions that wait", self.pool_bytes.clone());
        registry.register("epoch", "Number of the next block's epoch", self.epoch.clone());
        registry.register("epoch_signers", "Validators that sign in it", self.epoch_signers.clone());
        registry.register("epoch_member", "1 where this machine is one of them", self.epoch_member.clone());
        registry.register("disk_free_bytes", "Free space on the disk of the data folder", self.disk_free.clone());
    }
}

/// Notices each final block, and the end of the chain.
async fn watch(vitals: Arc<NodeVitals>, chain: Chain) {
    let mut heads = chain.heads();
    while heads.changed().await.is_ok() {
        vitals.notice();
    }
    chain.stopped().await;
    let reason = chain.failure().unwrap_or_else(|| "it was told to stop".to_owned());
    vitals.phase.send_replace(Phase::Stopped { reason });
}

impl Vitals for NodeVitals {
    fn readiness(&self) -> Readiness {
        let phase = self.phase.borrow().clone();
        let idle = self.idle();
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let best_height = Some(self.standing.best()).filter(|best| *best > 0);
        let (height, head_time, indexed_height) = match self.parts.get() {
            Some(parts) => {
                let head = parts.chain.head();
                (head.height, Some(head.time), parts.index.seen())
            }
            None => (0, None, 0),
        };
        let lag = height.saturating_sub(indexed_height);
        let reason = phase.missing().or_else(|| self.missing(lag, idle));
        let stage = phase.stage();
        Readiness { ready: reason.is_none(), stage, reason, height, best_height, indexed_height, head_time, idle_ms }
    }

    fn metrics(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(async move {
            self.measure().await;
            let mut text = match self.parts.get() {
                // A chain that has stopped counts nothing any more.
                Some(parts) => parts.chain.metrics().await.unwrap_or_default(),
                None => String::new(),
            };
            let kept = text.trim_end().trim_end_matches("# EOF").len();
            text.truncate(kept);
            encode(&mut text, &self.registry).expect("text takes whatever is written");
            text
        })
    }
}
