//! `cargo xtask new-module NAME`: the folder of a ledger module with every file it must have.

use std::{fs, path::Path};

/// Writes the folder and says what to do next.
pub fn write(name: &str) -> Result<String, String> {
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !valid {
        return Err(format!("`{name}` is not a module name: use lower-case letters and `_`"));
    }
    let folder = Path::new("crates/ledger/src").join(name);
    if folder.exists() {
        return Err(format!("{} is there already", folder.display()));
    }
    let number = next_number()?;
    fs::create_dir_all(&folder).map_err(|error| format!("create {}: {error}", folder.display()))?;
    for (file, text) in FILES {
        let text = text.replace("NAME", name).replace("NUMBER", &number.to_string());
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| format!("write {}: {error}", path.display()))?;
    }
    Ok(format!(
        "wrote {}: now add `pub mod {name};` and the name to `modules!` in crates/ledger/src/lib.rs, after every module it uses",
        folder.display()
    ))
}

/// One more than the highest module number in use.
fn next_number() -> Result<u32, String> {
    let mut highest = 0;
    let entries = fs::read_dir("crates/ledger/src").map_err(|error| format!("read crates/ledger/src: {error}"))?;
    for entry in entries.flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("mod.rs")) else { continue };
        for line in text.lines() {
            let number = line.trim().strip_prefix("number: ").and_then(|rest| rest.trim_end_matches(',').parse().ok());
            highest = highest.max(number.unwrap_or(0));
        }
    }
    Ok(highest + 1)
}

const FILES: &[(&str, &str)] = &[
    (
        "mod.rs",
        r#"//! NAME: say here who the parties are, draw the states, state the laws, and work one example with numbers.

mod audit;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use types::*;

use crate::core::Module;

pub const MODULE: Module = Module {
    number: NUMBER,
    name: "NAME",
    about: "One sentence for the reference pages.",
    calls: &[],
    queries: &[],
    tables: &[],
    events: &[],
    rejections: &[],
    due: None,
    genesis: None,
    audit: audit::audit,
};
"#,
    ),
    ("types.rs", "//! Nouns, and one struct for each act; each field's sentence becomes help, hint and reference.\n"),
    ("state.rs", "//! Keys and tables: private to the module.\n"),
    ("rules.rs", "//! One `impl Call` for each act.\n"),
    ("queries.rs", "//! One `impl Query` for each question about committed state.\n"),
    (
        "audit.rs",
        "//! The laws, recomputed from scratch.\n\nuse crate::core::Audit;\n\npub(super) fn audit(_audit: &mut Audit) {}\n",
    ),
    ("tests.rs", "//! Scenarios as data, one test for each rejection, one property test that ends in `audit`.\n"),
];
