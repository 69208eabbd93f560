//! A running node: asked at its doors how it is, and if the chain stands still, what it lacks.

use super::Finding;
use anyhow::Context as _;
use api::health::{Readiness, Stage};
use engine::ValidatorKeys;
use node::{Contact, Folder};
use sdk::Client;
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use types::{Clock, Genesis, PeerKey, Timestamp, limits::BLOCK_TIME_SKEW_MS_MAX};

/// Longer than this, a node on the same machine does not think about how it is.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// What the engine's network tells for each peer that is connected, whatever stands before it in the metric's name.
const CONNECTED: &str = "_connected";
/// Who has led a block lately enough: a few rounds of everybody.
const ROUNDS: u64 = 3;

pub async fn examine(
    folder: &Folder,
    genesis: &Genesis,
    keys: Option<&ValidatorKeys>,
    contact: &Contact,
) -> Vec<Finding> {
    let readiness = match readiness(contact).await {
        Ok(readiness) => readiness,
        Err(error) => {
            let says = format!("process {} holds the folder, and its door does not answer: {error:#}", contact.process);
            return vec![Finding::wrong("node", says)];
        }
    };
    let mut findings = vec![node(contact, &readiness)];
    if readiness.stage != Stage::Running {
        return findings;
    }
    findings.push(clock(genesis, &readiness));
    match membership(folder, genesis, keys, contact).await {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(Finding::wrong("committee", format!("the node does not tell: {error:#}"))),
    }
    findings
}

fn http() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(ANSWER_TIME).build()?)
}

async fn readiness(contact: &Contact) -> anyhow::Result<Readiness> {
    let url = format!("http://{}/readyz", contact.door);
    // Not ready is an answer too.
    let text = http()?.get(&url).send().await.with_context(|| format!("ask {url}"))?.text().await?;
    serde_json::from_str(&text).with_context(|| format!("{url} said {text}"))
}

fn node(contact: &Contact, readiness: &Readiness) -> Finding {
    let Readiness { height, indexed_height, .. } = readiness;
    let seconds = readiness.idle_ms / 1_000;
    let at = format!(
        "process {} at http://{}: height {height}, lists at {indexed_height}, last block {seconds} s ago",
        contact.process, contact.door
    );
    match &readiness.reason {
        None => Finding::good("node", at),
        Some(reason) => Finding::wrong("node", format!("{at}; {reason}")),
    }
}

/// Block time is made of the proposers' clocks: a head from the future means that ours is behind theirs.
fn clock(genesis: &Genesis, readiness: &Readiness) -> Finding {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (Some(head), Clock::Real) = (readiness.head_time, genesis.clock) else {
        return Finding::good("clock", "the chain's clock is moved by hand");
    };
    let ahead = i128::from(head.0) - i128::try_from(now.as_millis()).unwrap_or(i128::MAX);
    if ahead > i128::from(BLOCK_TIME_SKEW_MS_MAX) {
        return Finding::wrong("clock", format!("it is {ahead} ms behind the last block's time: set it by NTP"));
    }
    // What the block took to come here, and how long ago that was, is no fault of the clock.
    let late = -ahead - i128::from(readiness.idle_ms);
    if late > 60_000 {
        return Finding::doubtful(
            "clock",
            format!("the last block's time was {late} ms old when it came: compare this clock with NTP"),
        );
    }
    Finding::good("clock", format!("the last block's time was {} ms old when it came", late.max(0)))
}

/// The committee, who of it is connected, and who has led lately.
async fn membership(
    folder: &Folder,
    genesis: &Genesis,
    keys: Option<&ValidatorKeys>,
    contact: &Contact,
) -> anyhow::Result<Vec<Finding>> {
    let client = Client::new(&format!("http://{}", contact.door))?;
    let info = client.info().await?;
    let signers = &info.epoch.signers;
    let me = keys.map(ValidatorKeys::peer_key);
    let member = me.is_some_and(|me| signers.contains(&me));
    let mut findings = vec![seat(&info.epoch, member, silent(folder, genesis, &client, &info.epoch).await?)];
    if signers.len() > 1 {
        findings.push(reach(signers, me, &connected(contact).await?));
        findings.push(leaders(&client, signers, info.head.height).await?);
    }
    Ok(findings)
}

fn seat(epoch: &api::message::EpochView, member: bool, silent: Option<Timestamp>) -> Finding {
    let number = epoch.number;
    match (member, silent) {
        (false, _) => {
            Finding::good("seat", format!("this machine has no share in epoch {number}: it follows without a vote"))
        }
        (true, Some(at)) => Finding::doubtful(
            "seat",
            format!(
                "this folder was restored at {at}: it follows and does not sign until an epoch begins after that; the next begins at height {}",
                epoch.next_height
            ),
        ),
        (true, None) => Finding::good("seat", format!("this machine has a share in epoch {number}")),
    }
}

/// When the folder was restored, if that keeps it from signing in this epoch.
async fn silent(
    folder: &Folder,
    genesis: &Genesis,
    client: &Client,
    epoch: &api::message::EpochView,
) -> anyhow::Result<Option<Timestamp>> {
    let Some(at) = folder.restored()? else { return Ok(None) };
    if epoch.signers.len() == 1 {
        return Ok(None);
    }
    if genesis.clock == Clock::Movable || epoch.first_height == 0 {
        return Ok(Some(at));
    }
    let last = client.block(epoch.first_height - 1).await?;
    Ok(Some(at).filter(|at| !engine::safe_to_sign(*at, last.header.time)))
}

/// Whether those who must sign are reached.
fn reach(signers: &[PeerKey], me: Option<PeerKey>, connected: &BTreeSet<String>) -> Finding {
    let faults = (signers.len() - 1) / 3;
    let quorum = signers.len() - faults;
    let there = |signer: &&PeerKey| me == Some(**signer) || connected.contains(&signer.to_string());
    let here = signers.iter().filter(there).count();
    let missing: Vec<String> = signers.iter().filter(|signer| !there(signer)).map(ToString::to_string).collect();
    let says = format!(
        "{here} of {} validators are here or connected; {quorum} must sign, {faults} may be missing",
        signers.len()
    );
    if missing.is_empty() {
        return Finding::good("quorum", says);
    }
    let missing = missing.join(", ");
    if here < quorum {
        let todo = "the chain cannot advance until more are reached: do they run, are their addresses right, do firewalls let them through?";
        return Finding::wrong("quorum", format!("{says}; {todo} Missing: {missing}"));
    }
    Finding::doubtful("quorum", format!("{says}; missing: {missing}"))
}

/// The peers that are connected, by their keys.
async fn connected(contact: &Contact) -> anyhow::Result<BTreeSet<String>> {
    let url = format!("http://{}/metrics", contact.metrics.unwrap_or(contact.door));
    let text = http()?.get(&url).send().await.with_context(|| format!("ask {url}"))?.text().await?;
    let peer = |line: &str| {
        let (name, labels) = line.split_once('{')?;
        let peer = labels.split_once("peer=\"")?.1.split_once('"')?.0;
        name.ends_with(CONNECTED).then(|| peer.to_owned())
    };
    Ok(text.lines().filter_map(peer).collect())
}

/// A record of the governance module: the last block that a validator led.
#[derive(Deserialize)]
struct Lead {
    height: u64,
}

/// Whoever leads no blocks is gone, cut off, or silent.
async fn leaders(client: &Client, signers: &[PeerKey], head: u64) -> anyhow::Result<Finding> {
    let count = u64::try_from(signers.len()).unwrap_or(u64::MAX);
    // Leads are noted to within 16 blocks.
    let window = count * ROUNDS + 16;
    let mut missing = Vec::new();
    for signer in signers {
        let led = match client.row("governance/leads", &signer.to_string()).await {
            Ok(row) => serde_json::from_value::<Lead>(row.record).map_or(0, |lead| lead.height),
            Err(error) if error.code() == Some("E_NOT_FOUND") => 0,
            Err(error) => return Err(error.into()),
        };
        if led + window < head {
            missing.push(format!("{signer} (last at {led})"));
        }
    }
    Ok(if missing.is_empty() {
        Finding::good("leaders", format!("everybody led in the last {window} blocks"))
    } else {
        Finding::doubtful("leaders", format!("these led none of the last {window} blocks: {}", missing.join(", ")))
    })
}
