//! How far a chain is whose node is stopped: read from its folder, without starting anything.

use commonware_runtime::{Runner as _, Storage as _, Supervisor as _, buffer::paged::CacheRef, tokio as cw};
use commonware_utils::{NZU16, NZUsize};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    thread,
};

use crate::{chain::message, error::Error, outputs::OutputsStore};

/// Height of the last block whose outputs are on disk in this folder; zero where there is none.
pub fn height(folder: PathBuf) -> Result<u64, Error> {
    let run = || {
        cw::Runner::new(cw::Config::new().with_worker_threads(1).with_storage_directory(folder)).start(
            async |context| {
                let cache = CacheRef::new(NZU16!(4_084), NZUsize!(64));
                let recent = context.scan("blocks-recent").await.is_ok();
                OutputsStore::open(context.child("outputs"), "outputs".to_owned(), recent, cache).await.height().await
            },
        )
    };
    // Not on the caller's thread: it may belong to another runtime.
    let peek = move || catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Error::Failed(message(&*panic)));
    let thread = thread::Builder::new().name("peek".into()).spawn(peek).map_err(Error::Thread)?;
    thread.join().map_err(|panic| Error::Failed(message(&*panic)))?
}
