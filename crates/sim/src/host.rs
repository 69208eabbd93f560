//! What a machine stands on: the runtime, but with a clock and a disk of the machine's own, and an end of its own.
//!
//! A panic on a machine whose disk has refused something is the machine's end, as the end of its process would be. Any
//! other panic is a finding, and ends the simulation.

use commonware_runtime::{
    BlobVersion, Clock, Error, Handle, ListenerOf, Metrics, Name, Network, SinkOf, Spawner, Storage, StreamOf,
    Supervisor, deterministic, signal,
    telemetry::metrics::{Metric, Registered},
};
use commonware_utils::sync::Mutex;
use governor::clock::{Clock as RateClock, ReasonablyRealtime};
use rand_core::{TryCryptoRng, TryRng};
use std::{
    cell::RefCell,
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    ops::RangeInclusive,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook},
    pin::pin,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, SystemTime},
};

use crate::disk::{Disk, Handhold};

type Context = deterministic::Context;

/// How a machine's clock goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Skew {
    /// How far it is ahead; behind, if negative.
    pub ahead_ms: i64,
    /// How much faster it is, in millionths.
    pub drift_ppm: i64,
}

/// What outlives a machine's falls.
pub(crate) struct Body {
    number: usize,
    pub(crate) disk: Disk,
    begin: SystemTime,
    ahead_ms: AtomicI64,
    drift_ppm: AtomicI64,
    /// The machine's tasks, if it runs.
    root: Mutex<Option<Handle<()>>>,
    /// Which life this is: no task of an earlier one takes another step.
    life: AtomicU64,
    fell: AtomicBool,
}

impl Body {
    pub(crate) fn new(number: usize, disk: Disk, begin: SystemTime, skew: Skew) -> Self {
        let (ahead_ms, drift_ppm) = (skew.ahead_ms.into(), skew.drift_ppm.into());
        Self { number, disk, begin, ahead_ms, drift_ppm, root: Mutex::default(), life: 0.into(), fell: false.into() }
    }

    pub(crate) fn set_clock(&self, skew: Skew) {
        self.ahead_ms.store(skew.ahead_ms, Ordering::Relaxed);
        self.drift_ppm.store(skew.drift_ppm, Ordering::Relaxed);
    }

    pub(crate) fn live(&self, root: Handle<()>) {
        *self.root.lock() = Some(root);
    }

    /// Ends everything that the machine does.
    pub(crate) fn end(&self) {
        if let Some(root) = self.root.lock().take() {
            self.life.fetch_add(1, Ordering::Relaxed);
            root.abort();
        }
    }

    /// Whether it fell by itself; asked once.
    pub(crate) fn take_fell(&self) -> bool {
        self.fell.swap(false, Ordering::Relaxed)
    }

    /// The machine cannot go on: it ends, if its disk is to blame.
    pub(crate) fn give_up(&self) -> bool {
        if !self.disk.refused() {
            return false;
        }
        self.fell.store(true, Ordering::Relaxed);
        self.end();
        true
    }

    fn local(&self, now: SystemTime) -> SystemTime {
        let passed = now.duration_since(self.begin).unwrap_or_default().as_millis();
        let passed = i64::try_from(passed).expect("a simulation takes hours");
        let drifted = passed * self.drift_ppm.load(Ordering::Relaxed) / 1_000_000;
        let ahead = self.ahead_ms.load(Ordering::Relaxed) + drifted;
        let by = Duration::from_millis(ahead.unsigned_abs());
        if ahead < 0 { now - by } else { now + by }
    }
}

thread_local! {
    /// The machine whose task runs now: if its disk has failed, nobody needs to read of its panic.
    static RUNS: RefCell<Option<Disk>> = const { RefCell::new(None) };
}

/// Keeps panics that a failing disk explains out of what is printed.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !RUNS.with_borrow(|disk| disk.as_ref().is_some_and(Disk::refused)) {
                before(panic);
            }
        }));
    });
}

/// A machine's runtime.
pub(crate) struct Host {
    context: Context,
    body: Arc<Body>,
    life: u64,
}

impl Host {
    pub(crate) fn new(context: Context, body: Arc<Body>) -> Self {
        let life = body.life.load(Ordering::Relaxed);
        Self { context, body, life }
    }
}

impl Supervisor for Host {
    fn name(&self) -> Name {
        self.context.name()
    }

    fn child(&self, label: &'static str) -> Self {
        Self { context: self.context.child(label), body: self.body.clone(), life: self.life }
    }

    fn with_attribute(self, key: &'static str, value: impl std::fmt::Display) -> Self {
        Self { context: self.context.with_attribute(key, value), ..self }
    }
}

impl Spawner for Host {
    fn shared(self, blocking: bool) -> Self {
        Self { context: self.context.shared(blocking), ..self }
    }

    fn dedicated(self) -> Self {
        Self { context: self.context.dedicated(), ..self }
    }

    fn spawn<F, Fut, T>(self, f: F) -> Handle<T>
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let Self { context, body, life } = self;
        context.spawn(move |context| {
            let task = f(Self { context, body: body.clone(), life });
            alive(body, life, task)
        })
    }

    async fn stop(self, value: i32, timeout: Option<Duration>) -> Result<(), Error> {
        self.context.stop(value, timeout).await
    }

    fn stopped(&self) -> signal::Signal {
        self.context.stopped()
    }
}

/// A task that ends with its machine.
async fn alive<T>(body: Arc<Body>, life: u64, task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    poll_fn(|cx| {
        if body.life.load(Ordering::Relaxed) != life {
            return Poll::Pending;
        }
        // Whose words they are, where a log is kept.
        let _says = tracing::error_span!("machine", number = body.number).entered();
        RUNS.set(Some(body.disk.clone()));
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx)));
        RUNS.set(None);
        match polled {
            Ok(polled) => polled,
            // It was aborted with everything else of its machine.
            Err(_) if body.give_up() => Poll::Pending,
            Err(panic) => resume_unwind(panic),
        }
    })
    .await
}

impl Metrics for Host {
    fn register<N: Into<String>, H: Into<String>, M: Metric>(&self, name: N, help: H, metric: M) -> Registered<M> {
        self.context.register(name, help, metric)
    }

    fn encode(&self) -> String {
        self.context.encode()
    }
}

impl Clock for Host {
    fn current(&self) -> SystemTime {
        self.body.local(self.context.current())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.context.sleep(duration)
    }

    fn sleep_until(&self, deadline: SystemTime) -> impl Future<Output = ()> + Send + 'static + use<> {
        let wait = deadline.duration_since(self.current()).unwrap_or_default();
        // Who sleeps for ever names a time beyond which there is none.
        self.context.sleep_until(self.context.current().checked_add(wait).unwrap_or(deadline))
    }
}

impl RateClock for Host {
    type Instant = SystemTime;

    fn now(&self) -> SystemTime {
        self.current()
    }
}

impl ReasonablyRealtime for Host {}

impl Network for Host {
    type Listener = ListenerOf<Context>;

    async fn bind(&self, socket: SocketAddr) -> Result<Self::Listener, Error> {
        self.context.bind(socket).await
    }

    async fn dial(&self, socket: SocketAddr) -> Result<(SinkOf<Self>, StreamOf<Self>), Error> {
        self.context.dial(socket).await
    }
}

impl TryRng for Host {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.context.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.context.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.context.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Host {}

impl Storage for Host {
    type Blob = Handhold;

    async fn open_versioned(
        &self,
        partition: &str,
        name: &[u8],
        versions: RangeInclusive<BlobVersion>,
    ) -> Result<(Handhold, u64, BlobVersion), Error> {
        self.body.disk.open_versioned(partition, name, versions).await
    }

    async fn remove(&self, partition: &str, name: Option<&[u8]>) -> Result<(), Error> {
        self.body.disk.remove(partition, name).await
    }

    async fn scan(&self, partition: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.body.disk.scan(partition).await
    }
}
