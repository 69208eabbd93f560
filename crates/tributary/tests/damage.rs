//! A folder that is damaged, foreign or out of room: the node says what is wrong and what to do, and loses nothing that
//! it has told anybody.

#![allow(clippy::unwrap_used)]

mod process;

use process::{HEARTBEAT_MS, Process, Random, chain, chain_of, fund, program};
use sdk::Client;
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// What the node of this folder says when it does not start.
fn refusal(data: &Path) -> String {
    let arguments = ["node", "run", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let output = program(&arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("stack backtrace"), "{said}");
    said
}

/// A folder whose chain holds some money; its node is stopped.
async fn with_history() -> TempDir {
    let folder = chain();
    let node = Process::start(folder.path());
    fund(&node.client()).await;
    node.stop();
    folder
}

#[test]
fn an_address_that_is_taken_is_named_and_no_store_is_blamed() {
    let (_folder, folders) = chain_of(4);
    let peers: serde_json::Value = serde_json::from_slice(&fs::read(folders[0].join("peers.json")).unwrap()).unwrap();
    let address = peers["listen"].as_str().unwrap();
    let _taken = TcpListener::bind(address).unwrap();
    let said = refusal(&folders[0]);
    let words = [address, "end the program that uses it", "`listen` in peers.json", "Address already in use"];
    assert!(words.iter().all(|word| said.contains(word)) && !said.contains("store"), "{said}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// The files of the engine's stores.
fn stores(data: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for store in fs::read_dir(data.join("chain")).unwrap().map(Result::unwrap) {
        files.extend(fs::read_dir(store.path()).into_iter().flatten().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_what_it_was_is_refused_with_the_reason_and_the_way_out() {
    let folder = with_history().await;
    let path = |name: &str| folder.path().join(name);
    let instead = |name: &str, bytes: &[u8]| {
        let old = fs::read(path(name)).unwrap();
        fs::write(path(name), bytes).unwrap();
        old
    };
    let check = |name: &str, bytes: &[u8], says: &[&str]| {
        let old = instead(name, bytes);
        let said = refusal(folder.path());
        assert!(says.iter().all(|part| said.contains(part)), "{name}: {said}");
        fs::write(path(name), old).unwrap();
    };
    let format: serde_json::Value = serde_json::from_slice(&fs::read(path("format.json")).unwrap()).unwrap();
    let newer = serde_json::json!({ "format": 3, "whatever": "comes" }).to_string();
    check("format.json", newer.as_bytes(), &["was written in format 3, this version knows up to 2"]);
    let older = serde_json::json!({ "format": 1, "chain": format["chain"] }).to_string();
    check("format.json", older.as_bytes(), &["was written in format 1, this version knows 2 only"]);
    check("format.json", b"{", &["format.json is damaged"]);
    let other = chain();
    let genesis = fs::read(other.path().join("genesis.bcs")).unwrap();
    let made_for = format["chain"].as_str().unwrap();
    check("genesis.bcs", &genesis, &["genesis.bcs is the genesis of chain", made_for, "put the old file back"]);
    check("genesis.bcs", b"no genesis", &["genesis.bcs is damaged"]);
    check(
        "validator.key",
        &fs::read(other.path().join("validator.key")).unwrap(),
        &["keys of this node are not those"],
    );
    check("validator.key", b"short", &["validator.key is damaged"]);
    for name in ["format.json", "genesis.bcs", "validator.key"] {
        let kept = fs::read(path(name)).unwrap();
        fs::remove_file(path(name)).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(name), "{said}");
        fs::write(path(name), kept).unwrap();
        fs::set_permissions(path(name), Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("(mode 755)") && said.contains("chmod 700"), "{said}");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(path("validator.key"), Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(folder.path()).contains("chmod 600"));
    fs::set_permissions(path("validator.key"), Permissions::from_mode(0o600)).unwrap();
    for store in format["stores"].as_array().unwrap() {
        let store = path("chain").join(store.as_str().unwrap());
        fs::rename(&store, path("aside")).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(&format!("the store {} is gone", store.display())), "{said}");
        fs::rename(path("aside"), &store).unwrap();
    }
    // Whatever was put back is whole again.
    Process::start(folder.path()).stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_never_work_in_one_folder() {
    let folder = chain();
    let node = Process::start(folder.path());
    let said = refusal(folder.path());
    assert!(said.contains(&format!("is in use by process {}", node.id())), "{said}");
    let audit = program(&["audit", "--data", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(!audit.status.success() && String::from_utf8_lossy(&audit.stderr).contains("is in use by process"));
    node.stop();
    Process::start(folder.path()).stop();
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let folder = chain();
    fs::set_permissions(folder.path().join("validator.key"), Permissions::from_mode(0o0)).unwrap();
    if fs::read(folder.path().join("validator.key")).is_ok() {
        eprintln!("skipped: root may read everything");
        return;
    }
    let said = refusal(folder.path());
    assert!(said.contains("validator.key") && said.contains("denied"), "{said}");
}

/// A node that starts or says why not.
fn start(data: &Path) -> Result<Process, String> {
    Process::try_start(data, HEARTBEAT_MS, &[])
}

/// How a file is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    CutOff,
    Garbled,
}

fn damage(file: &Path, damage: Damage, random: &mut Random) {
    let mut open = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let length = open.metadata().unwrap().len();
    let tail = 1 + random.below(length.min(64));
    match damage {
        Damage::CutOff => open.set_len(length - tail).unwrap(),
        Damage::Garbled => {
            open.seek(SeekFrom::End(-i64::try_from(tail).unwrap())).unwrap();
            let mut bytes = Vec::new();
            open.read_to_end(&mut bytes).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
            open.seek(SeekFrom::End(-i64::try_from(tail).unwrap())).unwrap();
            open.write_all(&bytes).unwrap();
        }
    }
}

/// The height of a chain, and what it tells of its blocks up to there or to `last`.
async fn answers(client: &Client, last: u64) -> Result<(u64, Vec<String>), sdk::Error> {
    let height = client.info().await?.head.height;
    let mut told = Vec::new();
    for height in 1..=height.min(last) {
        let block = client.block(height).await?;
        told.push(format!("{} {} {:?}", block.hash, block.header.state_root, block.transactions));
    }
    Ok((height, told))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_end_is_damaged_recovers_or_is_named_and_never_answers_wrong() {
    let folder = with_history().await;
    let node = Process::start(folder.path());
    let head = node.client().info().await.unwrap().head;
    let (_, before) = answers(&node.client(), head.height).await.unwrap();
    node.stop();
    let mut random = Random::new(11);
    let (mut recovered, mut stopped, mut refused) = (0, 0, 0);
    for file in stores(folder.path()) {
        if file.metadata().unwrap().len() == 0 {
            continue;
        }
        for how in [Damage::CutOff, Damage::Garbled] {
            let scratch = tempfile::tempdir().unwrap();
            copy(folder.path(), scratch.path());
            let name = file.strip_prefix(folder.path()).unwrap();
            damage(&scratch.path().join(name), how, &mut random);
            match start(scratch.path()) {
                Ok(node) => match answers(&node.client(), head.height).await {
                    Ok((height, same)) => {
                        assert_eq!(same[..], before[..same.len()], "{how:?} {}", name.display());
                        assert!(height >= head.height, "{how:?} {}: {height} of {}", name.display(), head.height);
                        recovered += 1;
                    }
                    // It came upon the damage when it read on: it says nothing, and ends.
                    Err(_) => {
                        assert_eq!(node.ended(), Some(1), "{how:?} {}", name.display());
                        stopped += 1;
                    }
                },
                Err(said) => {
                    let store = name.components().nth(1).unwrap().as_os_str().to_str().unwrap();
                    assert!(said.contains(store) || said.contains("a store in"), "{how:?} {}: {said}", name.display());
                    assert!(said.contains("restore the folder from a backup"), "{how:?} {}: {said}", name.display());
                    eprintln!("{how:?} {}: refused, {}", name.display(), said.trim());
                    refused += 1;
                }
            }
        }
    }
    eprintln!("{recovered} recovered by themselves, {stopped} stopped when they came upon it, {refused} were refused");
    assert!(recovered > 0 && refused > 0);
}

/// Runs the program where the disk of `data` has so many KiB: a file system in memory that only its processes see.
fn on_a_small_disk(data: &Path, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command.env("PROGRAM", env!("CARGO_BIN_EXE_tributary")).env("DATA", data).env("RUST_LOG", "error");
    command.process_group(0);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_node_with_a_clear_message_and_loses_nothing_that_was_told() {
    let folder = chain();
    let mount = "mount -t tmpfs -o size=64m none \"$DATA\"";
    let probe = on_a_small_disk(folder.path(), mount).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let kept = tempfile::tempdir().unwrap();
    copy(folder.path(), kept.path());
    // Runs, is stopped by the full disk, gets room, runs again; the shell is asked to go on by lines.
    let script = format!(
        "{mount} && chmod 700 \"$DATA\" && cp -a \"$KEPT\"/. \"$DATA\"/ && run() {{ \"$PROGRAM\" node run --data \"$DATA\" \
         --listen 127.0.0.1:0 --heartbeat-ms {HEARTBEAT_MS}; echo \"ended $?\"; }}; \
         run & read line; head -c 200m /dev/zero > \"$DATA\"/filler 2>/dev/null; echo full; wait; \
         run; rm \"$DATA\"/filler; run & read line; kill $!; wait"
    );
    let mut child = on_a_small_disk(folder.path(), &script)
        .env("KEPT", kept.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut errors = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let group = Group(child.id());
    let mut line = || lines.next().unwrap().unwrap();
    let url = |line: String| line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();

    let client = Client::new(&url(line())).unwrap();
    let accounts = fund(&client).await;
    let genesis = client.genesis().await.unwrap();
    writeln!(input, "fill").unwrap();
    assert_eq!(line(), "full");
    // Pays until the disk has no room for another block.
    let between = (accounts["CORE"], accounts["S1"]);
    let (mut nonce, mut told, mut taken) = (0, Vec::new(), None);
    while taken.is_none() {
        let payment = process::payment(&genesis, "CORE", nonce, between, 1);
        let Ok(hash) = client.submit(&payment).await else { break };
        match client.wait(hash).await {
            Ok(view) => told.push(view),
            Err(_) => taken = Some(hash),
        }
        nonce += 1;
        assert!(nonce < 100_000, "the disk does not fill");
    }
    assert_eq!(line(), "ended 1");
    assert_eq!(line(), "ended 1", "it does not start while there is no room");

    let client = Client::new(&url(line())).unwrap();
    for view in &told {
        assert_eq!(client.transaction(view.hash, 0).await.unwrap(), *view, "what was told is kept");
    }
    if let Some(hash) = taken {
        client.wait(hash).await.expect("what was taken waits again, and becomes final");
    }
    let payment = process::payment(&genesis, "CORE", nonce, between, 1);
    client.wait(client.submit(&payment).await.unwrap()).await.unwrap();
    writeln!(input, "stop").unwrap();
    drop(input);
    child.wait().unwrap();
    drop(group);
    let said = errors.join().unwrap();
    let clear = format!("error: the disk of {} is full: make space there and start again", folder.path().display());
    assert_eq!(said.matches(&clear).count(), 2, "{said}");
    assert!(!said.contains("stack backtrace"), "{said}");
    eprintln!("{} payments were told before the disk was full", told.len());
}

/// Ends a group of processes, the program that a shell started among them.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        // It is gone where all went well.
        let _ = Command::new("kill").args(["-s", "KILL", "--", &format!("-{}", self.0)]).stderr(Stdio::null()).status();
    }
}
