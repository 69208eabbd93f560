//! Epochs: who signs in each, and how the engine learns it.
//!
//! ```text
//!   genesis, or the last block of epoch E-1: EpochInfo(E) = who signs E, who gets shares in E, who in E+1
//!                         |
//!    resharing: first half of E, dealings between validators; second half, each dealer's part in a block of its own
//!                         |                                     players of E+2 <- governance's record, fixed mid E
//!    last block of E: EpochInfo(E+1) -> scheme of E+1 registered -> consensus of E+1 begins
//! ```
//! The group's key stays what it was at birth: a verifier that knows it never has to follow committees. Where a resharing
//! fails, the committee before signs another epoch.

use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_consensus::types::Epoch as EpochNumber;
use commonware_cryptography::{
    bls12381::{
        dkg::feldman_desmedt::Output,
        primitives::{
            group::Share,
            sharing::{Mode, ModeVersion},
        },
    },
    certificate,
};
use commonware_glue::dkg::{
    ParticipantsProvider, Registrar,
    types::{EpochOutcome, SchemeInfo},
};
use commonware_utils::{NZU32, channel::watch, ordered::Set};
use execution::peers::{EpochCommittee, committee_key, decode_committee};
use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};
use types::{ChainId, Genesis};

use crate::{
    application::{Core, open, place},
    directory::{Directory, preferred},
    error::Error,
    restored::Restored,
    stack::{Curve, EpochInfo, Machine, PeerKey, Runtime, Scheme},
};

/// Members of the largest committee.
pub(crate) const COMMITTEE_MAX: NonZeroU32 = NZU32!(100);
/// How shares are laid out on their polynomial.
pub(crate) const SHARING_MODE: Mode = Mode::NonZeroCounter;
/// The layouts that a decoder knows.
pub(crate) const SHARING_MODES: ModeVersion = ModeVersion::v0();
/// Epochs whose schemes are kept behind the newest, for votes and certificates that come late.
const SCHEMES_KEPT: u64 = 3;

const _: () = assert!(COMMITTEE_MAX.get() as usize == types::limits::COMMITTEE_MEMBERS_MAX);

/// How the first shares were dealt, from a genesis.
fn first_output(genesis: &Genesis) -> Result<Output<Curve, PeerKey>, Error> {
    let keys = genesis
        .validators
        .iter()
        .map(|key| PeerKey::decode(Copying(key)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::Genesis("a validator's key is no Ed25519 key"))?;
    let output = Output::<Curve, PeerKey>::decode_cfg(Copying(&genesis.sharing), &(COMMITTEE_MAX, SHARING_MODES))
        .map_err(|_| Error::Genesis("the sharing does not decode"))?;
    if output.players().iter().ne(keys.iter()) {
        return Err(Error::Genesis("the sharing is not among the validators, in ascending order of their keys"));
    }
    if *output.public().public().encode() != *genesis.group_key {
        return Err(Error::Genesis("the group key is not that of the sharing"));
    }
    Ok(output)
}

/// The first epoch of a chain: the validators of the genesis sign it, and get the shares of the next two.
pub(crate) fn first_epoch(genesis: &Genesis) -> Result<EpochInfo, Error> {
    let output = first_output(genesis)?;
    let machines = genesis.founders.iter().flat_map(|founder| founder.validators.iter());
    let addresses: BTreeMap<_, Vec<String>> = machines
        .map(|machine| (machine.peer_key.0, machine.addresses.iter().map(ToString::to_string).collect()))
        .collect();
    let address = |peer: &PeerKey| {
        let known = addresses.get(peer.as_ref());
        (peer.clone(), known.and_then(|addresses| preferred(addresses)))
    };
    let players = output.players().clone();
    Ok(EpochInfo {
        outcome: EpochOutcome::Success,
        epoch: EpochNumber::zero(),
        directory: Directory::new(players.iter().map(address)),
        next_players: players.clone(),
        players,
        output,
    })
}

/// An epoch, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Epoch {
    pub number: u64,
    /// Height of its first block.
    pub first_height: u64,
    /// Whether the resharing of the epoch before gave its signers new shares; if not, who signed that one signs this one too.
    pub dealt: bool,
    /// Whose votes make its blocks final.
    pub signers: Vec<types::PeerKey>,
    /// Who gets shares while it lasts, and signs the next.
    pub receivers: Vec<types::PeerKey>,
    /// Who gets shares in the next.
    pub next_receivers: Vec<types::PeerKey>,
}

impl Epoch {
    pub(crate) fn of(info: &EpochInfo, blocks: u64) -> Self {
        let keys = |peers: &Set<PeerKey>| {
            peers.iter().map(|key| types::PeerKey::from_bytes(key).expect("an Ed25519 key has 32 bytes")).collect()
        };
        Self {
            number: info.epoch.get(),
            first_height: info.epoch.get() * blocks,
            dealt: info.outcome == EpochOutcome::Success,
            signers: keys(info.output.players()),
            receivers: keys(&info.players),
            next_receivers: keys(&info.next_players),
        }
    }
}

/// Whether a share is this peer's share of the epoch.
pub(crate) fn belongs(info: &EpochInfo, peer: &PeerKey, share: &Share) -> bool {
    info.output.players().get(share.index.get() as usize) == Some(peer)
        && info.output.public().partial_public(share.index).is_ok_and(|public| public == share.public::<Curve>())
}

/// The signing schemes of the epochs, as far as they are known here. Clones share them.
#[derive(Clone)]
pub(crate) struct Schemes {
    namespace: Arc<[u8]>,
    known: watch::Sender<BTreeMap<EpochNumber, Arc<Scheme>>>,
    /// Where this validator came out of a backup: what keeps it silent.
    restored: Option<Restored>,
}

impl Schemes {
    pub(crate) fn new(chain: ChainId, restored: Option<Restored>) -> Self {
        Self { namespace: crypto::finality::namespace(chain).into(), known: watch::Sender::default(), restored }
    }

    /// Waits until the scheme of an epoch is known.
    pub(crate) async fn registered(&self, epoch: EpochNumber) -> Option<Arc<Scheme>> {
        let mut known = self.known.subscribe();
        let schemes = known.wait_for(|schemes| schemes.contains_key(&epoch)).await.ok()?;
        schemes.get(&epoch).cloned()
    }

    /// Takes the share away from a signer who may have forgotten votes of this epoch.
    async fn silenced(&self, epoch: EpochNumber, info: SchemeInfo<Curve, PeerKey>) -> SchemeInfo<Curve, PeerKey> {
        let Some(restored) = &self.restored else { return info };
        match info {
            SchemeInfo::Signer { participants, sharing, share } => {
                if restored.may_sign(epoch, participants.len()).await {
                    tracing::info!(%epoch, "this validator was restored from a backup, and signs in this epoch");
                    return SchemeInfo::Signer { participants, sharing, share };
                }
                tracing::warn!(%epoch, "this validator was restored from a backup: it follows, and does not sign in this epoch");
                SchemeInfo::Verifier { participants, sharing }
            }
            other @ (SchemeInfo::Verifier { .. } | SchemeInfo::Member { .. }) => other,
        }
    }

    fn scheme_of(&self, info: SchemeInfo<Curve, PeerKey>) -> Scheme {
        const MATCHES: &str = "the resharing gives a validator its own place and share";
        match info {
            SchemeInfo::Verifier { participants, sharing } => Scheme::verifier(&self.namespace, participants, sharing),
            SchemeInfo::Member { participants, sharing, public_key } => {
                Scheme::member(&self.namespace, participants, sharing, &public_key).expect(MATCHES)
            }
            SchemeInfo::Signer { participants, sharing, share } => {
                Scheme::signer(&self.namespace, participants, sharing, share).expect(MATCHES)
            }
        }
    }
}

impl Registrar for Schemes {
    type Variant = Curve;
    type PublicKey = PeerKey;

    async fn register(&self, epoch: EpochNumber, info: SchemeInfo<Curve, PeerKey>) {
        let scheme = Arc::new(self.scheme_of(self.silenced(epoch, info).await));
        self.known.send_modify(|known| {
            known.insert(epoch, scheme);
            known.retain(|other, _| other.get() + SCHEMES_KEPT >= epoch.get());
        });
    }
}

impl certificate::Provider for Schemes {
    type Scope = EpochNumber;
    type Scheme = Scheme;

    fn scoped(&self, epoch: EpochNumber) -> Option<certificate::Scoped<Scheme>> {
        self.scheme(epoch).map(certificate::Scoped::scheme)
    }

    fn scheme(&self, epoch: EpochNumber) -> Option<Arc<Scheme>> {
        self.known.borrow().get(&epoch).cloned()
    }
}

/// The committees that governance has fixed, read from final state.
pub(crate) struct Committees<E: Runtime> {
    core: Arc<Core>,
    machine: Machine<E>,
}

impl<E: Runtime> Committees<E> {
    pub(crate) fn new(core: Arc<Core>, machine: Machine<E>) -> Self {
        Self { core, machine }
    }

    /// The committee of an epoch, once the block that fixed it is final here. It never changes after.
    async fn committee(&self, epoch: u64) -> EpochCommittee {
        let blocks = self.core.genesis.epoch_blocks;
        // The records of the genesis lie in block one.
        let fixed = epoch.checked_sub(2).map_or(1, |epoch| epoch * blocks + blocks / 2);
        self.core.finished().at_least(fixed).await;
        let key = committee_key(epoch);
        let state = self.machine.subscribe_databases().await;
        let found =
            state.read().await.get_many(&[&place(&key)]).await.expect("the state is readable, or the node must stop");
        let entry = found.into_iter().next().flatten().expect("every epoch has a committee once its time has come");
        decode_committee(&open(&key, &entry))
    }
}

/// The key of a committee's member. Votes admit any 32 bytes; what is no key of the network takes no seat in it.
fn peer_key(key: types::PeerKey) -> Option<PeerKey> {
    PeerKey::decode(Copying(&key.0)).ok()
}

impl<E: Runtime> ParticipantsProvider for Committees<E> {
    type PublicKey = PeerKey;
    type Directory = Directory;

    async fn participants(&mut self, epoch: EpochNumber) -> Set<PeerKey> {
        let committee = self.committee(epoch.get()).await;
        Set::from_iter_dedup(committee.members.into_iter().filter_map(|member| peer_key(member.key)))
    }

    /// Addresses come from the newest committee that names the peer: who gets shares in this epoch or the next is in one of
    /// two, and who signs was in an older one.
    async fn directory(&mut self, epoch: EpochNumber, peers: Set<PeerKey>) -> Directory {
        let mut addresses = BTreeMap::new();
        for epoch in (0..=epoch.get() + 1).rev() {
            if addresses.len() == peers.len() {
                break;
            }
            for member in self.committee(epoch).await.members {
                if let Some(key) = peer_key(member.key).filter(|key| peers.position(key).is_some()) {
                    addresses.entry(key).or_insert_with(|| preferred(&member.addresses));
                }
            }
        }
        let address = |peer: &PeerKey| (peer.clone(), addresses.remove(peer).flatten());
        Directory::new(peers.iter().map(address))
    }
}
