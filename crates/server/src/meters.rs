//! What the door counts: requests by operation and status, how long they took, who follows events.

use axum::http::Method;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::time::Duration;

/// Seconds: from an answer out of memory to the longest that a request may take.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 20.0];

/// Methods that have a label of their own.
const KNOWN: [Method; 3] = [Method::GET, Method::HEAD, Method::POST];

/// One of the contract's operations, and how it ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Answered {
    operation: String,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Operation {
    operation: String,
}

/// The door's counters. Clones are the same counters.
#[derive(Clone, Debug)]
pub struct Meters {
    requests: Family<Answered, Counter>,
    seconds: Family<Operation, Histogram, fn() -> Histogram>,
    followers: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            followers: Gauge::default(),
        }
    }
}

impl Meters {
    /// Lets `registry` tell of them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Answered requests, by operation and HTTP status", self.requests.clone());
        registry.register("request_seconds", "How long requests took, by operation", self.seconds.clone());
        registry.register("event_followers", "Clients that follow the stream of events", self.followers.clone());
    }

    /// A request was answered. `route` is the contract's path; whatever has none is counted together, so that strangers
    /// cannot make up labels.
    pub(crate) fn answered(&self, method: &Method, route: Option<&str>, status: u16, took: Duration) {
        let method = KNOWN.iter().find(|known| *known == method);
        let operation = match (method, route) {
            (Some(method), Some(route)) => format!("{method} {route}"),
            _ => "unknown".to_owned(),
        };
        self.requests.get_or_create(&Answered { operation: operation.clone(), status }).inc();
        self.seconds.get_or_create(&Operation { operation }).observe(took.as_secs_f64());
    }

    /// Counts a follower for as long as what this gives lives.
    pub(crate) fn follower(&self) -> Following {
        self.followers.inc();
        Following(self.followers.clone())
    }
}

pub(crate) struct Following(Gauge);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.dec();
    }
}
