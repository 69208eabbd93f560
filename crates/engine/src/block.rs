//! The block as it travels and is stored: an envelope around header, resharing and transactions.
//!
//! ```text
//!   digest = SHA-256( domain | context | sync target | header hash | body hash )      <- what a certificate signs
//!                                                        |             |
//!                                   types::Header --------'             '---- what it carries of a resharing, and the
//!                                                                             transactions' bytes, signatures too
//!
//!   body = length, payload of the resharing (mostly none) | count, (length, transaction)*
//! ```
//! A light verifier needs the three small parts, the body's hash and the header, never the transactions. The header's
//! transactions root binds what was signed; the body hash also binds the signatures' bytes, so nobody can make a
//! second, invalid block under a certified digest.

use bytes::{BufMut, Bytes, BytesMut};
use commonware_codec::{
    Buf, Copying, Decode as _, Encode as _, EncodeSize, Error as CodecError, MaxEncodeSize, Read, ReadExt as _, Write,
};
use commonware_consensus::{
    BoundedBlock, CertifiableBlock, Heightable,
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Digest as _, Digestible, Signer as _, ed25519};
use commonware_glue::dkg::{self, ReshareBlock};
use crypto::finality::Envelope;
use execution::Checked;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use types::{
    BlockHash, Digest, Genesis, Header, PeerKey, Rejection, Room,
    limits::{BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX},
    rejection::tech,
    transaction::Named,
    wire,
};

use crate::{
    directory::Directory,
    epochs::{COMMITTEE_MAX, SHARING_MODES},
    stack::{BlockDigest, Context, Curve, EpochInfo, Payload, PeerKey as EnginePeerKey, SyncTarget},
};

/// Bytes of a header: eight fixed fields.
pub const HEADER_BYTES: usize = 32 * 6 + 8 * 2;
/// Bytes in front of each transaction, and in front of all of them.
const LENGTH_BYTES: usize = 4;
/// Bytes of the largest transactions of a block.
pub const TRANSACTIONS_BYTES_MAX: usize = LENGTH_BYTES + BLOCK_TRANSACTIONS_MAX * LENGTH_BYTES + BLOCK_BYTES_MAX;
/// Bytes of the widest sync target: a digest and two varints.
const TARGET_BYTES_MAX: usize = 32 + 2 * 10;

/// A block. Clones share the transactions.
#[derive(Clone)]
pub struct Block {
    context: Context,
    header: Header,
    target: SyncTarget,
    body: Body,
    hash: BlockHash,
    digest: BlockDigest,
}

/// What the digest covers as one: its bytes, and what they mean. Transactions are decoded once somebody asks.
#[derive(Clone)]
struct Body {
    encoded: Bytes,
    /// SHA-256 of the encoding.
    digest: Digest,
    payload: Option<Arc<Payload>>,
    transactions: Arc<OnceLock<Vec<Arc<Checked>>>>,
}

impl Body {
    fn new(payload: Option<Payload>, transactions: Vec<Arc<Checked>>) -> Self {
        let encoded = encode_body(payload.as_ref(), &transactions);
        let cell = OnceLock::new();
        let _ = cell.set(transactions);
        Self { digest: Digest::of(&[&encoded]), encoded, payload: payload.map(Arc::new), transactions: Arc::new(cell) }
    }

    fn decode(encoded: Bytes) -> Result<Self, CodecError> {
        let (payload, _) = split_body(&encoded)?;
        let payload = match payload {
            [] => None,
            bytes => Some(Arc::new(Payload::decode_cfg(Copying(bytes), &(COMMITTEE_MAX, SHARING_MODES))?)),
        };
        Ok(Self { digest: Digest::of(&[&encoded]), encoded, payload, transactions: Arc::default() })
    }
}

/// The resharing's bytes and the transactions' in a body.
fn split_body(encoded: &[u8]) -> Result<(&[u8], &[u8]), CodecError> {
    let ends = || CodecError::Invalid("block", "the body ends early");
    let (length, rest) = encoded.split_first_chunk::<LENGTH_BYTES>().ok_or_else(ends)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| ends())?;
    rest.split_at_checked(length).ok_or_else(ends)
}

/// What a body says of the epoch after its block, if it is that of an epoch's last block.
pub(crate) fn epoch_in(body: &[u8]) -> Option<EpochInfo> {
    let (payload, _) = split_body(body).ok()?;
    match Payload::decode_cfg(Copying(payload), &(COMMITTEE_MAX, SHARING_MODES)).ok()? {
        dkg::types::Payload::EpochInfo(info) => Some(info),
        _ => None,
    }
}

/// Bytes of the largest body.
pub fn body_bytes_max() -> usize {
    LENGTH_BYTES + Payload::max_encode_size(COMMITTEE_MAX) + TRANSACTIONS_BYTES_MAX
}

impl Block {
    /// A block that this node built from transactions it has checked.
    pub fn new(
        context: Context,
        header: Header,
        target: SyncTarget,
        payload: Option<Payload>,
        transactions: Vec<Arc<Checked>>,
    ) -> Self {
        let body = Body::new(payload, transactions);
        assert!(body.encoded.len() <= body_bytes_max(), "a proposer takes no more than the block limits");
        Self::assemble(context, header, target, body)
    }

    /// The block at height zero: no transactions, the empty state, and who signs the first epoch.
    pub fn genesis(genesis: &Genesis, first_epoch: EpochInfo, target: SyncTarget) -> Self {
        let context = Context {
            round: Round::new(Epoch::zero(), View::zero()),
            leader: ed25519::PrivateKey::from_seed(0).public_key(),
            parent: (View::zero(), BlockDigest::EMPTY),
        };
        let header = Header {
            chain: genesis.chain(),
            height: 0,
            parent: BlockHash::default(),
            time: genesis.time,
            transactions_root: Digest::default(),
            receipts_root: Digest::default(),
            state_root: Digest::default(),
            evidence_root: Digest::default(),
        };
        Self::new(context, header, target, Some(dkg::types::Payload::EpochInfo(first_epoch)), Vec::new())
    }

    fn assemble(context: Context, header: Header, target: SyncTarget, body: Body) -> Self {
        let hash = header.hash();
        let digest = BlockDigest::from(envelope(&context, &target, &body).block_digest(hash).0);
        Self { context, header, target, body, hash, digest }
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The hash of the header: the block's name outside of consensus.
    pub fn hash(&self) -> BlockHash {
        self.hash
    }

    /// The validator that proposed it.
    pub fn proposer(&self) -> PeerKey {
        proposer(&self.context)
    }

    pub fn target(&self) -> &SyncTarget {
        &self.target
    }

    /// The epoch that begins after this block, if it is the last of its epoch.
    pub fn next_epoch(&self) -> Option<&EpochInfo> {
        match self.body.payload.as_deref() {
            Some(dkg::types::Payload::EpochInfo(info)) => Some(info),
            _ => None,
        }
    }

    /// What the envelope's digest covers.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body.encoded
    }

    /// What a light verifier needs beside the header.
    pub fn envelope(&self) -> Envelope {
        envelope(&self.context, &self.target, &self.body)
    }

    /// The transactions, decoded and shape-checked. Their signatures are verified by the caller or were by a quorum.
    pub fn transactions(&self) -> Result<&[Arc<Checked>], Rejection> {
        if let Some(transactions) = self.body.transactions.get() {
            return Ok(transactions);
        }
        let (_, transactions) = split_body(&self.body.encoded).expect("it was split when it arrived");
        let transactions = decode_transactions(transactions)?;
        Ok(self.body.transactions.get_or_init(|| transactions))
    }
}

/// The validator whose turn it is to propose there.
pub fn proposer(context: &Context) -> PeerKey {
    PeerKey::from_bytes(&context.leader).expect("an Ed25519 key has 32 bytes")
}

fn envelope(context: &Context, target: &SyncTarget, body: &Body) -> Envelope {
    Envelope {
        context: types::Bytes::new(context.encode()).expect("two views, a round and a digest are below 128 bytes"),
        target: types::Bytes::new(target.encode()).expect("a digest and two varints are below 64 bytes"),
        body: body.digest,
    }
}

fn length(count: usize) -> [u8; LENGTH_BYTES] {
    u32::try_from(count).expect("bounded by the block limits").to_le_bytes()
}

fn encode_body(payload: Option<&Payload>, transactions: &[Arc<Checked>]) -> Bytes {
    let payload = payload.map(Payload::encode).unwrap_or_default();
    let size: usize = transactions.iter().map(|transaction| LENGTH_BYTES + transaction.size).sum();
    let mut encoded = BytesMut::with_capacity(2 * LENGTH_BYTES + payload.len() + size);
    encoded.put_slice(&length(payload.len()));
    encoded.put_slice(&payload);
    encoded.put_slice(&length(transactions.len()));
    for checked in transactions {
        let bytes = checked.transaction.encode();
        encoded.put_slice(&length(bytes.len()));
        encoded.put_slice(&bytes);
    }
    encoded.freeze()
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Rejection> {
    let (taken, left) = rest.split_at_checked(count).ok_or_else(|| tech::malformed("a block body ends early"))?;
    *rest = left;
    Ok(taken)
}

fn take_length(rest: &mut &[u8]) -> Result<usize, Rejection> {
    let bytes = take(rest, LENGTH_BYTES)?;
    let count = u32::from_le_bytes(bytes.try_into().expect("four bytes were taken"));
    usize::try_from(count).map_err(|_| tech::malformed("a length beyond this machine"))
}

fn decode_transactions(encoded: &[u8]) -> Result<Vec<Arc<Checked>>, Rejection> {
    let mut rest = encoded;
    let count = take_length(&mut rest)?;
    if count > BLOCK_TRANSACTIONS_MAX {
        return Err(tech::payload_too_big(format!("a block of {count} transactions")));
    }
    let mut transactions = Vec::with_capacity(count);
    let mut room = Room::BLOCK;
    for _ in 0..count {
        let size = take_length(&mut rest)?;
        let checked = Checked::vouch(Named::decode(take(&mut rest, size)?)?);
        if !room.take(&checked) {
            return Err(tech::payload_too_big(format!("a block body of {} bytes and its acts", encoded.len())));
        }
        transactions.push(Arc::new(checked));
    }
    if !rest.is_empty() {
        return Err(tech::payload_too_big(format!("a block body of {} bytes", encoded.len())));
    }
    Ok(transactions)
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("digest", &self.digest).field("header", &self.header).finish_non_exhaustive()
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Block {}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        self.context.write(buf);
        buf.put_slice(&wire::encode(&self.header));
        self.target.write(buf);
        buf.put_slice(&length(self.body.encoded.len()));
        buf.put_slice(&self.body.encoded);
    }
}

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        self.context.encode_size() + HEADER_BYTES + self.target.encode_size() + LENGTH_BYTES + self.body.encoded.len()
    }
}

impl Read for Block {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let context = Context::read(buf)?;
        let header = <[u8; HEADER_BYTES]>::read(buf)?;
        let header = wire::decode(&header).map_err(|_| CodecError::Invalid("block", "header"))?;
        let target = SyncTarget::read(buf)?;
        let size = u32::from_le_bytes(<[u8; LENGTH_BYTES]>::read(buf)?);
        let size = usize::try_from(size).map_err(|_| CodecError::Invalid("block", "body length"))?;
        if size > body_bytes_max() {
            return Err(CodecError::InvalidLength(size));
        }
        if buf.remaining() < size {
            return Err(CodecError::EndOfBuffer);
        }
        let encoded = buf.copy_to_bytes(size);
        Ok(Self::assemble(context, header, target, Body::decode(encoded)?))
    }
}

impl Digestible for Block {
    type Digest = BlockDigest;

    fn digest(&self) -> BlockDigest {
        self.digest
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        Height::new(self.header.height)
    }
}

impl commonware_consensus::Block for Block {
    fn parent(&self) -> BlockDigest {
        self.context.parent.1
    }
}

impl CertifiableBlock for Block {
    type Context = Context;

    fn context(&self) -> Context {
        self.context.clone()
    }
}

impl ReshareBlock for Block {
    type Variant = Curve;
    type PublicKey = EnginePeerKey;
    type Directory = Directory;

    fn payload(&self) -> Option<Payload> {
        self.body.payload.as_deref().cloned()
    }
}

impl BoundedBlock for Block {
    fn max_encode_size((): &()) -> usize {
        Context::MAX_ENCODE_SIZE + HEADER_BYTES + TARGET_BYTES_MAX + LENGTH_BYTES + body_bytes_max()
    }
}
