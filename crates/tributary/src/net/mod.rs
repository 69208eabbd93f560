//! `tributary net`: a chain of several validators on this machine, each a process with a folder of its own.
//!
//! ```text
//!   net/keys/             the demonstration's people, as `tributary up` makes them
//!   net/node1/            data folder of the first validator
//!   net/node1/node.log    what it says
//!   net/node1/node.pid    its process, while it runs
//!   net/node1/node.url    where its door is
//!   net/relay.*           the wires between the nodes, and the process that carries them
//! ```
//! The processes do not hang on the command that started them: `net kill 2` ends one as a power cut would, `net start 2`
//! brings it back, and `net up` shows what all of them say until it is asked to stop. `net partition 1,2 3,4` cuts the wires
//! between two groups, `net heal` mends them, and `net add` takes one more node in by vote.

mod add;
mod logs;
mod process;
mod relay;

use crate::{
    demo,
    output::{self, Form},
    server::{birth, run::asked_to_stop},
};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command, value_parser};
use logs::Log;
use node::{Peer, Peers};
pub use process::Member;
use sdk::{Client, Keystore};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use types::{Clock, List, Text, genesis::Operator, limits};

/// Most validators on one machine: each is a process with some hundred MiB.
const VALIDATORS_MAX: i64 = 16;
/// Blocks of an epoch: whoever is voted in signs within minutes, and sixteen validators have two turns in each half.
const EPOCH_BLOCKS: &str = "96";

pub fn command() -> Command {
    let dir = Arg::new("dir").long("dir").value_name("DIR").default_value("net").help("Folder with the network's data");
    Command::new("net")
        .about("Run a chain of several validators on this machine")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(dir.global(true))
        .subcommand(up_command())
        .subcommand(Command::new("status").about("Show every node: height, what waits, how far it is behind"))
        .subcommand(Command::new("kill").about("End a node as a power cut would").arg(number()))
        .subcommand(Command::new("start").about("Start a node that was killed or stopped").arg(number()))
        .subcommand(Command::new("partition").about("Cut the wires between groups of nodes").arg(
            Arg::new("group").required(true).num_args(1..).value_name("N,N..").help(
                "Nodes that still reach each other: `net partition 1,2 3,4`; those named nowhere are a group too",
            ),
        ))
        .subcommand(Command::new("heal").about("Mend all wires that were cut"))
        .subcommand(
            Command::new("add").about("Make one more node, have it voted in, and start it").arg(
                Arg::new("until")
                    .long("until")
                    .value_name("WHAT")
                    .default_value("started")
                    .value_parser(|text: &str| text.parse::<add::Until>())
                    .help("Stay until the new node is `started`, `follows`, or `signs`; the last takes two to three epochs"),
            ),
        )
        .subcommand(Command::new("relay").about("Carry the wires between the nodes").hide(true))
        .subcommand(Command::new("down").about("Ask every node to stop"))
}

fn number() -> Arg {
    Arg::new("number")
        .required(true)
        .value_name("N")
        .value_parser(value_parser!(u32).range(1..))
        .help("Which node: 1, 2, ...")
}

fn up_command() -> Command {
    let address = |name: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_name("ADDRESS").default_value(default).value_parser(value_parser!(SocketAddr))
    };
    Command::new("up")
        .about("Start every node, make the chain first where there is none, and show what they say until Ctrl-C")
        .arg(
            Arg::new("validators")
                .long("validators")
                .value_name("N")
                .default_value("4")
                .value_parser(value_parser!(u32).range(1..=VALIDATORS_MAX))
                .help("How many validators a new chain gets"),
        )
        .arg(
            Arg::new("epoch-blocks")
                .long("epoch-blocks")
                .value_name("N")
                .default_value(EPOCH_BLOCKS)
                .value_parser(value_parser!(u64).range(limits::EPOCH_BLOCKS_MIN..=limits::EPOCH_BLOCKS_MAX))
                .help("Blocks of an epoch of a new chain: whoever is voted in signs two to three epochs later"),
        )
        .arg(
            address("doors-from", "127.0.0.1:8645")
                .help("Address of the first node's door; the next ones on the next ports"),
        )
        .arg(address("peers-from", "127.0.0.1:9645").help(
            "Where the first node of a new chain listens for the others; the next ones on the next ports, \
             and the wires between them on a few hundred above",
        ))
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let (name, arguments) = arguments.subcommand().expect("clap demands a subcommand");
    let dir: &String = arguments.get_one("dir").expect("it has a default");
    let dir = Path::new(dir);
    let number = || -> anyhow::Result<Member> {
        let number: u32 = *arguments.get_one("number").expect("clap demands it");
        let mut members = members(dir)?;
        let count = members.len();
        let place = usize::try_from(number)?.checked_sub(1).filter(|place| *place < count);
        Ok(members.swap_remove(place.with_context(|| format!("there is no node {number}: the network has {count}"))?))
    };
    match name {
        "up" => up(dir, arguments).await,
        "status" => status(dir, Form::of(arguments)).await,
        "kill" => number()?.kill(),
        "start" => {
            let member = number()?;
            carry(dir).await?;
            member.start()
        }
        "partition" => partition(dir, arguments).await,
        "heal" => {
            relay::Relay::of(dir).tell(&relay::Order::Divide(relay::Groups::new())).await?;
            println!("all wires are whole");
            Ok(())
        }
        "add" => {
            let until: add::Until = *arguments.get_one("until").expect("it has a default");
            add::add(dir, until).await
        }
        "relay" => relay::run(dir).await,
        "down" => down(dir),
        _ => unreachable!("clap knows the subcommands"),
    }
}

/// Starts the wires, where the network was made with some.
async fn carry(dir: &Path) -> anyhow::Result<()> {
    let relay = relay::Relay::of(dir);
    if relay.exists() { relay.start().await } else { Ok(()) }
}

fn down(dir: &Path) -> anyhow::Result<()> {
    let asked = members(dir)?.iter().try_for_each(Member::stop);
    relay::Relay::of(dir).stop();
    asked
}

async fn partition(dir: &Path, arguments: &ArgMatches) -> anyhow::Result<()> {
    let count = u32::try_from(members(dir)?.len())?;
    let mut groups = relay::Groups::new();
    for text in arguments.get_many::<String>("group").into_iter().flatten() {
        let mut group = BTreeSet::new();
        for number in text.split(',') {
            let number: u32 = number.trim().parse().with_context(|| format!("`{number}` is no number of a node"))?;
            anyhow::ensure!((1..=count).contains(&number), "there is no node {number}: the network has {count}");
            let twice = groups.iter().any(|earlier: &BTreeSet<u32>| earlier.contains(&number)) || !group.insert(number);
            anyhow::ensure!(!twice, "node {number} can be in one group only");
        }
        groups.push(group);
    }
    let named: BTreeSet<u32> = groups.iter().flatten().copied().collect();
    let rest: BTreeSet<u32> = (1..=count).filter(|number| !named.contains(number)).collect();
    if !rest.is_empty() {
        groups.push(rest);
    }
    relay::Relay::of(dir).tell(&relay::Order::Divide(groups.clone())).await?;
    let name = |group: &BTreeSet<u32>| group.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    println!("cut: {}", groups.iter().map(name).collect::<Vec<_>>().join(" | "));
    let largest = groups.iter().map(BTreeSet::len).max().unwrap_or_default();
    let needed = usize::try_from(count - (count - 1) / 3)?;
    match largest >= needed {
        true => println!("the group of {largest} has the {needed} of {count} that make blocks, and goes on"),
        false => println!("no group has the {needed} of {count} that make blocks: the chain stands until `net heal`"),
    }
    Ok(())
}

/// The network's nodes, in the order of their numbers.
pub fn members(dir: &Path) -> anyhow::Result<Vec<Member>> {
    let members: Vec<Member> = (1..).map(|number| Member::new(dir, number)).take_while(Member::exists).collect();
    anyhow::ensure!(!members.is_empty(), "there is no network in {}: start one with `tributary net up`", dir.display());
    Ok(members)
}

async fn up(dir: &Path, arguments: &ArgMatches) -> anyhow::Result<()> {
    if !Member::new(dir, 1).exists() {
        let validators: u32 = *arguments.get_one("validators").expect("it has a default");
        let first: SocketAddr = *arguments.get_one("peers-from").expect("it has a default");
        let epoch_blocks: u64 = *arguments.get_one("epoch-blocks").expect("it has a default");
        make(dir, validators, epoch_blocks, first)?;
        println!("A new chain with {validators} validators, its data is in {}.", dir.display());
    }
    carry(dir).await?;
    let members = members(dir)?;
    let logs = members.iter().map(|member| Log::at_end(member.number, member.log())).collect();
    let first: SocketAddr = *arguments.get_one("doors-from").expect("it has a default");
    for (member, door) in members.iter().zip(birth::consecutive(first, members.len())?) {
        member.set_door(door)?;
        if !member.runs() {
            member.start()?;
        }
        println!("node{} serves on http://{door}", member.number);
    }
    println!(
        "In another terminal: `tributary top`, `tributary net status`, `net kill 2`, `net start 2`, `net partition 1,2 3,4`, \
         `net heal`, `net add`, `net down`. Ctrl-C stops all.\n"
    );
    tokio::select! {
        result = logs::follow(logs) => result?,
        () = asked_to_stop() => {}
        () = process::ended(&members) => println!("every node has ended"),
    }
    down(dir)
}

/// Makes the demonstration's keys and a chain with so many validators.
fn make(dir: &Path, validators: u32, epoch_blocks: u64, first: SocketAddr) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("make the folder {}", dir.display()))?;
    let passphrase = demo::passphrase(&dir.join("keys.passphrase"))?;
    let signers = demo::keys(&Keystore::open(dir.join("keys"))?, &passphrase)?;
    let operator = Operator {
        name: Text::new(demo::OPERATOR.name).map_err(anyhow::Error::msg)?,
        legal_id: Text::new(demo::OPERATOR.legal_id).map_err(anyhow::Error::msg)?,
        administrators: List::new(vec![signers["OP.admin"].public_key()]).map_err(anyhow::Error::msg)?,
    };
    let (mut genesis, keys) =
        birth::make_several("tributary network", operator, Clock::Real, birth::wall_time(), validators)?;
    genesis.epoch_blocks = epoch_blocks;
    let addresses = birth::consecutive(first, keys.len())?;
    // Also one validator alone gets a folder of its own.
    let folder: PathBuf = if keys.len() == 1 { dir.join("node1") } else { dir.to_owned() };
    let folders = birth::write(&folder, (&genesis, None), &keys, &addresses)?;
    let mut wires = Vec::new();
    for (from, (folder, listen)) in (1..).zip(folders.iter().zip(&addresses)) {
        let mut validators = Vec::new();
        for (to, (keys, ends)) in (1..).zip(keys.iter().zip(&addresses)) {
            let wire = relay::wire(from, to, first, *ends)?;
            let address = if from == to { *ends } else { wire.begins };
            validators.push(Peer { key: keys.peer_key().to_string(), address: address.to_string() });
            wires.extend((from != to).then_some(wire));
        }
        // A node alone has nobody to reach until another is added.
        if addresses.len() > 1 {
            folder.write_peers(&Peers { listen: *listen, validators })?;
        }
    }
    relay::Relay::of(dir).write(&wires)
}

/// What a node says of its chain, or why it says nothing.
pub async fn ask(member: &Member) -> (String, Result<api::message::ChainInfo, String>) {
    let door = member.door().unwrap_or_default();
    let info = match (member.runs(), Client::new(&door)) {
        (false, _) => Err("not running".to_owned()),
        (true, Ok(client)) => client.with_patience(Duration::ZERO).info().await.map_err(|error| error.to_string()),
        (true, Err(error)) => Err(error.to_string()),
    };
    (door, info)
}

async fn status(dir: &Path, form: Form) -> anyhow::Result<()> {
    let mut seen = Vec::new();
    for member in members(dir)? {
        let (door, info) = ask(&member).await;
        let signs =
            info.as_ref().is_ok_and(|info| member.peer_key().is_ok_and(|key| info.epoch.signers.contains(&key)));
        seen.push((member.number, door, signs, info));
    }
    let highest = seen.iter().filter_map(|(_, _, _, info)| info.as_ref().ok()).map(|info| info.head.height).max();
    let row =
        |(number, door, signs, info): (u32, String, bool, Result<api::message::ChainInfo, String>)| -> Vec<Value> {
            let name = json!(format!("node{number}"));
            match info {
                Ok(info) => {
                    let behind = highest.unwrap_or_default() - info.head.height;
                    let time = info.head.time.to_string();
                    vec![
                        name,
                        json!(door),
                        json!("serves"),
                        json!(signs),
                        json!(info.head.height),
                        json!(behind),
                        json!(info.waiting),
                        json!(time),
                    ]
                }
                Err(why) => {
                    vec![name, json!(door), json!(why), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]
                }
            }
        };
    let rows: Vec<Vec<Value>> = seen.into_iter().map(row).collect();
    output::rows(form, &["node", "door", "state", "signs", "height", "behind", "waiting", "block_time"], &rows);
    Ok(())
}
