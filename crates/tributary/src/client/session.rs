//! What the client commands share: the node, the key folder, the passphrase.

use anyhow::Context as _;
use clap::ArgMatches;
use ledger::core::EnterpriseId;
use sdk::{Client, Keystore, Signer};
use serde_json::json;
use std::io::{BufRead as _, Write as _};

/// Where a passphrase comes from when nobody is asked for it.
const PASSPHRASE_VARIABLE: &str = "TRIBUTARY_PASSPHRASE";

/// The node named on the command line.
pub fn client(arguments: &ArgMatches) -> anyhow::Result<Client> {
    let url: &String = arguments.get_one("node").expect("it has a default");
    Client::new(url).context("prepare the connection")
}

/// The key folder named on the command line.
pub fn keystore(arguments: &ArgMatches) -> anyhow::Result<Keystore> {
    let folder: &String = arguments.get_one("keys").expect("it has a default");
    Keystore::open(folder).with_context(|| format!("open the key folder {folder}"))
}

/// Unlocks keys by name: `core-maker,core-checker`.
pub fn signers(arguments: &ArgMatches, names: &str) -> anyhow::Result<Vec<Signer>> {
    let keystore = keystore(arguments)?;
    let passphrase = passphrase("passphrase: ")?;
    names
        .split(',')
        .map(|name| keystore.unlock(name.trim(), &passphrase).with_context(|| format!("unlock the key `{name}`")))
        .collect()
}

/// The enterprise that a key acts for.
pub async fn enterprise(client: &Client, signer: &Signer) -> anyhow::Result<EnterpriseId> {
    let person = client.query("enterprise.whose", json!({ "account": signer.account() })).await?;
    Ok(serde_json::from_value(person["member"]["enterprise"].clone())?)
}

/// The passphrase from the environment, or typed.
pub fn passphrase(prompt: &str) -> anyhow::Result<String> {
    if let Ok(passphrase) = std::env::var(PASSPHRASE_VARIABLE) {
        return Ok(passphrase);
    }
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("read the passphrase")?;
    let passphrase = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(
        !passphrase.is_empty(),
        "an empty passphrase protects nothing: type one or set {PASSPHRASE_VARIABLE}"
    );
    Ok(passphrase.to_owned())
}
