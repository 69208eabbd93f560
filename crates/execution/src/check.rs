//! What can be verified without state: shape, limits, chain and signatures.
