use super::*;
use crate::testing::{Scenario, cny};
use fixtures::trade;

#[test]
fn a_whole_trade_gives_an_invoice_that_is_open_in_full() {
    let mut scenario = Scenario::new();
    let id = trade(&mut scenario, "S1", "CORE", "INV-1", cny("3600000.00"));
    let invoice: Invoice = scenario.record(&id).unwrap();
    assert_eq!(invoice.open(), cny("3600000.00"));
    scenario.audit();
}
