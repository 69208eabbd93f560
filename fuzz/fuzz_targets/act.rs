//! Acts: the first two bytes choose a module's call, the others are its payload. They are refused, or are the one encoding
//! of fields that can be shown and typed in again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::{Act, Bytes};

fuzz_target!(|bytes: &[u8]| {
    let [module, call, payload @ ..] = bytes else { return };
    let modules = ledger::modules();
    let module = modules[usize::from(*module) % modules.len()];
    if module.calls.is_empty() {
        return;
    }
    let call = &module.calls[usize::from(*call) % module.calls.len()];
    let Ok(payload) = Bytes::new(payload) else { return };
    let act = Act { module: module.number, call: call.number, payload };
    if ledger::prepare(&act).is_err() {
        return;
    }
    let view = api::view::act(&act).expect("what decodes can be shown");
    assert_eq!(view.act, format!("{}.{}", module.name, call.name));
    let again = api::prepare::act(&view.act, view.fields.clone());
    assert_eq!(again.as_ref(), Ok(&act), "what is shown can be typed in again: {}", view.fields);
});
