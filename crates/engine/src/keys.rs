//! Validators' keys: dealt at once for a chain that one party starts, encoded for genesis and key files.

use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_cryptography::{
    Signer as _,
    bls12381::{
        dkg::feldman_desmedt,
        primitives::{
            group::Share,
            sharing::{Mode, ModeVersion, Sharing},
        },
    },
    ed25519,
};
use commonware_math::algebra::Random as _;
use commonware_utils::{N3f1, NZU32, ordered::Set};
use rand_core::CryptoRng;
use types::{Bytes, Genesis, List};

use crate::{
    error::Error,
    stack::{Curve, PeerKey, Scheme},
};

/// Most validators of a chain: a sharing has one coefficient of 96 bytes per member of a quorum, and 170 of them fit into
/// a genesis.
pub const VALIDATORS_MAX: u32 = 254;

/// What one validator keeps secret.
#[derive(Clone)]
pub struct ValidatorKeys {
    /// Proves who a peer is.
    pub peer: ed25519::PrivateKey,
    /// Its part of the group's signature.
    pub share: Share,
}

impl ValidatorKeys {
    /// For a key file: 32 bytes of peer key, then the share.
    pub fn encode(&self) -> Vec<u8> {
        [self.peer.encode().as_ref(), self.share.encode().as_ref()].concat()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (peer, share) = bytes.split_at_checked(32).ok_or(Error::ForeignKeys)?;
        let peer = ed25519::PrivateKey::decode(Copying(peer)).map_err(|_| Error::ForeignKeys)?;
        let share = Share::decode(Copying(share)).map_err(|_| Error::ForeignKeys)?;
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

/// Makes the keys of `count` validators in one place. Whoever runs this could sign for all of them: it fits a chain that
/// one house starts; validators that do not trust each other draw their shares together.
pub fn deal(count: u32, rng: &mut impl CryptoRng) -> (Committee, Vec<ValidatorKeys>) {
    assert!(count > 0, "a chain has at least one validator");
    assert!(count <= VALIDATORS_MAX, "a genesis has room for the sharing of 254 validators");
    let mut peers: Vec<_> = (0..count).map(|_| ed25519::PrivateKey::random(&mut *rng)).collect();
    peers.sort_by_key(|peer| peer.public_key());
    let participants = Set::from_iter_dedup(peers.iter().map(|peer| peer.public_key()));
    let (output, shares) =
        feldman_desmedt::deal::<Curve, _, N3f1>(&mut *rng, Mode::NonZeroCounter, participants.clone())
            .expect("there is at least one player");
    let sharing = output.public().clone();
    let keys = peers
        .into_iter()
        .map(|peer| {
            let share = shares.get_value(&peer.public_key()).expect("each player has a share").clone();
            ValidatorKeys { peer, share }
        })
        .collect();
    let validators =
        participants.iter().map(|key| Bytes::new(key.encode()).expect("an Ed25519 key is 32 bytes")).collect();
    let committee = Committee {
        validators: List::new(validators).expect("at most 254 validators"),
        group_key: Bytes::new(sharing.public().encode()).expect("a group key is 96 bytes"),
        sharing: Bytes::new(sharing.encode()).expect("170 coefficients of 96 bytes are below the limit"),
    };
    (committee, keys)
}

/// The validators of a genesis, in the order of their shares.
pub(crate) fn participants(genesis: &Genesis) -> Result<Set<PeerKey>, Error> {
    let keys = genesis
        .validators
        .iter()
        .map(|key| PeerKey::decode(Copying(key)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::Genesis("a validator's key is no Ed25519 key"))?;
    let participants = Set::from_iter_dedup(keys.iter().cloned());
    if participants.iter().ne(keys.iter()) {
        return Err(Error::Genesis("the validators are not in ascending order, or one is named twice"));
    }
    Ok(participants)
}

/// The signing scheme of one validator.
pub(crate) fn scheme(genesis: &Genesis, keys: &ValidatorKeys) -> Result<Scheme, Error> {
    let participants = participants(genesis)?;
    let limits = (NZU32!(VALIDATORS_MAX), ModeVersion::v0());
    let sharing = Sharing::<Curve>::decode_cfg(Copying(&genesis.sharing), &limits)
        .map_err(|_| Error::Genesis("the sharing does not decode"))?;
    if usize::try_from(sharing.total().get()) != Ok(participants.len()) {
        return Err(Error::Genesis("the sharing is for another number of validators"));
    }
    if sharing.public().encode().as_ref() != genesis.group_key.as_ref() {
        return Err(Error::Genesis("the group key is not that of the sharing"));
    }
    if participants.get(keys.share.index.get() as usize) != Some(&keys.peer.public_key()) {
        return Err(Error::ForeignKeys);
    }
    let namespace = crypto::finality::namespace(genesis.chain());
    Scheme::signer(&namespace, participants, sharing, keys.share.clone()).ok_or(Error::ForeignKeys)
}
