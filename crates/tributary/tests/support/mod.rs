//! A node in this process on a folder of its own, and the demonstration's people speaking to it over REST.

use node::{Config, Folder, Node, Policy};
use sdk::{Client, Keystore};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tributary::demo::{self, Actors, Narrator};

/// A node that stops when it is told to, or with the process.
pub struct Stage {
    pub actors: Actors,
    pub node: Node,
    data: Folder,
    folder: TempDir,
}

impl Stage {
    /// A new chain with the demonstration's genesis; nobody but the operator is registered.
    pub async fn new() -> Self {
        // A second test of the same process finds the log set up.
        let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let keystore = Keystore::open(folder.path().join("keys")).expect("a key folder");
        let signers = demo::keys(&keystore, "for tests").expect("keys are made");
        let (genesis, validator) = demo::genesis(&signers).expect("a genesis");
        let data = Folder::new(folder.path().join("node"));
        data.create(&genesis, &validator).expect("a new chain");
        let node = start(&data).await;
        let client = Client::new(&format!("http://{}", node.address())).expect("a client");
        Self { actors: Actors::new(client, signers), node, data, folder }
    }

    /// Stops the node and starts it again on its folder.
    #[allow(dead_code, reason = "not every test stops its node")]
    pub async fn restart(self) -> Self {
        let Self { mut actors, node, data, folder } = self;
        node.stop().await;
        let node = start(&data).await;
        actors.speak_to(Client::new(&format!("http://{}", node.address())).expect("a client"));
        Self { actors, node, data, folder }
    }

    /// The folder of everybody's keys; the passphrase is `for tests`.
    #[allow(dead_code, reason = "for tests of the command line")]
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The node's data folder.
    #[allow(dead_code, reason = "for tests of the command line")]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Every law, recomputed from the whole state of the running node.
    #[allow(dead_code, reason = "not every test changes the state")]
    pub async fn audit(&self) {
        let listing = self.node.chain().scan().await.expect("the state is read");
        let state = types::state::Memory { records: listing.records.into_iter().collect(), events: Vec::new() };
        let (violations, checks) = ledger::audit(&state);
        assert!(violations.is_empty(), "laws broken: {violations:#?}");
        assert!(checks > 0, "nothing was checked");
    }
}

async fn start(data: &Folder) -> Node {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let config = Config {
        folder: data.clone(),
        listen,
        metrics: None,
        heartbeat: Duration::from_secs(10),
        join: false,
        keep_blocks: None,
        behind_proxy: false,
        pool_policy: Policy::default(),
        lists: true,
    };
    Node::start(config).await.expect("the node starts")
}

/// Hears the story without telling it on.
#[allow(dead_code, reason = "not every test tells the story")]
pub struct Quiet;

impl Narrator for Quiet {
    fn chapter(&mut self, _: &str) {}
    fn line(&mut self, _: &str) {}
}
