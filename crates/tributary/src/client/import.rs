//! `tributary import FILE...`: trade documents from UBL and CSV files onto the chain.

use super::session;
use crate::{
    import,
    output::{self, Form},
};
use anyhow::Context as _;
use api::{import::TradeDocument, import::acts::Known, message::Status};
use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use ledger::core::EnterpriseId;
use sdk::{Client, Error, Signer};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};
use types::Act;

/// Acts of a history in one transaction: a small part of what one may carry.
const ACTS_TOGETHER: usize = 32;
/// Transactions of a history on their way at once.
const IN_FLIGHT: usize = 8;

pub fn command() -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).action(ArgAction::Append);
    Command::new("import")
        .about("Record trade documents from UBL 2.1 or CSV files")
        .arg(
            file.num_args(1..)
                .value_parser(clap::value_parser!(PathBuf))
                .help("Orders, despatch advices, invoices, credit notes; in an order in which each paper's reference is there before it"),
        )
        .arg(
            Arg::new("by")
                .long("by")
                .value_name("KEYS")
                .required_unless_present("check")
                .help("Names of the keys that sign, the sender first: s1-maker; with maker and checker of both sides an order is confirmed at once"),
        )
        .arg(
            Arg::new("history")
                .long("history")
                .action(ArgAction::SetTrue)
                .help("The files are delivery histories of the Supply Chain Management System (CSV), and the sender's enterprise is the buyer of every row"),
        )
        .arg(Arg::new("check").long("check").action(ArgAction::SetTrue).help("Read and check the files, and send nothing"))
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let form = Form::of(arguments);
    let files: Vec<&PathBuf> = arguments.get_many("file").into_iter().flatten().collect();
    if arguments.get_flag("history") {
        return histories(form, arguments, &files).await;
    }
    let read: Vec<(&PathBuf, anyhow::Result<Vec<TradeDocument>>)> =
        files.iter().map(|path| (*path, import::read(path))).collect();
    if arguments.get_flag("check") {
        return report(
            form,
            read.into_iter().map(|(path, result)| (path, result.map(|documents| rows(path, &documents, "fits")))),
        );
    }
    let names: &String = arguments.get_one("by").expect("clap demands it");
    let signers = session::signers(arguments, names)?;
    let client = session::client(arguments)?;
    let own = session::enterprise(&client, &signers[0]).await?;
    let bar = bar(files.len(), "files");
    let mut results = Vec::new();
    for (path, documents) in read {
        let result = match documents {
            Ok(documents) => {
                send(&client, own, &signers, &documents).await.map(|()| rows(path, &documents, "recorded"))
            }
            Err(refused) => Err(refused),
        };
        bar.inc(1);
        results.push((path, result));
    }
    bar.finish_and_clear();
    report(form, results.into_iter())
}

/// Records the documents of one file: those of one transaction together or not at all.
async fn send(
    client: &Client,
    own: EnterpriseId,
    signers: &[Signer],
    documents: &[TradeDocument],
) -> anyhow::Result<()> {
    let acts = import::acts(client, own, documents).await?;
    let signers: Vec<&Signer> = signers.iter().collect();
    for together in acts.chunks(types::limits::ACTS_PER_TRANSACTION_MAX) {
        sdk::client::applied(client.transact(&signers, together.to_vec()).await?)?;
    }
    Ok(())
}

fn rows(path: &Path, documents: &[TradeDocument], outcome: &str) -> Vec<Vec<Value>> {
    let row = |document: &TradeDocument| {
        let header = document.header();
        let gross = match document {
            TradeDocument::Invoice(bill) | TradeDocument::CreditNote(bill) => json!(bill.gross()),
            _ => Value::Null,
        };
        let party = |party: &api::import::Party| json!(party.name);
        let file = path.display().to_string();
        let (seller, buyer) = (party(&header.seller), party(&header.buyer));
        let notices = json!(header.notices.len());
        vec![json!(file), json!(document.kind()), json!(header.number), seller, buyer, gross, notices, json!(outcome)]
    };
    documents.iter().map(row).collect()
}

/// Shows what became of each file; an error when one was refused.
fn report<'a>(
    form: Form,
    results: impl Iterator<Item = (&'a PathBuf, anyhow::Result<Vec<Vec<Value>>>)>,
) -> anyhow::Result<()> {
    let mut shown = Vec::new();
    let mut refused = Vec::new();
    for (_, result) in results {
        match result {
            Ok(rows) => shown.extend(rows),
            Err(reason) => refused.push(reason),
        }
    }
    // A file that was refused has no rows, and says so itself.
    if !shown.is_empty() || form == Form::Programs {
        output::rows(form, &["file", "document", "number", "seller", "buyer", "total", "notices", "outcome"], &shown);
    }
    for reason in &refused {
        eprintln!("refused: {reason:#}");
    }
    anyhow::ensure!(refused.is_empty(), "{} of {} files were refused", refused.len(), shown.len() + refused.len());
    Ok(())
}

async fn histories(form: Form, arguments: &ArgMatches, files: &[&PathBuf]) -> anyhow::Result<()> {
    let mut loaded = Vec::new();
    for path in files {
        let history = history(path)?;
        let sent = if arguments.get_flag("check") {
            Sent { orders: history.orders.len(), deliveries: history.deliveries.len(), refused: Vec::new() }
        } else {
            let names: &String = arguments.get_one("by").expect("clap demands it where something is sent");
            let signers = session::signers(arguments, names)?;
            let client = session::client(arguments)?;
            let own = session::enterprise(&client, &signers[0]).await?;
            load(&client, own, &signers.iter().collect::<Vec<_>>(), &history).await?
        };
        for reason in history.refused.iter().chain(&sent.refused) {
            eprintln!("refused: {reason}");
        }
        let refused = history.refused.len() + sent.refused.len();
        let file = path.display().to_string();
        loaded.push(vec![json!(file), json!(history.rows), json!(sent.orders), json!(sent.deliveries), json!(refused)]);
    }
    output::rows(form, &["file", "rows", "orders", "deliveries", "refused"], &loaded);
    Ok(())
}

/// Reads a history, packed with gzip or plain.
fn history(path: &Path) -> anyhow::Result<import::History> {
    let file = File::open(path).with_context(|| format!("read {}", path.display()))?;
    let name = path.display().to_string();
    let source: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(flate2::read::GzDecoder::new(BufReader::new(file))),
        _ => Box::new(BufReader::new(file)),
    };
    import::read_history(&name, source)
}

/// What became of a history.
#[derive(Debug, Default)]
pub struct Sent {
    pub orders: usize,
    pub deliveries: usize,
    pub refused: Vec<String>,
}

/// Records the orders of a history, and then its deliveries, with `own` as the buyer.
pub async fn load(
    client: &Client,
    own: EnterpriseId,
    signers: &[&Signer],
    history: &import::History,
) -> anyhow::Result<Sent> {
    let mut known = Known::default();
    for document in history.orders.iter().chain(&history.deliveries) {
        let buyer = &document.header().buyer;
        let ids = buyer.legal_id.iter().chain(&buyer.ids).map(|id| id.value.to_string());
        known.enterprises.extend(ids.map(|id| (id, own)));
    }
    let bar = bar(history.orders.len() + history.deliveries.len(), "documents");
    let mut sent = Sent::default();
    let orders = send_all(client, signers, &acts(&history.orders, &known, &mut sent.refused), &bar).await?;
    sent.orders = orders.recorded.len();
    sent.refused.extend(orders.refused);
    for (number, order) in orders.recorded {
        known.orders.insert(number, serde_json::from_value(order)?);
    }
    let deliveries = send_all(client, signers, &acts(&history.deliveries, &known, &mut sent.refused), &bar).await?;
    bar.finish_and_clear();
    sent.deliveries = deliveries.recorded.len();
    sent.refused.extend(deliveries.refused);
    Ok(sent)
}

/// Each document's number and act; those that cannot be acts are refused with the reason.
fn acts(documents: &[TradeDocument], known: &Known, refused: &mut Vec<String>) -> Vec<(String, Act)> {
    let mut acts = Vec::with_capacity(documents.len());
    for document in documents {
        let number = document.header().number.to_string();
        match api::import::acts::act(document, known) {
            Ok(act) => acts.push((number, act)),
            Err(reason) => refused.push(format!("{} {number}: {reason}", document.kind())),
        }
    }
    acts
}

#[derive(Default)]
struct Outcomes {
    /// What each document's act yielded, by the document's number.
    recorded: BTreeMap<String, Value>,
    refused: Vec<String>,
}

/// Sends acts in transactions of many, several on their way at once. One that is refused is left out, and the others of
/// its transaction are sent again.
async fn send_all(
    client: &Client,
    signers: &[&Signer],
    acts: &[(String, Act)],
    bar: &ProgressBar,
) -> anyhow::Result<Outcomes> {
    let mut outcomes = Outcomes::default();
    let mut waiting: Vec<Vec<(String, Act)>> = acts.chunks(ACTS_TOGETHER).map(<[_]>::to_vec).collect();
    while !waiting.is_empty() {
        let bodies = waiting.iter().map(|batch| batch.iter().map(|(_, act)| act.clone()).collect()).collect();
        let transactions = client.sign_all(signers, bodies).await?;
        let mut views = futures::stream::iter(transactions.into_iter().map(|transaction| async move {
            let hash = client.submit(&transaction).await?;
            client.wait(hash).await
        }))
        .buffered(IN_FLIGHT);
        let mut again = Vec::new();
        for mut batch in waiting {
            let view = views.next().await.expect("one answer for each transaction")?;
            match (view.status, view.rejection) {
                (Status::Rejected, Some(rejection)) => {
                    let (number, _) = batch.remove(usize::from(rejection.act));
                    let problem = Error::Problem(Box::new(rejection.problem));
                    outcomes.refused.push(format!("{number}: {problem}"));
                    bar.inc(1);
                    again.extend((!batch.is_empty()).then_some(batch));
                }
                _ => {
                    bar.inc(u64::try_from(batch.len()).expect("a batch is small"));
                    outcomes.recorded.extend(batch.into_iter().map(|(number, _)| number).zip(view.outcomes));
                }
            }
        }
        waiting = again;
    }
    Ok(outcomes)
}

/// Shows how far long work is, where a person looks.
pub fn bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {elapsed} gone, {eta} to go");
    ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX))
        .with_style(style.expect("the template is right"))
        .with_message(what)
}
