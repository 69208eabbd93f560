//! The scenario harness: acts in, outcomes or rejections out, block time moved by hand.
//!
//! A scenario begins with the consortium of golden scenario R1 already registered. Signers are written
//! `CORE.maker+CORE.checker`; each is a different person. `CORE.both` is one person who holds maker and checker.

use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, MemberId, Record, due},
    enterprise::{self, Enterprise, Member, MemberKey, Standing},
};
use std::collections::BTreeMap;
use types::{
    AccountId, Act, Bytes, ChainId, Clock, Date, Genesis, List, Rejection, State, Stop, Text, Timestamp,
    TransactionHash, Wire,
    state::{Memory, Overlay},
    transaction::{PublicKey, Suite},
    wire,
};

/// The parties of golden scenario R1 and their roles.
pub const PARTIES: &[(&str, &[EntityRole])] = &[
    ("OP", &[EntityRole::Operator]),
    ("CORE", &[EntityRole::Core]),
    ("CORE2", &[EntityRole::Core]),
    ("S1", &[EntityRole::Supplier]),
    ("S2", &[EntityRole::Supplier]),
    ("S3", &[EntityRole::Supplier]),
    ("BKA", &[EntityRole::Bank]),
    ("BKB", &[EntityRole::Bank]),
    ("SB", &[EntityRole::Bank, EntityRole::SettlementAgent]),
    ("GUAR", &[EntityRole::Guarantor]),
    ("COURT", &[EntityRole::Regulator]),
    ("TAX", &[EntityRole::Connector]),
    ("REGISTRY", &[EntityRole::Connector]),
];

/// The functions of each party's people, by the name in a signer list.
const PEOPLE: &[(&str, &[Function])] = &[
    ("admin", &[Function::Admin]),
    ("maker", &[Function::Maker]),
    ("checker", &[Function::Checker]),
    ("approver", &[Function::Approver]),
    ("approver2", &[Function::Approver]),
    ("treasurer", &[Function::Treasurer]),
    ("treasurer2", &[Function::Treasurer]),
    ("risk", &[Function::Risk]),
    ("auditor", &[Function::Auditor]),
    ("both", &[Function::Maker, Function::Checker]),
];

/// A state with a consortium in it, a block time, and a count of transactions.
#[derive(Clone)]
pub struct Scenario {
    pub state: Memory,
    pub time: Timestamp,
    pub clock: Clock,
    pub height: u64,
    transactions: u64,
    accounts: BTreeMap<String, AccountId>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario {
    /// The consortium on 2026-03-02, 09:00 in Shanghai.
    pub fn new() -> Self {
        let time = Date::from_ymd(2026, 3, 2).expect("a date").at(9, 0);
        let mut scenario = Self {
            state: Memory::default(),
            time,
            clock: Clock::Movable,
            height: 1,
            transactions: 0,
            accounts: BTreeMap::new(),
        };
        crate::genesis(&genesis_for_tests(time), &mut scenario.state).expect("the genesis for tests is valid");
        for (name, roles) in PARTIES {
            scenario.register(name, roles);
        }
        scenario
    }

    /// Registers an enterprise with one person for each function, straight into state.
    pub fn register(&mut self, name: &str, roles: &[EntityRole]) -> EnterpriseId {
        let id = Self::id(name);
        let enterprise = Enterprise {
            name: text(&format!("{name} Co., Ltd.")),
            legal_id: text(&format!("LEGAL-{name}")),
            roles: List::new(roles.to_vec()).expect("few roles"),
            standing: Standing::Active,
            related: List::default(),
            registered_at: self.time,
            members: u32::try_from(PEOPLE.len()).expect("few people"),
        };
        enterprise::found(&mut self.state, id, &enterprise);
        for (person, functions) in PEOPLE {
            let signer = format!("{name}.{person}");
            let member = MemberId::derive(TransactionHash::of(&[signer.as_bytes()]), 0, 0);
            let record = Member {
                enterprise: id,
                name: text(&signer),
                functions: List::new(functions.to_vec()).expect("few functions"),
                starts: Timestamp(0),
                ends: None,
                limit_minor: None,
            };
            record.store(&mut self.state, &member);
            let public_key = key(&signer);
            let account = public_key.account();
            let key = MemberKey { member, public_key, added_at: self.time, revoked_at: None };
            key.store(&mut self.state, &account);
            self.accounts.insert(signer, account);
        }
        id
    }

    /// The id of a party registered by the harness.
    pub fn id(name: &str) -> EnterpriseId {
        EnterpriseId::derive(TransactionHash::of(&[b"enterprise", name.as_bytes()]), 0, 0)
    }

    /// The key of a signer who is not registered yet; he may sign from now on.
    pub fn stranger(&mut self, signer: &str) -> PublicKey {
        let key = key(signer);
        self.accounts.insert(signer.to_owned(), key.account());
        key
    }

    pub fn account(&self, signer: &str) -> AccountId {
        *self.accounts.get(signer).unwrap_or_else(|| panic!("no such signer in the scenario: {signer}"))
    }

    /// One transaction with one act, signed by `signers` (`CORE.maker+CORE.checker`).
    pub fn act<C: Call>(&mut self, signers: &str, call: &C) -> Result<C::Outcome, Rejection> {
        let act = crate::act(call)?;
        let outcomes = self.transact(signers, &[act])?;
        Ok(wire::decode(&outcomes[0]).expect("an outcome decodes as its call's outcome"))
    }

    /// One transaction: all acts happen or none.
    pub fn transact(&mut self, signers: &str, acts: &[Act]) -> Result<Vec<Vec<u8>>, Rejection> {
        let accounts: Vec<AccountId> = signers.split('+').map(|signer| self.account(signer)).collect();
        self.transactions += 1;
        self.height += 1;
        let transaction = TransactionHash::of(&[b"scenario", &self.transactions.to_le_bytes()]);
        let mut overlay = Overlay::new(&mut self.state);
        let mut outcomes = Vec::new();
        for (position, act) in acts.iter().enumerate() {
            let prepared = crate::prepare(act)?;
            let ctx = Context {
                chain: ChainId::default(),
                clock: self.clock,
                height: self.height,
                time: self.time,
                transaction,
                act: u16::try_from(position).expect("few acts"),
                signers: &accounts,
                actor: None,
            };
            match crate::apply(&ctx, &prepared, &mut overlay) {
                Ok(outcome) => outcomes.push(outcome),
                Err(Stop::Rejected(rejection)) => return Err(rejection),
                Err(Stop::Miss(miss)) => panic!("a state in memory misses nothing: {miss:?}"),
            }
        }
        overlay.commit();
        Ok(outcomes)
    }

    /// Calls a module's door as a sister module does: what a refused call wrote is thrown away.
    pub fn door<T>(&mut self, call: impl FnOnce(&Context, &mut dyn State) -> Result<T, Stop>) -> Result<T, Rejection> {
        self.transactions += 1;
        let ctx = Context {
            chain: ChainId::default(),
            clock: self.clock,
            height: self.height,
            time: self.time,
            transaction: TransactionHash::of(&[b"scenario", &self.transactions.to_le_bytes()]),
            act: 0,
            signers: &[],
            actor: None,
        };
        let mut overlay = Overlay::new(&mut self.state);
        match call(&ctx, &mut overlay) {
            Ok(outcome) => {
                overlay.commit();
                Ok(outcome)
            }
            Err(Stop::Rejected(rejection)) => Err(rejection),
            Err(Stop::Miss(miss)) => panic!("a state in memory misses nothing: {miss:?}"),
        }
    }

    /// Moves block time to `hour:minute` in Shanghai on `date` (`2026-08-28`), running all work that falls due on the
    /// way, each item at its own time.
    pub fn move_to(&mut self, date: &str, hour: u64, minute: u64) {
        let to = date.parse::<Date>().expect("a date").at(hour, minute);
        assert!(to >= self.time, "block time only moves forward");
        while let Some(at) = due::next(&mut self.state).expect("memory misses nothing").filter(|at| *at <= to) {
            self.time = self.time.max(at);
            self.run_due();
        }
        self.time = to;
    }

    /// Runs everything that is due now.
    pub fn run_due(&mut self) {
        self.height += 1;
        while let Some(item) = due::take(&mut self.state, self.time).expect("memory misses nothing") {
            let ctx = Context {
                chain: ChainId::default(),
                clock: self.clock,
                height: self.height,
                time: self.time,
                transaction: due::stand_in(self.height, item.sequence),
                act: 0,
                signers: &[],
                actor: None,
            };
            crate::run_due(&ctx, &item, &mut self.state).expect("due work is never refused");
        }
    }

    /// Refuses a state in which a law does not hold.
    pub fn audit(&self) {
        let (violations, _) = crate::audit(&self.state);
        assert!(violations.is_empty(), "laws broken: {violations:#?}");
    }

    /// A record, straight from state.
    pub fn record<R: Record>(&mut self, id: &R::Id) -> Option<R> {
        R::load(&mut self.state, id).expect("memory misses nothing")
    }
}

/// Text for tests.
pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).expect("text in tests is clean")
}

/// An amount for tests: `cny("1000.00")`.
pub fn cny(decimal: &str) -> types::Amount {
    format!("{decimal} CNY").parse().expect("an amount in tests is valid")
}

/// A value's JSON, for comparing with expected text.
pub fn json<T: Wire>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("our types have string keys only")
}

fn key(signer: &str) -> PublicKey {
    let bytes = types::Digest::of(&[b"key for tests", signer.as_bytes()]).0;
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).expect("32 bytes") }
}

fn genesis_for_tests(time: Timestamp) -> Genesis {
    Genesis {
        name: text("test chain"),
        time,
        made_at: time,
        clock: Clock::Movable,
        founders: List::default(),
        epoch_blocks: types::limits::EPOCH_BLOCKS_DEFAULT,
        operator: types::genesis::Operator {
            name: text("Operator of the test chain"),
            legal_id: text("LEGAL-GENESIS-OPERATOR"),
            administrators: List::new(vec![key("genesis.admin")]).expect("one key"),
        },
        validators: List::default(),
        group_key: Bytes::default(),
        sharing: Bytes::default(),
        state: None,
    }
}
