//! What a client was told is taken survives a crash of its node, and what it was told as refused has its reason.
//!
//! Two of four validators make no block: what they take waits for certain, whatever the time.

#![allow(clippy::unwrap_used)]

mod process;

use api::message::Status;
use process::{FUNDS, OWNERS, Process, Random, balance, chain_of, fund, payment, program, signer};
use sdk::{Client, Error};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};
use types::{Genesis, Transaction, limits};

/// The longest time without a block.
const HEARTBEAT_MS: &str = "1000";
/// How long a node may take to catch up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Payments of each company that wait while no block is made.
const WAITING: u64 = 50;

/// Nodes of one chain, all started together: none opens its door before block one, for which it needs the others.
fn start(folders: &[PathBuf], policy: &'static str) -> Vec<Option<Process>> {
    let start = |folder: &PathBuf| {
        let folder = folder.clone();
        std::thread::spawn(move || Process::start_as(&folder, HEARTBEAT_MS, &["--pool-policy", policy]))
    };
    let starting: Vec<_> = folders.iter().map(start).collect();
    starting.into_iter().map(|starting| Some(starting.join().unwrap())).collect()
}

/// Payments from each company to the next.
fn payments(genesis: &Genesis, accounts: &BTreeMap<&'static str, ledger::money::CashAccountId>) -> Vec<Transaction> {
    let mut all = Vec::new();
    for nonce in 0..WAITING {
        for (number, owner) in OWNERS.iter().enumerate() {
            let between = (accounts[*owner], accounts[OWNERS[(number + 1) % OWNERS.len()]]);
            all.push(payment(genesis, owner, nonce, between, 1 + nonce));
        }
    }
    all
}

async fn head(client: &Client) -> u64 {
    client.info().await.unwrap().head.height
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_before_a_crash_becomes_final_after_it() {
    let (_folder, folders) = chain_of(4);
    let mut nodes = start(&folders, "first-come");
    let client = nodes[0].as_ref().unwrap().client();
    let genesis = client.genesis().await.unwrap();
    let accounts = fund(&client).await;
    nodes[2].take().unwrap().kill();
    nodes[3].take().unwrap().kill();
    // Whatever was final before the two were gone is final; from here on nothing is.
    let stuck = head(&client).await;
    let all = payments(&genesis, &accounts);
    for transaction in &all[..all.len() / 2] {
        client.submit(transaction).await.unwrap();
    }
    for answer in client.submit_many(&all[all.len() / 2..]).await.unwrap() {
        answer.unwrap();
    }
    assert!(head(&client).await <= stuck + 1, "two of four make no block");
    // Both that know the payments fall; only the one that told its clients remembers.
    nodes[0].take().unwrap().kill();
    nodes[1].take().unwrap().kill();
    torn(&folders[0]);
    nodes = start(&folders, "first-come");
    let client = nodes[1].as_ref().unwrap().client();
    for transaction in &all {
        let found = client.wait(transaction.body.hash()).await.unwrap();
        assert_eq!(found.status, Status::Applied);
    }
    for owner in OWNERS {
        assert_eq!(balance(&client, accounts[*owner]).await, FUNDS, "each pays what it is paid");
    }
    // What is final does not come back from the journal at the next start.
    nodes.remove(0).unwrap().kill();
    let again = Process::start_as(&folders[0], HEARTBEAT_MS, &[]);
    let (client, waits) = (again.client(), async |client: &Client| client.info().await.unwrap().waiting > 0);
    let nothing = async { while waits(&client).await {} };
    tokio::time::timeout(PATIENCE, nothing).await.unwrap();
}

/// The beginning of an entry, as a crash in the middle of a write leaves it.
fn torn(folder: &Path) {
    let path = folder.join("pool.log");
    let mut bytes = fs::read(&path).unwrap();
    let before = bytes.len();
    bytes.extend([200, 0, 0, 0, 1, 2, 3, 4, 1, 9, 9]);
    fs::write(&path, &bytes).unwrap();
    assert!(before > 1_000, "the payments are there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_what_was_replaced_is_told_of_what_took_its_place() {
    let (_folder, folders) = chain_of(4);
    let mut nodes = start(&folders, "priority");
    let client = nodes[0].as_ref().unwrap().client();
    let genesis = client.genesis().await.unwrap();
    let accounts = fund(&client).await;
    nodes[2].take().unwrap().kill();
    nodes[3].take().unwrap().kill();
    let between = (accounts[OWNERS[0]], accounts[OWNERS[1]]);
    let wrong = payment(&genesis, OWNERS[0], 0, between, 1_000);
    client.submit(&wrong).await.unwrap();
    let waiting = tokio::spawn({
        let (client, hash) = (client.clone(), wrong.body.hash());
        async move { client.wait(hash).await }
    });
    let mut body = payment(&genesis, OWNERS[0], 0, between, 10).body;
    body.valid_until = wrong.body.valid_until.plus_ms(limits::VALIDITY_MS_DEFAULT);
    let right = sdk::client::sign(body, &[&signer(&format!("{}.treasurer", OWNERS[0]))]);
    client.submit(&right).await.unwrap();
    // Whether it asked before or asks after.
    for told in [waiting.await.unwrap(), client.wait(wrong.body.hash()).await] {
        let Err(Error::Problem(problem)) = told else { panic!("it was replaced") };
        assert_eq!((problem.code.as_str(), problem.status), ("E_REPLACED", 409));
        assert_eq!(problem.fields["by"], right.body.hash().to_string());
    }
    // A crash does not bring it back.
    nodes[0].take().unwrap().kill();
    nodes[1].take().unwrap().kill();
    let nodes = start(&folders, "priority");
    let client = nodes[0].as_ref().unwrap().client();
    assert_eq!(client.wait(right.body.hash()).await.unwrap().status, Status::Applied);
    assert_eq!(balance(&client, between.0).await, FUNDS - 10);
}

#[test]
fn a_policy_that_there_is_none_of_is_refused_with_those_that_there_are() {
    let output = program(&["node", "run", "--pool-policy", "first-served"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("choose first-come, priority or fair-share"));
}

/// Kills of a node that is loaded; `KILL_ROUNDS=100` makes it long.
fn rounds() -> u64 {
    std::env::var("KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

/// A node alone, whose door is opened by a thread so that a kill may come while it reads its journal.
fn launch(data: &Path) -> Child {
    let data = data.to_str().unwrap();
    program(&["node", "run", "--data", data, "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_nothing_that_was_taken() {
    let folder = process::chain();
    let node = Process::start(folder.path());
    let client = node.client();
    let genesis = client.genesis().await.unwrap();
    let accounts = fund(&client).await;
    let between = (accounts[OWNERS[0]], accounts[OWNERS[1]]);
    node.kill();
    let (mut random, mut next, mut taken) = (Random::new(11), 0, Vec::new());
    for _ in 0..rounds() {
        let mut child = launch(folder.path());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let client = Client::new(line.trim().strip_prefix("listening on ").unwrap()).unwrap();
        let start = client.nonce(process::account_of(&format!("{}.treasurer", OWNERS[0]))).await.unwrap().next;
        assert_eq!(start, next, "what was taken has its nonce, final or waiting");
        for _ in 0..1 + random.below(30) {
            let transaction = payment(&genesis, OWNERS[0], next, between, 1);
            client.submit(&transaction).await.unwrap();
            taken.push(transaction.body.hash());
            next += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let node = Process::start(folder.path());
    let client = node.client();
    for hash in &taken {
        assert_eq!(client.wait(*hash).await.unwrap().status, Status::Applied);
    }
    assert_eq!(balance(&client, between.1).await, FUNDS + next);
}
