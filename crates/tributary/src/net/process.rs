//! One node of a network: its folder, its process, its log.

use anyhow::Context as _;
use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// The longest time without a block: what a validator that is gone costs at its turn follows from it.
const HEARTBEAT_MS: &str = "2000";
/// How often it is looked whether processes live.
const LOOK: Duration = Duration::from_millis(500);

/// A node of a network.
pub struct Member {
    pub number: u32,
    folder: PathBuf,
}

impl Member {
    pub fn new(dir: &Path, number: u32) -> Self {
        Self { number, folder: dir.join(format!("node{number}")) }
    }

    pub fn exists(&self) -> bool {
        node::Folder::new(&self.folder).has_chain()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key by which the others know this node.
    pub fn peer_key(&self) -> anyhow::Result<types::PeerKey> {
        Ok(node::Folder::new(&self.folder).validator_keys()?.peer_key())
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("node.log")
    }

    /// Remembers where the node's door is to be.
    pub fn set_door(&self, door: SocketAddr) -> anyhow::Result<()> {
        write(&self.folder.join("node.url"), &format!("http://{door}"))
    }

    pub fn door(&self) -> anyhow::Result<String> {
        let path = self.folder.join("node.url");
        fs::read_to_string(&path).with_context(|| format!("read {}: start the network with `net up`", path.display()))
    }

    /// The node's process, if it lives.
    fn process(&self) -> Option<u32> {
        let process: u32 = fs::read_to_string(self.pid_path()).ok()?.trim().parse().ok()?;
        // A number may have gone to another program since.
        let arguments = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let folder = self.folder.to_string_lossy();
        let ours = arguments.split(|byte| *byte == 0).any(|argument| argument == folder.as_bytes());
        ours.then_some(process)
    }

    pub fn runs(&self) -> bool {
        self.process().is_some()
    }

    /// Starts the node's process, which outlives this one.
    pub fn start(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.runs(), "node{} runs already", self.number);
        let door = self.door()?;
        let log = OpenOptions::new().create(true).append(true).open(self.log());
        let log: File = log.with_context(|| format!("write {}", self.log().display()))?;
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command
            .args([
                "node",
                "run",
                "--heartbeat-ms",
                HEARTBEAT_MS,
                "--listen",
                door.trim_start_matches("http://"),
                "--data",
            ])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log);
        // Ctrl-C is for the command that shows the logs; it asks the nodes itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().context("start the node")?;
        write(&self.pid_path(), &child.id().to_string())
    }

    /// Ends the process at once: nothing is flushed, nobody is told.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.signal("KILL")
    }

    /// Asks the process to stop.
    pub fn stop(&self) -> anyhow::Result<()> {
        if self.runs() { self.signal("TERM") } else { Ok(()) }
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let process = self.process().with_context(|| format!("node{} does not run", self.number))?;
        let status = Command::new("kill").args(["-s", signal, &process.to_string()]).status().context("run `kill`")?;
        anyhow::ensure!(status.success(), "node{} could not be told to end", self.number);
        println!("node{} (process {process}) was sent {signal}", self.number);
        match fs::remove_file(self.pid_path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("forget the process"),
            _ => Ok(()),
        }
    }

    fn pid_path(&self) -> PathBuf {
        self.folder.join("node.pid")
    }
}

/// Resolves when none of the processes lives.
pub async fn ended(members: &[Member]) {
    let mut ticks = tokio::time::interval(LOOK);
    while members.iter().any(Member::runs) {
        ticks.tick().await;
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
