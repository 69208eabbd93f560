//! Whom a machine that joins asks where to begin, once the first validators are gone.
//!
//! ```text
//!   the last block before an epoch, final under the group's key
//!        '-> its body, which the certificate binds -> EpochInfo: who signs the epoch, and where each is reached
//! ```
//! A machine without blocks asks the validators that it knows, and believes the newest of f+1 answers. The genesis names
//! the first ones. When more than f of them are gone for good, nobody could join any more: a checkpoint names those of a
//! later epoch. It is true whoever hands it over; that its machines are still those that follow the chain is what the one
//! who hands it over vouches for.

use crypto::finality::Finality;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{Digest, Genesis, Header, PeerKey, wire};

use crate::{block::epoch_in, directory::written, error::Error, stack::EpochInfo};

/// The last block before an epoch, and what makes it final.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    pub(crate) header: Header,
    pub(crate) finality: Finality,
    /// What the envelope's digest covers: the resharing's outcome and the transactions.
    pub(crate) body: Vec<u8>,
}

impl Checkpoint {
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a checkpoint of this chain.
    pub fn decode(bytes: &[u8], genesis: &Genesis) -> Result<Self, Error> {
        let checkpoint: Self = wire::decode(bytes).map_err(|_| Error::Checkpoint("it does not decode"))?;
        checkpoint.info(genesis)?;
        Ok(checkpoint)
    }

    /// The epoch that it names the validators of.
    pub fn epoch(&self, genesis: &Genesis) -> u64 {
        (self.header.height + 1) / genesis.epoch_blocks
    }

    /// The validators of its epoch, and where each is reached as far as the chain knows.
    pub fn machines(&self, genesis: &Genesis) -> Result<BTreeMap<PeerKey, Option<String>>, Error> {
        let info = self.info(genesis)?;
        let machine = |key| {
            let address = info.directory.address(key).map(written);
            (PeerKey::from_bytes(key).expect("an Ed25519 key has 32 bytes"), address)
        };
        Ok(info.output.players().iter().map(machine).collect())
    }

    /// What the block says of the epoch after it.
    pub(crate) fn info(&self, genesis: &Genesis) -> Result<EpochInfo, Error> {
        let verified = self.finality.verify(genesis.chain(), &genesis.group_key, &self.header);
        verified.map_err(|_| Error::Checkpoint("it is of another chain, or no quorum signed it"))?;
        let own = self.finality.descendants.is_empty() && Digest::of(&[&self.body]) == self.finality.envelope.body;
        let info = epoch_in(&self.body).filter(|_| own);
        let info = info.ok_or(Error::Checkpoint("its body is not that of its block"))?;
        let next = (self.header.height + 1).is_multiple_of(genesis.epoch_blocks);
        if !next || info.epoch.get() != self.epoch(genesis) {
            return Err(Error::Checkpoint("its block is not the last of an epoch"));
        }
        Ok(info)
    }
}
