//! Transfer: a holder pays what it owes with a lot, and a trade document proves that it owes it.

use super::{
    guard::{self, concerned},
    lot::take,
};
use crate::{
    core::{Call, Context, EnterpriseId, Function, Record, Role, due, emit},
    document,
    document::{ClaimUse, Claimant, InvoiceStatus, Trade},
    enterprise, policy,
    receivable::{
        MODULE,
        due::Due,
        tree::{self, Part, Root},
        types::{
            AcceptTransfer, AlertRaised, AlertRule, Change, DeclineTransfer, Lot, LotId, LotStatus, LotTransferred,
            OfferTransfer, Received, RevokeTransfer, Transfer, TransferClosed, TransferId, TransferMode,
            TransferOffered, TransferStatus, reject,
        },
    },
};
use types::{Key, Rejection, State, Stop, text::Remark, wire};

const BOTH: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];

impl Call for OfferTransfer {
    const NAME: &'static str = "offer_transfer";
    const ROLES: &'static [Role] = BOTH;
    /// The offer; already accepted where the certificate's mode asks for no signature of the receiver.
    type Outcome = TransferId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        for claim in &self.claims {
            claim.amount.positive()?;
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Lot::key(&self.lot)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<TransferId, Stop> {
        let (mut root, lot) = guard::movable(ctx, state, self.lot)?;
        let source = lot.holder;
        enterprise::require_approvals(ctx, state, source, self.amount)?;
        self.require_target(ctx, state, &lot)?;
        let depth_max = guard::policy_of(state, &root)?.depth_max;
        if lot.depth >= depth_max {
            return Err(reject::depth(lot.depth + 1, depth_max).into());
        }
        self.require_no_loop(ctx, state, &lot)?;
        let id = TransferId::derive(ctx.transaction, ctx.act, 0);
        self.reserve(ctx, state, id, source)?;
        let (lot_id, mut lot) = take(ctx, state, &mut root, (self.lot, lot), self.amount)?;
        self.warn(ctx, state, (lot_id, &lot))?;
        lot.status = LotStatus::OfferedOut(id);
        lot.store(state, &lot_id);
        let issued = root.certificate.issued.as_ref().expect("a certificate is issued before its lots move");
        let call_at = issued.call_at;
        let policy = policy::at(state, ctx.time)?;
        let last = policy::add_business_days(state, ctx.time.date(), policy.transfer_ttl_business_days)?;
        let transfer = Transfer {
            certificate: root.id,
            lot: lot_id,
            source,
            target: self.target,
            amount: self.amount,
            claims: self.claims.clone(),
            relation: self.relation.clone(),
            status: TransferStatus::Offered,
            offered_at: ctx.time,
            expires: last.plus_days(1).at(0, 0).min(call_at),
            received_lot: None,
            policy_version: policy.version,
        };
        root.note(ctx, state, Change::Transfer(id, TransferStatus::Offered))?;
        match root.certificate.transfer_mode {
            TransferMode::SignToReceive => offer(state, root, id, transfer)?,
            TransferMode::NoticeOnly => conclude(ctx, state, root, id, transfer)?,
        }
        Ok(id)
    }
}

impl OfferTransfer {
    /// Refuses a receiver who may not get the lot.
    fn require_target(&self, ctx: &Context, state: &mut dyn State, lot: &Lot) -> Result<(), Stop> {
        if self.target == lot.holder {
            return Err(enterprise::reject::self_transfer(lot.holder).into());
        }
        if self.target == lot.obligor {
            return Err(reject::to_obligor(lot.obligor).into());
        }
        guard::require_may_hold(ctx, state, self.target)?;
        if self.relation.is_none() && enterprise::are_related(state, lot.holder, self.target)? {
            return Err(enterprise::reject::related_undeclared(lot.holder, self.target).into());
        }
        Ok(())
    }

    /// Reserves the trade documents; refuses when they prove less than is passed on.
    fn reserve(&self, ctx: &Context, state: &mut dyn State, id: TransferId, source: EnterpriseId) -> Result<(), Stop> {
        let claimant = Claimant { module: MODULE.number, notify: wire::encode(&Due::TransferInvoiceRevoked(id)) };
        let trade = Trade { debtor: source, creditor: self.target };
        let documented = document::reserve(ctx, state, ClaimUse::Transfer, trade, &self.claims, claimant)?;
        Ok(guard::require_documented(documented, self.amount)?)
    }

    /// Whether the lot goes back where it came from, on the same day and in the same amount.
    fn goes_back(&self, ctx: &Context, lot: &Lot) -> bool {
        let back = |received: &Received| {
            received.from == self.target && received.on == ctx.time.date() && received.amount == self.amount
        };
        lot.received.as_ref().is_some_and(back)
    }

    /// Refuses a lot that goes back on papers which were there before it came: only new trade explains that.
    fn require_no_loop(&self, ctx: &Context, state: &mut dyn State, lot: &Lot) -> Result<(), Stop> {
        if !self.goes_back(ctx, lot) {
            return Ok(());
        }
        for claim in &self.claims {
            if document::invoice(state, claim.invoice)?.recorded_at < lot.minted_at {
                return Err(reject::transfer_loop(self.lot, self.target).into());
            }
        }
        Ok(())
    }

    /// Raises alerts that refuse nothing: related parties (F10), and a lot that goes back where it came from (F06).
    fn warn(&self, ctx: &Context, state: &mut dyn State, (id, lot): (LotId, &Lot)) -> Result<(), Stop> {
        let told = [lot.holder, self.target, lot.obligor];
        if enterprise::are_related(state, lot.holder, self.target)? {
            guard::alert(state, (AlertRule::RelatedParties, 3), (id, lot), &told);
        }
        if self.goes_back(ctx, lot) {
            guard::alert(state, (AlertRule::PingPongTransfer, 2), (id, lot), &told);
        }
        Ok(())
    }
}

impl Call for AcceptTransfer {
    const NAME: &'static str = "accept_transfer";
    const ROLES: &'static [Role] = BOTH;
    /// The lot that you hold from now on.
    type Outcome = LotId;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Transfer::key(&self.transfer)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<LotId, Stop> {
        let transfer = open_offer(state, self.transfer)?;
        guard::require_party(ctx, self.transfer, transfer.target)?;
        guard::require_before(ctx, self.transfer, transfer.expires)?;
        enterprise::require_limits(ctx, transfer.amount)?;
        let root = Root::load(state, transfer.certificate)?;
        guard::require_moving(ctx, &root)?;
        let lot = tree::lot(state, transfer.lot)?;
        guard::require_not_frozen(transfer.lot, &lot)?;
        guard::require_unlocked(transfer.lot, &lot)?;
        conclude(ctx, state, root, self.transfer, transfer)?;
        let transfer = Transfer::load(state, &self.transfer)?.expect("stored one line above");
        Ok(transfer.received_lot.expect("a concluded transfer has its lot"))
    }
}

impl Call for DeclineTransfer {
    const NAME: &'static str = "decline_transfer";
    const ROLES: &'static [Role] = &[Role::any(&[Function::Maker])];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let transfer = open_offer(state, self.transfer)?;
        guard::require_party(ctx, self.transfer, transfer.target)?;
        give_back(ctx, state, self.transfer, transfer, (TransferStatus::Declined, Some(&self.reason)))
    }
}

impl Call for RevokeTransfer {
    const NAME: &'static str = "revoke_transfer";
    const ROLES: &'static [Role] = &[Role::any(&[Function::Maker])];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let transfer = open_offer(state, self.transfer)?;
        guard::require_party(ctx, self.transfer, transfer.source)?;
        give_back(ctx, state, self.transfer, transfer, (TransferStatus::Revoked, Some(&self.reason)))
    }
}

/// An offer's time is up, unless it has ended before.
pub(in crate::receivable) fn expire(ctx: &Context, state: &mut dyn State, id: TransferId) -> Result<(), Stop> {
    let transfer = Transfer::load(state, &id)?.expect("a transfer is stored in the act that schedules its expiry");
    match transfer.status {
        TransferStatus::Offered => give_back(ctx, state, id, transfer, (TransferStatus::Expired, None)),
        TransferStatus::Accepted | TransferStatus::Declined | TransferStatus::Revoked | TransferStatus::Expired => {
            Ok(())
        }
    }
}

/// An invoice that a transfer pays was revoked: an open offer is taken back; one that was accepted stays, and both
/// sides are told.
pub(in crate::receivable) fn invoice_revoked(ctx: &Context, state: &mut dyn State, id: TransferId) -> Result<(), Stop> {
    let transfer = Transfer::load(state, &id)?.expect("a transfer is stored in the act that claims its invoices");
    for claim in transfer.claims.clone().iter() {
        match document::invoice(state, claim.invoice)?.status {
            InvoiceStatus::RedLettered | InvoiceStatus::Void => {}
            InvoiceStatus::Unchecked | InvoiceStatus::Normal => continue,
        }
        let (rule, severity, certificate) = (AlertRule::InvoiceRevoked, 1, transfer.certificate);
        let (lot, invoice) = (Some(transfer.lot), Some(claim.invoice));
        let concerned = concerned(&[transfer.source, transfer.target]);
        emit(state, &AlertRaised { rule, severity, certificate, lot, invoice, concerned });
    }
    match transfer.status {
        TransferStatus::Offered => give_back(ctx, state, id, transfer, (TransferStatus::Revoked, None)),
        TransferStatus::Accepted | TransferStatus::Declined | TransferStatus::Revoked | TransferStatus::Expired => {
            Ok(())
        }
    }
}

fn open_offer(state: &mut dyn State, id: TransferId) -> Result<Transfer, Stop> {
    let transfer = Transfer::load(state, &id)?.ok_or_else(|| reject::unknown(id))?;
    match transfer.status {
        TransferStatus::Offered => Ok(transfer),
        status @ (TransferStatus::Accepted
        | TransferStatus::Declined
        | TransferStatus::Revoked
        | TransferStatus::Expired) => Err(reject::transfer_state(id, format!("{status:?}")).into()),
    }
}

/// Writes an offer that waits for its receiver.
fn offer(state: &mut dyn State, root: Root, id: TransferId, transfer: Transfer) -> Result<(), Stop> {
    let Transfer { certificate, lot, source, target, amount, expires, .. } = transfer;
    due::schedule(state, expires, MODULE.number, wire::encode(&Due::TransferExpiry(id)))?;
    let concerned = concerned(&[source, target]);
    emit(state, &TransferOffered { transfer: id, certificate, lot, amount, expires, concerned });
    transfer.store(state, &id);
    root.store(state);
    Ok(())
}

/// Gives the lot to the receiver: it is spent, and its child is the receiver's. The debt it pays is paid for good.
fn conclude(
    ctx: &Context,
    state: &mut dyn State,
    mut root: Root,
    id: TransferId,
    mut transfer: Transfer,
) -> Result<(), Stop> {
    document::commit(state, &transfer.claims)?;
    document::settle(state, &transfer.claims)?;
    let lot = tree::lot(state, transfer.lot)?;
    let Transfer { source, target, amount, .. } = transfer;
    let received = Received { transfer: id, from: source, on: ctx.time.date(), amount };
    let part = Part {
        amount,
        holder: target,
        status: LotStatus::Held,
        depth: lot.depth + 1,
        received: Some(received),
        dispute: None,
        lock: None,
    };
    let child = root.cut(ctx, state, transfer.lot, vec![part])?[0];
    transfer.status = TransferStatus::Accepted;
    transfer.received_lot = Some(child);
    root.note(ctx, state, Change::Transfer(id, TransferStatus::Accepted))?;
    let concerned = concerned(&[source, target, lot.obligor]);
    emit(state, &LotTransferred { transfer: id, certificate: root.id, lot: child, amount, concerned });
    transfer.store(state, &id);
    root.store(state);
    Ok(())
}

/// Ends an offer without a transfer: the lot is its holder's again, the documents are free.
fn give_back(
    ctx: &Context,
    state: &mut dyn State,
    id: TransferId,
    mut transfer: Transfer,
    (status, reason): (TransferStatus, Option<&Remark>),
) -> Result<(), Stop> {
    document::release(state, &transfer.claims)?;
    let mut lot = tree::lot(state, transfer.lot)?;
    assert!(lot.status == LotStatus::OfferedOut(id), "an open offer has its lot");
    lot.status = LotStatus::Held;
    lot.store(state, &transfer.lot);
    let mut root = Root::load(state, transfer.certificate)?;
    root.note(ctx, state, Change::Transfer(id, status))?;
    root.store(state);
    let concerned = concerned(&[transfer.source, transfer.target]);
    emit(state, &TransferClosed { transfer: id, status, reason: reason.cloned(), concerned });
    transfer.status = status;
    transfer.store(state, &id);
    Ok(())
}
