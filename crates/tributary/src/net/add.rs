//! `tributary net add`: one more node, made here, let in by vote, and followed until it signs.

use super::{Member, members, relay};
use crate::demo;
use anyhow::Context as _;
use engine::ValidatorKeys;
use getrandom::{SysRng, rand_core::UnwrapErr};
use ledger::{
    core::{EnterpriseId, Function},
    enterprise::{AddMember, NewMember},
    governance::{Change, NewPeer, Propose},
};
use node::{Folder, Peer, Peers};
use sdk::{Client, Keystore, Signer};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};
use types::{Genesis, List, PeerKey, Text};

/// How often the chain is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Who signs for the operator, which has the only vote of a network that was made here.
const VOTERS: [(&str, Function); 2] = [("maker", Function::Maker), ("checker", Function::Checker)];

/// How long `net add` stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// The new node was voted in, and its process runs.
    Started,
    /// It has what the others have: they let it in with the epoch for which it gets a share.
    Follows,
    /// It is one of those who sign.
    Signs,
}

impl std::str::FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "started" => Ok(Self::Started),
            "follows" => Ok(Self::Follows),
            "signs" => Ok(Self::Signs),
            other => Err(format!("`{other}` is nothing to wait for: choose started, follows or signs")),
        }
    }
}

pub async fn add(dir: &Path, until: Until) -> anyhow::Result<()> {
    let others = members(dir)?;
    let client = running(&others).await?;
    let genesis = client.genesis().await?;
    let number = others.last().expect("a network has nodes").number + 1;
    let (member, key) = make(dir, &others, number, &genesis)?;
    println!("node{number} has the key {key}");
    let address = wire_of_all(dir, number)?;
    if let Err(error) = vote(dir, &client, key, number, address).await {
        // A node that nobody let in is none of the network's.
        fs::remove_dir_all(member.folder()).context("forget the node that was not voted in")?;
        return Err(error);
    }
    member.start()?;
    let own = Client::new(&member.door()?)?;
    let info = client.info().await?;
    let (height, epoch) = (info.head.height, info.epoch);
    let blocks = epoch.next_height - epoch.first_height;
    println!(
        "node{number} was voted in at block {height} and is started. The others let it in within {} blocks, when it gets its \
         share; an epoch of {blocks} blocks later it signs, and serves on {}. `tributary net status` shows how far it is.",
        epoch.first_height + 2 * blocks - height,
        own.url(),
    );
    if until >= Until::Follows {
        let follows = async || Ok(own.info().await.is_ok_and(|info| info.head.height >= height));
        wait(&member, follows).await?;
        println!("node{number} follows: it has block {height}");
    }
    if until == Until::Signs {
        let signs = async || Ok(own.info().await.is_ok_and(|info| info.epoch.signers.contains(&key)));
        wait(&member, signs).await?;
        println!("node{number} signs");
    }
    Ok(())
}

/// A node that answers.
async fn running(members: &[Member]) -> anyhow::Result<Client> {
    for member in members.iter().filter(|member| member.runs()) {
        let client = Client::new(&member.door()?)?;
        if client.info().await.is_ok() {
            return Ok(client);
        }
    }
    anyhow::bail!("no node of the network answers: start them with `tributary net up`")
}

/// The new node's folder and key, the wires by which it reaches the others, and the one by which all of them reach it.
fn make(dir: &Path, others: &[Member], number: u32, genesis: &Genesis) -> anyhow::Result<(Member, PeerKey)> {
    let relay = relay::Relay::of(dir);
    // Without those of a node that was not let in.
    let mut laid = relay.wires()?;
    laid.retain(|wire| wire.from < number && wire.to < number);
    let listens = |node: u32| laid.iter().find(|wire| wire.to == node).map(|wire| wire.ends);
    let first = listens(1).context("the first node has no wire")?;
    let last = others.last().expect("a network has nodes");
    let (listen, held) = free_behind(listens(last.number).context("a node has no wire")?)?;
    let (mut validators, mut wires) = (Vec::new(), laid.clone());
    for other in others {
        let out = relay::wire(number, other.number, first, listens(other.number).context("a node has no wire")?)?;
        let key = other.peer_key()?;
        validators.push(Peer { key: key.to_string(), address: out.begins.to_string() });
        wires.push(out);
    }
    wires.push(relay::wire(0, number, first, listen)?);
    let keys = ValidatorKeys::new(&mut UnwrapErr(SysRng));
    let key = keys.peer_key();
    let member = Member::new(dir, number);
    let folder = Folder::new(member.folder());
    folder.create(genesis, &keys).context("write the folder of the new node")?;
    folder.write_peers(&Peers { listen, validators })?;
    relay.write(&wires)?;
    let door: SocketAddr = last.door()?.trim_start_matches("http://").parse().context("the last node's door")?;
    member.set_door(free_behind(door)?.0)?;
    drop(held);
    Ok((member, key))
}

/// The next place on this machine at which nobody listens, and what keeps others away from it.
fn free_behind(last: SocketAddr) -> anyhow::Result<(SocketAddr, TcpListener)> {
    let mut places = (last.port()..u16::MAX).map(|port| SocketAddr::new(last.ip(), port + 1));
    places.find_map(|place| Some((place, TcpListener::bind(place).ok()?))).context("there is no port left")
}

/// Where nodes reach the new one that know it from the chain alone.
fn wire_of_all(dir: &Path, number: u32) -> anyhow::Result<SocketAddr> {
    let wires = relay::Relay::of(dir).wires()?;
    let wire = wires.iter().find(|wire| (wire.from, wire.to) == (0, number));
    Ok(wire.context("the new node's wire was written")?.begins)
}

/// Has the operator's people let the new node in; they are appointed first where they are not.
async fn vote(dir: &Path, client: &Client, key: PeerKey, number: u32, address: SocketAddr) -> anyhow::Result<()> {
    relay::Relay::of(dir).tell(&relay::Order::Lay).await?;
    let passphrase = demo::passphrase(&dir.join("keys.passphrase"))?;
    let signers = demo::keys(&Keystore::open(dir.join("keys"))?, &passphrase)?;
    let operator = client.query("enterprise.by_legal_id", json!({ "legal_id": demo::OPERATOR.legal_id })).await?;
    let enterprise: EnterpriseId = serde_json::from_value(operator).context("the operator's id")?;
    let people = appoint(client, &signers).await?;
    let bounded = anyhow::Error::msg::<String>;
    let addresses = List::new(vec![address.to_string().parse().map_err(bounded)?]).map_err(bounded)?;
    let name = Text::new(format!("node{number}")).map_err(bounded)?;
    let propose = Propose {
        changes: List::new(vec![Change::AddValidator(NewPeer { peer_key: key, enterprise, name, addresses })])
            .map_err(bounded)?,
        reason: Text::new("one more machine").map_err(bounded)?,
        effective_at: None,
        override_preflight: false,
    };
    client.act(&people, &propose).await.context("propose the new node")?;
    Ok(())
}

/// The operator's maker and checker, who are members already or are appointed by its administrator.
async fn appoint<'a>(client: &Client, signers: &'a BTreeMap<String, Signer>) -> anyhow::Result<Vec<&'a Signer>> {
    let mut people = Vec::new();
    for (person, function) in VOTERS {
        let signer = &signers[&format!("{}.{person}", demo::OPERATOR.short)];
        let account = signer.public_key().account();
        if client.row("enterprise/keys", &account.to_string()).await.is_err() {
            let member = NewMember {
                name: Text::new(format!("{} {person}", demo::OPERATOR.short)).map_err(anyhow::Error::msg)?,
                functions: List::new(vec![function]).map_err(anyhow::Error::msg)?,
                public_key: signer.public_key(),
                starts: None,
                ends: None,
                limit_minor: None,
            };
            let administrator = &signers[&format!("{}.admin", demo::OPERATOR.short)];
            client
                .act(&[administrator], &AddMember { member })
                .await
                .with_context(|| format!("appoint the {person}"))?;
        }
        people.push(signer);
    }
    Ok(people)
}

/// Waits until something holds, as long as the node runs.
async fn wait(member: &Member, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let mut looks = tokio::time::interval(LOOK);
    while !holds().await? {
        anyhow::ensure!(member.runs(), "node{} has ended: see {}", member.number, member.log().display());
        looks.tick().await;
    }
    Ok(())
}
