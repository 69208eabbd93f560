//! Interest and shares against exact fractions, written here and nowhere else.

use super::super::rules::distribution::share;
use super::*;
use ::types::rate::{DayCount, share_by_largest_remainder};

/// An exact fraction with a positive denominator.
#[derive(Clone, Copy, Debug)]
struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    fn new(numerator: i128, denominator: i128) -> Self {
        let (mut a, mut b) = (numerator.abs(), denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1);
        Self { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    fn whole(value: u64) -> Self {
        Self { numerator: i128::from(value), denominator: 1 }
    }

    fn times(self, other: Self) -> Self {
        Self::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    fn minus(self, other: Self) -> Self {
        let numerator = self.numerator * other.denominator - other.numerator * self.denominator;
        Self::new(numerator, self.denominator * other.denominator)
    }

    fn compare(self, other: Self) -> std::cmp::Ordering {
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

/// A small generator: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// `value` is `exact` rounded half up.
fn is_half_up(value: u64, exact: Fraction) -> bool {
    let half = Fraction::new(1, 2);
    let off = exact.minus(Fraction::whole(value));
    // exact - value lies in [-1/2, 1/2): a half goes up.
    off.compare(Fraction::new(-1, 2)).is_ge() && off.compare(half).is_lt()
}

#[test]
fn interest_is_the_exact_fraction_half_up() {
    let mut random = Random(0x5EED_0001);
    let mut halves = 0;
    for _ in 0..200_000 {
        let principal = random.below(10_000_000_000_000);
        let ppm = u32::try_from(random.below(400_000)).unwrap();
        let days = u32::try_from(random.below(800)).unwrap();
        for count in [DayCount::Act360, DayCount::Act365Fixed] {
            let interest = Rate(ppm).interest_half_up(Currency::CNY.minor(principal), days, count).unwrap();
            let exact = Fraction::whole(principal)
                .times(Fraction::new(i128::from(ppm), 1_000_000))
                .times(Fraction::new(i128::from(days), i128::from(count.basis())));
            assert!(is_half_up(interest.minor, exact), "{principal} at {ppm} ppm for {days} days: {interest}");
            halves += u32::from(exact.denominator == 2);
        }
    }
    // The rule is tried where it matters, too: 0.02 at 100% for 90 of 360 days is half a cent.
    let half = Rate(1_000_000).interest_half_up(cny("0.02"), 90, DayCount::Act360).unwrap();
    assert_eq!(half, cny("0.01"));
    assert!(halves > 0, "{halves} exact halves were among them");
}

/// Whether `parts` is the largest-remainder allocation of `total`: sums, distances of less than one, and nobody rounded
/// up before one with a larger remainder, or an equal one and an earlier place.
fn is_largest_remainder(total: u64, weights: &[u64], parts: &[u64]) -> bool {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let mut given = 0;
    let (mut least_up, mut most_down): (Option<(u128, usize)>, Option<(u128, usize)>) = (None, None);
    for (position, (weight, part)) in weights.iter().zip(parts).enumerate() {
        let exact = u128::from(total) * u128::from(*weight);
        let (floor, remainder) = (exact / sum, exact % sum);
        given += part;
        match u128::from(*part) {
            part if part == floor => {
                // The strongest claim that was not served: the largest remainder, at the earliest place.
                if most_down.is_none_or(|(most, _)| remainder > most) {
                    most_down = Some((remainder, position));
                }
            }
            part if part == floor + 1 => {
                // The weakest claim that was served: the smallest remainder, at the latest place.
                if least_up.is_none_or(|(least, _)| remainder <= least) {
                    least_up = Some((remainder, position));
                }
            }
            _ => return false,
        }
    }
    let fair = match (least_up, most_down) {
        (Some((up, up_at)), Some((down, down_at))) => up > down || (up == down && up_at < down_at),
        (None, _) | (_, None) => true,
    };
    given == total && fair
}

#[test]
fn a_million_random_allocations_are_shared_by_largest_remainder() {
    let mut random = Random(0x5EED_0002);
    for _ in 0..1_000_000 {
        let count = usize::try_from(1 + random.below(7)).unwrap();
        let reach = [4, 1_000, 1_000_000_000_000][usize::try_from(random.below(3)).unwrap()];
        let weights: Vec<u64> = (0..count).map(|_| random.below(reach)).collect();
        let sum: u64 = weights.iter().sum();
        if sum == 0 {
            continue;
        }
        let total = random.below(sum + 1);
        let parts = share_by_largest_remainder(total, &weights).unwrap();
        assert!(is_largest_remainder(total, &weights, &parts), "{total} over {weights:?}: {parts:?}");
    }
}

#[test]
fn the_oracle_refuses_a_wrong_allocation() {
    assert!(is_largest_remainder(2, &[1, 1, 1], &[1, 1, 0]));
    assert!(!is_largest_remainder(2, &[1, 1, 1], &[1, 0, 1]), "ties go to the earlier place");
    assert!(!is_largest_remainder(2, &[1, 1, 1], &[2, 0, 0]));
    assert!(!is_largest_remainder(2, &[1, 1, 1], &[1, 0, 0]));
    assert!(!is_largest_remainder(1, &[1, 2], &[1, 0]), "the larger remainder first");
}

#[test]
fn penalty_is_paid_before_principal_and_each_by_largest_remainder() {
    let mut random = Random(0x5EED_0003);
    let zero = cny("0.00");
    for _ in 0..100_000 {
        let count = usize::try_from(1 + random.below(6)).unwrap();
        let amount = |minor| Currency::CNY.minor(minor);
        let mut lines: Vec<OpenLine> = (0..count)
            .map(|_| OpenLine {
                principal: amount(random.below(1_000_000)),
                penalty: amount(random.below(10_000)),
                principal_now: zero,
                penalty_now: zero,
            })
            .collect();
        let penalties: Vec<u64> = lines.iter().map(|line| line.penalty.minor).collect();
        let principals: Vec<u64> = lines.iter().map(|line| line.principal.minor).collect();
        let (penalty, principal): (u64, u64) = (penalties.iter().sum(), principals.iter().sum());
        let money = random.below(penalty + principal + 1_000);
        share(&mut lines, amount(money)).unwrap();
        let paid: (Vec<u64>, Vec<u64>) =
            lines.iter().map(|line| (line.penalty_now.minor, line.principal_now.minor)).unzip();
        let to_penalty = money.min(penalty);
        let to_principal = (money - to_penalty).min(principal);
        if penalty > 0 {
            assert!(is_largest_remainder(to_penalty, &penalties, &paid.0), "{money}: {lines:?}");
        }
        if principal > 0 {
            assert!(is_largest_remainder(to_principal, &principals, &paid.1), "{money}: {lines:?}");
        }
        assert!(lines.iter().all(|line| line.penalty_now.minor <= line.penalty.minor));
        assert!(lines.iter().all(|line| line.principal_now.minor <= line.principal.minor));
    }
}
