//! The doors over a chain in memory, spoken to over HTTP.

mod acts;
mod contract;
mod events;
mod files;
mod health;
mod limits;
mod lists;
mod refusals;
mod support;
