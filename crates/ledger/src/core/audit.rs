//! Audit: the laws recomputed from scratch over a whole state.

use crate::core::Record;
use std::fmt;
use types::{state::Memory, wire};

/// A law that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The law's name: `I1`.
    pub law: &'static str,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.detail)
    }
}

/// A pass over a whole state.
pub struct Audit<'a> {
    state: &'a Memory,
    violations: Vec<Violation>,
    checked: u64,
}

impl<'a> Audit<'a> {
    /// Runs the audits over `state` and gives what does not hold.
    pub fn run(state: &'a Memory, audits: &[fn(&mut Audit)]) -> Vec<Violation> {
        Self::run_counted(state, audits).0
    }

    /// Every record of a table of a whole state, by id.
    #[cfg(test)]
    pub(crate) fn run_all<R: Record>(state: &Memory) -> Vec<(R::Id, R)> {
        Audit { state, violations: Vec::new(), checked: 0 }.all()
    }

    /// As `run`, with the number of checks made: a report that checked nothing says so.
    pub fn run_counted(state: &'a Memory, audits: &[fn(&mut Audit)]) -> (Vec<Violation>, u64) {
        let mut audit = Self { state, violations: Vec::new(), checked: 0 };
        for run in audits {
            run(&mut audit);
        }
        (audit.violations, audit.checked)
    }

    /// Every record of a table, by id.
    pub fn all<R: Record>(&self) -> Vec<(R::Id, R)> {
        all(self.state)
    }

    /// States that a law holds; where it does not, `detail` says for what.
    pub fn ensure(&mut self, law: &'static str, holds: bool, detail: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.violations.push(Violation { law, detail: detail() });
        }
    }
}

/// Every record of a table, by id.
pub(crate) fn all<R: Record>(state: &Memory) -> Vec<(R::Id, R)> {
    let prefix = vec![R::MODULE, R::TABLE];
    let rows = state.records.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    let decode = |(key, value): (&Vec<u8>, &Vec<u8>)| {
        let id = wire::decode(&key[2..]).expect("state holds only keys that `Record::key` made");
        (id, wire::decode(value).expect("state holds only what `store` encoded"))
    };
    rows.map(decode).collect()
}
