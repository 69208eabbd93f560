//! Money: accounts at banks, deposit tokens, and what banks attest.
//!
//! **Parties.** A bank opens accounts, attests cash that moved outside the chain, issues deposit tokens and redeems them.
//! Owners pay each other, and set money aside. The platform's operator has no account and takes part in no payment: the
//! platform never touches money.
//!
//! **Two kinds of money.** A *cash fact* is a bank's word that cash moved outside the chain, from an account to an account;
//! it proves one thing (a disbursement, a funding, a deposit), once. A *deposit token* is what a bank owes: an account's
//! balance is the bank's debt to the owner, and moves on the chain at once and for good. Between two banks there is no
//! token payment; there one bank attests a fact.
//!
//! **Postings.** Every posting has two sides. Each bank has, for each currency, a vault that counts what it owes:
//!
//! ```text
//! issue      Dr vault           Cr account
//! redeem     Dr account         Cr vault          (a hold for the vault, posted by the bank)
//! transfer   Dr source          Cr target         (same bank, same currency)
//! hold       account: available -> held
//! post       Dr held            Cr payee, the rest held -> available
//! void       account: held -> available           (by the payee, or by itself when the time is up)
//!
//! hold:  open -> posted | voided | expired
//! fact:  attested -> consumed
//! ```
//!
//! **Laws** (`audit`): for each bank and currency the vault is the sum of all customer balances; what is held is the sum
//! of open holds; nothing is negative; no account belongs to the operator (I10); a fact is attested once and used once.
//!
//! **Example.** BKA issues 1,000,000.00 to S1: vault 1,000,000.00, S1 1,000,000.00. S1 pays S2 250,000.00 and sets
//! 100,000.00 aside for S3: S1 has 650,000.00 available and 100,000.00 held, S2 250,000.00. S3 takes 60,000.00: S1 has
//! 690,000.00 and 0.00, S3 60,000.00; 690,000.00 + 250,000.00 + 60,000.00 = 1,000,000.00, the vault. S2 sets its
//! 250,000.00 aside for the vault and BKA pays them out: the vault is 750,000.00.

mod accounts;
mod audit;
mod posting;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use accounts::{account, account_at, account_of, suspense_at};
pub use posting::{HoldTerms, consume_fact, hold, issue, pay, post, void};
pub use queries::{AccountAt, Balance, Vault, VaultView};
pub use types::*;

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 6,
    name: "money",
    about: "Accounts at banks, deposit tokens that banks issue and redeem, and cash that banks attest.",
    calls: &[
        CallSpec::new::<OpenAccount>(1),
        CallSpec::new::<Attest>(2),
        CallSpec::new::<IssueTokens>(3),
        CallSpec::new::<RedeemTokens>(4),
        CallSpec::new::<Transfer>(5),
        CallSpec::new::<PlaceHold>(6),
        CallSpec::new::<PostHold>(7),
        CallSpec::new::<VoidHold>(8),
    ],
    queries: &[QuerySpec::new::<Balance>(), QuerySpec::new::<AccountAt>(), QuerySpec::new::<Vault>()],
    tables: &[
        TableSpec::new::<CashAccount>(),
        TableSpec::new::<CashFact>(),
        TableSpec::new::<Hold>(),
        TableSpec::new::<TokenBooking>(),
    ],
    events: &[
        EventSpec::new::<AccountOpened>(),
        EventSpec::new::<CashAttested>(),
        EventSpec::new::<CashFactConsumed>(),
        EventSpec::new::<TokensIssued>(),
        EventSpec::new::<TokensRedeemed>(),
        EventSpec::new::<TokensTransferred>(),
        EventSpec::new::<HoldPlaced>(),
        EventSpec::new::<HoldClosed>(),
    ],
    rejections: reject::CATALOGUE,
    due: Some(rules::due),
    genesis: None,
    audit: audit::audit,
};
