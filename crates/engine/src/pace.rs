//! When a leader proposes: at once when there is work, otherwise after the heartbeat.
//!
//! The wait stands in front of the state machine, not inside it: while a proposal is being built, the state machine lets no
//! block become final, so a proposal that waited there would hold back its own parent. Nothing polls: the wait ends by
//! the source's arrival, by a timer, or by consensus dropping the request. The leader's timeout lies above the heartbeat
//! (see `wiring`), so an idle chain makes one view per heartbeat and no more.
//!
//! A block may be certified and never get votes enough to be final itself: a validator that starts again does not repeat
//! its votes, and votes get lost. A block on top of it makes it final. So where the parent is not final after a while, one
//! is due, whether or not anything waits: what was in the parent is not in the pool's work any more.

use commonware_actor::Feedback;
use commonware_consensus::{
    Automaton as AutomatonTrait, CertifiableAutomaton, Handoff, Relay, Reporter,
    simplex::{Plan, types::Activity},
    types::Round,
};
use commonware_utils::channel::oneshot;
use futures::{
    FutureExt as _,
    future::{Either, select},
    pin_mut,
};
use std::{sync::Arc, time::Duration};

use crate::{
    application::Core,
    stack::{Automaton, BlockDigest, Context, PeerKey, Runtime, Scheme},
};

/// How long a certified block may take to become final by itself: far above the few round trips that it needs.
const FINALITY_TIME: Duration = Duration::from_millis(500);

/// The automaton of consensus, with proposals that wait for work.
pub(crate) struct Paced<E: Runtime> {
    inner: Automaton<E>,
    core: Arc<Core>,
    runtime: Arc<E>,
    heartbeat: Duration,
}

impl<E: Runtime> Clone for Paced<E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            core: self.core.clone(),
            runtime: self.runtime.clone(),
            heartbeat: self.heartbeat,
        }
    }
}

impl<E: Runtime> Paced<E> {
    pub(crate) fn new(runtime: E, inner: Automaton<E>, core: Arc<Core>, heartbeat: Duration) -> Self {
        Self { inner, core, runtime: Arc::new(runtime), heartbeat }
    }

    /// Resolves when a block on this parent is due.
    async fn due(&self, parent: BlockDigest) {
        if self.core.wants_child(parent) {
            return;
        }
        let first = FINALITY_TIME.min(self.heartbeat);
        if self.work_within(parent, first).await || !self.core.is_final(parent) {
            return;
        }
        self.work_within(parent, self.heartbeat.saturating_sub(first)).await;
    }

    /// Waits for work on this parent, at most so long; says whether there is any.
    async fn work_within(&self, parent: BlockDigest, time: Duration) -> bool {
        let source = self.core.source().clone();
        let end = self.runtime.sleep(time);
        pin_mut!(end);
        loop {
            // Read before asking for work, so that an arrival between the two is not missed.
            let seen = source.arrivals();
            if source.has_work(&self.core.pending(parent)) {
                return true;
            }
            match select(source.arrived(seen), end.as_mut()).await {
                Either::Left(_) => {}
                Either::Right(_) => return false,
            }
        }
    }
}

impl<E: Runtime> AutomatonTrait for Paced<E> {
    type Context = Context;
    type Digest = BlockDigest;

    async fn propose(&mut self, context: Context) -> oneshot::Receiver<BlockDigest> {
        let (mut sender, receiver) = oneshot::channel();
        let mut paced = self.clone();
        self.runtime.child("propose").spawn(move |_| async move {
            let digest = async {
                paced.due(context.parent.1).await;
                paced.inner.propose(context).await.await
            }
            .boxed();
            let digest = match select(digest, sender.closed().boxed()).await {
                Either::Left((Ok(digest), _)) => digest,
                Either::Left((Err(_), _)) | Either::Right(_) => return,
            };
            let _ = sender.send(digest);
        });
        receiver
    }

    async fn verify(&mut self, context: Context, digest: BlockDigest) -> oneshot::Receiver<bool> {
        self.inner.verify(context, digest).await
    }
}

impl<E: Runtime> CertifiableAutomaton for Paced<E> {
    async fn prepare(&mut self, _: Context) -> oneshot::Receiver<Handoff<BlockDigest>> {
        // A block is proposed on a certified parent only: its transactions are then known to be on their way.
        let (sender, receiver) = oneshot::channel();
        let _ = sender.send(Handoff::Wait);
        receiver
    }

    async fn certify(&mut self, round: Round, digest: BlockDigest) -> oneshot::Receiver<bool> {
        self.inner.certify(round, digest).await
    }
}

impl<E: Runtime> Relay for Paced<E> {
    type Digest = BlockDigest;
    type PublicKey = PeerKey;
    type Plan = Plan<PeerKey>;

    fn broadcast(&mut self, digest: BlockDigest, plan: Plan<PeerKey>) -> Feedback {
        self.inner.broadcast(digest, plan)
    }
}

impl<E: Runtime> Reporter for Paced<E> {
    type Activity = Activity<Scheme, BlockDigest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        self.inner.report(activity)
    }
}
