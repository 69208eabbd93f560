//! Those who use the chain: they sign what they want done, send it to some machine, and send it to another when nothing
//! comes of it.

use commonware_runtime::{Clock as _, deterministic};
use commonware_utils::{channel::watch, sync::Mutex};
use crypto::SigningKey;
use ledger::{
    Call,
    core::{EnterpriseId, Function},
    enterprise::{AddMember, NewMember, Register, Registered},
    governance::{Change, Propose},
    money::{CashAccountId, IssueTokens, OpenAccount, Transfer},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use types::{
    Act, Currency, Digest, Genesis, List, Outcome, Rejection, Text, Transaction, limits, party::EntityRole,
    transaction::Body, wire,
};

use crate::{
    auditor::{Auditor, Payment},
    machine::{self, Machine, wall},
    plan::Draw,
};

type Context = deterministic::Context;

/// How long a client waits before it asks another machine.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often it looks whether something has come of it.
const LOOK: Duration = Duration::from_millis(50);
/// What each company has at the beginning.
const FUNDS: u64 = 1_000_000;
/// The bank, and the companies with an account at it.
const BANK: &str = "Bank of the simulation";
pub(crate) const COMPANIES: &[&str] = &["Alpha works", "Beta mills", "Gamma yards", "Delta farms"];

/// What clients see of the network.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) context: Arc<Context>,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) machines: Arc<Mutex<Vec<Machine>>>,
    pub(crate) auditor: Arc<Mutex<Auditor>>,
}

/// The key of a person.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(&[b"simulated person", name.as_bytes()]).0)
}

/// A person, by organisation and function.
pub(crate) fn person(organisation: &str, function: &str) -> String {
    format!("{organisation}/{function}")
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
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

impl Desk {
    /// A transaction that is signed and ready.
    fn signed(&self, signers: &[String], nonce: u64, acts: Vec<Act>) -> Transaction {
        let keys: Vec<SigningKey> = signers.iter().map(|name| key(name)).collect();
        let body = Body {
            chain: self.genesis.chain(),
            nonce,
            valid_until: wall(&self.context).plus_ms(limits::VALIDITY_MS_MAX / 2),
            signers: List::new(keys.iter().map(SigningKey::public_key).collect()).expect("few signers"),
            acts: List::new(acts).expect("few acts"),
        };
        let signatures = keys.iter().map(|key| key.sign(&body.hash().0)).collect();
        Transaction { body, signatures: List::new(signatures).expect("few signers") }
    }

    /// Sends a transaction to one machine after the other until it is final somewhere.
    async fn send(&self, transaction: &Transaction, draw: &mut Draw) -> Outcome {
        let hash = transaction.body.hash();
        loop {
            let asked = {
                let machines = self.machines.lock();
                let running: Vec<_> = machines.iter().filter_map(Machine::calls).collect();
                (!running.is_empty()).then(|| running[draw.index(running.len())].clone())
            };
            if let Some(machine) = asked {
                let _ = machine.send(machine::Call::Submit(Box::new(transaction.clone())));
            }
            // Asked again and again, since who of several waiters is woken first is not for a seed to say.
            let asked = self.context.current();
            while self.context.current().duration_since(asked).expect("time goes on") < PATIENCE {
                if let Some(receipt) = self.auditor.lock().receipt(hash) {
                    return receipt.outcome.clone();
                }
                self.context.sleep(LOOK).await;
            }
        }
    }

    async fn act<C: Call>(
        &self,
        signers: &[String],
        nonce: u64,
        call: &C,
        draw: &mut Draw,
    ) -> Result<C::Outcome, Rejection> {
        let act = ledger::act(call).expect("a sound act");
        let transaction = self.signed(signers, nonce, vec![act]);
        match self.send(&transaction, draw).await {
            Outcome::Applied { outcomes } => Ok(wire::decode(&outcomes[0]).expect("the outcome of this act")),
            Outcome::Rejected { rejection, .. } => Err(rejection),
        }
    }

    /// Registers the bank and the companies, opens accounts and puts money on them; gives the accounts.
    pub(crate) async fn set_up(&self, draw: &mut Draw) -> Vec<CashAccountId> {
        let people = [("maker", Function::Maker), ("checker", Function::Checker)];
        for (nonce, (name, function)) in (0..).zip(people) {
            let add = AddMember { member: member("Operator", name, function) };
            self.act(&[person("Operator", "admin")], nonce, &add, draw)
                .await
                .expect("the operator appoints its people");
        }
        let bank = (BANK, &[EntityRole::Bank, EntityRole::SettlementAgent][..]);
        let companies = COMPANIES.iter().map(|name| (*name, &[EntityRole::Supplier][..]));
        let mut ids = BTreeMap::new();
        for (nonce, (name, roles)) in (0..).zip(std::iter::once(bank).chain(companies)) {
            ids.insert(name, self.register(name, roles, nonce, draw).await.enterprise);
        }
        let mut accounts = Vec::new();
        for (nonce, company) in (0..).zip(COMPANIES) {
            accounts.push(self.open(company, ids[company], nonce, draw).await);
        }
        accounts
    }

    async fn register(&self, name: &str, roles: &[EntityRole], nonce: u64, draw: &mut Draw) -> Registered {
        let members = [
            ("admin", Function::Admin),
            ("maker", Function::Maker),
            ("checker", Function::Checker),
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
        let signers = [person("Operator", "maker"), person("Operator", "checker"), person(name, "admin")];
        self.act(&signers, nonce, &register, draw).await.expect("the operator registers")
    }

    async fn open(&self, company: &str, owner: EnterpriseId, nonce: u64, draw: &mut Draw) -> CashAccountId {
        let open = OpenAccount { owner, number: text(&format!("ACCOUNT-{nonce}")), currency: Currency::CNY };
        let by = [person(BANK, "maker"), person(BANK, "checker")];
        let account = self.act(&by, nonce, &open, draw).await.expect("the bank opens an account");
        let issue = IssueTokens {
            account,
            amount: Currency::CNY.minor(FUNDS),
            bank_reference: text(&format!("FUNDS-{company}").replace(' ', "-")),
            fact: None,
        };
        let by = [person(BANK, "treasurer"), person(BANK, "treasurer2")];
        self.act(&by, nonce, &issue, draw).await.expect("the bank issues tokens");
        self.auditor.lock().balances.insert(account, FUNDS);
        account
    }

    /// Pays others, one payment after the other, until it is told to stop.
    pub(crate) async fn pay(
        self,
        number: usize,
        accounts: Vec<CashAccountId>,
        mut draw: Draw,
        stop: watch::Receiver<bool>,
    ) {
        let source = accounts[number];
        for nonce in 0.. {
            if *stop.borrow() {
                return;
            }
            let target = accounts[(number + 1 + draw.index(accounts.len() - 1)) % accounts.len()];
            let balance = self.auditor.lock().balances[&source];
            let minor = draw.between(1, (balance / 3).max(1)).min(balance);
            if minor == 0 {
                self.context.sleep(PATIENCE).await;
                continue;
            }
            let transfer =
                Transfer { source, target, amount: Currency::CNY.minor(minor), reference: text(&format!("{nonce}")) };
            let act = ledger::act(&transfer).expect("a sound act");
            let transaction = self.signed(&[person(COMPANIES[number], "treasurer")], nonce, vec![act]);
            self.auditor.lock().expect(transaction.body.hash(), Payment { source, target, minor });
            self.send(&transaction, &mut draw).await;
            self.context.sleep(draw.millis(0, 400)).await;
        }
    }

    /// Has the operator, who votes alone, change the validators; says whether the ledger let it.
    pub(crate) async fn vote(&self, change: Change, nonce: u64, draw: &mut Draw) -> bool {
        let propose = Propose {
            changes: List::new(vec![change]).expect("one"),
            reason: Text::default(),
            effective_at: None,
            override_preflight: false,
        };
        let by = [person("Operator", "checker"), person("Operator", "maker")];
        self.act(&by, nonce, &propose, draw).await.is_ok()
    }
}
