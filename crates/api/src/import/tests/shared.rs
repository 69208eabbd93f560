//! Every real file imports with the document's own totals, or is refused for its true fault.

use super::{files, shared_folder};
use crate::import::{Answer, Bill, Rule, TradeDocument, parse, scms::Records};
use types::Digest;

fn one(name: &str, bytes: &[u8]) -> TradeDocument {
    let mut documents = parse(name, bytes).unwrap_or_else(|error| panic!("{name}: {error} at {}", error.path));
    assert_eq!(documents.len(), 1, "{name}");
    let document = documents.remove(0);
    assert_eq!(document.header().source.digest, Digest::of(&[bytes]), "{name}");
    document
}

/// The text of the first element of this name, found without our parser.
fn raw<'t>(text: &'t str, within: &str, name: &str) -> Option<&'t str> {
    let start = text.find(&format!("<{within}>"))?;
    let end = start + text[start..].find(&format!("</{within}>"))?;
    let body = &text[start..end];
    let at = body.find(&format!("<{name} "))?;
    let from = at + body[at..].find('>')? + 1;
    Some(body[from..from + body[from..].find('<')?].trim())
}

/// Compares as cents, so that `6900` and `6900.00` are the same.
fn cents(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{:0<2}", fraction.trim_end_matches('0')).parse().expect("a decimal with two decimals")
}

fn assert_totals(name: &str, text: &str, total: &str, bill: &crate::import::Totals) {
    let figures = [
        ("cbc:LineExtensionAmount", bill.line_extension),
        ("cbc:TaxExclusiveAmount", bill.tax_exclusive),
        ("cbc:TaxInclusiveAmount", bill.tax_inclusive),
        ("cbc:AllowanceTotalAmount", bill.allowance),
        ("cbc:ChargeTotalAmount", bill.charge),
        ("cbc:PrepaidAmount", bill.prepaid),
        ("cbc:PayableRoundingAmount", bill.rounding),
        ("cbc:PayableAmount", bill.payable),
    ];
    let mut compared = 0;
    for (element, ours) in figures {
        if let Some(theirs) = raw(text, total, element) {
            assert_eq!(ours.minor(), cents(theirs), "{name} {element}");
            compared += 1;
        }
    }
    assert!(compared >= 2, "{name}: only {compared} totals found");
    let tax = raw(text, "cac:TaxTotal", "cbc:TaxAmount").expect("every file has a tax total");
    assert_eq!(bill.tax.minor(), cents(tax), "{name} tax");
}

#[test]
fn every_real_invoice_and_credit_note_imports_with_its_own_totals() {
    let Some(folder) = shared_folder("ubl") else { return };
    let mut seen = 0;
    for kind in ["invoices", "creditnotes"] {
        for (name, bytes) in files(&folder.join(kind)) {
            let bill: Bill = match (kind, one(&name, &bytes)) {
                ("invoices", TradeDocument::Invoice(bill)) | ("creditnotes", TradeDocument::CreditNote(bill)) => bill,
                (_, other) => panic!("{name} became a {}", other.kind()),
            };
            assert_totals(&name, std::str::from_utf8(&bytes).unwrap(), "cac:LegalMonetaryTotal", &bill.totals);
            assert!(!bill.lines.is_empty(), "{name}");
            assert!(!bill.header.unread.is_empty(), "{name} has addresses that nobody reads");
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

#[test]
fn every_real_order_imports_with_its_own_totals() {
    let Some(folder) = shared_folder("ubl") else { return };
    for (name, bytes) in files(&folder.join("orders")) {
        let TradeDocument::Order(order) = one(&name, &bytes) else { panic!("{name} is not an order") };
        let totals = order.totals.expect("each of these orders has totals");
        assert_totals(&name, std::str::from_utf8(&bytes).unwrap(), "cac:AnticipatedMonetaryTotal", &totals);
    }
}

#[test]
fn every_real_despatch_advice_and_order_response_imports() {
    let Some(folder) = shared_folder("ubl") else { return };
    for (name, bytes) in files(&folder.join("despatch")) {
        let TradeDocument::Despatch(despatch) = one(&name, &bytes) else { panic!("{name} is not a despatch advice") };
        assert!(despatch.header.order.is_some() || despatch.lines.iter().any(|line| line.order.is_some()), "{name}");
        assert!(despatch.lines.iter().all(|line| line.quantity.is_some() && line.order_line.is_some()), "{name}");
    }
    let expected = [("UC1", Answer::Amended, 3), ("UC2", Answer::Amended, 2), ("UC3", Answer::Rejected, 0)];
    let responses = files(&folder.join("order-responses"));
    assert_eq!(responses.len(), expected.len());
    for ((name, bytes), (prefix, answer, lines)) in responses.iter().zip(expected) {
        let TradeDocument::OrderResponse(response) = one(name, bytes) else { panic!("{name} is not a response") };
        assert!(name.starts_with(prefix));
        assert_eq!((response.answer, response.lines.len()), (answer, lines), "{name}");
    }
}

#[test]
fn the_invalid_invoice_is_refused_because_it_asks_for_less_than_nothing() {
    let Some(folder) = shared_folder("ubl") else { return };
    for (name, bytes) in files(&folder.join("invoices-invalid")) {
        let error = parse(&name, &bytes).unwrap_err();
        assert_eq!(error.rule, Rule::NegativeTotal);
        assert_eq!(error.line, 126);
        assert_eq!(error.path, "Invoice/cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
        assert!(error.reason.contains("-782,179.43"), "{error}");
    }
}

#[test]
fn one_changed_payable_amount_in_a_real_invoice_is_found() {
    let Some(folder) = shared_folder("ubl") else { return };
    for (name, bytes) in files(&folder.join("invoices")) {
        let text = String::from_utf8(bytes).unwrap();
        let payable = raw(&text, "cac:LegalMonetaryTotal", "cbc:PayableAmount").unwrap();
        let at = text.rfind(&format!(">{payable}</cbc:PayableAmount>")).unwrap() + 1;
        let changed = format!("{}9{}", &text[..at], &text[at..]);
        let error = parse(&name, changed.as_bytes()).unwrap_err();
        assert_eq!(error.rule, Rule::Payable, "{name}: {error}");
    }
}

#[test]
fn a_foreign_line_that_its_price_does_not_explain_is_a_notice() {
    let Some(folder) = shared_folder("ubl") else { return };
    let bytes = std::fs::read(folder.join("invoices/ubl-tc434-example2.xml")).unwrap();
    let document = one("ubl-tc434-example2.xml", &bytes);
    let notices = &document.header().notices;
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.contains("line amount 1,273.00 is not quantity 2 at 1273"), "{}", notices[0].text);
}

#[test]
fn all_rows_of_the_delivery_history_load() {
    let Some(folder) = shared_folder("orders") else { return };
    let packed = std::fs::File::open(folder.join("scms-deliveries.csv.gz")).unwrap();
    let unpacked = flate2::read::GzDecoder::new(packed);
    let (mut rows, mut cents, mut dates_filled, mut prices_odd) = (0, 0i128, 0, 0);
    for record in Records::new("scms-deliveries.csv", unpacked).unwrap() {
        let record = record.unwrap_or_else(|error| panic!("{error}"));
        rows += 1;
        cents += record.order.totals.unwrap().payable.minor();
        assert_eq!(record.delivery.header.order.as_ref(), Some(&record.order.header.number));
        assert_eq!(record.delivery.lines[0].order_line.as_ref(), Some(&record.order.lines[0].id));
        let notices = &record.order.header.notices;
        dates_filled += notices.iter().filter(|notice| notice.text.starts_with("order date")).count();
        prices_odd += notices.iter().filter(|notice| notice.text.contains("line amount")).count();
    }
    assert_eq!(rows, 10_324);
    assert_eq!(cents, 162_758_445_729);
    assert_eq!(dates_filled, 5_732);
    assert_eq!(prices_odd, 523);
}
