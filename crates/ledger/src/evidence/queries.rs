use super::{
    state::{Edge, get, latest},
    types::{ByDigest, Found, Log, LogRoot, Verification, Verify},
};
use crate::core::{Query, QueryContext, Record};
use types::{State, Stop};

impl Query for Verify {
    const NAME: &'static str = "verify";
    type Answer = Verification;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<Verification, Stop> {
        let known = ByDigest::load(state, &self.digest)?.unwrap_or_default().records;
        let mut records = Vec::with_capacity(known.len());
        for (_, id) in &known {
            let evidence = get(state, *id)?;
            let latest = latest(state, *id, &evidence)?;
            records.push(Found { id: *id, evidence, latest });
        }
        Ok(Verification { known: !records.is_empty(), records })
    }
}

impl Query for Log {
    const NAME: &'static str = "log";
    type Answer = LogRoot;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<LogRoot, Stop> {
        let frontier = Edge::load(state, &())?.unwrap_or_default().frontier;
        Ok(LogRoot { size: frontier.size(), root: frontier.root() })
    }
}
