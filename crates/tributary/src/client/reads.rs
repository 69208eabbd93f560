//! Commands that read: status, lists, records with proof, events, blocks.

use super::{names::Names, session, shown};
use crate::output::{self, Column, ColumnKind, Form};
use api::backend::EventCursor;
use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::StreamExt as _;
use serde_json::{Value, json};

pub fn commands() -> Vec<Command> {
    let table = || {
        Arg::new("table")
            .required(true)
            .value_parser(clap::builder::PossibleValuesParser::new(tables()))
            .help("Module and table: receivable/lots")
    };
    let list = Command::new("list")
        .about("List the records of a table")
        .arg(table())
        .arg(
            Arg::new("where")
                .long("where")
                .value_name("COLUMN=VALUE")
                .action(ArgAction::Append)
                .help("Only rows whose column has this value; COLUMN.gte=VALUE and ne, lt, lte, gt compare; may be given several times"),
        )
        .arg(Arg::new("sort").long("sort").value_name("COLUMN").help("Sort by a column; `-COLUMN` for descending"))
        .arg(Arg::new("limit").long("limit").value_name("ROWS").help("Rows on the page"))
        .arg(Arg::new("cursor").long("cursor").value_name("CURSOR").help("Go on behind the page before"));
    let show = Command::new("show")
        .about("Show a record; it is proved against the chain's group key before it is shown")
        .arg(table())
        .arg(Arg::new("id").required(true).help("The record's id"));
    vec![
        Command::new("status").about("Which chain the node is on, and where it stands"),
        list,
        show,
        Command::new("events")
            .about("Follow what happens, from the beginning or behind a cursor")
            .arg(Arg::new("after").long("after").value_name("CURSOR").help("Go on behind this event"))
            .arg(
                Arg::new("until-now").long("until-now").action(ArgAction::SetTrue).help("Stop at the last final block"),
            ),
        Command::new("block")
            .about("Show a final block")
            .arg(Arg::new("height").required(true).help("Height, or `latest`")),
        Command::new("errors").about("Every refusal: its code, what it says, what to do"),
    ]
}

fn tables() -> Vec<String> {
    let of = |module: &&ledger::Module| -> Vec<String> {
        module.tables.iter().map(|table| format!("{}/{}", module.name, table.name)).collect()
    };
    ledger::modules().iter().flat_map(of).collect()
}

pub async fn run(name: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    let form = Form::of(arguments);
    let client = session::client(arguments)?;
    match name {
        "status" => {
            let info = client.info().await?;
            match form {
                Form::Programs => output::value(form, &serde_json::to_value(&info)?),
                Form::People => output::fields(&[
                    ("chain", json!(info.chain)),
                    ("name", json!(info.name)),
                    ("clock", json!(info.clock)),
                    ("height", json!(info.head.height)),
                    ("block", json!(info.head.hash)),
                    ("block time", json!(shown::time(info.head.time))),
                    ("state root", json!(info.head.state_root)),
                    ("lists hold height", json!(info.indexed_height)),
                    ("waiting transactions", json!(info.waiting)),
                    ("version", json!(info.version)),
                ]),
            }
        }
        "list" => list(form, &client, arguments).await?,
        "show" => {
            let table: &String = arguments.get_one("table").expect("clap demands it");
            let id: &String = arguments.get_one("id").expect("clap demands it");
            show(form, &client, table, id).await?;
        }
        "events" => events(form, &client, arguments).await?,
        "block" => {
            let height: &String = arguments.get_one("height").expect("clap demands it");
            block(form, &client, height).await?;
        }
        _ => {
            let errors: Vec<Value> = client.get("/v1/errors", &[]).await?;
            let columns = ["code", "number", "status", "text", "action"];
            let shown = if form == Form::People { &columns[..4] } else { &columns[..] };
            let row = |error: &Value| shown.iter().map(|column| error[*column].clone()).collect();
            output::rows(form, shown, &errors.iter().map(row).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Shows a record, once it was proved against the chain's group key.
async fn show(form: Form, client: &sdk::Client, table: &str, id: &str) -> anyhow::Result<()> {
    let genesis = client.genesis().await?;
    let proven = client.proven(&genesis, table, id).await?;
    if form == Form::Programs {
        output::value(form, &proven.record.unwrap_or(Value::Null));
        return Ok(());
    }
    match proven.record {
        Some(record) => {
            let names = Names::ask(client).await?;
            output::named(&shown::rows(&names, &record, spec(table).schema));
        }
        None => println!("there is no such record"),
    }
    println!("proved: under the state root of final block {} ({})", proven.height, shown::time(proven.time));
    Ok(())
}

async fn list(form: Form, client: &sdk::Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let table: &String = arguments.get_one("table").expect("clap demands it");
    let mut parameters: Vec<(&str, String)> = Vec::new();
    for filter in arguments.get_many::<String>("where").into_iter().flatten() {
        let (column, value) =
            filter.split_once('=').ok_or_else(|| anyhow::anyhow!("`{filter}` is not COLUMN=VALUE"))?;
        parameters.push((column, value.to_owned()));
    }
    for name in ["sort", "limit", "cursor"] {
        if let Some(value) = arguments.get_one::<String>(name) {
            parameters.push((name, value.clone()));
        }
    }
    let page = client.list(table, &parameters).await?;
    if form == Form::Programs {
        output::value(form, &serde_json::to_value(&page)?);
        return Ok(());
    }
    let names = if page.rows.is_empty() { Names::default() } else { Names::ask(client).await? };
    let own = shown::columns(&spec(table).columns.iter().map(|column| column.name).collect::<Vec<_>>());
    let row = |row: &api::message::RowView| -> Vec<String> {
        let cells = own.iter().map(|column| shown::cell(&names, &row.record, column));
        cells.chain([row.id.clone()]).collect()
    };
    let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
    output::columns(&layout(table, &own), &rows);
    if let Some(cursor) = page.cursor {
        println!("more: add --cursor {cursor}");
    }
    Ok(())
}

/// How the columns of a list are laid out; the id, which people copy, comes last.
fn layout(table: &str, own: &[&'static str]) -> Vec<Column> {
    let integer = |name: &str| {
        let column = spec(table).columns.iter().find(|column| column.name == name);
        column.is_some_and(|column| column.kind == ledger::core::ColumnKind::Integer)
    };
    let column =
        |name: &&'static str| Column { name, kind: if integer(name) { ColumnKind::Number } else { ColumnKind::Text } };
    own.iter().map(column).chain([Column { name: "id", kind: ColumnKind::Id }]).collect()
}

/// The table that clap took by its name.
fn spec(table: &str) -> &'static ledger::core::TableSpec {
    let (module, name) = table.split_once('/').unwrap_or(("", table));
    let module = ledger::modules().iter().find(|candidate| candidate.name == module);
    let found = module.and_then(|module| module.tables.iter().find(|candidate| candidate.name == name));
    found.expect("clap takes tables that there are")
}

/// Shows a block, once its certificate was checked against the chain's group key.
async fn block(form: Form, client: &sdk::Client, height: &str) -> anyhow::Result<()> {
    let genesis = client.genesis().await?;
    let block: api::message::BlockView = client.get(&format!("/v1/blocks/{height}"), &[]).await?;
    let header = sdk::proof::verify_block(&genesis, &block)?;
    if form == Form::Programs {
        output::value(form, &serde_json::to_value(&block)?);
        return Ok(());
    }
    let events: Vec<String> = block.events.iter().map(|event| format!("{}.{}", event.module, event.event)).collect();
    output::fields(&[
        ("height", json!(header.height)),
        ("block", json!(block.hash)),
        ("parent", json!(header.parent)),
        ("block time", json!(shown::time(header.time))),
        ("transactions", json!(block.transactions.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))),
        ("fell due", json!(events.join("\n"))),
        ("state root", json!(header.state_root)),
        ("receipts root", json!(header.receipts_root)),
        ("evidence root", json!(header.evidence_root)),
    ]);
    println!("proved: a quorum's certificate makes it final");
    Ok(())
}

async fn events(form: Form, client: &sdk::Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let after = arguments.get_one::<String>("after").map_or("0.0", String::as_str);
    let mut print = Print { form, people: shown::Events::default() };
    if form == Form::People {
        print.people = shown::Events::new(Names::ask(client).await?);
    }
    if arguments.get_flag("until-now") {
        return events_until_now(&mut print, client, after.to_owned()).await;
    }
    let events = client.events(Some(after.to_owned())).await?;
    futures::pin_mut!(events);
    while let Some(event) = events.next().await {
        print.event(&event?)?;
    }
    Ok(())
}

/// The events up to the block that is the last one now.
async fn events_until_now(print: &mut Print, client: &sdk::Client, mut after: String) -> anyhow::Result<()> {
    let head = client.info().await?.head.height;
    loop {
        let from: EventCursor = after.parse().map_err(sdk::Error::from)?;
        if from >= EventCursor::behind(head) {
            return Ok(());
        }
        let page = client.event_page(&[("after", after)]).await?;
        for event in page.events.iter().filter(|event| event.height <= head) {
            print.event(event)?;
        }
        after = page.cursor;
    }
}

/// Where events go.
struct Print {
    form: Form,
    people: shown::Events,
}

impl Print {
    fn event(&mut self, event: &api::message::EventView) -> anyhow::Result<()> {
        match self.form {
            Form::Programs => println!("{}", serde_json::to_string(event)?),
            Form::People => println!("{}", self.people.tell(event)),
        }
        Ok(())
    }
}
