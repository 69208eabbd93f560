//! The wire format: BCS through serde. Canonical: a value has exactly one encoding, and a decoder refuses any other.

use crate::rejection::{Rejection, tech};
use schemars::{JsonSchema, Schema, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, SeqAccess, Visitor},
};
use std::{cell::Cell, fmt};

/// A type that travels and is stored: one derive, BCS and JSON.
pub trait Wire: Serialize + DeserializeOwned + JsonSchema {}

impl<T: Serialize + DeserializeOwned + JsonSchema> Wire for T {}

/// Room for most records and keys, so that writing one does not grow its bytes step by step.
const USUAL_BYTES: usize = 256;

/// Encodes a value canonically.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    encode_into(&mut bytes, value);
    bytes
}

/// [`encode`] without room to spare, for what is kept.
pub fn encode_exactly<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    drafted(|bytes| {
        encode_into(bytes, value);
        bytes.as_slice().to_vec()
    })
}

/// Writes bytes that are read at once and not kept, where the thread's last ones were: nothing is allocated for them.
pub fn drafted<T>(write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    thread_local!(static DRAFT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) });
    // Taken out meanwhile: who drafts within a draft begins a new one.
    let mut bytes = DRAFT.take();
    bytes.clear();
    let done = write(&mut bytes);
    DRAFT.set(bytes);
    done
}

/// Encodes a value behind bytes that are there.
pub fn encode_into<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    bcs::serialize_into(bytes, value)
        .expect("our types have no maps with failing keys, no unsized sequences and shallow nesting");
}

/// As many bytes as a value's encoding has.
pub fn size<T: Serialize + ?Sized>(value: &T) -> usize {
    bcs::serialized_size(value).expect("what can be encoded has a size")
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

/// Bytes that are written in one piece, where serde would write a `Vec<u8>` number by number: the encoding is the same.
pub mod raw {
    use super::{Raw, RawVisitor};
    use serde::{Deserializer, Serialize as _, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Raw(bytes).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(RawVisitor)
    }
}

/// [`raw`] for a list.
pub mod raw_list {
    use super::{Raw, RawBuf};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|bytes| Raw(bytes)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let list = Vec::<RawBuf>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|RawBuf(bytes)| bytes).collect())
    }
}

/// [`raw`] for records that changed, each with its key.
pub mod raw_changes {
    use super::{Raw, RawBuf};
    use crate::Key;
    use serde::{Deserialize as _, Deserializer, Serializer};

    type Changes = Vec<(Key, Option<Vec<u8>>)>;

    pub fn serialize<S: Serializer>(changes: &Changes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(changes.iter().map(|(key, value)| (Raw(key), value.as_deref().map(Raw))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Changes, D::Error> {
        let changes = Vec::<(RawBuf, Option<RawBuf>)>::deserialize(deserializer)?;
        Ok(changes.into_iter().map(|(RawBuf(key), value)| (key, value.map(|RawBuf(value)| value))).collect())
    }
}

struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

struct RawBuf(Vec<u8>);

impl<'de> Deserialize<'de> for RawBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        raw::deserialize(deserializer).map(Self)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    /// As JSON writes them.
    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
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
    use crate::{AccountId, Digest, Key};

    #[derive(PartialEq, Debug, Serialize, Deserialize)]
    struct Pieces {
        #[serde(with = "raw")]
        one: Vec<u8>,
        #[serde(with = "raw_list")]
        list: Vec<Vec<u8>>,
        #[serde(with = "raw_changes")]
        changes: Vec<(Key, Option<Vec<u8>>)>,
    }

    #[test]
    fn bytes_in_one_piece_are_written_as_the_lists_they_are() {
        let long: Vec<u8> = (0..=255).chain(0..=255).collect();
        let list = vec![vec![], long.clone()];
        let changes = vec![(vec![1], None), (vec![2, 3], Some(long.clone())), (vec![4], Some(vec![]))];
        let plain = (&long, &list, &changes);
        let pieces = Pieces { one: long.clone(), list: list.clone(), changes: changes.clone() };
        assert_eq!(encode(&pieces), encode(&plain));
        assert_eq!(decode::<Pieces>(&encode(&plain)).as_ref(), Ok(&pieces));
        let json = serde_json::to_value(&pieces).unwrap();
        assert_eq!(json["one"], serde_json::json!(long));
        assert_eq!(decode_json::<Pieces>(json).as_ref(), Ok(&pieces));
        let mut long = encode(&plain);
        long.push(0);
        assert!(decode::<Pieces>(&long).is_err());
    }

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
