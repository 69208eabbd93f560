//! Connections: accepted up to a limit, ended when their client stalls, finished in order when the server stops.

use crate::{Config, probes, router, timed::Timed, vain::Caller};
use api::{Backend, Vitals};
use axum::Router;
use hyper::{HeaderMap, Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
};
use tower::{ServiceExt as _, service_fn};

/// Bytes of a request's head, and of what is read of a body at a time.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long to wait when the system has no file handles left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections at a time of those who watch.
const PROBES_MAX: usize = 64;

/// A running server.
pub struct Handle {
    backend: Arc<OnceLock<Arc<dyn Backend>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Opens the door: it says how the node is, and refuses everything else until it is given a backend.
pub fn serve(listener: TcpListener, vitals: Arc<dyn Vitals>, config: Config) -> Handle {
    let (stop, stopped) = watch::channel(false);
    let backend = Arc::default();
    let router = router(Arc::clone(&backend), vitals, config.clone(), stopped.clone());
    let task = tokio::spawn(run(listener, router, config, stopped));
    Handle { backend, stop, task }
}

/// Opens a door of its own for those who watch: health and metrics, and nothing else.
pub fn serve_probes(listener: TcpListener, vitals: Arc<dyn Vitals>) -> Handle {
    let (stop, stopped) = watch::channel(false);
    let router = probes::health(vitals.clone()).merge(probes::metrics(vitals));
    let config = Config { connections_max: PROBES_MAX, ..Config::default() };
    let task = tokio::spawn(run(listener, router, config, stopped));
    Handle { backend: Arc::default(), stop, task }
}

impl Handle {
    /// Answers every request from `backend` from now on.
    pub fn answer_from(&self, backend: Arc<dyn Backend>) {
        assert!(self.backend.set(backend).is_ok(), "a door answers from one backend");
    }

    /// Takes no more connections, ends the streams, lets open requests finish within their grace, and returns.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the server's task ended badly");
        }
    }
}

async fn run(listener: TcpListener, router: Router, config: Config, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(config.connections_max));
    // Dropped at the end: whatever is still open then is cut off.
    let (open, cut) = watch::channel(());
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.expect("nobody closes the semaphore");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, from)) => connect((stream, from.ip()), (place, cut.clone()), &router, &config, &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(config.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections are cut off at the end of their grace");
    }
    drop(open);
}

fn connect(
    (stream, from): (TcpStream, IpAddr),
    (place, mut cut): (OwnedSemaphorePermit, watch::Receiver<()>),
    router: &Router,
    config: &Config,
    graceful: &GracefulShutdown,
) {
    // Answers are small and each is written whole: waiting to fill a packet only costs time.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Timed::new(stream, config.client_time_max));
    let (router, behind_proxy) = (router.clone(), config.behind_proxy);
    let service = TowerToHyperService::new(service_fn(move |mut request: Request<Incoming>| {
        let named = behind_proxy.then(|| forwarded(request.headers())).flatten();
        request.extensions_mut().insert(Caller::new(named.unwrap_or(from)));
        router.clone().oneshot(request)
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.client_time_max)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(io, service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // A client that breaks off is no fault of ours.
            _ = connection => (),
            _ = cut.changed() => (),
        }
        drop(place);
    });
}

/// The client as the proxy saw it: what stands before that, the client may have written itself.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}
