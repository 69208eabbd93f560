//! Lists, records, proofs and questions, made from the operation table.

use crate::{
    Doors,
    request::{Answer, json, ok, parameters},
};
use api::{
    list::{ListRequest, printable},
    operations::{Module, QuerySpec, TableSpec},
    problem::doors,
};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Uri},
    routing::{MethodRouter, get, post},
};
use serde_json::Value;
use std::sync::Arc;

/// `GET /v1/{module}/{table}`
pub(crate) fn list(module: &'static Module, table: &'static TableSpec) -> MethodRouter<Arc<Doors>> {
    get(async move |State(doors): State<Arc<Doors>>, uri: Uri| -> Answer {
        let request = ListRequest::parse(module, table, &parameters(&uri)?)?;
        ok(&doors.backend().list(request).await?)
    })
}

/// `GET /v1/{module}/{table}/{id}`
pub(crate) fn row(module: &'static Module, table: &'static TableSpec) -> MethodRouter<Arc<Doors>> {
    get(async move |State(doors): State<Arc<Doors>>, Path(id): Path<String>| -> Answer {
        let shown = printable(&id);
        match doors.backend().row(module, table, id).await? {
            Some(row) => ok(&row),
            None => Err(doors::not_found(format!("{shown} in {}", table.name)).into()),
        }
    })
}

/// `GET /v1/{module}/{table}/{id}/proof`
pub(crate) fn proof(table: &'static TableSpec) -> MethodRouter<Arc<Doors>> {
    get(async move |State(doors): State<Arc<Doors>>, Path(id): Path<String>| -> Answer {
        let key = (table.key)(&id)?;
        ok(&doors.backend().prove(key).await?)
    })
}

/// `POST /v1/{module}/queries/{query}`
pub(crate) fn query(query: &'static QuerySpec) -> MethodRouter<Arc<Doors>> {
    post(async move |State(doors): State<Arc<Doors>>, headers: HeaderMap, body: Body| -> Answer {
        let question: Value = json(&headers, body).await?;
        ok(&doors.backend().query(query, question).await?)
    })
}
