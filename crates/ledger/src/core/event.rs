//! Events: what happened, in the past tense.

use crate::core::{EnterpriseId, call::to_json};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use types::{Event, Rejection, State, Wire, wire};

/// A kind of event; its fields are the type's fields.
pub trait EventKind: Wire + 'static {
    /// The module's number.
    const MODULE: u16;
    /// The event's number in its module: never reused.
    const NUMBER: u16;
    /// Past tense: `CertificateSplit`.
    const NAME: &'static str;

    /// The enterprises it concerns: they are told.
    fn parties(&self) -> Vec<EnterpriseId>;
}

/// Tells those who follow.
pub fn emit<E: EventKind>(state: &mut dyn State, event: &E) {
    state.emit(Event { module: E::MODULE, event: E::NUMBER, payload: wire::encode_exactly(event) });
}

/// A row of the event table.
#[derive(Clone, Copy)]
pub struct EventSpec {
    pub number: u16,
    pub name: &'static str,
    pub to_json: fn(&[u8]) -> Result<Value, Rejection>,
    pub parties: fn(&[u8]) -> Result<Vec<EnterpriseId>, Rejection>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl EventSpec {
    pub const fn new<E: EventKind>() -> Self {
        Self {
            number: E::NUMBER,
            name: E::NAME,
            to_json: to_json::<E>,
            parties: |bytes| Ok(wire::decode::<E>(bytes)?.parties()),
            schema: |generator| generator.subschema_for::<E>(),
        }
    }
}
