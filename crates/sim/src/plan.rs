//! What a seed means: the machines, and what happens to them.

use commonware_utils::TestRng;
use rand_core::Rng as _;
use std::{collections::BTreeSet, time::Duration};

/// The shortest epoch: a committee is at most a quarter of it.
const EPOCH_BLOCKS: u64 = 32;
/// Machines of the genesis, at least and at most.
const VALIDATORS: (u64, u64) = (4, 7);
/// How long things happen, before the network is left alone, unless somebody says otherwise.
pub const TROUBLE: Duration = Duration::from_secs(90);

/// One thing that happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A machine's process ends in the middle of whatever it does, and starts again after a while.
    Crash { machine: usize, down: Duration },
    /// These machines and the others do not reach each other for a while.
    Cut { side: BTreeSet<usize>, time: Duration },
    /// Every way between machines is slow, uneven and lossy for a while.
    BadLinks { latency: Duration, jitter: Duration, lost_percent: u8, time: Duration },
    /// The machine that stands by is proposed as a validator.
    VoteIn,
    /// A machine of the genesis is proposed to leave.
    VoteOut { machine: usize },
}

/// A whole simulation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Machines of the genesis; one more stands by.
    pub validators: usize,
    pub epoch_blocks: u64,
    pub heartbeat: Duration,
    /// What happens, by the time since the network is up.
    pub events: Vec<(Duration, Event)>,
    /// From then on nothing happens any more.
    pub trouble: Duration,
}

/// Draws numbers that a seed repeats.
pub(crate) struct Draw(TestRng);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(TestRng::new(seed))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.between(0, u64::try_from(count).expect("few") - 1)).expect("below the count")
    }

    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }
}

impl Plan {
    /// All kinds of trouble for so long, mixed.
    pub fn draw(seed: u64, time: Duration) -> Self {
        let mut draw = Draw::new(seed);
        let validators = usize::try_from(draw.between(VALIDATORS.0, VALIDATORS.1)).expect("few");
        let trouble = u64::try_from(time.as_millis()).expect("minutes");
        let mut events = Vec::new();
        // One thing in eleven seconds, more or less.
        for _ in 0..draw.between(1 + trouble / 22_000, 2 + trouble / 7_000) {
            let at = draw.millis(0, trouble);
            events.push((at, Self::event(&mut draw, validators)));
        }
        // Once a member joins, another may leave.
        events.push((draw.millis(0, trouble / 4), Event::VoteIn));
        if draw.between(0, 1) == 1 {
            events.push((draw.millis(trouble / 2, trouble), Event::VoteOut { machine: draw.index(validators) }));
        }
        events.sort_by_key(|(at, _)| *at);
        let heartbeat = draw.millis(300, 1_500);
        Self { seed, validators, epoch_blocks: EPOCH_BLOCKS, heartbeat, events, trouble: time }
    }

    fn event(draw: &mut Draw, validators: usize) -> Event {
        match draw.between(0, 5) {
            0..=2 => Event::Crash { machine: draw.index(validators), down: draw.millis(1, 15_000) },
            3 | 4 => {
                let side = (0..validators).filter(|_| draw.between(0, 1) == 1).collect();
                Event::Cut { side, time: draw.millis(200, 15_000) }
            }
            _ => Event::BadLinks {
                latency: draw.millis(1, 300),
                jitter: draw.millis(0, 200),
                lost_percent: u8::try_from(draw.between(0, 30)).expect("below a hundred"),
                time: draw.millis(1_000, 20_000),
            },
        }
    }
}
