//! Where a validator that lacks the state would fetch it from: nowhere yet.
//!
//! A validator builds its state by running every block. Fetching it from peers needs `glue`'s resolver, which accepts
//! operations of a fixed size only in this release; the state's records have no fixed size.

use commonware_cryptography::sha256;
use commonware_glue::stateful::db::{AttachableResolver, Shared};
use commonware_storage::qmdb::sync::{Request, Source, source};

use crate::stack::{Family, Operation};

/// A source that has nothing.
#[derive(Clone, Debug)]
pub(crate) struct LocalOnly;

/// Nobody serves state.
#[derive(Debug, thiserror::Error)]
#[error("this release fetches no state from peers")]
pub(crate) struct NoPeers;

impl Source for LocalOnly {
    type Family = Family;
    type Digest = sha256::Digest;
    type Op = Operation;
    type Error = NoPeers;

    async fn serve(&self, _: Request<Family>) -> source::Result<Self> {
        Err(NoPeers)
    }
}

impl<DB: Send + Sync + 'static> AttachableResolver<DB> for LocalOnly {
    async fn attach_database(&self, _: Shared<DB>) {}
}
