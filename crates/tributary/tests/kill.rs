//! A node that is killed at any moment loses nothing that it has told anybody.
//!
//! Four companies pay each other as fast as the node answers; at a random moment the node gets `kill -9`, and is started
//! again on the same folder. What a client was told as final is there, the same to the byte; what nobody was told of is
//! sent again and happens once. In the end the whole history is run again from the genesis and must give the same root.

#![allow(clippy::unwrap_used)]

mod process;

use api::message::{Status, TransactionView};
use futures::future::join_all;
use ledger::money::CashAccountId;
use process::{FUNDS, OWNERS, Process, Random, account_of, balance, chain, fund, index_files, payment, program};
use sdk::{Client, Error};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use types::{Genesis, Transaction};

const ROUNDS: u64 = 50;
/// Transactions that a company has on their way at once.
const IN_FLIGHT: usize = 4;

/// A payment, and what its sender was told of it.
struct Payment {
    source: &'static str,
    target: &'static str,
    minor: u64,
    transaction: Transaction,
    told: Option<TransactionView>,
}

/// A company that pays the others, and remembers what it was told.
struct Payer {
    name: &'static str,
    genesis: Arc<Genesis>,
    accounts: Arc<BTreeMap<&'static str, CashAccountId>>,
    random: Random,
    payments: Vec<Payment>,
}

impl Payer {
    /// Signs the next payment: now and then one that exceeds the balance, since refusals have receipts too.
    fn sign(&mut self) {
        let others: Vec<_> = OWNERS.iter().filter(|owner| **owner != self.name).collect();
        let target = others[usize::try_from(self.random.below(3)).unwrap()];
        let minor = if self.random.below(8) == 0 { FUNDS * 100 } else { 1 + self.random.below(1_000) };
        let nonce = u64::try_from(self.payments.len()).unwrap();
        let between = (self.accounts[self.name], self.accounts[target]);
        let transaction = payment(&self.genesis, self.name, nonce, between, minor);
        self.payments.push(Payment { source: self.name, target, minor, transaction, told: None });
    }

    /// Pays until the node is gone; counts answers.
    async fn pay(&mut self, client: &Client, answers: &AtomicU64) {
        loop {
            let first = self.payments.len();
            for _ in 0..IN_FLIGHT {
                self.sign();
                match client.submit(&self.payments.last().unwrap().transaction).await {
                    Ok(_) => {}
                    Err(Error::Unreachable { .. }) => return,
                    Err(error) => panic!("{} was refused: {error}", self.name),
                }
            }
            for payment in &mut self.payments[first..] {
                match client.wait(payment.transaction.body.hash()).await {
                    Ok(view) => payment.told = Some(view),
                    Err(Error::Unreachable { .. }) => return,
                    Err(error) => panic!("{} has no answer: {error}", self.name),
                }
                answers.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Sends again what it has no answer for.
    async fn resolve(&mut self, client: &Client) {
        for payment in self.payments.iter_mut().filter(|payment| payment.told.is_none()) {
            let hash = client.submit(&payment.transaction).await.unwrap();
            assert_eq!(hash, payment.transaction.body.hash());
            payment.told = Some(client.wait(hash).await.unwrap());
        }
    }

    /// Asks again for what it was told from the `from`-th payment on: the answers must be the same.
    async fn remembered(&self, client: &Client, from: usize) {
        let check = async |payment: &Payment| {
            let Some(told) = &payment.told else { return };
            let found = client.transaction(told.hash, 0).await;
            let found =
                found.unwrap_or_else(|error| panic!("{} was final in block {}: {error}", told.hash, told.height));
            assert_eq!(found, *told, "a receipt never changes");
        };
        for asked in self.payments[from..].chunks(IN_FLIGHT) {
            join_all(asked.iter().map(check)).await;
        }
    }
}

/// Balances and nonces are those that the receipts add up to.
async fn adds_up(client: &Client, payers: &[Payer]) {
    let mut balances: BTreeMap<&str, u64> = OWNERS.iter().map(|owner| (*owner, FUNDS)).collect();
    for payment in payers.iter().flat_map(|payer| &payer.payments) {
        if payment.told.as_ref().unwrap().status == Status::Applied {
            *balances.get_mut(payment.source).unwrap() -= payment.minor;
            *balances.get_mut(payment.target).unwrap() += payment.minor;
        }
    }
    for payer in payers {
        assert_eq!(balance(client, payer.accounts[payer.name]).await, balances[payer.name], "of {}", payer.name);
        let nonce = client.nonce(account_of(&format!("{}.treasurer", payer.name))).await.unwrap();
        let used = u64::try_from(payer.payments.len()).unwrap();
        assert_eq!((nonce.committed, nonce.next), (used, used), "of {}", payer.name);
    }
}

/// Lets everybody pay until a random moment, and kills the node there.
async fn pay_and_kill(node: Process, payers: &mut [Payer], random: &mut Random) {
    let client = node.client();
    let answers = AtomicU64::new(0);
    let enough = 1 + random.below(24);
    let (more, asks) = (random.below(8), node.client());
    let killer = async {
        // Questions are the clock: a kill falls between any two steps of the node.
        while answers.load(Ordering::Relaxed) < enough {
            asks.info().await.unwrap();
        }
        for _ in 0..more {
            asks.info().await.unwrap();
        }
        node.kill();
    };
    let payers = payers.iter_mut().map(|payer| payer.pay(&client, &answers));
    futures::join!(killer, join_all(payers));
}

async fn payers(node: &Process) -> Vec<Payer> {
    let client = node.client();
    let genesis = Arc::new(client.genesis().await.unwrap());
    let accounts = Arc::new(fund(&client).await);
    let payer = |(number, name): (usize, &&'static str)| Payer {
        name,
        genesis: genesis.clone(),
        accounts: accounts.clone(),
        random: Random::new(0x5eed + u64::try_from(number).unwrap()),
        payments: Vec::new(),
    };
    OWNERS.iter().enumerate().map(payer).collect()
}

/// Starts the node again and checks that nothing is lost or doubled.
async fn come_back(data: &Path, payers: &mut [Payer], from: &[usize]) -> Process {
    let node = Process::start(data);
    let client = node.client();
    join_all(payers.iter().zip(from).map(|(payer, from)| payer.remembered(&client, *from))).await;
    join_all(payers.iter_mut().map(|payer| payer.resolve(&client))).await;
    adds_up(&client, payers).await;
    node
}

/// Every law holds, and the history run again gives the root that the node told.
async fn audited(node: Process, data: &Path) {
    let head = node.client().info().await.unwrap().head;
    node.kill();
    let output = program(&["audit", "--replay", "--data", data.to_str().unwrap()]).output().unwrap();
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{said}{error}");
    assert!(said.contains(&format!("records at height {}", head.height)), "{said}");
    assert!(said.contains(&format!("the history holds: {} blocks", head.height)), "{said}");
    assert!(said.contains(&format!("state root {}", head.state_root)), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_that_was_told() {
    let folder = chain();
    let mut node = Process::start(folder.path());
    let mut payers = payers(&node).await;
    let mut random = Random::new(ROUNDS);
    for _ in 0..ROUNDS {
        let from: Vec<usize> = payers.iter().map(|payer| payer.payments.len()).collect();
        pay_and_kill(node, &mut payers, &mut random).await;
        node = come_back(folder.path(), &mut payers, &from).await;
    }
    let client = node.client();
    join_all(payers.iter().map(|payer| payer.remembered(&client, 0))).await;
    audited(node, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_gone_or_cut_off_is_made_again() {
    let folder = chain();
    let mut node = Process::start(folder.path());
    let mut payers = payers(&node).await;
    let mut random = Random::new(7);
    let cut = |file: &Path, part: u64| {
        let file = OpenOptions::new().write(true).open(file).unwrap();
        file.set_len(file.metadata().unwrap().len() * part / 8).unwrap();
    };
    let [index, log, shared] = index_files(folder.path());
    let remove = || {
        for file in [&index, &log, &shared] {
            // The logs are there after a kill only.
            let _ = fs::remove_file(file);
        }
    };
    let damages: [(End, &dyn Fn()); 6] = [
        (End::Killed, &remove),
        (End::Stopped, &remove),
        (End::Stopped, &|| cut(&index, 4)),
        (End::Stopped, &|| fs::write(&index, "this is no database, and yet it is long enough".repeat(100)).unwrap()),
        (End::Killed, &|| cut(&index, 4)),
        (End::Killed, &|| cut(&log, 5)),
    ];
    for (end, damage) in damages {
        pay_and_kill(node, &mut payers, &mut random).await;
        if end == End::Stopped {
            come_back(folder.path(), &mut payers, &[0; 4]).await.stop();
        }
        damage();
        node = come_back(folder.path(), &mut payers, &[0; 4]).await;
        let listed = node.client().list("money/accounts", &[]).await.unwrap();
        assert_eq!(listed.rows.len(), OWNERS.len() + 1, "the companies' accounts and the bank's vault");
    }
    audited(node, folder.path()).await;
}

/// How the node ended before its index was damaged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    Stopped,
}
