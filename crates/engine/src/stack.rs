//! Every generic of commonware, pinned once.
//!
//! `glue` and `qmdb` are young: their types change with each release. The rest of this crate names only what is here,
//! and nothing outside this crate names them at all.

use bytes::Bytes;
use commonware_consensus::{
    marshal::{core, standard},
    simplex::{self, scheme::bls12381_threshold::standard as threshold},
};
use commonware_cryptography::{Sha256, bls12381::primitives::variant::MinSig, ed25519, sha256};
use commonware_glue::{
    dkg::{self, reshare},
    stateful::{self, db},
};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Metrics, Network, Spawner, Storage};
use commonware_storage::{mmr, qmdb, translator::EightCap};
use rand_core::CryptoRng;

use crate::{application::Application, block::Block, directory::Directory};

/// What a chain needs of its runtime. The tokio runtime and the deterministic one both are.
pub trait Runtime: Clock + CryptoRng + Metrics + Network + Spawner + Storage + Sync {}

impl<T: Clock + CryptoRng + Metrics + Network + Spawner + Storage + Sync> Runtime for T {}

/// Peers are known by Ed25519 keys.
pub type PeerKey = ed25519::PublicKey;
/// Votes are BLS12-381 shares with short signatures (48 bytes) and a group key of 96 bytes.
pub type Curve = MinSig;
/// Certificates hold one vote signature; no randomness is drawn from them, so they cost half of the seeded kind.
pub type Scheme = threshold::Scheme<PeerKey, Curve>;
/// What names a block in consensus.
pub type BlockDigest = sha256::Digest;
/// What makes a block final.
pub type Finalization = simplex::types::Finalization<Scheme, BlockDigest>;
/// Where in consensus a block was proposed.
pub type Context = simplex::types::Context<BlockDigest, PeerKey>;

/// The shape of the authenticated log.
pub type Family = mmr::Family;
/// A record's place in the state: the SHA-256 of its key, so that places are uniform.
pub type Place = sha256::Digest;
/// Bytes of one chunk of the activity bitmap: one digest, so that a chunk is grafted onto one node.
pub const CHUNK: usize = 32;
/// The authenticated state: ordered by place, so that absence can be proved too.
pub type State<E> = qmdb::current::ordered::variable::Db<Family, E, Place, Bytes, Sha256, EightCap, CHUNK, Sequential>;
/// The state as the chain's actors share it.
pub type SharedState<E> = db::Shared<State<E>>;
/// What a block does to the authenticated log: its operations' root, and where its live part begins and ends.
pub type SyncTarget = qmdb::sync::Target<Family, sha256::Digest>;
/// An operation of the authenticated log.
pub type Operation = qmdb::any::ordered::variable::Operation<Family, Place, Bytes>;

/// Blocks travel whole.
pub type Variant = standard::Standard<Block>;
/// The block store's mailbox.
pub type Marshal = core::Mailbox<Scheme, Variant>;
/// The state machine's mailbox.
pub type Machine<E> = stateful::Mailbox<E, Application<E>>;
/// What a block carries of a resharing: a dealer's part, or the epoch that comes.
pub type Payload = dkg::types::Payload<Curve, PeerKey, Directory>;
/// Who signs an epoch, who gets shares in it, who in the next, and where they are reached.
pub type EpochInfo = dkg::types::EpochInfo<Curve, PeerKey, Directory>;
/// What the state machine is given with a proposal.
pub type ReshareInput = reshare::Input<(), Curve, ed25519::PrivateKey, Directory>;
/// The state machine with what blocks carry of a resharing put in and checked.
pub type ResharingMachine<E> = reshare::Application<Machine<E>, Block, Curve, ed25519::PrivateKey>;
/// What votes and proposes on the state machine's behalf.
pub type Automaton<E> =
    standard::Deferred<E, Scheme, ResharingMachine<E>, Block, commonware_consensus::types::FixedEpocher>;
