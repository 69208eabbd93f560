//! Where the peers of an epoch are reached, as the last block before the epoch says.
//!
//! The addresses are those with which the committees were fixed. A peer may have none: then a node's own list must know it,
//! or the peer calls by itself.

use bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error as CodecError, MaxEncodeSize as _, RangeCfg, Read, Write};
use commonware_glue::dkg::network::Directory as DirectoryTrait;
use commonware_p2p::{Address, Ingress};
use commonware_utils::{
    Hostname,
    ordered::{Map, Set},
};
use std::{net::SocketAddr, str::FromStr};

use crate::stack::PeerKey;

/// Where a peer is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerAddress {
    Socket(SocketAddr),
    /// A name, looked up at each dial.
    Name {
        host: String,
        port: u16,
    },
}

impl FromStr for PeerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(socket) = text.parse() {
            return Ok(Self::Socket(socket));
        }
        let wrong = || format!("`{text}` is no address: write HOST:PORT");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        Hostname::new(host).map_err(|_| wrong())?;
        Ok(Self::Name { host: host.to_owned(), port: port.parse().map_err(|_| wrong())? })
    }
}

impl PeerAddress {
    /// Where it is dialed. Where it dials from is not held against it: it proves its key.
    pub(crate) fn dialed(&self) -> Address {
        match self {
            Self::Socket(socket) => Address::Symmetric(*socket),
            Self::Name { host, port } => Address::Asymmetric {
                ingress: Ingress::Dns { host: Hostname::new(host).expect("parsed as one"), port: *port },
                egress: SocketAddr::from(([0, 0, 0, 0], *port)),
            },
        }
    }
}

/// The addresses of an epoch's peers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory(Map<PeerKey, Option<Address>>);

impl Directory {
    pub fn new(addresses: impl IntoIterator<Item = (PeerKey, Option<Address>)>) -> Self {
        Self(Map::from_iter_dedup(addresses))
    }

    /// Where this peer is reached, if anybody said so.
    pub(crate) fn address(&self, peer: &PeerKey) -> Option<&Address> {
        self.0.get_value(peer)?.as_ref()
    }
}

/// An address as people write it.
pub(crate) fn written(address: &Address) -> String {
    match address.ingress() {
        Ingress::Socket(socket) => socket.to_string(),
        Ingress::Dns { host, port } => format!("{host}:{port}"),
    }
}

/// The first of a peer's addresses, which is the preferred one.
pub(crate) fn preferred(addresses: &[String]) -> Option<Address> {
    addresses.first()?.parse::<PeerAddress>().ok().map(|address| address.dialed())
}

impl Write for Directory {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl EncodeSize for Directory {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl Read for Directory {
    type Cfg = RangeCfg<usize>;

    fn read_cfg(buf: &mut impl Buf, count: &RangeCfg<usize>) -> Result<Self, CodecError> {
        Map::read_cfg(buf, &(*count, (), ())).map(Self)
    }
}

impl DirectoryTrait<PeerKey> for Directory {
    fn codec_config(peers: &Set<PeerKey>) -> RangeCfg<usize> {
        RangeCfg::exact(peers.len())
    }

    fn max_encode_size(peers: usize) -> usize {
        Map::<PeerKey, Option<Address>>::max_encode_size(peers, 1 + Address::MAX_ENCODE_SIZE)
    }

    fn matches(&self, peers: &Set<PeerKey>) -> bool {
        self.0.keys() == peers
    }
}
