//! From the chain to those who follow: pool and who waits, index - for each final block, in order.

use crate::{Error, source::PoolSource};
use engine::Chain;
use index::Index;
use std::sync::Arc;
use types::FinalBlock;

/// Blocks that are written to the index in one go when it is behind.
const BATCH: usize = 64;

/// Feeds until the chain stops or the index fails.
pub async fn run(chain: Chain, index: Arc<Index>, source: Arc<PoolSource>) -> Result<(), Error> {
    if index.height().await? + 1 < chain.first().await? {
        begin(&chain, &index).await?;
    }
    let mut blocks = chain.final_blocks(index.height().await? + 1).await?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = blocks.recv().await {
        batch.push(take(first?, &source));
        while batch.len() < BATCH {
            match blocks.try_recv() {
                Ok(next) => batch.push(take(next?, &source)),
                Err(_) => break,
            }
        }
        index.apply(&batch).await?;
        batch.clear();
    }
    Ok(())
}

/// Begins the index at the state that is here, where the blocks that it lacks are not.
async fn begin(chain: &Chain, index: &Index) -> Result<(), Error> {
    let listing = chain.scan().await?;
    let block = chain.block(listing.height).await?.ok_or(engine::Error::Empty)?;
    tracing::info!(height = listing.height, records = listing.records.len(), "the index begins at this block");
    let changes = listing.records.into_iter().map(|(key, value)| (key, Some(value))).collect();
    index.begin_at(&FinalBlock { changes, ..FinalBlock::clone(&block) }).await?;
    Ok(())
}

/// Tells the pool and those who wait at once; the index follows.
fn take(block: Arc<FinalBlock>, source: &PoolSource) -> Arc<FinalBlock> {
    source.finalized(&block);
    block
}
