//! `tributary top`: a chain and its nodes in one view, drawn anew every second.
//!
//! It asks the nodes' own doors, as anybody may: who is at which height, who signs, who led lately, how long blocks take and
//! how much waits.

use crate::{
    net,
    output::{self, Form},
    server::run::asked_to_stop,
};
use anyhow::Context as _;
use api::message::{BlockView, ChainInfo};
use clap::{Arg, ArgAction, ArgMatches, Command};
use crossterm::{
    cursor, execute,
    terminal::{self, ClearType},
};
use sdk::Client;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    io::{IsTerminal as _, Write as _},
    path::Path,
    time::Duration,
};
use types::{PeerKey, Timestamp};

/// Blocks that rates and intervals are taken from.
const BLOCKS: usize = 64;
/// Blocks that are shown one by one.
const SHOWN: usize = 8;
/// How often it is drawn.
const TICK: Duration = Duration::from_secs(1);
/// How long a node may take to answer before it counts as silent.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn command() -> Command {
    Command::new("top")
        .about("Watch a chain until Ctrl-C: its nodes, who signs and who led, blocks and their intervals, what waits")
        .arg(
            Arg::new("dir")
                .long("dir")
                .value_name("DIR")
                .default_value("net")
                .help("Folder of a network that `net up` made; where there is none, the node of --node is watched"),
        )
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .help("Draw it once and end, for scripts; so it is without a terminal"),
        )
}

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let dir: &String = arguments.get_one("dir").expect("it has a default");
    let url: &String = arguments.get_one("node").expect("it has a default");
    let mut view = View::new(Path::new(dir), url)?;
    let form = Form::of(arguments);
    if form == Form::Programs {
        view.look().await;
        output::value(form, &view.json());
        return Ok(());
    }
    if arguments.get_flag("once") || !std::io::stdout().is_terminal() {
        view.look().await;
        print!("{}", view.frame());
        return Ok(());
    }
    let _screen = Screen::take()?;
    let asked = asked_to_stop();
    tokio::pin!(asked);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = &mut asked => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = &mut asked => return Ok(()),
            () = view.look() => {}
        }
        draw(&view.frame())?;
    }
}

/// The terminal, for as long as this lives.
struct Screen;

impl Screen {
    fn take() -> anyhow::Result<Self> {
        execute!(std::io::stdout(), terminal::EnterAlternateScreen, cursor::Hide).context("take the terminal")?;
        Ok(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(std::io::stdout(), cursor::Show, terminal::LeaveAlternateScreen);
    }
}

fn draw(frame: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let (columns, rows) = terminal::size().context("measure the terminal")?;
    execute!(out, cursor::MoveTo(0, 0)).context("draw")?;
    for line in frame.lines().take(usize::from(rows)) {
        let line: String = line.chars().take(usize::from(columns)).collect();
        write!(out, "{line}").context("draw")?;
        execute!(out, terminal::Clear(ClearType::UntilNewLine), cursor::MoveToNextLine(1)).context("draw")?;
    }
    execute!(out, terminal::Clear(ClearType::FromCursorDown)).context("draw")
}

/// A node that is watched.
struct Watched {
    name: String,
    url: String,
    key: Option<PeerKey>,
    info: Result<ChainInfo, String>,
}

/// What is known of the chain.
struct View {
    nodes: Vec<Watched>,
    /// The last blocks, the newest last: height, time, transactions.
    blocks: VecDeque<(u64, Timestamp, usize)>,
    /// The height of the last block that each validator is known to have led.
    led: BTreeMap<String, u64>,
}

impl View {
    fn new(dir: &Path, url: &str) -> anyhow::Result<Self> {
        let silent = || Err("not asked yet".to_owned());
        let mut nodes = Vec::new();
        for member in net::members(dir).unwrap_or_default() {
            nodes.push(Watched {
                name: format!("node{}", member.number),
                url: member.door()?,
                key: member.peer_key().ok(),
                info: silent(),
            });
        }
        if nodes.is_empty() {
            nodes.push(Watched { name: "node".to_owned(), url: url.to_owned(), key: None, info: silent() });
        }
        Ok(Self { nodes, blocks: VecDeque::new(), led: BTreeMap::new() })
    }

    /// Asks all nodes, and the highest of them for the blocks that are new.
    async fn look(&mut self) {
        futures::future::join_all(self.nodes.iter_mut().map(Watched::ask)).await;
        let Some((url, head)) = self.highest().map(|(node, info)| (node.url.clone(), info.head.height)) else { return };
        // What cannot be read now is read the next time.
        let _ = tokio::time::timeout(PATIENCE, self.read(&url, head)).await;
    }

    async fn read(&mut self, url: &str, head: u64) -> Result<(), sdk::Error> {
        let client = Client::new(url)?.with_patience(Duration::ZERO);
        let kept = u64::try_from(BLOCKS).expect("few");
        let known = self.blocks.back().map_or(0, |(height, _, _)| *height).max(head.saturating_sub(kept));
        for height in known + 1..=head {
            let block: BlockView = client.block(height).await?;
            self.blocks.push_back((height, block.header.time, block.transactions.len()));
            if self.blocks.len() > BLOCKS {
                self.blocks.pop_front();
            }
        }
        for row in client.list("governance/leads", &[("limit", "500".to_owned())]).await?.rows {
            let height = row.record.get("height").and_then(Value::as_u64);
            self.led.extend(height.map(|height| (row.id, height)));
        }
        Ok(())
    }

    fn highest(&self) -> Option<(&Watched, &ChainInfo)> {
        let answered = self.nodes.iter().filter_map(|node| Some((node, node.info.as_ref().ok()?)));
        answered.max_by_key(|(_, info)| info.head.height)
    }

    /// Milliseconds between blocks, shortest first.
    fn intervals(&self) -> Vec<u64> {
        let times: Vec<u64> = self.blocks.iter().map(|(_, time, _)| time.0).collect();
        let mut intervals: Vec<u64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        intervals.sort_unstable();
        intervals
    }

    /// Transactions a second over the blocks that are known.
    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.blocks.front()?, self.blocks.back()?);
        let transactions: usize = self.blocks.iter().skip(1).map(|(_, _, transactions)| transactions).sum();
        let ms = last.1.0.saturating_sub(first.1.0);
        (ms > 0).then(|| transactions as f64 * 1_000.0 / ms as f64)
    }

    fn json(&self) -> Value {
        let intervals = self.intervals();
        json!({
            "chain": self.highest().map(|(_, info)| info.name.clone()),
            "height": self.highest().map(|(_, info)| info.head.height),
            "transactions_per_second": self.rate(),
            "interval_ms_p50": share(&intervals, 50),
            "interval_ms_p99": share(&intervals, 99),
            "nodes": self.nodes.iter().map(|node| self.node(node)).collect::<Vec<_>>(),
        })
    }

    fn node(&self, node: &Watched) -> Value {
        let highest = self.highest().map_or(0, |(_, info)| info.head.height);
        let Ok(info) = &node.info else {
            return json!({ "node": node.name, "door": node.url, "state": node.info.as_ref().err() });
        };
        let led = node.key.and_then(|key| self.led.get(&key.to_string()));
        json!({
            "node": node.name,
            "door": node.url,
            "state": "serves",
            "height": info.head.height,
            "behind": highest - info.head.height,
            "index_behind": info.head.height.saturating_sub(info.indexed_height),
            "waiting": info.waiting,
            "signs": node.key.map(|key| info.epoch.signers.contains(&key)),
            "led_blocks_ago": led.map(|led| highest.saturating_sub(*led)),
        })
    }

    fn frame(&self) -> String {
        let mut frame = String::new();
        match self.highest() {
            Some((_, info)) => {
                let epoch = &info.epoch;
                frame += &format!(
                    "{}   block {} of {}   epoch {}, until block {}   {} sign{}\n",
                    info.name,
                    info.head.height,
                    info.head.time,
                    epoch.number,
                    epoch.next_height - 1,
                    epoch.signers.len(),
                    if epoch.dealt { "" } else { "   the shares of this epoch were not dealt" },
                );
                let (intervals, rate) = (self.intervals(), self.rate());
                let ms = |percent| share(&intervals, percent).map_or("-".to_owned(), |ms| format!("{ms} ms"));
                frame += &format!(
                    "between blocks: half within {}, 99 of 100 within {}   {} transactions a second\n\n",
                    ms(50),
                    ms(99),
                    rate.map_or("-".to_owned(), |rate| format!("{rate:.1}")),
                );
            }
            None => frame += "no node answers\n\n",
        }
        let columns =
            ["node", "door", "state", "height", "behind", "index_behind", "waiting", "signs", "led_blocks_ago"];
        let row = |node: &Watched| -> Vec<Value> {
            let known = self.node(node);
            columns.iter().map(|column| known.get(column).cloned().unwrap_or_default()).collect()
        };
        let rows: Vec<Vec<Value>> = self.nodes.iter().map(row).collect();
        frame += &output::table(&columns.map(|column| column.replace('_', " ")), &rows);
        let last = self.blocks.iter().rev().take(SHOWN);
        let rows: Vec<Vec<Value>> = last
            .map(|(height, time, transactions)| vec![json!(height), json!(time.to_string()), json!(transactions)])
            .collect();
        frame += "\n\n";
        frame += &output::table(&["block", "time", "transactions"].map(str::to_owned), &rows);
        frame.push('\n');
        frame
    }
}

impl Watched {
    async fn ask(&mut self) {
        let asked = async { Client::new(&self.url)?.with_patience(Duration::ZERO).info().await };
        self.info = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| match error {
                sdk::Error::Unreachable { .. } => "not reached".to_owned(),
                other => other.to_string(),
            }),
            Err(_) => Err("silent".to_owned()),
        };
    }
}

/// What so many of a hundred do not exceed.
fn share(sorted: &[u64], percent: usize) -> Option<u64> {
    let place = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(place).copied()
}
