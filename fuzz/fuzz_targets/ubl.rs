//! UBL from strangers: any bytes are answered with a document whose figures add up, or with a refusal.
#![no_main]

use api::import::{TradeDocument, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse("fuzz.xml", bytes) {
        Err(error) => assert!(error.line >= 1 && !error.reason.is_empty()),
        Ok(documents) => documents.iter().for_each(check),
    }
});

/// The laws that the importer promises, computed again.
fn check(document: &TradeDocument) {
    assert!(!document.header().number.is_empty());
    if let TradeDocument::Invoice(bill) | TradeDocument::CreditNote(bill) = document {
        let totals = &bill.totals;
        let lines: i128 = bill.lines.iter().map(|line| line.net.expect("a bill's line has an amount").minor()).sum();
        assert_eq!(lines, totals.line_extension.minor());
        let exclusive = lines - totals.allowance.minor() + totals.charge.minor();
        assert_eq!(exclusive, totals.tax_exclusive.minor());
        assert_eq!(exclusive + totals.tax.minor(), totals.tax_inclusive.minor());
        let due = totals.tax_inclusive.minor() - totals.prepaid.minor() + totals.rounding.minor();
        assert_eq!(due, totals.payable.minor());
        assert!(!totals.tax_inclusive.negative);
    }
}
