//! Commands that run a chain on this machine.

mod audit;
mod backup;
pub mod birth;
mod doctor;
mod founding;
mod log;
pub mod run;
mod state;

use clap::{Arg, ArgAction, ArgMatches, Command};

/// The folder of a node's data.
pub fn data() -> Arg {
    Arg::new("data")
        .long("data")
        .value_name("DIR")
        .env("TRIBUTARY_DATA")
        .default_value("data")
        .help("Folder with the node's data")
}

/// The file that a command writes.
fn to(help: &'static str) -> Arg {
    Arg::new("to").long("to").value_name("FILE").required(true).help(help)
}

pub fn listen() -> Arg {
    Arg::new("listen")
        .long("listen")
        .value_name("ADDRESS")
        .env("TRIBUTARY_LISTEN")
        .default_value("127.0.0.1:8645")
        .value_parser(clap::value_parser!(std::net::SocketAddr))
        .help("Address of the REST door; port 0 takes a free one")
}

fn pool_policy() -> Arg {
    Arg::new("pool-policy")
        .long("pool-policy")
        .value_name("POLICY")
        .default_value("first-come")
        .value_parser(|text: &str| text.parse::<node::Policy>())
        .help("When a sender's new transaction takes the place of a waiting one with its nonce")
        .long_help(
            "When a sender's new transaction takes the place of a waiting one with its nonce: first-come: never; \
             priority: when it is valid for at least a second longer; fair-share: while this node has not proposed \
             the waiting one, once in five seconds for each account",
        )
}

pub fn commands() -> Vec<Command> {
    let mut commands = backup::commands();
    commands.push(doctor::command());
    commands.push(state::command());
    commands.extend(node_commands());
    commands
}

fn node_run() -> Command {
    Command::new("run")
        .about("Run the node of a data folder until it is told to stop")
        .arg(data())
        .arg(listen())
        .arg(
            Arg::new("metrics-listen")
                .long("metrics-listen")
                .value_name("ADDRESS")
                .env("TRIBUTARY_METRICS_LISTEN")
                .value_parser(clap::value_parser!(std::net::SocketAddr))
                .help("Tell health and metrics at this address, and metrics no more at the REST door"),
        )
        .arg(Arg::new("behind-proxy").long("behind-proxy").action(ArgAction::SetTrue).help(
            "A proxy stands before the REST door and appends the client's address to `X-Forwarded-For`: callers \
             who send rubbish are told apart by it",
        ))
        .arg(log::format())
        .arg(
            Arg::new("heartbeat-ms")
                .long("heartbeat-ms")
                .value_name("MS")
                .default_value("3000")
                .value_parser(clap::value_parser!(u64))
                .help("Longest time without a block; the same for all validators of a chain"),
        )
        .arg(pool_policy())
        .arg(
            Arg::new("keep-blocks")
                .long("keep-blocks")
                .value_name("N")
                .env("TRIBUTARY_KEEP_BLOCKS")
                .value_parser(clap::value_parser!(std::num::NonZeroU64))
                .help("How many of the newest blocks to keep, at least two epochs; every block if not given"),
        )
        .arg(Arg::new("no-lists").long("no-lists").env("TRIBUTARY_NO_LISTS").action(ArgAction::SetTrue).help(
            "Keep no lists, records and events for clients, a third of the work: transactions, queries and proofs \
             are answered all the same",
        ))
        .arg(Arg::new("join").long("join").action(ArgAction::SetTrue).help(
            "Begin at the others' newest block if there is none here: for a validator of the genesis whose disk is \
             lost. Other machines do so by themselves",
        ))
}

fn node_commands() -> Vec<Command> {
    vec![
        birth::command(),
        Command::new("node")
            .about("Run a node")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(node_run()),
        Command::new("audit")
            .about("Recompute every law over the whole state of a stopped node's folder")
            .arg(data())
            .arg(
                Arg::new("replay")
                    .long("replay")
                    .action(ArgAction::SetTrue)
                    .help("Also run every block again from the genesis: signatures, certificates, receipts and roots"),
            )
            .arg(Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("Print nothing when all laws hold")),
        Command::new("completion")
            .about("Print a completion script for a shell")
            .arg(Arg::new("shell").required(true).value_parser(clap::value_parser!(clap_complete::Shell))),
    ]
}

/// Runs the command if it is of this side.
pub async fn run(name: &str, arguments: &ArgMatches) -> Option<anyhow::Result<()>> {
    Some(match name {
        "chain" => birth::run(arguments).await,
        "node" => run::run(arguments.subcommand_matches("run").expect("clap demands it")).await,
        "audit" => audit::run(arguments).await,
        "backup" => backup::backup(arguments),
        "restore" => backup::restore(arguments),
        "state" => state::run(arguments).await,
        "doctor" => doctor::run(arguments).await,
        "completion" => {
            let shell: &clap_complete::Shell = arguments.get_one("shell").expect("clap demands it");
            clap_complete::generate(*shell, &mut crate::command(), "tributary", &mut std::io::stdout());
            Ok(())
        }
        _ => return None,
    })
}
