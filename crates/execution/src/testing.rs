//! A chain in memory: real transactions, real signatures, real rules, and no engine. For the tests of crates above.
//!
//! Signers are written `CORE.maker+CORE.checker`; each is a different person. A name's key follows from the name.
//! Nothing certifies these blocks: their state root is the digest of all records, which proves nothing.

use crate::{BlockInput, BlockRun, BlockTime, Step, check::check_batch, run::genesis_records};
use crypto::SigningKey;
use ledger::{
    core::{EnterpriseId, EntityRole, Function},
    enterprise::{AddMember, NewMember, Register},
};
use std::{collections::BTreeMap, sync::Arc};
use types::{
    AccountId, Act, BlockHash, Bytes, Clock, Date, Digest, FinalBlock, Genesis, Header, List, Rejection, State, Text,
    Timestamp, Transaction, TransactionHash,
    genesis::Operator,
    limits,
    state::Memory,
    transaction::{Body, Checked},
    wire,
};

/// The operator that the genesis names; its first administrator signs as `OP.admin`.
pub const OPERATOR: &str = "OP";

/// A chain of one machine: a state, and the blocks that led to it.
pub struct TestChain {
    pub genesis: Arc<Genesis>,
    pub state: Memory,
    /// Every block, from height one.
    pub blocks: Vec<Arc<FinalBlock>>,
    pub time: Timestamp,
    /// What the last run left out for good, and why.
    pub dropped: Vec<(TransactionHash, Rejection)>,
    nonces: BTreeMap<AccountId, u64>,
}

impl Default for TestChain {
    fn default() -> Self {
        Self::new()
    }
}

impl TestChain {
    /// A chain at height zero, on 2026-03-02, 09:00 in Shanghai.
    pub fn new() -> Self {
        let time = Date::from_ymd(2026, 3, 2).expect("a date").at(9, 0);
        let genesis = Genesis {
            name: Text::new("chain for tests").expect("short"),
            time,
            made_at: time,
            clock: Clock::Movable,
            operator: Operator {
                name: Text::new("Operator").expect("short"),
                legal_id: Text::new("LEGAL-OP").expect("short"),
                administrators: List::new(vec![key("OP.admin").public_key()]).expect("one key"),
            },
            founders: List::default(),
            epoch_blocks: limits::EPOCH_BLOCKS_DEFAULT,
            validators: List::default(),
            group_key: Bytes::default(),
            sharing: Bytes::default(),
            state: None,
        };
        let state = Memory::default();
        Self {
            genesis: Arc::new(genesis),
            state,
            blocks: Vec::new(),
            time,
            dropped: Vec::new(),
            nonces: BTreeMap::new(),
        }
    }

    pub fn height(&self) -> u64 {
        self.blocks.len().try_into().expect("few blocks")
    }

    /// What `signers` sign for these acts; each body takes the sender's next nonce.
    pub fn body(&mut self, signers: &str, acts: &[Act]) -> Body {
        let keys: Vec<_> = keys(signers).iter().map(SigningKey::public_key).collect();
        let nonce = self.nonces.entry(keys[0].account()).or_default();
        *nonce += 1;
        Body {
            chain: self.genesis.chain(),
            nonce: *nonce - 1,
            valid_until: self.time.plus_ms(limits::VALIDITY_MS_DEFAULT),
            signers: List::new(keys).expect("few signers"),
            acts: List::new(acts.to_vec()).expect("few acts"),
        }
    }

    /// One signed transaction.
    pub fn transaction(&mut self, signers: &str, acts: &[Act]) -> Transaction {
        sign(self.body(signers, acts), signers)
    }

    /// Checks transactions and runs them as the next block, a second after the last. Those that may not be in it are
    /// left out.
    pub fn block(&mut self, transactions: Vec<Transaction>) -> Arc<FinalBlock> {
        let checked = check_batch(self.genesis.chain(), transactions);
        let transactions: Vec<Arc<Checked>> =
            checked.into_iter().map(|checked| checked.expect("transactions of tests are sound")).collect();
        self.run(transactions)
    }

    /// Runs transactions that were checked before as the next block.
    pub fn run(&mut self, transactions: Vec<Arc<Checked>>) -> Arc<FinalBlock> {
        let (height, parent_time) = (self.height() + 1, self.time);
        let mut changes = BTreeMap::new();
        if height == 1 {
            // Block one carries what the genesis writes.
            let genesis = genesis_records(&self.genesis, None).expect("the genesis for tests is valid");
            changes.extend(genesis.into_iter().map(|(key, value)| (key, Some(value))));
            self.lay(&changes);
        }
        let time = BlockTime::Propose { wall: self.time.plus_ms(1_000) };
        let mut run = BlockRun::new(BlockInput {
            genesis: self.genesis.clone(),
            height,
            proposer: None,
            parent_time,
            time,
            transactions,
        });
        let outcome = loop {
            match run.step() {
                Step::Need(keys) => {
                    run.supply(keys.into_iter().map(|key| (key.clone(), self.state.records.get(&key).cloned())));
                }
                Step::Invalid(rejection) => panic!("a proposed block is not judged: {rejection}"),
                Step::Done(outcome) => break outcome,
            }
        };
        changes.extend(outcome.changes);
        self.lay(&changes);
        self.time = outcome.time;
        self.dropped = outcome.dropped;
        let header = Header {
            chain: self.genesis.chain(),
            height,
            parent: self.blocks.last().map_or(BlockHash::default(), |block| block.hash),
            time: outcome.time,
            transactions_root: outcome.transactions_root,
            receipts_root: outcome.receipts_root,
            state_root: Digest::of(&[&wire::encode(&self.state.records)]),
            evidence_root: outcome.evidence_root,
        };
        let block = Arc::new(FinalBlock {
            proposer: None,
            hash: header.hash(),
            header,
            transactions: outcome.transactions,
            receipts: outcome.receipts,
            system: outcome.system,
            changes: changes.into_iter().collect(),
        });
        self.blocks.push(block.clone());
        block
    }

    fn lay(&mut self, changes: &BTreeMap<types::Key, Option<Vec<u8>>>) {
        for (key, value) in changes {
            self.state.put(key.clone(), value.clone());
        }
    }

    /// Gives the operator its maker and checker, and registers enterprises with an administrator, a maker, a checker,
    /// an approver and a treasurer each: three blocks. A party's legal id is `LEGAL-` and its name.
    pub fn register(&mut self, parties: &[(&str, EntityRole)]) -> Vec<EnterpriseId> {
        let staff = [("maker", Function::Maker), ("checker", Function::Checker)].map(|(person, function)| {
            let member = member(&format!("{OPERATOR}.{person}"), function);
            ledger::act(&AddMember { member }).expect("small")
        });
        let founding = self.transaction("OP.admin", &staff);
        self.block(vec![founding]);
        let mut ids = Vec::new();
        let mut transactions = Vec::new();
        for (name, role) in parties {
            let signers = format!("OP.maker+OP.checker+{name}.admin");
            let transaction = self.transaction(&signers, &[registration(name, *role)]);
            ids.push(EnterpriseId::derive(transaction.body.hash(), 0, 0));
            transactions.push(transaction);
        }
        self.block(transactions);
        ids
    }
}

/// The key of a person, which follows from his name: `CORE.maker`.
pub fn key(signer: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(&[b"seed for tests", signer.as_bytes()]).0)
}

/// The keys of `CORE.maker+CORE.checker`.
pub fn keys(signers: &str) -> Vec<SigningKey> {
    signers.split('+').map(key).collect()
}

/// A body with the signatures of its signers.
pub fn sign(body: Body, signers: &str) -> Transaction {
    let TransactionHash(message) = body.hash();
    let signatures = keys(signers).iter().map(|key| key.sign(&message)).collect();
    Transaction { body, signatures: List::new(signatures).expect("few signers") }
}

fn member(signer: &str, function: Function) -> NewMember {
    NewMember {
        name: Text::new(signer).expect("short"),
        functions: List::new(vec![function]).expect("one"),
        public_key: key(signer).public_key(),
        starts: None,
        ends: None,
        limit_minor: None,
    }
}

fn registration(name: &str, role: EntityRole) -> Act {
    let people = [
        ("admin", Function::Admin),
        ("maker", Function::Maker),
        ("checker", Function::Checker),
        ("approver", Function::Approver),
        ("treasurer", Function::Treasurer),
    ];
    let members = people.map(|(person, function)| member(&format!("{name}.{person}"), function)).to_vec();
    let register = Register {
        name: Text::new(format!("{name} Co., Ltd.")).expect("short"),
        legal_id: Text::new(format!("LEGAL-{name}")).expect("short"),
        roles: List::new(vec![role]).expect("one"),
        reviewed: Some(Digest::of(&[b"papers of", name.as_bytes()])),
        members: List::new(members).expect("five"),
    };
    ledger::act(&register).expect("small")
}
