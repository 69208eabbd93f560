use super::*;
use crate::wire;
use proptest::prelude::*;

/// The leaves of the classic certificate-transparency test tree.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Its roots at 1 to 8 leaves.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn digests(hex: &[&str]) -> Vec<Digest> {
    hex.iter().map(|text| text.parse().unwrap()).collect()
}

fn classic_leaves() -> Vec<Digest> {
    LEAVES.iter().map(|text| leaf(&hex::decode(text).unwrap())).collect()
}

fn numbered_leaves(size: usize) -> Vec<Digest> {
    (0..size).map(|number| leaf(&number.to_le_bytes())).collect()
}

fn size_of(leaves: &[Digest]) -> u64 {
    u64::try_from(leaves.len()).unwrap()
}

#[test]
fn roots_are_those_of_the_classic_tree() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(root(&[]).to_string(), empty);
    for (size, expected) in (1..).zip(ROOTS) {
        assert_eq!(root(&classic_leaves()[..size]).to_string(), expected, "{size} leaves");
    }
}

#[test]
fn inclusion_proofs_are_those_of_the_classic_tree() {
    let leaves = classic_leaves();
    let first = digests(&[
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    assert_eq!(inclusion_proof(&leaves, 0), Some(first));
    let sixth = digests(&[
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
    assert_eq!(inclusion_proof(&leaves, 5), Some(sixth));
}

#[test]
fn consistency_proofs_are_those_of_the_classic_tree() {
    let leaves = classic_leaves();
    let from_six = digests(&[
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
    assert_eq!(consistency_proof(&leaves, 6), Some(from_six));
}

#[test]
fn every_leaf_of_every_tree_up_to_70_is_proven_and_no_other_claim_is() {
    for size in 1..=70 {
        let leaves = numbered_leaves(size);
        let (whole, count) = (root(&leaves), size_of(&leaves));
        for index in 0..size {
            let proof = inclusion_proof(&leaves, index).unwrap();
            let at = u64::try_from(index).unwrap();
            assert!(verify_inclusion(whole, count, at, leaves[index], &proof), "{index} of {size}");
            assert!(!verify_inclusion(whole, count, at, leaf(b"other"), &proof));
            assert!(!verify_inclusion(whole, count, at + 1, leaves[index], &proof));
            let longer = [proof.clone(), vec![whole]].concat();
            assert!(!verify_inclusion(whole, count, at, leaves[index], &longer));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!verify_inclusion(whole, count, at, leaves[index], shorter));
            }
        }
    }
    assert_eq!(inclusion_proof(&numbered_leaves(3), 3), None);
}

#[test]
fn steps_lead_from_every_leaf_to_the_root_by_the_nodes_of_its_inclusion_proof() {
    for size in 1..=70 {
        let leaves = numbered_leaves(size);
        for index in 0..size {
            let steps = steps(&leaves, index).unwrap();
            assert_eq!(climb(leaves[index], &steps), root(&leaves), "{index} of {size}");
            assert_ne!(climb(leaf(b"other"), &steps), root(&leaves));
            let neighbors = steps.iter().map(|step| match step {
                Step::Left(neighbor) | Step::Right(neighbor) => *neighbor,
            });
            assert_eq!(neighbors.collect::<Vec<_>>(), inclusion_proof(&leaves, index).unwrap());
        }
    }
    assert_eq!(steps(&numbered_leaves(3), 3), None);
}

#[test]
fn every_growth_up_to_40_is_proven_and_a_changed_past_is_not() {
    for new in 0..=40 {
        let leaves = numbered_leaves(new);
        let (new_root, new_size) = (root(&leaves), size_of(&leaves));
        for old in 0..=new {
            let old_root = root(&leaves[..old]);
            let old_size = u64::try_from(old).unwrap();
            let proof = consistency_proof(&leaves, old).unwrap();
            assert!(verify_consistency((old_size, old_root), (new_size, new_root), &proof), "{old} to {new}");
            assert!(!verify_consistency((old_size, leaf(b"other")), (new_size, new_root), &proof));
            if old > 0 {
                assert!(!verify_consistency((old_size, old_root), (new_size, leaf(b"other")), &proof));
            }
            let longer = [proof, vec![new_root]].concat();
            assert!(!verify_consistency((old_size, old_root), (new_size, new_root), &longer));
        }
    }
    assert_eq!(consistency_proof(&numbered_leaves(3), 4), None);
}

#[test]
fn a_frontier_that_does_not_fit_its_size_is_refused() {
    let mut frontier = Frontier::default();
    for leaf in numbered_leaves(5) {
        frontier.append(leaf);
    }
    let mut bytes = wire::encode(&frontier);
    assert_eq!(wire::decode::<Frontier>(&bytes), Ok(frontier));
    bytes[0] = 7;
    assert!(wire::decode::<Frontier>(&bytes).is_err());
}

/// The definition in RFC 6962, 2.1, word for word.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root_by_definition(left), root_by_definition(right))
        }
    }
}

proptest! {
    #[test]
    fn a_frontier_knows_the_root_of_the_definition(size in 0usize..600) {
        let leaves = numbered_leaves(size);
        prop_assert_eq!(root(&leaves), root_by_definition(&leaves));
    }

    #[test]
    fn foreign_proofs_never_panic(
        size: u64, index: u64, old: u64, proof in proptest::collection::vec(any::<[u8; 32]>().prop_map(Digest), 0..70),
    ) {
        prop_assert!(!verify_inclusion(leaf(b"r"), size, index, leaf(b"l"), &proof));
        prop_assert!(!verify_consistency((old, leaf(b"o")), (size, leaf(b"n")), &proof));
    }
}
