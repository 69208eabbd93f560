//! `tributary chain new`: a chain's genesis and its validators' keys, made on this machine.
//!
//! Whoever makes a chain like this could sign for all of its validators: it fits one house, a demonstration, a test.

use super::{data, founding, state};
use crate::output::{self, Form};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command, value_parser};
use engine::ValidatorKeys;
use getrandom::{SysRng, rand_core::UnwrapErr};
use node::{Folder, Peer, Peers};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};
use types::{Bytes, Clock, Genesis, List, Suite, Text, Timestamp, genesis::Operator, limits, transaction::PublicKey};

pub fn command() -> Command {
    let option = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    let chain = Command::new("chain").about("Make a chain").subcommand_required(true).arg_required_else_help(true);
    chain.subcommands(founding::commands()).subcommand(
        Command::new("new")
            .about("Make a chain: genesis and keys in a data folder, or in one folder for each of its validators")
            .arg(data())
            .arg(state::option())
            .arg(
                Arg::new("validators")
                    .long("validators")
                    .value_name("N")
                    .default_value("1")
                    .value_parser(value_parser!(u32).range(1..=i64::from(engine::VALIDATORS_MAX)))
                    .help("How many validators; with more than one, each gets a folder node1, node2, ... of its own"),
            )
            .arg(
                Arg::new("peers-from")
                    .long("peers-from")
                    .value_name("ADDRESS")
                    .default_value("127.0.0.1:9645")
                    .value_parser(value_parser!(SocketAddr))
                    .help(
                        "Where the first of several validators listens for the others; the next ones on the next ports",
                    ),
            )
            .arg(option("name", "The chain's name for people").default_value("tributary"))
            .arg(option("operator", "Name of the organisation that registers the others").required(true))
            .arg(option("operator-id", "Its unified social credit code or LEI").required(true))
            .arg(
                option("administrators", "Public keys of its administrators, as `tributary key new` shows them")
                    .required(true)
                    .value_delimiter(','),
            ),
    )
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    match arguments.subcommand().expect("clap demands a subcommand") {
        ("new", arguments) => new(arguments),
        (name, arguments) => founding::run(name, arguments).await,
    }
}

/// The keys of administrators.
pub(super) fn administrators(arguments: &ArgMatches) -> anyhow::Result<Vec<PublicKey>> {
    let key = |hex: &String| -> anyhow::Result<PublicKey> {
        let bytes = types::wire::hex_decode::<32>(hex).map_err(anyhow::Error::msg)?;
        Ok(PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).expect("32 bytes") })
    };
    arguments.get_many::<String>("administrators").into_iter().flatten().map(key).collect()
}

fn new(arguments: &ArgMatches) -> anyhow::Result<()> {
    let text = |name: &str| arguments.get_one::<String>(name).expect("clap demands it or has a default").clone();
    let operator = Operator {
        name: Text::new(text("operator")).map_err(anyhow::Error::msg)?,
        legal_id: Text::new(text("operator-id")).map_err(anyhow::Error::msg)?,
        administrators: List::new(administrators(arguments)?).map_err(anyhow::Error::msg)?,
    };
    let count: u32 = *arguments.get_one("validators").expect("it has a default");
    let inherited = state::Read::of(arguments)?;
    let time = inherited.as_ref().map_or(Ok(wall_time()), |read| read.begins(wall_time()))?;
    let (genesis, keys) = make_several(&text("name"), operator, Clock::Real, time, count)?;
    let genesis = Genesis { state: inherited.as_ref().map(state::Read::named), ..genesis };
    founding::sound(&genesis, inherited.as_ref())?;
    let first: SocketAddr = *arguments.get_one("peers-from").expect("it has a default");
    let addresses = consecutive(first, keys.len())?;
    let file = inherited.as_ref().map(|read| read.bytes.as_slice());
    let folders =
        write(Path::new(&text("data")), (&genesis, file), &keys, &addresses).context("write the new chain")?;
    let folders: Vec<String> = folders.iter().map(|folder| folder.path().display().to_string()).collect();
    let shown = json!({ "chain": genesis.chain(), "name": genesis.name, "folders": folders });
    output::value(Form::of(arguments), &shown);
    Ok(())
}

/// So many addresses, on one port after the other.
pub fn consecutive(first: SocketAddr, count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let address = |number: usize| {
        let port = usize::from(first.port()) + number;
        let port = u16::try_from(port).with_context(|| format!("there is no port {port}: begin lower"))?;
        Ok(SocketAddr::new(first.ip(), port))
    };
    (0..count).map(address).collect()
}

/// Writes a chain into `data`, or into a folder below it for each of several validators, who listen at these addresses.
/// With the genesis goes the file of the state that it names, if it names one.
pub fn write(
    data: &Path,
    (genesis, state): (&Genesis, Option<&[u8]>),
    keys: &[ValidatorKeys],
    addresses: &[SocketAddr],
) -> anyhow::Result<Vec<Folder>> {
    if let [only] = keys {
        let folder = Folder::new(data);
        create(&folder, (genesis, state), only)?;
        return Ok(vec![folder]);
    }
    let peer = |(key, address): (&Bytes<32>, &SocketAddr)| Peer {
        key: types::wire::hex_encode(key),
        address: address.to_string(),
    };
    let validators: Vec<Peer> = genesis.validators.iter().zip(addresses).map(peer).collect();
    let mut folders = Vec::with_capacity(keys.len());
    for (number, (keys, address)) in keys.iter().zip(addresses).enumerate() {
        let folder = Folder::new(data.join(format!("node{}", number + 1)));
        create(&folder, (genesis, state), keys)?;
        folder.write_peers(&Peers { listen: *address, validators: validators.clone() })?;
        folders.push(folder);
    }
    Ok(folders)
}

/// Writes a chain into one folder, the state that its genesis names before it.
pub(super) fn create(
    folder: &Folder,
    (genesis, state): (&Genesis, Option<&[u8]>),
    keys: &ValidatorKeys,
) -> anyhow::Result<()> {
    anyhow::ensure!(!folder.has_chain(), "{} has a chain already", folder.path().display());
    if let Some(state) = state {
        folder.write_state(state)?;
    }
    Ok(folder.create(genesis, keys)?)
}

/// A chain with one validator. With a movable clock, block time begins at `time`, whatever the wall clock says.
pub fn make(name: &str, operator: Operator, clock: Clock, time: Timestamp) -> anyhow::Result<(Genesis, ValidatorKeys)> {
    let (genesis, mut keys) = make_several(name, operator, clock, time, 1)?;
    Ok((genesis, keys.pop().expect("one validator was dealt")))
}

/// A chain with so many validators, and their keys in the order of the genesis.
pub fn make_several(
    name: &str,
    operator: Operator,
    clock: Clock,
    time: Timestamp,
    count: u32,
) -> anyhow::Result<(Genesis, Vec<ValidatorKeys>)> {
    let (committee, keys) = engine::deal(count, &mut UnwrapErr(SysRng));
    let genesis = Genesis {
        name: Text::new(name).map_err(anyhow::Error::msg)?,
        time,
        made_at: wall_time(),
        clock,
        operator,
        founders: List::default(),
        epoch_blocks: limits::EPOCH_BLOCKS_DEFAULT,
        validators: committee.validators,
        group_key: committee.group_key,
        sharing: committee.sharing,
        state: None,
    };
    Ok((genesis, keys))
}

/// This machine's clock.
pub fn wall_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
