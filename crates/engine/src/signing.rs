//! What makes a validator of a node: the resharing, and the consensus of each epoch on what the resharing gave.
//!
//! ```text
//!   marshal --final blocks--> resharing --scheme of the epoch--> Schemes, fence --gate--> consensus
//!                                 |                                                          |
//!                                 '-- what a block carries of it --> machine <---- Paced <---'
//! ```

use commonware_consensus::{Reporters, marshal::standard::Deferred, simplex::elector::RoundRobin};
use commonware_cryptography::{Sha256, ed25519};
use commonware_glue::dkg::{fence::Fence, orchestrator, reshare};
use commonware_p2p::Blocker;
use commonware_parallel::Sequential;
use std::sync::Arc;

use crate::{
    application::Core,
    block::Block,
    epochs::{Committees, Schemes},
    network::Peers,
    pace::Paced,
    restored::Restored,
    secrets::Secrets,
    stack::{Curve, Machine, Marshal, PeerKey, Runtime, Scheme, Variant},
    wiring::{StartPlan, Wiring},
};

type Resharing<E, P, B> = reshare::Actor<
    E,
    Block,
    Curve,
    ed25519::PrivateKey,
    P,
    B,
    Committees<E>,
    Secrets<E>,
    Sequential,
    Scheme,
    Variant,
    Schemes,
>;
type Consensus<E, P, B> =
    orchestrator::Actor<E, B, P, Schemes, Variant, Curve, Paced<E>, RoundRobin<Sha256>, Sequential>;
type SigningReporters = Reporters<orchestrator::Mailbox<Block>, reshare::Mailbox<Block, Curve, ed25519::PrivateKey>>;

/// The two actors, not started yet.
pub(crate) struct Signing<E, P, B>
where
    E: Runtime,
    P: Peers,
    B: Blocker<PublicKey = PeerKey>,
{
    pub(crate) schemes: Schemes,
    pub(crate) resharing: Resharing<E, P, B>,
    pub(crate) consensus: Consensus<E, P, B>,
    /// Both follow the final blocks.
    pub(crate) reporters: SigningReporters,
}

pub(crate) fn build<E, P, B>(
    context: &E,
    wiring: &Wiring,
    core: &Arc<Core>,
    (machine, marshal): (Machine<E>, Marshal),
    (secrets, start): (Secrets<E>, StartPlan),
    peers: (P, B),
) -> Signing<E, P, B>
where
    E: Runtime,
    P: Peers,
    B: Blocker<PublicKey = PeerKey>,
{
    let restored = wiring.restored().map(|at| Restored {
        at,
        clock: core.genesis.clock,
        epoch_blocks: wiring.epoch_blocks(),
        marshal: marshal.clone(),
    });
    let schemes = Schemes::new(core.genesis.chain(), restored);
    let committees = Committees::new(core.clone(), machine.clone());
    let (fence, gate) = Fence::new();
    let config = wiring.resharing(
        (committees, secrets),
        marshal.clone(),
        peers.clone(),
        schemes.clone(),
        (fence, start.clone()),
    );
    let (resharing, reshared) = reshare::Actor::new(context.child("resharing"), config);
    let machine = reshare::Application::new(machine, reshared.clone(), wiring.epoch_blocks());
    let automaton = Deferred::new(context.child("automaton"), machine, marshal.clone(), wiring.epocher());
    let automaton = Paced::new(context.child("pace"), automaton, core.clone(), wiring.heartbeat());
    let config = wiring.consensus(automaton, marshal, peers, schemes.clone(), (gate, start));
    let (consensus, decided) = orchestrator::Actor::new(context.child("consensus"), config);
    Signing { schemes, resharing, consensus, reporters: Reporters::from((decided, reshared)) }
}
