//! document.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 5,
    name: "document",
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
