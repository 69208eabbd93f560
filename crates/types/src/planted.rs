//! Faults that are planted on purpose, to see that the suites find them.
//!
//! Without the feature `planted` nothing of this is compiled: `is` is `false`, and what it guards is not there. With it
//! the variable `PLANTED` names the one fault that a process has; without the variable it has none. So one build of the
//! tests serves all. `docs/reference/assurance.md` lists the faults with the suite that finds each, and `cargo xtask
//! planted` shows that it does.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted faults are for tests: build without the feature `planted`");

/// Declares the faults, by the name that `PLANTED` gives them.
macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $fault:ident = $name:literal;)+) => {
        /// A fault.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Fault {
            $($(#[doc = $doc])+ $fault,)+
        }

        impl Fault {
            /// All of them, by name.
            pub const ALL: &[(&str, Self)] = &[$(($name, Self::$fault),)+];
        }
    };
}

faults! {
    /// Interest is rounded down instead of half up.
    InterestRoundedDown = "interest-rounded-down";
    /// The units that a division leaves over go to nobody.
    RemainderLost = "remainder-lost";
    /// A transaction counts as signed, whatever its signatures are.
    SignatureUnchecked = "signature-unchecked";
    /// A block counts as final, whoever signed its certificate.
    FinalityUnchecked = "finality-unchecked";
    /// The pool gives out what has expired.
    ExpiredTaken = "expired-taken";
    /// A nonce can be used again.
    NonceReused = "nonce-reused";
    /// A proposer puts a transaction into a block whose time is past its end.
    ExpiredProposed = "expired-proposed";
    /// Receipts stand in another order than their transactions.
    ReceiptsReversed = "receipts-reversed";
    /// A proposer's block may be earlier than the one before it.
    TimeRunsBack = "time-runs-back";
    /// Money that is set aside stays available too.
    HoldDropped = "hold-dropped";
    /// Money that was set aside and taken is not released.
    HoldKept = "hold-kept";
    /// The first part of a split is one unit short.
    SplitLosesUnit = "split-loses-unit";
    /// A quote that is no longer valid can be accepted.
    QuoteStale = "quote-stale";
    /// What was financed can be registered with a search of any age.
    SearchStale = "search-stale";
    /// A holder is paid twice at maturity.
    SettledTwice = "settled-twice";
    /// The quota stays used when a certificate is paid.
    QuotaKept = "quota-kept";
    /// A proposal's changes are made without the votes for them.
    VotesUncounted = "votes-uncounted";
    /// A validator votes for a block whatever its header says of the state after it.
    HeaderUnchecked = "header-unchecked";
    /// A validator votes for a block with transactions that it has not checked.
    BlockUnchecked = "block-unchecked";
    /// A final block is told before its outputs are on disk.
    OutputsUnsynced = "outputs-unsynced";
    /// A validator that starts forgets how it voted.
    VotesForgotten = "votes-forgotten";
    /// A node whose outputs cannot be written neither stops nor says so.
    FailureHidden = "failure-hidden";
}

/// Whether this process has the fault.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: Fault) -> bool {
    false
}

/// Whether this process has the fault.
#[cfg(feature = "planted")]
pub fn is(fault: Fault) -> bool {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<Option<Fault>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var("PLANTED").ok().filter(|name| !name.is_empty())?;
        let known = Fault::ALL.iter().find(|(known, _)| *known == name);
        Some(known.unwrap_or_else(|| panic!("PLANTED names a fault: {name} is none")).1)
    });
    *chosen == Some(fault)
}
