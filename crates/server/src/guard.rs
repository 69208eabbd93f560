//! Around every request: a turn, a time limit, and one shape of refusal whatever went wrong.

use crate::{
    Doors,
    refusal::{PROBLEM, Refusal, problem_response},
    request::wait,
};
use api::{
    list::printable,
    problem::{Problem, doors},
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};
use types::{limits::REQUEST_BYTES_MAX, rejection::tech};

/// When a client that found the server full should come back.
const RETRY_MS: u64 = 1_000;

pub(crate) async fn guard(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = answer(&doors, request, next).await;
    if !is_problem(&response) && (response.status().is_client_error() || response.status().is_server_error()) {
        response = reshaped(&method, &uri, response);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let route = route.as_ref().map(MatchedPath::as_str);
    doors.config.meters.answered(&method, route, response.status().as_u16(), began.elapsed());
    tracing::debug!(%method, path = uri.path(), status = response.status().as_u16(), "answered");
    response
}

async fn answer(doors: &Doors, request: Request, next: Next) -> Response {
    let Ok(_turn) = doors.requests.try_acquire() else {
        return Refusal::from(doors::too_many(RETRY_MS)).into_response();
    };
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > REQUEST_BYTES_MAX) {
        let detail = format!("a request of more than {REQUEST_BYTES_MAX} bytes");
        return Refusal::from(tech::payload_too_big(detail)).into_response();
    }
    // A request that names a wrong wait is refused by its handler.
    let limit = doors.config.request_time_max + wait(request.uri()).unwrap_or_default();
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, run).await {
        Ok(Ok(response)) => response,
        // The panic's message is in the log already; the state that handlers share is never left half-changed.
        Ok(Err(_)) => Refusal::from(doors::internal()).into_response(),
        Err(_) => Refusal::from(doors::timeout(limit.as_millis())).into_response(),
    }
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == PROBLEM)
}

/// What the router itself refused, in our shape.
fn reshaped(method: &Method, uri: &Uri, response: Response) -> Response {
    let allow = response.headers().get(header::ALLOW).cloned();
    let rejection = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = allow.as_ref().and_then(|allow| allow.to_str().ok()).unwrap_or("no method");
            doors::method(method, allowed)
        }
        StatusCode::NOT_FOUND => doors::not_found(format!("path {}", printable(uri.path()))),
        StatusCode::PAYLOAD_TOO_LARGE => tech::payload_too_big("a request"),
        status if status.is_server_error() => doors::internal(),
        status => tech::malformed(format!("the request: {status}")),
    };
    let mut response = problem_response(&Problem::from(&rejection));
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// No such path; where it looks like an act, the answer says so.
pub(crate) async fn nothing_here(method: Method, uri: Uri) -> Refusal {
    let path = uri.path();
    let mut segments = path.trim_start_matches('/').split('/');
    let of_acts = segments.next() == Some("v1") && method == Method::POST;
    match (segments.next(), segments.next(), segments.next()) {
        (Some(module), Some(call), None) if of_acts => tech::unknown_act(printable(module), printable(call)).into(),
        _ => doors::not_found(format!("path {}", printable(path))).into(),
    }
}
