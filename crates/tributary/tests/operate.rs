//! Running a node: what it tells those who watch, how it is saved and brought back, and what the doctor sees.

#![allow(clippy::unwrap_used)]

mod process;

use process::{FUNDS, HEARTBEAT_MS, Process, balance, chain, chain_of, fund, program};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tributary::server::birth;
use types::{Clock, List, Text, genesis::Operator};

async fn text(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What a command of the program said, and whether all went well.
fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = program(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The doctor's findings, by what was looked at.
fn doctor(data: &Path) -> (bool, BTreeMap<String, (String, String)>) {
    let (well, said, error) = run(&["doctor", "--json", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let rows: Vec<Value> = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{error}"));
    let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    (well, rows.iter().map(|row| (word(row, "what"), (word(row, "verdict"), word(row, "says")))).collect())
}

/// Waits for something to become true.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The values of a node's metrics, by name with labels.
fn metrics(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' ')).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_tells_those_who_watch_how_it_is() {
    let folder = chain();
    let node = Process::start(folder.path());
    fund(&node.client()).await;
    let height = node.client().info().await.unwrap().head.height;
    let ready = until("the lists are level", async || {
        let (status, said) = text(&format!("{}/readyz", node.url)).await;
        let ready: Value = serde_json::from_str(&said).unwrap();
        (ready["indexed_height"] == json!(height)).then_some((status, ready))
    });
    let (status, ready) = ready.await;
    assert_eq!((status, &ready["ready"], &ready["stage"]), (200, &json!(true), &json!("running")));
    let (status, told) = text(&format!("{}/metrics", node.url)).await;
    assert_eq!(status, 200);
    assert!(told.ends_with("# EOF\n") && told.matches("# EOF").count() == 1, "one document");
    let values = metrics(&told);
    let height = height.to_string();
    assert_eq!(values["tributary_head_height"], height);
    assert_eq!(values["tributary_index_height"], height);
    assert_eq!(values["tributary_ready"], "1");
    assert_eq!(values["tributary_epoch_member"], "1");
    assert_eq!(values["tributary_pool_transactions"], "0");
    let taken: u64 = values[r#"tributary_submissions_total{outcome="taken"}"#].parse().unwrap();
    assert!(taken > 10, "the consortium was registered by {taken} transactions");
    let posts = values.iter().filter(|(name, _)| name.starts_with("tributary_requests_total{operation=\"POST"));
    assert!(posts.count() > 0, "requests are counted");
    assert!(values.keys().any(|name| name.contains("runtime_tasks_spawned")), "the engine's own are there");
    node.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_lists_answers_for_transactions_and_says_who_keeps_lists() {
    let folder = chain();
    let node = Process::start_as(folder.path(), HEARTBEAT_MS, &["--no-lists"]);
    let client = node.client();
    let accounts = fund(&client).await;
    assert_eq!(balance(&client, accounts["S1"]).await, FUNDS);
    let hash = client.block(client.info().await.unwrap().head.height).await.unwrap().transactions.pop().unwrap();
    let shown = client.transaction(hash, 0).await.unwrap();
    assert_eq!(shown.hash, hash);
    let (status, _) = text(&format!("{}/v1/transactions/{hash}/proof", node.url)).await;
    assert_eq!(status, 200);
    for path in ["/v1/money/accounts", "/v1/events"] {
        let (status, said) = text(&format!("{}{path}", node.url)).await;
        assert_eq!(status, 501, "{path}: {said}");
        assert!(said.contains("E_NO_LISTS") && said.contains("--no-lists"), "{said}");
    }
    assert_eq!(text(&format!("{}/readyz", node.url)).await.0, 200);
    node.stop();

    // Started with them, it has them of all that was before.
    let node = Process::start(folder.path());
    let listed = until("the lists are fed", async || {
        let (status, said) = text(&format!("{}/v1/money/accounts", node.url)).await;
        (status == 200).then(|| serde_json::from_str::<Value>(&said).unwrap())
    });
    let listed = listed.await;
    let ids: BTreeSet<&str> = listed["rows"].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()).collect();
    assert!(accounts.values().all(|account| ids.contains(account.to_string().as_str())), "{ids:?}");
    assert_eq!(node.client().transaction(hash, 0).await.unwrap(), shown, "from the lists as from the block");
    node.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_have_a_door_of_their_own_and_logs_are_json_where_that_is_asked_for() {
    let folder = chain();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = program(&["node", "run", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    command.args(["--log-format", "json", "--heartbeat-ms", HEARTBEAT_MS, "--data"]).arg(folder.path());
    let node = Process::of(command.env("RUST_LOG", "info").stderr(log.reopen().unwrap())).unwrap();
    let contact: Value = serde_json::from_slice(&fs::read(folder.path().join("lock")).unwrap()).unwrap();
    let metrics = format!("http://{}", contact["metrics"].as_str().unwrap());
    assert_eq!(format!("http://{}", contact["door"].as_str().unwrap()), node.url);
    assert_eq!(text(&format!("{metrics}/metrics")).await.0, 200);
    assert_eq!(text(&format!("{metrics}/readyz")).await.0, 200);
    assert_eq!(text(&format!("{metrics}/v1/chain")).await.0, 404);
    assert_eq!(text(&format!("{}/metrics", node.url)).await.0, 404, "not at the public door");
    node.stop();
    let said = fs::read_to_string(log.path()).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "node started" && line["height"].as_u64() > Some(0)), "{said}");
}

/// A name in a query or an alert is one that the node tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_shows_what_the_node_tells() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/grafana/tributary.json");
    let board: Value = serde_json::from_slice(&fs::read(root).unwrap()).unwrap();
    let mut asked = BTreeSet::new();
    let mut values = vec![&board];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(query) = fields.get("expr").and_then(Value::as_str) {
                    let words = query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                    asked.extend(words.filter(|word| word.starts_with("tributary_")).map(str::to_owned));
                }
                values.extend(fields.values());
            }
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    assert!(asked.len() > 8, "the dashboard asks: {asked:?}");
    let folder = chain();
    let node = Process::start(folder.path());
    fund(&node.client()).await;
    let (_, told) = text(&format!("{}/metrics", node.url)).await;
    let names: BTreeSet<&str> = metrics(&told).into_keys().map(|name| name.split('{').next().unwrap()).collect();
    let unknown: Vec<_> = asked.iter().filter(|name| !names.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "the node tells no {unknown:?}");
    node.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_brings_a_chain_back_and_a_damaged_one_writes_nothing() {
    let folder = chain();
    let aside = tempfile::tempdir().unwrap();
    let (archive, back) = (aside.path().join("backup.tar"), aside.path().join("back"));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (data, to, into) = (path(folder.path()), path(&archive), path(&back));
    let node = Process::start(folder.path());
    let accounts = fund(&node.client()).await;
    let (well, _, error) = run(&["backup", "--data", &data, "--to", &to]);
    assert!(!well && error.contains("is in use by process") && !archive.exists(), "{error}");
    let head = node.client().info().await.unwrap().head;
    node.stop();
    let (well, said, error) = run(&["backup", "--json", "--data", &data, "--to", &to]);
    assert!(well, "{error}");
    let made: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(made["height"], json!(head.height));
    let (well, _, error) = run(&["backup", "--data", &data, "--to", &to]);
    assert!(!well && error.contains("is there already"), "{error}");

    let bytes = fs::read(&archive).unwrap();
    let broken = aside.path().join("broken.tar");
    // A bit of the last file that is not zeros, the end cut off, another first file.
    let place = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let flipped = [&bytes[..place], &[bytes[place] ^ 1], &bytes[place + 1..]].concat();
    for (damaged, says) in [
        (&flipped[..], "is damaged"),
        (&bytes[..bytes.len() / 2], "nothing was written"),
        (b"x", "nothing was written"),
    ] {
        fs::write(&broken, damaged).unwrap();
        let (well, _, error) = run(&["restore", &path(&broken), "--data", &into]);
        assert!(!well && error.contains(says) && !back.exists(), "{error}");
    }
    let (well, _, error) = run(&["restore", &to, "--data", &data]);
    assert!(!well && error.contains("is not empty"), "{error}");
    let (well, _, error) = run(&["restore", &to, "--data", &into]);
    assert!(well, "{error}");

    let node = Process::start(&back);
    let client = node.client();
    assert_eq!(client.info().await.unwrap().head, head, "the chain is where it was");
    assert_eq!(balance(&client, accounts["CORE"]).await, FUNDS);
    // Alone, it signs at once: it goes on.
    let (old, new) = (accounts["CORE"], accounts["S1"]);
    let payment = process::payment(&client.genesis().await.unwrap(), "CORE", 0, (old, new), 7);
    client.wait(client.submit(&payment).await.unwrap()).await.unwrap();
    node.stop();
    let (well, said, error) = run(&["audit", "--replay", "--data", &into]);
    assert!(well, "{said}{error}");
}

/// Four validators whose epochs are short.
fn four() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator {
        name: Text::new("Operator").unwrap(),
        legal_id: Text::new("91310000MA1K35X00X").unwrap(),
        administrators: List::new(vec![process::signer("OP.admin").public_key()]).unwrap(),
    };
    let (mut genesis, keys) = birth::make_several("four", operator, Clock::Real, birth::wall_time(), 4).unwrap();
    genesis.epoch_blocks = EPOCH;
    let addresses = process::free_addresses(4);
    let folders = birth::write(folder.path(), (&genesis, None), &keys, &addresses).unwrap();
    let folders = folders.iter().map(|folder| folder.path().to_owned()).collect();
    (folder, folders)
}

/// Longer than the time for which a restored validator's clock may be wrong, at a block every heartbeat.
const EPOCH: u64 = 64;
const QUICK_MS: &str = "250";

fn start_all(folders: &[PathBuf]) -> Vec<Process> {
    // Each answers once block one is final, for which it needs the others.
    let start = |folder: PathBuf| std::thread::spawn(move || Process::start_with(&folder, QUICK_MS));
    let starting: Vec<_> = folders.iter().cloned().map(start).collect();
    starting.into_iter().map(|starting| starting.join().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_validator_from_a_backup_signs_in_no_epoch_in_which_it_may_have_signed() {
    let (_keep, folders) = four();
    let mut nodes = start_all(&folders);
    let last = nodes.pop().unwrap();
    let height = async |node: &Process| node.client().info().await.ok().map(|info| info.head.height);
    until("some blocks", async || height(&last).await.filter(|height| *height > 4)).await;
    last.stop();
    let aside = tempfile::tempdir().unwrap();
    let (archive, back) = (aside.path().join("backup.tar"), aside.path().join("back"));
    let (archive_path, back_path) = (archive.to_str().unwrap(), back.to_str().unwrap());
    let (well, _, error) = run(&["backup", "--data", folders[3].to_str().unwrap(), "--to", archive_path]);
    assert!(well, "{error}");
    let (well, _, error) = run(&["restore", archive_path, "--data", back_path]);
    assert!(well, "{error}");
    let restored = Process::start_with(&back, QUICK_MS);
    let (_, findings) = doctor(&back);
    assert_eq!(findings["seat"].0, "doubtful", "{findings:?}");
    assert!(findings["seat"].1.contains("does not sign"), "{findings:?}");

    // Three others sign: it follows them. Two others and it are a quorum only where it signs.
    let before = height(&nodes[0]).await.unwrap();
    until("it follows", async || height(&restored).await.filter(|height| *height > before)).await;
    let killed = folders[2].clone();
    nodes.pop().unwrap().kill();
    let stuck = async || {
        // A leader that is gone costs a quarter of that.
        let (_, told) = text(&format!("{}/metrics", nodes[0].url)).await;
        let idle: f64 = metrics(&told)["tributary_head_idle_seconds"].parse().unwrap();
        (idle > 10.0).then_some(())
    };
    until("nothing becomes final without its vote", stuck).await;
    let (status, _) = text(&format!("{}/readyz", nodes[0].url)).await;
    assert_eq!(status, 200, "a chain may be slow for a while");
    let told = async || {
        let (status, said) = text(&format!("{}/readyz", nodes[0].url)).await;
        (status == 503).then_some(said)
    };
    let said = until("the node says that the chain stands still", told).await;
    assert!(said.contains("no block has become final for") && said.contains("tributary doctor"), "{said}");
    assert_eq!(text(&format!("{}/livez", nodes[0].url)).await.0, 200, "the process is well");
    nodes.push(Process::start_with(&killed, QUICK_MS));

    // In an epoch that begins well after the restore, its vote counts again.
    let signs = async || {
        let (_, findings) = doctor(&back);
        (findings.get("seat")?.0 == "good").then_some(())
    };
    let deadline = Instant::now() + Duration::from_secs(240);
    while signs().await.is_none() {
        assert!(Instant::now() < deadline, "it never signs again: {:?}", doctor(&back).1);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    nodes.pop().unwrap().kill();
    let alone = height(&nodes[0]).await.unwrap();
    until("two others and it are a quorum", async || height(&restored).await.filter(|height| *height > alone + 8))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_doctor_says_who_is_missing_when_the_chain_stands_still() {
    let (_keep, folders) = four();
    let mut nodes = start_all(&folders);
    let well = async || {
        let (_, findings) = doctor(&folders[0]);
        (findings.get("quorum")?.0 == "good").then_some(findings)
    };
    let findings = until("everybody is connected", well).await;
    for what in ["folder", "permissions", "keys", "peers", "disk sync", "node", "clock", "seat", "quorum"] {
        assert_eq!(findings[what].0, "good", "{what}: {findings:?}");
    }
    let gone = [nodes.pop().unwrap(), nodes.pop().unwrap()];
    gone.into_iter().for_each(Process::kill);
    let key = node::Folder::new(&folders[3]).validator_keys().unwrap().peer_key().to_string();
    let ill = async || {
        let (well, findings) = doctor(&folders[0]);
        let (verdict, says) = findings.get("quorum")?;
        (!well && verdict == "wrong").then(|| says.clone())
    };
    let says = until("the doctor sees that two are gone", ill).await;
    assert!(says.contains("2 of 4 validators") && says.contains("3 must sign") && says.contains(&key), "{says}");
}

#[test]
fn the_doctor_looks_at_a_folder_without_a_node() {
    let (_keep, folders) = chain_of(2);
    let (_, findings) = doctor(&folders[0]);
    assert_eq!(findings["node"].0, "doubtful", "{findings:?}");
    assert_eq!(findings["REST port"].0, "good", "{findings:?}");
    assert_eq!(findings["peers' port"].0, "good", "{findings:?}");
    fs::remove_file(folders[0].join("peers.json")).unwrap();
    let (well, findings) = doctor(&folders[0]);
    assert!(!well && findings["peers"].0 == "wrong", "{findings:?}");
    let foreign = chain();
    fs::copy(foreign.path().join("validator.key"), folders[0].join("validator.key")).unwrap();
    let (well, findings) = doctor(&folders[0]);
    assert!(!well && findings["keys"].0 == "wrong", "{findings:?}");
    let (well, findings) = doctor(&folders[0].join("nowhere"));
    assert!(!well && findings["folder"].1.contains("there is no chain in"), "{findings:?}");
}
