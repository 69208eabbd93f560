//! Four validators on four machines of their own - network namespaces on a bridge - are cut apart by the kernel and joined
//! again, under load: no fork, nothing that was acknowledged is lost or happens twice, and they go on after every healing.
//!
//! Namespaces need rights that not every machine gives. The test takes them by a user namespace of its own: it starts itself
//! again in one (`unshare --user --map-root-user --net --mount`), and says so and passes where that is refused.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod process;

use api::message::{BlockView, Status};
use process::{FUNDS, OWNERS, balance, fund, payment, program};
use sdk::{Client, Error};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tributary::server::birth;
use types::{Clock, Genesis, List, Text, Transaction, genesis::Operator};

const VALIDATORS: usize = 4;
const HEARTBEAT_MS: &str = "1000";
/// Says to the program that it is inside already.
const INSIDE: &str = "TRIBUTARY_TEST_INSIDE_NAMESPACE";
/// How soon after a healing a payment is final.
const PROGRESS_WITHIN: Duration = Duration::from_secs(60);

/// Cuts and healings; `NETNS_ROUNDS=50` makes it long.
fn rounds() -> usize {
    std::env::var("NETNS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4)
}

fn run(command: &str) -> Result<(), String> {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A command in the namespace of a machine.
fn inside(machine: usize) -> Vec<String> {
    ["ip", "netns", "exec", &name(machine)].map(str::to_owned).to_vec()
}

fn name(machine: usize) -> String {
    format!("v{machine}")
}

fn address(machine: usize) -> String {
    format!("10.77.0.{}", machine + 1)
}

/// A bridge, and a namespace with a cable to it for each machine.
fn lay() -> Result<(), String> {
    run("mount -t tmpfs tmpfs /run")?;
    run("ip link set lo up")?;
    run("ip link add hub type bridge")?;
    run("ip address add 10.77.0.254/24 dev hub")?;
    run("ip link set hub up")?;
    for machine in 0..VALIDATORS {
        let name = name(machine);
        run(&format!("ip netns add {name}"))?;
        run(&format!("ip link add {name}-hub type veth peer name eth0 netns {name}"))?;
        run(&format!("ip link set {name}-hub master hub up"))?;
        run(&format!("ip -n {name} address add {}/24 dev eth0", address(machine)))?;
        run(&format!("ip -n {name} link set eth0 up"))?;
        run(&format!("ip -n {name} link set lo up"))?;
    }
    Ok(())
}

/// Drops what goes between machines of different groups: each machine forgets the way to those of the other.
fn divide(groups: &[&[usize]]) {
    for (number, group) in groups.iter().enumerate() {
        for machine in *group {
            for other in groups.iter().enumerate().filter(|(other, _)| *other != number).flat_map(|(_, group)| *group) {
                run(&format!("ip -n {} route add blackhole {}/32", name(*machine), address(*other))).unwrap();
            }
        }
    }
}

fn heal() {
    for machine in 0..VALIDATORS {
        for other in (0..VALIDATORS).filter(|other| *other != machine) {
            // Not every way was forgotten.
            let _ = run(&format!("ip -n {} route del blackhole {}/32", name(machine), address(other)));
        }
    }
}

/// A validator in its namespace.
struct Machine {
    child: Child,
    url: String,
}

impl Machine {
    fn start(number: usize, folder: &Path) -> Self {
        let node = program(&["node", "run", "--heartbeat-ms", HEARTBEAT_MS, "--listen"]);
        let mut words = inside(number).into_iter();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(node.get_program()).args(node.get_args()).arg(format!("{}:8645", address(number)));
        command.arg("--data").arg(folder).env("RUST_LOG", "error").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("the node said {line:?}"));
        Self { child, url: url.to_owned() }
    }

    fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn chain(folder: &Path) -> Vec<PathBuf> {
    let operator = Operator {
        name: Text::new(tributary::demo::OPERATOR.name).unwrap(),
        legal_id: Text::new(tributary::demo::OPERATOR.legal_id).unwrap(),
        administrators: List::new(vec![process::signer("OP.admin").public_key()]).unwrap(),
    };
    let count = u32::try_from(VALIDATORS).unwrap();
    let (genesis, keys) = birth::make_several("cut", operator, Clock::Real, birth::wall_time(), count).unwrap();
    let addresses: Vec<SocketAddr> =
        (0..VALIDATORS).map(|machine| format!("{}:9645", address(machine)).parse().unwrap()).collect();
    let folders = birth::write(folder, (&genesis, None), &keys, &addresses).unwrap();
    folders.iter().map(|folder| folder.path().to_owned()).collect()
}

/// What was acknowledged, and what became of it.
struct Books {
    genesis: Genesis,
    accounts: BTreeMap<&'static str, ledger::money::CashAccountId>,
    nonces: [u64; VALIDATORS],
    acknowledged: Vec<Transaction>,
}

impl Books {
    /// Each company pays the next by a machine of its own, so many times; the machines that answer acknowledge it.
    async fn pay(&mut self, machines: &[Machine], count: u64) {
        for _ in 0..count {
            for (number, owner) in OWNERS.iter().enumerate() {
                let between = (self.accounts[*owner], self.accounts[OWNERS[(number + 1) % OWNERS.len()]]);
                let transaction = payment(&self.genesis, owner, self.nonces[number], between, 1);
                match machines[number].client().submit(&transaction).await {
                    Ok(_) => {}
                    Err(Error::Unreachable { .. }) => continue,
                    Err(error) => panic!("{owner} was refused: {error}"),
                }
                self.nonces[number] += 1;
                self.acknowledged.push(transaction);
            }
        }
    }

    /// Everything that was acknowledged is final, once, in the same block for everybody.
    async fn settled(&self, machines: &[Machine]) {
        for transaction in &self.acknowledged {
            let mut seen = Vec::new();
            for machine in machines {
                let found = machine.client().wait(transaction.body.hash()).await.unwrap();
                assert_eq!(found.status, Status::Applied);
                seen.push((found.height, found.index));
            }
            seen.dedup();
            assert_eq!(seen.len(), 1, "one place for {}", transaction.body.hash());
        }
        for (number, owner) in OWNERS.iter().enumerate() {
            let before = (number + OWNERS.len() - 1) % OWNERS.len();
            let expected = FUNDS + self.nonces[before] - self.nonces[number];
            assert_eq!(balance(&machines[0].client(), self.accounts[*owner]).await, expected, "of {owner}");
        }
    }
}

/// The hashes of all blocks up to a height, as a machine has them.
async fn history(machine: &Machine, height: u64) -> Vec<types::BlockHash> {
    let (client, mut hashes) = (machine.client(), Vec::new());
    for height in 1..=height {
        let wait = [("wait_ms", "30000".to_owned())];
        let block: BlockView = client.get(&format!("/v1/blocks/{height}"), &wait).await.unwrap();
        hashes.push(block.hash);
    }
    hashes
}

async fn cut_and_healed() {
    let folder = tempfile::tempdir().unwrap();
    let starting: Vec<_> = chain(folder.path())
        .into_iter()
        .enumerate()
        .map(|(number, folder)| std::thread::spawn(move || Machine::start(number, &folder)))
        .collect();
    let machines: Vec<Machine> = starting.into_iter().map(|starting| starting.join().unwrap()).collect();
    let accounts = fund(&machines[0].client()).await;
    let genesis = machines[0].client().genesis().await.unwrap();
    let mut books = Books { genesis, accounts, nonces: [0; VALIDATORS], acknowledged: Vec::new() };
    let cuts: [&[&[usize]]; 4] = [&[&[0, 1], &[2, 3]], &[&[0, 1, 2], &[3]], &[&[0, 3], &[1, 2]], &[&[0], &[1, 2, 3]]];
    for round in 0..rounds() {
        let cut = cuts[round % cuts.len()];
        books.pay(&machines, 5).await;
        divide(cut);
        // Both sides go on taking what they are sent.
        books.pay(&machines, 10).await;
        heal();
        books.pay(&machines, 1).await;
        let last: Vec<_> = books.acknowledged.iter().rev().take(VALIDATORS).collect();
        for (machine, transaction) in machines.iter().rev().zip(last) {
            let client = machine.client();
            let progress = client.wait(transaction.body.hash());
            let found = tokio::time::timeout(PROGRESS_WITHIN, progress).await.expect("they go on after a healing");
            assert_eq!(found.unwrap().status, Status::Applied);
        }
        let mut heights = Vec::new();
        for machine in &machines {
            heights.push(machine.client().info().await.unwrap().head.height);
        }
        let mut histories = Vec::new();
        for machine in &machines {
            histories.push(history(machine, *heights.iter().max().unwrap()).await);
        }
        histories.dedup();
        assert_eq!(histories.len(), 1, "one history after round {round}");
    }
    books.settled(&machines).await;
    println!("{} cuts, {} payments, one history", rounds(), books.acknowledged.len());
}

#[test]
fn validators_that_the_kernel_cuts_apart_do_not_fork_and_lose_nothing() {
    if std::env::var_os(INSIDE).is_some() {
        lay().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(cut_and_healed());
        return;
    }
    let unshare = ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"];
    let probe = "mount -t tmpfs tmpfs /run && ip netns add probe";
    let may = Command::new("unshare").args(unshare).args(["sh", "-c", probe]).output();
    if !may.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: this machine lets nobody make network namespaces");
        return;
    }
    let own = std::env::current_exe().unwrap();
    let this = "validators_that_the_kernel_cuts_apart_do_not_fork_and_lose_nothing";
    let arguments = ["--exact", this, "--nocapture"];
    let status = Command::new("unshare").args(unshare).arg(own).args(arguments).env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "what happened inside stands above");
}
