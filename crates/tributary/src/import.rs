//! Documents from files onto the chain: read, looked up, made into acts. Sending is the caller's.

use anyhow::Context as _;
use api::import::{
    self, TradeDocument,
    acts::{Known, References},
    scms,
};
use ledger::core::EnterpriseId;
use sdk::Client;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use types::Act;

/// The documents of a file, with the file's name in front of a refusal.
pub fn read(path: &Path) -> anyhow::Result<Vec<TradeDocument>> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    import::parse(&name, &bytes).map_err(|refused| anyhow::anyhow!("{}: {refused}", path.display()))
}

/// The acts that record `documents` for `own`, which is a party of each. Papers that they name must be on the chain.
pub async fn acts(client: &Client, own: EnterpriseId, documents: &[TradeDocument]) -> anyhow::Result<Vec<Act>> {
    let mut references = References::default();
    for document in documents {
        references.add(document);
    }
    let known = known(client, own, &references).await?;
    documents
        .iter()
        .map(|document| {
            let named =
                || format!("{} {} in {}", document.kind(), document.header().number, document.header().source.file);
            import::acts::act(document, &known).map_err(|reason| anyhow::anyhow!("{}: {reason}", named()))
        })
        .collect()
}

/// What the chain has under the numbers that documents use, as far as `own` takes part in it.
async fn known(client: &Client, own: EnterpriseId, references: &References) -> anyhow::Result<Known> {
    let mut known = Known::default();
    for legal_id in &references.legal_ids {
        let found = client.query("enterprise.by_legal_id", json!({ "legal_id": legal_id })).await?;
        if let Some(id) = serde_json::from_value(found)? {
            known.enterprises.insert(legal_id.clone(), id);
        }
    }
    known.contracts = by_number(client, own, "document/contracts", &references.contracts).await?;
    known.orders = by_number(client, own, "document/orders", &references.orders).await?;
    known.deliveries = by_number(client, own, "document/deliveries", &references.deliveries).await?;
    known.invoices = by_number(client, own, "document/invoices", &references.invoices).await?;
    Ok(known)
}

async fn by_number<T: serde::de::DeserializeOwned>(
    client: &Client,
    own: EnterpriseId,
    table: &str,
    numbers: &BTreeSet<String>,
) -> anyhow::Result<BTreeMap<String, T>> {
    let mut found = BTreeMap::new();
    for number in numbers {
        let parameters = [("number", number.clone()), ("party", own.to_string())];
        let page = client.list(table, &parameters).await?;
        match page.rows.as_slice() {
            [] => {}
            [row] => {
                found.insert(number.clone(), serde_json::from_value(json!(row.id))?);
            }
            _ => {
                anyhow::bail!("{table} has several documents with number {number}: record this one by its own command")
            }
        }
    }
    Ok(found)
}

/// A history of order lines, put together: rows of one purchase order with one vendor are one order, and its rows of one
/// despatch are one delivery. Rows that cannot be read are given with the reason.
#[derive(Default)]
pub struct History {
    pub orders: Vec<TradeDocument>,
    pub deliveries: Vec<TradeDocument>,
    pub rows: usize,
    pub refused: Vec<String>,
}

/// Reads the delivery history of the Supply Chain Management System.
pub fn read_history(name: &str, source: impl std::io::Read) -> anyhow::Result<History> {
    let records = scms::Records::new(name, source).map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
    let mut orders: BTreeMap<(String, String), import::Order> = BTreeMap::new();
    let mut deliveries: BTreeMap<(String, String, String), import::Despatch> = BTreeMap::new();
    let mut history = History::default();
    for record in records {
        history.rows += 1;
        let scms::Record { order, delivery } = match record {
            Ok(record) => record,
            Err(reason) => {
                history.refused.push(format!("{name}: {reason}"));
                continue;
            }
        };
        let number = order.header.number.to_string();
        let vendor = order.header.seller.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let despatch = (delivery.header.number.to_string(), number.clone(), vendor.clone());
        match deliveries.get_mut(&despatch) {
            Some(known) => known.lines.extend(delivery.lines),
            None => drop(deliveries.insert(despatch, delivery)),
        }
        match orders.get_mut(&(number.clone(), vendor.clone())) {
            Some(known) => {
                // The sums of an order are those of its lines.
                known.totals = None;
                known.header.issued = known.header.issued.min(order.header.issued);
                known.lines.extend(order.lines);
            }
            None => drop(orders.insert((number, vendor), order)),
        }
    }
    history.orders = orders.into_values().map(TradeDocument::Order).collect();
    history.deliveries = deliveries.into_values().map(TradeDocument::Despatch).collect();
    Ok(history)
}
