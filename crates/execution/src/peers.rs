//! Who makes up the chain, read from final state: for an engine that knows bytes and keys, and no business type.
//!
//! Each record has its key and its decoder; the caller loads the bytes however it likes. A committee is fixed in the
//! middle of the epoch before the last and never changes, so all machines that have that block read the same.

use ledger::governance::{self, Committee, Observer, Roster, Validator};
use types::{Key, PeerKey, peer::PeerAddresses, wire};

pub use ledger::governance::{faults, known_features, quorum};

/// A machine and where it is reached, the preferred address (`host:port`) first. None: nobody said so yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    pub key: PeerKey,
    pub addresses: Vec<String>,
}

/// Whom the resharing of an epoch deals to; they sign from the next epoch on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EpochCommittee {
    pub epoch: u64,
    /// The block that fixed it; 0: the genesis.
    pub fixed_height: u64,
    /// In the order of the peer keys, with the addresses of when the committee was fixed.
    pub members: Vec<Peer>,
}

/// The peers that are there now, in the order of their keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peers {
    /// Members of committees, those who will be, and those who leave.
    pub validators: Vec<PeerKey>,
    /// Those who follow without a vote in consensus.
    pub observers: Vec<PeerKey>,
}

/// Where the committee of an epoch stands; there is a record from the middle of the epoch before the last on.
pub fn committee_key(epoch: u64) -> Key {
    governance::committee_key(epoch)
}

/// The committee in a record under [`committee_key`].
pub fn decode_committee(record: &[u8]) -> EpochCommittee {
    let Committee { epoch, members, fixed_height } = decode(record);
    let peer = |seat: governance::Seat| Peer { key: seat.peer_key, addresses: texts(&seat.addresses) };
    EpochCommittee { epoch, fixed_height, members: members.into_vec().into_iter().map(peer).collect() }
}

/// Where the list of the present peers stands; every chain has one.
pub fn peers_key() -> Key {
    governance::roster_key()
}

/// The peers in a record under [`peers_key`].
pub fn decode_peers(record: &[u8]) -> Peers {
    let Roster { validators, observers } = decode(record);
    Peers { validators: validators.into_vec(), observers: observers.into_vec() }
}

/// Where a validator stands, also one that has left.
pub fn validator_key(peer: PeerKey) -> Key {
    governance::validator_key(peer)
}

/// Where a validator is reached now, from its record: newer than what its committee was fixed with.
pub fn decode_validator(record: &[u8]) -> Vec<String> {
    texts(&decode::<Validator>(record).addresses)
}

/// Where an observer stands.
pub fn observer_key(peer: PeerKey) -> Key {
    governance::observer_key(peer)
}

/// Where an observer is reached now, from its record.
pub fn decode_observer(record: &[u8]) -> Vec<String> {
    texts(&decode::<Observer>(record).addresses)
}

/// Where the heights of the features stand.
pub fn features_key() -> Key {
    governance::schedule_key()
}

/// The features that hold at `height` and that this program does not know: it can run no block from there.
pub fn unknown_features(record: Option<&[u8]>, height: u64) -> Vec<u32> {
    governance::unknown_features(record, height)
}

fn decode<T: types::Wire>(record: &[u8]) -> T {
    wire::decode(record).expect("state holds only what the rules encoded")
}

fn texts(addresses: &PeerAddresses) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}
