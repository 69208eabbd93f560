//! Commands that read: status, lists, records with proof, events, blocks.

use super::session;
use crate::output::{self, Form};
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
                .help("Only rows whose column has this value; may be given several times"),
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
    ledger::modules().iter().flat_map(|module| of(module)).collect()
}

pub async fn run(name: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    let form = Form::of(arguments);
    let client = session::client(arguments)?;
    match name {
        "status" => {
            let info = client.info().await?;
            let mut shown = serde_json::to_value(&info)?;
            if let (Form::People, Some(fields)) = (form, shown.as_object_mut()) {
                fields.remove("genesis");
            }
            output::value(form, &shown);
        }
        "list" => list(form, &client, arguments).await?,
        "show" => {
            let table: &String = arguments.get_one("table").expect("clap demands it");
            let id: &String = arguments.get_one("id").expect("clap demands it");
            let genesis = client.genesis().await?;
            let proven = client.proven(&genesis, table, id).await?;
            match proven.record {
                Some(record) => output::value(form, &record),
                None => println!("there is no such record"),
            }
            if form == Form::People {
                println!("proved: under the state root of final block {} ({})", proven.height, proven.time);
            }
        }
        "events" => events(form, &client, arguments).await?,
        "block" => {
            let height: &String = arguments.get_one("height").expect("clap demands it");
            let block: Value = client.get(&format!("/v1/blocks/{height}"), &[]).await?;
            output::value(form, &block);
        }
        _ => {
            let errors: Vec<Value> = client.get("/v1/errors", &[]).await?;
            let row = |error: &Value| vec![error["code"].clone(), error["number"].clone(), error["text"].clone()];
            output::rows(form, &["code", "number", "text"], &errors.iter().map(row).collect::<Vec<_>>());
        }
    }
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
    let columns = columns(table);
    let mut header = vec!["id"];
    header.extend(columns.iter().copied());
    let row = |row: &api::message::RowView| -> Vec<Value> {
        let mut cells = vec![json!(row.id)];
        cells.extend(columns.iter().map(|column| short(&row.record[*column])));
        cells
    };
    output::rows(form, &header, &page.rows.iter().map(row).collect::<Vec<_>>());
    if let Some(cursor) = page.cursor {
        println!("more: add --cursor {cursor}");
    }
    Ok(())
}

/// The columns that a table is filtered by, which are also what people look for.
fn columns(table: &str) -> Vec<&'static str> {
    let (module, name) = table.split_once('/').unwrap_or(("", table));
    let module = ledger::modules().iter().find(|candidate| candidate.name == module);
    let table = module.and_then(|module| module.tables.iter().find(|candidate| candidate.name == name));
    table.map(|table| table.columns.iter().map(|column| column.name).collect()).unwrap_or_default()
}

/// A status with fields shows its name only.
fn short(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 1 => fields.keys().next().map_or(Value::Null, |name| json!(name)),
        other => other.clone(),
    }
}

async fn events(form: Form, client: &sdk::Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let head = client.info().await?.head.height;
    let until_now = arguments.get_flag("until-now");
    let events = client.events(arguments.get_one::<String>("after").cloned()).await?;
    futures::pin_mut!(events);
    while let Some(event) = events.next().await {
        let event = event?;
        if until_now && event.height > head {
            break;
        }
        match form {
            Form::Programs => println!("{}", serde_json::to_string(&event)?),
            Form::People => println!("{:>8}  {}.{}  {}", event.cursor, event.module, event.event, event.fields),
        }
    }
    Ok(())
}
