//! Tests of a whole chain.

mod bounds;
mod ceremony;
mod committee;
mod crash;
mod epochs;
mod joining;
mod many;
mod one;
mod pace;
mod proofs;
mod pruning;
mod receipts;
mod replay;
mod support;
