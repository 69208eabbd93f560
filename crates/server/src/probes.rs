//! How the node is: asked by load balancers and monitors, answered whatever else is stuck.
//!
//! These paths stand outside the guard: they need no turn, no backend and no chain.

use crate::{Doors, refusal::Refusal};
use api::{Vitals, problem::doors};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

/// The media type of what `/metrics` answers.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// When a client that found the node starting should come back.
const RETRY_MS: u64 = 2_000;
/// What can be answered without a chain.
const WITHOUT_A_CHAIN: &[&str] = &["/", "/docs", "/docs/docs.css", "/docs/docs.js", "/openapi.json", "/v1/errors"];

/// `/livez` and `/readyz`.
pub(crate) fn health(vitals: Arc<dyn Vitals>) -> Router {
    Router::new().route("/livez", get(alive)).route("/readyz", get(ready)).with_state(vitals)
}

/// `/metrics`.
pub(crate) fn metrics(vitals: Arc<dyn Vitals>) -> Router {
    Router::new().route("/metrics", get(measured)).with_state(vitals)
}

/// The process lives.
async fn alive() -> &'static str {
    "ok\n"
}

/// The node answers, and what it answers is not old.
async fn ready(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    let readiness = vitals.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

async fn measured(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS), (header::CACHE_CONTROL, "no-store")], vitals.metrics().await)
        .into_response()
}

/// Lets requests through once there is a chain to answer from.
pub(crate) async fn started(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    if doors.backend.get().is_some() || WITHOUT_A_CHAIN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let readiness = doors.vitals.readiness();
    let detail = readiness.reason.unwrap_or_else(|| readiness.stage.to_string());
    Refusal::from(doors::starting(detail, RETRY_MS)).into_response()
}
