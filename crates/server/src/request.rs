//! Reading requests: bodies within their limit, parameters that somebody knows.

use crate::refusal::Refusal;
use api::{list::printable, problem::doors};
use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::Query,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use types::{
    Rejection,
    limits::{REQUEST_BYTES_MAX, REQUEST_WAIT_MS_MAX},
    rejection::tech,
    wire,
};

pub(crate) type Answer = Result<Response, Refusal>;

pub(crate) fn ok<T: Serialize>(value: &T) -> Answer {
    Ok(Json(value).into_response())
}

pub(crate) fn accepted<T: Serialize>(value: &T) -> Answer {
    Ok((StatusCode::ACCEPTED, Json(value)).into_response())
}

/// The body's bytes, if there are not too many.
pub(crate) async fn bytes(body: Body) -> Result<Bytes, Rejection> {
    let too_big = || tech::payload_too_big(format!("a request of more than {REQUEST_BYTES_MAX} bytes"));
    to_bytes(body, REQUEST_BYTES_MAX).await.map_err(|error| {
        // A client that breaks off reads no answer, so every other failure may be called malformed.
        let limit = std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("limit"));
        if limit { too_big() } else { tech::malformed("the body ends early") }
    })
}

/// The media type of the body, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// A JSON body.
pub(crate) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Rejection> {
    let media = media_type(headers);
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(doors::media_type(named(media), "application/json"));
    }
    let bytes = bytes(body).await?;
    serde_json::from_slice(&bytes).map_err(|error| wire::malformed(&error.to_string()))
}

pub(crate) fn named(media: &str) -> String {
    if media.is_empty() { "of no named type".to_owned() } else { printable(media) }
}

/// The request's parameters, decoded.
pub(crate) fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, Rejection> {
    let parsed = Query::<Vec<(String, String)>>::try_from_uri(uri);
    parsed.map(|Query(pairs)| pairs).map_err(|_| doors::parameter("query", "it does not decode"))
}

/// The request's parameters, each one of `known`.
pub(crate) fn known_parameters(uri: &Uri, known: &[&str]) -> Result<Vec<(String, String)>, Rejection> {
    let pairs = parameters(uri)?;
    match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(doors::unknown_parameter(printable(name), known.join(", "))),
        None => Ok(pairs),
    }
}

/// A parameter's value, of those that are known.
pub(crate) fn parameter(uri: &Uri, known: &str) -> Result<Option<String>, Rejection> {
    let mut pairs = known_parameters(uri, &[known])?;
    Ok(pairs.pop().map(|(_, value)| value))
}

/// How long the request wants to wait for finality.
pub(crate) fn wait(uri: &Uri) -> Result<Duration, Rejection> {
    let Some(value) = parameter(uri, "wait_ms")? else {
        return Ok(Duration::ZERO);
    };
    let ms = value.parse().ok().filter(|ms| *ms <= REQUEST_WAIT_MS_MAX);
    let bad = || doors::parameter("wait_ms", format!("it is a number from 0 to {REQUEST_WAIT_MS_MAX}"));
    ms.map(Duration::from_millis).ok_or_else(bad)
}
