//! Enterprises and their people: who may ask for what.

mod authority;
mod state;
mod types;

pub use authority::{Signer, account_key, active, authorize, get, require, require_other_than, signers};
pub use types::{Enterprise, Member, MemberKey, Standing, reject};

use crate::core::{Module, TableSpec};

pub const MODULE: Module = Module {
    number: 2,
    name: "enterprise",
    about: "Organisations with legal ids, roles, members with keys and functions.",
    calls: &[],
    queries: &[],
    tables: &[TableSpec::new::<Enterprise>(), TableSpec::new::<Member>(), TableSpec::new::<MemberKey>()],
    events: &[],
    rejections: reject::CATALOGUE,
    due: None,
    genesis: None,
    audit: |_| (),
};
