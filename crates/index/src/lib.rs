//! The read model: records and events of final blocks, in SQL.
//!
//! ```text
//!   FinalBlock -> apply -> one SQL transaction -> tables, one for each table that a module declares
//!                                               + blocks, transactions, events
//!   list, row, transaction, events  <-  readers of their own, never in the writer's way
//! ```
//! The chain is the truth and this is its mirror: every block is applied whole or not at all, a block that was applied
//! changes nothing, a gap is refused, and when the declared columns have changed the mirror is emptied and fed again.
//! A node that nobody asks for lists keeps in which block each transaction is, and nothing else ([`Scope::Transactions`]).
//! SQL stays portable: parameters in order, standard types, row values, `ON CONFLICT`, `UPDATE .. FROM`; what is
//! SQLite's own stands in `store`.
//!
//! **Invariant:** the content depends on the blocks only: fed again, it is the same to the byte.

mod error;
mod store;
mod schema;
mod rows;
mod write;
mod read;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use read::Found;
pub use schema::Scope;
pub use store::Index;
