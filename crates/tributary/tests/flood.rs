//! Hostile load: one organisation floods a node with ten times what it can carry, strangers send rubbish, hold connections
//! and do not read. Who behaves is served all the same.
//!
//! Goodput is compared with the peak that was measured just before and just after in the same run, by the wall clock and by
//! the node's own CPU time: a machine that does other work too slows both, and not the better of the two ratios.

#![allow(clippy::unwrap_used)]

mod process;

use api::message::Status;
use ledger::{
    core::Function,
    enterprise::{AddMember, NewMember},
    evidence::{Kind, RecordEvidence},
};
use process::{Process, chain, fund, program, signer};
use sdk::{Client, Signer};
use std::{
    collections::{BTreeSet, VecDeque},
    fs,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt as _, task::JoinSet};
use types::{Digest, Genesis, List, Text, Transaction, TransactionHash, limits, transaction::Body, wire};

/// Accounts of the organisation that floods.
const FLOODERS: usize = 64;
/// How many requests of theirs are under way at a time at most, each of some of the accounts.
const LANES: usize = 16;
/// How long each measurement takes.
const LENGTH: Duration = Duration::from_secs(12);
/// How much more comes than the node can carry.
const TIMES: usize = 10;
/// How soon a record of whoever behaves is final, whatever the others do and whatever else the machine does.
const FINAL_WITHIN: Duration = Duration::from_secs(60);
/// What the node may hold in memory in all of this.
const MEMORY_MIB_MAX: u64 = 1_024;
/// Connections on which nothing is said.
const IDLE: usize = 1_000;
/// Transactions of one request.
const TOGETHER: usize = 256;

/// What must be left of the peak: `FLOOD_GOODPUT_MIN=0.8` on a machine that does nothing else.
fn goodput_min() -> f64 {
    std::env::var("FLOOD_GOODPUT_MIN").ok().and_then(|least| least.parse().ok()).unwrap_or_default()
}

/// An account that sends, and how far it is.
struct Sender {
    name: String,
    signer: Signer,
    nonce: u64,
}

impl Sender {
    fn of(name: &str) -> Self {
        Self { name: name.to_owned(), signer: signer(name), nonce: 0 }
    }

    /// A digest on record: sound, and applied.
    fn next(&mut self, genesis: &Genesis) -> Transaction {
        let name = format!("{} {}", self.name, self.nonce);
        let record = RecordEvidence {
            digest: Digest::of(&[name.as_bytes()]),
            kind: Kind::TradeDocument,
            title: Text::default(),
            remark: Text::default(),
            previous: None,
        };
        let body = Body {
            chain: genesis.chain(),
            nonce: self.nonce,
            valid_until: tributary::server::birth::wall_time().plus_ms(limits::VALIDITY_MS_DEFAULT),
            signers: List::new(vec![self.signer.public_key()]).unwrap(),
            acts: List::new(vec![ledger::act(&record).unwrap()]).unwrap(),
        };
        self.nonce += 1;
        sdk::client::sign(body, &[&self.signer])
    }
}

/// So many transactions of all senders in turn.
fn sign(senders: &mut [Sender], genesis: &Genesis, count: usize) -> Vec<Transaction> {
    let many = senders.len();
    (0..count).map(|number| senders[number % many].next(genesis)).collect()
}

/// One organisation's many makers.
async fn appoint(client: &Client) -> Vec<Sender> {
    let names: Vec<String> = (0..FLOODERS).map(|number| format!("S1.flood{number}")).collect();
    let acts = names.iter().map(|name| {
        let member = NewMember {
            name: Text::new(name.clone()).unwrap(),
            functions: List::new(vec![Function::Maker]).unwrap(),
            public_key: signer(name).public_key(),
            starts: None,
            ends: None,
            limit_minor: None,
        };
        ledger::act(&AddMember { member }).unwrap()
    });
    let view = client.transact(&[&signer("S1.admin")], acts.collect()).await.unwrap();
    assert_eq!(view.status, Status::Applied);
    names.iter().map(|name| Sender::of(name)).collect()
}

/// Transactions in the final blocks after `from` up to the head, and the head.
async fn final_since(client: &Client, from: u64) -> (usize, u64) {
    let head = client.info().await.unwrap().head.height;
    let mut count = 0;
    for height in from + 1..=head {
        count += client.block(height).await.unwrap().transactions.len();
    }
    (count, head)
}

/// CPU time of a process.
fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Duration::from_millis(10) * (fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap())
}

fn peak_memory_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() >> 10
}

/// What became final, by the clock and by the node's work.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: f64,
    per_cpu_second: f64,
}

/// Measures what becomes final while something runs.
async fn measured<T>(node: &Process, client: &Client, run: impl Future<Output = T>) -> (Rate, T) {
    let (_, from) = final_since(client, client.info().await.unwrap().head.height).await;
    let (start, before) = (Instant::now(), cpu(node.id()));
    let done = run.await;
    let (time, work) = (start.elapsed(), cpu(node.id()) - before);
    let (count, _) = final_since(client, from).await;
    let rate = |time: Duration| count as f64 / time.as_secs_f64();
    (Rate { per_second: rate(time), per_cpu_second: rate(work) }, done)
}

/// As much as the node takes from clients who wait when it is full.
async fn peak(client: &Client, senders: &mut [Sender], genesis: &Genesis) {
    let start = Instant::now();
    let mut sending = JoinSet::new();
    while start.elapsed() < LENGTH {
        let part = sign(senders, genesis, TOGETHER);
        let client = client.clone();
        sending.spawn(async move {
            let last = part.last().unwrap().body.hash();
            client
                .submit_many(&part)
                .await
                .unwrap()
                .into_iter()
                .for_each(|answer| assert!(answer.is_ok(), "{answer:?}"));
            client.wait(last).await.unwrap();
        });
        if sending.len() >= 6 {
            sending.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = sending.join_next().await {
        done.unwrap();
    }
}

/// Some of the accounts that flood: what they have signed and the node has not taken yet, in the order of their numbers.
struct Lane(Vec<VecDeque<Transaction>>);

impl Lane {
    /// What each account would send next, together one request.
    fn next(&self) -> Vec<Transaction> {
        let each = TOGETHER / self.0.len();
        self.0.iter().flat_map(|waiting| waiting.iter().take(each).cloned()).collect()
    }

    /// Strikes out what was taken: what comes after a refused one is sent again with it.
    fn settle(&mut self, taken: &BTreeSet<TransactionHash>) -> usize {
        let mut count = 0;
        for waiting in &mut self.0 {
            while waiting.front().is_some_and(|first| taken.contains(&first.body.hash())) {
                waiting.pop_front();
                count += 1;
            }
        }
        count
    }
}

/// Sends on a timetable, whatever the node answers: so many transactions in all, those that were refused again and again.
/// How many were sent, and how many of them were taken.
async fn flood(client: Client, lanes: Vec<Lane>, many: usize) -> (usize, usize) {
    let client = client.with_patience(Duration::ZERO);
    let (start, requests) = (Instant::now(), u32::try_from(many / TOGETHER).unwrap());
    let lanes: Vec<_> = lanes.into_iter().map(|lane| Arc::new(Mutex::new(lane))).collect();
    let (sent, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut sending = JoinSet::new();
    for (number, lane) in (0..requests).zip(lanes.iter().cycle()) {
        tokio::time::sleep_until((start + LENGTH * number / requests).into()).await;
        let (client, sent, taken, lane) = (client.clone(), sent.clone(), taken.clone(), lane.clone());
        sending.spawn(async move {
            let part = lane.lock().unwrap().next();
            sent.fetch_add(part.len(), Ordering::Relaxed);
            // A node that is full refuses the request or each of its transactions.
            let Ok(answers) = client.submit_many(&part).await else { return };
            taken.fetch_add(lane.lock().unwrap().settle(&answers.into_iter().flatten().collect()), Ordering::Relaxed);
        });
        while sending.try_join_next().is_some() {}
    }
    while sending.join_next().await.is_some() {}
    (sent.load(Ordering::Relaxed), taken.load(Ordering::Relaxed))
}

/// A client of its own address: the node tells callers apart by that.
fn stranger() -> reqwest::Client {
    let address: std::net::IpAddr = "127.0.0.2".parse().unwrap();
    reqwest::Client::builder().local_address(address).build().unwrap()
}

/// Sends bytes, and gives the answer's status and text; none where the connection was cut.
async fn post(http: &reqwest::Client, url: &str, bytes: Vec<u8>) -> Option<(u16, String)> {
    let request = http.post(url).header("content-type", "application/octet-stream").body(bytes);
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.unwrap_or_default()))
}

/// Rubbish, what is too large, forged signatures, and what was final long ago, until it is enough; how many requests.
async fn rubbish(url: String, old: Vec<Transaction>, enough: Arc<AtomicBool>) -> usize {
    let (http, mut sent) = (stranger(), 0);
    let (one, many) = (format!("{url}/v1/transactions"), format!("{url}/v1/transactions/batch"));
    let encoded = |transactions: Vec<Transaction>| {
        wire::encode(&transactions.iter().map(|transaction| transaction.encode()).collect::<Vec<Vec<u8>>>())
    };
    let forged = |transaction: &Transaction| {
        let mut forged = transaction.clone();
        forged.body.nonce += 1_000_000;
        forged
    };
    let forged = encoded(old.iter().take(64).map(forged).collect());
    let old = encoded(old);
    while !enough.load(Ordering::Relaxed) {
        for (url, bytes) in [(&many, forged.clone()), (&one, vec![0xa5; 4_096]), (&many, old.clone())] {
            if let Some((status, text)) = post(&http, url, bytes).await {
                assert!(status == 200 || (400..500).contains(&status), "{status} {text}");
            }
            sent += 1;
        }
        let _ = post(&http, &one, vec![0; limits::REQUEST_BYTES_MAX + 1]).await;
        sent += 1;
    }
    sent
}

/// Clients that ask for much and read nothing.
async fn slow_readers(address: &str) -> Vec<tokio::net::TcpStream> {
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let one = "GET /openapi.json HTTP/1.1\r\nhost: node\r\n\r\n";
        stream.write_all(one.repeat(50).as_bytes()).await.unwrap();
        readers.push(stream);
    }
    readers
}

/// A gentle client: one record after the other, each waited for; the slowest.
async fn behave(client: Client, genesis: Genesis, enough: Arc<AtomicBool>) -> (usize, Duration) {
    let mut sender = Sender::of("S2.maker");
    let (mut count, mut slowest) = (0, Duration::ZERO);
    while !enough.load(Ordering::Relaxed) {
        let transaction = sender.next(&genesis);
        let start = Instant::now();
        let hash = client.submit(&transaction).await.unwrap();
        assert_eq!(client.wait(hash).await.unwrap().status, Status::Applied);
        slowest = slowest.max(start.elapsed());
        count += 1;
    }
    (count, slowest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_behaves_is_served_while_one_organisation_floods_and_strangers_send_rubbish() {
    let folder = chain();
    let node = Process::start(folder.path());
    let client = node.client();
    let genesis = client.genesis().await.unwrap();
    fund(&client).await;
    let mut senders = appoint(&client).await;
    peak(&client, &mut senders, &genesis).await;
    let (before, ()) = measured(&node, &client, peak(&client, &mut senders, &genesis)).await;

    let many = TIMES * before.per_second as usize * usize::try_from(LENGTH.as_secs()).unwrap();
    // What was final long ago has other signatures' times, and the same nonces: it is refused or taken as it was.
    let mut past: Vec<Sender> = senders.iter().map(|sender| Sender::of(&sender.name)).collect();
    let old = sign(&mut past, &genesis, TOGETHER);
    let each = many * 2 / TIMES / FLOODERS + limits::POOL_PER_ACCOUNT_MAX;
    let waiting = senders.iter_mut().map(|sender| (0..each).map(|_| sender.next(&genesis)).collect::<VecDeque<_>>());
    let waiting: Vec<_> = waiting.collect();
    let lanes = waiting.chunks(FLOODERS / LANES).map(|part| Lane(part.to_vec())).collect();
    let address = node.url.strip_prefix("http://").unwrap().to_owned();
    let idle: Vec<TcpStream> = (0..IDLE).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let readers = slow_readers(&address).await;
    let enough = Arc::new(AtomicBool::new(false));
    let behaving = tokio::spawn(behave(node.client(), genesis.clone(), enough.clone()));
    let bad = tokio::spawn(rubbish(node.url.clone(), old, enough.clone()));
    let (flooded, (sent, taken)) = measured(&node, &client, flood(node.client(), lanes, many)).await;
    enough.store(true, Ordering::Relaxed);
    let ((served, slowest), refused) = (behaving.await.unwrap(), bad.await.unwrap());
    drop((idle, readers));
    let memory = peak_memory_mib(node.id());

    let ratio = (flooded.per_second / before.per_second).max(flooded.per_cpu_second / before.per_cpu_second);
    println!(
        "peak {before:?}; while {sent} came ({taken} taken, {refused} requests of rubbish): {flooded:?}, ratio {ratio:.2}"
    );
    println!("{served} of who behaves, the slowest {slowest:?}; {memory} MiB at most");
    assert!(ratio >= goodput_min(), "the node carries {ratio:.2} of its peak");
    assert!(served > 0 && slowest <= FINAL_WITHIN, "{served} were served, the slowest within {slowest:?}");
    assert!(memory <= MEMORY_MIB_MAX, "{memory} MiB");
    assert!(refused > 0);
    assert!(program(&["status"]).env("TRIBUTARY_NODE", &node.url).output().unwrap().status.success());
}
