//! Refusals as HTTP answers: always a problem with a stable code.

use api::{
    Failure, Problem,
    problem::doors::{self},
};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use types::Rejection;

/// Media type of a problem (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";

/// Why a request gets no answer.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Failure);

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self(Failure::Rejected(rejection))
    }
}

impl Refusal {
    /// What the caller is told. What failed inside goes to the log and nowhere else.
    pub(crate) fn problem(&self) -> Problem {
        match &self.0 {
            Failure::Rejected(rejection) => rejection.into(),
            Failure::Internal(error) => {
                tracing::error!(error = &**error as &dyn std::error::Error, "a request failed inside the node");
                (&doors::internal()).into()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem_response(&self.problem())
    }
}

pub(crate) fn problem_response(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).expect("a problem has string keys only");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(problem.status).expect("the table holds HTTP statuses");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if let Some(retry_ms) = problem.retry_ms() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_ms.div_ceil(1_000).max(1)));
    }
    response
}
