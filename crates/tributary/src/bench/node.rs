//! The node that is measured: a child process on a folder of its own, which goes when the bench goes.

use anyhow::Context as _;
use sdk::Client;
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// The kernel's unit of CPU time in `/proc`: 100 a second on every Linux architecture that we know of.
const TICK: Duration = Duration::from_millis(10);

/// A running child, and the other validators of its chain.
pub struct Node {
    child: Child,
    /// `None`: ended.
    others: Vec<Option<Child>>,
    /// Of all nodes, the measured one first.
    folders: Vec<PathBuf>,
    pub url: String,
    folder: PathBuf,
    /// Made for this run: removed with it.
    temporary: bool,
}

/// Kilobytes, as `/proc/PID/status` gives them.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident_kb: u64,
    /// The most that was ever resident.
    pub peak_kb: u64,
}

impl Node {
    /// Starts the nodes of several folders of one chain below `parent`. Each opens its door once block one is final, for
    /// which it needs the others.
    pub fn start_all(folders: &[PathBuf], parent: PathBuf, temporary: bool) -> anyhow::Result<Self> {
        let starting: Vec<_> = folders.iter().cloned().map(|folder| thread::spawn(move || spawn(&folder))).collect();
        let mut started = Vec::new();
        for starting in starting {
            started.push(starting.join().map_err(|_| anyhow::anyhow!("start a node"))??);
        }
        let (child, url) = started.remove(0);
        let others = started.into_iter().map(|(child, _)| Some(child)).collect();
        Ok(Self { child, others, folders: folders.to_vec(), url, folder: parent, temporary })
    }

    /// Ends so many of the other nodes, the last first, as a power cut would.
    pub fn end(&mut self, count: usize) -> anyhow::Result<()> {
        anyhow::ensure!(count <= self.others.len(), "there are {} other validators", self.others.len());
        for child in self.others.iter_mut().rev().take(count) {
            if let Some(mut child) = child.take() {
                child.kill().context("end a node")?;
                child.wait().context("wait for a node's end")?;
            }
        }
        Ok(())
    }

    /// Starts the last node again, which was ended; gives the way to it.
    pub fn start_last(&mut self) -> anyhow::Result<Client> {
        let folder = self.folders.last().context("there is a node")?;
        let (child, url) = spawn(folder)?;
        *self.others.last_mut().context("there is another node")? = Some(child);
        Ok(Client::new(&url)?)
    }

    /// The processes that run, the measured one first.
    fn running(&self) -> impl Iterator<Item = &Child> {
        std::iter::once(&self.child).chain(self.others.iter().flatten())
    }

    /// Ends the node's process and starts another on its folder; gives how long it took to open its door.
    pub fn restart(&mut self) -> anyhow::Result<Duration> {
        self.child.kill().context("end the node")?;
        self.child.wait().context("wait for the node's end")?;
        let start = std::time::Instant::now();
        (self.child, self.url) = spawn(&self.folder)?;
        Ok(start.elapsed())
    }

    pub fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(&self.url)?)
    }

    /// CPU time of all the node's threads, in user code and in the kernel.
    /// With several nodes: what each of them took on average.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let mut sum = Duration::ZERO;
        let mut count = 0;
        for child in self.running() {
            sum += cpu(child)?;
            count += 1;
        }
        Ok(sum / count)
    }

    pub fn memory(&self) -> anyhow::Result<Memory> {
        let status = proc(&self.child, "status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let (resident_kb, peak_kb) = field("VmRSS:").zip(field("VmHWM:")).context("read the node's memory")?;
        Ok(Memory { resident_kb, peak_kb })
    }

    /// Bytes of the chain's files, and of the index.
    pub fn disk(&self) -> anyhow::Result<(u64, u64)> {
        let chain = size(&self.folder.join("chain"))?;
        Ok((chain, size(&self.folder)?.saturating_sub(chain)))
    }
}

fn proc(child: &Child, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{}/{file}", child.id());
    fs::read_to_string(&path).with_context(|| format!("read {path}: the node may have ended"))
}

fn cpu(child: &Child) -> anyhow::Result<Duration> {
    let stat = proc(child, "stat")?;
    // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field behind it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u32>().ok());
    let (user, kernel) = ticks(11).zip(ticks(12)).context("read the node's CPU time")?;
    Ok(TICK * (user + kernel))
}

impl Drop for Node {
    fn drop(&mut self) {
        // The folder is thrown away or kept as a crash would leave it: a node opens either.
        for child in std::iter::once(&mut self.child).chain(self.others.iter_mut().flatten()) {
            let _ = child.kill();
            let _ = child.wait();
        }
        if self.temporary {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn spawn(folder: &Path) -> anyhow::Result<(Child, String)> {
    let log = folder.join("node.log");
    let log = File::create(&log).with_context(|| format!("write {}", log.display()))?;
    let mut child = Command::new(std::env::current_exe().context("find this program")?)
        .args(["node", "run", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("start the node")?;
    let output = child.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).context("read where the node listens")?;
    match line.trim().strip_prefix("listening on ") {
        Some(url) => Ok((child, url.to_owned())),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!("the node did not start: see {}", folder.join("node.log").display())
        }
    }
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
