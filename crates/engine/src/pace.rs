//! When a leader proposes: at once when there is work, otherwise after the heartbeat.
//!
//! The wait stands in front of the state machine, not inside it: while a proposal is being built, the state machine lets no
//! block become final, so a proposal that waited there would hold back its own parent. Nothing polls: the wait ends by
//! the source's arrival, by the heartbeat's timer, or by consensus dropping the request. The leader's timeout lies above
//! the heartbeat (see `start`), so an idle chain makes one view per heartbeat and no more.

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
        let source = self.core.source().clone();
        let heartbeat = self.runtime.sleep(self.heartbeat);
        pin_mut!(heartbeat);
        loop {
            // Read before asking for work, so that an arrival between the two is not missed.
            let seen = source.arrivals();
            if source.has_work(&self.core.pending(parent)) {
                return;
            }
            match select(source.arrived(seen), heartbeat.as_mut()).await {
                Either::Left(_) => {}
                Either::Right(_) => return,
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
