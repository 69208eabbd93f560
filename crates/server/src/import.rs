//! Trade files: read, looked up, and answered with the acts that record them. Nothing is submitted here.

use crate::{
    Doors,
    request::{Answer, bytes, media_type, named, ok, parameter},
};
use api::{
    Backend, Failure,
    import::{
        self, ImportError, TradeDocument,
        acts::{self, Known, References},
    },
    list::{Comparison, Filter, ListRequest, Operand, printable},
    message::{ImportNotice, Imported, ImportedDocument, NamedAct, RowView},
    openapi::IMPORT_TYPES,
    operations::{EnterpriseId, Module, TableSpec, module, table},
    prepare,
    problem::{Problem, doors},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Uri},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use types::{Digest, Rejection};

/// `POST /v1/import`
pub(crate) async fn import(State(doors): State<Arc<Doors>>, uri: Uri, headers: HeaderMap, body: Body) -> Answer {
    let name = parameter(&uri, "name")?.unwrap_or_else(|| "file".to_owned());
    let media = media_type(&headers);
    if !IMPORT_TYPES.iter().any(|known| media.eq_ignore_ascii_case(known)) {
        return Err(doors::media_type(named(media), IMPORT_TYPES.join(" or ")).into());
    }
    let bytes = bytes(body).await?;
    let digest = Digest::of(&[&bytes]);
    // A large file takes a while: other requests go on meanwhile.
    let read = tokio::task::spawn_blocking(move || import::parse(&printable(&name), &bytes)).await;
    let documents = read.map_err(Failure::internal)?.map_err(|refused: ImportError| refused.rejection())?;
    let mut lookup = Lookup { backend: doors.backend(), enterprises: BTreeMap::new() };
    let mut shown = Vec::with_capacity(documents.len());
    let mut first_refused = None;
    for document in &documents {
        let act = lookup.act(document).await?;
        first_refused = first_refused.or(act.as_ref().err().cloned());
        shown.push(view(document, act));
    }
    match first_refused.filter(|_| shown.iter().all(|document| document.act.is_none())) {
        Some(refused) => Err(refused.into()),
        None => ok(&Imported { digest, documents: shown }),
    }
}

fn view(document: &TradeDocument, act: Result<NamedAct, Rejection>) -> ImportedDocument {
    let header = document.header();
    let notices = header.notices.iter().map(|notice| ImportNotice { line: notice.line, text: notice.text.clone() });
    let (act, problem) = match act {
        Ok(act) => (Some(act), None),
        Err(refused) => (None, Some(Problem::from(&refused))),
    };
    ImportedDocument {
        kind: document.kind().to_owned(),
        number: header.number.clone(),
        line: line(document),
        act,
        problem,
        notices: notices.collect(),
        unread: header.unread.clone(),
    }
}

/// Where in the file the document's first line stands.
fn line(document: &TradeDocument) -> u32 {
    document.lines().first().map_or(1, |line| line.file_line)
}

/// Looks up what documents refer to. Each company is asked for once in a file.
struct Lookup<'a> {
    backend: &'a dyn Backend,
    enterprises: BTreeMap<String, Option<EnterpriseId>>,
}

impl Lookup<'_> {
    /// The act that records a document, or what stands against it.
    async fn act(&mut self, document: &TradeDocument) -> Result<Result<NamedAct, Rejection>, Failure> {
        let refuse = |rule: &str, reason: String| {
            let place = format!("{} {}", document.kind(), document.header().number);
            Ok(Err(doors::import_refused(line(document), 1, place, rule, reason)))
        };
        let (known, unclear) = self.known(document).await?;
        if let Some(number) = unclear.first() {
            return refuse("UNCLEAR", format!("the two companies have several papers with the number {number}"));
        }
        let act = match acts::act(document, &known) {
            Ok(act) => act,
            Err(reason) => return refuse("RECORD", reason),
        };
        // What can be seen without state is refused here, before anybody signs it.
        let shown = prepare::checked(&act);
        Ok(shown.map(|act| NamedAct { act: act.act, payload: act.fields }))
    }

    /// What the chain has under the numbers that a document uses, and the numbers that it has more than once.
    async fn known(&mut self, document: &TradeDocument) -> Result<(Known, Vec<String>), Failure> {
        let mut references = References::default();
        references.add(document);
        let mut known = Known::default();
        for legal_id in &references.legal_ids {
            if let Some(id) = self.enterprise(legal_id).await? {
                known.enterprises.insert(legal_id.clone(), id);
            }
        }
        let sides = [&document.header().seller, &document.header().buyer].map(|company| {
            let ids: Vec<String> = acts::legal_ids(company).collect();
            Side { enterprise: ids.iter().find_map(|id| known.enterprises.get(id).copied()), ids }
        });
        let mut unclear = Vec::new();
        known.contracts = self.papers("contracts", &references.contracts, &sides, &mut unclear).await?;
        known.orders = self.papers("orders", &references.orders, &sides, &mut unclear).await?;
        known.deliveries = self.papers("deliveries", &references.deliveries, &sides, &mut unclear).await?;
        known.invoices = self.papers("invoices", &references.invoices, &sides, &mut unclear).await?;
        Ok((known, unclear))
    }

    async fn enterprise(&mut self, legal_id: &str) -> Result<Option<EnterpriseId>, Failure> {
        if let Some(known) = self.enterprises.get(legal_id) {
            return Ok(*known);
        }
        let rows = self.rows(("enterprise", "enterprises"), ("legal_id", legal_id), None).await?;
        let found = rows.first().and_then(|row| row.id.parse().ok());
        self.enterprises.insert(legal_id.to_owned(), found);
        Ok(found)
    }

    /// The papers with these numbers between these two companies: others may use the same numbers.
    async fn papers<T: DeserializeOwned>(
        &self,
        table: &str,
        numbers: &BTreeSet<String>,
        sides: &[Side; 2],
        unclear: &mut Vec<String>,
    ) -> Result<BTreeMap<String, T>, Failure> {
        let mut found = BTreeMap::new();
        let Some(party) = sides.iter().find_map(|side| side.enterprise) else {
            return Ok(found);
        };
        for number in numbers {
            let mut rows = self.rows(("document", table), ("number", number), Some(party)).await?;
            let [seller, buyer] = sides;
            rows.retain(|row| {
                let traders = &row.record["traders"];
                seller.is(&traders["seller"]) && buyer.is(&traders["buyer"])
            });
            match rows.as_slice() {
                [] => {}
                [row] => {
                    let id = serde_json::from_value(Value::String(row.id.clone())).map_err(Failure::internal)?;
                    found.insert(number.clone(), id);
                }
                _ => unclear.push(number.clone()),
            }
        }
        Ok(found)
    }

    async fn rows(
        &self,
        (module, table): (&str, &str),
        (column, value): (&'static str, &str),
        party: Option<EnterpriseId>,
    ) -> Result<Vec<RowView>, Failure> {
        let (module, table) = declared(module, table);
        let operand = Operand::Text(value.to_owned());
        let mut request = ListRequest::new(module, table);
        request.filters = vec![Filter { column, comparison: Comparison::Equal, operand }];
        request.party = party;
        Ok(self.backend.list(request).await?.rows)
    }
}

/// A company of a document: the ids it goes by, and the enterprise that one of them stands for.
struct Side {
    ids: Vec<String>,
    enterprise: Option<EnterpriseId>,
}

impl Side {
    /// Whether a recorded paper names this company on its side.
    fn is(&self, trader: &Value) -> bool {
        match self.enterprise {
            Some(enterprise) => trader["enterprise"] == enterprise.to_string(),
            None => self.ids.iter().any(|id| trader["legal_id"] == id.as_str()),
        }
    }
}

/// A table in which files' references are looked up.
fn declared(of: &str, name: &str) -> (&'static Module, &'static TableSpec) {
    let module = module(of).expect("papers and companies have modules");
    (module, table(module, name).expect("every paper that files name has a table"))
}
