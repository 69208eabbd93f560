//! Peers: machines that a chain's machines know by key, and where they are reached.

use crate::{
    List, Text, limits,
    wire::{hex_decode, hex_schema, read_32, write_32},
};
use core::net::{Ipv4Addr, Ipv6Addr};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr};

/// The Ed25519 key by which peers know a machine. One machine's for ever: another machine has another key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PeerKey(pub [u8; 32]);

impl PeerKey {
    /// The key in these bytes, if there are 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({self})")
    }
}

impl FromStr for PeerKey {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        hex_decode::<32>(text).map(Self)
    }
}

impl Serialize for PeerKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { write_32(&self.0, serializer) }
    }
}

impl<'de> Deserialize<'de> for PeerKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            read_32(deserializer).map(Self)
        }
    }
}

impl JsonSchema for PeerKey {
    fn schema_name() -> Cow<'static, str> {
        "PeerKey".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        hex_schema(64)
    }
}

/// Where a peer is reached: `node1.example.com:7001`, `203.0.113.7:7001`, `[2001:db8::7]:7001`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress(Text<{ limits::PEER_ADDRESS_BYTES_MAX }>);

/// The addresses of one peer, the preferred first.
pub type PeerAddresses = List<PeerAddress, { limits::PEER_ADDRESSES_MAX }>;

impl PeerAddress {
    /// The address, if it is a host and a port.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text: Text<{ limits::PEER_ADDRESS_BYTES_MAX }> = Text::new(text)?;
        let wrong = |law: &str| Err(format!("`{text}` is not a peer's address: {law}"));
        let Some((host, port)) = text.rsplit_once(':') else {
            return wrong("write host:port");
        };
        let plain = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        if !plain || port.parse::<u16>().is_err() {
            return wrong("the port is a number from 1 to 65535");
        }
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let sound = match bracketed {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => is_host_name(host),
        };
        if sound {
            Ok(Self(text))
        } else {
            wrong("the host is a name, an IPv4 address, or an IPv6 address in brackets")
        }
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Names of letters, digits and hyphens, and IPv4 addresses, which look alike: whose last part is a number.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        let inside = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=63).contains(&label.len()) && inside && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or("");
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(label)
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PeerAddress {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}

impl Serialize for PeerAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PeerAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for PeerAddress {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PeerAddress".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Text::<{ limits::PEER_ADDRESS_BYTES_MAX }>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let good = [
            "node1.example.com:7001",
            "localhost:1",
            "203.0.113.7:65535",
            "[2001:db8::7]:7001",
            "a-b.c:80",
            "validator-0:7001",
        ];
        for text in good {
            assert_eq!(PeerAddress::new(text).map(|address| address.to_string()), Ok(text.to_owned()));
        }
        let bad = [
            "",
            "node1",
            "node1:",
            ":7001",
            "node1:0",
            "node1:07001",
            "node1:65536",
            "node1:+1",
            "2001:db8::7:7001",
            "[node1]:7001",
            "node 1:7001",
            "Node1:7001",
            "-node:7001",
            "node..com:7001",
            "203.0.113.700:7001",
            "http://node1:7001",
            "node1:7001/path",
        ];
        for text in bad {
            assert!(PeerAddress::new(text).is_err(), "{text}");
        }
        assert!(PeerAddress::new(format!("{}:7001", "a".repeat(300))).is_err());
    }

    #[test]
    fn a_peer_key_is_32_bytes_in_either_form() {
        let key = PeerKey([7; 32]);
        assert_eq!(crate::wire::encode(&key), [7; 32]);
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{}\"", "07".repeat(32)));
        assert_eq!(PeerKey::from_bytes(&[7; 32]), Some(key));
        assert_eq!(PeerKey::from_bytes(&[7; 31]), None);
    }
}
