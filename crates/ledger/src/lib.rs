//! The business: every rule of every module, and nothing else.
//!
//! No I/O, no clock, no async, no floats, no randomness, no signature code. A rule gets fields, a [`Context`] and a
//! [`State`](types::State), and answers with an outcome or a rejection. Modules stand in the order of dependence: a
//! module uses only those before it, through their doors.
//!
//! Entry points: [`modules`] (the operation table), [`apply`] (one act), [`run_due`] (one due item), [`audit`].

pub mod core;
pub mod clock;
pub mod policy;
pub mod enterprise;
pub mod evidence;
pub mod document;
pub mod money;
pub mod credit;
pub mod receivable;
pub mod governance;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests_authority;
#[cfg(test)]
mod tests_random;

pub use crate::core::{Call, Context, Module, Query, Record};

use crate::core::{AnyCall, Audit, CallSpec, Violation, due::DueItem};
use std::any::TypeId;
use types::{
    Act, Bytes, Genesis, Rejection, State, Stop,
    genesis::Inheritance,
    rejection::{RejectionSpec, amount, tech},
    state::Memory,
    wire,
};

/// Lists the modules in the order of dependence, and makes the operation table from their declarations.
macro_rules! modules {
    ($($name:ident),* $(,)?) => {
        /// Every module, in the order of dependence.
        pub fn modules() -> &'static [&'static Module] {
            &[$(&$name::MODULE),*]
        }
    };
}

modules! { clock, policy, enterprise, evidence, document, money, credit, receivable, governance }

/// The operation that an act names.
pub fn operation(module: u16, call: u16) -> Option<(&'static Module, &'static CallSpec)> {
    let module = modules().iter().find(|candidate| candidate.number == module)?;
    module.calls.iter().find(|candidate| candidate.number == call).map(|call| (*module, call))
}

/// The operation with this name: `receivable.split`.
pub fn operation_named(name: &str) -> Option<(&'static Module, &'static CallSpec)> {
    let (module, call) = name.split_once('.')?;
    let module = modules().iter().find(|candidate| candidate.name == module)?;
    module.calls.iter().find(|candidate| candidate.name == call).map(|call| (*module, call))
}

/// The act that asks for `call`; refused when its encoding is over the payload limit.
pub fn act<C: Call>(call: &C) -> Result<Act, Rejection> {
    let calls = modules().iter().flat_map(|module| module.calls.iter().map(|spec| (module.number, spec)));
    let mut named = calls.filter(|(_, spec)| (spec.type_id)() == TypeId::of::<C>());
    let (module, spec) = named.next().expect("every call stands in its module's table");
    let payload = Bytes::new(wire::encode(call)).map_err(|message| wire::malformed(&message))?;
    Ok(Act { module, call: spec.number, payload })
}

/// The catalogue's row for a rejection code.
pub fn rejection(code: u16) -> Option<&'static RejectionSpec> {
    let own = modules().iter().flat_map(|module| module.rejections.iter());
    tech::CATALOGUE.iter().chain(amount::CATALOGUE).chain(own).find(|spec| spec.code == code)
}

/// The rejection as people read it: its name and its sentence.
pub fn explain(rejection: &Rejection) -> (&'static str, String) {
    match self::rejection(rejection.code) {
        Some(spec) => (spec.name, rejection.text(spec)),
        None => ("E_UNKNOWN", rejection.to_string()),
    }
}

/// An act, decoded and checked as far as that goes without state.
pub struct Prepared {
    call: Box<dyn AnyCall>,
    spec: &'static CallSpec,
}

/// Decodes an act and checks its fields.
pub fn prepare(act: &Act) -> Result<Prepared, Rejection> {
    let (_, spec) = operation(act.module, act.call).ok_or_else(|| tech::unknown_act(act.module, act.call))?;
    let call = (spec.decode)(&act.payload)?;
    call.check()?;
    Ok(Prepared { call, spec })
}

impl Prepared {
    /// Keys the act will surely read.
    pub fn touches(&self) -> Vec<types::Key> {
        self.call.touches()
    }
}

/// Applies a prepared act: who may ask is checked first. The outcome is encoded.
pub fn apply(ctx: &Context, act: &Prepared, state: &mut dyn State) -> Result<Vec<u8>, Stop> {
    let actor = enterprise::authorize(ctx, state, act.spec.roles, act.spec.runs_off)?;
    let ctx = Context { actor: Some(actor), ..ctx.clone() };
    act.call.apply(&ctx, state)
}

/// Hands a due item to its module.
pub fn run_due(ctx: &Context, item: &DueItem, state: &mut dyn State) -> Result<(), Stop> {
    let module = modules().iter().find(|module| module.number == item.module);
    let handler = module.and_then(|module| module.due).expect("only a module with a handler schedules due work");
    handler(ctx, &item.payload, state)
}

/// Writes the records that a chain starts with.
pub fn genesis(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    for module in modules() {
        if let Some(write) = module.genesis {
            write(genesis, state)?;
        }
    }
    Ok(())
}

/// Makes of another chain's last state, which `state` holds, the records that this one starts with. Enterprises, people,
/// weights, policies and everything that is owed or owned stay; the machines are those of the genesis.
pub fn inherit(genesis: &Genesis, from: &Inheritance, state: &mut Memory) -> Result<(), Rejection> {
    enterprise::inherit(genesis, state)?;
    clock::inherit(genesis, state);
    governance::inherit(genesis, from, state)
}

/// Recomputes every law over a whole state; also says how many checks were made.
pub fn audit(state: &Memory) -> (Vec<Violation>, u64) {
    let mut audits: Vec<fn(&mut Audit)> = vec![crate::core::due::audit];
    audits.extend(modules().iter().map(|module| module.audit));
    Audit::run_counted(state, &audits)
}
