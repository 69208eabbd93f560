//! evidence.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 4,
    name: "evidence",
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
