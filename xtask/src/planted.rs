//! Planted faults: each must make the suite that is named for it fail, and without it the suite must pass.
//!
//! `docs/reference/assurance.md` says what each is and why that suite sees it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// A fault and the suite that finds it.
pub struct Planted {
    /// What `PLANTED` calls it.
    pub name: &'static str,
    /// The crate whose tests find it.
    pub package: &'static str,
    /// The tests: those whose names contain this.
    pub tests: &'static str,
}

const fn planted(name: &'static str, package: &'static str, tests: &'static str) -> Planted {
    Planted { name, package, tests }
}

/// Found by tests of the business and the floors below it, in seconds.
pub const FAST: &[Planted] = &[
    planted("interest-rounded-down", "types", "interest_is_rounded_once_half_up"),
    planted("remainder-lost", "types", "a_total_is_shared_to_the_last_unit"),
    planted("signature-unchecked", "execution", "names_the_signer_whose_signature_is_wrong"),
    planted("finality-unchecked", "crypto", "a_block_is_final_by_the_groups_signature_and_by_no_other"),
    planted("expired-taken", "mempool", "an_expired_one_is_refused_and_one_at_its_last_moment_is_not"),
    planted("nonce-reused", "execution", "a_block_with_a_replayed_or_early_or_expired_transaction_is_invalid"),
    planted("expired-proposed", "execution", "a_block_with_a_replayed_or_early_or_expired_transaction_is_invalid"),
    planted("receipts-reversed", "execution", "receipts_stand_in_the_order_of_their_transactions"),
    planted("time-runs-back", "execution", "a_proposer_whose_clock_is_behind_takes_the_time_of_the_block_before"),
    planted("hold-dropped", "ledger", "money::tests::the_worked_example_of_the_door_holds_to_the_cent"),
    planted("hold-kept", "ledger", "money::tests::the_worked_example_of_the_door_holds_to_the_cent"),
    planted("split-loses-unit", "ledger", "split_spends_the_lot_and_its_children_cover_it"),
    planted("quote-stale", "ledger", "open_quote_stands_as_long_as_the_policy_or_the_bank_says"),
    planted("search-stale", "ledger", "search_is_fresh_when_the_money_goes_out"),
    planted("settled-twice", "ledger", "on_time_the_seller_gets_face_less_advance_interest_and_fees"),
    planted("quota-kept", "ledger", "money_on_time_pays_every_holder_in_full_and_frees_quota_and_invoices"),
    planted("votes-uncounted", "ledger", "a_proposal_is_executed_by_the_vote_that_exceeds_two_thirds"),
];

/// Found by whole engines and whole networks, in minutes.
pub const SLOW: &[Planted] = &[
    planted(
        "header-unchecked",
        "engine",
        "a_header_with_other_roots_than_its_block_gets_no_votes_and_the_chain_goes_on",
    ),
    planted("block-unchecked", "engine", "a_bad_signature_gets_no_votes_and_the_chain_goes_on"),
    planted("outputs-unsynced", "engine", "what_followers_saw_survives_crashes_at_any_moment"),
    planted("votes-forgotten", "sim", "a_validator_that_falls_again_and_again_never_votes_twice"),
    planted("failure-hidden", "sim", "a_machine_with_a_bad_place_on_its_disk_stops_whichever_store_it_meets"),
];

/// Builds the suites once, with every fault in them, and runs each with its fault and without.
pub fn check(faults: &[Planted]) -> Result<(), String> {
    let mut packages: Vec<&str> = faults.iter().map(|fault| fault.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let suites = build(&packages)?;
    let mut missed = Vec::new();
    for fault in faults {
        let begun = Instant::now();
        let suite = &suites[fault.package];
        let sound = run(fault, suite, "")?;
        let with = run(fault, suite, fault.name)?;
        let verdict = match (sound, with) {
            (true, false) => "found",
            (true, true) => "NOT FOUND",
            (false, _) => "the suite fails without it",
        };
        println!("{:<22} {:<10} {} ({:.1} s)", fault.name, fault.package, verdict, begun.elapsed().as_secs_f64());
        if (sound, with) != (true, false) {
            missed.push(fault.name);
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("planted faults that no suite found: {missed:?}")) }
}

/// The test programs of each package.
fn build(packages: &[&str]) -> Result<BTreeMap<String, Vec<PathBuf>>, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--locked", "--no-run", "--features", "types/planted"]);
    for package in packages {
        command.args(["--package", package]);
    }
    let output = command.stdout(Stdio::null()).output().map_err(|error| format!("start cargo: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the suites do not build:\n{told}"));
    }
    let mut suites: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    // `Executable tests/run.rs (target/debug/deps/run-0123456789abcdef)`; which package that is says the one before it.
    for line in told.lines().filter(|line| line.trim_start().starts_with("Executable")) {
        let program = line.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let program = PathBuf::from(program.ok_or_else(|| format!("cargo names a program otherwise now: {line}"))?);
        let source = line.split_whitespace().nth(if line.contains("unittests") { 2 } else { 1 }).unwrap_or_default();
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stem = name.rsplit_once('-').map_or(name, |(stem, _)| stem);
        let owner = packages.iter().find(|package| {
            if line.contains("unittests") { stem == **package } else { folder(package).join(source).exists() }
        });
        if let Some(owner) = owner {
            suites.entry((*owner).to_owned()).or_default().push(program);
        }
    }
    Ok(suites)
}

fn folder(package: &str) -> PathBuf {
    root().join("crates").join(package)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_owned()
}

/// Whether the tests pass with this fault; there must be some.
fn run(fault: &Planted, suite: &[PathBuf], name: &str) -> Result<bool, String> {
    let (mut ran, mut passed) = (0, true);
    for program in suite {
        let output = Command::new(root().join(program))
            .arg(fault.tests)
            .current_dir(folder(fault.package))
            .env("CARGO_MANIFEST_DIR", folder(fault.package))
            .env("PLANTED", name)
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
            .output()
            .map_err(|error| format!("start {}: {error}", program.display()))?;
        let told = String::from_utf8_lossy(&output.stdout);
        let counted = told.lines().find_map(|line| line.strip_prefix("running ")?.split_once(' ')?.0.parse().ok());
        let count: u32 = counted.ok_or_else(|| format!("{} ran no tests", program.display()))?;
        ran += count;
        passed &= output.status.success();
    }
    if ran == 0 {
        return Err(format!("{}: no test of {} is called {}", fault.name, fault.package, fault.tests));
    }
    Ok(passed)
}
