//! A module's declaration.

use crate::core::{Audit, CallSpec, Context, EventSpec, QuerySpec, TableSpec};
use types::{Genesis, Rejection, State, Stop, rejection::RejectionSpec};

/// Everything the rest of the system knows of a module.
#[derive(Clone, Copy)]
pub struct Module {
    /// Never reused; also the first byte of its records' keys.
    pub number: u16,
    /// `receivable`.
    pub name: &'static str,
    /// One sentence for the reference pages.
    pub about: &'static str,
    pub calls: &'static [CallSpec],
    pub queries: &'static [QuerySpec],
    pub tables: &'static [TableSpec],
    pub events: &'static [EventSpec],
    pub rejections: &'static [RejectionSpec],
    /// Gets the payloads it scheduled when they are due. It may not refuse: a rejection here is a bug.
    pub due: Option<fn(&Context, &[u8], &mut dyn State) -> Result<(), Stop>>,
    /// Writes the module's first records.
    pub genesis: Option<fn(&Genesis, &mut dyn State) -> Result<(), Rejection>>,
    /// Recomputes the module's laws.
    pub audit: fn(&mut Audit),
}
