//! Tests of a whole chain.

mod crash;
mod many;
mod one;
mod proofs;
mod support;
