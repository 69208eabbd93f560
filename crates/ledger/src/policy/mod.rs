//! policy.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 3,
    name: "policy",
    about: "",
    calls: &[],
    queries: &[],
    tables: &[],
    events: &[],
    rejections: &[],
    due: None,
    genesis: None,
    audit: |_| (),
};
