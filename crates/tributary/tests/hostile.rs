//! A validator that has gone bad: it speaks the protocol of the peers with its own key, and sends what no honest one
//! does. Three others carry the chain on.

#![allow(clippy::unwrap_used)]

mod process;

use commonware_codec::{Copying, DecodeExt as _};
use commonware_glue::dkg::network::Manager as _;
use commonware_p2p::{Recipients, Sender as _, TrackedPeers};
use commonware_runtime::{Clock as _, IoBuf, Runner as _, Supervisor as _, tokio as cw};
use commonware_utils::ordered::Set;
use engine::simulation::{Directory, Epoch, PeerKey};
use ledger::money::CashAccountId;
use process::{FUNDS, OWNERS, Process, balance, chain_of, fund, payment};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};
use types::{ChainId, Genesis, Transaction};

const HEARTBEAT_MS: &str = "1000";
/// How long each kind of rubbish is sent.
const LENGTH: Duration = Duration::from_secs(6);
/// How soon payments are final while it is.
const FINAL_WITHIN: Duration = Duration::from_secs(60);
/// What a node may hold in memory in all of this.
const MEMORY_MIB_MAX: u64 = 1_024;
/// How often it sends to all.
const EVERY: Duration = Duration::from_millis(1);
/// Bytes of a bundle, well within what a message may have.
const BUNDLE: usize = 256 << 10;

/// Transactions as peers tell each other of them: each behind its length, again and again until the bundle is full.
fn bundle(transactions: &[Transaction]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for transaction in transactions.iter().cycle() {
        let encoded = transaction.encode();
        bytes.extend(u32::try_from(encoded.len()).unwrap().to_le_bytes());
        bytes.extend(encoded);
        if bytes.len() > BUNDLE {
            return bytes;
        }
    }
    bytes
}

/// The bad validator: sends the bundles that it is told to, as fast as it can, in a thread of its own.
fn go_bad(folder: &Path, chain: ChainId) -> mpsc::Sender<Vec<u8>> {
    let (orders, ordered) = mpsc::channel::<Vec<u8>>();
    let folder = node::Folder::new(folder);
    let (keys, peering) = (folder.validator_keys().unwrap(), folder.peering().unwrap().unwrap());
    std::thread::spawn(move || {
        let scratch = tempfile::tempdir().unwrap();
        let config = cw::Config::new().with_worker_threads(1).with_storage_directory(scratch.path());
        cw::Runner::new(config).start(|context| async move {
            let signer = keys.peer.clone();
            let mut network = engine::network::connect(context.child("p2p"), chain, signer, &peering).unwrap();
            let peers = Set::from_iter_dedup(peering.peers.keys().map(decoded));
            let directory = Directory::new(peers.iter().map(|peer| (peer.clone(), None)));
            let Ok(()) = network.peers.track(Epoch::zero(), TrackedPeers::primary(peers), &directory);
            let (mut sender, _receiver) = network.transactions;
            let mut bytes = Vec::new();
            loop {
                match ordered.try_recv() {
                    Ok(next) => bytes = next,
                    Err(mpsc::TryRecvError::Empty) => {}
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
                let _ = sender.send(Recipients::All, IoBuf::from(bytes.clone()), false);
                context.sleep(EVERY).await;
            }
        });
    });
    orders
}

fn decoded(key: &[u8; 32]) -> PeerKey {
    PeerKey::decode(Copying(key.as_slice())).unwrap()
}

/// A number that a node tells of a peer.
async fn told(node: &Process, metric: &str, peer: &str, more: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", node.url)).await.unwrap().text().await.unwrap();
    let start = format!("{metric}{{peer=\"{peer}\"{more}");
    let line = text.lines().find(|line| line.starts_with(&start));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

/// Who pays whom, and how far it is.
struct Payments {
    genesis: Genesis,
    between: (CashAccountId, CashAccountId),
    nonce: u64,
}

impl Payments {
    /// One payment after the other, each waited for; the slowest.
    async fn pay(&mut self, node: &Process, time: Duration) -> (Vec<Transaction>, Duration) {
        let (mut paid, mut slowest, begun) = (Vec::new(), Duration::ZERO, Instant::now());
        while begun.elapsed() < time {
            let transaction = payment(&self.genesis, OWNERS[0], self.nonce, self.between, 1);
            self.nonce += 1;
            let start = Instant::now();
            let hash = node.client().submit(&transaction).await.unwrap();
            sdk::client::applied(node.client().wait(hash).await.unwrap()).unwrap();
            slowest = slowest.max(start.elapsed());
            paid.push(transaction);
        }
        (paid, slowest)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_sends_rubbish_to_the_others_is_shut_out_and_the_chain_goes_on() {
    let (_folder, folders) = chain_of(4);
    let start = |folder: PathBuf| std::thread::spawn(move || Process::start_with(&folder, HEARTBEAT_MS));
    let starting: Vec<_> = folders[..3].iter().cloned().map(start).collect();
    let nodes: Vec<Process> = starting.into_iter().map(|starting| starting.join().unwrap()).collect();
    let genesis = nodes[0].client().genesis().await.unwrap();
    let accounts = fund(&nodes[0].client()).await;
    let between = (accounts[OWNERS[0]], accounts[OWNERS[1]]);
    let mut payments = Payments { genesis: genesis.clone(), between, nonce: 0 };
    let (paid, before) = payments.pay(&nodes[0], LENGTH).await;

    // What was final long ago: honest nodes that have just started send it too, so nobody is shut out for it.
    let bad = node::Folder::new(&folders[3]).validator_keys().unwrap().peer_key().to_string();
    let hostile = go_bad(&folders[3], genesis.chain());
    hostile.send(bundle(&paid)).unwrap();
    for node in &nodes {
        let begun = Instant::now();
        while told(node, "p2p_network_spawner_messages_received_total", &bad, ",message=\"data_5\"").await <= 10.0 {
            assert!(begun.elapsed() < FINAL_WITHIN, "it is heard");
        }
    }
    let (_, replayed) = payments.pay(&nodes[0], LENGTH).await;
    for node in &nodes {
        assert_eq!(told(node, "p2p_network_tracker_directory_blocked", &bad, "").await, 0.0);
    }

    // What nobody signed.
    let forged = |transaction: &Transaction| {
        let mut forged = transaction.clone();
        forged.body.nonce += 1_000_000;
        forged
    };
    hostile.send(bundle(&paid.iter().map(forged).collect::<Vec<_>>())).unwrap();
    let (_, shut_out) = payments.pay(&nodes[0], LENGTH).await;
    for node in &nodes {
        let begun = Instant::now();
        while told(node, "p2p_network_tracker_directory_blocked", &bad, "").await == 0.0 {
            assert!(begun.elapsed() < FINAL_WITHIN, "it is shut out");
        }
    }
    println!("the slowest payment: {before:?} before, {replayed:?} beside replays, {shut_out:?} beside forgeries");
    assert!(replayed.max(shut_out) <= FINAL_WITHIN);
    for node in &nodes {
        let memory = peak_memory_mib(node.id());
        assert!(memory <= MEMORY_MIB_MAX, "{memory} MiB");
    }
    let left = balance(&nodes[0].client(), between.0).await;
    assert_eq!(left, FUNDS - payments.nonce, "every payment once");
}

fn peak_memory_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() >> 10
}
