//! Deliveries: what was sent, what arrived.

use super::{Identity, RECORD, register, require_past, require_side, sums};
use crate::{
    core::{Call, Context, Record, Role, emit},
    document::{
        fingerprint::{self, Kind},
        matching::add,
        state::{Known, need},
        types::{
            ConfirmReceipt, Delivery, DeliveryId, DeliveryRecorded, Order, OrderProgress, Receipt, ReceiptConfirmed,
            RecordDelivery, Side, reject,
        },
    },
};
use types::{Quantity, Rejection, State, Stop};

impl Call for RecordDelivery {
    const NAME: &'static str = "record_delivery";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = DeliveryId;

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        sums::check_delivery(&self.lines)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<DeliveryId, Stop> {
        require_past(ctx, "despatched", self.despatched_on)?;
        let order: Order = need(state, &self.order)?;
        require_side(ctx, &order.traders, Side::Seller)?;
        let id = DeliveryId::derive(ctx.transaction, ctx.act, 0);
        let (kind, number, date) = (Kind::Delivery, self.number.as_str(), self.despatched_on);
        let identity = Identity { kind, traders: &order.traders, number, date, gross: None };
        register(state, &identity, Known::Delivery(id))?;
        let mut progress: OrderProgress = need(state, &self.order)?;
        for line in &self.lines {
            let position = sums::line_of(&mut progress, line.order_line)?;
            position.despatched = add(position.despatched, line.quantity)?;
        }
        progress.store(state, &self.order);
        let delivery = Delivery {
            number: self.number.clone(),
            order: self.order,
            traders: order.traders,
            despatched_on: self.despatched_on,
            lines: self.lines.clone(),
            source: self.source.clone(),
            recorded_by: ctx.actor().enterprise,
            recorded_at: ctx.time,
            receipt: None,
        };
        delivery.store(state, &id);
        let (order, despatched_on, concerned) = (self.order, self.despatched_on, delivery.traders.concerned());
        emit(state, &DeliveryRecorded { delivery: id, order, despatched_on, concerned });
        Ok(id)
    }
}

impl Call for ConfirmReceipt {
    const NAME: &'static str = "confirm_receipt";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        sums::check_delivery(&self.lines)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        require_past(ctx, "received", self.received_on)?;
        let mut delivery: Delivery = need(state, &self.delivery)?;
        require_side(ctx, &delivery.traders, Side::Buyer)?;
        if delivery.receipt.is_some() {
            return Err(reject::already_confirmed(self.delivery).into());
        }
        let order: Order = need(state, &delivery.order)?;
        let in_order = order.date <= delivery.despatched_on && delivery.despatched_on <= self.received_on;
        let mut progress: OrderProgress = need(state, &delivery.order)?;
        for line in &self.lines {
            let sent = delivery.lines.iter().find(|sent| sent.order_line == line.order_line);
            let sent = sent.map_or(Quantity(0), |sent| sent.quantity);
            if line.quantity > sent {
                return Err(reject::receipt_over(line.order_line, line.quantity, sent).into());
            }
            let position = sums::line_of(&mut progress, line.order_line)?;
            if !in_order {
                position.received_misdated = add(position.received_misdated, line.quantity)?;
                continue;
            }
            position.received = add(position.received, line.quantity)?;
            let first = position.first_receipt.map_or(self.received_on, |first| first.min(self.received_on));
            position.first_receipt = Some(first);
        }
        progress.store(state, &delivery.order);
        delivery.receipt = Some(Receipt {
            number: self.number.clone(),
            received_on: self.received_on,
            lines: self.lines.clone(),
            source: self.source.clone(),
            confirmed_at: ctx.time,
        });
        delivery.store(state, &self.delivery);
        let (order, received_on, concerned) = (delivery.order, self.received_on, delivery.traders.concerned());
        emit(state, &ReceiptConfirmed { delivery: self.delivery, order, received_on, concerned });
        Ok(())
    }
}
