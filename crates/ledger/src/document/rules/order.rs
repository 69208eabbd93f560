//! Contracts and orders.

use super::{
    CONFIRM, Identity, RECORD, check_parties, countersigned, register, require_confirmable, require_past, sums, traders,
};
use crate::{
    core::{Call, Context, Record, Role, emit},
    document::{
        fingerprint::{self, Kind},
        state::{Known, need},
        types::{
            ConfirmContract, ConfirmOrder, Contract, ContractConfirmed, ContractId, ContractRecorded, LineProgress,
            Order, OrderConfirmed, OrderId, OrderLine, OrderLines, OrderProgress, OrderRecorded, RecordContract,
            RecordOrder, reject,
        },
    },
};
use types::{Amount, List, Quantity, Rejection, State, Stop};

impl Call for RecordContract {
    const NAME: &'static str = "record_contract";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = ContractId;

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        check_parties(&self.parties)?;
        match self.ends_on.filter(|ends_on| *ends_on < self.signed_on) {
            Some(ends_on) => Err(reject::date_order(format!(
                "the contract ends on {ends_on}, before it is signed on {}",
                self.signed_on
            ))),
            None => Ok(()),
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<ContractId, Stop> {
        require_past(ctx, "signed", self.signed_on)?;
        let traders = traders(state, &self.parties)?;
        let id = ContractId::derive(ctx.transaction, ctx.act, 0);
        let confirmed_at = countersigned(ctx, state, &traders)?;
        let (kind, number, date) = (Kind::Contract, self.number.as_str(), self.signed_on);
        register(state, &Identity { kind, traders: &traders, number, date, gross: None }, Known::Contract(id))?;
        let concerned = traders.concerned();
        let contract = Contract {
            number: self.number.clone(),
            traders,
            signed_on: self.signed_on,
            ends_on: self.ends_on,
            value: self.value,
            source: self.source.clone(),
            recorded_by: ctx.actor().enterprise,
            recorded_at: ctx.time,
            confirmed_at,
        };
        contract.store(state, &id);
        let confirmed = confirmed_at.is_some();
        emit(state, &ContractRecorded { contract: id, number: contract.number, confirmed, concerned });
        Ok(id)
    }
}

impl Call for ConfirmContract {
    const NAME: &'static str = "confirm_contract";
    const ROLES: &'static [Role] = CONFIRM;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut contract: Contract = need(state, &self.contract)?;
        let recorded = (contract.recorded_by, contract.confirmed_at);
        require_confirmable(ctx, self.contract, &contract.traders, recorded)?;
        contract.confirmed_at = Some(ctx.time);
        contract.store(state, &self.contract);
        emit(state, &ContractConfirmed { contract: self.contract, concerned: contract.traders.concerned() });
        Ok(())
    }
}

impl Call for RecordOrder {
    const NAME: &'static str = "record_order";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = OrderId;

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        check_parties(&self.parties)?;
        sums::check_order(&self.lines, &self.totals)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<OrderId, Stop> {
        require_past(ctx, "ordered", self.date)?;
        let traders = traders(state, &self.parties)?;
        if let Some(id) = self.contract {
            let contract: Contract = need(state, &id)?;
            if !contract.traders.same(&traders) {
                return Err(reject::match_party(format!("the order is not between the parties of {id}")).into());
            }
        }
        let id = OrderId::derive(ctx.transaction, ctx.act, 0);
        let confirmed_at = countersigned(ctx, state, &traders)?;
        let (kind, number, gross) = (Kind::Order, self.number.as_str(), Some(self.totals.gross));
        let identity = Identity { kind, traders: &traders, number, date: self.date, gross };
        register(state, &identity, Known::Order(id))?;
        let order = Order {
            number: self.number.clone(),
            traders,
            date: self.date,
            contract: self.contract,
            totals: self.totals.clone(),
            source: self.source.clone(),
            recorded_by: ctx.actor().enterprise,
            recorded_at: ctx.time,
            confirmed_at,
        };
        order.store(state, &id);
        OrderLines { lines: self.lines.clone() }.store(state, &id);
        begin(&self.lines, self.totals.gross).store(state, &id);
        let (concerned, confirmed) = (order.traders.concerned(), confirmed_at.is_some());
        let (number, gross) = (order.number, order.totals.gross);
        emit(state, &OrderRecorded { order: id, number, gross, confirmed, concerned });
        Ok(id)
    }
}

/// The progress of an order of which nothing has happened yet.
fn begin(lines: &[OrderLine], gross: Amount) -> OrderProgress {
    let line = |line: &OrderLine| LineProgress {
        number: line.number,
        ordered: line.quantity,
        despatched: Quantity(0),
        received: Quantity(0),
        received_misdated: Quantity(0),
        first_receipt: None,
        invoiced: Quantity(0),
    };
    let lines = List::new(lines.iter().map(line).collect()).expect("as many as the order's lines");
    OrderProgress { lines, invoiced: Amount::zero(gross.currency) }
}

impl Call for ConfirmOrder {
    const NAME: &'static str = "confirm_order";
    const ROLES: &'static [Role] = CONFIRM;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut order: Order = need(state, &self.order)?;
        require_confirmable(ctx, self.order, &order.traders, (order.recorded_by, order.confirmed_at))?;
        order.confirmed_at = Some(ctx.time);
        order.store(state, &self.order);
        emit(state, &OrderConfirmed { order: self.order, concerned: order.traders.concerned() });
        Ok(())
    }
}
