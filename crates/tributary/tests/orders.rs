//! Real order lines: the delivery history of the Supply Chain Management System, loaded as orders and deliveries.

mod support;

use std::{fs::File, path::Path};
use support::Stage;
use tributary::{import, load};

const HISTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/orders/scms-deliveries.csv.gz");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_real_order_lines_stand_on_the_chain() {
    if !Path::new(HISTORY).exists() {
        println!("skipped: the history is not on this machine");
        return;
    }
    let file = File::open(HISTORY).expect("the history opens");
    let history = import::read_history("scms-deliveries.csv", flate2::read::GzDecoder::new(file)).expect("a history");
    assert_eq!(history.rows, 10_324);
    assert!(history.refused.is_empty(), "{:?}", history.refused.first());
    let mut stage = Stage::new().await;
    stage.actors.register().await.expect("the consortium is registered");
    let buyer = stage.actors.id("CORE");
    let sent = load(stage.actors.client(), buyer, &stage.actors.signers("CORE.maker"), &history)
        .await
        .expect("the node answers");
    assert!(sent.refused.is_empty(), "{} refused, the first: {:?}", sent.refused.len(), sent.refused.first());
    assert_eq!((sent.orders, sent.deliveries), (6_233, 7_030));
    // The same number stands in the lists, and a known order has its lines.
    let parameters = [("number", "SCMS-199289".to_owned())];
    let page = stage.actors.client().list("document/orders", &parameters).await.expect("a list");
    assert_eq!(page.rows.len(), 1);
    let lines = stage.actors.client().row("document/order_lines", &page.rows[0].id).await.expect("its lines");
    assert_eq!(lines.record["lines"].as_array().map(Vec::len), Some(67));
    stage.audit().await;
    stage.node.stop().await;
}
