use super::{
    accounts::{self, Opening, account, account_of, require_payable},
    posting::{self, HoldTerms, consume_fact},
    reject,
    state::is_free_number,
    types::{
        AccountKind, Attest, CashAccount, CashAccountId, CashAttested, CashFact, CashFactId, Due, Hold, HoldId,
        IssueTokens, OpenAccount, PlaceHold, PostHold, RedeemTokens, TokenBooking, TokenBookingId, TokenDirection,
        Transfer, VoidHold,
    },
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    enterprise, policy,
};
use types::{Amount, Key, Rejection, State, Stop, text::Reference, wire};

/// Two different people of the bank, at least one of whom confirms payments.
const BANK_TREASURY: &[Role] = &[
    Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Treasurer]),
    Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Checker]),
    Role::of(EntityRole::SettlementAgent, &[Function::Treasurer, Function::Treasurer]),
    Role::of(EntityRole::SettlementAgent, &[Function::Treasurer, Function::Checker]),
];

/// Who disposes of an enterprise's own money.
const DISPOSERS: &[Role] = &[Role::any(&[Function::Treasurer]), Role::any(&[Function::Maker, Function::Checker])];

impl Call for OpenAccount {
    const NAME: &'static str = "open_account";
    const ROLES: &'static [Role] = &[
        Role::of(EntityRole::Bank, &[Function::Maker, Function::Checker]),
        Role::of(EntityRole::SettlementAgent, &[Function::Maker, Function::Checker]),
    ];
    type Outcome = CashAccountId;

    fn check(&self) -> Result<(), Rejection> {
        if is_free_number(&self.number) { Ok(()) } else { Err(reject::number_reserved(&self.number)) }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<CashAccountId, Stop> {
        require_payable(state, self.owner)?;
        enterprise::active(state, self.owner)?;
        let bank = ctx.actor().enterprise;
        accounts::open(state, Opening { bank, owner: self.owner, number: self.number.clone(), currency: self.currency })
    }
}

impl Call for Attest {
    const NAME: &'static str = "attest";
    const ROLES: &'static [Role] = BANK_TREASURY;
    type Outcome = CashFactId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        if self.payer == self.payee { Err(reject::same_account(self.payer)) } else { Ok(()) }
    }

    fn touches(&self) -> Vec<Key> {
        vec![CashAccount::key(&self.payer), CashAccount::key(&self.payee)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<CashFactId, Stop> {
        enterprise::require_limits(ctx, self.amount)?;
        let bank = ctx.actor().enterprise;
        let (payer, payee) = (account(state, self.payer)?, account(state, self.payee)?);
        posting::refuse_vault(self.payer, &payer)?;
        posting::refuse_vault(self.payee, &payee)?;
        if payer.bank != bank && payee.bank != bank {
            let detail = format_args!("{bank} keeps neither account {} nor {}", self.payer, self.payee);
            return Err(reject::cash_unattested(detail).into());
        }
        payer.available.same_currency(self.amount)?;
        payee.available.same_currency(self.amount)?;
        require_payable(state, payer.owner)?;
        require_payable(state, payee.owner)?;
        let today = ctx.time.date();
        if self.value_date > today {
            return Err(reject::value_date(self.value_date, today).into());
        }
        let id = CashFactId::of(bank, &self.bank_reference);
        if CashFact::load(state, &id)?.is_some() {
            return Err(reject::reference_used(&self.bank_reference).into());
        }
        let event = CashAttested {
            fact: id,
            bank,
            payer: payer.owner,
            payee: payee.owner,
            amount: self.amount,
            value_date: self.value_date,
            bank_reference: self.bank_reference.clone(),
        };
        emit(state, &event);
        let fact = CashFact {
            bank,
            payer: self.payer,
            payee: self.payee,
            payer_owner: payer.owner,
            payee_owner: payee.owner,
            amount: self.amount,
            value_date: self.value_date,
            bank_reference: self.bank_reference.clone(),
            attested_at: ctx.time,
            consumed_by: None,
        };
        fact.store(state, &id);
        Ok(id)
    }
}

impl Call for IssueTokens {
    const NAME: &'static str = "issue_tokens";
    const ROLES: &'static [Role] = &[
        Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Treasurer]),
        Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Checker]),
    ];
    type Outcome = TokenBookingId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![CashAccount::key(&self.account)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<TokenBookingId, Stop> {
        enterprise::require_limits(ctx, self.amount)?;
        let bank = ctx.actor().enterprise;
        let credited = account(state, self.account)?;
        if credited.bank != bank {
            return Err(reject::not_at_bank(self.account, bank).into());
        }
        require_own(self.account, &credited)?;
        require_payable(state, credited.owner)?;
        let booking = book(state, bank, &self.bank_reference, |bank_reference| TokenBooking {
            bank,
            bank_reference,
            account: self.account,
            owner: credited.owner,
            amount: self.amount,
            direction: TokenDirection::Issued,
            at: ctx.time,
        })?;
        if let Some(id) = self.fact {
            let fact = consume_fact(ctx, state, id, &format!("issue of tokens {booking}"))?;
            if fact.amount != self.amount {
                return Err(reject::net_mismatch(self.amount, fact.amount).into());
            }
            let paid = account_of(state, fact.payee, credited.owner)?;
            if paid.bank != bank {
                return Err(reject::not_at_bank(fact.payee, bank).into());
            }
        }
        posting::issue(ctx, state, self.account, self.amount, &self.bank_reference)?;
        Ok(booking)
    }
}

impl Call for RedeemTokens {
    const NAME: &'static str = "redeem_tokens";
    const ROLES: &'static [Role] = BANK_TREASURY;
    type Outcome = TokenBookingId;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Hold::key(&self.hold)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<TokenBookingId, Stop> {
        let hold = payable_hold(ctx, state, self.hold)?;
        enterprise::require_limits(ctx, hold.amount)?;
        let bank = ctx.actor().enterprise;
        if hold.payee_account != CashAccountId::vault(bank, hold.amount.currency) {
            return Err(reject::wrong_kind(hold.payee_account, "customer").into());
        }
        let booking = book(state, bank, &self.bank_reference, |bank_reference| TokenBooking {
            bank,
            bank_reference,
            account: hold.account,
            owner: hold.payer,
            amount: hold.amount,
            direction: TokenDirection::Redeemed,
            at: ctx.time,
        })?;
        posting::post(ctx, state, self.hold, hold.amount)?;
        Ok(booking)
    }
}

impl Call for Transfer {
    const NAME: &'static str = "transfer";
    const ROLES: &'static [Role] = DISPOSERS;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        if self.source == self.target { Err(reject::same_account(self.source)) } else { Ok(()) }
    }

    fn touches(&self) -> Vec<Key> {
        vec![CashAccount::key(&self.source), CashAccount::key(&self.target)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let payer = ctx.actor().enterprise;
        let source = accounts::load(state, self.source)?;
        require_owner(self.source, &source, payer)?;
        let target = accounts::load(state, self.target)?;
        require_own(self.target, &target)?;
        require_payment(ctx, state, payer, target.owner, self.amount)?;
        posting::pay_between(state, (self.source, source), (self.target, target), self.amount, &self.reference)
    }
}

impl Call for PlaceHold {
    const NAME: &'static str = "hold";
    const ROLES: &'static [Role] = DISPOSERS;
    type Outcome = HoldId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![CashAccount::key(&self.account), CashAccount::key(&self.payee_account)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<HoldId, Stop> {
        let payer = ctx.actor().enterprise;
        let source = account(state, self.account)?;
        require_owner(self.account, &source, payer)?;
        let payee = if self.payee_account == CashAccountId::vault(source.bank, source.currency) {
            source.bank
        } else {
            let payee = account(state, self.payee_account)?;
            require_own(self.payee_account, &payee)?;
            payee.owner
        };
        require_payment(ctx, state, payer, payee, self.amount)?;
        let terms = HoldTerms {
            account: self.account,
            payee_account: self.payee_account,
            amount: self.amount,
            expires: self.expires,
            reference: self.reference.clone(),
            index: 0,
        };
        posting::hold(ctx, state, terms)
    }
}

impl Call for PostHold {
    const NAME: &'static str = "post_hold";
    const ROLES: &'static [Role] = DISPOSERS;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Hold::key(&self.hold)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let hold = payable_hold(ctx, state, self.hold)?;
        if let Some(payee) = CashAccount::load(state, &hold.payee_account)? {
            posting::refuse_vault(hold.payee_account, &payee)?;
        }
        posting::post(ctx, state, self.hold, self.amount)?;
        Ok(())
    }
}

impl Call for VoidHold {
    const NAME: &'static str = "void_hold";
    const ROLES: &'static [Role] = DISPOSERS;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Hold::key(&self.hold)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        payable_hold(ctx, state, self.hold)?;
        posting::void(ctx, state, self.hold)?;
        Ok(())
    }
}

/// What is due: an open hold whose time ran out is free again.
pub(super) fn due(_ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    match wire::decode(payload).expect("only this module schedules its due work") {
        Due::HoldExpiry(hold) => posting::expire(state, hold),
    }
}

/// Writes a booking under the bank's reference, which it uses once.
fn book(
    state: &mut dyn State,
    bank: EnterpriseId,
    bank_reference: &Reference,
    booking: impl FnOnce(Reference) -> TokenBooking,
) -> Result<TokenBookingId, Stop> {
    let id = TokenBookingId::of(bank, bank_reference);
    if TokenBooking::load(state, &id)?.is_some() {
        return Err(reject::reference_used(bank_reference).into());
    }
    booking(bank_reference.clone()).store(state, &id);
    Ok(id)
}

/// The hold, if its money is set aside for the acting enterprise.
fn payable_hold(ctx: &Context, state: &mut dyn State, id: HoldId) -> Result<Hold, Stop> {
    let actor = ctx.actor().enterprise;
    let hold = Hold::load(state, &id)?.ok_or_else(|| reject::unknown_hold(id))?;
    if hold.payee == actor { Ok(hold) } else { Err(reject::not_payee(id, actor).into()) }
}

/// Refuses a payment whose parties may not pay or be paid, or that takes more approvals than it carries: a treasurer
/// alone, or maker and checker, pay below the policy's second level.
fn require_payment(
    ctx: &Context,
    state: &mut dyn State,
    payer: EnterpriseId,
    payee: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    require_payable(state, payer)?;
    let record = require_payable(state, payee)?;
    enterprise::require_active(payee, &record)?;
    if amount.minor >= policy::at(state, ctx.time)?.approval_level2_minor {
        enterprise::require_approvals(ctx, state, payer, amount)
    } else {
        enterprise::require_limits(ctx, amount)
    }
}

/// Refuses an account that the acting enterprise does not dispose of.
fn require_owner(id: CashAccountId, account: &CashAccount, owner: EnterpriseId) -> Result<(), Rejection> {
    if account.owner != owner {
        return Err(reject::not_owner(id, owner));
    }
    require_own(id, account)
}

/// Refuses a suspense account and a vault: no enterprise disposes of them by itself.
fn require_own(id: CashAccountId, account: &CashAccount) -> Result<(), Rejection> {
    match account.kind {
        AccountKind::Own => Ok(()),
        AccountKind::Suspense => Err(reject::wrong_kind(id, "suspense")),
        AccountKind::Vault => Err(reject::wrong_kind(id, "vault")),
    }
}
