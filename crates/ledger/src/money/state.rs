use super::types::{
    CashAccount, CashAccountId, CashFact, CashFactId, Hold, HoldId, PrimaryAccount, TokenBooking, TokenBookingId,
};
use crate::core::{Cell, Column, EnterpriseId, Record};
use types::{Currency, Digest, text::Reference};

/// Numbers that begin like this are given by the ledger: no bank can take one.
const LEDGER_NUMBER_PREFIX: &str = "ledger/";

impl CashAccountId {
    /// The id of the account with this number: so a bank cannot give a number twice.
    pub fn of(bank: EnterpriseId, number: &str) -> Self {
        Self(first_half(&[b"tributary/money/account", &bank.0, number.as_bytes()]))
    }

    /// The contra account of a bank in a currency.
    pub fn vault(bank: EnterpriseId, currency: Currency) -> Self {
        Self::of(bank, &ledger_number(&format!("vault/{currency}")))
    }

    /// The suspense account of a bank in a currency.
    pub fn suspense(bank: EnterpriseId, currency: Currency) -> Self {
        Self::of(bank, &ledger_number(&format!("suspense/{currency}")))
    }
}

impl CashFactId {
    /// The id of the fact with this reference: so a bank cannot attest a booking twice.
    pub fn of(bank: EnterpriseId, bank_reference: &Reference) -> Self {
        Self(first_half(&[b"tributary/money/fact", &bank.0, bank_reference.as_bytes()]))
    }
}

impl TokenBookingId {
    /// The id of the booking with this reference: so a bank cannot book twice under one.
    pub fn of(bank: EnterpriseId, bank_reference: &Reference) -> Self {
        Self(first_half(&[b"tributary/money/booking", &bank.0, bank_reference.as_bytes()]))
    }
}

/// The number of an account that the ledger opens by itself.
pub(super) fn ledger_number(tail: &str) -> Reference {
    Reference::new(format!("{LEDGER_NUMBER_PREFIX}{tail}")).expect("prefix, id and currency are short and clean")
}

/// Whether a bank may give this number.
pub(super) fn is_free_number(number: &Reference) -> bool {
    !number.is_empty() && !number.starts_with(LEDGER_NUMBER_PREFIX)
}

fn first_half(parts: &[&[u8]]) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&Digest::of(parts).0[..16]);
    id
}

impl Record for CashAccount {
    type Id = CashAccountId;
    const MODULE: u8 = 6;
    const TABLE: u8 = 0;
    const NAME: &'static str = "accounts";
    const COLUMNS: &'static [Column] = &[
        Column::text("bank"),
        Column::text("owner"),
        Column::text("number"),
        Column::text("currency"),
        Column::text("kind"),
        Column::integer("available"),
        Column::integer("held"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.bank),
            Cell::text(self.owner),
            Cell::text(&self.number),
            Cell::text(self.currency),
            Cell::variant(&self.kind),
            Cell::amount(self.available),
            Cell::amount(self.held),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.owner]
    }
}

impl Record for PrimaryAccount {
    /// Bank, owner, currency.
    type Id = (EnterpriseId, EnterpriseId, Currency);
    const MODULE: u8 = 6;
    const TABLE: u8 = 1;
    const NAME: &'static str = "primary_accounts";
}

impl Record for CashFact {
    type Id = CashFactId;
    const MODULE: u8 = 6;
    const TABLE: u8 = 2;
    const NAME: &'static str = "facts";
    const COLUMNS: &'static [Column] = &[
        Column::text("bank"),
        Column::text("payer"),
        Column::text("payee"),
        Column::integer("amount"),
        Column::text("value_date"),
        Column::text("bank_reference"),
        Column::text("consumed_by"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.bank),
            Cell::text(self.payer),
            Cell::text(self.payee),
            Cell::amount(self.amount),
            Cell::date(self.value_date),
            Cell::text(&self.bank_reference),
            Cell::optional(self.consumed_by.as_ref(), |consumption| Cell::text(&consumption.by)),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.payer_owner, self.payee_owner]
    }
}

impl Record for Hold {
    type Id = HoldId;
    const MODULE: u8 = 6;
    const TABLE: u8 = 3;
    const NAME: &'static str = "holds";
    const COLUMNS: &'static [Column] = &[
        Column::text("account"),
        Column::text("payer"),
        Column::text("payee"),
        Column::integer("amount"),
        Column::text("expires"),
        Column::text("status"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.account),
            Cell::text(self.payer),
            Cell::text(self.payee),
            Cell::amount(self.amount),
            Cell::time(self.expires),
            Cell::variant(&self.status),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.payer, self.payee]
    }
}

impl Record for TokenBooking {
    type Id = TokenBookingId;
    const MODULE: u8 = 6;
    const TABLE: u8 = 4;
    const NAME: &'static str = "token_bookings";
    const COLUMNS: &'static [Column] = &[
        Column::text("bank"),
        Column::text("bank_reference"),
        Column::text("account"),
        Column::text("owner"),
        Column::integer("amount"),
        Column::text("direction"),
        Column::text("at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.bank),
            Cell::text(&self.bank_reference),
            Cell::text(self.account),
            Cell::text(self.owner),
            Cell::amount(self.amount),
            Cell::variant(&self.direction),
            Cell::time(self.at),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.owner]
    }
}
