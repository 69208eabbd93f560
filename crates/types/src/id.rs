//! Typed identifiers.
//!
//! A record's id is 16 bytes, derived from the transaction and the act that made the record, so it is known before the
//! block is final and never reused. People see it with its kind in front: `lot_5f0c...`; another kind's id is refused.

use crate::{Digest, TransactionHash};

/// Defines an identifier: `typed_id!(/** doc */ LotId, "lot")`.
///
/// BCS writes the 16 bytes; JSON and people see `prefix_` and 32 hex digits.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The id of the `index`-th record of this kind that act `act` of transaction `tx` makes.
            pub fn derive(tx: $crate::TransactionHash, act: u16, index: u32) -> Self {
                Self($crate::id::derive($prefix, tx, act, index))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), $crate::wire::hex_encode(&self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let digits = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or_else(|| format!("`{text}` is not an id of this kind: it begins with `{}_`", $prefix))?;
                $crate::wire::hex_decode::<16>(digits).map(Self)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    $crate::wire::write_16(&self.0, serializer)
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(<D::Error as ::serde::de::Error>::custom)
                } else {
                    $crate::wire::read_16(deserializer).map(Self)
                }
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-9a-f]{32}$"),
                })
            }
        }
    };
}

typed_id!(
    /// An account: the hash of a signature suite and a public key, so two suites never share an account.
    AccountId,
    "acct"
);

impl AccountId {
    /// The account of a public key.
    pub fn of_key(suite: u16, public_key: &[u8]) -> Self {
        let digest = Digest::of(&[b"tributary/account", &suite.to_le_bytes(), public_key]);
        Self(first_half(digest))
    }
}

/// The first 16 bytes of a hash over kind, transaction, act and index.
pub fn derive(kind: &str, tx: TransactionHash, act: u16, index: u32) -> [u8; 16] {
    let digest = Digest::of(&[kind.as_bytes(), &[0], &tx.0, &act.to_le_bytes(), &index.to_le_bytes()]);
    first_half(digest)
}

fn first_half(digest: Digest) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&digest.0[..16]);
    id
}
