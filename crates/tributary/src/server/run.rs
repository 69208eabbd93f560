//! `tributary node run`.

use super::log;
use clap::ArgMatches;
use node::{Config, Folder, Node, Policy};
use std::{net::SocketAddr, time::Duration};

pub async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    log::start(arguments);
    let data: &String = arguments.get_one("data").expect("it has a default");
    let listen: SocketAddr = *arguments.get_one("listen").expect("it has a default");
    let metrics: Option<SocketAddr> = arguments.get_one("metrics-listen").copied();
    let heartbeat = Duration::from_millis(*arguments.get_one("heartbeat-ms").expect("it has a default"));
    let join = arguments.get_flag("join");
    let keep_blocks = arguments.get_one::<std::num::NonZeroU64>("keep-blocks").copied();
    let pool_policy: Policy = *arguments.get_one("pool-policy").expect("it has a default");
    let (behind_proxy, lists) = (arguments.get_flag("behind-proxy"), !arguments.get_flag("no-lists"));
    let folder = Folder::new(data);
    let config = Config { folder, listen, metrics, behind_proxy, heartbeat, join, keep_blocks, pool_policy, lists };
    // One for the whole run: a signal between two of them would reach neither.
    let mut asked = std::pin::pin!(asked_to_stop());
    let mut node = tokio::select! {
        started = Node::start(config) => started?,
        // What is on disk is whole at any moment.
        () = &mut asked => return Ok(()),
    };
    // For programs that start a node and wait until it answers.
    println!("listening on http://{}", node.address());
    tokio::select! {
        () = &mut asked => {
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
