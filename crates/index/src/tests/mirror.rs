//! What is written, once, whole, and only of this chain.

use super::{Place, consortium, evidence, evidence_block, table};
use crate::{Error, Found, Index, Scope};
use api::{
    backend::{EventCursor, EventFilter},
    list::ListRequest,
};
use ledger::core::EnterpriseId;
use sqlx::{Connection, SqliteConnection};
use std::{collections::BTreeSet, future::Future, pin::pin, sync::Arc, task::Poll};
use types::{BlockHash, FinalBlock, Outcome};

/// Blocks with records, events and a refusal.
fn blocks() -> (Vec<Arc<FinalBlock>>, Vec<EnterpriseId>) {
    let (mut chain, ids) = consortium();
    for from in 0..4 {
        evidence_block(&mut chain, "S1.maker", from * 10, 10);
    }
    let twice = [evidence(100, "one"), evidence(100, "again")];
    let refused = chain.transaction("CORE.maker", &twice);
    chain.block(vec![refused]);
    (chain.blocks, ids)
}

#[tokio::test]
async fn a_transaction_is_found_with_its_receipt() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let index = place.open().await;
    index.apply(&blocks).await.unwrap();
    for block in &blocks {
        for (position, checked) in block.transactions.iter().enumerate() {
            let expected = api::view::included(block, position).unwrap();
            assert_eq!(index.transaction(checked.hash).await.unwrap(), Some(Found::Whole(expected)));
        }
    }
    let refused = &blocks.last().unwrap().receipts[0];
    assert!(matches!(refused.outcome, Outcome::Rejected { act: 1, .. }), "{refused:?}");
    assert_eq!(index.transaction(types::TransactionHash::default()).await.unwrap(), None);

    // Many at once; one that differs behind the bytes that the index goes by is not taken for another.
    let mut strange = refused.transaction;
    strange.0[31] ^= 1;
    let there =
        blocks.iter().flat_map(|block| &block.transactions).map(|checked| checked.hash).collect::<BTreeSet<_>>();
    let sought: Vec<_> = there.iter().copied().chain([strange, types::TransactionHash::default()]).collect();
    assert_eq!(index.known(&sought).await.unwrap(), there);
    assert_eq!(index.known(&[]).await.unwrap(), BTreeSet::new());
}

#[tokio::test]
async fn without_lists_a_transaction_is_found_and_the_rest_is_refused() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let index = Index::open(&place.url(), Scope::Transactions).await.unwrap();
    index.apply(&blocks).await.unwrap();
    assert_eq!(index.height().await.unwrap(), blocks.len() as u64);
    for block in &blocks {
        for (checked, position) in block.transactions.iter().zip(0..) {
            let expected = Found::At { height: block.header.height, index: position };
            assert_eq!(index.transaction(checked.hash).await.unwrap(), Some(expected));
        }
    }
    let there = blocks[2].transactions[0].hash;
    let mut strange = there;
    strange.0[31] ^= 1;
    assert_eq!(index.transaction(strange).await.unwrap(), None);
    assert_eq!(index.known(&[strange, there]).await.unwrap(), BTreeSet::from([there]));
    let (module, table) = table("evidence", "evidence");
    let events = index.events(EventCursor::behind(0), &EventFilter::default(), 10).await.map(drop);
    let row = index.row(module, table, "").await.map(drop);
    let list = index.list(ListRequest::new(module, table)).await.map(drop);
    for refused in [events, row, list] {
        assert!(matches!(refused, Err(Error::Rejected(rejection)) if rejection.code == 76));
    }
    index.close().await.unwrap();

    // Who wants lists after all has them fed from the first block.
    let index = place.open().await;
    assert_eq!(index.height().await.unwrap(), 0);
    index.apply(&blocks).await.unwrap();
    let other = Place::new();
    let always = other.open().await;
    always.apply(&blocks).await.unwrap();
    assert_eq!(index.dump().await.unwrap(), always.dump().await.unwrap());
}

#[tokio::test]
async fn blocks_that_are_in_change_nothing() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let index = place.open().await;
    index.apply(&blocks[..4]).await.unwrap();
    let once = index.dump().await.unwrap();
    index.apply(&blocks[..4]).await.unwrap();
    index.apply(&blocks[1..3]).await.unwrap();
    assert_eq!(index.dump().await.unwrap(), once);
    index.apply(&blocks[2..]).await.unwrap();
    assert_eq!(index.height().await.unwrap(), blocks.len() as u64);
}

/// The mirror of all blocks, fed in one go.
async fn whole(blocks: &[Arc<FinalBlock>]) -> String {
    let place = Place::new();
    let index = place.open().await;
    index.apply(blocks).await.unwrap();
    index.dump().await.unwrap()
}

#[tokio::test]
async fn it_is_the_same_however_it_was_fed() {
    let (blocks, _) = blocks();
    let expected = whole(&blocks).await;
    assert!(expected.lines().count() > 100);
    let place = Place::new();
    for block in &blocks {
        // Each block by a new process, which knows only what the file says.
        let index = place.open().await;
        let from = usize::try_from(index.height().await.unwrap()).unwrap();
        index.apply(&blocks[from.saturating_sub(1)..=from]).await.unwrap();
        assert_eq!(index.height().await.unwrap(), block.header.height);
    }
    let index = place.open().await;
    assert_eq!(index.dump().await.unwrap(), expected);
    index.clear().await.unwrap();
    assert_eq!(index.height().await.unwrap(), 0);
    index.apply(&blocks).await.unwrap();
    assert_eq!(index.dump().await.unwrap(), expected);
    index.close().await.unwrap();
}

/// Polls a future so many times, then gives it up.
async fn give_up(future: impl Future, mut polls: usize) -> bool {
    let mut future = pin!(future);
    std::future::poll_fn(|ctx| {
        if polls == 0 {
            return Poll::Ready(false);
        }
        polls -= 1;
        future.as_mut().poll(ctx).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn a_feed_that_breaks_off_anywhere_leaves_whole_blocks() {
    let (blocks, _) = blocks();
    let expected = whole(&blocks).await;
    let mut finished = false;
    for polls in (1..2_000).step_by(7) {
        let place = Place::new();
        let index = place.open().await;
        finished = give_up(index.apply(&blocks), polls).await;
        // The same process goes on with what it has, and a new one with what the file says.
        if polls % 2 == 0 {
            index.apply(&blocks).await.unwrap();
            assert_eq!(index.dump().await.unwrap(), expected, "broken off after {polls} polls");
            continue;
        }
        drop(index);
        let index = place.open().await;
        let height = index.height().await.unwrap();
        assert!(height == 0 || height == blocks.len() as u64, "one call is one SQL transaction");
        index.apply(&blocks).await.unwrap();
        assert_eq!(index.dump().await.unwrap(), expected, "broken off after {polls} polls");
        if finished {
            break;
        }
    }
    assert!(finished, "the last rounds were not broken off");
}

#[tokio::test]
async fn holes_and_other_chains_are_refused() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let index = place.open().await;
    let gap = index.apply(&blocks[1..]).await.unwrap_err();
    assert!(matches!(gap, Error::Gap { expected: 1, found: 2 }), "{gap}");
    index.apply(&blocks[..3]).await.unwrap();
    let hole = index.apply(&blocks[4..]).await.unwrap_err();
    assert!(matches!(hole, Error::Gap { expected: 4, found: 5 }), "{hole}");
    let mut other = FinalBlock::clone(&blocks[2]);
    other.hash = BlockHash::of(&[b"another block"]);
    let refused = index.apply(&[Arc::new(other)]).await.unwrap_err();
    assert!(matches!(refused, Error::OtherBlock { height: 3, .. }), "{refused}");
    let mut next = FinalBlock::clone(&blocks[3]);
    next.header.parent = BlockHash::of(&[b"another block"]);
    let refused = index.apply(&[Arc::new(next)]).await.unwrap_err();
    assert!(matches!(refused, Error::OtherBlock { height: 3, .. }), "{refused}");
    assert_eq!(index.height().await.unwrap(), 3);
    index.apply(&blocks[3..]).await.unwrap();
    assert_eq!(index.dump().await.unwrap(), whole(&blocks).await);
}

#[tokio::test]
async fn a_deleted_record_leaves_its_list() {
    let (place, (blocks, ids)) = (Place::new(), blocks());
    let index = place.open().await;
    index.apply(&blocks).await.unwrap();
    let (module, evidence) = table("evidence", "evidence");
    let mut request = ListRequest::new(module, evidence);
    request.party = Some(ids[1]);
    let before = index.list(request.clone()).await.unwrap();
    assert_eq!(before.rows.len(), 40);
    let gone = &before.rows[3].id;
    let last = blocks.last().unwrap();
    let mut next = FinalBlock { transactions: vec![], receipts: vec![], changes: vec![], ..FinalBlock::clone(last) };
    next.header.height += 1;
    next.header.parent = last.hash;
    next.changes.push(((evidence.key)(gone).unwrap(), None));
    index.apply(&[Arc::new(next)]).await.unwrap();
    assert_eq!(index.row(module, evidence, gone).await.unwrap(), None);
    let after = index.list(request).await.unwrap();
    assert_eq!(after.rows.len(), 39);
    assert!(after.rows.iter().all(|row| row.id != *gone));
}

#[tokio::test]
async fn a_mirror_of_another_shape_is_emptied_and_fed_again() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let index = place.open().await;
    index.apply(&blocks).await.unwrap();
    let expected = index.dump().await.unwrap();
    index.close().await.unwrap();
    let mut raw = SqliteConnection::connect(&place.url()).await.unwrap();
    let old = "UPDATE meta SET value = 'of an older version' WHERE name = 'schema'";
    sqlx::query(old).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let index = place.open().await;
    assert_eq!(index.height().await.unwrap(), 0);
    index.apply(&blocks).await.unwrap();
    assert_eq!(index.dump().await.unwrap(), expected);
}

#[tokio::test]
async fn a_damaged_file_is_made_again() {
    let (place, (blocks, _)) = (Place::new(), blocks());
    let expected = whole(&blocks).await;
    let file = place.url().strip_prefix("sqlite://").unwrap().to_owned();
    let index = place.open().await;
    index.apply(&blocks).await.unwrap();
    index.close().await.unwrap();
    drop(index);
    let sound = std::fs::read(&file).unwrap();
    let cut = |part: usize| sound[..sound.len() * part / 8].to_vec();
    let overwritten = |from: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[from..from + 4_096].fill(byte);
        bytes
    };
    let mut damaged: Vec<Vec<u8>> = (1..8).map(cut).collect();
    damaged.extend([overwritten(0, 7), overwritten(sound.len() / 2 / 4_096 * 4_096, 0), b"no database".repeat(400)]);
    for bytes in damaged {
        std::fs::write(&file, &bytes).unwrap();
        let index = place.open().await;
        assert_eq!(index.height().await.unwrap(), 0);
        index.apply(&blocks).await.unwrap();
        assert_eq!(index.dump().await.unwrap(), expected);
        index.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_is_named() {
    let refused = Index::open("sqlite:///nowhere/at/all/index.sqlite", Scope::Lists).await.err().unwrap();
    assert_eq!(refused.to_string(), "open the index at sqlite:///nowhere/at/all/index.sqlite");
}
