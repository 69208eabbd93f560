//! Validators' keys: dealt at once for a chain that one party starts, encoded for genesis and key files.

use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_cryptography::{
    Signer as _,
    bls12381::{dkg::feldman_desmedt, primitives::group::Share},
    ed25519,
};
use commonware_math::algebra::Random as _;
use commonware_utils::{N3f1, ordered::Set};
use rand_core::CryptoRng;
use types::{Bytes, List};

use crate::{
    epochs::{COMMITTEE_MAX, SHARING_MODE, belongs, first_epoch},
    error::Error,
    stack::{Curve, PeerKey},
};

/// Most validators of a committee.
pub const VALIDATORS_MAX: u32 = COMMITTEE_MAX.get();

/// What one validator keeps secret from its birth on.
#[derive(Clone)]
pub struct ValidatorKeys {
    /// Proves who a peer is.
    pub peer: ed25519::PrivateKey,
    /// Its first part of the group's signature; `None`: it joined later, or only follows. Parts of later epochs are dealt
    /// among the validators and lie with the chain.
    pub share: Option<Share>,
}

impl ValidatorKeys {
    /// The keys of a machine that has no share yet.
    pub fn new(rng: &mut impl CryptoRng) -> Self {
        Self { peer: ed25519::PrivateKey::random(rng), share: None }
    }

    /// The key by which peers know this machine.
    pub fn peer_key(&self) -> types::PeerKey {
        types::PeerKey::from_bytes(&self.peer.public_key()).expect("an Ed25519 key has 32 bytes")
    }

    /// Whether the genesis names this machine, and its first share, if it has one, is the one that was dealt to it there.
    ///
    /// # Errors
    /// [`Error::ForeignKeys`]: the share is not of this chain.
    pub fn founded(&self, genesis: &types::Genesis) -> Result<bool, Error> {
        let (first, me) = (first_epoch(genesis)?, self.peer.public_key());
        match &self.share {
            Some(share) if !belongs(&first, &me, share) => Err(Error::ForeignKeys),
            _ => Ok(first.players.position(&me).is_some()),
        }
    }

    /// For a key file: 32 bytes of peer key, then the share, if there is one.
    pub fn encode(&self) -> Vec<u8> {
        let share = self.share.as_ref().map(|share| share.encode().to_vec()).unwrap_or_default();
        [self.peer.encode().to_vec(), share].concat()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (peer, share) = bytes.split_at_checked(32).ok_or(Error::ForeignKeys)?;
        let peer = ed25519::PrivateKey::decode(Copying(peer)).map_err(|_| Error::ForeignKeys)?;
        let share = match share {
            [] => None,
            share => Some(Share::decode(Copying(share)).map_err(|_| Error::ForeignKeys)?),
        };
        Ok(Self { peer, share })
    }
}

/// The public part of a deal, as a genesis holds it.
#[derive(Clone, Debug)]
pub struct Committee {
    pub validators: List<Bytes<32>, 256>,
    pub group_key: Bytes<128>,
    pub sharing: Bytes<16384>,
}

impl Committee {
    pub(crate) fn of(output: &feldman_desmedt::Output<Curve, PeerKey>) -> Self {
        let keys = output.players().iter().map(|key| Bytes::new(key.encode()).expect("an Ed25519 key is 32 bytes"));
        Self {
            validators: List::new(keys.collect()).expect("at most 100 validators"),
            group_key: Bytes::new(output.public().public().encode()).expect("a group key is 96 bytes"),
            sharing: Bytes::new(output.encode()).expect("67 coefficients of 96 bytes, and 300 keys"),
        }
    }
}

/// Makes the keys of `count` validators in one place. Whoever runs this could sign for all of them: it fits a chain that
/// one house starts; validators that do not trust each other draw their shares together.
pub fn deal(count: u32, rng: &mut impl CryptoRng) -> (Committee, Vec<ValidatorKeys>) {
    assert!(count > 0, "a chain has at least one validator");
    assert!(count <= VALIDATORS_MAX, "a committee has at most {VALIDATORS_MAX} validators");
    let mut peers: Vec<_> = (0..count).map(|_| ed25519::PrivateKey::random(&mut *rng)).collect();
    peers.sort_by_key(|peer| peer.public_key());
    let participants = Set::from_iter_dedup(peers.iter().map(|peer| peer.public_key()));
    let (output, shares) = feldman_desmedt::deal::<Curve, _, N3f1>(&mut *rng, SHARING_MODE, participants)
        .expect("there is at least one player");
    let keys = peers
        .into_iter()
        .map(|peer| {
            let share = shares.get_value(&peer.public_key()).expect("each player has a share").clone();
            ValidatorKeys { peer, share: Some(share) }
        })
        .collect();
    (Committee::of(&output), keys)
}
