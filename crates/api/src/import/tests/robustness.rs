//! Whatever bytes come, the answer is documents or a refusal.

use super::{files, workspace};
use crate::import::{parse, scms::Records};
use proptest::prelude::*;
use std::sync::LazyLock;

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folders = ["ubl", "csv"].map(|folder| workspace().join("examples").join(folder));
    folders.iter().flat_map(|folder| files(folder).into_values()).collect()
});

fn change() -> impl Strategy<Value = (prop::sample::Index, u8, u8)> {
    (any::<prop::sample::Index>(), 0u8..6, any::<u8>())
}

/// Overwrites, removes, repeats and cuts bytes.
fn mutate(bytes: &mut Vec<u8>, (index, how, byte): (prop::sample::Index, u8, u8)) {
    if bytes.is_empty() {
        return;
    }
    let at = index.index(bytes.len());
    let end = (at + usize::from(byte)).min(bytes.len());
    match how {
        0 => bytes[at] = byte,
        1 => drop(bytes.drain(at..end)),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, byte),
        4 => bytes[at] = b"0-9.,;<>&\"'/ \n"[usize::from(byte) % 14],
        _ => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_are_answered(seed in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)) {
        let mut bytes = SEEDS[seed.index(SEEDS.len())].clone();
        for change in changes {
            mutate(&mut bytes, change);
        }
        if let Err(error) = parse("mutated", &bytes) {
            prop_assert!(error.line >= 1);
            prop_assert!(!error.reason.is_empty());
        }
    }

    #[test]
    fn arbitrary_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse("bytes", &bytes);
        if let Ok(records) = Records::new("bytes", bytes.as_slice()) {
            prop_assert!(records.count() <= bytes.len());
        }
    }
}
