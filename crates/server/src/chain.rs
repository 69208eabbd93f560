//! The chain itself: identity, head, blocks, nonces, errors.

use crate::{
    Doors,
    request::{Answer, ok, wait},
};
use api::{
    backend::BlockAt,
    list::{number, printable},
    problem::{self, doors},
    view,
};
use axum::{
    extract::{Path, State},
    http::Uri,
};
use std::sync::Arc;
use types::AccountId;

pub(crate) async fn info(State(doors): State<Arc<Doors>>) -> Answer {
    ok(&doors.backend().info().await?)
}

pub(crate) async fn checkpoint(State(doors): State<Arc<Doors>>) -> Answer {
    match doors.backend().checkpoint().await? {
        Some(checkpoint) => ok(&checkpoint),
        None => Err(doors::not_found("checkpoint in the first epoch: the genesis is enough").into()),
    }
}

pub(crate) async fn errors() -> Answer {
    ok(&problem::error_rows())
}

pub(crate) async fn block(State(doors): State<Arc<Doors>>, uri: Uri, Path(height): Path<String>) -> Answer {
    let wait = wait(&uri)?;
    let at = match height.as_str() {
        "latest" => BlockAt::Latest,
        height => BlockAt::Height(number("height", height)?),
    };
    if let (BlockAt::Height(height), false) = (at, wait.is_zero()) {
        // Where it does not come in time, the answer below says that there is none.
        let _ = tokio::time::timeout(wait, doors.backend().reached(height)).await;
    }
    match doors.backend().block(at).await? {
        Some(block) => ok(&view::block(&block)),
        None => Err(doors::not_found(format!("block {}", printable(&height))).into()),
    }
}

pub(crate) async fn nonce(State(doors): State<Arc<Doors>>, Path(account): Path<String>) -> Answer {
    let account: AccountId = account.parse().map_err(|why| doors::parameter("account", why))?;
    ok(&doors.backend().nonce(account).await?)
}
