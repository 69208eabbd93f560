//! `tributary chain new`: a chain's genesis and its one validator's keys, made on this machine.

use super::data;
use crate::output::{self, Form};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use engine::ValidatorKeys;
use getrandom::{SysRng, rand_core::UnwrapErr};
use node::Folder;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};
use types::{Bytes, Clock, Genesis, List, Suite, Text, Timestamp, genesis::Operator, limits, transaction::PublicKey};

pub fn command() -> Command {
    let option = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    Command::new("chain").about("Make a chain").subcommand_required(true).arg_required_else_help(true).subcommand(
        Command::new("new")
            .about("Make a chain with one validator: genesis and keys in a data folder")
            .arg(data())
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

pub fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let arguments = arguments.subcommand_matches("new").expect("clap demands it");
    let text = |name: &str| arguments.get_one::<String>(name).expect("clap demands it or has a default").clone();
    let key = |hex: &String| -> anyhow::Result<PublicKey> {
        let bytes = types::wire::hex_decode::<32>(hex).map_err(anyhow::Error::msg)?;
        Ok(PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).expect("32 bytes") })
    };
    let administrators = arguments.get_many::<String>("administrators").into_iter().flatten().map(key);
    let operator = Operator {
        name: Text::new(text("operator")).map_err(anyhow::Error::msg)?,
        legal_id: Text::new(text("operator-id")).map_err(anyhow::Error::msg)?,
        administrators: List::new(administrators.collect::<Result<_, _>>()?).map_err(anyhow::Error::msg)?,
    };
    let now = wall_time();
    let (genesis, keys) = make(&text("name"), operator, Clock::Real, now)?;
    let folder = Folder::new(text("data"));
    folder.create(&genesis, &keys).context("write the new chain")?;
    let shown =
        json!({ "chain": genesis.chain(), "name": genesis.name, "folder": folder.path().display().to_string() });
    output::value(Form::of(arguments), &shown);
    Ok(())
}

/// A chain with one validator. With a movable clock, block time begins at `time`, whatever the wall clock says.
pub fn make(name: &str, operator: Operator, clock: Clock, time: Timestamp) -> anyhow::Result<(Genesis, ValidatorKeys)> {
    let (committee, mut keys) = engine::deal(1, &mut UnwrapErr(SysRng));
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
    };
    Ok((genesis, keys.pop().expect("one validator was dealt")))
}

/// This machine's clock.
pub fn wall_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
