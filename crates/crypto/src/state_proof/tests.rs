//! Published proofs hold, and no other bytes do; bytes from strangers never panic.

use super::*;
use crate::receipt_proof;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use types::wire;

/// `vectors/proofs.json`: proofs made by a chain, which every verifier of them has to accept.
struct Published(Value);

impl Published {
    fn new() -> Self {
        Self(serde_json::from_str(include_str!("../../../../vectors/proofs.json")).unwrap())
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        hex::decode(self.0.pointer(path).unwrap().as_str().unwrap()).unwrap()
    }

    /// The bundle at this place, which stands there twice: as bytes and as JSON.
    fn bundle<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(&self, name: &str) -> T {
        let encoded = self.bytes(&format!("/{name}/bcs"));
        let bundle: T = wire::decode(&encoded).unwrap();
        assert_eq!(wire::encode(&bundle), encoded);
        let json = self.0[name]["bundle"].clone();
        assert_eq!(serde_json::to_value(&bundle).unwrap(), json);
        assert_eq!(serde_json::from_value::<T>(json).unwrap(), bundle);
        bundle
    }

    fn chain(&self) -> ChainId {
        serde_json::from_value(self.0["chain"].clone()).unwrap()
    }

    fn verify(&self, name: &str, bundle: &Bundle) -> Result<u64, ProofError> {
        let key = self.bytes(&format!("/{name}/key"));
        let value = self.0[name]["value"].as_str().map(|value| hex::decode(value).unwrap());
        let header = bundle.verify(self.chain(), &self.bytes("/group_key"), &key, value.as_deref());
        header.map(|header| header.height)
    }

    fn verify_receipt(&self, bundle: &receipt_proof::Bundle) -> Result<u64, receipt_proof::ProofError> {
        let receipt = self.bytes("/receipt/receipt");
        bundle.verify(self.chain(), &self.bytes("/group_key"), &receipt).map(|header| header.height)
    }
}

#[test]
fn published_proofs_of_records_hold() {
    let published = Published::new();
    for name in ["present", "absent"] {
        let bundle: Bundle = published.bundle(name);
        assert!(bundle.path.leaves > 512, "the log is longer than two chunks");
        assert_eq!(published.verify(name, &bundle), Ok(bundle.header.height));
    }
    assert!(published.0["present"]["value"].is_string());
    assert!(published.0["absent"]["value"].is_null());
}

#[test]
fn published_proofs_of_a_receipt_hold_by_its_blocks_certificate_and_by_a_later_one() {
    let published = Published::new();
    let own: receipt_proof::Bundle = published.bundle("receipt");
    let later: receipt_proof::Bundle = published.bundle("receipt_by_descendants");
    assert_eq!(own.header, later.header);
    assert_eq!((own.finality.descendants.len(), later.finality.descendants.len()), (0, 2));
    assert_eq!(published.verify_receipt(&own), Ok(own.header.height));
    assert_eq!(published.verify_receipt(&later), Ok(own.header.height));
}

#[test]
fn a_path_with_a_digest_too_many_or_too_few_is_refused() {
    let published = Published::new();
    for name in ["present", "absent"] {
        let bundle: Bundle = published.bundle(name);
        let mut longer = bundle.clone();
        longer.path.digests.push(Digest::default()).unwrap();
        assert_eq!(published.verify(name, &longer), Err(ProofError::Path));
        let mut shorter = bundle.clone();
        shorter.path.digests = List::new(bundle.path.digests[1..].to_vec()).unwrap();
        assert_eq!(published.verify(name, &shorter), Err(ProofError::Path));
        let mut unknown = bundle.clone();
        unknown.version = 2;
        assert_eq!(published.verify(name, &unknown), Err(ProofError::Version));
        let mut dead = bundle.clone();
        dead.path.chunk = Digest::default();
        assert_eq!(published.verify(name, &dead), Err(ProofError::Dead));
    }
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

/// Paths of any shape, often of a plausible one.
fn path() -> impl Strategy<Value = Path> {
    let count = prop_oneof![any::<u64>(), 0..2_000_u64, Just(LEAVES_MAX), Just(LEAVES_MAX - 1)];
    let digests = proptest::collection::vec(digest(), 0..80);
    (count.clone(), count, prop_oneof![any::<u64>(), 0..64_u64], digests, any::<bool>(), digest()).prop_map(
        |(location, leaves, inactive_peaks, digests, unfinished, log_root)| Path {
            location,
            leaves,
            inactive_peaks,
            digests: List::new(digests).unwrap(),
            chunk: Digest([0xff; 32]),
            partial: unfinished.then(|| Digest::of(&[&[0xff; 32]])),
            log_root,
        },
    )
}

proptest! {
    #[test]
    fn foreign_paths_never_panic_and_never_lead_to_a_given_root(path in path()) {
        prop_assert_ne!(path.root(b"operation"), Ok(Digest::default()));
    }

    #[test]
    fn foreign_bytes_are_no_bundle(bytes: Vec<u8>) {
        if let Ok(bundle) = wire::decode::<Bundle>(&bytes) {
            prop_assert!(bundle.verify(Digest::default(), &[0; 96], b"key", None).is_err());
        }
        if let Ok(bundle) = wire::decode::<receipt_proof::Bundle>(&bytes) {
            prop_assert!(bundle.verify(Digest::default(), &[0; 96], b"receipt").is_err());
        }
    }

    #[test]
    fn a_place_lies_between_its_neighbors_only(mut places in proptest::collection::btree_set(digest(), 2..20), sought in digest()) {
        places.remove(&sought);
        let places: Vec<Digest> = places.into_iter().collect();
        let gaps = places.iter().zip(places.iter().cycle().skip(1));
        let holding: Vec<_> = gaps.clone().filter(|(from, next)| between(**from, sought, **next)).collect();
        prop_assert_eq!(holding.len(), 1, "one gap holds a place that is not in use");
        for place in &places {
            prop_assert!(!gaps.clone().any(|(from, next)| between(*from, *place, *next)), "no gap holds one that is");
        }
    }
}
