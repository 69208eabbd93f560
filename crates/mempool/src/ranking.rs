//! Who holds the most of a full pool, and so gives way.
//!
//! A pool that is not full needs none of this. So it is made when somebody has to give way, kept up with what comes and
//! goes from then on, and forgotten when more than half of the pool has emptied. Making it looks at every account: that
//! is not done again before half of the pool, by count or by bytes, has come anew.

use std::collections::BTreeSet;
use types::AccountId;

use crate::{group::Organisation, load::Load, pool::Bounds};

/// The organisations by what they hold, and the accounts of each.
#[derive(Debug)]
pub(crate) struct Ranking {
    bounds: Bounds,
    organisations: BTreeSet<(u128, Organisation)>,
    accounts: BTreeSet<(Organisation, u128, AccountId)>,
}

impl Ranking {
    /// Nobody holds anything.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, organisations: BTreeSet::new(), accounts: BTreeSet::new() }
    }

    /// Notes that an organisation holds something else than before.
    pub(crate) fn note_organisation(&mut self, organisation: Organisation, before: Load, after: Load) {
        let entry = |load: Load| (load.weight(self.bounds), organisation);
        let (before, after) = (entry(before), entry(after));
        if before != after {
            self.organisations.remove(&before);
            if after.0 > 0 {
                self.organisations.insert(after);
            }
        }
    }

    /// Notes that an account of an organisation holds something else than before.
    pub(crate) fn note_account(&mut self, organisation: Organisation, account: AccountId, before: Load, after: Load) {
        let entry = |load: Load| (organisation, load.weight(self.bounds), account);
        let (before, after) = (entry(before), entry(after));
        if before != after {
            self.accounts.remove(&before);
            if after.1 > 0 {
                self.accounts.insert(after);
            }
        }
    }

    /// The organisation that holds the most, and its account that holds the most.
    pub(crate) fn heaviest(&self) -> Option<(Organisation, AccountId)> {
        let (_, organisation) = self.organisations.last()?;
        let all = (*organisation, 0, AccountId::default())..=(*organisation, u128::MAX, AccountId([u8::MAX; 16]));
        self.accounts.range(all).next_back().map(|(organisation, _, account)| (*organisation, *account))
    }
}
