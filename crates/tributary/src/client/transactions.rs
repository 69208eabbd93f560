//! `tributary transaction`: drafts that several people sign, and what became of a transaction.

use super::{session, shown};
use crate::output::{self, Form};
use anyhow::Context as _;
use api::message::{Status, TransactionView};
use clap::{Arg, ArgMatches, Command};
use sdk::{Client, Signer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use types::{
    Act, Bytes, List, Signature, Suite, Transaction, TransactionHash,
    transaction::{Body, PublicKey},
};

/// A transaction that is not yet signed by all: a file that people pass on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    /// What it asks for, in words; for reading only.
    acts: Vec<api::message::ActView>,
    body: Body,
    /// In the order of the body's signers; `null`: not signed yet.
    signatures: Vec<Option<Signature>>,
}

pub fn command() -> Command {
    let file =
        || Arg::new("file").required(true).value_parser(clap::value_parser!(PathBuf)).help("File made with --draft");
    let by = Arg::new("by").long("by").value_name("KEYS").required(true).help("Names of the keys that sign");
    Command::new("transaction")
        .about("Sign drafts, send them, and see what became of a transaction")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("sign").about("Add signatures to a draft").arg(file()).arg(by))
        .subcommand(
            Command::new("send").about("Send a draft that all have signed, and wait until it is final").arg(file()),
        )
        .subcommand(
            Command::new("show")
                .about("Show a final transaction")
                .arg(Arg::new("hash").required(true).help("The transaction's hash")),
        )
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let (name, arguments) = arguments.subcommand().expect("clap demands a subcommand");
    match name {
        "sign" => sign(arguments),
        "send" => send(arguments).await,
        _ => {
            let hash: &String = arguments.get_one("hash").expect("clap demands it");
            let hash: TransactionHash = hash.parse().map_err(anyhow::Error::msg)?;
            show(Form::of(arguments), &session::client(arguments)?, hash).await?;
            Ok(())
        }
    }
}

/// Shows a final transaction, once its receipt was checked against the chain's group key.
async fn show(form: Form, client: &Client, hash: TransactionHash) -> anyhow::Result<()> {
    let view = client.transaction(hash, 0).await?;
    let proven = client.proven_receipt(&client.genesis().await?, hash).await?;
    anyhow::ensure!(
        types::wire::encode(&proven.receipt) == view.receipt.to_vec(),
        "do not believe this node: the receipt it shows is not the one it proves"
    );
    if form == Form::Programs {
        output::value(form, &serde_json::to_value(&view)?);
        return Ok(());
    }
    let acts: Vec<String> = view.acts.iter().map(|act| format!("{} {}", act.act, act.fields)).collect();
    let events: Vec<String> = view.events.iter().map(|event| format!("{}.{}", event.module, event.event)).collect();
    let refused =
        view.rejection.as_ref().map(|refused| format!("{}: {}", refused.problem.code, refused.problem.detail));
    output::fields(&[
        ("transaction", json!(view.hash)),
        ("status", json!(view.status)),
        ("refused", json!(refused)),
        ("block", json!(view.height)),
        ("block time", json!(shown::time(view.time))),
        ("signers", json!(view.signers)),
        ("nonce", json!(view.nonce)),
        ("acts", json!(acts.join("\n"))),
        ("events", json!(events.join("\n"))),
        ("outcome", serde_json::to_value(&view.outcomes)?),
    ]);
    println!("proved: the receipt is of final block {} ({})", proven.height, shown::time(proven.time));
    Ok(())
}

/// Writes a draft with the signatures so far.
pub async fn draft(
    arguments: &ArgMatches,
    client: &Client,
    signers: &[Signer],
    act: Act,
    path: &Path,
) -> anyhow::Result<()> {
    let mut keys: Vec<PublicKey> = signers.iter().map(Signer::public_key).collect();
    let also = arguments.get_one::<String>("also").map(String::as_str).unwrap_or_default();
    for text in also.split(',').filter(|text| !text.is_empty()) {
        let bytes = types::wire::hex_decode::<32>(text).map_err(anyhow::Error::msg)?;
        keys.push(PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).expect("32 bytes") });
    }
    let body = client.body(&keys, vec![act]).await?;
    let acts = body.acts.iter().map(api::view::act).collect::<Result<_, _>>().map_err(sdk::Error::from)?;
    let signatures = (0..keys.len()).map(|at| signers.get(at).map(|signer| signer.sign_transaction(&body))).collect();
    write(path, &Draft { acts, body, signatures })
}

fn sign(arguments: &ArgMatches) -> anyhow::Result<()> {
    let path: &PathBuf = arguments.get_one("file").expect("clap demands it");
    let names: &String = arguments.get_one("by").expect("clap demands it");
    let mut draft = read(path)?;
    for signer in session::signers(arguments, names)? {
        let public_key = signer.public_key();
        let at = draft.body.signers.iter().position(|listed| *listed == public_key);
        let at =
            at.with_context(|| format!("the draft does not list the key of {} as a signer", public_key.account()))?;
        draft.signatures[at] = Some(signer.sign_transaction(&draft.body));
    }
    write(path, &draft)
}

async fn send(arguments: &ArgMatches) -> anyhow::Result<()> {
    let path: &PathBuf = arguments.get_one("file").expect("clap demands it");
    let draft = read(path)?;
    let missing = draft.signatures.iter().filter(|signature| signature.is_none()).count();
    anyhow::ensure!(missing == 0, "{missing} of {} signatures are missing", draft.signatures.len());
    let signatures = List::new(draft.signatures.into_iter().flatten().collect()).map_err(anyhow::Error::msg)?;
    let client = session::client(arguments)?;
    let hash = client.submit(&Transaction { body: draft.body, signatures }).await?;
    print(Form::of(arguments), client.wait(hash).await?)
}

/// Shows what became of a transaction; a rejected one is an error.
pub fn print(form: Form, view: TransactionView) -> anyhow::Result<()> {
    if view.status == Status::Rejected {
        return Err(sdk::client::applied(view).err().map_or_else(|| anyhow::anyhow!("rejected"), anyhow::Error::from));
    }
    match form {
        Form::Programs => output::value(form, &serde_json::to_value(&view)?),
        Form::People => {
            let events: Vec<String> =
                view.events.iter().map(|event| format!("{}.{}", event.module, event.event)).collect();
            output::fields(&[
                ("transaction", json!(view.hash)),
                ("final in block", json!(view.height)),
                ("events", json!(events.join("\n"))),
                ("outcome", serde_json::to_value(&view.outcomes)?),
            ]);
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Draft> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("read {} as a draft", path.display()))
}

fn write(path: &Path, draft: &Draft) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(draft)?;
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    let signed = draft.signatures.iter().flatten().count();
    eprintln!("{}: {signed} of {} signatures", path.display(), draft.signatures.len());
    Ok(())
}
