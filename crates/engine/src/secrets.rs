//! What a validator keeps secret from epoch to epoch: its shares of the group's key, and what it dealt and was dealt.
//!
//! They lie in the chain's folder, which only its owner may read, and are on disk before anybody hears of them. A share
//! of an epoch that is over is of use to nobody but thieves: it is removed when the epoch after the next begins.

use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_consensus::types::Epoch;
use commonware_cryptography::{
    PublicKey,
    bls12381::{dkg::feldman_desmedt::DealerPrivMsg, primitives::group::Share},
    transcript::Summary,
};
use commonware_glue::dkg::SecretStore;
use commonware_storage::metadata::{Config, Metadata};
use commonware_utils::{sequence::FixedBytes, sync::AsyncMutex};
use std::sync::Arc;

use crate::stack::Runtime;

/// Bytes of the largest secret, a share with its number.
const SECRET_BYTES_MAX: usize = 256;
/// A kind, an epoch, and the key of a dealer.
const NAME_BYTES: usize = 1 + 8 + 32;

type Name = FixedBytes<NAME_BYTES>;

#[derive(Clone, Copy)]
enum Kind {
    Share = 1,
    Seed = 2,
    Dealing = 3,
}

/// The secrets in a partition of their own. Clones share them.
pub(crate) struct Secrets<E: Runtime>(Arc<AsyncMutex<Option<Store<E>>>>);

type Store<E> = Metadata<E, Name, Vec<u8>>;

impl<E: Runtime> Clone for Secrets<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

const WRITTEN: &str = "a secret is written, or the node must stop";
const READABLE: &str = "a secret reads back, or the node must stop";
const LOST: &str = "a failed write stops the node, so nobody asks after it";

impl<E: Runtime> Secrets<E> {
    /// Opens the store. One in which nothing ever was gets the share with which the validator was born.
    pub(crate) async fn open(context: E, partition: String, born_with: Option<Share>) -> Self {
        let config = Config { partition, codec_config: ((..=SECRET_BYTES_MAX).into(), ()) };
        let store = Metadata::init(context, config).await.expect(READABLE);
        let fresh = store.keys().next().is_none();
        let mut secrets = Self(Arc::new(AsyncMutex::new(Some(store))));
        if let Some(share) = born_with.filter(|_| fresh) {
            secrets.put_share(Epoch::zero(), share).await;
        }
        secrets
    }

    async fn put(&self, name: Name, secret: Vec<u8>) {
        let mut guard = self.0.lock().await;
        let store = guard.take().expect(LOST);
        *guard = Some(store.put_sync(name, secret).await.expect(WRITTEN));
    }

    async fn get(&self, name: &Name) -> Option<Vec<u8>> {
        self.0.lock().await.as_ref().expect(LOST).get(name).cloned()
    }
}

fn name(kind: Kind, epoch: Epoch, dealer: &[u8]) -> Name {
    let mut name = [0; NAME_BYTES];
    name[0] = kind as u8;
    name[1..9].copy_from_slice(&epoch.get().to_be_bytes());
    name[9..9 + dealer.len()].copy_from_slice(dealer);
    Name::new(name)
}

fn epoch_of(name: &Name) -> Epoch {
    Epoch::new(u64::from_be_bytes(name[1..9].try_into().expect("eight bytes")))
}

impl<E: Runtime> SecretStore for Secrets<E> {
    async fn put_share(&mut self, epoch: Epoch, share: Share) {
        self.put(name(Kind::Share, epoch, &[]), share.encode().to_vec()).await;
    }

    async fn get_share(&mut self, epoch: Epoch) -> Option<Share> {
        let secret = self.get(&name(Kind::Share, epoch, &[])).await?;
        Some(Share::decode(Copying(&secret[..])).expect(READABLE))
    }

    async fn put_seed(&mut self, epoch: Epoch, seed: Summary) {
        self.put(name(Kind::Seed, epoch, &[]), seed.encode().to_vec()).await;
    }

    async fn get_seed(&mut self, epoch: Epoch) -> Option<Summary> {
        let secret = self.get(&name(Kind::Seed, epoch, &[])).await?;
        Some(Summary::decode(Copying(&secret[..])).expect(READABLE))
    }

    async fn put_dealing<P: PublicKey>(&mut self, epoch: Epoch, dealer: P, private: DealerPrivMsg) {
        self.put(name(Kind::Dealing, epoch, &dealer.encode()), private.encode().to_vec()).await;
    }

    async fn get_dealing<P: PublicKey>(&mut self, epoch: Epoch, dealer: &P) -> Option<DealerPrivMsg> {
        let secret = self.get(&name(Kind::Dealing, epoch, &dealer.encode())).await?;
        Some(DealerPrivMsg::decode_cfg(Copying(&secret[..]), &()).expect(READABLE))
    }

    async fn prune(&mut self, min: Epoch) {
        let mut guard = self.0.lock().await;
        let mut store = guard.take().expect(LOST);
        store.retain(|name, _| epoch_of(name) >= min);
        *guard = Some(store.sync().await.expect(WRITTEN));
    }
}
