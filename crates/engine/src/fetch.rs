//! The state from peers, for a machine that begins without it, and for peers that do.
//!
//! ```text
//!   sync engine --serve(range)--> StateSource --fetch--> resolver --> a peer's Desk --> its state
//!        |                            ^                                                  |
//!        '--- proof against the ------'<------------- operations with their proof -------'
//!             certified root: right or wrong; who sent a wrong one is shut out
//! ```
//! What a peer sends is believed for its proof alone. A peer answers with as many operations as fit a message, which may be
//! fewer than were asked for.

use bytes::Bytes;
use commonware_codec::{Decode as _, Encode as _, EncodeSize as _};
use commonware_cryptography::sha256;
use commonware_glue::stateful::db::{AttachableResolver, Shared};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_resolver::{
    Consumer, Delivery, Fetch, Resolver as _,
    p2p::{self, Producer},
};
use commonware_runtime::Handle;
use commonware_storage::qmdb::sync::{Feedback, Request, Response, Source, max_response_size, source};
use commonware_utils::{
    NZU64,
    channel::{mpsc, oneshot},
    sync::Mutex,
};
use std::{
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use types::limits::BLOCK_BYTES_MAX;

use crate::{
    stack::{Family, Operation, PeerKey, Runtime, SharedState, State},
    standing::Standing,
    wiring::{RECORD_BYTES_MAX, Wiring},
};

/// Operations of one request.
pub(crate) const OPERATIONS_MAX: NonZeroU64 = NZU64!(512);
/// Bytes of an answer with several operations: well below the largest message, which a single large one may need.
const ANSWER_BYTES: usize = 1 << 20;
/// Bytes of the largest operation: what one block can write into one record, and two places.
const OPERATION_BYTES_MAX: usize = BLOCK_BYTES_MAX;
/// Peers' requests that are answered at a time; beyond that peers ask others.
const ANSWERING_MAX: usize = 16;

type Asked = Request<Family>;
type Answer = Response<Family, Operation, sha256::Digest>;
/// Where answers go, each with the way back for the verdict on it.
type Answers = mpsc::Sender<(Answer, oneshot::Sender<bool>)>;
type Resolver = p2p::Mailbox<Asked, PeerKey, Waiter>;

/// The resolver has stopped.
#[derive(Debug, thiserror::Error)]
#[error("nobody answers any more: the node stops")]
pub(crate) struct NoAnswer;

/// Bytes of the largest message that asks or answers.
pub(crate) fn message_bytes_max() -> usize {
    p2p::max_message_size::<Asked>(
        ANSWER_BYTES.max(max_response_size::<Family, sha256::Digest>(1, OPERATION_BYTES_MAX)),
    )
}

/// One who waits for an answer.
#[derive(Clone)]
pub(crate) struct Waiter {
    number: u64,
    answers: Answers,
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

/// Fetches parts of the state from peers, and gives peers parts of the state that is here.
pub(crate) struct StateSource<E: Runtime> {
    context: Arc<E>,
    resolver: Resolver,
    numbers: Arc<AtomicU64>,
    /// The state that peers may be given; none until it is whole.
    state: Arc<Mutex<Option<SharedState<E>>>>,
    standing: Standing,
}

impl<E: Runtime> Clone for StateSource<E> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            resolver: self.resolver.clone(),
            numbers: self.numbers.clone(),
            state: self.state.clone(),
            standing: self.standing.clone(),
        }
    }
}

/// Starts asking and answering on a channel.
pub(crate) fn start<E, S, R, P, B>(
    context: E,
    wiring: &Wiring,
    (peers, blocker): (P, B),
    channel: (S, R),
) -> (StateSource<E>, Handle<()>)
where
    E: Runtime,
    S: Sender<PublicKey = PeerKey>,
    R: Receiver<PublicKey = PeerKey>,
    P: Provider<PublicKey = PeerKey>,
    B: Blocker<PublicKey = PeerKey>,
{
    let context = Arc::new(context);
    let state = Arc::new(Mutex::new(None));
    let standing = wiring.standing().clone();
    let desk =
        Desk { context: context.clone(), state: state.clone(), answering: Arc::default(), standing: standing.clone() };
    let (engine, resolver) = p2p::Engine::new(context.child("resolver"), wiring.state_resolver(peers, blocker, desk));
    let handle = engine.start(channel);
    (StateSource { context, resolver, numbers: Arc::default(), state, standing }, handle)
}

impl<E: Runtime> Source for StateSource<E> {
    type Family = Family;
    type Digest = sha256::Digest;
    type Op = Operation;
    type Error = NoAnswer;

    async fn serve(&self, asked: Asked) -> source::Result<Self> {
        let (answers, mut answered) = mpsc::channel(1);
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let waiter = Waiter { number, answers: answers.clone() };
        let mut resolver = self.resolver.clone();
        resolver.fetch(Fetch { key: asked, subscriber: waiter, span: tracing::Span::none() });
        // Whoever asked holds the other end until an answer was right, or it asks no more.
        let over = async move {
            answers.closed().await;
            resolver.retain(move |_, waiter| waiter.number != number);
        };
        self.context.child("asked").spawn(|_| over);
        self.standing.expects(*asked.size());
        let (answer, verdict) = answered.recv().await.ok_or(NoAnswer)?;
        Ok((answer, Some(Feedback::new(verdict, answered))))
    }
}

impl<E: Runtime> AttachableResolver<State<E>> for StateSource<E> {
    async fn attach_database(&self, state: Shared<State<E>>) {
        *self.state.lock() = Some(state);
        self.standing.follows();
    }
}

/// Where answers arrive and peers' questions do.
pub(crate) struct Desk<E: Runtime> {
    context: Arc<E>,
    state: Arc<Mutex<Option<SharedState<E>>>>,
    answering: Arc<AtomicUsize>,
    standing: Standing,
}

impl<E: Runtime> Clone for Desk<E> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            state: self.state.clone(),
            answering: self.answering.clone(),
            standing: self.standing.clone(),
        }
    }
}

impl<E: Runtime> Consumer for Desk<E> {
    type Key = Asked;
    type Value = Bytes;
    type Subscriber = Waiter;
    type Outcome = bool;

    fn deliver(&mut self, delivery: Delivery<Asked, Waiter>, value: Bytes) -> oneshot::Receiver<bool> {
        let (verdict, judged) = oneshot::channel();
        let Some(answer) = decode(&delivery.key, value) else {
            let _ = verdict.send(false);
            return judged;
        };
        if let Answer::Operations { operations, .. } = &answer {
            self.standing.fetched(operations.len());
        }
        let mut verdicts = Vec::new();
        for (waiter, _) in delivery.subscribers.into_vec() {
            let (own, judged) = oneshot::channel();
            if waiter.answers.try_send((answer.clone(), own)).is_ok() {
                verdicts.push(judged);
            }
        }
        // All hold the answer against the same root, so the first verdict is everybody's.
        let first = async move {
            for judged in verdicts {
                if let Ok(right) = judged.await {
                    let _ = verdict.send(right);
                    return;
                }
            }
        };
        self.context.child("verdict").spawn(|_| first);
        judged
    }
}

/// An answer of the kind that was asked for.
fn decode(asked: &Asked, value: Bytes) -> Option<Answer> {
    let most = usize::try_from(asked.max_ops().get()).ok()?;
    let answer = Answer::decode_cfg(value, &(most, ((), (..=RECORD_BYTES_MAX).into()))).ok()?;
    let fits = matches!(
        (asked, &answer),
        (Request::Operations { .. }, Response::Operations { .. })
            | (Request::Boundary { .. }, Response::Boundary { .. })
    );
    fits.then_some(answer)
}

impl<E: Runtime> Producer for Desk<E> {
    type Key = Asked;

    fn produce(&mut self, asked: Asked) -> oneshot::Receiver<Bytes> {
        let (answer, answered) = oneshot::channel();
        let state = self.state.lock().clone();
        let Some(state) = state.filter(|_| asked.max_ops() <= OPERATIONS_MAX) else { return answered };
        if self.answering.fetch_add(1, Ordering::Relaxed) >= ANSWERING_MAX {
            self.answering.fetch_sub(1, Ordering::Relaxed);
            return answered;
        }
        let answering = self.answering.clone();
        let answers = async move {
            if let Some(bytes) = serve(&state, asked).await {
                // A peer that went away needs no answer.
                let _ = answer.send(bytes);
            }
            answering.fetch_sub(1, Ordering::Relaxed);
        };
        self.context.child("answer").spawn(|_| answers);
        answered
    }
}

/// What was asked for, or as much of it as fits.
async fn serve<E: Runtime>(state: &SharedState<E>, mut asked: Asked) -> Option<Bytes> {
    loop {
        let (answer, _) = state.serve(asked).await.ok()?;
        if asked.max_ops() == NonZeroU64::MIN || answer.encode_size() <= ANSWER_BYTES {
            return Some(answer.encode());
        }
        if let Request::Operations { max_ops, .. } = &mut asked {
            *max_ops = NonZeroU64::new(max_ops.get() / 2).unwrap_or(NonZeroU64::MIN);
        }
    }
}
