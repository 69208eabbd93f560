//! `tributary`: the one program. Starts nodes, and speaks to them for people and for other programs.
//!
//! Commands for acts, queries and lists are made from the operation table, so a new act has its command at once.
//! A library too, so that tests can tell the demonstration's story to a node of their own.

mod bench;
mod client;
pub mod demo;
pub mod import;
mod net;
mod output;
pub mod server;
mod top;

pub use client::import::{Sent, load};

use clap::{Arg, ArgMatches, Command};
use std::process::ExitCode;

/// The program: reads the command line, does it, and says how it went.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&matches)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// The whole command line.
fn command() -> Command {
    let global = |name: &'static str, help: &'static str| Arg::new(name).long(name).global(true).help(help);
    Command::new("tributary")
        .about("An open network for supply-chain finance")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            global("node", "Address of the node to speak to")
                .env("TRIBUTARY_NODE")
                .default_value("http://127.0.0.1:8645")
                .value_name("URL"),
        )
        .arg(
            global("keys", "Folder with encrypted key files")
                .env("TRIBUTARY_KEYS")
                .default_value("data/keys")
                .value_name("DIR"),
        )
        .arg(global("json", "Answer in JSON, for programs").action(clap::ArgAction::SetTrue))
        .subcommand(demo::command())
        .subcommand(bench::command())
        .subcommand(net::command())
        .subcommand(top::command())
        .subcommands(server::commands())
        .subcommands(client::commands())
}

async fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let (name, arguments) = matches.subcommand().expect("clap demands a subcommand");
    if name == "up" {
        return demo::run(arguments).await;
    }
    if name == "bench" {
        return bench::run(arguments).await;
    }
    if name == "net" {
        return net::run(arguments).await;
    }
    if name == "top" {
        return top::run(arguments).await;
    }
    match server::run(name, arguments).await {
        Some(result) => result,
        None => client::run(name, arguments).await,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
