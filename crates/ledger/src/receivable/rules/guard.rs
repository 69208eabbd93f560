//! What several acts refuse alike.

use crate::{
    core::{Context, EnterpriseId, EntityRole, emit},
    document,
    enterprise::{self, Enterprise},
    money,
    policy::{self, HolderType, InForce},
    receivable::{
        tree::Root,
        types::{
            AlertRaised, AlertRule, CertificateId, CertificateStatus, Concerned, Financing, FinancingId,
            FinancingStatus, Lot, LotId, LotStatus, Quote, QuoteStatus, Severity, reject,
        },
    },
};
use types::{Amount, Rejection, State, Stop, Timestamp};

/// The enterprises that an event tells, each once.
pub(in crate::receivable) fn concerned(enterprises: &[EnterpriseId]) -> Concerned {
    let mut concerned = Concerned::default();
    for enterprise in enterprises {
        if !concerned.contains(enterprise) {
            concerned.push(*enterprise).expect("acts concern a handful of enterprises");
        }
    }
    concerned
}

/// Raises an alert about a lot, for the enterprises that must look at it.
pub(in crate::receivable) fn alert(
    state: &mut dyn State,
    (rule, severity): (AlertRule, Severity),
    lot: (LotId, &Lot),
    told: &[EnterpriseId],
) {
    let certificate = lot.1.certificate;
    let concerned = concerned(told);
    emit(state, &AlertRaised { rule, severity, certificate, lot: Some(lot.0), invoice: None, concerned });
}

/// Raises an alert about a whole certificate.
pub(in crate::receivable) fn alert_certificate(
    state: &mut dyn State,
    (rule, severity): (AlertRule, Severity),
    certificate: CertificateId,
    told: &[EnterpriseId],
) {
    let concerned = concerned(told);
    emit(state, &AlertRaised { rule, severity, certificate, lot: None, invoice: None, concerned });
}

/// Refuses a certificate in another status.
pub(in crate::receivable) fn require_status(root: &Root, needed: CertificateStatus) -> Result<(), Rejection> {
    let status = root.certificate.status;
    if status == needed { Ok(()) } else { Err(root_state(root, format_args!("{needed:?}"))) }
}

fn root_state(root: &Root, needed: impl std::fmt::Display) -> Rejection {
    reject::root_state(root.id, format!("{:?}", root.certificate.status), needed)
}

/// Refuses an enterprise that is not the one that this is for.
pub(in crate::receivable) fn require_party(
    ctx: &Context,
    record: impl std::fmt::Display,
    party: EnterpriseId,
) -> Result<(), Rejection> {
    let actor = ctx.actor().enterprise;
    if actor == party { Ok(()) } else { Err(reject::not_party(record, actor)) }
}

/// Refuses trade documents that prove less than they pay, and claims on more of them than they pay: what is claimed is
/// used up for good.
pub(in crate::receivable) fn require_documented(documented: Amount, needed: Amount) -> Result<(), Rejection> {
    match documented.minus(needed)? {
        None => Err(document::reject::trade_doc_short(documented, needed)),
        Some(over) if !over.is_zero() => Err(reject::claims_over(documented, needed)),
        Some(_) => Ok(()),
    }
}

/// Refuses what comes too late.
pub(in crate::receivable) fn require_before(
    ctx: &Context,
    what: impl std::fmt::Display,
    expires: Timestamp,
) -> Result<(), Rejection> {
    if ctx.time < expires { Ok(()) } else { Err(reject::ttl_expired(what, expires)) }
}

/// Refuses unless the certificate's lots may move: it is active, and its maturity has not been called.
pub(in crate::receivable) fn require_moving(ctx: &Context, root: &Root) -> Result<(), Rejection> {
    let issued = root.certificate.issued.as_ref();
    match root.certificate.status {
        CertificateStatus::Active | CertificateStatus::Maturing => {
            let call_at = issued.expect("a certificate is issued before it is active").call_at;
            let closed = root.certificate.status == CertificateStatus::Maturing || ctx.time >= call_at;
            if closed { Err(reject::record_closed(root.id, call_at)) } else { Ok(()) }
        }
        CertificateStatus::Draft
        | CertificateStatus::PendingInternal
        | CertificateStatus::Offered
        | CertificateStatus::Overdue
        | CertificateStatus::Defaulted
        | CertificateStatus::Settled
        | CertificateStatus::SettledLate
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired
        | CertificateStatus::Cancelled => Err(root_state(root, "Active")),
    }
}

/// Refuses another's lot.
pub(in crate::receivable) fn require_holder(id: LotId, lot: &Lot, enterprise: EnterpriseId) -> Result<(), Rejection> {
    if lot.holder == enterprise { Ok(()) } else { Err(reject::not_holder(id, enterprise)) }
}

/// Refuses a lot that its holder does not dispose of: spent, paid, locked, financed, frozen or disputed.
pub(in crate::receivable) fn require_free(id: LotId, lot: &Lot) -> Result<(), Rejection> {
    match lot.status {
        LotStatus::Held => {}
        LotStatus::OfferedOut(transfer) => return Err(reject::lot_locked(id, transfer)),
        LotStatus::InFinancing(financing) | LotStatus::Recoursed(financing) => {
            return Err(reject::lot_locked(id, financing));
        }
        LotStatus::Subrogated => return Err(reject::lot_locked(id, "the guarantee that was paid")),
        LotStatus::Financed(financing) => return Err(reject::already_financed(id, financing)),
        LotStatus::Spent { .. } | LotStatus::Redeemed | LotStatus::Cancelled | LotStatus::WrittenOff => {
            return Err(reject::lot_spent(id));
        }
    }
    require_not_frozen(id, lot)?;
    if let Some(dispute) = lot.dispute {
        return Err(reject::lot_disputed(id, dispute));
    }
    require_unlocked(id, lot)
}

/// Refuses a lot that is locked because an invoice behind it was revoked.
pub(in crate::receivable) fn require_unlocked(id: LotId, lot: &Lot) -> Result<(), Rejection> {
    match lot.lock {
        Some(invoice) => Err(reject::lot_locked(id, invoice)),
        None => Ok(()),
    }
}

/// Refuses a frozen lot.
pub(in crate::receivable) fn require_not_frozen(id: LotId, lot: &Lot) -> Result<(), Rejection> {
    match lot.freeze {
        Some(freeze) => Err(reject::lot_frozen(id, freeze)),
        None => Ok(()),
    }
}

/// The acting enterprise's free lot, on a certificate whose lots may move.
pub(in crate::receivable) fn movable(ctx: &Context, state: &mut dyn State, id: LotId) -> Result<(Root, Lot), Stop> {
    let lot = crate::receivable::tree::lot(state, id)?;
    require_holder(id, &lot, ctx.actor().enterprise)?;
    let root = Root::load(state, lot.certificate)?;
    require_free(id, &lot)?;
    require_moving(ctx, &root)?;
    Ok((root, lot))
}

/// The policy under which the certificate was issued, and lives.
pub(in crate::receivable) fn policy_of(state: &mut dyn State, root: &Root) -> Result<InForce, Stop> {
    let issued = root.certificate.issued.as_ref().expect("only an issued certificate has lots");
    Ok(policy::at(state, issued.at)?)
}

/// Refuses an enterprise that may not hold certificates: not active, of a kind the policy does not allow, or the
/// platform's operator.
pub(in crate::receivable) fn require_may_hold(
    ctx: &Context,
    state: &mut dyn State,
    id: EnterpriseId,
) -> Result<(), Stop> {
    let enterprise = enterprise::active(state, id)?;
    if enterprise.roles.contains(&EntityRole::Operator) {
        return Err(money::reject::operator_account(id).into());
    }
    let kind = holder_type(&enterprise);
    if policy::at(state, ctx.time)?.holder_types.contains(&kind) {
        return Ok(());
    }
    Err(reject::holder_type(id, format!("{kind:?}")).into())
}

/// What kind of holder an enterprise is. Natural persons cannot register; securitisation vehicles register as banks.
fn holder_type(enterprise: &Enterprise) -> HolderType {
    if enterprise.roles.contains(&EntityRole::Bank) { HolderType::FinancialInstitution } else { HolderType::Enterprise }
}

/// The enterprise, active and in a role.
pub(in crate::receivable) fn require_role(
    state: &mut dyn State,
    id: EnterpriseId,
    role: EntityRole,
) -> Result<(), Stop> {
    if enterprise::active(state, id)?.roles.contains(&role) {
        return Ok(());
    }
    Err(reject::party_role(id, format!("{role:?}")).into())
}

/// Refuses a financing in another status.
pub(in crate::receivable) fn require_financing(
    id: FinancingId,
    financing: &Financing,
    needed: &[FinancingStatus],
) -> Result<(), Rejection> {
    if needed.contains(&financing.status) {
        return Ok(());
    }
    let list = needed.iter().map(|status| format!("{status:?}")).collect::<Vec<_>>().join(" or ");
    Err(financing_state(id, financing, list))
}

/// How a financing in another status is refused.
pub(in crate::receivable) fn financing_state(
    id: FinancingId,
    financing: &Financing,
    needed: impl std::fmt::Display,
) -> Rejection {
    reject::financing_state(id, format!("{:?}", financing.status), needed)
}

/// Refuses a quote in another status.
pub(in crate::receivable) fn require_quote(quote: &Quote, needed: &[QuoteStatus]) -> Result<(), Rejection> {
    if needed.contains(&quote.status) {
        return Ok(());
    }
    let list = needed.iter().map(|status| format!("{status:?}")).collect::<Vec<_>>().join(" or ");
    Err(reject::quote_state(quote.bank, format!("{:?}", quote.status), list))
}
