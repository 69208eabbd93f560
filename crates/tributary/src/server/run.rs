//! `tributary node run`.

use anyhow::Context as _;
use clap::ArgMatches;
use node::{Config, Folder, Node};
use std::{io::IsTerminal as _, net::SocketAddr, time::Duration};
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise: what an operator acts on, not how the engine's parts get along.
const LOGGED: &str = "info,commonware=warn";

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let colored = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colored).with_writer(std::io::stderr).init();
    let data: &String = arguments.get_one("data").expect("it has a default");
    let listen: &String = arguments.get_one("listen").expect("it has a default");
    let listen: SocketAddr =
        listen.parse().with_context(|| format!("`{listen}` is not an address like 127.0.0.1:8645"))?;
    let heartbeat: &u64 = arguments.get_one("heartbeat-ms").expect("it has a default");
    let join = arguments.get_flag("join");
    let keep_blocks = arguments.get_one::<std::num::NonZeroU64>("keep-blocks").copied();
    let folder = Folder::new(data);
    let _lock = folder.lock()?;
    let mut node =
        Node::start(Config { folder, listen, heartbeat: Duration::from_millis(*heartbeat), join, keep_blocks }).await?;
    // For programs that start a node and wait for its door.
    println!("listening on http://{}", node.address());
    tokio::select! {
        () = asked_to_stop() => {
            node.stop().await;
            Ok(())
        }
        error = node.failed() => Err(error.into()),
    }
}

/// Resolves on Ctrl-C or a termination signal.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
