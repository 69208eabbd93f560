//! `tributary key`: key files on this side.

use super::session;
use crate::output::{self, Form};
use clap::{Arg, ArgMatches, Command};
use sdk::keystore::Strength;
use serde_json::{Value, json};

pub fn command() -> Command {
    let name = Arg::new("name").required(true).help("Name of the key: core-maker");
    Command::new("key")
        .about("Make and list encrypted key files")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("new").about("Make a key and write it to an encrypted file").arg(name))
        .subcommand(Command::new("list").about("List keys with their public key and account"))
}

pub fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let (name, arguments) = arguments.subcommand().expect("clap demands a subcommand");
    let keystore = session::keystore(arguments)?;
    if name == "new" {
        let name: &String = arguments.get_one("name").expect("clap demands it");
        let passphrase = session::passphrase("passphrase for the new key: ")?;
        let made = keystore.create(name, &passphrase, Strength::Interactive)?;
        let public_key = made.public_key();
        let header = ["name", "account", "public key"];
        let row = vec![json!(name), json!(public_key.account()), json!(public_key.bytes)];
        output::rows(Form::of(arguments), &header, &[row]);
        return Ok(());
    }
    let rows: Vec<Vec<Value>> = keystore
        .list()?
        .into_iter()
        .map(|entry| vec![json!(entry.name), json!(entry.account), json!(entry.public_key.bytes)])
        .collect();
    output::rows(Form::of(arguments), &["name", "account", "public key"], &rows);
    Ok(())
}
