//! Those who use the chain: they sign what they want done, send it to some machine, and send it to another when nothing
//! comes of it.

use commonware_runtime::{Clock as _, deterministic};
use commonware_utils::{channel::watch, sync::Mutex};
use crypto::SigningKey;
use ledger::{
    Call,
    core::{EnterpriseId, Function},
    enterprise::{AddMember, NewMember, Register},
    governance::{Change, Propose},
    money::{CashAccountId, IssueTokens, OpenAccount, Transfer},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use types::{
    Act, Currency, Digest, Genesis, List, Outcome, Text, Timestamp, Transaction, TransactionHash, limits,
    party::EntityRole, transaction::Body, wire,
};

use crate::{
    auditor::{Auditor, Deed},
    machine::{self, Machine, wall},
    plan::Draw,
};

type Context = deterministic::Context;

/// How long a client waits before it asks another machine.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often it looks whether something has come of it.
const LOOK: Duration = Duration::from_millis(50);
/// How long what it signs is valid: on a chain whose clock jumps some will not be in time.
const VALIDITY_MS: u64 = limits::VALIDITY_MS_MAX / 2;
/// What each company has at the beginning.
const FUNDS: u64 = 1_000_000;
/// What the core enterprise gets, several times: each is less than needs more than two signatures.
const CORE_FUNDS: u64 = 99_999_900;
const CORE_PORTIONS: u64 = 4;

pub(crate) const OPERATOR: &str = "Operator";
/// The bank that keeps the accounts and pays holders, and another that buys lots.
pub(crate) const AGENT: &str = "Bank of the simulation";
pub(crate) const BANK: &str = "Second bank";
pub(crate) const CORE: &str = "Omega motors";
/// Says what the tax authority and the public registry answer.
pub(crate) const BUREAU: &str = "Bureau";
/// Companies with an account at each bank.
pub(crate) const COMPANIES: &[&str] = &["Alpha works", "Beta mills", "Gamma yards", "Delta farms"];

/// What clients see of the network.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) context: Arc<Context>,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) machines: Arc<Mutex<Vec<Machine>>>,
    pub(crate) auditor: Arc<Mutex<Auditor>>,
    /// The next nonce of each person.
    nonces: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// Who is who, once all are registered.
#[derive(Clone, Default)]
pub(crate) struct Parties {
    pub(crate) enterprises: BTreeMap<&'static str, EnterpriseId>,
    /// By bank and owner.
    pub(crate) accounts: BTreeMap<(&'static str, &'static str), CashAccountId>,
}

/// The key of a person.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(&[b"simulated person", name.as_bytes()]).0)
}

/// A person, by organisation and function.
pub(crate) fn person(organisation: &str, function: &str) -> String {
    format!("{organisation}/{function}")
}

/// The maker and the checker of an organisation.
pub(crate) fn both(organisation: &str) -> Vec<String> {
    vec![person(organisation, "maker"), person(organisation, "checker")]
}

pub(crate) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).expect("short and clean")
}

fn member(organisation: &str, name: &str, function: Function) -> NewMember {
    NewMember {
        name: text(&format!("{organisation} {name}")),
        functions: List::new(vec![function]).expect("one"),
        public_key: key(&person(organisation, name)).public_key(),
        starts: None,
        ends: None,
        limit_minor: None,
    }
}

/// What somebody wants done: who signs it, the act, and what the auditor is told of it.
pub(crate) struct Wish {
    signers: Vec<String>,
    act: Act,
    deed: Deed,
    nonce: u64,
}

impl Desk {
    pub(crate) fn new(
        context: Context,
        genesis: Arc<Genesis>,
        machines: Vec<Machine>,
        auditor: Arc<Mutex<Auditor>>,
    ) -> Self {
        let machines = Arc::new(Mutex::new(machines));
        Self { context: Arc::new(context), genesis, machines, auditor, nonces: Arc::default() }
    }

    /// Takes the first signer's next nonce.
    pub(crate) fn wish<C: Call>(&self, signers: Vec<String>, call: &C, deed: Deed) -> Wish {
        let mut nonces = self.nonces.lock();
        let next = nonces.entry(signers[0].clone()).or_default();
        let nonce = *next;
        *next += 1;
        Wish { signers, act: ledger::act(call).expect("a sound act"), deed, nonce }
    }

    /// Signs it as of now, and tells the auditor.
    fn sign(&self, wish: &Wish) -> Transaction {
        let keys: Vec<SigningKey> = wish.signers.iter().map(|name| key(name)).collect();
        let mut auditor = self.auditor.lock();
        // Before the first block nobody knows the chain's time but by the clock.
        let now = if auditor.height() == 0 { wall(&*self.context) } else { auditor.time };
        let body = Body {
            chain: self.genesis.chain(),
            nonce: wish.nonce,
            valid_until: now.plus_ms(VALIDITY_MS),
            signers: List::new(keys.iter().map(SigningKey::public_key).collect()).expect("few signers"),
            acts: List::new(vec![wish.act.clone()]).expect("one act"),
        };
        auditor.expect(body.hash(), wish.deed.clone());
        let signatures = keys.iter().map(|key| key.sign(&body.hash().0)).collect();
        Transaction { body, signatures: List::new(signatures).expect("few signers") }
    }

    /// Has all of them done, however long it takes; gives the transactions that did it.
    pub(crate) async fn settle(&self, wishes: Vec<Wish>, draw: &mut Draw) -> Vec<TransactionHash> {
        let mut sent: Vec<Transaction> = wishes.iter().map(|wish| self.sign(wish)).collect();
        loop {
            for (wish, transaction) in wishes.iter().zip(&mut sent) {
                let hash = transaction.body.hash();
                let (known, time) = {
                    let auditor = self.auditor.lock();
                    (auditor.receipt(hash).is_some(), auditor.time)
                };
                if known {
                    continue;
                }
                // It can be in no block any more, so the same may be asked again.
                if time > transaction.body.valid_until {
                    *transaction = self.sign(wish);
                }
                self.submit(transaction, draw);
            }
            // Asked again and again, since who of several waiters is woken first is not for a seed to say.
            let asked = self.context.current();
            while self.context.current().duration_since(asked).expect("time goes on") < PATIENCE {
                if sent.iter().all(|transaction| self.auditor.lock().receipt(transaction.body.hash()).is_some()) {
                    return sent.iter().map(|transaction| transaction.body.hash()).collect();
                }
                self.context.sleep(LOOK).await;
            }
        }
    }

    /// Sends it to some machine that runs.
    fn submit(&self, transaction: &Transaction, draw: &mut Draw) {
        let machines = self.machines.lock();
        let running: Vec<_> = machines.iter().filter_map(Machine::calls).collect();
        if !running.is_empty() {
            let asked = &running[draw.index(running.len())];
            let _ = asked.send(machine::Call::Submit(Box::new(transaction.clone())));
        }
    }

    /// Has one act done; gives the transaction that did it.
    pub(crate) async fn act<C: Call>(
        &self,
        signers: Vec<String>,
        call: &C,
        deed: Deed,
        draw: &mut Draw,
    ) -> TransactionHash {
        let wish = self.wish(signers, call, deed);
        self.settle(vec![wish], draw).await[0]
    }

    /// Chain time, as far as anybody has told.
    pub(crate) fn time(&self) -> Timestamp {
        self.auditor.lock().time
    }

    /// Registers everybody, opens accounts and puts money on them.
    pub(crate) async fn set_up(&self, draw: &mut Draw) -> Parties {
        let people = [("maker", Function::Maker), ("checker", Function::Checker)];
        let appoint = |(name, function)| {
            let add = AddMember { member: member(OPERATOR, name, function) };
            self.wish(vec![person(OPERATOR, "admin")], &add, Deed::Other)
        };
        self.settle(people.map(appoint).into_iter().collect(), draw).await;
        let mut parties = Parties::default();
        let mut roles: Vec<(&'static str, &[EntityRole])> = vec![
            (AGENT, &[EntityRole::Bank, EntityRole::SettlementAgent]),
            (BANK, &[EntityRole::Bank]),
            (CORE, &[EntityRole::Core]),
            (BUREAU, &[EntityRole::Connector]),
        ];
        roles.extend(COMPANIES.iter().map(|name| (*name, &[EntityRole::Supplier][..])));
        let wishes = roles.iter().map(|(name, roles)| self.register(name, roles)).collect();
        for ((name, _), hash) in roles.iter().zip(self.settle(wishes, draw).await) {
            parties.enterprises.insert(name, EnterpriseId::derive(hash, 0, 0));
        }
        let mut owners: Vec<(&'static str, &'static str)> = vec![(AGENT, CORE), (AGENT, BANK)];
        owners.extend(COMPANIES.iter().flat_map(|name| [(AGENT, *name), (BANK, *name)]));
        let open = |(number, (bank, owner)): (usize, &(&'static str, &'static str))| {
            let number = text(&format!("ACCOUNT-{number}"));
            let open = OpenAccount { owner: parties.enterprises[owner], number, currency: Currency::CNY };
            self.wish(both(bank), &open, Deed::Other)
        };
        let wishes = owners.iter().enumerate().map(open).collect();
        let opened = self.settle(wishes, draw).await;
        for (pair, hash) in owners.iter().zip(opened) {
            let mut auditor = self.auditor.lock();
            let Outcome::Applied { outcomes } = &auditor.receipt(hash).expect("it is final").outcome else {
                unreachable!("the auditor bears no refusal of an account")
            };
            let account: CashAccountId = wire::decode(&outcomes[0]).expect("the outcome of this act");
            parties.accounts.insert(*pair, account);
            auditor.balances.insert(account, 0);
            if pair.0 == AGENT {
                auditor.accounts.insert(parties.enterprises[pair.1], account);
            }
        }
        let mut wishes: Vec<Wish> = COMPANIES.iter().map(|name| self.issue(&parties, name, 0, FUNDS)).collect();
        wishes.extend((0..CORE_PORTIONS).map(|number| self.issue(&parties, CORE, number, CORE_FUNDS)));
        self.settle(wishes, draw).await;
        parties
    }

    fn register(&self, name: &str, roles: &[EntityRole]) -> Wish {
        let members = [
            ("admin", Function::Admin),
            ("maker", Function::Maker),
            ("checker", Function::Checker),
            ("risk", Function::Risk),
            ("treasurer", Function::Treasurer),
            ("treasurer2", Function::Treasurer),
        ];
        let register = Register {
            name: text(name),
            legal_id: text(&format!("SIM-{}", name.replace(' ', "-").to_uppercase())),
            roles: List::new(roles.to_vec()).expect("few roles"),
            reviewed: Some(Digest::of(&[name.as_bytes()])),
            members: List::new(members.map(|(person, function)| member(name, person, function)).to_vec()).expect("few"),
        };
        let mut signers = both(OPERATOR);
        signers.push(person(name, "admin"));
        self.wish(signers, &register, Deed::Other)
    }

    fn issue(&self, parties: &Parties, owner: &'static str, number: u64, minor: u64) -> Wish {
        let account = parties.accounts[&(AGENT, owner)];
        let issue = IssueTokens {
            account,
            amount: Currency::CNY.minor(minor),
            bank_reference: text(&format!("FUNDS-{number}-{owner}").replace(' ', "-")),
            fact: None,
        };
        let by = vec![person(AGENT, "treasurer"), person(AGENT, "treasurer2")];
        self.wish(by, &issue, Deed::Issue { account, minor })
    }

    /// Pays others, one payment after the other, until it is told to stop. Some ask for more than they have.
    pub(crate) async fn pay(self, number: usize, parties: Parties, mut draw: Draw, stop: watch::Receiver<bool>) {
        let account = |name: &'static str| parties.accounts[&(AGENT, name)];
        let source = account(COMPANIES[number]);
        for count in 0.. {
            if *stop.borrow() {
                return;
            }
            let payee = (number + 1 + draw.index(COMPANIES.len() - 1)) % COMPANIES.len();
            let target = account(COMPANIES[payee]);
            let balance = self.auditor.lock().balances[&source];
            let too_much = balance < CORE_FUNDS / 3 && draw.chance(10);
            let minor = if too_much { CORE_FUNDS } else { draw.between(1, (balance / 3).max(1)).min(balance) };
            if minor == 0 {
                self.context.sleep(PATIENCE).await;
                continue;
            }
            let amount = Currency::CNY.minor(minor);
            let transfer = Transfer { source, target, amount, reference: text(&format!("{count}")) };
            let deed = if too_much { Deed::Try { source, target, minor } } else { Deed::Pay { source, target, minor } };
            self.act(vec![person(COMPANIES[number], "treasurer")], &transfer, deed, &mut draw).await;
            self.context.sleep(draw.millis(0, 400)).await;
        }
    }

    /// Has the operator, who votes alone, change the validators. The ledger may find the change too risky.
    pub(crate) async fn vote(&self, change: Change, draw: &mut Draw) {
        let propose = Propose {
            changes: List::new(vec![change]).expect("one"),
            reason: Text::default(),
            effective_at: None,
            override_preflight: false,
        };
        let by = vec![person(OPERATOR, "checker"), person(OPERATOR, "maker")];
        self.act(by, &propose, Deed::Vote, draw).await;
    }
}
