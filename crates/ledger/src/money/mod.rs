//! money.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 6,
    name: "money",
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
