//! The REST door: what the contract says, over HTTP, for any `dyn Backend`.
//!
//! ```text
//!   socket -> serve (connections, slow clients, shutdown) -> guard (turns, time, panics, one shape of refusal)
//!          -> acts | import | chain | lists | events | docs  -> dyn Backend
//!          -> probes (health, metrics: outside the guard)     -> dyn Vitals
//! ```
//! The door opens before there is a chain to answer from: until [`Handle::answer_from`] is called, whoever asks is told
//! how far the node is.
//! Nothing here knows a business rule: the paths are made from the operation table, and only `import` knows tables by
//! name, those in which it looks up what a file refers to. Nobody's private
//! key comes here: a transaction is prepared, its owners sign it elsewhere, and it comes back signed.
//!
//! **Invariant:** whatever a client sends or does not read costs bounded memory: bodies, headers, pages, connections,
//! requests and streams all have a limit, and events are pulled, never pushed into a queue.
//!
//! Entry points: [`serve`], [`serve_probes`].

mod refusal;
mod request;
mod guard;
mod acts;
mod import;
mod chain;
mod lists;
mod events;
mod docs;
mod meters;
mod probes;
mod timed;
mod vain;
mod serve;
#[cfg(test)]
mod tests;

pub use meters::Meters;
pub use serve::{Handle, serve, serve_probes};

use api::{Backend, Vitals};
use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::{Semaphore, watch};
use vain::Vain;

/// Limits of a server. Each is a bound on what strangers can make it hold.
#[derive(Clone, Debug)]
pub struct Config {
    /// Connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// Requests that are worked on at a time; more are told to come back.
    pub requests_max: usize,
    /// Followers of events at a time; more are told to come back.
    pub streams_max: usize,
    /// Longest a request may take, beside the time it asks to wait.
    pub request_time_max: Duration,
    /// Longest a client may take to send a request's head, or to read what it was sent.
    pub client_time_max: Duration,
    /// How often a silent stream of events says that it lives.
    pub heartbeat: Duration,
    /// How long open requests may go on after a stop.
    pub grace: Duration,
    /// Whether a proxy stands before this door, which names the client last in `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Whether this door tells metrics; if not, another does.
    pub metrics: bool,
    /// What is counted.
    pub meters: Meters,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            requests_max: 1_024,
            streams_max: 512,
            request_time_max: Duration::from_secs(15),
            client_time_max: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            grace: Duration::from_secs(10),
            behind_proxy: false,
            metrics: true,
            meters: Meters::default(),
        }
    }
}

/// What every handler sees.
pub(crate) struct Doors {
    /// Empty until the node can answer.
    pub(crate) backend: Arc<OnceLock<Arc<dyn Backend>>>,
    pub(crate) vitals: Arc<dyn Vitals>,
    pub(crate) config: Config,
    pub(crate) requests: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) vain: Vain,
    /// Turns true when the server stops: streams end then.
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Doors {
    pub(crate) fn backend(&self) -> &dyn Backend {
        &**self.backend.get().expect("no request comes this far before there is a backend")
    }
}

/// The paths; streams end when `stopped` turns true.
fn router(
    backend: Arc<OnceLock<Arc<dyn Backend>>>,
    vitals: Arc<dyn Vitals>,
    config: Config,
    stopped: watch::Receiver<bool>,
) -> Router {
    let mut probes = probes::health(vitals.clone());
    if config.metrics {
        probes = probes.merge(probes::metrics(vitals.clone()));
    }
    let doors = Arc::new(Doors {
        backend,
        vitals,
        requests: Semaphore::new(config.requests_max),
        streams: Arc::new(Semaphore::new(config.streams_max)),
        vain: Vain::default(),
        config,
        stopped,
    });
    let mut router = Router::new()
        .route("/", get(docs::home))
        .route("/docs", get(docs::page))
        .route("/docs/docs.css", get(docs::style))
        .route("/docs/docs.js", get(docs::script))
        .route("/openapi.json", get(docs::openapi))
        .route("/v1/chain", get(chain::info))
        .route("/v1/chain/checkpoint", get(chain::checkpoint))
        .route("/v1/errors", get(chain::errors))
        .route("/v1/blocks/{height}", get(chain::block))
        .route("/v1/accounts/{account}/nonce", get(chain::nonce))
        .route("/v1/transactions", post(acts::submit))
        .route("/v1/transactions/batch", post(acts::submit_many))
        .route("/v1/transactions/prepare", post(acts::prepare))
        .route("/v1/transactions/{hash}", get(acts::transaction))
        .route("/v1/transactions/{hash}/proof", get(acts::transaction_proof))
        .route("/v1/events", get(events::follow))
        .route("/v1/import", post(import::import));
    for module in api::operations::modules() {
        for call in module.calls {
            router = router.route(&format!("/v1/{}/{}", module.name, call.name), acts::call(module, call));
        }
        for query in module.queries {
            router = router.route(&format!("/v1/{}/queries/{}", module.name, query.name), lists::query(query));
        }
        for table in module.tables {
            let path = format!("/v1/{}/{}", module.name, table.name);
            router = router
                .route(&path, lists::list(module, table))
                .route(&format!("{path}/{{id}}"), lists::row(module, table))
                .route(&format!("{path}/{{id}}/proof"), lists::proof(table));
        }
    }
    router
        .fallback(guard::nothing_here)
        .layer(from_fn_with_state(doors.clone(), probes::started))
        .layer(from_fn_with_state(doors.clone(), guard::guard))
        .with_state(doors)
        .merge(probes)
}
