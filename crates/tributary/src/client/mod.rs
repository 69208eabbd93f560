//! Commands that speak to a node.

mod acts;
pub mod import;
mod keys;
mod names;
mod reads;
mod session;
mod shown;
mod transactions;

use clap::{ArgMatches, Command};

/// Every command of this side.
pub fn commands() -> Vec<Command> {
    let mut commands = vec![keys::command(), transactions::command(), import::command()];
    commands.extend(reads::commands());
    commands.extend(acts::commands());
    commands
}

/// Runs one of them.
pub async fn run(name: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    match name {
        "key" => keys::run(arguments),
        "import" => import::run(arguments).await,
        "transaction" => transactions::run(arguments).await,
        "status" | "list" | "show" | "events" | "block" | "errors" => reads::run(name, arguments).await,
        module => acts::run(module, arguments).await,
    }
}
