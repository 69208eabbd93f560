//! `tributary doctor`: what is wrong with this machine, this folder, this node, and why the chain does not advance.
//!
//! It changes nothing. What can be seen without the node is looked at always; a running node is asked at its own doors.

mod machine;
mod running;

use super::data;
use crate::output::{self, Form};
use clap::{Arg, ArgMatches, Command, value_parser};
use node::{Error, Folder};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    Good,
    /// It works, and may not for long.
    Doubtful,
    Wrong,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    verdict: Verdict,
    /// What was found; where it is not good, what to do.
    says: String,
}

impl Finding {
    fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, says: says.into() }
    }

    fn doubtful(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Doubtful, says: says.into() }
    }

    fn wrong(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Wrong, says: says.into() }
    }

    /// Good with what came out, or wrong with why nothing did, causes included.
    fn of<T>(what: &'static str, result: Result<T, Error>, good: impl FnOnce(&T) -> String) -> (Self, Option<T>) {
        match result {
            Ok(value) => (Self::good(what, good(&value)), Some(value)),
            Err(error) => (Self::wrong(what, format!("{:#}", anyhow::Error::from(error))), None),
        }
    }
}

pub fn command() -> Command {
    Command::new("doctor")
        .about("Say what is wrong with a node's machine, folder and chain, and what to do; fails when something is")
        .arg(data())
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .env("TRIBUTARY_LISTEN")
                .default_value("127.0.0.1:8645")
                .value_parser(value_parser!(SocketAddr))
                .help("Where the REST door is to be; a running node says by itself"),
        )
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = Folder::new(arguments.get_one::<String>("data").expect("it has a default"));
    let listen: SocketAddr = *arguments.get_one("listen").expect("it has a default");
    let findings = examine(&folder, listen).await;
    let word = |verdict: Verdict| match verdict {
        Verdict::Good => "good",
        Verdict::Doubtful => "doubtful",
        Verdict::Wrong => "wrong",
    };
    let row = |finding: &Finding| -> Vec<Value> {
        vec![json!(finding.what), json!(word(finding.verdict)), json!(finding.says)]
    };
    output::rows(Form::of(arguments), &["what", "verdict", "says"], &findings.iter().map(row).collect::<Vec<_>>());
    let wrong: Vec<&str> =
        findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).map(|finding| finding.what).collect();
    anyhow::ensure!(wrong.is_empty(), "something is wrong: {}", wrong.join(", "));
    Ok(())
}

async fn examine(folder: &Folder, listen: SocketAddr) -> Vec<Finding> {
    let (found, genesis) = Finding::of("folder", folder.genesis(), |genesis| {
        format!("{}: chain {} in format {}", folder.path().display(), genesis.chain(), node::FORMAT)
    });
    let mut findings = vec![found];
    let Some(genesis) = genesis else {
        findings.extend(machine::examine(folder));
        return findings;
    };
    findings.push(Finding::of("permissions", folder.check_modes(), |()| "nobody else reads the secrets".to_owned()).0);
    let (found, keys) = Finding::of("keys", folder.validator_keys(), |keys| format!("peer key {}", keys.peer_key()));
    findings.push(match keys.as_ref().map(|keys| keys.founded(&genesis)) {
        Some(Err(error)) => Finding::wrong("keys", format!("{error}: validator.key is of another chain")),
        _ => found,
    });
    let (found, peering) = Finding::of("peers", folder.peering(), |peering| match peering {
        Some(peering) => format!("{} listed, this machine listens on {}", peering.peers.len(), peering.listen),
        None => "none are listed: the node is alone".to_owned(),
    });
    findings.push(match &peering {
        Some(None) if genesis.validators.len() > 1 => {
            Finding::wrong("peers", "the chain has several validators and peers.json is missing: nobody is reached")
        }
        _ => found,
    });
    findings.extend(machine::examine(folder));
    match folder.lock() {
        Ok(lock) => {
            drop(lock);
            findings.push(Finding::doubtful("node", "it does not run: start it with `tributary node run`"));
            findings.push(machine::port("REST port", listen));
            let peers = peering.flatten().map(|peering| machine::port("peers' port", peering.listen));
            findings.extend(peers);
        }
        Err(Error::InUse { process, .. }) => match folder.contact() {
            Some(contact) => findings.extend(running::examine(folder, &genesis, keys.as_ref(), &contact).await),
            None => findings.push(Finding::doubtful(
                "node",
                match process {
                    Some(process) => format!("process {process} holds the folder and says no door"),
                    None => "a program that is no node holds the folder: wait for its end".to_owned(),
                },
            )),
        },
        Err(error) => findings.push(Finding::wrong("lock", format!("{:#}", anyhow::Error::from(error)))),
    }
    findings
}
