//! `tributary up`: a chain with a consortium, real documents, and a receivable that is issued, split, passed on, financed
//! and settled, told step by step; then the node keeps serving.

mod actors;
mod journal;
mod parties;
mod story;

pub use actors::{Actors, keys};
pub use journal::Journal;
pub use parties::{OPERATOR, PARTIES, PEOPLE, Party, key_name};
pub use story::{Narrator, Plot, Story, cny, day, text};

use crate::server::{birth, data, listen, run::asked_to_stop};
use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command};
use node::{Config, Folder, Node};
use sdk::{Client, Keystore};
use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use types::{Clock, Date, Genesis, List, Text, genesis::Operator};

pub fn command() -> Command {
    let once = Arg::new("once").long("once").action(ArgAction::SetTrue);
    Command::new("up")
        .about("Start a demonstration: a chain, a consortium, and a receivable from order to settlement")
        .arg(data())
        .arg(listen())
        .arg(once.help("Stop when the story is told, instead of serving on"))
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let data: &String = arguments.get_one("data").expect("it has a default");
    let listen: SocketAddr = *arguments.get_one("listen").expect("it has a default");
    let data = PathBuf::from(data);
    let folder = Folder::new(&data);
    fs::create_dir_all(&data).with_context(|| format!("make the folder {}", data.display()))?;
    let keystore = Keystore::open(data.join("keys"))?;
    let passphrase = passphrase(&data.join("keys.passphrase"))?;
    let signers = keys(&keystore, &passphrase)?;
    let lock = folder.lock()?;
    let again = folder.has_chain();
    if !again {
        let (genesis, validator) = genesis(&signers)?;
        folder.create(&genesis, &validator)?;
    }
    // The node takes it for itself.
    drop(lock);
    let config = Config {
        folder,
        listen,
        metrics: None,
        heartbeat: node::HEARTBEAT,
        join: false,
        keep_blocks: None,
        behind_proxy: false,
        pool_policy: node::Policy::default(),
        lists: true,
    };
    let mut node = Node::start(config).await?;
    let url = format!("http://{}", node.address());
    println!("{}", if again { "Found the chain of an earlier start; it goes on." } else { "A new chain has begun." });
    println!("The node serves on {url}, its data is in {}.\n", data.display());
    let (journal, plot) = Journal::open(data.join("story.journal"))?;
    if plot.is_told() {
        println!("Golden scenario R1 was told to its end in an earlier start.");
    } else if plot.step > 0 {
        println!("The story goes on at part {} of {}.", plot.step + 1, Plot::STEPS);
    } else {
        println!("{PROLOGUE}");
    }
    let mut actors = Actors::new(Client::new(&url)?, signers);
    actors.write_to(journal);
    let mut print = Print;
    let mut story = Story::take_up(&mut actors, &mut print, plot);
    let mut asked = std::pin::pin!(asked_to_stop());
    let told = tokio::select! {
        told = story.tell() => told,
        error = node.failed() => Err(error.into()),
        () = &mut asked => {
            node.stop().await;
            return Ok(());
        }
    };
    if let Err(error) = told {
        node.stop().await;
        return Err(error.context("the story broke off; start again to take it up where it was"));
    }
    hints(&url, &data, &story.plot);
    if !arguments.get_flag("once") {
        println!("Serving until Ctrl-C.");
        tokio::select! {
            () = &mut asked => {}
            error = node.failed() => return Err(error.into()),
        }
    }
    node.stop().await;
    Ok(())
}

/// A genesis whose clock can be moved, so that months pass in seconds. It begins on the morning on which R1 is issued.
pub fn genesis(
    signers: &std::collections::BTreeMap<String, sdk::Signer>,
) -> anyhow::Result<(Genesis, engine::ValidatorKeys)> {
    let administrator = signers["OP.admin"].public_key();
    let operator = Operator {
        name: Text::new(OPERATOR.name).map_err(anyhow::Error::msg)?,
        legal_id: Text::new(OPERATOR.legal_id).map_err(anyhow::Error::msg)?,
        administrators: List::new(vec![administrator]).map_err(anyhow::Error::msg)?,
    };
    let time = Date::from_ymd(2026, 3, 2).expect("a date").at(9, 0);
    birth::make("tributary demonstration", operator, Clock::Movable, time)
}

/// The passphrase of the demonstration's keys: drawn at the first start, kept beside them. It protects nothing, and
/// shows how keys are used.
pub(crate) fn passphrase(path: &Path) -> anyhow::Result<String> {
    if path.exists() {
        let passphrase = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        return Ok(passphrase.trim_end().to_owned());
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("draw a passphrase: {error}"))?;
    let passphrase = hex::encode(bytes);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("write {}", path.display()))?;
    writeln!(file, "{passphrase}").with_context(|| format!("write {}", path.display()))?;
    Ok(passphrase)
}

/// Tells the story on standard output.
struct Print;

impl Narrator for Print {
    fn chapter(&mut self, title: &str) {
        println!("\n{title}");
    }

    fn line(&mut self, line: &str) {
        println!("  {line}");
    }
}

/// What a newcomer has to know before the story is told.
const PROLOGUE: &str = "\
Golden scenario R1 is played on it: CORE owes its supplier S1 for goods, and promises in a certificate to pay in August.
S1 splits the certificate, sells a part to a bank for cash now, and pays its own supplier S2 with another, who pays S3.
In August CORE pays too little, and the rest in October. Each line is what the chain answered to signed transactions;
`refused` is an attempt that the ledger has to turn down. Months pass in seconds: this chain's clock can be moved.";

fn hints(url: &str, data: &Path, plot: &Plot) {
    let keys = data.join("keys");
    let program = std::env::args().next().unwrap_or_else(|| "tributary".to_owned());
    let certificate = plot.certificate.map_or_else(|| "CERTIFICATE".to_owned(), |id| id.to_string());
    println!("\nOpen {url}/docs in a browser: every act, list and proof, and what each answers.");
    println!("Try in another terminal:");
    println!("  export TRIBUTARY_NODE={url} TRIBUTARY_KEYS={}", keys.display());
    println!("  export TRIBUTARY_PASSPHRASE=$(cat {})", data.join("keys.passphrase").display());
    println!("  alias tributary={program}");
    for (hint, what) in [
        ("tributary status", "which chain this is, and where it stands"),
        ("tributary list receivable/lots", "who holds what; --where status=Redeemed filters"),
        (&format!("tributary show receivable/certificates {certificate}"), "proved before it is shown"),
        ("tributary events --until-now", "what happened, in order"),
        ("tributary receivable --help", "a command for every act"),
    ] {
        println!("  {hint:40} # {what}");
    }
}
