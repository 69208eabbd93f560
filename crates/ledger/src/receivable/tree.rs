//! The tree of lots: the only place where lots are minted, spent, retired, or change their holder.
//!
//! What the certificate owes is moved here together with its lots, so conservation is asserted on every step.

use super::types::{
    Certificate, CertificateId, Change, DisputeId, Lot, LotId, LotStatus, Range, Received, Step, reject,
};
use crate::{
    core::{Context, EnterpriseId, Record},
    document::InvoiceId,
    enterprise, policy,
};
use ::types::{Amount, Rejection, State, Stop};

/// The certificate, or a refusal.
pub(super) fn certificate(state: &mut dyn State, id: CertificateId) -> Result<Certificate, Stop> {
    Ok(Certificate::load(state, &id)?.ok_or_else(|| reject::unknown(id))?)
}

/// The lot, or a refusal.
pub(super) fn lot(state: &mut dyn State, id: LotId) -> Result<Lot, Stop> {
    Ok(Lot::load(state, &id)?.ok_or_else(|| reject::unknown(id))?)
}

/// A certificate that an act works on, with its id.
pub(super) struct Root {
    pub(super) id: CertificateId,
    pub(super) certificate: Certificate,
}

impl Root {
    pub(super) fn load(state: &mut dyn State, id: CertificateId) -> Result<Self, Stop> {
        Ok(Self { id, certificate: certificate(state, id)? })
    }

    /// Writes a step of the history: what changed, when, by whom, under which policy.
    pub(super) fn note(&mut self, ctx: &Context, state: &mut dyn State, change: Change) -> Result<(), Stop> {
        let step = Step {
            at: ctx.time,
            transaction: ctx.transaction,
            policy_version: policy::at(state, ctx.time)?.version,
            actor: ctx.actor.as_ref().map(|actor| actor.enterprise),
            change,
        };
        step.store(state, &(self.id, self.certificate.steps));
        self.certificate.steps += 1;
        Ok(())
    }

    /// Writes the certificate back. What is live, redeemed, canceled and written off is its face: law I1.
    pub(super) fn store(self, state: &mut dyn State) {
        let Certificate { live, redeemed, cancelled, written_off, face, lots, .. } = &self.certificate;
        let parts = [live, redeemed, cancelled, written_off];
        let sum: u64 = parts.iter().map(|part| part.minor).sum();
        assert!(*lots == 0 || sum == face.minor, "every unit of the face is owed, paid, canceled or given up");
        self.certificate.store(state, &self.id);
    }

    /// Mints lot 1 over the whole face for the first creditor.
    pub(super) fn mint_first(&mut self, ctx: &Context, state: &mut dyn State) -> Result<LotId, Stop> {
        assert!(self.certificate.lots == 0, "a certificate is accepted once");
        let face = self.certificate.face;
        self.certificate.live = face;
        let range = Range { start_minor: 0, end_minor: face.minor };
        let part = Part {
            amount: face,
            holder: self.certificate.creditor,
            status: LotStatus::Held,
            depth: 0,
            received: None,
            dispute: None,
            lock: None,
        };
        self.mint(ctx, state, part, range, None)
    }

    /// Spends a lot: children cover its range from left to right, in the order of `parts`. Gives their ids.
    ///
    /// Parts that are not live (burned) leave what the certificate owes to [`Root::owe_less`].
    pub(super) fn cut(
        &mut self,
        ctx: &Context,
        state: &mut dyn State,
        id: LotId,
        parts: Vec<Part>,
    ) -> Result<Vec<LotId>, Stop> {
        let mut parent = lot(state, id)?;
        assert!(parent.is_live(), "only a live lot is cut");
        assert!(parent.paid.is_zero(), "a lot on which money came is not cut any more");
        let first_child = self.certificate.lots + 1;
        let mut start_minor = parent.range.start_minor;
        let mut children = Vec::with_capacity(parts.len());
        for part in parts {
            let end_minor = start_minor + part.amount.minor;
            let range = Range { start_minor, end_minor };
            children.push(self.mint(ctx, state, part, range, Some((id, &parent)))?);
            start_minor = end_minor;
        }
        assert!(start_minor == parent.range.end_minor, "children cover their parent exactly");
        let count = u32::try_from(children.len()).expect("at most PARTS_MAX parts");
        parent.status = LotStatus::Spent { first_child, children: count };
        parent.store(state, &id);
        enterprise::obligations_changed(state, parent.holder, -1)?;
        self.note(ctx, state, Change::LotSpent(id))?;
        Ok(children)
    }

    fn mint(
        &mut self,
        ctx: &Context,
        state: &mut dyn State,
        part: Part,
        range: Range,
        parent: Option<(LotId, &Lot)>,
    ) -> Result<LotId, Stop> {
        assert!(range.length() == part.amount.minor, "a range is as long as its amount");
        self.certificate.lots += 1;
        let number = self.certificate.lots;
        let id = LotId::of(self.id, number);
        if part.status.is_live() {
            enterprise::obligations_changed(state, part.holder, 1)?;
        }
        let lot = Lot {
            certificate: self.id,
            number,
            parent: parent.map(|(id, _)| id),
            obligor: self.certificate.obligor,
            maturity: self.certificate.maturity,
            face: part.amount,
            range,
            holder: part.holder,
            depth: part.depth,
            status: part.status,
            paid: Amount::zero(part.amount.currency),
            line: None,
            freeze: None,
            dispute: part.dispute,
            lock: part.lock,
            received: part.received,
            minted_at: ctx.time,
        };
        lot.store(state, &id);
        Ok(id)
    }

    /// Moves `amount` from live to where it went: paid, burned, or given up.
    pub(super) fn owe_less(&mut self, amount: Amount, gone: Gone) -> Result<(), Rejection> {
        let certificate = &mut self.certificate;
        certificate.live = certificate.live.minus(amount)?.expect("no more leaves a certificate than lives on it");
        let target = match gone {
            Gone::Redeemed => &mut certificate.redeemed,
            Gone::Cancelled => &mut certificate.cancelled,
            Gone::WrittenOff => &mut certificate.written_off,
        };
        *target = target.plus(amount)?;
        Ok(())
    }
}

/// Where an amount went that a certificate no longer owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gone {
    Redeemed,
    Cancelled,
    WrittenOff,
}

/// A child of a lot.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) amount: Amount,
    pub(super) holder: EnterpriseId,
    pub(super) status: LotStatus,
    pub(super) depth: u32,
    pub(super) received: Option<Received>,
    pub(super) dispute: Option<DisputeId>,
    pub(super) lock: Option<InvoiceId>,
}

impl Part {
    /// A part of `lot` that its holder keeps.
    pub(super) fn kept(lot: &Lot, amount: Amount) -> Self {
        Self {
            amount,
            holder: lot.holder,
            status: LotStatus::Held,
            depth: lot.depth,
            received: lot.received.clone(),
            dispute: lot.dispute,
            lock: lot.lock,
        }
    }
}

/// Gives a live lot a new status, and where the status says so a new holder.
pub(super) fn change(
    state: &mut dyn State,
    id: LotId,
    mut lot: Lot,
    status: LotStatus,
    holder: EnterpriseId,
) -> Result<(), Stop> {
    let live = (lot.status.is_live(), status.is_live());
    assert!(live.0, "what is spent or paid stays so");
    if holder != lot.holder || !live.1 {
        enterprise::obligations_changed(state, lot.holder, -1)?;
        if live.1 {
            enterprise::obligations_changed(state, holder, 1)?;
        }
    }
    lot.status = status;
    lot.holder = holder;
    lot.store(state, &id);
    Ok(())
}
