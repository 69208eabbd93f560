//! The loads: what each prepares, and its next transaction.

use super::{
    certificates,
    drive::Driver,
    network::{Company, Founding, Network, Person},
};
use futures::future::BoxFuture;
use ledger::{
    core::{EntityRole, Function},
    evidence,
    money::{CashAccountId, IssueTokens, OpenAccount, Transfer},
};
use types::{Currency, Digest, Text, Transaction, text::Reference};

/// Companies that send.
const COMPANIES: usize = 2_048;
/// What each company is given to pay with.
const FUNDS_MINOR: u64 = 100_000_000_000;
/// People of a bank, in the order of its founding.
const BANK: Founding = Founding {
    role: EntityRole::Bank,
    functions: &[Function::Maker, Function::Checker, Function::Treasurer, Function::Treasurer],
};

/// A supply of transactions, each of which will be applied.
pub trait Load: Send {
    fn next(&mut self, network: &mut Network) -> Transaction;
}

/// Prepares a load on a new chain.
pub type Prepare = for<'a> fn(&'a mut Network, &'a Driver) -> BoxFuture<'a, anyhow::Result<Box<dyn Load>>>;

/// Every load by its name.
pub const LOADS: &[(&str, Prepare)] = &[
    ("transfers", |network, driver| Box::pin(transfers(network, driver))),
    ("certificates", |network, driver| Box::pin(certificates::prepare(network, driver))),
    ("evidence", |network, driver| Box::pin(records(network, driver))),
];

/// Deposit tokens of one bank, paid from company to company by a treasurer: one signature.
struct Transfers {
    payers: Vec<(Person, CashAccountId)>,
    sent: usize,
}

async fn transfers(network: &mut Network, driver: &Driver) -> anyhow::Result<Box<dyn Load>> {
    let (bank, companies) = consortium(network, driver, Function::Treasurer).await?;
    let (maker, checker, treasurers) = (bank.people[0], bank.people[1], [bank.people[2], bank.people[3]]);
    let mut transactions = Vec::new();
    let mut payers = Vec::new();
    for (number, company) in companies.iter().enumerate() {
        let account_number = reference("6222", number);
        let account = CashAccountId::of(bank.id, &account_number);
        payers.push((company.people[0], account));
        let open = OpenAccount { owner: company.id, number: account_number, currency: Currency::CNY };
        transactions.push(network.act(&[maker, checker], &open));
    }
    driver.settle(&transactions).await?;
    let amount = Currency::CNY.minor(FUNDS_MINOR);
    let mut transactions = Vec::new();
    for (number, (_, account)) in payers.iter().enumerate() {
        let issue = IssueTokens { account: *account, amount, bank_reference: reference("ISSUE", number), fact: None };
        transactions.push(network.act(&treasurers, &issue));
    }
    driver.settle(&transactions).await?;
    Ok(Box::new(Transfers { payers, sent: 0 }))
}

impl Load for Transfers {
    fn next(&mut self, network: &mut Network) -> Transaction {
        let (treasurer, source) = self.payers[self.sent % COMPANIES];
        let (_, target) = self.payers[(self.sent * 7 + 1) % COMPANIES];
        let target = if target == source { self.payers[(self.sent + 1) % COMPANIES].1 } else { target };
        let minor = 1 + u64::try_from(self.sent % 100).expect("below 100");
        let amount = Currency::CNY.minor(minor);
        let transfer = Transfer { source, target, amount, reference: reference("INV", self.sent) };
        self.sent += 1;
        network.act(&[treasurer], &transfer)
    }
}

/// Digests of 32 bytes, recorded by a maker: one signature.
struct Records {
    makers: Vec<Person>,
    sent: usize,
}

async fn records(network: &mut Network, driver: &Driver) -> anyhow::Result<Box<dyn Load>> {
    let (_, companies) = consortium(network, driver, Function::Maker).await?;
    Ok(Box::new(Records { makers: companies.into_iter().map(|company| company.people[0]).collect(), sent: 0 }))
}

impl Load for Records {
    fn next(&mut self, network: &mut Network) -> Transaction {
        let maker = self.makers[self.sent % COMPANIES];
        let record = evidence::RecordEvidence {
            digest: Digest::of(&[b"document", self.sent.to_string().as_bytes()]),
            kind: evidence::Kind::TradeDocument,
            title: Text::default(),
            remark: Text::default(),
            previous: None,
        };
        self.sent += 1;
        network.act(&[maker], &record)
    }
}

/// A bank, and companies with one person of this function each.
async fn consortium(
    network: &mut Network,
    driver: &Driver,
    function: Function,
) -> anyhow::Result<(Company, Vec<Company>)> {
    let functions: &'static [Function] = match function {
        Function::Treasurer => &[Function::Treasurer],
        _ => &[Function::Maker],
    };
    let mut foundings = vec![BANK];
    foundings.extend((0..COMPANIES).map(|_| Founding { role: EntityRole::Supplier, functions }));
    let (transactions, mut companies) = network.found(&foundings);
    driver.settle(&transactions).await?;
    let bank = companies.remove(0);
    Ok((bank, companies))
}

/// A number that a party gives its papers.
pub fn reference(prefix: &str, number: usize) -> Reference {
    Reference::new(format!("{prefix}{number:010}")).expect("short and plain")
}
