//! `tributary receivable split ...`: a command for each act and each query, made from the operation table.
//!
//! Each field of the act is an option; its help is the field's sentence. A field that is not a plain text or number
//! takes JSON, and `--from-file FILE` takes the whole act as JSON.

use super::{names::Names, session, shown};
use crate::output::{self, Form};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use ledger::{
    Module,
    core::{CallSpec, QuerySpec},
};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// A command for each module, with its acts and queries.
pub fn commands() -> Vec<Command> {
    ledger::modules()
        .iter()
        .filter(|module| !module.calls.is_empty() || !module.queries.is_empty())
        .map(module)
        .collect()
}

fn module(module: &&'static Module) -> Command {
    let mut command =
        Command::new(module.name).about(module.about).subcommand_required(true).arg_required_else_help(true);
    for call in module.calls {
        command = command.subcommand(call_command(call));
    }
    for query in module.queries {
        command = command.subcommand(query_command(query));
    }
    command
}

fn call_command(call: &'static CallSpec) -> Command {
    let fields = Fields::of(call.schema);
    let by = Arg::new("by").long("by").value_name("KEYS").required(true);
    fields
        .command(call.name)
        .arg(by.help("Names of the keys that sign, the sender first: core-maker,core-checker"))
        .arg(
            Arg::new("draft").long("draft").value_name("FILE").value_parser(clap::value_parser!(PathBuf)).help(
                "Write the transaction with the signatures so far to a file, for others to sign, and do not send it",
            ),
        )
        .arg(
            Arg::new("also")
                .long("also")
                .value_name("PUBLIC-KEYS")
                .requires("draft")
                .help("Public keys of those who will sign the draft later, as `tributary key list` shows them"),
        )
}

fn query_command(query: &'static QuerySpec) -> Command {
    Fields::of(query.schema).command(query.name)
}

/// Runs an act or a query of a module.
pub async fn run(module: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    let module = ledger::modules().iter().find(|candidate| candidate.name == module).expect("clap knows the modules");
    let (name, arguments) = arguments.subcommand().expect("clap demands a subcommand");
    if let Some(call) = module.calls.iter().find(|call| call.name == name) {
        return act(module, call, arguments).await;
    }
    let query = module.queries.iter().find(|query| query.name == name).expect("clap knows the queries");
    let question = Fields::of(query.schema).read(arguments)?;
    let client = session::client(arguments)?;
    let answer = client.query(&format!("{}.{}", module.name, query.name), question).await?;
    match Form::of(arguments) {
        Form::People if answer.is_object() => {
            output::named(&shown::rows(&Names::ask(&client).await?, &answer, query.answer_schema));
        }
        form @ (Form::People | Form::Programs) => output::value(form, &answer),
    }
    Ok(())
}

async fn act(module: &Module, call: &CallSpec, arguments: &ArgMatches) -> anyhow::Result<()> {
    let fields = Fields::of(call.schema).read(arguments)?;
    let act = api::prepare::act(&format!("{}.{}", module.name, call.name), fields).map_err(sdk::Error::from)?;
    let names: &String = arguments.get_one("by").expect("clap demands it");
    let signers = session::signers(arguments, names)?;
    let client = session::client(arguments)?;
    if let Some(path) = arguments.get_one::<PathBuf>("draft") {
        return super::transactions::draft(arguments, &client, &signers, act, path).await;
    }
    let signers: Vec<_> = signers.iter().collect();
    let view = client.transact(&signers, vec![act]).await?;
    super::transactions::print(Form::of(arguments), view)
}

/// The fields of an act or a query, from its schema.
struct Fields {
    about: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    help: String,
    required: bool,
    /// The schema's type: what is typed is read as text or number where it says so, as JSON otherwise.
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Json,
}

impl Fields {
    fn of(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        // A field that may be absent shows so in the schema of what is read, not of what is written.
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let reference = schema(&mut generator);
        let definitions: Map<String, Value> = generator.take_definitions(true);
        let root = resolve(reference.as_value(), &definitions);
        let required: Vec<&str> = root["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let properties = root["properties"].as_object().cloned().unwrap_or_default();
        let field = |(name, schema): (&String, &Value)| {
            let resolved = resolve(schema, &definitions);
            let described = schema.get("description").or_else(|| resolved.get("description"));
            let mut help = described.and_then(Value::as_str).unwrap_or("").replace('\n', " ");
            if let Some(shape) = shape(schema, &definitions) {
                help = format!("{help} JSON: {shape}").trim_start().to_owned();
            }
            let kind = if resolved["type"] == "string" { Kind::Text } else { Kind::Json };
            Field { name: name.clone(), help, required: required.contains(&name.as_str()), kind }
        };
        let about = root["description"].as_str().unwrap_or("").lines().next().unwrap_or("").to_owned();
        Self { about, fields: properties.iter().map(field).collect() }
    }

    fn command(&self, name: &'static str) -> Command {
        let mut command = Command::new(name).about(self.about.clone()).arg(
            Arg::new("from-file")
                .long("from-file")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Read all fields from a JSON file"),
        );
        for field in &self.fields {
            let value_name = if field.kind == Kind::Text { "TEXT" } else { "JSON" };
            command = command.arg(
                Arg::new(format!("field-{}", field.name))
                    .long(field.name.replace('_', "-"))
                    .value_name(value_name)
                    .help(field.help.clone())
                    .required_unless_present_any(if field.required { vec!["from-file"] } else { vec![] })
                    .required(false),
            );
        }
        command
    }

    /// The fields as JSON: those of the file, and over them those of the command line.
    fn read(&self, arguments: &ArgMatches) -> anyhow::Result<Value> {
        let mut fields = match arguments.get_one::<PathBuf>("from-file") {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
                serde_json::from_str(&text).with_context(|| format!("read {} as JSON", path.display()))?
            }
            None => Map::new(),
        };
        for field in &self.fields {
            let typed = arguments.get_one::<String>(&format!("field-{}", field.name));
            if let Some(typed) = typed {
                let value = match field.kind {
                    Kind::Text => Value::String(typed.clone()),
                    // Variants without fields and ids inside optional fields are typed plainly, without quotes.
                    Kind::Json => serde_json::from_str(typed).unwrap_or_else(|_| Value::String(typed.clone())),
                };
                fields.insert(field.name.clone(), value);
            } else if field.required && !fields.contains_key(&field.name) {
                anyhow::bail!("--{} is missing: {}", field.name.replace('_', "-"), field.help);
            }
        }
        if self.fields.is_empty() { Ok(Value::Null) } else { Ok(Value::Object(fields)) }
    }
}

/// How the JSON of a field is laid out, where it is an object or a list of objects.
fn shape(schema: &Value, definitions: &Map<String, Value>) -> Option<String> {
    let resolved = resolve(schema, definitions);
    if let Some(inner) = shape_of_items(resolved, definitions) {
        return Some(format!("[{inner}, ..]"));
    }
    let properties = resolved["properties"].as_object()?;
    let names = properties.iter().map(|(name, field)| match shape(field, definitions) {
        Some(inner) => format!("{name}: {inner}"),
        None => name.clone(),
    });
    Some(format!("{{{}}}", names.collect::<Vec<_>>().join(", ")))
}

fn shape_of_items(resolved: &Value, definitions: &Map<String, Value>) -> Option<String> {
    shape(resolved.get("items")?, definitions)
}

/// The schema behind a reference.
fn resolve<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| definitions.get(name)).unwrap_or(schema)
}
