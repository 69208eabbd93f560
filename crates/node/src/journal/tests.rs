//! The journal's file: what was kept is read, wherever the file was cut off, and it stays small.

use super::{MAGIC, SLACK_BYTES, Store, channel};
use crate::{Error, source::PoolSource};
use mempool::{Arrival, Organisation, Policy};
use std::{fs, path::Path, sync::Arc};
use types::{
    Act, Digest, List, Suite, Timestamp, Transaction,
    text::Bytes,
    transaction::{Body, Checked, PublicKey},
};

/// A transaction that nobody signed: the journal does not look.
fn transaction(nonce: u64, payload: usize) -> Arc<Checked> {
    let payload = Bytes::new(vec![7; payload]).expect("within the limit");
    let body = Body {
        chain: Digest([1; 32]),
        nonce,
        valid_until: Timestamp(1_000_000),
        signers: List::new(vec![PublicKey { suite: Suite::ED25519, bytes: Bytes::new([1; 32]).expect("32 bytes") }])
            .expect("one"),
        acts: List::new(vec![Act { module: 1, call: 0, payload }]).expect("one"),
    };
    let signatures = List::new(vec![Bytes::new([0; 64]).expect("64 bytes")]).expect("one");
    Arc::new(Checked::vouch(Transaction { body, signatures }))
}

fn open(path: &Path) -> (Store, Vec<u64>) {
    let (store, kept) = Store::open(path).expect("the journal opens");
    (store, kept.iter().map(|transaction| transaction.body.nonce).collect())
}

fn pool() -> Arc<PoolSource> {
    Arc::new(PoolSource::new(Policy::FirstCome, None).0)
}

fn wait(source: &PoolSource, transactions: &[Arc<Checked>]) {
    let arrive = |checked: &Arc<Checked>| Arrival {
        checked: checked.clone(),
        next_nonce: 0,
        organisation: Organisation::UNKNOWN,
    };
    let answers = source.submit(transactions.iter().map(arrive).collect(), 0, Timestamp(0));
    for answer in answers.expect("no block has become final") {
        answer.expect("there is room");
    }
}

#[tokio::test]
async fn what_was_kept_and_not_forgotten_is_there_in_its_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.log");
    let (store, kept) = open(&path);
    assert!(kept.is_empty());
    let source = pool();
    let (journal, requests) = channel();
    store.serve(requests, &source).expect("a thread");
    let all: Vec<_> = (0..5).map(|nonce| transaction(nonce, 10)).collect();
    journal.keep(all[..3].to_vec()).await.expect("kept");
    journal.keep(all[..4].to_vec()).await.expect("kept");
    journal.forget(vec![all[1].hash]);
    journal.keep(vec![all[4].clone(), all[1].clone()]).await.expect("kept");
    journal.forget(vec![all[0].hash]);
    journal.keep(Vec::new()).await.expect("nothing is kept at once");
    assert_eq!(open(&path).1, [2, 3, 4, 1]);
    // What waits in the pool is what stays.
    wait(&source, &all[2..4]);
    journal.compact().await;
    journal.keep(Vec::new()).await.expect("it is done");
    assert_eq!(open(&path).1, [2, 3]);
}

#[test]
fn a_file_cut_off_anywhere_holds_what_came_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.log");
    let (mut store, _) = open(&path);
    let mut ends = vec![store.bytes];
    for nonce in 0..4 {
        let mut changes = super::Changes::default();
        store.add(&mut changes, &[transaction(nonce, 20)]);
        store.append(&changes).expect("written");
        ends.push(store.bytes);
    }
    let whole = fs::read(&path).expect("read");
    assert_eq!(u64::try_from(whole.len()).expect("small"), ends[4]);
    for length in MAGIC.len()..whole.len() {
        fs::write(&path, &whole[..length]).expect("cut off");
        let sound = ends.iter().filter(|end| **end <= u64::try_from(length).expect("small")).count() - 1;
        let (mut store, kept) = open(&path);
        assert_eq!(kept.len(), sound, "cut off at {length}");
        // What is written then stands behind what is sound.
        let mut changes = super::Changes::default();
        store.add(&mut changes, &[transaction(9, 1)]);
        store.append(&changes).expect("written");
        assert_eq!(open(&path).1.last(), Some(&9));
    }
    for place in MAGIC.len()..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).expect("damaged");
        let sound = ends.iter().filter(|end| **end <= u64::try_from(place).expect("small")).count() - 1;
        assert_eq!(open(&path).1.len(), sound, "damaged at {place}");
    }
}

#[test]
fn another_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.log");
    fs::write(&path, "a letter").expect("written");
    assert!(matches!(Store::open(&path), Err(Error::Damaged { .. })));
}

#[test]
fn a_file_that_holds_much_more_than_waits_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.log");
    let (mut store, _) = open(&path);
    let source = pool();
    wait(&source, &[transaction(0, 10)]);
    let weak = Arc::downgrade(&source);
    let mut largest = 0;
    for nonce in 0..600 {
        let mut changes = super::Changes::default();
        store.add(&mut changes, &[transaction(nonce, 120_000)]);
        store.write(changes, &weak).expect("written");
        largest = largest.max(fs::metadata(&path).expect("it is there").len());
    }
    assert!(largest > SLACK_BYTES / 2 && largest < SLACK_BYTES + 200_000, "{largest} bytes");
    assert!(open(&path).1.contains(&0));
}

#[test]
fn after_a_write_that_failed_the_file_is_made_anew_from_what_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.log");
    let (mut store, _) = open(&path);
    let source = pool();
    let weak = Arc::downgrade(&source);
    // A file that was opened to be read takes no writes; and there is no folder to make another in.
    store.file = fs::File::open(&path).expect("it is there");
    let moved = folder.path().join("elsewhere/pool.log");
    store.path = moved.clone();
    wait(&source, &[transaction(0, 10)]);
    let mut changes = super::Changes::default();
    store.add(&mut changes, &[transaction(0, 10)]);
    assert!(store.write(changes, &weak).is_err());
    fs::create_dir(folder.path().join("elsewhere")).expect("made");
    store.write(super::Changes::default(), &weak).expect("written");
    assert_eq!(open(&moved).1, [0]);
}
