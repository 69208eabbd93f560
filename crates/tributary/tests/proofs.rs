//! A client believes nothing that a node says of a record, a receipt or a block once a single byte of it is changed.

#![allow(clippy::unwrap_used)]

mod support;

use api::message::{BlockView, ProofView, ReceiptProofView};
use sdk::{Error, proof};
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::Stage;
use types::{Genesis, TransactionHash};

/// Every value that differs from `value` in one place: one digit of each byte of its texts, each of its numbers.
fn spoiled(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        let found = value.pointer(&path).unwrap();
        let mut put = |changed: Value| {
            let mut whole = value.clone();
            *whole.pointer_mut(&path).unwrap() = changed;
            all.push((path.clone(), whole));
        };
        match found {
            Value::Null => put(Value::String("00".to_owned())),
            Value::Bool(flag) => put(Value::Bool(!flag)),
            Value::Number(number) => put(Value::from(number.as_u64().unwrap() ^ 1)),
            Value::String(text) => {
                // The letter between date and time has several spellings.
                let is_letter = |position: &usize| *position == 10 && text.as_bytes()[10] == b'T';
                for position in (0..text.len()).step_by(2).filter(|position| !is_letter(position)) {
                    let mut bytes = text.clone().into_bytes();
                    bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
                    put(Value::String(String::from_utf8(bytes).unwrap()));
                }
                put(Value::String(text[..text.len().saturating_sub(2)].to_owned()));
                put(Value::String(format!("{text}00")));
            }
            Value::Array(items) => {
                paths.extend((0..items.len()).map(|at| format!("{path}/{at}")));
                if let Some((_, rest)) = items.split_first() {
                    put(Value::Array(rest.to_vec()));
                    put(Value::Array(items.iter().chain(items.last()).cloned().collect()));
                }
            }
            Value::Object(fields) => {
                paths.extend(fields.keys().map(|name| format!("{path}/{name}")));
                for name in fields.keys() {
                    let mut fewer = fields.clone();
                    fewer.remove(name);
                    put(Value::Object(fewer));
                }
            }
        }
    }
    all
}

/// Checks that the answer is believed as it is, and in no other form; how many other forms there were.
fn believed_only_whole<V, T>(answer: &Value, verify: impl Fn(&V) -> Result<T, Error>) -> usize
where
    V: DeserializeOwned + PartialEq,
{
    let read = |value: &Value| serde_json::from_value::<V>(value.clone());
    let whole = read(answer).unwrap();
    verify(&whole).unwrap_or_else(|error| panic!("the answer is true: {error}"));
    let mut count = 0;
    for (path, changed) in spoiled(answer) {
        count += 1;
        // Two spellings of one value are one value.
        let Some(changed) = read(&changed).ok().filter(|changed| *changed != whole) else { continue };
        assert!(verify(&changed).is_err(), "changed at {path}, and believed");
    }
    count
}

async fn get(stage: &Stage, path: &str) -> Value {
    stage.actors.client().get(path, &[]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_in_a_proof_is_noticed() {
    let mut stage = Stage::new().await;
    stage.actors.register().await.unwrap();
    let client = stage.actors.client().clone();
    let genesis: Genesis = client.genesis().await.unwrap();

    // A record that is there, and one that is not.
    let there = stage.actors.id("CORE").to_string();
    let absent = {
        let mut text = there.clone();
        let last = if text.ends_with('0') { "1" } else { "0" };
        text.replace_range(text.len() - 1.., last);
        text
    };
    let table = "enterprise/enterprises";
    for (id, is_there) in [(&there, true), (&absent, false)] {
        let key = proof::key_of(table, id).unwrap();
        let answer = get(&stage, &format!("/v1/{table}/{id}/proof")).await;
        let count = believed_only_whole(&answer, |view: &ProofView| proof::verify(&genesis, &key, view));
        assert!(count > 500, "{count}");
        let proven = client.proven(&genesis, table, id).await.unwrap();
        assert_eq!(proven.record.is_some(), is_there);
        let other = proof::key_of(table, if is_there { &absent } else { &there }).unwrap();
        let view: ProofView = serde_json::from_value(answer).unwrap();
        assert!(proof::verify(&genesis, &other, &view).is_err(), "a proof is of its record only");
    }

    // What became of a transaction: applied, and refused.
    let register = registered(&stage).await;
    let refused = refused(&mut stage).await;
    for hash in [register, refused] {
        let answer = get(&stage, &format!("/v1/transactions/{hash}/proof")).await;
        let count = believed_only_whole(&answer, |view: &ReceiptProofView| proof::verify_receipt(&genesis, hash, view));
        assert!(count > 300, "{count}");
        let proven = client.proven_receipt(&genesis, hash).await.unwrap();
        let told = client.transaction(hash, 0).await.unwrap();
        assert_eq!(types::wire::encode(&proven.receipt), told.receipt.to_vec());
        assert_eq!((proven.height, proven.time), (told.height, told.time));
        let view: ReceiptProofView = serde_json::from_value(answer).unwrap();
        let other = TransactionHash::of(&[b"another"]);
        assert!(proof::verify_receipt(&genesis, other, &view).is_err(), "a receipt is of its transaction only");
    }

    // A block with its certificate.
    let height = client.transaction(register, 0).await.unwrap().height;
    let mut answer = get(&stage, &format!("/v1/blocks/{height}")).await;
    // What fell due by itself is told beside the header, and proved by the records that it changed.
    answer["events"] = Value::Array(Vec::new());
    let count = believed_only_whole(&answer, |view: &BlockView| {
        proof::verify_block(&genesis, view).map(|header| header.height)
    });
    assert!(count > 300, "{count}");

    // The same answers under the genesis of another chain.
    let other = Genesis { time: genesis.time.plus_ms(1), ..genesis.clone() };
    assert!(client.proven(&other, table, &there).await.is_err());
    assert!(client.proven_receipt(&other, register).await.is_err());
    assert!(client.proven_block(&other, height).await.is_err());
    client.proven_block(&genesis, height).await.unwrap();
    stage.node.stop().await;
}

/// A transaction that was applied.
async fn registered(stage: &Stage) -> TransactionHash {
    let client = stage.actors.client();
    for height in 1.. {
        if let Some(hash) = client.block(height).await.unwrap().transactions.first() {
            return *hash;
        }
    }
    unreachable!("the consortium was registered by transactions")
}

/// A transaction that was refused: CORE's maker may not register anybody.
async fn refused(stage: &mut Stage) -> TransactionHash {
    let signers = stage.actors.signers("CORE.maker");
    let advance = ledger::clock::Advance { to: types::Timestamp(u64::MAX / 4) };
    let view = stage.actors.client().transact(&signers, vec![ledger::act(&advance).unwrap()]).await.unwrap();
    assert_eq!(view.status, api::message::Status::Rejected);
    view.hash
}
