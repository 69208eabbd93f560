//! `tributary net`: a chain of several validators on this machine, each a process with a folder of its own.
//!
//! ```text
//!   net/keys/             the demonstration's people, as `tributary up` makes them
//!   net/node1/            data folder of the first validator
//!   net/node1/node.log    what it says
//!   net/node1/node.pid    its process, while it runs
//!   net/node1/node.url    where its door is
//! ```
//! The processes do not hang on the command that started them: `net kill 2` ends one as a power cut would, `net start 2`
//! brings it back, and `net up` shows what all of them say until it is asked to stop.

mod logs;
mod process;

use crate::{
    demo,
    output::{self, Form},
    server::{birth, run::asked_to_stop},
};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command, value_parser};
use logs::Log;
use process::Member;
use sdk::{Client, Keystore};
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use types::{Clock, List, Text, genesis::Operator};

/// Most validators on one machine: each is a process with some hundred MiB.
const VALIDATORS_MAX: i64 = 16;

pub fn command() -> Command {
    let number = || {
        Arg::new("number")
            .required(true)
            .value_name("N")
            .value_parser(value_parser!(u32).range(1..))
            .help("Which node: 1, 2, ...")
    };
    let dir = Arg::new("dir").long("dir").value_name("DIR").default_value("net").help("Folder with the network's data");
    Command::new("net")
        .about("Run a chain of several validators on this machine")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(dir.global(true))
        .subcommand(
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
                    Arg::new("doors-from")
                        .long("doors-from")
                        .value_name("ADDRESS")
                        .default_value("127.0.0.1:8645")
                        .value_parser(value_parser!(SocketAddr))
                        .help("Address of the first node's door; the next ones on the next ports"),
                )
                .arg(
                    Arg::new("peers-from")
                        .long("peers-from")
                        .value_name("ADDRESS")
                        .default_value("127.0.0.1:9645")
                        .value_parser(value_parser!(SocketAddr))
                        .help("Where the first node of a new chain listens for the others; the next ones on the next ports"),
                ),
        )
        .subcommand(Command::new("status").about("Show every node: height, what waits, how far it is behind"))
        .subcommand(Command::new("kill").about("End a node as a power cut would").arg(number()))
        .subcommand(Command::new("start").about("Start a node that was killed or stopped").arg(number()))
        .subcommand(Command::new("down").about("Ask every node to stop"))
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
        "start" => number()?.start(),
        "down" => members(dir)?.iter().try_for_each(Member::stop),
        _ => unreachable!("clap knows the subcommands"),
    }
}

/// The network's nodes, in the order of their numbers.
fn members(dir: &Path) -> anyhow::Result<Vec<Member>> {
    let members: Vec<Member> = (1..).map(|number| Member::new(dir, number)).take_while(Member::exists).collect();
    anyhow::ensure!(!members.is_empty(), "there is no network in {}: start one with `tributary net up`", dir.display());
    Ok(members)
}

async fn up(dir: &Path, arguments: &ArgMatches) -> anyhow::Result<()> {
    if !Member::new(dir, 1).exists() {
        let validators: u32 = *arguments.get_one("validators").expect("it has a default");
        let first: SocketAddr = *arguments.get_one("peers-from").expect("it has a default");
        make(dir, validators, first)?;
        println!("A new chain with {validators} validators, its data is in {}.", dir.display());
    }
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
        "In another terminal: `tributary net status`, `net kill 2`, `net start 2`, `net down`. Ctrl-C stops all.\n"
    );
    tokio::select! {
        result = logs::follow(logs) => result?,
        () = asked_to_stop() => {}
        () = process::ended(&members) => println!("every node has ended"),
    }
    members.iter().filter(|member| member.runs()).try_for_each(Member::stop)
}

/// Makes the demonstration's keys and a chain with so many validators.
fn make(dir: &Path, validators: u32, first: SocketAddr) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("make the folder {}", dir.display()))?;
    let passphrase = demo::passphrase(&dir.join("keys.passphrase"))?;
    let signers = demo::keys(&Keystore::open(dir.join("keys"))?, &passphrase)?;
    let operator = Operator {
        name: Text::new(demo::OPERATOR.name).map_err(anyhow::Error::msg)?,
        legal_id: Text::new(demo::OPERATOR.legal_id).map_err(anyhow::Error::msg)?,
        administrators: List::new(vec![signers["OP.admin"].public_key()]).map_err(anyhow::Error::msg)?,
    };
    let (genesis, keys) =
        birth::make_several("tributary network", operator, Clock::Real, birth::wall_time(), validators)?;
    let addresses = birth::consecutive(first, keys.len())?;
    // Also one validator alone gets a folder of its own.
    let folder: PathBuf = if keys.len() == 1 { dir.join("node1") } else { dir.to_owned() };
    birth::write(&folder, &genesis, &keys, &addresses)?;
    Ok(())
}

async fn status(dir: &Path, form: Form) -> anyhow::Result<()> {
    let mut seen = Vec::new();
    for member in members(dir)? {
        let door = member.door()?;
        let info = match member.runs() {
            true => Client::new(&door)?.info().await.map_err(|error| error.to_string()),
            false => Err("not running".to_owned()),
        };
        seen.push((member.number, door, info));
    }
    let highest = seen.iter().filter_map(|(_, _, info)| info.as_ref().ok()).map(|info| info.head.height).max();
    let row = |(number, door, info): (u32, String, Result<api::message::ChainInfo, String>)| -> Vec<Value> {
        let name = json!(format!("node{number}"));
        match info {
            Ok(info) => {
                let behind = highest.unwrap_or_default() - info.head.height;
                let time = info.head.time.to_string();
                vec![
                    name,
                    json!(door),
                    json!("serves"),
                    json!(info.head.height),
                    json!(behind),
                    json!(info.waiting),
                    json!(time),
                ]
            }
            Err(why) => vec![name, json!(door), json!(why), Value::Null, Value::Null, Value::Null, Value::Null],
        }
    };
    let rows: Vec<Vec<Value>> = seen.into_iter().map(row).collect();
    output::rows(form, &["node", "door", "state", "height", "behind", "waiting", "block_time"], &rows);
    Ok(())
}
