//! Tests of a whole chain.

mod bounds;
mod crash;
mod many;
mod one;
mod pace;
mod proofs;
mod receipts;
mod replay;
mod support;
