//! What a seed means: the machines, and what happens to them.

use commonware_utils::TestRng;
use rand_core::Rng as _;
use std::{collections::BTreeSet, time::Duration};

use crate::{disk::Ill, host::Skew, liar::Lie};

/// The shortest epoch: a committee is at most a quarter of it.
const EPOCH_BLOCKS: u64 = 32;
/// Machines of the genesis, at least and at most.
const VALIDATORS: (u64, u64) = (4, 7);
/// How long things happen, before the network is left alone, unless somebody says otherwise.
pub const TROUBLE: Duration = Duration::from_secs(60);
/// How far a clock that is set well may be off: two of them differ by less than a block may be ahead.
const SKEW_MS: u64 = 2_000;
/// How much faster or slower it may go, in millionths.
const DRIFT_PPM: u64 = 200;
/// How far a clock that is set badly may be off.
const BAD_SKEW_MS: (u64, u64) = (6_000, 120_000);

/// One thing that happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A machine's process ends in the middle of whatever it does, and starts again after a while. Its disk keeps what was
    /// synced, and of the rest what it happened to have.
    Crash { machine: usize, down: Duration },
    /// All machines at once.
    PowerCut { down: Duration },
    /// These machines and the others do not reach each other for a while.
    Cut { side: BTreeSet<usize>, time: Duration },
    /// Every way between machines is slow, uneven and lossy for a while.
    BadLinks { latency: Duration, jitter: Duration, lost_percent: u8, time: Duration },
    /// A machine's disk is ill for a while.
    BadDisk { machine: usize, ill: Ill, time: Duration },
    /// A machine's clock is set wrong for a while.
    BadClock { machine: usize, skew: Skew, time: Duration },
    /// So many machines say nothing for a while that the chain must stand still.
    Hush { machines: BTreeSet<usize>, time: Duration },
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
    /// Whether clients move the chain's clock, so that things fall due.
    pub moves_clock: bool,
    /// How each machine's clock goes when nothing is wrong with it, the one that stands by included.
    pub clocks: Vec<Skew>,
    /// Machines that lie until the trouble is over: no more than the protocol bears.
    pub liars: Vec<(usize, Lie)>,
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

    /// Whether it happens, in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.between(0, u64::try_from(count).expect("few") - 1)).expect("below the count")
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.between(0, 255)).expect("a byte")
    }

    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// A number from `-most` to `most`.
    fn around(&mut self, most: u64) -> i64 {
        let most = i64::try_from(most).expect("small");
        i64::try_from(self.between(0, 2 * most.unsigned_abs())).expect("small") - most
    }

    fn some(&mut self, of: usize, count: usize) -> BTreeSet<usize> {
        let mut drawn = BTreeSet::new();
        while drawn.len() < count {
            drawn.insert(self.index(of));
        }
        drawn
    }
}

/// Members of a committee of this size that may be anything at all.
pub(crate) fn tolerated(members: usize) -> usize {
    (members - 1) / 3
}

impl Plan {
    /// All kinds of trouble for so long, mixed.
    pub fn draw(seed: u64, time: Duration) -> Self {
        let mut draw = Draw::new(seed);
        let validators = usize::try_from(draw.between(VALIDATORS.0, VALIDATORS.1)).expect("few");
        let trouble = u64::try_from(time.as_millis()).expect("minutes");
        // A chain is hushed with its founders only: whom it takes to stop it is then known beforehand.
        let hush = draw.chance(20);
        let leaves = !hush && draw.chance(50);
        let clocks = (0..=validators)
            .map(|_| Skew { ahead_ms: draw.around(SKEW_MS), drift_ppm: draw.around(DRIFT_PPM) })
            .collect();
        let liars = Self::liars(&mut draw, validators, leaves);
        // A clock that is set badly is one of the faults that the committee bears, and never more than one: a quorum of
        // such clocks decides what time it is.
        let spare = liars.len() < tolerated(validators - usize::from(leaves));
        let late = if spare { Some(draw.index(validators)) } else { liars.first().map(|(liar, _)| *liar) };
        let mut events = Vec::new();
        // One thing in eight seconds, more or less.
        for _ in 0..draw.between(1 + trouble / 16_000, 2 + trouble / 5_000) {
            let at = draw.millis(0, trouble);
            events.push((at, Self::event(&mut draw, validators, late)));
        }
        if hush {
            let machines = draw.some(validators, tolerated(validators) + 1);
            events.push((draw.millis(0, trouble / 2), Event::Hush { machines, time: draw.millis(12_000, 25_000) }));
        } else {
            // Once a member joins, another may leave.
            events.push((draw.millis(0, trouble / 4), Event::VoteIn));
        }
        if leaves {
            events.push((draw.millis(trouble / 2, trouble), Event::VoteOut { machine: draw.index(validators) }));
        }
        events.sort_by_key(|(at, _)| *at);
        let heartbeat = draw.millis(300, 1_500);
        let moves_clock = draw.chance(70);
        let epoch_blocks = EPOCH_BLOCKS;
        Self { seed, validators, epoch_blocks, heartbeat, moves_clock, clocks, liars, events, trouble: time }
    }

    fn liars(draw: &mut Draw, validators: usize, leaves: bool) -> Vec<(usize, Lie)> {
        let most = tolerated(validators - usize::from(leaves));
        let count = draw.index(most + 1);
        let lies = [Lie::Twins, Lie::Silence, Lie::Stale, Lie::Garbage];
        draw.some(validators, count).into_iter().map(|machine| (machine, lies[draw.index(lies.len())])).collect()
    }

    fn event(draw: &mut Draw, validators: usize, late: Option<usize>) -> Event {
        let machine = draw.index(validators);
        match draw.between(0, 11) {
            0..=3 => Event::Crash { machine, down: draw.millis(1, 10_000) },
            4 => Event::PowerCut { down: draw.millis(1, 5_000) },
            5 | 6 => {
                let side = (0..validators).filter(|_| draw.chance(50)).collect();
                Event::Cut { side, time: draw.millis(200, 10_000) }
            }
            7 => Event::BadLinks {
                latency: draw.millis(1, 300),
                jitter: draw.millis(0, 200),
                lost_percent: u8::try_from(draw.between(0, 30)).expect("below a hundred"),
                time: draw.millis(1_000, 15_000),
            },
            8..=10 => {
                let ill = match draw.between(0, 3) {
                    0 | 1 => Ill::Failing { per_mille: draw.between(1, 100) },
                    2 => Ill::Full,
                    _ => Ill::Slow { most: draw.millis(5, 200) },
                };
                Event::BadDisk { machine, ill, time: draw.millis(1_000, 15_000) }
            }
            _ => {
                let Some(late) = late else { return Event::Crash { machine, down: draw.millis(1, 10_000) } };
                let off = i64::try_from(draw.between(BAD_SKEW_MS.0, BAD_SKEW_MS.1)).expect("minutes");
                let ahead_ms = if draw.chance(50) { off } else { -off };
                let skew = Skew { ahead_ms, drift_ppm: 0 };
                Event::BadClock { machine: late, skew, time: draw.millis(3_000, 20_000) }
            }
        }
    }
}
