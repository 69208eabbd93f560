//! From fields to a transaction: what is signed, and what is submitted.

use crate::{
    message::{ActView, CallRequest, PrepareRequest, Prepared},
    problem::doors,
    view,
};
use ledger::operation_named;
use serde_json::Value;
use types::{
    Act, Bytes, ChainId, List, Rejection, Timestamp, Transaction,
    limits::VALIDITY_MS_DEFAULT,
    rejection::tech,
    transaction::{Body, PublicKey},
    wire,
};

/// What a node knows and a request may leave out.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    pub chain: ChainId,
    /// The sender's next free nonce.
    pub nonce: u64,
    /// Time of the last block.
    pub time: Timestamp,
}

/// The act with this name and these fields.
pub fn act(name: &str, fields: Value) -> Result<Act, Rejection> {
    let (module, call) = operation_named(name).ok_or_else(|| {
        let (module, call) = name.split_once('.').unwrap_or(("", name));
        tech::unknown_act(crate::list::printable(module), crate::list::printable(call))
    })?;
    let encoded = (call.from_json)(fields.clone())?;
    // A field that nobody reads is a slip of the pen, and may have been meant.
    if let Some(unknown) = unread(&fields, &(call.to_json)(&encoded)?) {
        return Err(tech::malformed(format!("{name} has no field `{}`", crate::list::printable(&unknown))));
    }
    let payload = Bytes::new(encoded).map_err(|message| wire::malformed(&message))?;
    let act = Act { module: module.number, call: call.number, payload };
    checked(&act)?;
    Ok(act)
}

/// An act by name, if it passes all that can be seen without state: what does not is refused before anybody signs it.
pub fn checked(act: &Act) -> Result<ActView, Rejection> {
    ledger::prepare(act)?;
    view::act(act)
}

/// The first name in `given` that what was read of it does not have.
fn unread(given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| match read.get(name) {
            Some(known) => unread(value, known),
            None => Some(name.clone()),
        }),
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).find_map(|(given, read)| unread(given, read))
        }
        _ => None,
    }
}

/// The body that the request's signers sign.
pub fn body(request: PrepareRequest, defaults: Defaults) -> Result<Body, Rejection> {
    let acts = request.acts.into_vec().into_iter().map(|named| act(&named.act, named.payload));
    let acts = List::new(acts.collect::<Result<Vec<_>, _>>()?).map_err(|message| wire::malformed(&message))?;
    let valid_until = request.valid_until.unwrap_or(Timestamp(defaults.time.0.saturating_add(VALIDITY_MS_DEFAULT)));
    let body = Body {
        chain: defaults.chain,
        nonce: request.nonce.unwrap_or(defaults.nonce),
        valid_until,
        signers: request.signers,
        acts,
    };
    // The shape is that of a signed transaction with one signature for each signer.
    let signatures = List::new(vec![Bytes::default(); body.signers.len()]).expect("as many as there are signers");
    let transaction = Transaction { body, signatures };
    transaction.check_shape()?;
    Ok(transaction.body)
}

/// The sender that a request names.
pub fn sender(signers: &[PublicKey]) -> Result<types::AccountId, Rejection> {
    signers.first().map(PublicKey::account).ok_or_else(|| tech::signature_count(0, 0))
}

/// A body as its signers see it.
pub fn prepared(body: Body) -> Result<Prepared, Rejection> {
    let bytes = Bytes::new(wire::encode(&body)).map_err(|message| wire::malformed(&message))?;
    let acts = body.acts.iter().map(view::act).collect::<Result<Vec<ActView>, _>>()?;
    Ok(Prepared { hash: body.hash(), bytes, acts, body })
}

/// A request for one act, as a request for several; its signatures are taken off.
pub fn single(name: &str, request: CallRequest) -> Result<(PrepareRequest, Option<Signatures>), Rejection> {
    if request.signatures.is_some() && (request.nonce.is_none() || request.valid_until.is_none()) {
        let missing = "with signatures come the nonce and valid_until that were signed";
        return Err(doors::parameter("signatures", missing));
    }
    let act = crate::message::NamedAct { act: name.to_owned(), payload: request.payload };
    let several = PrepareRequest {
        acts: List::new(vec![act]).expect("one act"),
        signers: request.signers,
        nonce: request.nonce,
        valid_until: request.valid_until,
    };
    Ok((several, request.signatures))
}

/// The signatures of a transaction.
pub type Signatures = List<types::Signature, { types::limits::SIGNATURES_PER_TRANSACTION_MAX }>;
