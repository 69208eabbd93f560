//! The acts: on enterprises, and on their people.

mod enterprises;
mod people;

pub(super) use enterprises::check_roles;

use super::reject;
use crate::core::Function;
use types::{Rejection, Timestamp};

/// Refuses functions that one person may not hold together. Also asked by `audit`.
pub(super) fn check_functions(functions: &[Function], ends: Option<Timestamp>) -> Result<(), Rejection> {
    if functions.is_empty() {
        return Err(reject::functions("there must be at least one"));
    }
    if (1..functions.len()).any(|position| functions[..position].contains(&functions[position])) {
        return Err(reject::functions("each is named once"));
    }
    if functions.contains(&Function::Admin) {
        if functions.iter().any(|function| !matches!(function, Function::Admin | Function::Auditor)) {
            return Err(reject::functions(
                "an administrator decides who signs about money, so he signs nothing himself",
            ));
        }
        if ends.is_some() {
            return Err(reject::functions("an administrator's function has no end date, so that one always remains"));
        }
    }
    Ok(())
}

/// Refuses an end that is not after the beginning.
fn check_period(starts: Option<Timestamp>, ends: Option<Timestamp>, now: Timestamp) -> Result<(), Rejection> {
    let starts = starts.unwrap_or(now);
    match ends {
        Some(ends) if ends <= starts => {
            Err(reject::functions(format!("they would end at {ends}, not after they begin at {starts}")))
        }
        _ => Ok(()),
    }
}
