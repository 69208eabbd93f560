//! What must be true of every answer, whoever gives it and whatever happened to him.
//!
//! The auditor hears of each final block from every machine, again after each of its starts. It keeps one chain, and books
//! of its own: of each transaction it knows, before it is sent, what it is to do, or why it must be refused. The rules of
//! the ledger are not asked for anything: its records and events are read, and held against the books.

use ledger::{
    Record as _,
    core::{EnterpriseId, EventKind},
    money::{CashAccount, CashAccountId},
    receivable::{CertificateId, Lot, LotId, LotPaid},
};
use std::{collections::BTreeMap, sync::Arc};
use types::{
    AccountId, BlockHash, Digest, Event, FinalBlock, Outcome, Receipt, Timestamp, Transaction, TransactionHash,
    state::Memory, wire,
};

/// What a transaction is to do to the books.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Nothing that is in them.
    Other,
    /// Money goes from one account to another.
    Pay { source: CashAccountId, target: CashAccountId, minor: u64 },
    /// The same, if there is so much: others pay in and out while it is on its way.
    Try { source: CashAccountId, target: CashAccountId, minor: u64 },
    /// A bank owes an account's owner more.
    Issue { account: CashAccountId, minor: u64 },
    /// Money is set aside for the holders of a certificate.
    Fund { account: CashAccountId, minor: u64 },
    /// A certificate comes to life with one lot.
    Accept { certificate: CertificateId, holder: EnterpriseId, minor: u64 },
    /// A lot becomes several.
    Split { lot: LotId, parts: Vec<u64> },
    /// A lot becomes one of somebody else.
    Pass { lot: LotId, target: EnterpriseId },
    /// A bank buys a lot, and the seller gets so much for it.
    Buy { lot: LotId, bank: EnterpriseId, account: CashAccountId, minor: u64 },
    /// It must be refused, with this name.
    Refused(&'static str),
    /// A change of the validators, which the ledger may find too risky: both answers are right.
    Vote,
}

/// A lot, as the books have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) certificate: CertificateId,
    pub(crate) holder: EnterpriseId,
    pub(crate) minor: u64,
    /// Somebody is owed for it.
    pub(crate) live: bool,
    paid: bool,
}

/// The auditor's books.
#[derive(Default)]
pub(crate) struct Auditor {
    /// The final blocks, from height one on.
    blocks: Vec<BlockHash>,
    /// What a machine told of that began above all that was told.
    early: BTreeMap<u64, (usize, Arc<FinalBlock>)>,
    /// How far each machine has told.
    told: BTreeMap<usize, u64>,
    receipts: BTreeMap<TransactionHash, Receipt>,
    deeds: BTreeMap<TransactionHash, Deed>,
    /// The nonce that each sender uses next.
    nonces: BTreeMap<AccountId, u64>,
    pub(crate) balances: BTreeMap<CashAccountId, u64>,
    pub(crate) lots: BTreeMap<LotId, Held>,
    /// Lots that were ever minted.
    minted: BTreeMap<CertificateId, u32>,
    /// Where holders are paid.
    pub(crate) accounts: BTreeMap<EnterpriseId, CashAccountId>,
    pub(crate) time: Timestamp,
    refusals: usize,
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

    /// Transactions that were refused, as they had to be.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals
    }

    pub(crate) fn lots(&self) -> usize {
        self.lots.len()
    }

    /// Learns what a transaction is to do, before it is sent.
    pub(crate) fn expect(&mut self, hash: TransactionHash, deed: Deed) {
        self.deeds.insert(hash, deed);
    }

    /// The lots of a certificate that somebody holds.
    pub(crate) fn live_of(&self, certificate: CertificateId) -> Vec<(LotId, Held)> {
        let live = self.lots.iter().filter(|(_, held)| held.certificate == certificate && held.live);
        live.map(|(lot, held)| (*lot, *held)).collect()
    }

    /// A machine has started. What it told before is on its disk, whatever happened to it.
    pub(crate) fn awake(&mut self, machine: usize, height: u64) {
        let told = self.told_by(machine);
        assert!(height >= told, "machine {machine} told of block {told}, and has only {height} after a fall");
    }

    /// Hears of a final block.
    pub(crate) fn hear(&mut self, machine: usize, block: &Arc<FinalBlock>) {
        let height = block.header.height;
        let told = self.told.entry(machine).or_default();
        assert!(*told == 0 || height <= *told + 1, "machine {machine} left out a height before {height}");
        *told = height.max(*told);
        let place = usize::try_from(height - 1).expect("few blocks");
        if let Some(known) = self.blocks.get(place) {
            assert_eq!(*known, block.hash, "machine {machine} has another block at height {height}");
            return;
        }
        if place > self.blocks.len() {
            self.early.insert(height, (machine, block.clone()));
            return;
        }
        self.write(block);
        if let Some((machine, next)) = self.early.remove(&(height + 1)) {
            self.hear(machine, &next);
        }
    }

    /// Writes the next block into the books.
    fn write(&mut self, block: &FinalBlock) {
        let height = block.header.height;
        let parent = self.blocks.last().copied();
        assert!(parent.is_none_or(|parent| parent == block.header.parent), "block {height} is not on the one before");
        assert!(block.header.time >= self.time, "block {height} is earlier than the one before");
        self.time = block.header.time;
        self.blocks.push(block.hash);
        block.system.events.iter().for_each(|event| self.witness(event));
        assert_eq!(block.transactions.len(), block.receipts.len(), "block {height} has a receipt for each transaction");
        for (checked, receipt) in block.transactions.iter().zip(&block.receipts) {
            assert_eq!(checked.hash, receipt.transaction, "block {height} has its receipts in another order");
            self.admit(&checked.transaction);
            self.enter(receipt);
        }
    }

    /// A transaction may be in this block: its sender's next one, and in time.
    fn admit(&mut self, transaction: &Transaction) {
        let body = &transaction.body;
        assert!(body.valid_until >= self.time, "{body:?} is final at {}, after its end", self.time);
        let next = self.nonces.entry(body.sender().expect("it is signed")).or_default();
        assert_eq!(body.nonce, *next, "transactions of a sender are final in the order of their nonces");
        *next += 1;
    }

    /// Enters what a transaction did.
    fn enter(&mut self, receipt: &Receipt) {
        let hash = receipt.transaction;
        let twice = self.receipts.insert(hash, receipt.clone());
        assert!(twice.is_none(), "transaction {hash} is final twice, the second time at {}", receipt.height);
        let deed = self.deeds.get(&hash).unwrap_or_else(|| panic!("nobody asked for transaction {hash}")).clone();
        match (&receipt.outcome, &deed) {
            (Outcome::Rejected { rejection, .. }, Deed::Refused(name)) => {
                assert_eq!(ledger::explain(rejection).0, *name, "{hash} is refused for another reason: {rejection}");
                self.refusals += 1;
            }
            (Outcome::Rejected { rejection, .. }, Deed::Try { source, minor, .. }) => {
                assert_eq!(ledger::explain(rejection).0, "E_CASH_INSUFFICIENT", "{hash}: {rejection}");
                assert!(self.balances[source] < *minor, "{hash} is refused, and there was enough");
                self.refusals += 1;
            }
            (Outcome::Applied { .. }, Deed::Refused(name)) => panic!("{hash} was to be refused with {name}"),
            (Outcome::Rejected { .. }, Deed::Vote) => {}
            (Outcome::Rejected { rejection, .. }, _) => panic!("{deed:?} was refused: {rejection}"),
            (Outcome::Applied { .. }, _) => {
                self.book(deed);
                receipt.events.iter().for_each(|event| self.witness(event));
            }
        }
    }

    fn book(&mut self, deed: Deed) {
        match deed {
            Deed::Other | Deed::Refused(_) | Deed::Vote => {}
            Deed::Pay { source, target, minor } | Deed::Try { source, target, minor } => {
                self.take(source, minor);
                *self.balances.get_mut(&target).expect("accounts are known") += minor;
            }
            Deed::Issue { account, minor } => *self.balances.entry(account).or_default() += minor,
            Deed::Fund { account, minor } => self.take(account, minor),
            Deed::Accept { certificate, holder, minor } => self.mint(certificate, holder, minor),
            Deed::Split { lot, parts } => {
                let held = self.spend(lot);
                assert_eq!(parts.iter().sum::<u64>(), held.minor, "only whole splits are asked for");
                parts.into_iter().for_each(|minor| self.mint(held.certificate, held.holder, minor));
            }
            Deed::Pass { lot, target } => {
                let held = self.spend(lot);
                self.mint(held.certificate, target, held.minor);
            }
            Deed::Buy { lot, bank, account, minor } => {
                self.lots.get_mut(&lot).expect("lots are known").holder = bank;
                *self.balances.entry(account).or_default() += minor;
            }
        }
    }

    fn take(&mut self, account: CashAccountId, minor: u64) {
        let balance = self.balances.get_mut(&account).expect("accounts are known");
        *balance = balance.checked_sub(minor).expect("nobody pays more than he has");
    }

    fn spend(&mut self, lot: LotId) -> Held {
        let held = self.lots.get_mut(&lot).expect("lots are known");
        assert!(held.live, "only live lots are touched");
        held.live = false;
        *held
    }

    fn mint(&mut self, certificate: CertificateId, holder: EnterpriseId, minor: u64) {
        let minted = self.minted.entry(certificate).or_default();
        *minted += 1;
        let held = Held { certificate, holder, minor, live: true, paid: false };
        self.lots.insert(LotId::of(certificate, *minted), held);
    }

    /// Sees that a holder is paid: what he is owed, once, into his account.
    fn witness(&mut self, event: &Event) {
        if (event.module, event.event) != (LotPaid::MODULE, LotPaid::NUMBER) {
            return;
        }
        let paid: LotPaid = wire::decode(&event.payload).expect("an event is what its number says");
        let held = self.lots.get_mut(&paid.lot).expect("lots are known");
        assert!(held.live, "{} is paid, and nobody is owed for it", paid.lot);
        assert_eq!(
            (paid.principal.minor, paid.penalty.minor),
            (held.minor, 0),
            "{} is paid in full, in time",
            paid.lot
        );
        assert_eq!(Some(&paid.account), self.accounts.get(&held.holder), "{} is paid to its holder", paid.lot);
        (held.live, held.paid) = (false, true);
        *self.balances.entry(paid.account).or_default() += paid.principal.minor;
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
        for (id, held) in &self.lots {
            let lot = Lot::load(state, id).expect("memory misses nothing").expect("what was minted stays in state");
            let found = (lot.certificate, lot.holder, lot.face.minor, lot.is_live());
            let own = (held.certificate, held.holder, held.minor, held.live);
            assert_eq!(found, own, "machine {machine} has another {id}");
            assert_eq!(lot.paid.minor, if held.paid { held.minor } else { 0 }, "machine {machine} paid else on {id}");
        }
        for (certificate, minted) in &self.minted {
            let next = Lot::load(state, &LotId::of(*certificate, minted + 1)).expect("memory misses nothing");
            assert!(next.is_none(), "machine {machine} has more lots of {certificate} than were asked for");
        }
    }

    /// One digest of everything that became final.
    pub(crate) fn digest(&self) -> Digest {
        let hashes: Vec<&[u8]> = self.blocks.iter().map(|hash| hash.0.as_slice()).collect();
        Digest::of(&hashes)
    }
}
