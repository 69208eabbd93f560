//! What must be true of every answer, whoever gives it and whatever happened to him.
//!
//! The auditor hears of each final block from every machine, again after each of its starts. It keeps one chain, and books
//! of its own: of the payments it knows what each was to do.

use ledger::{
    Record as _,
    money::{CashAccount, CashAccountId},
};
use std::{collections::BTreeMap, sync::Arc};
use types::{BlockHash, Digest, FinalBlock, Outcome, Receipt, TransactionHash, state::Memory};

/// What a payment does to the books.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    pub(crate) source: CashAccountId,
    pub(crate) target: CashAccountId,
    pub(crate) minor: u64,
}

/// The auditor's books.
#[derive(Default)]
pub(crate) struct Auditor {
    /// The final blocks, from height one on.
    blocks: Vec<BlockHash>,
    /// How far each machine has told.
    told: BTreeMap<usize, u64>,
    receipts: BTreeMap<TransactionHash, Receipt>,
    payments: BTreeMap<TransactionHash, Payment>,
    pub(crate) balances: BTreeMap<CashAccountId, u64>,
    last_time: u64,
}

impl Auditor {
    /// Height of the chain, as far as anybody has told.
    pub(crate) fn height(&self) -> u64 {
        u64::try_from(self.blocks.len()).expect("few blocks")
    }

    /// How far this machine has told.
    pub(crate) fn told_by(&self, machine: usize) -> u64 {
        self.told.get(&machine).copied().unwrap_or_default()
    }

    /// The receipt of a transaction that is final.
    pub(crate) fn receipt(&self, hash: TransactionHash) -> Option<&Receipt> {
        self.receipts.get(&hash)
    }

    pub(crate) fn transactions(&self) -> usize {
        self.receipts.len()
    }

    /// Learns what a payment is to do, before it is sent.
    pub(crate) fn expect(&mut self, hash: TransactionHash, payment: Payment) {
        self.payments.insert(hash, payment);
    }

    /// Hears of a final block.
    pub(crate) fn hear(&mut self, machine: usize, block: &Arc<FinalBlock>) {
        let height = block.header.height;
        self.told.insert(machine, height);
        let place = usize::try_from(height - 1).expect("few blocks");
        if let Some(known) = self.blocks.get(place) {
            assert_eq!(*known, block.hash, "machine {machine} has another block at height {height}");
            return;
        }
        assert_eq!(place, self.blocks.len(), "machine {machine} left out a height before {height}");
        let parent = self.blocks.last().copied();
        assert!(parent.is_none_or(|parent| parent == block.header.parent), "block {height} is not on the one before");
        assert!(block.header.time.0 >= self.last_time, "block {height} is earlier than the one before");
        self.last_time = block.header.time.0;
        self.blocks.push(block.hash);
        for receipt in &block.receipts {
            let twice = self.receipts.insert(receipt.transaction, receipt.clone());
            assert!(twice.is_none(), "transaction {} is final twice, the second time at {height}", receipt.transaction);
            if let Some(payment) = self.payments.get(&receipt.transaction) {
                self.book(*payment, receipt);
            }
        }
    }

    fn book(&mut self, payment: Payment, receipt: &Receipt) {
        // Whoever pays has the money: he waits for his last payment, and knows what he has.
        assert!(matches!(receipt.outcome, Outcome::Applied { .. }), "{payment:?} was refused: {:?}", receipt.outcome);
        let source = self.balances.get_mut(&payment.source).expect("accounts are known");
        *source = source.checked_sub(payment.minor).expect("nobody pays more than he has");
        *self.balances.get_mut(&payment.target).expect("accounts are known") += payment.minor;
    }

    /// Holds a machine's whole state against the books and the laws.
    pub(crate) fn audit(&self, machine: usize, state: &mut Memory) {
        let (violations, _) = ledger::audit(state);
        assert!(violations.is_empty(), "machine {machine} breaks laws: {violations:#?}");
        for (account, minor) in &self.balances {
            let record = CashAccount::load(state, account).expect("memory misses nothing");
            let available = record.map(|record| record.available.minor);
            assert_eq!(available, Some(*minor), "machine {machine} has another balance of {account}");
        }
    }

    /// One digest of everything that became final.
    pub(crate) fn digest(&self) -> Digest {
        let hashes: Vec<&[u8]> = self.blocks.iter().map(|hash| hash.0.as_slice()).collect();
        Digest::of(&hashes)
    }
}
