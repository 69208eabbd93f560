//! From the bank's approval to the money: registry search, approval, registration, disbursement.

use super::{
    advance, backing, financing,
    guard::{self, concerned},
    seller,
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    document, enterprise, money, policy,
    policy::Policy,
    receivable::{
        price::PriceBasis,
        registration,
        tree::{self, Root},
        types::{
            Approval, ApproveFinancing, AttestSearch, Deregister, Disburse, Disbursement, Financing, FinancingApproved,
            FinancingDeregistered, FinancingDisbursed, FinancingId, FinancingRegistered, FinancingStatus, LotStatus,
            Payout, Price, Quote, Register, Registration, RegistryEntry, RegistrySearch, RegistrySearched,
            SearchResult, reject,
        },
    },
};
use types::{
    Amount, Date, Key, List, Rejection, State, Stop,
    planted::{self, Fault},
    wire,
};

const CONNECTOR: &[Function] = &[Function::Maker];

impl Call for AttestSearch {
    const NAME: &'static str = "attest_search";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Connector, CONNECTOR)];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        use FinancingStatus::{Accepted, Approved, Registered};
        let mut financing = financing::load(state, self.financing)?;
        guard::require_financing(self.financing, &financing, &[Accepted, Approved, Registered])?;
        let earliest = financing.search.as_ref().map_or(financing.applied_at, |search| search.searched_at);
        if self.searched_at > ctx.time || self.searched_at < earliest {
            let law = format_args!("a search is dated between {earliest}, the last one, and now");
            return Err(reject::financing_dates(law).into());
        }
        let concerned = concerned(&[financing::bank(&financing), ctx.actor().enterprise]);
        let (result, searched_at) = (self.result.clone(), self.searched_at);
        emit(state, &RegistrySearched { financing: self.financing, result, searched_at, concerned });
        financing.search = Some(RegistrySearch {
            query: self.query.clone(),
            result: self.result.clone(),
            searched_at: self.searched_at,
            connector: ctx.actor().enterprise,
        });
        financing.store(state, &self.financing);
        Ok(())
    }
}

impl Call for ApproveFinancing {
    const NAME: &'static str = "approve_financing";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Bank, &[Function::Risk])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        if self.sanctions_check.is_empty() {
            return Err(wire::malformed("sanctions_check: name the screening"));
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let (mut root, mut financing, bank) = own(ctx, state, id, FinancingStatus::Accepted)?;
        enterprise::require_limits(ctx, financing.amount)?;
        let quote = Quote::load(state, &(id, bank))?.expect("an accepted quote is kept");
        enterprise::require_other_than(ctx, state, bank, quote.maker, &[Function::Risk])?;
        enterprise::active(state, financing.seller)?;
        document::require_fresh(ctx, state, &root.certificate.claims)?;
        require_search(ctx, state, &financing)?;
        let (by, sanctions_check) = (ctx.actor().member, self.sanctions_check.clone());
        financing.approval = Some(Approval { at: ctx.time, by, sanctions_check });
        let concerned = concerned(&[bank, financing.seller]);
        emit(state, &FinancingApproved { financing: id, bank, concerned });
        financing::set_status(ctx, state, &mut root, id, financing, FinancingStatus::Approved)?;
        root.store(state);
        Ok(())
    }
}

impl Call for Register {
    const NAME: &'static str = "register";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Bank, &[Function::Maker])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        if self.number.is_empty() {
            return Err(wire::malformed("number: name the registration"));
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let (mut root, mut financing, bank) = own(ctx, state, id, FinancingStatus::Approved)?;
        enterprise::require(ctx, state, self.connector, Some(EntityRole::Connector), CONNECTOR)?;
        let approved_at = financing.approval.as_ref().expect("it is approved").at;
        if self.registered_at < approved_at || self.registered_at > ctx.time {
            let law = format_args!("it is registered between the approval, {approved_at}, and now");
            return Err(reject::financing_dates(law).into());
        }
        let expected = registration::text(state, id)?;
        if self.description != expected {
            return Err(reject::registration_text(expected).into());
        }
        use_number(state, &self.number, id)?;
        financing.registration = Some(Registration {
            number: self.number.clone(),
            registered_at: self.registered_at,
            description: self.description.clone(),
            connector: self.connector,
            amendments: List::default(),
            deregistered_at: None,
        });
        let (number, concerned) = (self.number.clone(), concerned(&[bank, financing.seller]));
        emit(state, &FinancingRegistered { financing: id, bank, number, concerned });
        financing::set_status(ctx, state, &mut root, id, financing, FinancingStatus::Registered)?;
        root.store(state);
        Ok(())
    }
}

impl Call for Disburse {
    const NAME: &'static str = "disburse";
    const ROLES: &'static [Role] = &[
        Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Treasurer]),
        Role::of(EntityRole::Bank, &[Function::Treasurer, Function::Checker]),
    ];
    /// What the seller got, and what it cost.
    type Outcome = Price;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Price, Stop> {
        let id = self.financing;
        let registered = financing::load(state, id)?;
        match registered.status {
            FinancingStatus::Accepted | FinancingStatus::Approved => {
                return Err(reject::registration_missing(id).into());
            }
            FinancingStatus::Quoting
            | FinancingStatus::Registered
            | FinancingStatus::Disbursed
            | FinancingStatus::Repaid
            | FinancingStatus::Recoursed
            | FinancingStatus::WrittenOff
            | FinancingStatus::Subrogated
            | FinancingStatus::Failed
            | FinancingStatus::Rejected
            | FinancingStatus::Cancelled
            | FinancingStatus::Expired => {}
        }
        let (mut root, mut financing, bank) = own(ctx, state, id, FinancingStatus::Registered)?;
        require_search(ctx, state, &financing)?;
        enterprise::active(state, financing.seller)?;
        let policy = policy::at(state, ctx.time)?;
        let (value_date, price) = self.pay(ctx, state, &root, &financing, &policy)?;
        enterprise::require_limits(ctx, price.net)?;
        backing::disburse(ctx, state, &root.certificate, bank, financing.amount)?;
        seller::utilise(ctx, state, &financing)?;
        let lot = tree::lot(state, financing.lot)?;
        tree::change(state, financing.lot, lot, LotStatus::Financed(id), bank)?;
        let rate = financing.terms.as_ref().expect("a registered financing has its terms").rate;
        financing.disbursement = Some(Disbursement {
            at: ctx.time,
            value_date,
            price,
            payout: self.payout,
            penalty_rate: penalty_rate(&policy, rate)?,
        });
        let due_on = root.certificate.issued.as_ref().expect("a financed certificate is issued").due_on;
        advance::open(state, id, &financing, due_on)?;
        let Financing { certificate, lot, seller, .. } = financing;
        let concerned = concerned(&[bank, seller]);
        emit(state, &FinancingDisbursed { financing: id, certificate, lot, bank, seller, price, concerned });
        financing::set_status(ctx, state, &mut root, id, financing, FinancingStatus::Disbursed)?;
        root.store(state);
        Ok(price)
    }
}

impl Disburse {
    /// Proves, or makes, the payment of the net amount to the seller. Gives the day from which interest runs.
    fn pay(
        &self,
        ctx: &Context,
        state: &mut dyn State,
        root: &Root,
        financing: &Financing,
        policy: &Policy,
    ) -> Result<(Date, Price), Stop> {
        let bank = financing::bank(financing);
        let what_for = format!("disbursement of {}", self.financing);
        let issued = root.certificate.issued.as_ref().expect("a certificate is issued before it is financed");
        let terms = financing.terms.as_ref().expect("a registered financing has its terms");
        let basis = PriceBasis::new(policy, financing.amount)?;
        match self.payout {
            Payout::Fact(fact) => {
                let fact = money::consume_fact(ctx, state, fact, &what_for)?;
                if fact.payer_owner != bank {
                    let detail = format_args!("{} paid, not the financing bank {bank}", fact.payer_owner);
                    return Err(money::reject::cash_unattested(detail).into());
                }
                money::account_of(state, fact.payee, financing.seller)?;
                require_registered_before(self.financing, financing, fact.value_date)?;
                let price = terms.price(financing.amount, fact.value_date, issued.due_on, basis)?;
                require_net(price.net, fact.amount)?;
                Ok((fact.value_date, price))
            }
            Payout::Tokens(account) => {
                let paid = money::account_of(state, account, financing.seller)?;
                if paid.bank != bank {
                    return Err(money::reject::not_at_bank(account, bank).into());
                }
                let today = ctx.time.date();
                let price = terms.price(financing.amount, today, issued.due_on, basis)?;
                money::issue(ctx, state, account, price.net, &what_for)?;
                Ok((today, price))
            }
        }
    }
}

impl Call for Deregister {
    const NAME: &'static str = "deregister";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Bank, &[Function::Maker])];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let mut financing = financing::load(state, id)?;
        if !financing.status.is_closed() {
            return Err(guard::financing_state(id, &financing, "closed").into());
        }
        let bank = financing.bank;
        let Some(registration) = financing.registration.as_mut().filter(|entry| entry.deregistered_at.is_none()) else {
            return Err(reject::registration_missing(id).into());
        };
        registration.deregistered_at = Some(ctx.time);
        let bank = bank.expect("a registered financing has a bank");
        guard::require_party(ctx, id, bank)?;
        enterprise::require(ctx, state, self.connector, Some(EntityRole::Connector), CONNECTOR)?;
        let concerned = concerned(&[bank, financing.seller]);
        emit(state, &FinancingDeregistered { financing: id, concerned });
        financing.store(state, &id);
        Ok(())
    }
}

/// The acting bank's financing in this status, in time, its lot free of orders.
fn own(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    status: FinancingStatus,
) -> Result<(Root, Financing, EnterpriseId), Stop> {
    let financing = financing::load(state, id)?;
    guard::require_financing(id, &financing, &[status])?;
    let bank = financing::bank(&financing);
    guard::require_party(ctx, id, bank)?;
    guard::require_before(ctx, id, financing.expires)?;
    guard::require_not_frozen(financing.lot, &tree::lot(state, financing.lot)?)?;
    Ok((Root::load(state, financing.certificate)?, financing, bank))
}

/// Refuses unless the registry was searched lately and showed nobody else's registration.
fn require_search(ctx: &Context, state: &mut dyn State, financing: &Financing) -> Result<(), Stop> {
    let hours = policy::at(state, ctx.time)?.registry_search_hours_max;
    let Some(search) = &financing.search else {
        return Err(reject::registry_stale("no time yet", hours).into());
    };
    if let SearchResult::Conflict { registration } = &search.result {
        return Err(reject::registry_conflict(registration).into());
    }
    if search.searched_at.plus_hours(u64::from(hours)) < ctx.time && !planted::is(Fault::SearchStale) {
        return Err(reject::registry_stale(search.searched_at, hours).into());
    }
    Ok(())
}

/// Refuses money that went out before the assignment was registered.
fn require_registered_before(id: FinancingId, financing: &Financing, paid_on: Date) -> Result<(), Rejection> {
    let registration = financing.registration.as_ref().expect("it is registered");
    if registration.registered_at.date() <= paid_on { Ok(()) } else { Err(reject::registration_missing(id)) }
}

fn require_net(expected: Amount, found: Amount) -> Result<(), Rejection> {
    if expected == found { Ok(()) } else { Err(money::reject::net_mismatch(expected, found)) }
}

/// A registration's number, or an amendment's, stands for one financing.
pub(super) fn use_number(
    state: &mut dyn State,
    number: &types::text::Reference,
    financing: FinancingId,
) -> Result<(), Stop> {
    if let Some(entry) = RegistryEntry::load(state, number)? {
        return Err(reject::registry_conflict(format_args!("{number} of {}", entry.financing)).into());
    }
    RegistryEntry { financing }.store(state, number);
    Ok(())
}

/// What a late seller pays: the rate and the policy's addition, half up.
fn penalty_rate(policy: &Policy, rate: types::Rate) -> Result<types::Rate, Rejection> {
    let whole = types::Rate(1_000_000 + policy.financing_penalty_markup.0);
    rate.times_half_up(whole)
}
