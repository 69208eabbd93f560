//! Our own examples: the numbers of golden scenario R1, and the legal ids.

use super::{example, files, workspace};
use crate::import::{Bill, Decimal, QuantityRule, TradeDocument, parse};
use types::{Currency, Date};

fn one(name: &str) -> TradeDocument {
    let mut documents = parse(name, example(name).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn bill(name: &str) -> Bill {
    match one(name) {
        TradeDocument::Invoice(bill) | TradeDocument::CreditNote(bill) => bill,
        other => panic!("{name} is a {}", other.kind()),
    }
}

#[test]
fn the_bills_of_the_golden_scenario_have_its_gross_amounts() {
    let expected = [
        ("ubl/invoice-1-s1-core.xml", "INV-1", 360_000_000),
        ("ubl/invoice-2-s1-core.xml", "INV-2", 140_000_000),
        ("ubl/invoice-s2-s1.xml", "INV-S2-1", 320_000_000),
        ("ubl/invoice-s2-s1-short.xml", "INV-S2-SHORT", 300_000_000),
        ("ubl/invoice-s3-s2.xml", "INV-S3-1", 80_000_050),
        ("ubl/credit-note-s1-core.xml", "CN-1", 50_000_000),
    ];
    for (file, number, gross) in expected {
        let bill = bill(file);
        assert_eq!(bill.header.number.as_str(), number);
        assert_eq!(bill.gross(), Currency::CNY.minor(gross), "{file}");
        assert_eq!(bill.payable(), Some(bill.gross()), "{file}");
        assert!(bill.header.notices.is_empty(), "{file}: {:?}", bill.header.notices);
    }
}

#[test]
fn an_invoice_brings_everything_that_the_ledger_asks_of_it() {
    let bill = bill("ubl/invoice-1-s1-core.xml");
    let header = &bill.header;
    assert_eq!(header.order.as_deref(), Some("PO-CORE-1"));
    assert_eq!(header.despatch.as_deref(), Some("DA-S1-1"));
    assert_eq!(header.contract.as_deref(), Some("FC-CORE-S1-2026"));
    assert_eq!(header.issued, Date::from_ymd(2026, 2, 25).unwrap());
    assert_eq!(bill.due, Date::from_ymd(2026, 8, 28));
    assert_eq!(header.seller.name.as_deref(), Some("Willowbridge Steel Co., Ltd."));
    assert_eq!(header.seller.legal_id.as_ref().unwrap().value.as_str(), "91320583MADEMA2113");
    assert_eq!(header.buyer.tax_id.as_deref(), Some("CN91310115MADEMAC150"));
    let endpoint = header.buyer.endpoint.as_ref().unwrap();
    assert_eq!((endpoint.scheme.as_deref(), endpoint.value.as_str()), (Some("0088"), "9520000010010"));
    let account = bill.pay_to.as_ref().unwrap();
    assert_eq!((account.number.as_str(), account.bank.as_deref()), ("9520000000010002", Some("CLWSCN2A")));
    let line = &bill.lines[0];
    let quantity = line.quantity.as_ref().unwrap();
    assert_eq!(quantity.exact.thousandths(QuantityRule::Exact).unwrap().0, 600_000);
    assert_eq!(quantity.unit.as_deref(), Some("TNE"));
    assert_eq!(line.price.as_ref().unwrap().amount.to_string(), "5309.734513");
    assert_eq!(line.net.unwrap().to_string(), "3,185,840.71 CNY");
    assert_eq!((line.order_line.as_deref(), line.seller_item.as_deref()), (Some("1"), Some("CR-12")));
    let part = &bill.taxes[0];
    assert_eq!((part.category.code.as_str(), part.category.percent), ("S", Decimal::parse("13").ok()));
    assert_eq!(part.tax.to_string(), "414,159.29 CNY");
}

#[test]
fn orders_deliveries_and_bills_of_each_trade_refer_to_each_other() {
    for (order, despatch, bills) in [
        ("order-core-s1", "despatch-s1-core", &["invoice-1-s1-core", "invoice-2-s1-core"][..]),
        ("order-s1-s2", "despatch-s2-s1", &["invoice-s2-s1"]),
        ("order-s2-s3", "despatch-s3-s2", &["invoice-s3-s2"]),
    ] {
        let order = one(&format!("ubl/{order}.xml"));
        let despatch = one(&format!("ubl/{despatch}.xml"));
        let bills: Vec<_> = bills.iter().map(|name| bill(&format!("ubl/{name}.xml"))).collect();
        let TradeDocument::Order(order) = order else { panic!("an order") };
        assert_eq!(despatch.header().order.as_ref(), Some(&order.header.number));
        let invoiced: u64 = bills.iter().map(|bill| bill.gross().minor).sum();
        assert_eq!(invoiced, order.totals.unwrap().payable.amount.minor);
        for (ordered, sent) in order.lines.iter().zip(despatch.lines()) {
            assert_eq!(ordered.quantity, sent.quantity);
            assert_eq!(sent.order_line.as_ref(), Some(&ordered.id));
        }
        for bill in bills {
            assert_eq!(bill.header.order.as_ref(), Some(&order.header.number));
            assert_eq!(bill.header.despatch.as_ref(), Some(&despatch.header().number));
            assert_eq!(bill.header.seller.legal_id, order.header.seller.legal_id);
        }
    }
    assert_eq!(bill("ubl/credit-note-s1-core.xml").preceding[0].number.as_str(), "INV-1");
}

#[test]
fn tables_import_with_several_documents_rates_and_kinds() {
    let orders = parse("orders.csv", example("csv/orders.csv").as_bytes()).unwrap();
    let numbers: Vec<_> = orders.iter().map(|order| order.header().number.as_str()).collect();
    assert_eq!(numbers, ["PO-CORE-2", "PO-S1-2"]);
    assert_eq!(orders[0].lines().len(), 2);
    let deliveries = parse("deliveries.csv", example("csv/deliveries.csv").as_bytes()).unwrap();
    let TradeDocument::Despatch(delivery) = &deliveries[0] else { panic!("a delivery") };
    assert_eq!(delivery.header.order.as_deref(), Some("PO-CORE-2"));
    assert_eq!(delivery.delivered, Date::from_ymd(2026, 2, 25));
    let bills = parse("invoices.csv", example("csv/invoices.csv").as_bytes()).unwrap();
    let [TradeDocument::Invoice(invoice), TradeDocument::CreditNote(credit)] = &bills[..] else {
        panic!("an invoice and a credit note")
    };
    assert_eq!(invoice.gross().to_string(), "252524.00 CNY");
    assert_eq!(invoice.taxes.len(), 2);
    assert_eq!(credit.preceding[0].number.as_str(), "INV-3");
    assert_eq!(invoice.header.source.digest, credit.header.source.digest);
}

#[test]
fn a_table_may_use_semicolons_and_say_document_columns_once() {
    let text = "Order_Number;issue_date;currency;seller_name;buyer_name;line;item;quantity;unit;unit_price;line_amount;colour\n\
                A;2026-01-02;CNY;S;B;1;pipe;2;MTR;1.50;3.00;red\n\
                A;;;;;2;rod;1;MTR;4;4;blue\n";
    let text = text.replace("A;;;;;2", "A;;;S;B;2");
    let documents = parse("a.csv", text.as_bytes()).unwrap();
    let TradeDocument::Order(order) = &documents[0] else { panic!("an order") };
    assert_eq!(order.totals.unwrap().payable.to_string(), "7.00 CNY");
    assert_eq!(order.header.unread, ["colour"]);
}

#[test]
fn every_example_imports_and_is_listed_in_the_readme() {
    let readme = example("README.md");
    let mut count = 0;
    for folder in ["ubl", "csv"] {
        for (name, bytes) in files(&workspace().join("examples").join(folder)) {
            assert!(readme.contains(&name), "{name} is not in examples/README.md");
            for document in parse(&name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}")) {
                for party in [&document.header().seller, &document.header().buyer] {
                    let id = party.legal_id.as_ref().expect("the examples name legal ids").value.as_str();
                    assert!(readme.contains(id), "{id} of {name} is not in examples/README.md");
                    assert!(uscc_is_valid(id), "{id} of {name}");
                }
            }
            count += 1;
        }
    }
    assert_eq!(count, 15);
    let ids = readme.split('`').filter(|word| word.len() == 18 && word.starts_with("91"));
    assert_eq!(ids.filter(|id| uscc_is_valid(id)).count(), 8, "the consortium has eight members with valid ids");
}

/// GB 32100-2015: the check character over 17 characters, weights 3^i modulo 31.
fn uscc_is_valid(id: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = id.chars().map(|c| ALPHABET.find(c)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else { return false };
    let (mut sum, mut weight) = (0, 1);
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == values[17]
}

#[test]
fn decimals_are_exact_and_rounding_has_a_name() {
    let number = |text| Decimal::parse(text).unwrap();
    assert_eq!(number("-012.500").to_string(), "-12.5");
    assert_eq!(number(".5").units(3), Some(500));
    assert_eq!(number("0.0001").units(3), None);
    assert_eq!(number("-0").to_string(), "0");
    assert_eq!(number("1.2349").thousandths(QuantityRule::Floor).unwrap().0, 1_234);
    assert!(number("1.2349").thousandths(QuantityRule::Exact).is_err());
    assert!(number("-1").thousandths(QuantityRule::Floor).is_err());
    assert_eq!(number("25").percent_of(-62_574_354), Some(-15_643_589));
    for bad in ["", ".", "-", "1e3", "1,000.00", "1.2.3", "\u{664}", "1 0", "999999999999999999999"] {
        assert!(Decimal::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(crate::import::money(-102_000, Currency::CNY), "-1,020.00");
    assert_eq!(crate::import::money(5, "JPY".parse().unwrap()), "5");
}
