//! The wire format: BCS through serde. Canonical: a value has exactly one encoding, and a decoder refuses any other.

use crate::rejection::{Rejection, tech};
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Serialize, de::DeserializeOwned};

/// A type that travels and is stored: one derive, BCS and JSON.
pub trait Wire: Serialize + DeserializeOwned + JsonSchema {}

impl<T: Serialize + DeserializeOwned + JsonSchema> Wire for T {}

/// Encodes a value canonically.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    bcs::to_bytes(value).expect("our types have no maps with failing keys, no unsized sequences and shallow nesting")
}

/// Decodes bytes; anything but the one canonical encoding of a valid value is refused, and nothing panics.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    bcs::from_bytes(bytes).map_err(|error| malformed(&error.to_string()))
}

/// Decodes JSON with the same rules.
pub fn decode_json<T: DeserializeOwned>(json: serde_json::Value) -> Result<T, Rejection> {
    serde_json::from_value(json).map_err(|error| malformed(&error.to_string()))
}

/// The rejection behind a decoder's message: bounded types put their code in front of it.
pub fn malformed(message: &str) -> Rejection {
    if message.contains("E_TEXT_CONTROL") {
        tech::text_control(message)
    } else if message.contains("E_PAYLOAD_TOO_BIG") {
        tech::payload_too_big(message)
    } else if message.contains("E_AMOUNT_SCALE") {
        tech::amount_scale(message)
    } else if message.contains("E_AMOUNT_OVERFLOW") {
        tech::amount_overflow(message)
    } else {
        tech::malformed(message)
    }
}

/// Lower-case hex.
pub fn hex_encode(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Exactly `N` bytes of lower-case hex.
pub fn hex_decode<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| format!("`{text}` is not {} hex digits", N * 2))?;
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("`{text}` has upper-case hex digits: write them in lower case"));
    }
    Ok(bytes)
}

/// The schema of a fixed number of hex digits.
pub fn hex_schema(digits: usize) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^[0-9a-f]{{{digits}}}$") })
}

/// The schema of up to `digits_max` hex digits.
pub fn hex_schema_bounded(digits_max: usize) -> Schema {
    json_schema!({ "type": "string", "pattern": "^([0-9a-f]{2})*$", "maxLength": digits_max })
}
