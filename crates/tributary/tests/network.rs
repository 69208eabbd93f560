//! Four validators, each a process with a folder of its own, run one chain.

mod process;

use api::message::Status;
use ledger::money::CashAccountId;
use process::{FUNDS, OWNERS, Process, balance, chain_of, fund, payment};
use sdk::Client;
use std::{collections::BTreeMap, path::PathBuf};
use types::Genesis;

const VALIDATORS: usize = 4;
/// The longest time without a block: what a validator that is gone costs at its turn follows from it.
const HEARTBEAT_MS: &str = "1000";

/// A network of processes, some of which may be gone.
struct Net {
    folders: Vec<PathBuf>,
    nodes: Vec<Option<Process>>,
    _folder: tempfile::TempDir,
}

impl Net {
    fn start() -> Self {
        let (folder, folders) = chain_of(u32::try_from(VALIDATORS).unwrap());
        // A node opens its door once block one is final, for which it needs the others: all of them start together.
        let starting: Vec<_> = folders
            .iter()
            .cloned()
            .map(|folder| std::thread::spawn(move || Process::start_with(&folder, HEARTBEAT_MS)))
            .collect();
        let nodes = starting.into_iter().map(|starting| Some(starting.join().unwrap())).collect();
        Self { folders, nodes, _folder: folder }
    }

    fn client(&self, number: usize) -> Client {
        self.nodes[number].as_ref().unwrap().client()
    }

    fn kill(&mut self, number: usize) {
        self.nodes[number].take().unwrap().kill();
    }

    fn restart(&mut self, number: usize) {
        self.nodes[number] = Some(Process::start_with(&self.folders[number], HEARTBEAT_MS));
    }

    fn running(&self) -> impl Iterator<Item = usize> + '_ {
        (0..VALIDATORS).filter(|number| self.nodes[*number].is_some())
    }
}

/// What everybody has, and how many payments each has made.
struct Books {
    genesis: Genesis,
    accounts: BTreeMap<&'static str, CashAccountId>,
    balances: BTreeMap<&'static str, u64>,
    nonces: BTreeMap<&'static str, u64>,
}

impl Books {
    /// Each company pays the next, through another node each, and waits until that node says that it is final.
    async fn pay(&mut self, net: &Net, minor: u64) {
        let running: Vec<usize> = net.running().collect();
        for (number, owner) in OWNERS.iter().enumerate() {
            let target = OWNERS[(number + 1) % OWNERS.len()];
            let client = net.client(running[number % running.len()]);
            let nonce = self.nonces.entry(*owner).or_default();
            let between = (self.accounts[*owner], self.accounts[target]);
            let transaction = payment(&self.genesis, owner, *nonce, between, minor);
            *nonce += 1;
            let hash = client.submit(&transaction).await.unwrap();
            assert_eq!(client.wait(hash).await.unwrap().status, Status::Applied);
            *self.balances.get_mut(owner).unwrap() -= minor;
            *self.balances.get_mut(target).unwrap() += minor;
        }
    }

    /// Every node that runs says the same of every account, at the height that the highest of them has reached.
    async fn agree(&self, net: &Net) {
        let mut highest = 0;
        for number in net.running() {
            highest = highest.max(net.client(number).info().await.unwrap().head.height);
        }
        let mut blocks = Vec::new();
        for number in net.running() {
            let client = net.client(number);
            let wait = [("wait_ms", "30000".to_owned())];
            let block: api::message::BlockView = client.get(&format!("/v1/blocks/{highest}"), &wait).await.unwrap();
            blocks.push(block.hash);
            for owner in OWNERS {
                assert_eq!(balance(&client, self.accounts[owner]).await, self.balances[owner], "{owner} at {number}");
            }
        }
        blocks.dedup();
        assert_eq!(blocks.len(), 1, "one block at height {highest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_validators_agree_and_go_on_without_one() {
    let mut net = Net::start();
    let client = net.client(0);
    let accounts = fund(&client).await;
    let mut books = Books {
        genesis: client.genesis().await.unwrap(),
        accounts,
        balances: OWNERS.iter().map(|owner| (*owner, FUNDS)).collect(),
        nonces: BTreeMap::new(),
    };
    books.pay(&net, 5).await;
    books.agree(&net).await;
    // One is gone: the others go on, and it finds what it has missed when it comes back.
    net.kill(3);
    books.pay(&net, 7).await;
    books.agree(&net).await;
    net.restart(3);
    books.pay(&net, 11).await;
    books.agree(&net).await;
}
