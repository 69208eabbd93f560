//! The project's own chores: `cargo xtask ci | tidy | planted | new-module NAME`. Depends on nothing but the standard library.

mod new_module;
mod planted;
#[cfg(test)]
mod tidy;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["ci"] => all(&[
            &["fmt", "--all", "--check"],
            &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
            &["nextest", "run", "--workspace", "--locked"],
        ]),
        ["tidy"] => all(&[&["nextest", "run", "--package", "xtask"]]),
        ["planted"] => told(planted::check(planted::FAST)),
        ["planted", "all"] => told(planted::check(planted::FAST).and_then(|()| planted::check(planted::SLOW))),
        ["new-module", name] => match new_module::write(name) {
            Ok(lines) => {
                println!("{lines}");
                ExitCode::SUCCESS
            }
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: cargo xtask ci | tidy | planted [all] | new-module NAME");
            ExitCode::FAILURE
        }
    }
}

fn told(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs cargo commands one after the other and stops at the first that fails.
fn all(commands: &[&[&str]]) -> ExitCode {
    for command in commands {
        println!("== cargo {}", command.join(" "));
        match Command::new(env!("CARGO")).args(*command).status() {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("start cargo {}: {error}", command.join(" "));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
