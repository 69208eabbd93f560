//! Calls change state, queries read it.

use crate::core::{Actor, Role};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use std::any::TypeId;
use types::{AccountId, ChainId, Clock, Key, Rejection, State, Stop, Timestamp, TransactionHash, Wire, wire};

/// What a call knows besides its fields and the state.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub chain: ChainId,
    pub clock: Clock,
    pub height: u64,
    /// Block time: the only clock.
    pub time: Timestamp,
    /// The transaction, or for due work a hash that stands for the block and the item.
    pub transaction: TransactionHash,
    /// Position of the act in its transaction.
    pub act: u16,
    /// The accounts whose signatures were verified; the first is the sender.
    pub signers: &'a [AccountId],
    /// The enterprise that acts; `None` for due work and before authorization.
    pub actor: Option<Actor>,
}

impl Context<'_> {
    /// The acting enterprise and person. Only for calls that declare roles.
    pub fn actor(&self) -> &Actor {
        self.actor.as_ref().expect("a call with roles is authorized before it is applied")
    }
}

/// One act of a module: its fields are the type's fields.
pub trait Call: Wire + Send + 'static {
    /// The verb: `split`.
    const NAME: &'static str;
    /// Who may ask: any one of these.
    const ROLES: &'static [Role];
    /// Whether an enterprise that may begin nothing new (standing: restricted) may still ask: it runs off what it has.
    const RUNS_OFF: bool = false;
    /// What the act yields: into the receipt, the SDK's return value, the API's reply.
    type Outcome: Wire;

    /// What can be seen without state.
    fn check(&self) -> Result<(), Rejection>;

    /// Keys the act will surely read: a hint for loading, never needed for correctness.
    fn touches(&self) -> Vec<Key> {
        Vec::new()
    }

    /// Applies the act, or refuses it; what a refused act wrote is thrown away.
    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Self::Outcome, Stop>;
}

/// What a query knows besides its fields and the state.
#[derive(Clone, Copy, Debug)]
pub struct QueryContext {
    pub height: u64,
    /// Time of the block whose state is read.
    pub time: Timestamp,
}

/// One question about committed state.
pub trait Query: Wire + 'static {
    const NAME: &'static str;
    type Answer: Wire;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<Self::Answer, Stop>;
}

/// A decoded call of any kind.
pub trait AnyCall: Send {
    fn check(&self) -> Result<(), Rejection>;
    fn touches(&self) -> Vec<Key>;
    /// Applies it; the outcome is encoded.
    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Vec<u8>, Stop>;
}

impl<C: Call> AnyCall for C {
    fn check(&self) -> Result<(), Rejection> {
        Call::check(self)
    }
    fn touches(&self) -> Vec<Key> {
        Call::touches(self)
    }
    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Vec<u8>, Stop> {
        Call::apply(self, ctx, state).map(|outcome| wire::encode_exactly(&outcome))
    }
}

/// A row of the operation table.
#[derive(Clone, Copy)]
pub struct CallSpec {
    /// The call's number in its module: never reused.
    pub number: u16,
    pub name: &'static str,
    /// The call's type: how an act is made from a value.
    pub type_id: fn() -> TypeId,
    pub roles: &'static [Role],
    /// Whether a restricted enterprise may ask.
    pub runs_off: bool,
    pub decode: fn(&[u8]) -> Result<Box<dyn AnyCall>, Rejection>,
    pub to_json: fn(&[u8]) -> Result<Value, Rejection>,
    pub from_json: fn(Value) -> Result<Vec<u8>, Rejection>,
    pub outcome_to_json: fn(&[u8]) -> Result<Value, Rejection>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub outcome_schema: fn(&mut SchemaGenerator) -> Schema,
}

impl CallSpec {
    pub const fn new<C: Call>(number: u16) -> Self {
        Self {
            number,
            name: C::NAME,
            type_id: TypeId::of::<C>,
            roles: C::ROLES,
            runs_off: C::RUNS_OFF,
            decode: |bytes| Ok(Box::new(wire::decode::<C>(bytes)?)),
            to_json: to_json::<C>,
            from_json: from_json::<C>,
            outcome_to_json: to_json::<C::Outcome>,
            schema: |generator| generator.subschema_for::<C>(),
            outcome_schema: |generator| generator.subschema_for::<C::Outcome>(),
        }
    }
}

/// A row of the query table.
#[derive(Clone, Copy)]
pub struct QuerySpec {
    pub name: &'static str,
    /// Answers a question given as JSON.
    pub answer: fn(Value, &QueryContext, &mut dyn State) -> Result<Value, Stop>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub answer_schema: fn(&mut SchemaGenerator) -> Schema,
}

impl QuerySpec {
    pub const fn new<Q: Query>() -> Self {
        Self {
            name: Q::NAME,
            answer: |question, ctx, state| {
                let question: Q = wire::decode_json(question)?;
                Ok(json(&question.answer(ctx, state)?))
            },
            schema: |generator| generator.subschema_for::<Q>(),
            answer_schema: |generator| generator.subschema_for::<Q::Answer>(),
        }
    }
}

/// Encoded bytes of a `T` as JSON.
pub(crate) fn to_json<T: Wire>(bytes: &[u8]) -> Result<Value, Rejection> {
    Ok(json(&wire::decode::<T>(bytes)?))
}

fn from_json<T: Wire>(value: Value) -> Result<Vec<u8>, Rejection> {
    Ok(wire::encode(&wire::decode_json::<T>(value)?))
}

pub(crate) fn json<T: Wire>(value: &T) -> Value {
    serde_json::to_value(value).expect("our types have string keys only")
}
