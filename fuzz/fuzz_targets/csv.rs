//! Tables from strangers, and the delivery history's rows: any bytes are answered, and no row is lost in silence.
#![no_main]

use api::import::{parse, scms::Records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = parse("fuzz.csv", bytes) {
        assert!(error.line >= 1 && !error.reason.is_empty());
    }
    if let Ok(records) = Records::new("fuzz.csv", bytes) {
        assert!(records.count() <= bytes.len());
    }
});
