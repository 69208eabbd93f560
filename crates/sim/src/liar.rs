//! What a machine says, where that is not what its engine said: liars, and those who fall silent.
//!
//! A liar runs the real engine with its real keys, and lies on the way out. One that equivocates is two engines with one
//! key, each of which speaks with a part of the others: whatever the protocol lets one say, they say twice and differently.

use commonware_actor::{Feedback, Unreliable};
use commonware_p2p::{CheckedSender, LimitedSender, Recipients, Sender as _, simulated};
use commonware_runtime::{Clock as _, IoBuf, IoBufs, Supervisor as _, deterministic};
use commonware_utils::sync::Mutex;
use engine::{
    network::Network,
    simulation::{Ends, PeerKey, Tracked},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::plan::Draw;

type Context = deterministic::Context;
type Outlet = simulated::Sender<PeerKey, Context>;
/// A machine's ends of the network, as it speaks into them.
pub(crate) type Voiced =
    Network<Mouth, simulated::Receiver<PeerKey>, Tracked, simulated::Control<PeerKey, deterministic::Context>>;

/// Messages of a channel that a liar keeps for later.
const KEPT: usize = 512;
/// How long a liar keeps to a side, or to its silence.
const STRETCH: Duration = Duration::from_secs(3);
/// Bytes of a message that is made up, at most.
const MADE_UP_BYTES: u64 = 300;

/// A way of lying.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// Says two things at the same time, to different machines.
    Twins,
    /// Says nothing in some stretches of time, or on some channels.
    Silence,
    /// Says again what it and its epochs said long ago.
    Stale,
    /// Says what it says, with bits turned over, cut off, or made up.
    Garbage,
}

/// How a machine speaks. It outlives the machine's falls.
pub(crate) struct Voice {
    context: Context,
    seed: u64,
    silent: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    lie: Option<Lie>,
    draw: Draw,
    /// What was said, by channel.
    said: Vec<VecDeque<IoBuf>>,
}

impl Voice {
    pub(crate) fn new(context: &Context, seed: u64, lie: Option<Lie>) -> Arc<Self> {
        let said = vec![VecDeque::new(); CHANNELS];
        let inner = Mutex::new(Inner { lie, draw: Draw::new(seed), said });
        Arc::new(Self { context: context.child("voice"), seed, silent: AtomicBool::new(false), inner })
    }

    /// Says nothing at all, or speaks again.
    pub(crate) fn hush(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Tells the truth from now on.
    pub(crate) fn repent(&self) {
        self.inner.lock().lie = None;
    }

    pub(crate) fn lie(&self) -> Option<Lie> {
        self.inner.lock().lie
    }

    /// A coin that falls the same way for a whole stretch of time.
    fn coin(&self, about: &[u8]) -> bool {
        let now = self.context.current().duration_since(UNIX_EPOCH).expect("it is later");
        let stretch = now.as_millis() / STRETCH.as_millis();
        types::Digest::of(&[&self.seed.to_be_bytes(), &stretch.to_be_bytes(), about]).0[0] & 1 == 1
    }

    /// Whether the first twin speaks with this machine, or the second.
    fn side(&self, half: Half, peer: &PeerKey) -> bool {
        let first = self.lie() != Some(Lie::Twins) || self.coin(peer.as_ref());
        first == (half == Half::First)
    }

    /// What is said in place of a message.
    fn say(&self, channel: usize, message: IoBuf) -> Vec<IoBuf> {
        if self.silent.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let lie = self.lie();
        if lie == Some(Lie::Silence) && self.coin(&[u8::try_from(channel / 2).expect("few")]) {
            return Vec::new();
        }
        let Inner { draw, said, .. } = &mut *self.inner.lock();
        match lie {
            None | Some(Lie::Twins | Lie::Silence) => vec![message],
            Some(Lie::Stale) => {
                let said = &mut said[channel];
                let mut words = vec![message.clone()];
                if !said.is_empty() && draw.chance(40) {
                    words.push(said[draw.index(said.len())].clone());
                }
                if said.len() == KEPT {
                    said.remove(draw.index(KEPT));
                }
                said.push_back(message);
                words
            }
            Some(Lie::Garbage) if draw.chance(10) => vec![spoil(&message, draw), message],
            Some(Lie::Garbage) => vec![message],
        }
    }
}

/// A message that nobody meant.
fn spoil(message: &IoBuf, draw: &mut Draw) -> IoBuf {
    let mut bytes = message.as_ref().to_vec();
    match draw.between(0, 2) {
        0 if !bytes.is_empty() => {
            let at = draw.index(bytes.len());
            bytes[at] ^= 1 << draw.between(0, 7);
        }
        1 if !bytes.is_empty() => bytes.truncate(draw.index(bytes.len())),
        _ => bytes = (0..draw.between(0, MADE_UP_BYTES)).map(|_| draw.byte()).collect(),
    }
    bytes.into()
}

/// Which of two engines with one key this is. Who is one engine only is the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    First,
    Second,
}

const CHANNELS: usize = 9;
/// Which of them carries dealings.
const DEALINGS: usize = 6;

/// Where a machine speaks into a channel.
#[derive(Clone)]
pub(crate) struct Mouth {
    outlet: Outlet,
    voice: Arc<Voice>,
    peers: Arc<Vec<PeerKey>>,
    half: Half,
    channel: usize,
}

impl Mouth {
    /// Whom this half speaks with.
    fn audience(&self, recipients: Recipients<PeerKey>) -> Recipients<PeerKey> {
        if self.voice.lie() != Some(Lie::Twins) && self.half == Half::First {
            return recipients;
        }
        let named = match recipients {
            Recipients::All => self.peers.to_vec(),
            Recipients::Some(peers) => peers,
            Recipients::One(peer) => vec![peer],
        };
        Recipients::Some(named.into_iter().filter(|peer| self.voice.side(self.half, peer)).collect())
    }
}

impl LimitedSender for Mouth {
    type PublicKey = PeerKey;
    type Checked<'a> = Words<'a>;

    fn check(&mut self, recipients: Recipients<PeerKey>) -> Result<Words<'_>, SystemTime> {
        let recipients = self.audience(recipients);
        let (more, voice, channel) = (self.outlet.clone(), self.voice.clone(), self.channel);
        Ok(Words { checked: self.outlet.check(recipients)?, more, voice, channel })
    }
}

/// A message on its way out.
pub(crate) struct Words<'a> {
    checked: <Outlet as LimitedSender>::Checked<'a>,
    more: Outlet,
    voice: Arc<Voice>,
    channel: usize,
}

impl CheckedSender for Words<'_> {
    type PublicKey = PeerKey;

    fn recipients(&self) -> Vec<PeerKey> {
        self.checked.recipients()
    }

    fn send(mut self, message: impl Into<IoBufs> + Send, priority: bool) -> Unreliable<Feedback> {
        let recipients = self.checked.recipients();
        let mut words = self.voice.say(self.channel, message.into().coalesce());
        let Some(last) = words.pop() else { return Unreliable::new(Feedback::Ok) };
        for word in words {
            self.more.send(Recipients::Some(recipients.clone()), word, priority);
        }
        self.checked.send(last, priority)
    }
}

/// The ends of a machine that speaks with this voice; with those of its twin, if it has one.
pub(crate) fn voiced(
    context: &Context,
    ends: Ends,
    voice: &Arc<Voice>,
    peers: &Arc<Vec<PeerKey>>,
) -> (Voiced, Option<Voiced>) {
    let twins = voice.lie() == Some(Lie::Twins);
    let second_peers = ends.peers.twin();
    let second_blocker = ends.blocker.clone();
    let mut number = 0;
    let mut split = |(outlet, inlet): (Outlet, simulated::Receiver<PeerKey>)| {
        let mouth =
            |half| Mouth { outlet: outlet.clone(), voice: voice.clone(), peers: peers.clone(), half, channel: number };
        let mouths = (mouth(Half::First), mouth(Half::Second));
        // Dealings reach both, or the second would soon have no share to vote with.
        let both = number == DEALINGS;
        number += 1;
        if !twins {
            return ((mouths.0, inlet), None);
        }
        let route = {
            let voice = voice.clone();
            move |(peer, _): &(PeerKey, IoBuf)| {
                if both {
                    simulated::SplitTarget::Both
                } else if voice.side(Half::First, peer) {
                    simulated::SplitTarget::Primary
                } else {
                    simulated::SplitTarget::Secondary
                }
            }
        };
        let (first, second) = inlet.split_with(context.child("split"), route);
        ((mouths.0, first), Some((mouths.1, second)))
    };
    let channels = [
        ends.votes,
        ends.certificates,
        ends.resolver,
        ends.backfill,
        ends.broadcast,
        ends.transactions,
        ends.dealings,
        ends.probe,
        ends.state,
    ];
    let (firsts, seconds): (Vec<_>, Vec<_>) = channels.into_iter().map(&mut split).unzip();
    let first = network(firsts, ends.peers, ends.blocker);
    let seconds: Option<Vec<_>> = seconds.into_iter().collect();
    let second = seconds.map(|channels| network(channels, second_peers, second_blocker));
    (first, second)
}

/// The ends of these channels, in the order in which they are split.
fn network(
    channels: Vec<(Mouth, simulated::Receiver<PeerKey>)>,
    peers: Tracked,
    blocker: simulated::Control<PeerKey, Context>,
) -> Voiced {
    let mut channels = channels.into_iter();
    let mut channel = || channels.next().expect("a network has nine channels");
    Network {
        votes: channel(),
        certificates: channel(),
        resolver: channel(),
        backfill: channel(),
        broadcast: channel(),
        transactions: channel(),
        dealings: channel(),
        probe: channel(),
        state: channel(),
        peers,
        blocker,
    }
}
