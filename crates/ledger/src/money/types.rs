use crate::core::{EnterpriseId, EventKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Currency, Date, Timestamp, TransactionHash, text::Reference, typed_id};

typed_id!(
    /// An account at a bank.
    CashAccountId,
    "cash"
);
typed_id!(
    /// A bank's word that cash moved outside the chain.
    CashFactId,
    "fact"
);
typed_id!(
    /// Money set aside in an account for a payee.
    HoldId,
    "hold"
);
typed_id!(
    /// A bank's issue or redemption of tokens.
    TokenBookingId,
    "booking"
);

/// Whose money an account holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum AccountKind {
    /// The owner's: he disposes of it.
    Own,
    /// Money whose owner is not settled yet, or who may not have it yet; kept at the bank, moved only by the process
    /// that put it there.
    Suspense,
    /// The other side of every customer account of the bank in the currency: what the bank owes in tokens.
    Vault,
}

/// An account: the bank owes its owner `available + held` in deposit tokens. For a vault, `available` is the sum of
/// what the bank owes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CashAccount {
    pub bank: EnterpriseId,
    pub owner: EnterpriseId,
    /// The number the bank gave it; no two accounts of a bank share one.
    pub number: Reference,
    pub currency: Currency,
    pub kind: AccountKind,
    /// What the owner may spend.
    pub available: Amount,
    /// What is set aside in open holds.
    pub held: Amount,
}

/// The account that an owner is paid into when nobody names one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PrimaryAccount {
    pub account: CashAccountId,
}

/// What a cash fact was used for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Consumption {
    /// The financing, the funding or the issue that it proved.
    pub by: Reference,
    pub at: Timestamp,
    pub transaction: TransactionHash,
}

/// A bank attested that cash moved between two accounts outside the chain. It proves one thing, once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CashFact {
    /// The bank that attests: that of the payer's or of the payee's account.
    pub bank: EnterpriseId,
    pub payer: CashAccountId,
    pub payee: CashAccountId,
    pub payer_owner: EnterpriseId,
    pub payee_owner: EnterpriseId,
    pub amount: Amount,
    /// The day from which the money counts.
    pub value_date: Date,
    /// The bank's number for the booking; a bank uses each once.
    pub bank_reference: Reference,
    pub attested_at: Timestamp,
    pub consumed_by: Option<Consumption>,
}

/// What happened to money that was set aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum HoldStatus {
    /// Set aside.
    Open,
    /// Taken by the payee, the rest given back.
    Posted,
    /// Given back by the payee.
    Voided,
    /// Given back because its time ran out.
    Expired,
}

/// Money set aside in an account: the payee may take it until it expires, and the owner cannot spend it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    pub account: CashAccountId,
    pub payer: EnterpriseId,
    /// Where the money may go; a vault when it is to be redeemed.
    pub payee_account: CashAccountId,
    pub payee: EnterpriseId,
    pub amount: Amount,
    pub expires: Timestamp,
    pub reference: Reference,
    pub status: HoldStatus,
}

/// A bank's issue or redemption of tokens: its reference is used once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenBooking {
    pub bank: EnterpriseId,
    pub bank_reference: Reference,
    pub account: CashAccountId,
    pub owner: EnterpriseId,
    pub amount: Amount,
    pub direction: TokenDirection,
    pub at: Timestamp,
}

/// Whether tokens came or went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum TokenDirection {
    /// The bank owes more: debit vault, credit account.
    Issued,
    /// The bank owes less: debit account, credit vault.
    Redeemed,
}

/// Opens an account at the acting bank.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OpenAccount {
    /// The enterprise that owns the account; never the platform's operator.
    pub owner: EnterpriseId,
    /// The bank's number for the account, as it stands on statements; no other account of the bank has it.
    pub number: Reference,
    /// The currency of the account; an owner has one account for each.
    pub currency: Currency,
}

/// Attests that cash moved between two accounts outside the chain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Attest {
    /// The account that was debited.
    pub payer: CashAccountId,
    /// The account that was credited.
    pub payee: CashAccountId,
    /// What was booked, in the currency of both accounts.
    pub amount: Amount,
    /// The day from which the money counts; today or earlier.
    pub value_date: Date,
    /// The bank's number for the booking; each is attested once.
    pub bank_reference: Reference,
}

/// Issues deposit tokens of the acting bank to one of its customers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IssueTokens {
    /// The customer's account at the acting bank.
    pub account: CashAccountId,
    /// What the bank owes the customer from now on.
    pub amount: Amount,
    /// The bank's number for the booking; each is used once.
    pub bank_reference: Reference,
    /// The attested deposit behind the issue: same amount, credited to the customer; left out when the bank issues against its own
    /// books.
    pub fact: Option<CashFactId>,
}

/// Redeems deposit tokens that their owner set aside for the bank's vault: the bank has paid them out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RedeemTokens {
    /// The owner's hold, with the bank's vault as payee account.
    pub hold: HoldId,
    /// The bank's number for the payout; each is used once.
    pub bank_reference: Reference,
}

/// Pays deposit tokens from an own account to another account at the same bank.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// The account that pays: the acting enterprise's own.
    pub source: CashAccountId,
    /// The account that is paid, at the same bank and in the same currency.
    pub target: CashAccountId,
    /// What is paid.
    pub amount: Amount,
    /// What the payee needs to know what it is for: an invoice number.
    pub reference: Reference,
}

/// Sets money in an own account aside for a payee until a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlaceHold {
    /// The account that will pay: the acting enterprise's own.
    pub account: CashAccountId,
    /// The account that may be paid, at the same bank; the bank's vault asks for redemption.
    pub payee_account: CashAccountId,
    /// What is set aside.
    pub amount: Amount,
    /// When the money is free again by itself, unless the payee took it.
    pub expires: Timestamp,
    /// What the payee needs to know what it is for.
    pub reference: Reference,
}

/// Takes money that was set aside for the acting enterprise; what it leaves is free again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PostHold {
    /// The hold whose payee is the acting enterprise.
    pub hold: HoldId,
    /// What is taken, at most what was set aside.
    pub amount: Amount,
}

/// Gives back money that was set aside for the acting enterprise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VoidHold {
    /// The hold whose payee is the acting enterprise.
    pub hold: HoldId,
}

/// What the module wants done at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Due {
    /// Open holds are free again.
    HoldExpiry(HoldId),
}

/// Declares an event: its fields, its number and the fields that name its parties.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident, $number:literal, [$($party:ident),*] { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl EventKind for $name {
            const MODULE: u16 = 6;
            const NUMBER: u16 = $number;
            const NAME: &'static str = stringify!($name);
            fn parties(&self) -> Vec<EnterpriseId> {
                vec![$(self.$party),*]
            }
        }
    };
}

event!(
    /// A bank opened an account.
    AccountOpened, 1, [bank, owner] { account: CashAccountId, bank: EnterpriseId, owner: EnterpriseId, number: Reference, currency: Currency }
);
event!(
    /// A bank attested cash.
    CashAttested, 2, [bank, payer, payee] {
        fact: CashFactId,
        bank: EnterpriseId,
        payer: EnterpriseId,
        payee: EnterpriseId,
        amount: Amount,
        value_date: Date,
        bank_reference: Reference,
    }
);
event!(
    /// An attested cash fact proved something; it cannot prove anything else.
    CashFactConsumed, 3, [bank] { fact: CashFactId, bank: EnterpriseId, amount: Amount, by: Reference }
);
event!(
    /// A bank owes more: debit vault, credit account.
    TokensIssued, 4, [bank, owner] { account: CashAccountId, bank: EnterpriseId, owner: EnterpriseId, amount: Amount, reference: Reference }
);
event!(
    /// A bank owes less: debit account, credit vault.
    TokensRedeemed, 5, [bank, owner] { account: CashAccountId, bank: EnterpriseId, owner: EnterpriseId, amount: Amount, reference: Reference }
);
event!(
    /// Tokens changed their owner: debit source, credit target.
    TokensTransferred, 6, [payer, payee] {
        source: CashAccountId,
        target: CashAccountId,
        payer: EnterpriseId,
        payee: EnterpriseId,
        amount: Amount,
        reference: Reference,
    }
);
event!(
    /// Money was set aside.
    HoldPlaced, 7, [payer, payee] {
        hold: HoldId,
        account: CashAccountId,
        payer: EnterpriseId,
        payee: EnterpriseId,
        amount: Amount,
        expires: Timestamp,
        reference: Reference,
    }
);
event!(
    /// Money that was set aside was taken (`posted`), or is free again (the rest).
    HoldClosed, 8, [payer, payee] {
        hold: HoldId,
        payer: EnterpriseId,
        payee: EnterpriseId,
        posted: Amount,
        status: HoldStatus,
    }
);

pub mod reject {
    types::rejections! {
        600 operator_account(enterprise) "E_OPERATOR_ACCOUNT" "enterprise {enterprise} operates the platform: it may have no account and take part in no payment";
        601 payee_not_own_name(account, owner) "E_PAYEE_NOT_OWN_NAME" "account {account} is not in the name of {owner}: pay into an account of its own";
        602 net_mismatch(expected, found) "E_NET_MISMATCH" "the bank confirmed {found}, expected {expected}";
        603 cash_unattested(detail) "E_CASH_UNATTESTED" "no bank that may say so attested this cash: {detail}";
        604 overfunded(due, received) "E_OVERFUNDED" "{received} is more than the {due} that is due";
        605 insufficient(account, available, needed) "E_CASH_INSUFFICIENT" "account {account} has {available} available, {needed} is needed";
        606 unknown_account(account) "E_CASH_ACCOUNT_UNKNOWN" "there is no cash account {account}";
        607 not_owner(account, enterprise) "E_CASH_NOT_OWNER" "account {account} does not belong to {enterprise}: only its owner disposes of it";
        608 not_at_bank(account, bank) "E_CASH_OTHER_BANK" "account {account} is not at bank {bank}: between two banks, pay outside the chain and let a bank attest it";
        609 same_account(account) "E_CASH_SAME_ACCOUNT" "payer and payee are the same account {account}";
        610 account_exists(number) "E_CASH_ACCOUNT_EXISTS" "the bank has an account with number {number} already";
        611 number_reserved(number) "E_CASH_NUMBER" "account number {number} is empty or begins like the numbers that the ledger gives: choose another";
        612 reference_used(reference) "E_CASH_REFERENCE_USED" "the bank has used reference {reference} already: one booking is told once";
        613 fact_used(fact, by) "E_CASH_FACT_USED" "cash fact {fact} has proved {by}: it proves one thing, once";
        614 value_date(date, today) "E_CASH_VALUE_DATE" "value date {date} is after today, {today}: attest cash when it has moved";
        615 wrong_kind(account, kind) "E_CASH_ACCOUNT_KIND" "account {account} is a {kind} account: it cannot be used like this";
        616 unknown_hold(hold) "E_HOLD_UNKNOWN" "there is no hold {hold}";
        617 hold_closed(hold, status) "E_HOLD_CLOSED" "hold {hold} is {status}: its money is not set aside any more";
        618 not_payee(hold, enterprise) "E_HOLD_NOT_PAYEE" "the money of hold {hold} is not set aside for {enterprise}";
        619 hold_expiry(expires, latest) "E_HOLD_EXPIRY" "a hold must expire after now and at the latest on {latest}: {expires} is not";
        620 not_a_bank(enterprise) "E_NOT_A_BANK" "enterprise {enterprise} is neither bank nor settlement agent: it keeps no accounts";
    }
}
