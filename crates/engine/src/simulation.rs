//! The chain's parts for who brings a runtime and a network of his own: the simulator.

pub use crate::{
    directory::Directory,
    network::{Network, Peers},
    services::Services,
    stack::{PeerKey, Runtime},
    start::start,
};
