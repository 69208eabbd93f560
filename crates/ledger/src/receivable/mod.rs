//! receivable.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 8,
    name: "receivable",
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
