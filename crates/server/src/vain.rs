//! What an address may send in vain: signatures that do not verify, bytes that do not decode, numbers that were used.
//!
//! Refusing costs the node work, and nobody who signed pays for it. So each address has an allowance of what is refused; it
//! comes back with time, and while it is used up, nothing more is read from the address that is to be submitted. Questions
//! are answered all the same. Who is refused now and then, as every client is, never sees this.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Transactions that an address may send in vain at once, and how many of them come back in a second.
const ALLOWANCE: u32 = 2_048;
const BACK_PER_SECOND: u32 = 64;
/// What a request counts that was refused as a whole: it costs more than one transaction of many.
pub(crate) const REQUEST: u32 = 4;
/// Addresses that are remembered: beyond that, those go first whose allowance is whole.
const ADDRESSES_MAX: usize = 65_536;

/// Where a request came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Caller(IpAddr);

impl Caller {
    /// A house has a whole network of the new addresses: it counts as one.
    pub(crate) fn new(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(six) => Self(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into()),
            four @ IpAddr::V4(_) => Self(four),
        }
    }
}

/// How much an address has used of its allowance, and when that was true.
#[derive(Clone, Copy)]
struct Used {
    count: u32,
    at: Instant,
}

impl Used {
    fn now(self, now: Instant) -> u32 {
        let back = now.saturating_duration_since(self.at).as_millis() * u128::from(BACK_PER_SECOND) / 1_000;
        self.count.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX))
    }
}

/// What addresses have sent in vain.
#[derive(Default)]
pub(crate) struct Vain(Mutex<HashMap<Caller, Used>>);

impl Vain {
    /// How long an address is not listened to.
    pub(crate) fn put_off(&self, caller: Caller) -> Option<Duration> {
        let used = self.used().get(&caller)?.now(Instant::now());
        let over = used.checked_sub(ALLOWANCE)?;
        Some(Duration::from_secs(u64::from(over / BACK_PER_SECOND + 1)))
    }

    /// So much was refused.
    pub(crate) fn note(&self, caller: Caller, count: u32) {
        if count == 0 {
            return;
        }
        let now = Instant::now();
        let mut used = self.used();
        if used.len() >= ADDRESSES_MAX && !used.contains_key(&caller) {
            used.retain(|_, used| used.now(now) > 0);
            if used.len() >= ADDRESSES_MAX {
                return;
            }
        }
        let entry = used.entry(caller).or_insert(Used { count: 0, at: now });
        // Ten minutes is the longest that anybody is put off.
        let count = entry.now(now).saturating_add(count).min(ALLOWANCE + 600 * BACK_PER_SECOND);
        *entry = Used { count, at: now };
    }

    fn used(&self) -> MutexGuard<'_, HashMap<Caller, Used>> {
        self.0.lock().expect("no holder of the map panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(address: &str) -> Caller {
        Caller::new(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_put_off_once_its_allowance_is_used_and_others_are_not() {
        let vain = Vain::default();
        vain.note(caller("192.0.2.1"), ALLOWANCE - 1);
        assert_eq!(vain.put_off(caller("192.0.2.1")), None);
        vain.note(caller("192.0.2.1"), 10 * BACK_PER_SECOND + 1);
        let wait = vain.put_off(caller("192.0.2.1")).unwrap();
        assert!((10..=11).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(vain.put_off(caller("192.0.2.2")), None);
    }

    #[test]
    fn what_was_used_comes_back_with_time_and_no_debt_is_without_bound() {
        let now = Instant::now();
        let used = Used { count: 640, at: now };
        assert_eq!(used.now(now + Duration::from_secs(4)), 640 - 4 * 64);
        assert_eq!(used.now(now + Duration::from_secs(11)), 0);
        let vain = Vain::default();
        for _ in 0..3 {
            vain.note(caller("192.0.2.1"), u32::MAX);
        }
        assert!(vain.put_off(caller("192.0.2.1")).unwrap() <= Duration::from_secs(601));
    }

    #[test]
    fn addresses_of_one_house_count_as_one() {
        assert_eq!(caller("2001:db8::1"), caller("2001:db8::ffff"));
        assert_ne!(caller("2001:db8::1"), caller("2001:db8:0:1::1"));
        assert_eq!(caller("::ffff:192.0.2.1"), caller("192.0.2.1"));
    }

    #[test]
    fn so_many_addresses_are_remembered_and_no_more() {
        let vain = Vain::default();
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 10 {
            vain.note(Caller::new(IpAddr::V4(number.into())), ALLOWANCE * 2);
        }
        assert_eq!(vain.used().len(), ADDRESSES_MAX);
    }
}
