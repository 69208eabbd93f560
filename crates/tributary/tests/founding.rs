//! Organisations that do not trust each other found a chain, take another in by vote, and let one of them go.

#![allow(clippy::unwrap_used)]

mod process;

use api::message::{BlockView, EpochView};
use ledger::{
    core::{Call, EnterpriseId, Function},
    enterprise::{AddMember, NewMember},
    governance::{Change, Choice, NewPeer, Propose, Vote},
};
use process::{FUNDS, OWNERS, Process, balance, free_addresses, fund, payment, program, signer};
use sdk::{Client, Signer};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tributary::demo;
use types::{Genesis, List, PeerKey, Text};

const HEARTBEAT_MS: &str = "400";
const EPOCH_BLOCKS: u64 = 96;
/// Founders: a short name, the name in the register, the legal id, and what they are in the trade.
const FOUNDERS: &[(&str, &str, &str, &str)] = &[
    ("OP", demo::OPERATOR.name, demo::OPERATOR.legal_id, "operator"),
    ("F1", "Steel Works Alpha", "FOUNDER-0001", "core"),
    ("F2", "Bank of Beta", "FOUNDER-0002", "bank"),
    ("F3", "Gamma Logistics", "FOUNDER-0003", "carrier"),
];

fn answer(arguments: &[&str]) -> Value {
    let output = program(&[arguments, &["--json"]].concat()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The founders' folders after a ceremony, each of them the work of its owner alone.
fn found(folder: &Path, addresses: &[SocketAddr]) -> Vec<PathBuf> {
    let path = |name: String| folder.join(name).to_str().unwrap().to_owned();
    let mut members = Vec::new();
    for ((short, name, legal_id, role), address) in FOUNDERS.iter().zip(addresses) {
        let (data, member) = (path((*short).to_owned()), path(format!("{short}.json")));
        let administrator = types::wire::hex_encode(&signer(&format!("{short}.admin")).public_key().bytes);
        let who = ["chain", "member", "--data", &data, "--name", name, "--legal-id", legal_id, "--roles", role];
        let address = address.to_string();
        let how = ["--administrators", &administrator, "--address", &address, "--out", &member];
        answer(&[&who[..], &how].concat());
        members.push(member);
    }
    let (plan, epoch_blocks) = (path("plan.json".to_owned()), EPOCH_BLOCKS.to_string());
    let arguments = ["chain", "plan", "--name", "founded", "--epoch-blocks", &epoch_blocks, "--out", &plan];
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let planned = answer(&[&arguments, &members[..]].concat());
    assert_eq!(planned["kind"], "plan");
    assert_eq!(answer(&["chain", "check", &plan])["hash"], planned["hash"]);
    let hold = |((short, ..), address): (&(&str, _, _, _), &SocketAddr)| {
        let (data, listen) = (path((*short).to_owned()), address.to_string());
        let arguments = ["chain", "ceremony", "--data", &data, "--listen", &listen, &plan, "--json"];
        program(&arguments).stdout(Stdio::piped()).spawn().unwrap()
    };
    let ceremonies: Vec<_> = FOUNDERS.iter().zip(addresses).map(hold).collect();
    let mut hashes = Vec::new();
    for ceremony in ceremonies {
        let output = ceremony.wait_with_output().unwrap();
        assert!(output.status.success());
        let born: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(born["kind"], "genesis");
        hashes.push(born["hash"].clone());
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1, "one genesis");
    assert_eq!(answer(&["chain", "check", &path("OP/genesis.json".to_owned())])["hash"], hashes[0]);
    FOUNDERS.iter().map(|(short, ..)| folder.join(short)).collect()
}

/// Starts nodes side by side: none opens its door before block one is final, for which it needs the others.
fn start(folders: &[PathBuf]) -> Vec<Process> {
    let start = |folder: &PathBuf| {
        let folder = folder.clone();
        std::thread::spawn(move || Process::start_with(&folder, HEARTBEAT_MS))
    };
    let starting: Vec<_> = folders.iter().map(start).collect();
    starting.into_iter().map(|starting| starting.join().unwrap()).collect()
}

async fn act<C: Call>(client: &Client, names: &[String], call: &C) -> C::Outcome {
    let signers: Vec<Signer> = names.iter().map(|name| signer(name)).collect();
    client.act(&signers.iter().collect::<Vec<_>>(), call).await.unwrap()
}

fn people(short: &str) -> [String; 2] {
    [format!("{short}.maker"), format!("{short}.checker")]
}

/// A founder's administrator appoints those who vote for it.
async fn appoint(client: &Client, short: &str) {
    for (name, function) in people(short).into_iter().zip([Function::Maker, Function::Checker]) {
        let member = NewMember {
            public_key: signer(&name).public_key(),
            name: Text::new(name).unwrap(),
            functions: List::new(vec![function]).unwrap(),
            starts: None,
            ends: None,
            limit_minor: None,
        };
        act(client, &[format!("{short}.admin")], &AddMember { member }).await;
    }
}

/// The first founder proposes, and these vote for it.
async fn adopt(client: &Client, voters: &[&str], change: Change) {
    let propose = Propose {
        changes: List::new(vec![change]).unwrap(),
        reason: Text::new("as agreed").unwrap(),
        effective_at: None,
        override_preflight: false,
    };
    let proposal = act(client, &people("F1"), &propose).await;
    for voter in voters {
        act(client, &people(voter), &Vote { proposal, choice: Choice::Yes }).await;
    }
}

async fn reach(client: &Client, height: u64) {
    let wait = [("wait_ms", "30000".to_owned())];
    let mut known = client.info().await.unwrap().head.height;
    while known < height {
        let block: BlockView = client.get(&format!("/v1/blocks/{}", known + 1), &wait).await.unwrap();
        known = block.header.height.max(client.info().await.unwrap().head.height);
    }
}

/// Follows the epochs until one is as wanted. A vote takes effect within four, or waits while too few have led lately.
async fn epoch_until(client: &Client, wanted: impl Fn(&EpochView) -> bool) -> EpochView {
    let mut epoch = client.info().await.unwrap().epoch;
    for _ in 0..5 {
        if wanted(&epoch) {
            break;
        }
        reach(client, epoch.next_height).await;
        epoch = client.info().await.unwrap().epoch;
        assert!(epoch.dealt, "the shares of epoch {} were dealt", epoch.number);
    }
    let preflight = client.query("governance.preflight", json!({ "changes": [] })).await.unwrap();
    assert!(wanted(&epoch), "{epoch:#?}, {preflight:#}");
    epoch
}

/// Payments one after the other, each of them final before the next, until it is enough; how many there were.
async fn pay(
    client: Client,
    genesis: Genesis,
    accounts: [ledger::money::CashAccountId; 2],
    enough: Arc<AtomicBool>,
) -> u64 {
    let mut nonce = 0;
    while !enough.load(Ordering::Relaxed) {
        let transaction = payment(&genesis, OWNERS[0], nonce, accounts.into(), 1);
        let hash = client.submit(&transaction).await.unwrap();
        sdk::client::applied(client.wait(hash).await.unwrap()).unwrap();
        nonce += 1;
    }
    nonce
}

fn key_of(folder: &Path) -> PeerKey {
    node::Folder::new(folder).validator_keys().unwrap().peer_key()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_found_a_chain_a_fifth_joins_by_vote_and_a_founder_leaves_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let addresses = free_addresses(5);
    let mut folders = found(folder.path(), &addresses[..4]);
    let mut nodes = start(&folders);
    let client = nodes[1].client();
    let genesis = client.genesis().await.unwrap();
    assert_eq!(genesis.chain(), node::Folder::new(&folders[3]).genesis().unwrap().chain());
    let accounts = fund(&client).await;
    for founder in ["F1", "F2", "F3"] {
        appoint(&client, founder).await;
    }
    let enough = Arc::new(AtomicBool::new(false));
    let between = [accounts[OWNERS[0]], accounts[OWNERS[1]]];
    let paying = tokio::spawn(pay(client.clone(), genesis.clone(), between, enough.clone()));
    let early = client.proven_block(&genesis, 5).await.unwrap();

    // A fifth organisation, which the operator registered, makes a machine ready and is voted in.
    let listen = addresses[4].to_string();
    let (data, joined) = join_by_checkpoint(folder.path(), &folders[0], &client, &nodes[1].url, &listen).await;
    folders.push(data);
    let fifth = key_of(&folders[4]);
    assert_eq!(joined["peer_key"], json!(fifth));
    let bank = client.query("enterprise.by_legal_id", json!({ "legal_id": legal_id("BKB") })).await.unwrap();
    let enterprise: EnterpriseId = serde_json::from_value(bank).unwrap();
    let addresses_of = List::new(vec![listen.parse().unwrap()]).unwrap();
    let newcomer = NewPeer { peer_key: fifth, enterprise, name: Text::new("BKB-1").unwrap(), addresses: addresses_of };
    adopt(&client, &["F2", "F3"], Change::AddValidator(newcomer)).await;
    // Its share is announced an epoch ahead: time to find out what has happened.
    epoch_until(&client, |epoch| epoch.next_receivers.contains(&fifth)).await;
    nodes.extend(start(&folders[4..]));
    let newest = nodes[4].client();
    let signing = epoch_until(&newest, |epoch| epoch.signers.contains(&fifth)).await;
    assert_eq!(signing.signers.len(), 5);

    // A founder is voted out once the newcomer has led, and goes. The newcomer has weight too: it takes four of five now.
    reach(&client, signing.next_height).await;
    let first = key_of(&folders[0]);
    adopt(&client, &["F2", "F3", "OP"], Change::RemoveValidator { peer_key: first }).await;
    let signing = epoch_until(&newest, |epoch| !epoch.signers.contains(&first)).await;
    assert_eq!(signing.signers.len(), 4);
    nodes.remove(0).kill();
    let head = newest.info().await.unwrap().head.height;
    reach(&newest, head + EPOCH_BLOCKS).await;

    enough.store(true, Ordering::Relaxed);
    let paid = paying.await.unwrap();
    assert!(paid > 100, "{paid} payments");
    reach(&newest, client.info().await.unwrap().head.height).await;
    assert_eq!(balance(&newest, between[0]).await, FUNDS - paid);
    assert_eq!(balance(&newest, between[1]).await, FUNDS + paid);
    // The newcomer began at the state of the others: what came before is not there, but what it left behind is.
    let began = newest.info().await.unwrap().first_height;
    assert!(began > 5, "it has the blocks from {began} on");
    let refused = newest.block(5).await.unwrap_err().to_string();
    assert!(refused.starts_with("E_NOT_KEPT"), "{refused}");
    let (here, there) = (accounts_of(&newest).await, accounts_of(&client).await);
    assert_eq!(here, there);
    assert!(here.len() >= OWNERS.len());
    // The group key is what it was: what was certified by the founders, and what is certified without one of them.
    assert_eq!(client.proven_block(&genesis, 5).await.unwrap().hash, early.hash);
    for client in [&client, &newest] {
        client.proven_block(&genesis, client.info().await.unwrap().head.height).await.unwrap();
    }
    assert_eq!(client.genesis().await.unwrap().group_key, genesis.group_key);
}

/// Makes the folder of a machine that asks the validators of now where to begin.
async fn join_by_checkpoint(
    folder: &Path,
    founder: &Path,
    client: &Client,
    url: &str,
    listen: &str,
) -> (PathBuf, Value) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (data, checkpoint, genesis) = (path("BKB"), path("checkpoint.json"), founder.join("genesis.json"));
    let ask = ["chain", "checkpoint", "--node", url, "--out", &checkpoint];
    let early = program(&ask).output().unwrap();
    if client.info().await.unwrap().epoch.number == 0 {
        let said = String::from_utf8_lossy(&early.stderr);
        assert!(said.contains("the genesis is enough"), "{said}");
    }
    epoch_until(client, |epoch| epoch.number > 0).await;
    let named = answer(&ask);
    assert!(named["epoch"].as_u64() > Some(0), "{named}");
    let join = |checkpoint: &str| {
        let genesis = genesis.to_str().unwrap();
        let command =
            ["chain", "join", "--json", "--data", &data, "--listen", listen, "--checkpoint", checkpoint, genesis];
        program(&command).output().unwrap()
    };
    // One byte of it is another.
    let spoiled = path("spoiled.json");
    fs::write(&spoiled, fs::read_to_string(&checkpoint).unwrap().replacen("00", "01", 1)).unwrap();
    let said = String::from_utf8(join(&spoiled).stderr).unwrap();
    assert!(said.contains("the checkpoint is not to be used"), "{said}");
    assert!(!Path::new(&data).exists(), "nothing was made");
    let joined = join(&checkpoint);
    assert!(joined.status.success(), "{joined:?}");
    let peers = fs::read_to_string(Path::new(&data).join("peers.json")).unwrap();
    assert_eq!(peers.matches("address").count(), 4, "{peers}");
    (PathBuf::from(data), serde_json::from_slice(&joined.stdout).unwrap())
}

/// The records of all accounts. When each was opened, only a node that was there knows.
async fn accounts_of(client: &Client) -> BTreeMap<String, Value> {
    let page = client.list("money/accounts", &[]).await.unwrap();
    page.rows.into_iter().map(|row| (row.id, row.record)).collect()
}

fn legal_id(short: &str) -> &'static str {
    demo::PARTIES.iter().find(|party| party.short == short).unwrap().legal_id
}
