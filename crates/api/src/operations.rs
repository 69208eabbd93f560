//! The operation table as doors see it: what can be asked, by name. Doors need nothing else of the business.

pub use ledger::{
    core::{CallSpec, Cell, ColumnKind, EnterpriseId, Module, QuerySpec, Row, TableSpec},
    modules,
};

/// The module with this name.
pub fn module(name: &str) -> Option<&'static Module> {
    modules().iter().copied().find(|module| module.name == name)
}

/// A module's table with this name.
pub fn table(module: &'static Module, name: &str) -> Option<&'static TableSpec> {
    module.tables.iter().find(|table| table.name == name)
}
