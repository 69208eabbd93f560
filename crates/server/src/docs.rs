//! The contract, for programs and for people.

use axum::{
    http::header,
    response::{IntoResponse, Redirect},
};
use std::sync::LazyLock;

/// Nothing but our own files may run or load in the page.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

static OPENAPI: LazyLock<String> = LazyLock::new(api::openapi::openapi_text);

pub(crate) async fn home() -> Redirect {
    Redirect::temporary("/docs")
}

pub(crate) async fn page() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, include_str!("assets/docs.html"))
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("assets/docs.css"))
}

pub(crate) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("assets/docs.js"))
}

pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI.as_str())
}
