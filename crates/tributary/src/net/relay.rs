//! The wires of a network on one machine: every connection between two nodes runs through this process, which can cut it.
//!
//! ```text
//!   net/relay.json    the wires: who dials, who is reached, where the wire begins and where it ends
//!   net/relay.sock    tells this process which groups can reach each other
//!   net/relay.pid, net/relay.log
//!
//!   node1 --dials--> 127.0.0.1:9766 (the wire from 1 to 2) --> 127.0.0.1:9646, where node2 listens
//! ```
//! A node knows the others by the ends of its own wires (`peers.json`). A wire that is cut drops what it carries, both ways,
//! and takes no connection until it is healed: to the nodes it looks like a network that fails, for it is one.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::watch,
};

/// How long a relay that starts may take to answer.
const START_TIME: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const ASK: Duration = Duration::from_millis(50);
/// Wires begin this many ports above the nodes' own.
const PORTS_ABOVE: usize = 100;
/// Ports between the wires of one node and those of the next.
const STRIDE: usize = 20;

/// A wire from one node to another. Number zero stands for any node that knows the other's address from the chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    pub from: u32,
    pub to: u32,
    /// Where the wire begins: what the node that dials knows as the other's address.
    pub begins: SocketAddr,
    /// Where the node that is reached listens.
    pub ends: SocketAddr,
}

/// Nodes that reach each other; those of different groups do not. No groups: everybody reaches everybody.
pub type Groups = Vec<BTreeSet<u32>>;

/// What a relay is told. Each is answered with `ok` once it holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Cut every wire between groups, heal the others.
    Divide(Groups),
    /// Lay the wires that are new in `relay.json`.
    Lay,
}

/// The wire by which `from` reaches `to`, on the ports above those where the first node listens.
pub fn wire(from: u32, to: u32, first: SocketAddr, ends: SocketAddr) -> anyhow::Result<Wire> {
    let place = PORTS_ABOVE + STRIDE * usize::try_from(from)? + usize::try_from(to)?;
    let port = u16::try_from(usize::from(first.port()) + place).context("the ports do not suffice: begin lower")?;
    Ok(Wire { from, to, begins: SocketAddr::new(first.ip(), port), ends })
}

/// The relay of a network's folder.
pub struct Relay {
    dir: PathBuf,
}

impl Relay {
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Whether the network was made with wires.
    pub fn exists(&self) -> bool {
        self.path("relay.json").exists()
    }

    pub fn wires(&self) -> anyhow::Result<Vec<Wire>> {
        let path = self.path("relay.json");
        let bytes = fs::read(&path).with_context(|| {
            format!("read {}: a network that was made without wires cannot be cut, make it anew", path.display())
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is not what it should be", path.display()))
    }

    pub fn write(&self, wires: &[Wire]) -> anyhow::Result<()> {
        let path = self.path("relay.json");
        let bytes = serde_json::to_vec_pretty(wires).expect("it has string keys only");
        fs::write(&path, bytes).with_context(|| format!("write {}", path.display()))
    }

    /// Starts the relay's process, if it does not run, and returns when it carries.
    pub async fn start(&self) -> anyhow::Result<()> {
        if self.tell(&Order::Lay).await.is_ok() {
            return Ok(());
        }
        let path = self.path("relay.log");
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("write {}", path.display()))?;
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command.args(["net", "relay", "--dir"]).arg(&self.dir);
        command.stdin(Stdio::null()).stdout(log.try_clone().context("share the log")?).stderr(log);
        // Ctrl-C is for the command that shows the logs.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().context("start the relay")?;
        fs::write(self.path("relay.pid"), child.id().to_string()).context("remember the relay's process")?;
        let answers = async {
            while self.tell(&Order::Lay).await.is_err() {
                tokio::time::sleep(ASK).await;
            }
        };
        tokio::time::timeout(START_TIME, answers)
            .await
            .with_context(|| format!("the relay did not start: see {}", path.display()))
    }

    /// Gives an order, and returns when it is carried out.
    pub async fn tell(&self, order: &Order) -> anyhow::Result<()> {
        let path = self.path("relay.sock");
        let stream = UnixStream::connect(&path).await;
        let mut stream =
            stream.with_context(|| format!("reach the relay at {}: does the network run?", path.display()))?;
        let mut line = serde_json::to_vec(order).expect("it has string keys only");
        line.push(b'\n');
        stream.write_all(&line).await.context("speak to the relay")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.context("hear the relay")?;
        anyhow::ensure!(answer.trim() == "ok", "the relay refuses: {}", answer.trim());
        Ok(())
    }

    /// Asks the relay's process to end, if it runs.
    pub fn stop(&self) {
        let process = fs::read_to_string(self.path("relay.pid")).ok().and_then(|text| text.trim().parse::<u32>().ok());
        let Some(process) = process else { return };
        // A number may have gone to another program since.
        let arguments = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        if arguments.split(|byte| *byte == 0).any(|argument| argument == b"relay") {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
        let _ = fs::remove_file(self.path("relay.pid"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The relay's process: carries until it is ended.
pub async fn run(dir: &Path) -> anyhow::Result<()> {
    let relay = Relay::of(dir);
    let socket = relay.path("relay.sock");
    match fs::remove_file(&socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("take over the relay's socket");
        }
        _ => {}
    }
    let orders = UnixListener::bind(&socket).with_context(|| format!("listen on {}", socket.display()))?;
    let (groups, divided) = watch::channel(Groups::new());
    let mut laid = BTreeSet::new();
    lay(&relay, &mut laid, &divided).await?;
    loop {
        let (stream, _) = orders.accept().await.context("hear orders")?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        let order = match stream.read_line(&mut line).await {
            Ok(_) => serde_json::from_str::<Order>(&line),
            Err(error) => {
                eprintln!("an order was not heard: {error}");
                continue;
            }
        };
        let done = match order {
            Ok(Order::Divide(new)) => {
                groups.send_replace(new);
                Ok(())
            }
            Ok(Order::Lay) => lay(&relay, &mut laid, &divided).await,
            Err(error) => Err(error.into()),
        };
        let answer = done.map_or_else(|error| format!("{error:#}\n"), |()| "ok\n".to_owned());
        // Whoever asked may have gone.
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// Lays the wires that are not laid yet.
async fn lay(relay: &Relay, laid: &mut BTreeSet<Wire>, divided: &watch::Receiver<Groups>) -> anyhow::Result<()> {
    let all: BTreeSet<Wire> = relay.wires()?.into_iter().collect();
    let everybody: BTreeSet<u32> = all.iter().flat_map(|wire| [wire.from, wire.to]).filter(|node| *node > 0).collect();
    for wire in all {
        if laid.contains(&wire) {
            continue;
        }
        let listener = TcpListener::bind(wire.begins).await;
        let listener =
            listener.with_context(|| format!("begin the wire from {} to {} at {}", wire.from, wire.to, wire.begins))?;
        tokio::spawn(carry(listener, wire.clone(), everybody.clone(), divided.clone()));
        laid.insert(wire);
    }
    Ok(())
}

/// Whether nothing passes between the ends of a wire. That of any node is cut if it is cut for one: each node that still
/// reaches the other does so by a wire of the other's own.
fn is_cut(wire: &Wire, everybody: &BTreeSet<u32>, groups: &Groups) -> bool {
    let group = |node: u32| groups.iter().position(|group| group.contains(&node));
    let apart = |node: u32| !groups.is_empty() && group(node) != group(wire.to);
    if wire.from > 0 { apart(wire.from) } else { everybody.iter().any(|node| apart(*node)) }
}

async fn carry(listener: TcpListener, wire: Wire, everybody: BTreeSet<u32>, divided: watch::Receiver<Groups>) {
    loop {
        let Ok((mut near, _)) = listener.accept().await else {
            tokio::time::sleep(ASK).await;
            continue;
        };
        let (wire, everybody, mut divided) = (wire.clone(), everybody.clone(), divided.clone());
        tokio::spawn(async move {
            if is_cut(&wire, &everybody, &divided.borrow_and_update()) {
                return;
            }
            // The node may not run.
            let Ok(mut far) = TcpStream::connect(wire.ends).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let cut = divided.wait_for(|groups| is_cut(&wire, &everybody, groups));
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = cut => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Groups, Wire, is_cut, wire};
    use std::{collections::BTreeSet, net::SocketAddr};

    fn between(from: u32, to: u32) -> Wire {
        let first: SocketAddr = "127.0.0.1:9645".parse().expect("an address");
        wire(from, to, first, first).expect("there are ports")
    }

    #[test]
    fn a_wire_is_cut_between_groups_only() {
        let everybody: BTreeSet<u32> = (1..=5).collect();
        let groups: Groups = vec![[1, 2, 5].into(), [3, 4].into()];
        let cut = |from, to| is_cut(&between(from, to), &everybody, &groups);
        assert!(!cut(1, 2) && !cut(5, 1) && !cut(4, 3));
        assert!(cut(1, 3) && cut(4, 2));
        assert!(cut(0, 5), "who is known by the chain's address only is reached by his own wires");
        assert!(!is_cut(&between(1, 3), &everybody, &Groups::new()));
        assert!(!is_cut(&between(0, 5), &everybody, &Groups::new()));
        // Who is in no group is alone with those who are in none.
        let some: Groups = vec![[1].into()];
        assert!(is_cut(&between(1, 2), &everybody, &some) && !is_cut(&between(2, 3), &everybody, &some));
    }

    #[test]
    fn no_two_wires_begin_at_one_place() {
        let mut places = BTreeSet::new();
        for from in 0..=17 {
            for to in 1..=17 {
                assert!(places.insert(between(from, to).begins));
            }
        }
    }
}
