//! Four validators, each a process with a folder of its own, run one chain.

#![allow(clippy::unwrap_used)]

mod process;

use api::message::{BlockView, Status};
use ledger::money::CashAccountId;
use process::{FUNDS, OWNERS, Process, balance, chain_of, fund, own_address, payment, program};
use sdk::Client;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};
use types::{Genesis, Transaction};

const VALIDATORS: usize = 4;
/// The longest time without a block: what a validator that is gone costs at its turn follows from it.
const HEARTBEAT_MS: &str = "1000";

/// Blocks of an epoch where one more is voted in: as few as a committee of five can have.
const EPOCH_BLOCKS: &str = "20";

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

/// A payment that was sent.
struct Sent {
    transaction: Transaction,
    parties: (&'static str, &'static str),
    minor: u64,
}

impl Books {
    /// Registers everybody and gives each company its money.
    async fn open(net: &Net) -> Self {
        let client = net.client(0);
        let accounts = fund(&client).await;
        Self {
            genesis: client.genesis().await.unwrap(),
            accounts,
            balances: OWNERS.iter().map(|owner| (*owner, FUNDS)).collect(),
            nonces: BTreeMap::new(),
        }
    }

    /// Each company pays the next, through another node each.
    async fn send(&mut self, net: &Net, minor: u64) -> Vec<Sent> {
        let running: Vec<usize> = net.running().collect();
        let mut sent = Vec::new();
        for (number, owner) in OWNERS.iter().enumerate() {
            let target = OWNERS[(number + 1) % OWNERS.len()];
            let nonce = self.nonces.entry(*owner).or_default();
            let between = (self.accounts[*owner], self.accounts[target]);
            let transaction = payment(&self.genesis, owner, *nonce, between, minor);
            *nonce += 1;
            net.client(running[number % running.len()]).submit(&transaction).await.unwrap();
            sent.push(Sent { transaction, parties: (owner, target), minor });
        }
        sent
    }

    /// Waits until payments are final; one whose node is gone is sent to another.
    async fn settle(&mut self, net: &Net, sent: Vec<Sent>) {
        let running: Vec<usize> = net.running().collect();
        for (number, Sent { transaction, parties: (owner, target), minor }) in sent.into_iter().enumerate() {
            let client = net.client(running[number % running.len()]);
            client.submit(&transaction).await.unwrap();
            let found = client.wait(transaction.body.hash()).await.unwrap();
            assert_eq!(found.status, Status::Applied);
            *self.balances.get_mut(owner).unwrap() -= minor;
            *self.balances.get_mut(target).unwrap() += minor;
        }
    }

    async fn pay(&mut self, net: &Net, minor: u64) {
        let sent = self.send(net, minor).await;
        self.settle(net, sent).await;
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
            let block: BlockView = client.get(&format!("/v1/blocks/{highest}"), &wait).await.unwrap();
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
    let mut books = Books::open(&net).await;
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

/// How often everybody pays before a node is killed: the first payments are final then, the last have only just been taken.
const BURST: usize = 25;

/// Rounds of the killing below; `KILL_ROUNDS=100` makes it long.
fn rounds() -> u32 {
    std::env::var("KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_validator_is_killed_and_whenever_nothing_is_lost() {
    let mut net = Net::start();
    let mut books = Books::open(&net).await;
    let mut random = process::Random::new(4);
    for round in 0..rounds() {
        let number = usize::try_from(random.below(VALIDATORS as u64)).unwrap();
        // In the middle of everybody's payments, not between them.
        let mut paying = Vec::new();
        for _ in 0..BURST {
            paying.extend(books.send(&net, 1 + u64::from(round)).await);
        }
        net.kill(number);
        books.settle(&net, paying).await;
        net.restart(number);
    }
    books.pay(&net, 3).await;
    books.agree(&net).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_four_gone_stop_the_chain_and_one_of_them_back_moves_it() {
    let mut net = Net::start();
    let mut books = Books::open(&net).await;
    books.pay(&net, 5).await;
    net.kill(2);
    net.kill(3);
    let waiting = books.send(&net, 7).await;
    for sent in &waiting {
        let seen = net.client(0).transaction(sent.transaction.body.hash(), 2_000).await;
        assert!(matches!(seen, Err(sdk::Error::NotFinal(_))), "two of four cannot make anything final: {seen:?}");
    }
    let heads = [net.client(0).info().await.unwrap().head, net.client(1).info().await.unwrap().head];
    let path = format!("/v1/blocks/{}", heads[0].height.min(heads[1].height));
    let block: BlockView = net.client(0).get(&path, &[]).await.unwrap();
    let same: BlockView = net.client(1).get(&path, &[]).await.unwrap();
    assert_eq!(block.hash, same.hash, "they agree on what is final");
    net.restart(3);
    // Ten seconds from when it is there again.
    let moved = tokio::time::timeout(Duration::from_secs(10), books.settle(&net, waiting)).await;
    assert!(moved.is_ok(), "three of four go on");
    net.restart(2);
    books.pay(&net, 11).await;
    books.agree(&net).await;
}

/// So many ports on this machine, one after the other, that were free a moment ago.
fn free_ports(count: u16) -> SocketAddr {
    loop {
        let first = TcpListener::bind((own_address(), 0)).unwrap();
        let address = first.local_addr().unwrap();
        let port = |number: u16| address.port().checked_add(number);
        let next = (1..count).map(|number| Some(TcpListener::bind((own_address(), port(number)?))));
        let held: Vec<_> = next.map_while(|bound| bound?.ok()).collect();
        if held.len() + 1 == usize::from(count) {
            return address;
        }
    }
}

/// What `tributary net status` says, asked until it is as wanted.
fn status_until(dir: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut last = String::new();
    for _ in 0..ASKED_MAX {
        let output = program(&["net", "--dir", dir, "status", "--json"]).output().unwrap();
        last = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        if let Ok(Value::Array(rows)) = serde_json::from_str::<Value>(&last)
            && wanted(&rows)
        {
            return rows;
        }
    }
    panic!("the network does not come to it: {last}");
}

/// Asks every node to stop when the test ends, however it ends.
struct Down(String);

impl Drop for Down {
    fn drop(&mut self) {
        let _ = program(&["net", "--dir", &self.0, "down"]).output();
    }
}

/// Often enough for a minute and more: each question starts a program.
const ASKED_MAX: usize = 2_000;

#[test]
fn one_command_starts_a_network_whose_nodes_are_killed_and_started_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let dir = dir.to_str().unwrap();
    let first = free_ports(8);
    let (doors, peers) = (first.to_string(), SocketAddr::new(first.ip(), first.port() + 4).to_string());
    let _down = Down(dir.to_owned());
    let net = |arguments: &[&str]| program(&[&["net", "--dir", dir], arguments].concat()).output().unwrap();
    let told = net(&["status"]);
    assert!(String::from_utf8(told.stderr).unwrap().contains("start one with `tributary net up`"));
    let up =
        ["net", "--dir", dir, "up", "--epoch-blocks", EPOCH_BLOCKS, "--doors-from", &doors, "--peers-from", &peers];
    let mut up = program(&up).stdout(Stdio::null()).spawn().unwrap();
    let serves = |row: &Value| row["state"] == "serves";
    status_until(dir, |rows| rows.len() == 4 && rows.iter().all(serves));

    assert!(net(&["kill", "2"]).status.success());
    let rows = status_until(dir, |rows| rows.iter().filter(|row| serves(row)).count() == 3);
    assert_eq!(rows[1]["state"], "not running");
    assert!(!net(&["kill", "2"]).status.success(), "it does not run");
    assert!(!net(&["kill", "5"]).status.success(), "there is none");
    assert!(net(&["start", "2"]).status.success());
    status_until(dir, |rows| rows.iter().all(|row| serves(row) && row["behind"] == 0));

    // A node that is cut off falls behind while the others go on, and follows again when the wires are whole.
    let refused = net(&["partition", "1,2", "3,9"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("there is no node 9"));
    let cut = net(&["partition", "1,2,3", "4"]);
    assert!(cut.status.success(), "{}", String::from_utf8_lossy(&cut.stderr));
    status_until(dir, |rows| rows[3]["behind"].as_u64() >= Some(3) && rows[..3].iter().all(|row| row["behind"] == 0));
    let top = program(&["top", "--once", "--dir", dir]).output().unwrap();
    let top = String::from_utf8(top.stdout).unwrap();
    assert!(top.contains("node4") && top.contains("4 sign"), "{top}");
    assert!(net(&["heal"]).status.success());
    status_until(dir, |rows| rows.iter().all(|row| serves(row) && row["behind"] == 0));

    // One more comes in by vote, and stays until it signs.
    let mut adding = program(&["net", "--dir", dir, "add", "--until", "signs"]);
    let mut adding = adding.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut says = BufReader::new(adding.stdout.take().unwrap());
    let mut said = String::new();
    while says.read_line(&mut said).unwrap() > 0 && !said.contains("was voted in") {}
    while adding.try_wait().unwrap().is_none() {
        record(dir, &doors);
    }
    says.read_to_string(&mut said).unwrap();
    let added = adding.wait_with_output().unwrap();
    let log = || std::fs::read_to_string(format!("{dir}/node5/node.log")).unwrap_or_default();
    assert!(added.status.success(), "{said}{}{}", utf8(&added.stderr), log());
    for what in ["node5 was voted in", "node5 follows", "node5 signs"] {
        assert!(said.contains(what), "{said}");
    }
    let rows = status_until(dir, |rows| rows.len() == 5);
    assert_eq!((&rows[4]["node"], &rows[4]["signs"]), (&Value::from("node5"), &Value::from(true)));
    assert!(net(&["down"]).status.success());
    assert!(up.wait().unwrap().success(), "when every node has ended, so does the command that showed them");
    let rows = status_until(dir, |rows| !rows.iter().any(serves));
    assert_eq!(rows.len(), 5);
}

/// Asks for something, so that a block comes before its time. That it is recorded already is an answer too.
fn record(dir: &str, door: &str) {
    let digest = "ab".repeat(32);
    let asked = ["evidence", "record", "--kind", "Reading", "--by", "op-maker", "--title", "a", "--remark", "b"];
    let passphrase = std::fs::read_to_string(format!("{dir}/keys.passphrase")).unwrap();
    let asked = program(&[&asked[..], &["--digest", &digest]].concat())
        .env("TRIBUTARY_NODE", format!("http://{door}"))
        .env("TRIBUTARY_KEYS", format!("{dir}/keys"))
        .env("TRIBUTARY_PASSPHRASE", passphrase.trim_end())
        .output();
    asked.unwrap();
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
