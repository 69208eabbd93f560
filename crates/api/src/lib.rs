//! The contract: what can be asked of a chain, made from the operation table.
//!
//! ```text
//!   ledger::modules()  ->  openapi (OpenAPI 3.1)  ->  /openapi.json, /docs, clients
//!                      ->  reference              ->  docs/reference/{errors,operations}.md
//!                      ->  view, prepare          ->  bytes <-> JSON by name
//!                      ->  list                   ->  parameters of lists
//!   server --dyn Backend--> node
//! ```
//! Adding an act touches none of this. Nothing here waits, listens or stores: `backend` only says what an answer looks
//! like.
//!
//! Entry points: [`Backend`], [`operations`], [`openapi::openapi`], [`problem::Problem`], [`list::ListRequest`], [`view`], [`prepare`].

pub mod backend;
pub mod health;
pub mod import;
pub mod list;
pub mod message;
pub mod openapi;
pub mod operations;
pub mod prepare;
pub mod problem;
pub mod reference;
pub mod view;

pub use backend::{Backend, Failure, Reply};
pub use health::Vitals;
pub use problem::Problem;

#[cfg(test)]
mod tests;
