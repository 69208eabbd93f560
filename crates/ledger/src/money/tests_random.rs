//! Money: accounts, tokens, holds.

use super::{BANKS, SUPPLIERS, World};
use crate::{
    money::{
        CashAccount, CashAccountId, Hold, IssueTokens, OpenAccount, PlaceHold, PostHold, RedeemTokens, Transfer,
        VoidHold,
    },
    testing::text,
};
use types::{Amount, Currency};

impl World {
    pub(super) fn move_money(&mut self) {
        match self.random.below(20) {
            0..=2 => self.open_account(),
            3..=4 => self.deposit(),
            5..=7 => self.transfer_tokens(),
            8..=10 => self.place_hold(),
            11..=12 => self.close_hold(),
            13..=14 => self.redeem(),
            15..=16 => self.attest_any(),
            _ => self.move_credit(),
        }
    }

    pub(super) fn issue_tokens(&mut self, bank: &str, account: CashAccountId, amount: Amount) {
        let bank_reference = text(&self.number("T"));
        let act = IssueTokens { account, amount, bank_reference, fact: None };
        let _ = self.go(&format!("{bank}.treasurer+{bank}.checker"), &act);
    }

    fn open_account(&mut self) {
        let (bank, (_, owner)) = (self.random.of(&BANKS).unwrap(), self.supplier());
        let number = text(&self.number("6222"));
        let signers = self.two(bank);
        if let Ok(id) = self.go(&signers, &OpenAccount { owner, number, currency: Currency::CNY }) {
            self.accounts.add(id);
        }
    }

    fn own_account(&mut self) -> Option<(CashAccountId, CashAccount, String, String)> {
        let id = self.random.of(&self.accounts.0)?;
        let account: CashAccount = self.scenario.record(&id).unwrap();
        let (owner, bank) = (self.name(account.owner), self.name(account.bank));
        Some((id, account, owner, bank))
    }

    fn deposit(&mut self) {
        let Some((id, _, owner, bank)) = self.own_account() else { return };
        let minor = self.random.between(1, 500_000);
        let amount = self.yuan(minor);
        let fact = if self.random.percent(50) { self.attested(&bank, (&bank, &owner), amount) } else { None };
        let bank_reference = text(&self.number("T"));
        let act = IssueTokens { account: id, amount, bank_reference, fact };
        let _ = self.go(&format!("{bank}.treasurer+{bank}.checker"), &act);
    }

    fn transfer_tokens(&mut self) {
        let Some((source, account, owner, bank)) = self.own_account() else { return };
        let (payee, _) = self.supplier();
        let target = self.account(&bank, payee);
        let amount = self.part(account.available);
        let act = Transfer { source, target, amount, reference: text("for goods") };
        let _ = self.go(&format!("{owner}.treasurer"), &act);
    }

    fn place_hold(&mut self) {
        let Some((id, account, owner, bank)) = self.own_account() else { return };
        let payee_account = if self.random.percent(50) {
            let (payee, _) = self.supplier();
            self.account(&bank, payee)
        } else {
            CashAccountId::vault(account.bank, account.currency)
        };
        let amount = self.part(account.available);
        let expires = self.scenario.time.plus_hours(self.random.between(1, 100));
        let act = PlaceHold { account: id, payee_account, amount, expires, reference: text("order") };
        if let Ok(hold) = self.go(&format!("{owner}.treasurer"), &act) {
            self.holds.add(hold);
        }
    }

    fn close_hold(&mut self) {
        let Some(hold) = self.random.of(&self.holds.0) else { return };
        let record: Hold = self.scenario.record(&hold).unwrap();
        let payee = self.name(record.payee);
        if self.random.percent(60) {
            let amount = self.part(record.amount);
            let _ = self.go(&format!("{payee}.treasurer"), &PostHold { hold, amount });
        } else {
            let _ = self.go(&format!("{payee}.treasurer"), &VoidHold { hold });
        }
    }

    fn redeem(&mut self) {
        let Some(hold) = self.random.of(&self.holds.0) else { return };
        let record: Hold = self.scenario.record(&hold).unwrap();
        let bank = self.name(record.payee);
        let bank_reference = text(&self.number("T"));
        let act = RedeemTokens { hold, bank_reference };
        let _ = self.go(&format!("{bank}.treasurer+{bank}.checker"), &act);
    }

    fn attest_any(&mut self) {
        let (payer, payee) = (self.random.of(&SUPPLIERS).unwrap(), self.random.of(&SUPPLIERS).unwrap());
        let bank = self.random.of(&BANKS).unwrap();
        let minor = self.random.between(1, 500_000);
        let _ = self.attested(bank, (payer, payee), self.yuan(minor));
    }
}
