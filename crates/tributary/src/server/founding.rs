//! `tributary chain member | plan | ceremony | check | checkpoint | join`: several organisations found a chain, and none
//! trusts another alone.
//!
//! ```text
//!   member   each: its machine's key, in its own folder;  member.json, public  --> to who collects
//!   plan     one: all members' files  -->  plan.json: the genesis without its group key  --> to everybody, who checks it
//!   ceremony each, at the same time: the shares are dealt; genesis and key file in the own folder
//!   check    anybody: what a genesis or a plan says, and its hash
//!   join     later: a machine's key and folder for a chain that is there; a vote lets it in
//!   checkpoint  of a node: whom to ask where to begin, for a machine that joins when the founders' are gone
//! ```
//! No secret leaves its machine: not on paper, not in a file, not over the network.

use super::{
    birth::{self, administrators, wall_time},
    data, state,
};
use crate::output::{self, Form};
use anyhow::Context as _;
use api::message::CheckpointView;
use clap::{Arg, ArgMatches, Command, value_parser};
use engine::{Attendance, Checkpoint, Peering, Progress, ValidatorKeys};
use getrandom::{SysRng, rand_core::UnwrapErr};
use node::{Folder, Peer, Peers};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};
use types::{
    Bytes, Clock, Digest, Genesis, List, Text,
    genesis::{Founder, FoundingValidator, Operator},
    limits,
    party::EntityRole,
    peer::PeerAddress,
    wire,
};

fn option(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("TEXT").help(help)
}

fn listen() -> Arg {
    Arg::new("listen")
        .long("listen")
        .value_name("ADDRESS")
        .default_value("0.0.0.0:9645")
        .value_parser(value_parser!(SocketAddr))
        .help("Where this machine listens for the others")
}

fn out(default: &'static str) -> Arg {
    Arg::new("out").long("out").value_name("FILE").default_value(default).help("Where the public file is written")
}

fn member_command() -> Command {
    Command::new("member")
        .about("Found a chain with others, step 1: make this machine's key, and a public file about your organisation")
        .arg(data())
        .arg(option("name", "Your organisation's name in the commercial register").required(true))
        .arg(option("legal-id", "Its unified social credit code or LEI").required(true))
        .arg(
            option("roles", "What it is in the trade: core, supplier, bank, operator, ...")
                .required(true)
                .value_delimiter(','),
        )
        .arg(
            option("administrators", "Public keys of its administrators, as `tributary key new` shows them")
                .required(true)
                .value_delimiter(','),
        )
        .arg(
            Arg::new("weight")
                .long("weight")
                .value_name("N")
                .default_value("1")
                .value_parser(value_parser!(u32).range(1..))
                .help("Its weight in votes"),
        )
        .arg(option("machine", "This machine's name for people").default_value("validator"))
        .arg(
            option("address", "Where the other validators reach this machine: HOST:PORT, the preferred one first")
                .required(true)
                .value_delimiter(','),
        )
        .arg(out("member.json"))
}

pub fn commands() -> Vec<Command> {
    vec![
        member_command(),
        Command::new("plan")
            .about("Step 2: put the members' files together, for everybody to check")
            .arg(option("name", "The chain's name for people").required(true))
            .arg(
                Arg::new("epoch-blocks")
                    .long("epoch-blocks")
                    .value_name("N")
                    .value_parser(value_parser!(u64).range(limits::EPOCH_BLOCKS_MIN..=limits::EPOCH_BLOCKS_MAX))
                    .help("Blocks of an epoch: after so many, key shares are dealt anew"),
            )
            .arg(state::option())
            .arg(Arg::new("members").value_name("FILE").num_args(1..).required(true).help("The members' files"))
            .arg(out("plan.json")),
        Command::new("ceremony")
            .about("Step 3, all at the same time: draw the shares of the chain's key, and write the genesis")
            .arg(data())
            .arg(listen())
            .arg(state::option())
            .arg(Arg::new("plan").value_name("PLAN").required(true).help("The plan on which all agreed")),
        Command::new("join")
            .about("Make a folder and a key for a machine that is to join a chain; a vote lets it in")
            .arg(data())
            .arg(listen())
            .arg(
                option("peers", "Where validators are reached: KEY@HOST:PORT; those of the genesis when absent")
                    .value_delimiter(','),
            )
            .arg(Arg::new("checkpoint").long("checkpoint").value_name("FILE").help(
                "Ask those whom this names where to begin, and not the validators of the genesis, who may be gone",
            ))
            .arg(Arg::new("genesis").value_name("GENESIS").required(true).help("genesis.json of any node")),
        Command::new("checkpoint")
            .about("Ask a node for what names the validators of now: for a machine that is to join")
            .arg(out("checkpoint.json")),
        Command::new("check")
            .about("Show what a plan or a genesis says, and its hash: the same for everybody")
            .arg(state::option())
            .arg(Arg::new("file").value_name("FILE").required(true).help("plan.json, genesis.json")),
    ]
}

pub async fn run(name: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    match name {
        "member" => member(arguments),
        "plan" => plan(arguments),
        "ceremony" => ceremony(arguments).await,
        "join" => join(arguments),
        "checkpoint" => checkpoint(arguments).await,
        "check" => check(arguments),
        _ => unreachable!("clap knows the subcommands"),
    }
}

fn text<'a>(arguments: &'a ArgMatches, name: &str) -> &'a str {
    arguments.get_one::<String>(name).expect("clap demands it or has a default")
}

fn texts<'a>(arguments: &'a ArgMatches, name: &str) -> impl Iterator<Item = &'a String> {
    arguments.get_many::<String>(name).into_iter().flatten()
}

fn read<T: DeserializeOwned>(path: &str) -> anyhow::Result<T> {
    let bytes = fs::read(path).with_context(|| format!("read {path}"))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{path} is not what it should be"))
}

fn write<T: Serialize>(path: &str, value: &T) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(value).expect("it has string keys only");
    fs::write(path, bytes).with_context(|| format!("write {path}"))
}

/// A role as people write it: in any case.
fn role(name: &str) -> anyhow::Result<EntityRole> {
    let all = EntityRole::ALL.iter().map(|role| format!("{role:?}").to_lowercase()).collect::<Vec<_>>();
    let found = all.iter().position(|known| *known == name.replace('-', "").to_lowercase());
    found
        .map(|place| EntityRole::ALL[place])
        .with_context(|| format!("`{name}` is no role: there are {}", all.join(", ")))
}

fn member(arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = Folder::new(text(arguments, "data"));
    let roles = texts(arguments, "roles").map(|name| role(name)).collect::<Result<Vec<_>, _>>()?;
    let addresses = texts(arguments, "address").map(|address| address.parse()).collect::<Result<Vec<PeerAddress>, _>>();
    let bounded = anyhow::Error::msg::<String>;
    let keys = ValidatorKeys::new(&mut UnwrapErr(SysRng));
    let founder = Founder {
        name: Text::new(text(arguments, "name")).map_err(bounded)?,
        legal_id: Text::new(text(arguments, "legal-id")).map_err(bounded)?,
        roles: List::new(roles).map_err(bounded)?,
        administrators: List::new(administrators(arguments)?).map_err(bounded)?,
        validators: List::new(vec![FoundingValidator {
            peer_key: keys.peer_key(),
            name: Text::new(text(arguments, "machine")).map_err(bounded)?,
            addresses: List::new(addresses.map_err(bounded)?).map_err(bounded)?,
        }])
        .map_err(bounded)?,
        weight: *arguments.get_one("weight").expect("it has a default"),
    };
    folder.write_keys(&keys).context("keep this machine's key")?;
    let out = text(arguments, "out");
    write(out, &founder)?;
    output::value(
        Form::of(arguments),
        &json!({ "peer_key": keys.peer_key(), "key_file": folder.path().join("validator.key"), "public_file": out }),
    );
    Ok(())
}

fn plan(arguments: &ArgMatches) -> anyhow::Result<()> {
    let members = texts(arguments, "members").map(|path| read(path)).collect::<Result<Vec<Founder>, _>>()?;
    let operator = members
        .iter()
        .find(|founder| founder.roles.contains(&EntityRole::Operator))
        .context("none of the members is the operator, who registers the enterprises that join later")?;
    let mut validators: Vec<_> =
        members.iter().flat_map(|founder| founder.validators.iter()).map(|machine| machine.peer_key).collect();
    validators.sort();
    let bounded = anyhow::Error::msg::<String>;
    let keys = validators.iter().map(|key| Bytes::new(key.0).expect("a key has 32 bytes")).collect();
    let inherited = state::Read::of(arguments)?;
    let plan = Genesis {
        name: Text::new(text(arguments, "name")).map_err(bounded)?,
        time: inherited.as_ref().map_or(Ok(wall_time()), |read| read.begins(wall_time()))?,
        made_at: wall_time(),
        clock: Clock::Real,
        operator: Operator {
            name: operator.name.clone(),
            legal_id: operator.legal_id.clone(),
            administrators: operator.administrators.clone(),
        },
        founders: List::new(members.clone()).map_err(bounded)?,
        epoch_blocks: arguments.get_one("epoch-blocks").copied().unwrap_or(limits::EPOCH_BLOCKS_DEFAULT),
        validators: List::new(keys).map_err(bounded)?,
        group_key: Bytes::default(),
        sharing: Bytes::default(),
        state: inherited.as_ref().map(state::Read::named),
    };
    sound(&plan, inherited.as_ref())?;
    let out = text(arguments, "out");
    write(out, &plan)?;
    show(Form::of(arguments), &plan);
    Ok(())
}

/// Refuses what no chain could begin with.
pub(super) fn sound(plan: &Genesis, state: Option<&state::Read>) -> anyhow::Result<()> {
    let inherited = match (&plan.state, state) {
        (None, None) => None,
        (Some(named), Some(read)) if read.named() == *named => Some(read.state.records.clone()),
        (Some(named), Some(_)) => anyhow::bail!("it goes on with another state than this one: with {}", named.digest),
        (Some(named), None) => {
            anyhow::bail!(
                "it goes on with the state of chain {}, block {}: give it with --state",
                named.chain,
                named.height
            )
        }
        (None, Some(_)) => anyhow::bail!("it goes on with no state of another chain: leave --state out"),
    };
    execution::run::genesis_records(plan, inherited)
        .map(drop)
        .map_err(|rejection| anyhow::anyhow!("the rules of the ledger refuse it: {}", ledger::explain(&rejection).1))
}

/// The hash by which people compare a plan.
fn plan_hash(plan: &Genesis) -> Digest {
    Digest::of(&[b"tributary/plan/1", &wire::encode(plan)])
}

fn show(form: Form, genesis: &Genesis) {
    let is_plan = genesis.group_key.is_empty();
    let (what, hash) = if is_plan { ("plan", plan_hash(genesis)) } else { ("genesis", genesis.chain()) };
    let machines_of = |founder: &Founder| {
        let machine = |machine: &FoundingValidator| format!("{} at {}", machine.peer_key, machine.addresses[0]);
        founder.validators.iter().map(machine).collect::<Vec<_>>()
    };
    let founders = genesis.founders.iter().map(|founder| {
        json!({ "name": founder.name, "legal_id": founder.legal_id, "weight": founder.weight, "machines": machines_of(founder) })
    });
    if form == Form::Programs {
        let founders: Vec<_> = founders.collect();
        output::value(form, &json!({ "kind": what, "hash": hash, "name": genesis.name, "founders": founders }));
        return;
    }
    output::fields(&[
        ("this is a", json!(what)),
        ("its hash", json!(hash)),
        ("chain", json!(genesis.name)),
        ("operator", json!(genesis.operator.name)),
        (
            "goes on with",
            json!(genesis.state.as_ref().map(|state| format!("chain {} from block {}", state.chain, state.height))),
        ),
        ("blocks of an epoch", json!(genesis.epoch_blocks)),
        ("validators", json!(genesis.validators.len())),
    ]);
    let rows: Vec<_> = genesis
        .founders
        .iter()
        .map(|founder| {
            vec![
                json!(founder.name),
                json!(founder.legal_id),
                json!(founder.weight),
                json!(machines_of(founder).join("\n")),
            ]
        })
        .collect();
    output::rows(form, &["founder", "legal_id", "weight", "machines"], &rows);
}

fn check(arguments: &ArgMatches) -> anyhow::Result<()> {
    let genesis: Genesis = read(text(arguments, "file"))?;
    sound(&genesis, state::Read::of(arguments)?.as_ref())?;
    show(Form::of(arguments), &genesis);
    Ok(())
}

fn join(arguments: &ArgMatches) -> anyhow::Result<()> {
    let genesis: Genesis = read(text(arguments, "genesis"))?;
    anyhow::ensure!(!genesis.group_key.is_empty(), "this is a plan: the chain has not been born yet");
    let listed = |text: &String| -> anyhow::Result<Peer> {
        let (key, address) = text.split_once('@').with_context(|| format!("`{text}` is not KEY@HOST:PORT"))?;
        let key: types::PeerKey = key.parse().map_err(anyhow::Error::msg::<String>)?;
        address.parse::<engine::PeerAddress>().map_err(anyhow::Error::msg)?;
        Ok(Peer { key: key.to_string(), address: address.to_owned() })
    };
    let mut peers = texts(arguments, "peers").map(listed).collect::<Result<Vec<_>, _>>()?;
    let checkpoint = read_checkpoint(arguments, &genesis)?;
    if peers.is_empty() {
        let known = match &checkpoint {
            Some(checkpoint) => reached(checkpoint.machines(&genesis)?),
            None => machines(&genesis),
        };
        peers = known.into_iter().map(|(key, address)| Peer { key: key.to_string(), address }).collect();
    }
    anyhow::ensure!(!peers.is_empty(), "no address of a validator is known: say where they are with --peers");
    let folder = Folder::new(text(arguments, "data"));
    let keys = ValidatorKeys::new(&mut UnwrapErr(SysRng));
    let listen: SocketAddr = *arguments.get_one("listen").expect("it has a default");
    folder.create(&genesis, &keys).context("write the folder")?;
    folder.write_peers(&Peers { listen, validators: peers })?;
    if let Some(checkpoint) = &checkpoint {
        folder.write_checkpoint(checkpoint)?;
    }
    let shown = json!({ "chain": genesis.chain(), "peer_key": keys.peer_key(), "folder": folder.path() });
    output::value(Form::of(arguments), &shown);
    Ok(())
}

/// The checkpoint that is to be joined by, if one is.
fn read_checkpoint(arguments: &ArgMatches, genesis: &Genesis) -> anyhow::Result<Option<Checkpoint>> {
    let Some(path) = arguments.get_one::<String>("checkpoint") else { return Ok(None) };
    let view: CheckpointView = read(path)?;
    Checkpoint::decode(&view.checkpoint, genesis).with_context(|| format!("use {path}")).map(Some)
}

/// Those of the machines of which it is known where they are reached.
fn reached(machines: BTreeMap<types::PeerKey, Option<String>>) -> BTreeMap<types::PeerKey, String> {
    machines.into_iter().filter_map(|(key, address)| Some((key, address?))).collect()
}

async fn checkpoint(arguments: &ArgMatches) -> anyhow::Result<()> {
    let client = sdk::Client::new(text(arguments, "node"))?;
    let view = client.checkpoint().await?;
    let out = text(arguments, "out");
    write(out, &view)?;
    output::value(Form::of(arguments), &json!({ "epoch": view.epoch, "public_file": out }));
    Ok(())
}

/// The machines of the founders, and where each is reached.
fn machines(genesis: &Genesis) -> BTreeMap<types::PeerKey, String> {
    let machines = genesis.founders.iter().flat_map(|founder| founder.validators.iter());
    machines.map(|machine| (machine.peer_key, machine.addresses[0].to_string())).collect()
}

async fn ceremony(arguments: &ArgMatches) -> anyhow::Result<()> {
    let plan: Genesis = read(text(arguments, "plan"))?;
    anyhow::ensure!(plan.group_key.is_empty(), "this is a genesis already: start with `tributary node run`");
    let inherited = state::Read::of(arguments)?;
    sound(&plan, inherited.as_ref())?;
    let folder = Folder::new(text(arguments, "data"));
    anyhow::ensure!(!folder.has_chain(), "{} has a chain already", folder.path().display());
    let keys = folder.validator_keys().context("read this machine's key, which `tributary chain member` makes")?;
    let listen: SocketAddr = *arguments.get_one("listen").expect("it has a default");
    let machines = machines(&plan);
    anyhow::ensure!(
        machines.contains_key(&keys.peer_key()),
        "this machine's key {} is not in the plan",
        keys.peer_key()
    );
    let mut peers = BTreeMap::new();
    for (key, address) in &machines {
        peers.insert(key.0, address.parse().map_err(anyhow::Error::msg::<String>)?);
    }
    let form = Form::of(arguments);
    if form == Form::People {
        println!("plan {}\nwaiting for the {} others ...", plan_hash(&plan), machines.len() - 1);
    }
    let stores = folder.path().join("ceremony");
    let mut progress = engine::ceremony(stores, plan_hash(&plan), keys, Peering { listen, peers })?;
    while let Some(event) = progress.recv().await {
        match event? {
            Progress::Attendance(Attendance { here, done, all }) if form == Form::People => {
                println!("{here} of {all} are here, {done} have their share");
            }
            Progress::Attendance(_) => {}
            Progress::Born(born) => {
                let genesis = Genesis {
                    group_key: born.committee.group_key.clone(),
                    sharing: born.committee.sharing.clone(),
                    ..plan.clone()
                };
                anyhow::ensure!(
                    genesis.validators == born.committee.validators,
                    "the shares are not those of the plan"
                );
                let file = inherited.as_ref().map(|read| read.bytes.as_slice());
                write_chain(&folder, (&genesis, file), &born.keys, listen, &machines)?;
                show(form, &genesis);
            }
        }
    }
    anyhow::ensure!(folder.has_chain(), "the ceremony ended early");
    if form == Form::People {
        println!("Everybody has a share. Start with `tributary node run --data {}`.", folder.path().display());
    }
    Ok(())
}

fn write_chain(
    folder: &Folder,
    genesis: (&Genesis, Option<&[u8]>),
    keys: &ValidatorKeys,
    listen: SocketAddr,
    machines: &BTreeMap<types::PeerKey, String>,
) -> anyhow::Result<()> {
    let peer = |(key, address): (&types::PeerKey, &String)| Peer { key: key.to_string(), address: address.clone() };
    folder.write_peers(&Peers { listen, validators: machines.iter().map(peer).collect() })?;
    birth::create(folder, genesis, keys)
        .with_context(|| format!("write the chain into {}", Path::new(folder.path()).display()))
}
