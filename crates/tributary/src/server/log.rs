//! What a node says while it runs: lines for people, or JSON for programs that collect logs. Panics are lines too.

use clap::{Arg, builder::PossibleValuesParser};
use std::io::IsTerminal as _;
use tracing_subscriber::{EnvFilter, fmt};

/// What is logged unless `RUST_LOG` says otherwise: what an operator acts on, not how the engine's parts get along.
const LOGGED: &str = "info,commonware=warn";

pub fn format() -> Arg {
    Arg::new("log-format")
        .long("log-format")
        .value_name("FORMAT")
        .env("TRIBUTARY_LOG_FORMAT")
        .default_value("text")
        .value_parser(PossibleValuesParser::new(["text", "json"]))
        .help("How the log on standard error is written; RUST_LOG says how much of it")
}

/// Writes the log to standard error from now on.
pub fn start(arguments: &clap::ArgMatches) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.get_one::<String>("log-format").map(String::as_str) {
        Some("json") => builder.json().flatten_event(true).init(),
        _ => builder.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    // The place in the program helps whoever reads a report; what to do about it is in the error that the node ends with.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(reason = panic.payload_as_str().unwrap_or("not said"), place, "a part of the node failed");
    }));
}
