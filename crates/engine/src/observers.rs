//! Machines that follow the chain without a vote in consensus: governance admits them, and validators let them connect.
//!
//! The list is read from final state at the start, and again before the end of each epoch: who is admitted in an epoch may
//! connect in the next.

use commonware_codec::{Copying, DecodeExt as _};
use commonware_p2p::Address;
use execution::peers::{decode_observer, decode_peers, observer_key, peers_key};
use std::{collections::BTreeMap, sync::Arc};
use types::Key;

use crate::{
    application::{Core, open, place},
    directory::preferred,
    network::Peers,
    stack::{PeerKey, Runtime, SharedState},
};

/// Tells the network of the observers that are admitted now.
pub(crate) async fn refresh<E: Runtime>(state: &SharedState<E>, peers: &mut impl Peers) {
    let Some(roster) = read(state, peers_key()).await else { return };
    let mut observers: BTreeMap<PeerKey, Option<Address>> = BTreeMap::new();
    for observer in decode_peers(&roster).observers {
        let Ok(key) = PeerKey::decode(Copying(&observer.0)) else { continue };
        let record = read(state, observer_key(observer)).await;
        observers.insert(key, record.and_then(|record| preferred(&decode_observer(&record))));
    }
    peers.allow(observers);
}

/// Refreshes the list before each epoch, until the node stops.
pub(crate) async fn follow<E: Runtime>(core: Arc<Core>, state: SharedState<E>, mut peers: impl Peers) {
    let blocks = core.genesis.epoch_blocks;
    let mut epoch = core.finished().get() / blocks;
    loop {
        // The block before the last one of the epoch: the last one makes the next epoch begin.
        let height = (epoch + 1) * blocks - 2;
        core.finished().at_least(height).await;
        refresh(&state, &mut peers).await;
        epoch += 1;
    }
}

async fn read<E: Runtime>(state: &SharedState<E>, key: Key) -> Option<Vec<u8>> {
    let state = state.read().await;
    let found = state.get_many(&[&place(&key)]).await.expect("the state is readable, or the node must stop");
    let entry = found.into_iter().next().flatten()?;
    Some(open(&key, &entry))
}
