use super::{
    state::{Edge, leaf},
    types::{ByDigest, Chain, Evidence, EvidenceId},
};
use crate::core::Audit;
use std::collections::BTreeMap;
use types::{Digest, merkle};

/// V1 to V3, recomputed.
pub(super) fn audit(audit: &mut Audit) {
    let records: BTreeMap<EvidenceId, Evidence> = audit.all().into_iter().collect();
    let edge = audit.all::<Edge>().pop().map(|(_, edge)| edge).unwrap_or_default();
    let mut leaves: Vec<(u64, Digest)> = records.values().map(|evidence| (evidence.index, leaf(evidence))).collect();
    leaves.sort();
    let gapless = leaves.iter().zip(0..).all(|((index, _), place)| *index == place);
    audit.ensure("V1", gapless, || "the records' places in the log".to_owned());
    let count = u64::try_from(leaves.len()).expect("a state has fewer than 2^64 records");
    audit.ensure("V1", edge.frontier.size() == count, || format!("{} leaves, {count} records", edge.frontier.size()));
    let leaves: Vec<Digest> = leaves.into_iter().map(|(_, leaf)| leaf).collect();
    audit.ensure("V1", edge.frontier.root() == merkle::root(&leaves), || "the log's root".to_owned());

    let by_digest: BTreeMap<Digest, ByDigest> = audit.all().into_iter().collect();
    let listed: usize = by_digest.values().map(|known| known.records.len()).sum();
    audit.ensure("V2", listed == records.len(), || format!("{listed} in the index, {} records", records.len()));
    let chains: BTreeMap<EvidenceId, Chain> = audit.all().into_iter().collect();
    let mut latest: BTreeMap<EvidenceId, (u32, EvidenceId)> = BTreeMap::new();
    for (id, evidence) in &records {
        let own = by_digest.get(&evidence.digest).map_or(0, |known| {
            known.records.iter().filter(|(owner, known)| *owner == evidence.owner && known == id).count()
        });
        audit.ensure("V2", own == 1, || format!("{id}"));
        let follows = match evidence.previous {
            None => evidence.version == 1 && evidence.first == *id,
            Some(previous) => records.get(&previous).is_some_and(|before| {
                (before.owner, before.first, before.version + 1) == (evidence.owner, evidence.first, evidence.version)
            }),
        };
        audit.ensure("V3", follows, || format!("{id}"));
        let last = latest.entry(evidence.first).or_insert((evidence.version, *id));
        *last = (*last).max((evidence.version, *id));
    }
    for (first, (version, last)) in latest {
        let head = chains.get(&first).map_or(first, |chain| chain.latest);
        let length = records.values().filter(|evidence| evidence.first == first).count();
        let whole = u32::try_from(length) == Ok(version) && head == last;
        audit.ensure("V3", whole, || format!("chain {first}"));
    }
}
