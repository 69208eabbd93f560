//! A chain that has ended, and another that goes on with its state on new machines.

#![allow(clippy::unwrap_used)]

mod process;

use process::{FUNDS, HEARTBEAT_MS, Process, balance, chain, cny, fund, payment, program, signer};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tributary::demo;
use types::{Genesis, wire};

/// What a command of the program said, or what it complained of.
fn run(arguments: &[&str]) -> Result<Value, String> {
    let output = program(&[arguments, &["--json"]].concat()).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
}

fn genesis(folder: &Path) -> Genesis {
    wire::decode(&fs::read(folder.join("genesis.bcs")).unwrap()).unwrap()
}

fn start_all(folders: &[PathBuf]) -> Vec<Process> {
    let start = |folder: PathBuf| std::thread::spawn(move || Process::start_with(&folder, "1000"));
    let starting: Vec<_> = folders.iter().cloned().map(start).collect();
    starting.into_iter().map(|starting| starting.join().unwrap()).collect()
}

/// A chain's state in a file, and the balances of two accounts in it.
struct Ended {
    genesis: Genesis,
    file: PathBuf,
    accounts: [ledger::money::CashAccountId; 2],
    balances: [u64; 2],
}

async fn ended(folder: &Path) -> Ended {
    let node = Process::start(folder);
    let accounts = fund(&node.client()).await;
    let accounts = [accounts["CORE"], accounts["S1"]];
    let genesis = genesis(folder);
    let first = payment(&genesis, "CORE", 0, (accounts[0], accounts[1]), 700);
    let hash = node.client().submit(&first).await.unwrap();
    sdk::client::applied(node.client().wait(hash).await.unwrap()).unwrap();
    let balances = [balance(&node.client(), accounts[0]).await, balance(&node.client(), accounts[1]).await];
    assert_eq!(balances, [FUNDS - 700, FUNDS + 700]);
    node.stop();
    let file = folder.join("exported");
    let data = folder.to_str().unwrap();
    let exported = run(&["state", "export", "--data", data, "--to", file.to_str().unwrap()]).unwrap();
    let again = folder.join("exported again");
    run(&["state", "export", "--data", data, "--to", again.to_str().unwrap()]).unwrap();
    assert_eq!(fs::read(&file).unwrap(), fs::read(&again).unwrap(), "the same bytes each time");
    let checked = program(&["state", "check", file.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("all laws hold") && said.contains(exported["digest"].as_str().unwrap()), "{said}");
    Ended { genesis, file, accounts, balances }
}

/// Makes a chain of so many validators that goes on with a state.
fn go_on(data: &Path, file: &Path, validators: &str) -> Result<Vec<PathBuf>, String> {
    let administrator = wire::hex_encode(&signer("OP.admin").public_key().bytes);
    let address = process::free_addresses(1)[0].to_string();
    let who = ["--operator", demo::OPERATOR.name, "--operator-id", demo::OPERATOR.legal_id];
    let how = ["--administrators", &administrator, "--validators", validators, "--peers-from", &address];
    let new = ["chain", "new", "--data", data.to_str().unwrap(), "--state", file.to_str().unwrap()];
    let made = run(&[&new[..], &who, &how].concat())?;
    Ok(made["folders"].as_array().unwrap().iter().map(|folder| folder.as_str().unwrap().into()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_chain_goes_on_with_the_state_of_another_on_new_machines() {
    let (old, new) = (chain(), tempfile::tempdir().unwrap());
    let Ended { genesis: before, file, accounts, balances } = ended(old.path()).await;
    let folders = go_on(new.path(), &file, "4").unwrap();
    let after = genesis(&folders[0]);
    assert_eq!(after.state.as_ref().unwrap().chain, before.chain());
    let mut nodes = start_all(&folders);
    let client = nodes[0].client();
    for (account, held) in accounts.iter().zip(balances) {
        assert_eq!(balance(&client, *account).await, held, "what was owned is owned");
    }

    // What was signed for the old chain is worth nothing here; the numbers of transactions go on.
    let stale = payment(&before, "CORE", 1, (accounts[0], accounts[1]), 300);
    assert!(client.submit(&stale).await.is_err(), "of another chain");
    let used = payment(&after, "CORE", 0, (accounts[0], accounts[1]), 300);
    assert!(client.submit(&used).await.is_err(), "a number that was used");
    let next = payment(&after, "CORE", 1, (accounts[0], accounts[1]), 300);
    let hash = client.submit(&next).await.unwrap();
    sdk::client::applied(client.wait(hash).await.unwrap()).unwrap();
    assert_eq!(balance(&client, accounts[0]).await, balances[0] - 300);
    assert_eq!(cny(balances[0] - 300).minor, FUNDS - 1_000);

    // A machine whose disk is lost, the state file with it, begins where the others are.
    nodes.pop().unwrap().kill();
    fs::remove_dir_all(folders[3].join("chain")).unwrap();
    for name in ["state.bin", "pool.log", "index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(folders[3].join(name));
    }
    let format = fs::read_to_string(folders[3].join("format.json")).unwrap();
    let mut format: Value = serde_json::from_str(&format).unwrap();
    format["stores"] = Value::Array(Vec::new());
    fs::write(folders[3].join("format.json"), format.to_string()).unwrap();
    let late = Process::start_as(&folders[3], "1000", &["--join"]);
    assert_eq!(balance(&late.client(), accounts[0]).await, balances[0] - 300);
    drop(late);
    nodes.into_iter().for_each(Process::kill);

    // The whole history, from the inherited state on, gives the same state.
    let audited = program(&["audit", "--replay", "--data", folders[0].to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(audited.stdout).unwrap();
    assert!(audited.status.success() && said.contains("the history holds"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_is_not_the_one_of_the_genesis_is_refused() {
    let (old, new) = (chain(), tempfile::tempdir().unwrap());
    let Ended { file, .. } = ended(old.path()).await;
    let folder = go_on(&new.path().join("whole"), &file, "1").unwrap().remove(0);
    let state = folder.join("state.bin");
    let whole = fs::read(&state).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&state, &changed).unwrap();
    let said = Process::try_start(&folder, HEARTBEAT_MS, &[]).err().unwrap();
    assert!(said.contains("state.bin is damaged") && said.contains("digest"), "{said}");
    fs::remove_file(&state).unwrap();
    let said = Process::try_start(&folder, HEARTBEAT_MS, &[]).err().unwrap();
    assert!(said.contains("state.bin"), "{said}");
    fs::write(&state, &whole).unwrap();
    Process::start(&folder).stop();

    // Cut off; and another organisation's administrators.
    let cut = new.path().join("cut");
    fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    assert!(go_on(&new.path().join("cut off"), &cut, "1").unwrap_err().contains("cut off"));
    let stranger = wire::hex_encode(&signer("S1.admin").public_key().bytes);
    let arguments = ["chain", "new", "--operator", demo::OPERATOR.name, "--operator-id", demo::OPERATOR.legal_id];
    let data = new.path().join("strange");
    let how = ["--administrators", &stranger, "--state", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let refused = run(&[&arguments[..], &how].concat()).unwrap_err();
    assert!(refused.contains("administrators"), "{refused}");
}
