//! The chain's bytes as people read them: acts, outcomes and events by name, with their fields.

use crate::{
    backend::{EventCursor, Included, ProvenBlock},
    message::{ActView, BlockView, EventView, Refused, Status, TransactionView},
};
use ledger::{
    core::{EnterpriseId, EventSpec, Module},
    modules, operation,
};
use serde_json::Value;
use types::{Act, Bytes, Event, FinalBlock, Outcome, Rejection, TransactionHash, rejection::tech, wire};

/// An act by name. An act that this version does not know is refused, and so is a payload that does not decode.
pub fn act(act: &Act) -> Result<ActView, Rejection> {
    let (module, call) = operation(act.module, act.call).ok_or_else(|| tech::unknown_act(act.module, act.call))?;
    Ok(ActView { act: format!("{}.{}", module.name, call.name), fields: (call.to_json)(&act.payload)? })
}

/// As `act`, for acts that were included although nobody could read them: they show as numbers and hex.
pub fn act_or_bytes(seen: &Act) -> ActView {
    act(seen).unwrap_or_else(|_| ActView {
        act: format!("{}.{}", seen.module, seen.call),
        fields: Value::String(wire::hex_encode(&seen.payload)),
    })
}

/// The module and kind of an event.
pub fn event_spec(event: &Event) -> Option<(&'static Module, &'static EventSpec)> {
    let module = modules().iter().find(|module| module.number == event.module)?;
    Some((module, module.events.iter().find(|spec| spec.number == event.event)?))
}

/// The enterprises that an event concerns; nobody knows those of an event that its module does not declare.
pub fn event_parties(event: &Event) -> Vec<EnterpriseId> {
    event_spec(event).and_then(|(_, spec)| (spec.parties)(&event.payload).ok()).unwrap_or_default()
}

/// An event by name. One that its own module does not declare is shown by its numbers, so that nothing is lost.
pub fn event(event: &Event, at: EventCursor, transaction: Option<TransactionHash>) -> EventView {
    let shown = event_spec(event).and_then(|(module, spec)| {
        let fields = (spec.to_json)(&event.payload).ok()?;
        let parties = (spec.parties)(&event.payload).ok()?;
        Some((module.name.to_owned(), spec.name.to_owned(), parties, fields))
    });
    let (module, name, parties, fields) = shown.unwrap_or_else(|| {
        let payload = Value::String(wire::hex_encode(&event.payload));
        (event.module.to_string(), event.event.to_string(), Vec::new(), payload)
    });
    EventView { cursor: at.to_string(), height: at.height, transaction, module, event: name, parties, fields }
}

/// A transaction with its receipt.
pub fn transaction(included: &Included) -> TransactionView {
    let (checked, receipt) = (&included.transaction, &included.receipt);
    let body = &checked.transaction.body;
    let (status, outcomes, rejection) = match &receipt.outcome {
        Outcome::Applied { outcomes } => {
            let shown = body.acts.iter().zip(outcomes).map(|(act, outcome)| self::outcome(act, outcome));
            (Status::Applied, shown.collect(), None)
        }
        Outcome::Rejected { act, rejection } => {
            (Status::Rejected, Vec::new(), Some(Refused { act: *act, problem: rejection.into() }))
        }
    };
    let at = |index: usize| EventCursor {
        height: receipt.height,
        position: included.first_event + u32::try_from(index).expect("events of a block are bounded") + 1,
    };
    let events = receipt.events.iter().enumerate().map(|(index, one)| event(one, at(index), Some(checked.hash)));
    let signers: Vec<_> = body.signers.iter().map(|signer| signer.account()).collect();
    TransactionView {
        hash: checked.hash,
        height: receipt.height,
        index: receipt.index,
        time: included.time,
        sender: *signers.first().expect("a checked transaction has a signer"),
        nonce: body.nonce,
        signers,
        acts: body.acts.iter().map(act_or_bytes).collect(),
        status,
        outcomes,
        rejection,
        events: events.collect(),
        receipt: Bytes::new(wire::encode(receipt)).expect("what acts of one transaction emit is bounded"),
    }
}

fn outcome(act: &Act, outcome: &[u8]) -> Value {
    let shown = operation(act.module, act.call).and_then(|(_, call)| (call.outcome_to_json)(outcome).ok());
    shown.unwrap_or_else(|| Value::String(wire::hex_encode(outcome)))
}

/// Every event of a block in order, with where it stands: what fell due first, then the transactions'.
pub fn block_events(block: &FinalBlock) -> impl Iterator<Item = (EventCursor, Option<TransactionHash>, &Event)> {
    let due = block.system.events.iter().map(|event| (None, event));
    let of = |receipt: &types::Receipt| receipt.transaction;
    let caused =
        block.receipts.iter().flat_map(move |receipt| receipt.events.iter().map(move |one| (Some(of(receipt)), one)));
    due.chain(caused).zip(1..).map(|((transaction, event), position)| {
        (EventCursor { height: block.header.height, position }, transaction, event)
    })
}

/// The transaction at this position of a block.
pub fn included(block: &FinalBlock, index: usize) -> Option<Included> {
    let (transaction, receipt) = (block.transactions.get(index)?, block.receipts.get(index)?);
    let before = block.receipts[..index].iter().map(|receipt| receipt.events.len()).sum::<usize>();
    let first_event = u32::try_from(block.system.events.len() + before).expect("events of a block are bounded");
    Some(Included { transaction: transaction.clone(), receipt: receipt.clone(), time: block.header.time, first_event })
}

/// A block.
pub fn block(proven: &ProvenBlock) -> BlockView {
    let block = &proven.block;
    let due = block_events(block).take(block.system.events.len());
    BlockView {
        hash: block.hash,
        header: block.header.clone(),
        transactions: block.receipts.iter().map(|receipt| receipt.transaction).collect(),
        events: due.map(|(at, transaction, one)| event(one, at, transaction)).collect(),
        finality: proven.finality.clone(),
    }
}
