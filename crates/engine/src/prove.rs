//! State proofs, from the engine's own to the ones that `crypto` checks.

use commonware_storage::qmdb::any::value::VariableEncoding;
use commonware_storage::qmdb::current::{ordered::proof::constant::ExclusionProof, proof::constant::OperationProof};
use crypto::state_proof::{Neighbor, Path};
use types::{Bytes, Digest, List};

use crate::{
    application::{open, place},
    error::Error,
    stack::{CHUNK, Family, Place, Runtime, State},
};

/// What lies under a key, and what shows it.
pub(crate) async fn prove<E: Runtime>(
    state: &State<E>,
    key: &[u8],
) -> Result<(Option<Vec<u8>>, Neighbor, Path), Error> {
    let place = place(key);
    let failed = |_| Error::Corrupt("the state's tree");
    if let Some(entry) = state.get(&place).await.map_err(failed)? {
        let proof = state.key_value_proof(place).await.map_err(failed)?;
        let next = Digest(proof.next_key.0);
        return Ok((Some(open(key, &entry)), Neighbor::Next(next), path(proof.proof)?));
    }
    let proof: ExclusionProof<Family, Place, VariableEncoding<bytes::Bytes>, Place, CHUNK> =
        state.exclusion_proof(&place).await.map_err(failed)?;
    match proof {
        ExclusionProof::KeyValue(proof, before) => {
            let next = Digest(before.next_key.0);
            let before =
                Bytes::new(before.value).map_err(|_| Error::Corrupt("an entry longer than any block writes"))?;
            Ok((None, Neighbor::Around { before, next }, path(proof)?))
        }
        // Every genesis writes records, and no chain deletes all of them.
        ExclusionProof::Commit(..) => Err(Error::Empty),
    }
}

fn path(proof: OperationProof<Family, Place, CHUNK>) -> Result<Path, Error> {
    let range = proof.range_proof;
    let digests = range.proof.digests.iter().map(|digest| Digest(digest.0)).collect();
    Ok(Path {
        location: *proof.loc,
        leaves: *range.proof.leaves,
        inactive_peaks: u64::try_from(range.proof.inactive_peaks).map_err(|_| Error::Corrupt("the state's peaks"))?,
        digests: List::new(digests).map_err(|_| Error::Corrupt("the state's tree"))?,
        chunk: Digest(proof.chunk),
        partial: range.partial_chunk_digest.map(|digest| Digest(digest.0)),
        log_root: Digest(range.ops_root.0),
    })
}
