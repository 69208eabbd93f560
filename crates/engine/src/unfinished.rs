//! The view in which this validator was stopped.
//!
//! A vote is in the journal before the block it is for is on disk, and a validator that starts again does not repeat its
//! votes: a view that a crash cut in two would last until its timeout, a heartbeat and more, in which nothing becomes
//! final. So a start gives that view up as its timeout would: it votes to nullify it, which is allowed to whoever has not
//! voted to finalize it, and writes that vote into the journal before consensus reads it.

use commonware_consensus::{
    Viewable as _,
    simplex::types::{Artifact, Nullify},
    types::{Epoch, Round, View},
};
use commonware_cryptography::certificate::Verifier as _;
use commonware_runtime::ReadOptions;
use commonware_storage::journal::segmented::variable::{Config, Journal};

use crate::{
    stack::{BlockDigest, Runtime, Scheme},
    wiring::{REPLAY_BUFFER, WRITE_BUFFER, Wiring},
};

const READABLE: &str = "the votes journal is readable, or the node must stop";
const WRITTEN: &str = "the votes journal is written, or the node must stop";

/// What the journal says of the last view in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Last {
    view: View,
    voted: bool,
    /// The view is behind us, or its nullification is under way.
    settled: bool,
}

impl Last {
    fn take(&mut self, artifact: &Artifact<Scheme, BlockDigest>) {
        if artifact.view() > self.view {
            *self = Self { view: artifact.view(), ..Self::default() };
        }
        if artifact.view() < self.view {
            return;
        }
        match artifact {
            Artifact::Notarize(_) => self.voted = true,
            Artifact::Notarization(_) => {}
            Artifact::Certification(..)
            | Artifact::Nullify(_)
            | Artifact::Nullification(_)
            | Artifact::Finalize(_)
            | Artifact::Finalization(_) => self.settled = true,
        }
    }
}

/// Removes the votes of epochs that are over, but for the last of them.
pub(crate) async fn forget<E: Runtime>(context: &E, wiring: &Wiring, epoch: Epoch) {
    let before = |epoch: Epoch| epoch.previous();
    let mut old = before(epoch).and_then(before);
    while let Some(epoch) = old {
        // Where one is gone, those before it are.
        if context.remove(&wiring.votes_of(epoch), None).await.is_err() {
            return;
        }
        old = before(epoch);
    }
}

/// Removes the votes of an epoch in which this validator is silent: they came out of a backup, and are not all that it cast.
pub(crate) async fn silence<E: Runtime>(context: &E, wiring: &Wiring, epoch: Epoch) {
    // There may be none.
    let _ = context.remove(&wiring.votes_of(epoch), None).await;
}

/// Votes to nullify the view in which this validator was stopped, if it had voted there and nothing came of it.
pub(crate) async fn give_up<E: Runtime>(context: E, wiring: &Wiring, epoch: Epoch, scheme: &Scheme) {
    let config = Config {
        partition: wiring.votes_of(epoch),
        compression: None,
        codec_config: scheme.certificate_codec_config(),
        page_cache: wiring.cache(),
        write_buffer: WRITE_BUFFER,
    };
    let journal = Journal::<_, Artifact<Scheme, BlockDigest>>::init(context, config).await.expect(READABLE);
    let mut replay = journal.replay(0, 0, REPLAY_BUFFER, ReadOptions::DONT_CACHE).await.expect(READABLE);
    let mut last = Last::default();
    while let Some(artifact) = replay.next().await {
        let (_, _, _, artifact) = artifact.expect(READABLE);
        last.take(&artifact);
    }
    let journal = replay.finish().expect(READABLE);
    if !last.voted || last.settled {
        return;
    }
    let round = Round::new(epoch, last.view);
    let Some(nullify) = Nullify::sign::<BlockDigest>(scheme, round) else { return };
    tracing::info!(view = last.view.get(), "gave up the view in which the node was stopped");
    let (journal, _, _) = journal.append(last.view.get(), &Artifact::Nullify(nullify)).await.expect(WRITTEN);
    journal.sync(last.view.get()).await.expect(WRITTEN);
}
