//! Trade files in: acts ready to sign, or the line and the reason.

use super::support::{Fixture, read_json};
use crate::Config;
use execution::testing::{TestChain, key, sign};
use ledger::{
    core::{EntityRole, Function},
    enterprise::{NewMember, Register},
};
use serde_json::{Value, json};
use types::{Act, Digest, List, Text, transaction::Body};

/// The companies of the example documents, by the legal ids that these name.
const COMPANIES: &[(&str, &str, EntityRole)] =
    &[("CORE", "91310115MADEMAC150", EntityRole::Core), ("S1", "91320583MADEMA2113", EntityRole::Supplier)];

fn registration(name: &str, legal_id: &str, role: EntityRole) -> Act {
    let member = |person: &str, function: Function| NewMember {
        name: Text::new(person).unwrap(),
        functions: List::new(vec![function]).unwrap(),
        public_key: key(&format!("{name}.{person}")).public_key(),
        starts: None,
        ends: None,
        limit_minor: None,
    };
    let people =
        vec![member("admin", Function::Admin), member("maker", Function::Maker), member("checker", Function::Checker)];
    ledger::act(&Register {
        name: Text::new(name).unwrap(),
        legal_id: Text::new(legal_id).unwrap(),
        roles: List::new(vec![role]).unwrap(),
        reviewed: Some(Digest::of(&[b"papers"])),
        members: List::new(people).unwrap(),
    })
    .unwrap()
}

async fn examples() -> Fixture {
    let mut chain = TestChain::new();
    let mut parties = chain.register(&[]);
    for (name, legal_id, role) in COMPANIES {
        let signers = format!("OP.maker+OP.checker+{name}.admin");
        let transaction = chain.transaction(&signers, &[registration(name, legal_id, *role)]);
        parties.push(ledger::core::EnterpriseId::derive(transaction.body.hash(), 0, 0));
        chain.block(vec![transaction]);
    }
    Fixture::over(chain, parties, Config::default()).await
}

fn example(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    std::fs::read_to_string(path).unwrap()
}

async fn import(server: &Fixture, name: &str) -> (u16, Value) {
    let media = if name.ends_with("xml") { "application/xml" } else { "text/csv" };
    server.post_bytes(&format!("/v1/import?name={name}"), media, example(name)).await
}

/// Prepares, signs and submits the acts that a file asked for.
async fn record(server: &Fixture, signers: &str, imported: &Value) {
    let acts: Vec<&Value> = imported["documents"].as_array().unwrap().iter().map(|document| &document["act"]).collect();
    let keys: Vec<_> = signers.split('+').map(|signer| key(signer).public_key()).collect();
    let (status, prepared) = server.post("/v1/transactions/prepare", &json!({ "acts": acts, "signers": keys })).await;
    assert_eq!(status, 200, "{prepared}");
    let body: Body = serde_json::from_value(prepared["body"].clone()).unwrap();
    let (_, submitted) = server.submit(&sign(body, signers)).await;
    assert_eq!(submitted["receipt"]["status"], "applied", "{submitted}");
}

#[tokio::test]
async fn files_become_acts_that_are_signed_and_recorded() {
    let server = examples().await;
    let (status, order) = import(&server, "ubl/order-core-s1.xml").await;
    assert_eq!(status, 200, "{order}");
    assert_eq!(order["digest"], Digest::of(&[example("ubl/order-core-s1.xml").as_bytes()]).to_string());
    let document = &order["documents"][0];
    assert_eq!((document["kind"].as_str(), document["number"].as_str()), (Some("order"), Some("PO-CORE-1")));
    assert_eq!((document["act"]["act"].as_str(), &document["problem"]), (Some("document.record_order"), &Value::Null));
    assert_eq!(document["act"]["payload"]["parties"]["buyer"]["Enterprise"], server.parties[0].to_string());
    let height = server.backend.chain().height();
    record(&server, "CORE.maker+CORE.checker+S1.maker+S1.checker", &order).await;
    assert_eq!(server.backend.chain().height(), height + 1, "reading a file changed nothing, signing its act did");

    // The despatch advice and the invoice name the order by its number.
    let (_, orders) = server.get("/v1/document/orders?number=PO-CORE-1").await;
    let (status, despatch) = import(&server, "ubl/despatch-s1-core.xml").await;
    assert_eq!(status, 200, "{despatch}");
    assert_eq!(despatch["documents"][0]["act"]["payload"]["order"], orders["rows"][0]["id"]);
    record(&server, "S1.maker", &despatch).await;
    let (_, deliveries) = server.get("/v1/document/deliveries").await;
    let (status, invoice) = import(&server, "ubl/invoice-1-s1-core.xml").await;
    assert_eq!(status, 200, "{invoice}");
    let payload = &invoice["documents"][0]["act"]["payload"];
    assert_eq!(
        (&payload["order"], &payload["deliveries"]),
        (&orders["rows"][0]["id"], &json!([deliveries["rows"][0]["id"]]))
    );
    record(&server, "S1.maker", &invoice).await;
    let (_, invoices) = server.get("/v1/document/invoices?sort=number").await;
    assert_eq!(invoices["rows"][0]["record"]["number"], "INV-1");
}

#[tokio::test]
async fn a_table_gives_an_act_for_each_of_its_documents_that_can_be_recorded() {
    let server = examples().await;
    let (status, orders) = import(&server, "csv/orders.csv").await;
    assert_eq!(status, 200, "{orders}");
    let of = |position: usize| &orders["documents"][position];
    assert_eq!((of(0)["number"].as_str(), of(1)["number"].as_str()), (Some("PO-CORE-2"), Some("PO-S1-2")));
    assert_eq!((of(0)["line"].as_u64(), of(1)["line"].as_u64()), (Some(2), Some(4)));
    // One party of the second order is not registered: it is named instead.
    assert!(of(1)["act"]["payload"]["parties"]["seller"]["Named"].is_object());
    let (status, invoices) = import(&server, "csv/invoices.csv").await;
    assert_eq!(status, 200, "{invoices}");
    let credit_note = &invoices["documents"][1];
    assert_eq!((credit_note["kind"].as_str(), &credit_note["act"]), (Some("credit note"), &Value::Null));
    let problem = &credit_note["problem"];
    assert_eq!(problem["code"], "E_IMPORT");
    assert!(problem["detail"].as_str().unwrap().contains("INV-3"), "{problem}");
    assert_eq!(problem["fields"]["line"], credit_note["line"].to_string());
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_is_refused_with_line_and_reason() {
    let server = examples().await;
    let invoice = example("ubl/invoice-1-s1-core.xml");
    let payable = invoice.replacen("3600000.00</cbc:PayableAmount>", "3600000.01</cbc:PayableAmount>", 1);
    assert_ne!(payable, invoice);
    let line = 1 + invoice.lines().position(|line| line.contains("<cbc:PayableAmount")).unwrap();
    let line = line.to_string();
    let orders = example("csv/orders.csv").replacen("106200.00", "106200.005", 1);
    let cases: &[(&str, &str, String, Option<&str>, &str)] = &[
        ("a sum that is off by one", "application/xml", payable, Some(&line), "BR-CO-16"),
        ("half a file", "application/xml", invoice[..invoice.len() / 2].to_owned(), None, "XML"),
        ("a document type", "text/xml", format!("<!DOCTYPE x []>{invoice}"), Some("1"), "XML-DOCTYPE"),
        ("an amount with three decimals", "text/csv", orders, Some("2"), "SCALE"),
        ("a table without its columns", "text/csv", "a,b\n1,2\n".to_owned(), Some("1"), "TABLE-HEADER"),
        ("nothing", "text/csv", String::new(), Some("1"), "FORMAT"),
        ("a PDF", "application/xml", "%PDF-1.7".to_owned(), Some("1"), "FORMAT"),
        ("a paper without its order", "application/xml", example("ubl/despatch-s1-core.xml"), None, "RECORD"),
    ];
    for (what, media, body, line, rule) in cases {
        let (status, problem) = server.post_bytes("/v1/import", media, body.clone()).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("E_IMPORT")), "{what}: {problem}");
        let fields = &problem["fields"];
        assert_eq!(fields["rule"].as_str(), Some(*rule), "{what}: {problem}");
        assert!(line.is_none_or(|line| fields["line"].as_str() == Some(line)), "{what}: {problem}");
        assert!(!fields["reason"].as_str().unwrap().is_empty());
        assert!(problem["detail"].as_str().unwrap().starts_with("line "), "{what}: {problem}");
    }
    let (status, problem) = server.post_bytes("/v1/import", "application/json", "{}").await;
    assert_eq!((status, problem["code"].as_str()), (415, Some("E_MEDIA_TYPE")));
    let (status, problem) = server.post_bytes("/v1/import?sign=yes", "text/csv", "").await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("E_UNKNOWN_PARAMETER")));
    let large = vec![b'<'; types::limits::REQUEST_BYTES_MAX + 1];
    let (status, problem) = server.post_bytes("/v1/import", "application/xml", large).await;
    assert_eq!((status, problem["code"].as_str()), (413, Some("E_PAYLOAD_TOO_BIG")));
}

#[tokio::test]
async fn papers_of_others_with_the_same_number_are_not_meant() {
    let server = examples().await;
    // S1 orders from CORE, under the number that CORE used for its order from S1.
    let swapped = example("ubl/order-core-s1.xml")
        .replace("BuyerCustomerParty", "Swapped")
        .replace("SellerSupplierParty", "BuyerCustomerParty")
        .replace("Swapped", "SellerSupplierParty");
    let request = server.http.post(server.url("/v1/import")).header("content-type", "application/xml").body(swapped);
    let (status, other) = read_json(request.send().await.unwrap()).await;
    assert_eq!(status, 200, "{other}");
    assert_eq!(
        other["documents"][0]["act"]["payload"]["parties"]["seller"]["Enterprise"],
        server.parties[0].to_string()
    );
    record(&server, "S1.maker", &other).await;
    let (_, orders) = server.get("/v1/document/orders?number=PO-CORE-1").await;
    assert_eq!(orders["rows"].as_array().unwrap().len(), 1);
    let (status, problem) = import(&server, "ubl/despatch-s1-core.xml").await;
    assert_eq!((status, problem["fields"]["rule"].as_str()), (422, Some("RECORD")), "{problem}");
}
