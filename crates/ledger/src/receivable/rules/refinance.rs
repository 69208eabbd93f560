//! Resale: a financed lot goes from one financier to another, money and lines with it.

use super::{
    advance, backing,
    disbursement::use_number,
    financing,
    guard::{self, concerned},
    seller,
};
use crate::{
    core::{Call, Context, EntityRole, Function, Record, Role, emit},
    credit, enterprise, money,
    receivable::{
        tree::{self, Root},
        types::{Change, FORMER_BANKS_MAX, Financing, FinancingStatus, LotRefinanced, LotStatus, Refinance, reject},
    },
};
use types::{Key, Rejection, State, Stop, wire};

const SIGN: &[Function] = &[Function::Maker, Function::Checker];

impl Call for Refinance {
    const NAME: &'static str = "refinance";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Bank, SIGN)];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.price.positive()?;
        if self.amendment.is_empty() {
            return Err(wire::malformed("amendment: name the registration's amendment"));
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let mut financing = financing::load(state, id)?;
        guard::require_financing(id, &financing, &[FinancingStatus::Disbursed])?;
        let (bank, buyer) = (financing::bank(&financing), self.buyer);
        guard::require_party(ctx, id, bank)?;
        if buyer == bank {
            return Err(enterprise::reject::self_transfer(bank).into());
        }
        enterprise::require_approvals(ctx, state, bank, financing.amount)?;
        enterprise::require(ctx, state, buyer, Some(EntityRole::Bank), SIGN)?;
        enterprise::require(ctx, state, self.connector, Some(EntityRole::Connector), &[Function::Maker])?;
        let mut root = Root::load(state, financing.certificate)?;
        guard::require_moving(ctx, &root)?;
        let lot = tree::lot(state, financing.lot)?;
        guard::require_not_frozen(financing.lot, &lot)?;
        self.require_paid(ctx, state, bank)?;
        backing::quote(ctx, state, &root.certificate, buyer, financing.amount)?;
        backing::disburse(ctx, state, &root.certificate, buyer, financing.amount)?;
        credit::supplier_take(ctx, state, buyer, financing.seller, financing.amount)?;
        backing::leave(ctx, state, &root.certificate, bank, financing.amount)?;
        credit::supplier_give_back(state, bank, financing.seller, financing.amount)?;
        seller::release_of(ctx, state, &mut financing)?;
        tree::change(state, financing.lot, lot, LotStatus::Financed(id), buyer)?;
        use_number(state, &self.amendment, id)?;
        let full = |_| reject::resales(id, FORMER_BANKS_MAX);
        financing.former_banks.push(bank).map_err(full)?;
        let registration = financing.registration.as_mut().expect("a disbursed financing is registered");
        registration.amendments.push(self.amendment.clone()).map_err(|_| reject::resales(id, FORMER_BANKS_MAX))?;
        financing.bank = Some(buyer);
        let due_on = root.certificate.issued.as_ref().expect("a financed certificate is issued").due_on;
        financing.seller_limit = seller::block(ctx, state, buyer, &financing, due_on)?;
        seller::utilise(ctx, state, &financing)?;
        advance::sold_on(state, id, &financing)?;
        let (lot, price) = (financing.lot, self.price);
        let concerned = concerned(&[bank, buyer, financing.seller]);
        emit(state, &LotRefinanced { financing: id, lot, source: bank, target: buyer, price, concerned });
        financing.store(state, &id);
        root.note(ctx, state, Change::Refinanced(id))?;
        root.store(state);
        Ok(())
    }
}

impl Refinance {
    /// Refuses unless the buyer paid the price to the seller's own account.
    fn require_paid(&self, ctx: &Context, state: &mut dyn State, bank: crate::core::EnterpriseId) -> Result<(), Stop> {
        let fact = money::consume_fact(ctx, state, self.fact, &format!("resale of {}", self.financing))?;
        if fact.payer_owner != self.buyer {
            let detail = format_args!("{} paid, not the buyer {}", fact.payer_owner, self.buyer);
            return Err(money::reject::cash_unattested(detail).into());
        }
        money::account_of(state, fact.payee, bank)?;
        if fact.amount != self.price {
            return Err(money::reject::net_mismatch(self.price, fact.amount).into());
        }
        Ok(())
    }
}
