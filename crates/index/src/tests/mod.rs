//! The mirror against real blocks: what it holds, what it refuses, and what a crash leaves.

mod events;
mod lists;
mod mirror;

use crate::{Index, Scope};
use execution::testing::TestChain;
use ledger::{
    core::{EnterpriseId, EntityRole, Module, TableSpec},
    evidence::{Kind, RecordEvidence},
};
use std::sync::Arc;
use types::{Act, Digest, FinalBlock, Text};

/// An index in a folder of its own, which goes when the test ends.
pub(super) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("index.sqlite").display())
    }

    pub(super) async fn open(&self) -> Index {
        Index::open(&self.url(), Scope::Lists).await.unwrap()
    }
}

/// A chain on which `CORE` and `S1` are registered: two blocks.
pub(super) fn consortium() -> (TestChain, Vec<EnterpriseId>) {
    let mut chain = TestChain::new();
    let ids = chain.register(&[("CORE", EntityRole::Core), ("S1", EntityRole::Supplier)]);
    (chain, ids)
}

pub(super) fn evidence(number: u32, title: &str) -> Act {
    let digest = Digest::of(&[b"paper", &number.to_le_bytes()]);
    let title = Text::new(title).unwrap();
    let record = RecordEvidence { digest, kind: Kind::Reading, title, remark: Text::default(), previous: None };
    ledger::act(&record).unwrap()
}

/// A block of `count` records by `signer`.
pub(super) fn evidence_block(chain: &mut TestChain, signer: &str, from: u32, count: u32) -> Arc<FinalBlock> {
    let numbers: Vec<u32> = (from..from + count).collect();
    let acts = numbers.chunks(64).map(|numbers| {
        let title = |number: u32| format!("paper {}", number % 7);
        numbers.iter().map(|number| evidence(*number, &title(*number))).collect::<Vec<_>>()
    });
    let acts: Vec<Vec<Act>> = acts.collect();
    let transactions = acts.iter().map(|acts| chain.transaction(signer, acts)).collect();
    chain.block(transactions)
}

pub(super) fn table(module: &str, table: &str) -> (&'static Module, &'static TableSpec) {
    let module = ledger::modules().iter().find(|known| known.name == module).unwrap();
    (module, module.tables.iter().find(|known| known.name == table).unwrap())
}
