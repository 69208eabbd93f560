//! The wire format: BCS through serde. Canonical: a value has exactly one encoding, and a decoder refuses any other.

use crate::rejection::{Rejection, tech};
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize as _, Deserializer, Serialize, Serializer, de::DeserializeOwned};

/// A type that travels and is stored: one derive, BCS and JSON.
pub trait Wire: Serialize + DeserializeOwned + JsonSchema {}

impl<T: Serialize + DeserializeOwned + JsonSchema> Wire for T {}

/// Room for most records and keys, so that writing one does not grow its bytes step by step.
const USUAL_BYTES: usize = 256;

/// Encodes a value canonically.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bcs::serialize_into(&mut bytes, value)
        .expect("our types have no maps with failing keys, no unsized sequences and shallow nesting");
    bytes
}

/// Writes 16 bytes as they are. BCS writes a number low byte first, so this is one call where an array takes sixteen.
pub fn write_16<S: Serializer>(bytes: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u128(u128::from_le_bytes(*bytes))
}

/// Reads what [`write_16`] wrote.
pub fn read_16<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
    u128::deserialize(deserializer).map(u128::to_le_bytes)
}

/// Writes 32 bytes as they are, in two numbers.
pub fn write_32<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    let [first, second] =
        [&bytes[..16], &bytes[16..]].map(|half| u128::from_le_bytes(half.try_into().expect("half of 32 bytes is 16")));
    (first, second).serialize(serializer)
}

/// Reads what [`write_32`] wrote.
pub fn read_32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let (first, second) = <(u128, u128)>::deserialize(deserializer)?;
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&first.to_le_bytes());
    bytes[16..].copy_from_slice(&second.to_le_bytes());
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Digest};

    #[test]
    fn ids_and_digests_are_written_as_the_arrays_they_are() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7).expect("below 224"));
        let half: [u8; 16] = bytes[..16].try_into().expect("16 of 32");
        assert_eq!(encode(&AccountId(half)), encode(&half));
        assert_eq!(encode(&Digest(bytes)), encode(&bytes));
        assert_eq!(decode::<AccountId>(&half), Ok(AccountId(half)));
        assert_eq!(decode::<Digest>(&bytes), Ok(Digest(bytes)));
        assert_eq!(decode::<Digest>(&bytes[..31]).map_err(|refused| refused.code), Err(tech::malformed("").code));
    }
}
