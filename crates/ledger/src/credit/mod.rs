//! credit.

use crate::core::Module;

pub const MODULE: Module = Module {
    number: 7,
    name: "credit",
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
