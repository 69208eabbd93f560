//! What every module is made of: calls, queries, records, events, due work, audit.
//!
//! Nothing here knows a business rule. A module declares a [`Module`]; from that declaration come dispatch, the
//! operation table, the REST paths, the command line, the read model's tables and the reference pages.

pub mod call;
pub mod party;
pub mod record;
pub mod event;
pub mod due;
pub mod audit;
pub mod module;
pub mod nonce;

pub(crate) use audit::all;
pub use audit::{Audit, Violation};
pub use call::{AnyCall, Call, CallSpec, Context, Query, QueryContext, QuerySpec};
pub use event::{EventKind, EventSpec, emit};
pub use module::Module;
pub use party::{Actor, EnterpriseId, EntityRole, Function, MemberId, Role};
pub use record::{Cell, Column, ColumnKind, Record, Row, TableSpec, look_ahead};
