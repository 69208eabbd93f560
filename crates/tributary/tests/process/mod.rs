//! A chain with the demonstration's consortium, a node of it as a process of its own, and money to move.

#![allow(dead_code, reason = "each test uses its part")]

use ledger::money::{CashAccount, CashAccountId, IssueTokens, OpenAccount, Transfer};
use sdk::{Client, Signer, client};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tributary::{demo, demo::Actors, server::birth};
use types::{Amount, Clock, Currency, Digest, List, Text, Transaction, genesis::Operator, transaction::PublicKey};

/// What each company has at the beginning.
pub const FUNDS: u64 = 1_000_000;
/// Companies with an account at the settlement bank.
pub const OWNERS: &[&str] = &["CORE", "S1", "S2", "S3"];

/// A signer whose key is made from its name.
pub fn signer(name: &str) -> Signer {
    Signer::of_key(crypto::SigningKey::from_seed(&Digest::of(&[b"test key", name.as_bytes()]).0))
}

/// Everybody of the demonstration's consortium.
pub fn signers() -> BTreeMap<String, Signer> {
    let parties = std::iter::once(&demo::OPERATOR).chain(demo::PARTIES);
    let names = parties.flat_map(|party| demo::PEOPLE.iter().map(|(person, _)| format!("{}.{person}", party.short)));
    names.map(|name| (name.clone(), signer(&name))).collect()
}

/// A data folder with a chain on the real clock.
pub fn chain() -> TempDir {
    chain_of(1).0
}

/// A folder with the data folders of a chain's validators in it, who meet on ports that were free a moment ago.
pub fn chain_of(validators: u32) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator {
        name: Text::new(demo::OPERATOR.name).unwrap(),
        legal_id: Text::new(demo::OPERATOR.legal_id).unwrap(),
        administrators: List::new(vec![signer("OP.admin").public_key()]).unwrap(),
    };
    let (genesis, keys) = birth::make_several("test", operator, Clock::Real, birth::wall_time(), validators).unwrap();
    let folders = birth::write(folder.path(), (&genesis, None), &keys, &free_addresses(keys.len())).unwrap();
    let folders = folders.iter().map(|folder| folder.path().to_owned()).collect();
    (folder, folders)
}

/// An address of this machine that no other test uses: while a node is gone, nobody else gets its ports.
pub fn own_address() -> Ipv4Addr {
    let process = std::process::id().to_le_bytes();
    Ipv4Addr::new(127, 64 | process[2], process[1], process[0])
}

/// Places on this machine at which nobody listens: all of them are held until all are known.
pub fn free_addresses(count: usize) -> Vec<SocketAddr> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind((own_address(), 0)).unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

/// The program, with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    command.args(arguments).env("RUST_LOG", "error").env_remove("TRIBUTARY_NODE").env_remove("TRIBUTARY_KEYS");
    command.env_remove("TRIBUTARY_PASSPHRASE").env_remove("TRIBUTARY_DATA");
    command
}

/// The longest time without a block: far beyond a test's patience, so that nothing here becomes final by a heartbeat.
pub const HEARTBEAT_MS: &str = "600000";

/// A node in a process of its own. It is killed when it is dropped.
pub struct Process {
    child: Child,
    pub url: String,
}

impl Process {
    /// Starts a node and returns when its door is open.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, HEARTBEAT_MS)
    }

    /// Starts a node whose chain makes a block after so many milliseconds, work or not.
    pub fn start_with(data: &Path, heartbeat_ms: &str) -> Self {
        Self::start_as(data, heartbeat_ms, &[])
    }

    /// [`start_with`](Self::start_with) and these arguments.
    pub fn start_as(data: &Path, heartbeat_ms: &str, more: &[&str]) -> Self {
        Self::try_start(data, heartbeat_ms, more).unwrap_or_else(|said| panic!("the node said {said:?}"))
    }

    /// Starts a node; what it says where it does not start.
    pub fn try_start(data: &Path, heartbeat_ms: &str, more: &[&str]) -> Result<Self, String> {
        let listen = ["node", "run", "--listen", "127.0.0.1:0", "--heartbeat-ms", heartbeat_ms, "--data"];
        Self::of(program(&listen).arg(data).args(more).stderr(Stdio::piped()))
    }

    /// Starts a node by a command of one's own.
    pub fn of(command: &mut Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut errors = child.stderr.take();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let mut said = String::new();
            if let Some(errors) = &mut errors {
                errors.read_to_string(&mut said).unwrap();
            }
            child.wait().unwrap();
            return Err(said);
        };
        // What it says later is shown with the test's own output.
        errors.map(|mut errors| std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::stderr())));
        Ok(Self { child, url: url.to_owned() })
    }

    /// Waits for the node to end by itself; gives its exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }

    /// `kill -9`: nothing is flushed, nobody is told.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Process {
    /// Asks the node to stop, and returns when it has.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "the node ended with {ended}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The companies' accounts at the settlement bank, each with [`FUNDS`] in it.
pub async fn fund(client: &Client) -> BTreeMap<&'static str, CashAccountId> {
    let mut actors = Actors::new(client.clone(), signers());
    actors.register().await.unwrap();
    let mut accounts = BTreeMap::new();
    for (number, owner) in OWNERS.iter().enumerate() {
        let number = Text::new(format!("9520000000020{number:03}")).unwrap();
        let open = OpenAccount { owner: actors.id(owner), number, currency: Currency::CNY };
        let account = actors.act("SB.maker+SB.checker", &open).await.unwrap();
        let bank_reference = Text::new(format!("FUND-{owner}")).unwrap();
        let issue = IssueTokens { account, amount: cny(FUNDS), bank_reference, fact: None };
        actors.act("SB.treasurer+SB.treasurer2", &issue).await.unwrap();
        accounts.insert(*owner, account);
    }
    accounts
}

pub fn cny(minor: u64) -> Amount {
    Currency::CNY.minor(minor)
}

/// What is on an account and free.
pub async fn balance(client: &Client, account: CashAccountId) -> u64 {
    let answer = client.query("money.balance", json!({ "account": account })).await.unwrap();
    serde_json::from_value::<CashAccount>(answer).unwrap().available.minor
}

/// A company's signed payment to another, by its treasurer.
pub fn payment(
    genesis: &types::Genesis,
    owner: &str,
    nonce: u64,
    (source, target): (CashAccountId, CashAccountId),
    minor: u64,
) -> Transaction {
    let treasurer = signer(&format!("{owner}.treasurer"));
    let reference = Text::new(format!("PAY-{owner}-{nonce}")).unwrap();
    let transfer = Transfer { source, target, amount: cny(minor), reference };
    let body = types::transaction::Body {
        chain: genesis.chain(),
        nonce,
        valid_until: birth::wall_time().plus_ms(types::limits::VALIDITY_MS_DEFAULT),
        signers: List::new(vec![treasurer.public_key()]).unwrap(),
        acts: List::new(vec![ledger::act(&transfer).unwrap()]).unwrap(),
    };
    client::sign(body, &[&treasurer])
}

pub fn account_of(name: &str) -> types::AccountId {
    PublicKey::account(&signer(name).public_key())
}

/// The index's files of a data folder.
pub fn index_files(data: &Path) -> [PathBuf; 3] {
    ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"].map(|name| data.join(name))
}

/// Random numbers that a seed repeats (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}
