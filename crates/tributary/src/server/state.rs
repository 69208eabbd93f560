//! `tributary state export | check`: the whole state of a chain as a file, with which another chain can begin.
//!
//! ```text
//!   state export   a stopped node's state  -->  state.bin, the same bytes at every node that stopped at that block
//!   state check    anybody: where it is from, its digest, and whether every law holds
//!   chain new | plan --state FILE   a chain that goes on with it: all that is owed and owned, on new machines
//! ```

use super::{audit, data, to};
use crate::output::{self, Form};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use node::{
    Folder, StateFile,
    state_file::{BYTES_MAX, Origin, digest},
};
use serde_json::json;
use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::Arc,
};
use types::{Digest, Timestamp, genesis::Inheritance, state::Memory};

pub fn command() -> Command {
    Command::new("state")
        .about("Write a chain's whole state into a file, or check such a file")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("export")
                .about("Write the state of a stopped node into a file, with which another chain can begin")
                .arg(data())
                .arg(to("The file to write; it must not be there")),
        )
        .subcommand(
            Command::new("check")
                .about("Show where a state is from and its digest, and recompute every law over it")
                .arg(Arg::new("file").value_name("FILE").required(true).help("What `tributary state export` wrote")),
        )
}

/// The file with the state that a new chain takes over.
pub fn option() -> Arg {
    Arg::new("state")
        .long("state")
        .value_name("FILE")
        .help("Go on with the state of another chain, as `tributary state export` wrote it")
}

/// A state file that was read whole.
pub struct Read {
    pub bytes: Vec<u8>,
    pub state: StateFile,
}

impl Read {
    /// The file that the option names, if it is given.
    pub fn of(arguments: &ArgMatches) -> anyhow::Result<Option<Self>> {
        arguments.get_one::<String>("state").map(|path| read(Path::new(path))).transpose()
    }

    /// What a genesis says of it.
    pub fn named(&self) -> Inheritance {
        self.state.named(digest(&self.bytes))
    }

    /// When a chain can begin that goes on with it: not before its last block, which no clock of today may be far behind.
    pub fn begins(&self, now: Timestamp) -> anyhow::Result<Timestamp> {
        let last = self.state.origin.time;
        anyhow::ensure!(
            last.0 <= now.0 + types::limits::BLOCK_TIME_SKEW_MS_MAX,
            "the state is of {last}, which has not come yet: a chain whose clock was moved cannot go on by a real one"
        );
        Ok(last.max(now))
    }
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    match arguments.subcommand().expect("clap demands a subcommand") {
        ("export", arguments) => export(arguments).await,
        ("check", arguments) => check(arguments),
        _ => unreachable!("clap knows the subcommands"),
    }
}

async fn export(arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = Folder::new(arguments.get_one::<String>("data").expect("it has a default"));
    let to = Path::new(arguments.get_one::<String>("to").expect("clap demands it"));
    anyhow::ensure!(!to.exists(), "{} is there already", to.display());
    let _lock = folder.lock()?;
    let genesis = Arc::new(folder.genesis()?);
    let chain = audit::open(&folder, &genesis).await?;
    let state = state(&chain).await;
    chain.stop().await;
    let state = state?;
    let file = state.encode();
    let bytes = u64::try_from(file.len())?;
    anyhow::ensure!(bytes <= BYTES_MAX, "the state has {bytes} bytes, and a chain can begin with {BYTES_MAX} at most");
    // A half-written file never has the name of a whole one.
    let partial = to.with_added_extension("partial");
    let write = || {
        let mut written = File::create(&partial)?;
        written.write_all(&file)?;
        written.sync_all()?;
        fs::rename(&partial, to)
    };
    write().with_context(|| format!("write {}", to.display()))?;
    show(Form::of(arguments), &state.origin, digest(&file), bytes);
    Ok(())
}

async fn state(chain: &engine::Chain) -> anyhow::Result<StateFile> {
    let listing = chain.scan().await.context("read the whole state")?;
    let block = chain.block(listing.height).await?.context("the last block is not there")?;
    let records: execution::run::Records = listing.records.into_iter().collect();
    let origin = Origin {
        chain: block.header.chain,
        height: listing.height,
        hash: block.hash,
        time: block.header.time,
        state_root: listing.state_root,
        records: u64::try_from(records.len())?,
    };
    anyhow::ensure!(origin.state_root == block.header.state_root, "the state is not that of the last block");
    Ok(StateFile { origin, records })
}

fn read(path: &Path) -> anyhow::Result<Read> {
    let read = || -> anyhow::Result<Read> {
        let bytes = fs::read(path)?;
        let state = StateFile::decode(&bytes).map_err(anyhow::Error::msg)?;
        Ok(Read { bytes, state })
    };
    read().with_context(|| format!("read {}", path.display()))
}

fn check(arguments: &ArgMatches) -> anyhow::Result<()> {
    let Read { bytes, state } = read(Path::new(arguments.get_one::<String>("file").expect("clap demands it")))?;
    show(Form::of(arguments), &state.origin, digest(&bytes), u64::try_from(bytes.len())?);
    let state = Memory { records: state.records, events: Vec::new() };
    let (violations, checks) = ledger::audit(&state);
    for violation in &violations {
        println!("broken: {violation}");
    }
    anyhow::ensure!(violations.is_empty(), "{} of {checks} checks failed", violations.len());
    if Form::of(arguments) == Form::People {
        println!("all laws hold: {checks} checks");
    }
    Ok(())
}

fn show(form: Form, origin: &Origin, digest: Digest, bytes: u64) {
    let Origin { chain, height, hash, time, state_root, records } = origin;
    let shown = json!({
        "digest": digest,
        "chain": chain,
        "height": height,
        "block": hash,
        "time": time,
        "state_root": state_root,
        "records": records,
        "bytes": bytes,
    });
    output::value(form, &shown);
}
