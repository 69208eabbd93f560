//! Pages against the whole list, sorted in memory.

use super::{Place, consortium, evidence_block, table};
use crate::{Error, Index};
use api::{
    list::{Comparison, Filter, ListRequest, Operand, Sort, columns},
    message::RowView,
};
use execution::testing::TestChain;
use ledger::{
    core::{Cell, EnterpriseId},
    document::{ConfirmContract, ContractId, Parties, Party, RecordContract, Source, SourceFormat},
};
use types::{Act, Date, Digest, Text};

/// The row's value in a column that lists take.
fn cell(request: &ListRequest, row: &RowView, column: &str) -> Option<Operand> {
    let number = |value: u64| Some(Operand::Integer(i64::try_from(value).unwrap()));
    match column {
        "id" => Some(Operand::Text(row.id.clone())),
        "created_height" => number(row.created_height),
        "height" => number(row.height),
        own => {
            let at = request.table.columns.iter().position(|column| column.name == own).unwrap();
            match &CELLS.with_borrow(|cells| cells[&row.id].clone())[at] {
                Cell::Null => None,
                Cell::Text(text) => Some(Operand::Text(text.clone())),
                Cell::Integer(value) => Some(Operand::Integer(*value)),
            }
        }
    }
}

thread_local! {
    /// The cells of every record by id, straight from state.
    static CELLS: std::cell::RefCell<std::collections::BTreeMap<String, Vec<Cell>>> = const {
        std::cell::RefCell::new(std::collections::BTreeMap::new())
    };
}

/// Reads a table's cells from a chain's state.
fn remember(chain: &TestChain, request: &ListRequest) {
    let head = [u8::try_from(request.module.number).unwrap(), request.table.number];
    for (key, value) in chain.state.records.iter().filter(|(key, _)| key.starts_with(&head)) {
        let row = (request.table.row)(&key[2..], value).unwrap();
        CELLS.with_borrow_mut(|cells| cells.insert(row.id, row.cells));
    }
}

/// Every row, page by page.
async fn pages(index: &Index, mut request: ListRequest) -> Vec<RowView> {
    let mut rows: Vec<RowView> = Vec::new();
    loop {
        let page = index.list(request.clone()).await.unwrap();
        assert!(page.rows.len() <= usize::try_from(request.limit).unwrap());
        rows.extend(page.rows);
        let Some(cursor) = page.cursor else { return rows };
        // The cursor goes through the same text as a client's.
        let parameters = parameters(&request, &cursor);
        request = ListRequest::parse(request.module, request.table, &parameters).unwrap();
    }
}

fn parameters(request: &ListRequest, cursor: &str) -> Vec<(String, String)> {
    let sort = format!("{}{}", if request.sort.descending { "-" } else { "" }, request.sort.column);
    let mut parameters = vec![("sort", sort), ("limit", request.limit.to_string()), ("cursor", cursor.to_owned())];
    parameters.extend(request.party.map(|party| ("party", party.to_string())));
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn pages_are_the_whole_list(chain: &TestChain, request: ListRequest, limits: &[u32]) {
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    remember(chain, &request);
    let mut all = pages(&index, ListRequest { limit: 500, party: None, ..request.clone() }).await;
    all.retain(|row| request.party.is_none_or(|party| row.parties.contains(&party)));
    for (column, _) in columns(request.table) {
        for descending in [false, true] {
            // A block's new rows are numbered in the order of their keys, which here is that of their ids.
            let place =
                |row: &RowView| (cell(&request, row, column).map(comparable), row.created_height, row.id.clone());
            all.sort_by_key(place);
            if descending {
                all.reverse();
            }
            for limit in limits {
                let sort = Sort { column, descending };
                let found = pages(&index, ListRequest { sort, limit: *limit, ..request.clone() }).await;
                assert!(found == all, "by {column}, descending: {descending}, {limit} rows a page");
            }
        }
    }
}

fn comparable(operand: Operand) -> (i64, String) {
    match operand {
        Operand::Integer(value) => (value, String::new()),
        Operand::Text(text) => (0, text),
    }
}

#[tokio::test]
async fn pages_over_a_thousand_rows_miss_none_and_repeat_none() {
    let (mut chain, ids) = consortium();
    for (signer, from) in [("S1.maker", 0), ("CORE.maker", 300), ("S1.checker", 600), ("CORE.treasurer", 900)] {
        evidence_block(&mut chain, signer, from, 300);
    }
    let (module, table) = table("evidence", "evidence");
    let request = ListRequest::new(module, table);
    pages_are_the_whole_list(&chain, request.clone(), &[31, 499]).await;
    pages_are_the_whole_list(&chain, ListRequest { party: Some(ids[1]), ..request }, &[53]).await;
}

fn contract(ids: &[EnterpriseId], number: u32) -> Act {
    let parties = Parties { seller: Party::Enterprise(ids[1]), buyer: Party::Enterprise(ids[0]) };
    let source = Source { digest: Digest::of(&[b"contract", &number.to_le_bytes()]), format: SourceFormat::Form };
    let record = RecordContract {
        number: Text::new(format!("C-{number}")).unwrap(),
        parties,
        signed_on: Date::from_ymd(2026, 1, u8::try_from(1 + number % 5).unwrap()).unwrap(),
        ends_on: None,
        value: None,
        source,
    };
    ledger::act(&record).unwrap()
}

/// Thirty contracts, of which ten are confirmed.
fn contracts() -> (TestChain, Vec<EnterpriseId>) {
    let (mut chain, ids) = consortium();
    let acts: Vec<Act> = (0..30).map(|number| contract(&ids, number)).collect();
    let recorded = chain.transaction("S1.maker", &acts);
    let hash = recorded.body.hash();
    chain.block(vec![recorded]);
    for act in 0..10 {
        let contract = ContractId::derive(hash, act * 3, 0);
        let confirm = ledger::act(&ConfirmContract { contract }).unwrap();
        let confirmed = chain.transaction("CORE.maker+CORE.checker", &[confirm]);
        chain.block(vec![confirmed]);
    }
    (chain, ids)
}

#[tokio::test]
async fn rows_without_a_value_have_their_place_too() {
    let (chain, ids) = contracts();
    let (module, table) = table("document", "contracts");
    let request = ListRequest::new(module, table);
    pages_are_the_whole_list(&chain, request.clone(), &[1, 4]).await;
    pages_are_the_whole_list(&chain, ListRequest { party: Some(ids[0]), ..request }, &[3]).await;
}

#[tokio::test]
async fn filters_compare_as_they_say() {
    let (chain, ids) = contracts();
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    let (module, table) = table("document", "contracts");
    let all = index.list(ListRequest::new(module, table)).await.unwrap().rows;
    assert_eq!(all.len(), 30);
    let count = async |column: &'static str, comparison: Comparison, operand: Operand| {
        let mut request = ListRequest::new(module, table);
        request.filters = vec![Filter { column, comparison, operand }];
        index.list(request).await.unwrap().rows.len()
    };
    let day = || Operand::Text("2026-01-03".to_owned());
    assert_eq!(count("signed_on", Comparison::Equal, day()).await, 6);
    assert_eq!(count("signed_on", Comparison::NotEqual, day()).await, 24);
    assert_eq!(count("signed_on", Comparison::Less, day()).await, 12);
    assert_eq!(count("signed_on", Comparison::LessOrEqual, day()).await, 18);
    assert_eq!(count("signed_on", Comparison::Greater, day()).await, 12);
    assert_eq!(count("signed_on", Comparison::GreaterOrEqual, day()).await, 18);
    let confirmed = count("confirmed_at", Comparison::Greater, Operand::Text(String::new())).await;
    assert_eq!(confirmed, 10, "a row without a value passes no comparison");
    let created = |row: &&RowView| row.height > row.created_height;
    assert_eq!(all.iter().filter(created).count(), 10, "a confirmation changes the row, not its beginning");
    let quoted = Operand::Text("' OR 1 = 1 --".to_owned());
    assert_eq!(count("number", Comparison::Equal, quoted).await, 0);
    let mut request = ListRequest::new(module, table);
    request.party = Some(ids[0]);
    assert_eq!(index.list(request.clone()).await.unwrap().rows.len(), 30);
    request.party = Some(EnterpriseId::default());
    assert_eq!(index.list(request).await.unwrap().rows.len(), 0);
}

#[tokio::test]
async fn a_record_is_found_by_its_id() {
    let (chain, ids) = contracts();
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    let (module, enterprises) = table("enterprise", "enterprises");
    let row = index.row(module, enterprises, &ids[1].to_string()).await.unwrap().unwrap();
    assert_eq!((row.record["name"].as_str(), row.created_height), (Some("S1 Co., Ltd."), 2));
    assert_eq!(index.row(module, enterprises, "ent_0").await.unwrap(), None);
}

#[test]
fn every_id_leads_back_to_its_record() {
    let (chain, _) = contracts();
    let mut seen = std::collections::BTreeSet::new();
    for (key, value) in &chain.state.records {
        let module = ledger::modules().iter().find(|module| module.number == u16::from(key[0]));
        let table = module.and_then(|module| module.tables.iter().find(|table| table.number == key[1]));
        let Some(table) = table else { continue };
        let row = (table.row)(&key[2..], value).unwrap();
        assert_eq!((table.key)(&row.id).as_ref(), Ok(key), "{} {}", table.name, row.id);
        seen.insert(table.name);
    }
    assert!(seen.contains("policies") && seen.contains("contracts") && seen.len() > 4, "{seen:?}");
}

#[tokio::test]
async fn a_list_waits_for_the_block_that_its_caller_knows_of() {
    let (chain, _) = consortium();
    let place = Place::new();
    let index = place.open().await;
    let (module, table) = table("enterprise", "enterprises");
    let request = ListRequest { min_height: Some(2), ..ListRequest::new(module, table) };
    let (page, ()) = tokio::join!(index.list(request.clone()), async {
        index.apply(&chain.blocks[..1]).await.unwrap();
        index.apply(&chain.blocks[1..]).await.unwrap();
    });
    assert_eq!((page.as_ref().unwrap().rows.len(), page.unwrap().height), (3, 2));
    tokio::time::pause();
    let late = index.list(ListRequest { min_height: Some(3), ..request }).await.unwrap_err();
    let Error::Rejected(rejection) = late else { panic!("{late}") };
    assert_eq!(rejection.code, 69, "E_UNAVAILABLE");
}
