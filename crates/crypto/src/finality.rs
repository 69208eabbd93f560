//! Finality: a block's certificate, checked with nothing but the chain's group key.
//!
//! ```text
//!   certificate = proposal (round, parent view, block digest) | signature of 48 bytes
//!   signature   = BLS12-381, signatures on G1, over  varint(|namespace|) | namespace | proposal
//!   namespace   = "tributary/bft/1/" | chain | "_FINALIZE"
//! ```
//! One signature, whatever the committee's size and whoever was in it: resharing keeps the group key. A block that has no
//! certificate of its own, because the votes for it were lost, is final by that of a block after it: each header names
//! its parent's hash.

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::bls12381::primitives::{
    ops,
    variant::{MinSig, Variant},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    BlockHash, Bytes, ChainId, Digest, Header, List,
    planted::{self, Fault},
};

/// Bytes of a chain's group key.
pub const GROUP_KEY_BYTES: usize = 96;
/// Bytes of the signature at a certificate's end.
const SIGNATURE_BYTES: usize = 48;
/// Bytes of the block digest before the signature.
const DIGEST_BYTES: usize = 32;
/// Separates a final block's digest from anything else that is hashed.
const DOMAIN: &[u8] = b"tributary/block/1";

/// What a block's digest commits to beside its header, as the engine encodes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// Where in consensus the block was proposed.
    pub context: Bytes<128>,
    /// The root and range of the state's operation log after the block.
    pub target: Bytes<64>,
    /// SHA-256 of the encoded transactions with their signatures.
    pub body: Digest,
}

impl Envelope {
    /// What consensus calls the block whose header has this hash.
    pub fn block_digest(&self, header: BlockHash) -> Digest {
        Digest::of(&[
            DOMAIN,
            &length(self.context.len()),
            &self.context,
            &length(self.target.len()),
            &self.target,
            &header.0,
            &self.body.0,
        ])
    }
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("an envelope's parts are bounded").to_le_bytes()
}

/// Proof that a quorum finalized a block: the engine's encoding of proposal and signature.
pub type Certificate = Bytes<160>;

/// Why a certificate does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FinalityError {
    #[error("the group key is not a point of the curve")]
    GroupKey,
    #[error("the certificate is malformed")]
    Malformed,
    #[error("the certificate is for another block")]
    OtherBlock,
    #[error("the certificate's signature does not verify under the chain's group key")]
    Signature,
    #[error("the header is of another chain")]
    OtherChain,
    #[error("a header does not name the one before it as its parent")]
    BrokenLine,
}

/// What a chain's validators sign under: no vote for one chain is a vote for another.
pub fn namespace(chain: ChainId) -> Vec<u8> {
    [b"tributary/bft/1/".as_slice(), &chain.0].concat()
}

/// Most headers between a block and the certificate that makes it final.
pub const DESCENDANTS_MAX: usize = 64;

/// What makes a block final, beside its header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finality {
    /// The headers of the blocks after it, up to the one that the certificate is for. Mostly none: the block's own.
    pub descendants: List<Header, DESCENDANTS_MAX>,
    /// Of the block that the certificate is for.
    pub envelope: Envelope,
    pub certificate: Certificate,
}

impl Finality {
    /// Checks that the block of `header` is final on the chain with this identity and group key.
    pub fn verify(&self, chain: ChainId, group_key: &[u8], header: &Header) -> Result<(), FinalityError> {
        let mut certified = header;
        for descendant in &self.descendants {
            if descendant.parent != certified.hash() {
                return Err(FinalityError::BrokenLine);
            }
            certified = descendant;
        }
        verify(chain, group_key, certified, &self.envelope, &self.certificate)
    }
}

/// Checks that the block of `header` is final on the chain with this identity and group key.
pub fn verify(
    chain: ChainId,
    group_key: &[u8],
    header: &Header,
    envelope: &Envelope,
    certificate: &[u8],
) -> Result<(), FinalityError> {
    if header.chain != chain {
        return Err(FinalityError::OtherChain);
    }
    let (proposal, signature) = certificate.split_last_chunk::<SIGNATURE_BYTES>().ok_or(FinalityError::Malformed)?;
    let (_, digest) = proposal.split_last_chunk::<DIGEST_BYTES>().ok_or(FinalityError::Malformed)?;
    if *digest != envelope.block_digest(header.hash()).0 {
        return Err(FinalityError::OtherBlock);
    }
    if planted::is(Fault::FinalityUnchecked) {
        return Ok(());
    }
    let key = <MinSig as Variant>::Public::decode(Copying(group_key)).map_err(|_| FinalityError::GroupKey)?;
    let signature = <MinSig as Variant>::Signature::decode(Copying(signature)).map_err(|_| FinalityError::Malformed)?;
    let namespace = [namespace(chain).as_slice(), b"_FINALIZE"].concat();
    ops::verify_message::<MinSig>(&key, &namespace, proposal, &signature).map_err(|_| FinalityError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use commonware_codec::Encode as _;
    use commonware_cryptography::bls12381::primitives::group::{Private, Scalar};
    use types::Timestamp;

    /// A block of a chain whose group key is that of this secret, and what makes it final.
    fn certified(secret: u64) -> (Vec<u8>, Header, Finality) {
        let chain = Digest([7; 32]);
        let header = Header {
            chain,
            height: 9,
            parent: BlockHash([1; 32]),
            time: Timestamp(5),
            transactions_root: Digest([2; 32]),
            receipts_root: Digest([3; 32]),
            state_root: Digest([4; 32]),
            evidence_root: Digest([5; 32]),
        };
        let envelope = Envelope { context: Bytes::default(), target: Bytes::default(), body: Digest([6; 32]) };
        let proposal = [&[1, 2, 1][..], &envelope.block_digest(header.hash()).0].concat();
        let secret = Private::new(Scalar::from(secret));
        let namespace = [namespace(chain).as_slice(), b"_FINALIZE"].concat();
        let signature = ops::sign_message::<MinSig>(&secret, &namespace, &proposal);
        let certificate = [proposal.as_slice(), &signature.encode()].concat();
        let certificate = Certificate::new(certificate).expect("short");
        let finality = Finality { descendants: List::default(), envelope, certificate };
        (ops::compute_public::<MinSig>(&secret).encode().to_vec(), header, finality)
    }

    #[test]
    fn a_block_is_final_by_the_groups_signature_and_by_no_other() {
        let (group_key, header, finality) = certified(5);
        assert_eq!(finality.verify(header.chain, &group_key, &header), Ok(()));
        let (_, _, forged) = certified(6);
        assert_eq!(forged.verify(header.chain, &group_key, &header), Err(FinalityError::Signature));
    }

    #[test]
    fn a_certificate_is_for_one_block_of_one_chain() {
        let (group_key, header, finality) = certified(5);
        let verify = |header: &Header| finality.verify(header.chain, &group_key, header);
        assert_eq!(verify(&Header { height: 10, ..header.clone() }), Err(FinalityError::OtherBlock));
        assert_eq!(
            finality.verify(Digest([8; 32]), &group_key, &header),
            Err(FinalityError::OtherChain),
            "the reader names the chain"
        );
        let mut cut = finality.clone();
        cut.certificate = Certificate::new(finality.certificate[..40].to_vec()).expect("short");
        assert_eq!(cut.verify(header.chain, &group_key, &header), Err(FinalityError::Malformed));
    }
}
