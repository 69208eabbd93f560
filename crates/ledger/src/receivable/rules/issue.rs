//! Issue: from the draft to the first creditor's acceptance.

use super::{
    backing, dilution,
    guard::{self, concerned},
    settlement,
};
use crate::{
    core::{Call, Context, EntityRole, Function, Record, Role, due, emit},
    credit, document,
    document::{ClaimUse, Claimant, InvoiceStatus, Trade},
    enterprise, policy,
    policy::Policy,
    receivable::{
        MODULE,
        due::Due,
        tree::Root,
        types::{
            Accept, Acceptance, AlertRaised, AlertRule, ApproveIssue, Certificate, CertificateAccepted,
            CertificateClosed, CertificateDrafted, CertificateId, CertificateOffered, CertificateStatus,
            CertificateSubmitted, Change, Consent, CounterClaim, CounterClaimId, Decline, Draft, Issued, LotId,
            PaymentClock, PaymentTermExceeded, Refuse, Submit, Withdraw, reject,
        },
    },
};
use types::{Amount, Date, Rate, Rejection, State, Stop, Timestamp, rejection::tech, text::Remark, wire};

const MAKER: &[Role] = &[Role::of(EntityRole::Core, &[Function::Maker])];
const CHECKER: &[Role] = &[Role::of(EntityRole::Core, &[Function::Checker])];
const CREDITOR: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];

impl Call for Draft {
    const NAME: &'static str = "draft";
    const ROLES: &'static [Role] = MAKER;
    type Outcome = CertificateId;

    fn check(&self) -> Result<(), Rejection> {
        self.face.positive()?;
        let mut needed = self.face;
        for netting in &self.nettings {
            needed = needed.plus(netting.amount.positive()?)?;
        }
        let mut documented = Amount::zero(self.face.currency);
        for claim in &self.claims {
            documented = documented.plus(claim.amount.positive()?)?;
        }
        if self.claims.is_empty() {
            return Err(document::reject::trade_doc_missing("a certificate rests on at least one invoice"));
        }
        guard::require_documented(documented, needed)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<CertificateId, Stop> {
        let actor = ctx.actor();
        if self.creditor == actor.enterprise {
            return Err(enterprise::reject::self_transfer(actor.enterprise).into());
        }
        guard::require_may_hold(ctx, state, self.creditor)?;
        guard::require_role(state, self.settlement_agent, EntityRole::SettlementAgent)?;
        backing::require_backer(state, self.backing, (actor.enterprise, self.creditor))?;
        require_tenor(ctx, state, self.maturity, self.tenor_reason.as_ref())?;
        let id = CertificateId::derive(ctx.transaction, ctx.act, 0);
        let zero = Amount::zero(self.face.currency);
        let certificate = Certificate {
            obligor: actor.enterprise,
            creditor: self.creditor,
            settlement_agent: self.settlement_agent,
            backing: self.backing,
            face: self.face,
            claims: self.claims.clone(),
            nettings: self.nettings.clone(),
            payment_clock: None,
            maturity: self.maturity,
            tenor_reason: self.tenor_reason.clone(),
            undertaking: self.undertaking,
            transfer_mode: self.transfer_mode,
            penalty_rate: self.penalty_rate,
            status: CertificateStatus::Draft,
            maker: actor.member,
            drafted_at: ctx.time,
            expires: None,
            issued: None,
            acceptance: None,
            lots: 0,
            live: zero,
            redeemed: zero,
            cancelled: zero,
            written_off: zero,
            steps: 0,
        };
        let concerned = concerned(&[certificate.obligor]);
        emit(state, &CertificateDrafted { certificate: id, face: self.face, maturity: self.maturity, concerned });
        let mut root = Root { id, certificate };
        root.note(ctx, state, Change::Certificate(CertificateStatus::Draft))?;
        root.store(state);
        Ok(id)
    }
}

impl Call for Submit {
    const NAME: &'static str = "submit";
    const ROLES: &'static [Role] = MAKER;
    /// When it expires unless it is approved.
    type Outcome = Timestamp;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<types::Key> {
        vec![Certificate::key(&self.certificate)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Timestamp, Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        guard::require_status(&root, CertificateStatus::Draft)?;
        let Certificate { obligor, creditor, face, maturity, .. } = root.certificate;
        guard::require_may_hold(ctx, state, creditor)?;
        let schedule = require_tenor(ctx, state, maturity, root.certificate.tenor_reason.as_ref())?;
        credit::quota_block(ctx, state, obligor, face)?;
        backing::block(ctx, state, &root.certificate, schedule.due_on)?;
        reserve_nettings(state, &root.certificate)?;
        let claimant = Claimant { module: MODULE.number, notify: wire::encode(&Due::InvoiceRevoked(root.id)) };
        let trade = Trade { debtor: obligor, creditor };
        document::reserve(ctx, state, ClaimUse::Issue, trade, &root.certificate.claims, claimant)?;
        root.certificate.payment_clock = payment_clock(ctx, state, &root.certificate)?;
        let hours = policy::at(state, ctx.time)?.registry_reservation_ttl_hours;
        let expires = ctx.time.plus_hours(u64::from(hours));
        wait(state, &mut root, expires)?;
        emit(state, &CertificateSubmitted { certificate: root.id, expires, concerned: concerned(&[obligor]) });
        set_status(ctx, state, root, CertificateStatus::PendingInternal)?;
        Ok(expires)
    }
}

impl Call for ApproveIssue {
    const NAME: &'static str = "approve_issue";
    const ROLES: &'static [Role] = CHECKER;
    /// When the offer expires unless it is accepted.
    type Outcome = Timestamp;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<types::Key> {
        vec![Certificate::key(&self.certificate)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Timestamp, Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        require_waiting(ctx, &root, CertificateStatus::PendingInternal)?;
        let Certificate { obligor, creditor, face, maturity, maker, undertaking, .. } = root.certificate;
        enterprise::require_approvals_beyond(ctx, state, obligor, maker, face)?;
        if undertaking != self.undertaking {
            return Err(tech::hash_mismatch(undertaking, self.undertaking).into());
        }
        backing::require_signed(ctx, state, root.certificate.backing)?;
        credit::require_issuer(ctx, state, obligor)?;
        let schedule = require_tenor(ctx, state, maturity, root.certificate.tenor_reason.as_ref())?;
        document::require_fresh(ctx, state, &root.certificate.claims)?;
        let policy = policy::at(state, ctx.time)?;
        let last = policy::add_business_days(state, ctx.time.date(), policy.offer_ttl_business_days)?;
        let expires = last.plus_days(1).at(0, 0).min(schedule.record_at);
        root.certificate.issued = Some(Issued {
            at: ctx.time,
            policy_version: policy.version,
            due_on: schedule.due_on,
            call_at: schedule.call_at,
            record_at: schedule.record_at,
            cutoff_at: schedule.cutoff_at,
            penalty_rate: penalty_rate(&policy, root.certificate.penalty_rate)?,
        });
        wait(state, &mut root, expires)?;
        let concerned = concerned(&[creditor, obligor]);
        let days_over = root.certificate.payment_clock.map_or(0, |clock| clock.days_over);
        emit(state, &CertificateOffered { certificate: root.id, face, maturity, expires, days_over, concerned });
        set_status(ctx, state, root, CertificateStatus::Offered)?;
        Ok(expires)
    }
}

impl Call for Refuse {
    const NAME: &'static str = "refuse";
    const ROLES: &'static [Role] = CHECKER;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        guard::require_status(&root, CertificateStatus::PendingInternal)?;
        end(ctx, state, root, CertificateStatus::Rejected, Some(&self.reason))
    }
}

impl Call for Accept {
    const NAME: &'static str = "accept";
    const ROLES: &'static [Role] = CREDITOR;
    /// The first lot.
    type Outcome = LotId;

    fn check(&self) -> Result<(), Rejection> {
        match self.consent {
            Consent::Given { .. } => Ok(()),
            Consent::NotFree => Err(reject::consent()),
        }
    }

    fn touches(&self) -> Vec<types::Key> {
        vec![Certificate::key(&self.certificate)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<LotId, Stop> {
        let Consent::Given { statement } = self.consent else {
            return Err(reject::consent().into());
        };
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.creditor)?;
        require_waiting(ctx, &root, CertificateStatus::Offered)?;
        let Certificate { obligor, creditor, face, .. } = root.certificate;
        enterprise::require_limits(ctx, face)?;
        credit::quota_use(ctx, state, obligor, face)?;
        backing::bind(ctx, state, &root.certificate)?;
        document::commit(state, &root.certificate.claims)?;
        conclude_nettings(state, &root.certificate)?;
        let lot = root.mint_first(ctx, state)?;
        enterprise::obligations_changed(state, obligor, 1)?;
        root.certificate.expires = None;
        let days_over = flag_long_term(state, &root);
        let by = ctx.actor().member;
        root.certificate.acceptance = Some(Acceptance { at: ctx.time, by, consent: statement, days_over });
        let concerned = concerned(&[obligor, creditor, root.certificate.settlement_agent]);
        emit(state, &CertificateAccepted { certificate: root.id, lot, face, consent: statement, concerned });
        settlement::schedule(ctx, state, &root)?;
        set_status(ctx, state, root, CertificateStatus::Active)?;
        Ok(lot)
    }
}

impl Call for Decline {
    const NAME: &'static str = "decline";
    const ROLES: &'static [Role] = CREDITOR;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.creditor)?;
        guard::require_status(&root, CertificateStatus::Offered)?;
        end(ctx, state, root, CertificateStatus::Rejected, Some(&self.reason))
    }
}

impl Call for Withdraw {
    const NAME: &'static str = "withdraw";
    const ROLES: &'static [Role] = CHECKER;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        if root.certificate.status != CertificateStatus::Draft {
            guard::require_status(&root, CertificateStatus::Offered)?;
        }
        end(ctx, state, root, CertificateStatus::Withdrawn, Some(&self.reason))
    }
}

/// Counts from the first goods receipt behind the invoices.
fn payment_clock(ctx: &Context, state: &mut dyn State, of: &Certificate) -> Result<Option<PaymentClock>, Stop> {
    let mut first: Option<Date> = None;
    for claim in &of.claims {
        if let Some(date) = document::first_received_on(state, claim.invoice)? {
            first = Some(first.map_or(date, |first| first.min(date)));
        }
    }
    let Some(delivered_on) = first else { return Ok(None) };
    let pay_by = delivered_on.plus_days(policy::at(state, ctx.time)?.small_supplier_payment_days);
    let days_over = pay_by.days_until(of.maturity).unwrap_or(0);
    Ok(Some(PaymentClock { delivered_on, pay_by, days_over }))
}

/// Tells obligor and creditor that the creditor waits longer than a small supplier has to; gives by how many days.
/// It refuses nothing: whether the creditor is small, and was free to agree, its own people say.
fn flag_long_term(state: &mut dyn State, root: &Root) -> u32 {
    let Some(PaymentClock { delivered_on, pay_by, days_over }) = root.certificate.payment_clock else { return 0 };
    if days_over > 0 {
        let Certificate { obligor, creditor, maturity, .. } = root.certificate;
        let (certificate, concerned) = (root.id, concerned(&[obligor, creditor]));
        emit(state, &PaymentTermExceeded { certificate, delivered_on, pay_by, maturity, days_over, concerned });
    }
    days_over
}

/// A certificate's time to be approved or accepted is up, unless it was, or has a later time now.
pub(in crate::receivable) fn expire(ctx: &Context, state: &mut dyn State, id: CertificateId) -> Result<(), Stop> {
    let root = Root::load(state, id)?;
    match root.certificate.expires {
        Some(expires) if expires <= ctx.time => end(ctx, state, root, CertificateStatus::Expired, None),
        Some(_) | None => Ok(()),
    }
}

/// An invoice behind the certificate was revoked. What nobody has accepted is taken back; what lives stays owed, and
/// all who may have to act are told.
pub(in crate::receivable) fn invoice_revoked(
    ctx: &Context,
    state: &mut dyn State,
    id: CertificateId,
) -> Result<(), Stop> {
    let root = Root::load(state, id)?;
    let Certificate { obligor, creditor, settlement_agent, .. } = root.certificate;
    let mut revoked = None;
    for claim in root.certificate.claims.clone().iter() {
        match document::invoice(state, claim.invoice)?.status {
            InvoiceStatus::RedLettered | InvoiceStatus::Void => {}
            InvoiceStatus::Unchecked | InvoiceStatus::Normal => continue,
        }
        revoked = Some(claim.invoice);
        let rule = AlertRule::InvoiceRevoked;
        let concerned = concerned(&[obligor, creditor, settlement_agent]);
        let invoice = Some(claim.invoice);
        emit(state, &AlertRaised { rule, severity: 1, certificate: id, lot: None, invoice, concerned });
    }
    match root.certificate.status {
        CertificateStatus::PendingInternal | CertificateStatus::Offered => {
            end(ctx, state, root, CertificateStatus::Withdrawn, None)
        }
        CertificateStatus::Active
        | CertificateStatus::Maturing
        | CertificateStatus::Overdue
        | CertificateStatus::Defaulted => match revoked {
            Some(invoice) => dilution::lock(ctx, state, id, invoice, 1),
            None => Ok(()),
        },
        CertificateStatus::Draft
        | CertificateStatus::Settled
        | CertificateStatus::SettledLate
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired
        | CertificateStatus::Cancelled => Ok(()),
    }
}

/// Writes a certificate's new status and the step of its history.
pub(in crate::receivable) fn set_status(
    ctx: &Context,
    state: &mut dyn State,
    mut root: Root,
    status: CertificateStatus,
) -> Result<(), Stop> {
    root.certificate.status = status;
    root.note(ctx, state, Change::Certificate(status))?;
    root.store(state);
    Ok(())
}

/// Ends a certificate that nobody has accepted: what was blocked and reserved for it is free again.
fn end(
    ctx: &Context,
    state: &mut dyn State,
    mut root: Root,
    status: CertificateStatus,
    reason: Option<&Remark>,
) -> Result<(), Stop> {
    let Certificate { obligor, creditor, face, .. } = root.certificate;
    let mut told = vec![obligor];
    if root.certificate.status != CertificateStatus::Draft {
        credit::quota_unblock(ctx, state, obligor, face)?;
        backing::unblock(ctx, state, &root.certificate)?;
        document::release(state, &root.certificate.claims)?;
        release_nettings(state, &root.certificate)?;
    }
    if root.certificate.status == CertificateStatus::Offered {
        told.push(creditor);
    }
    root.certificate.expires = None;
    let (reason, concerned) = (reason.cloned(), concerned(&told));
    emit(state, &CertificateClosed { certificate: root.id, status, reason, concerned });
    set_status(ctx, state, root, status)
}

/// Refuses unless the certificate waits in this status and its time is not up.
fn require_waiting(ctx: &Context, root: &Root, status: CertificateStatus) -> Result<(), Rejection> {
    guard::require_status(root, status)?;
    let expires = root.certificate.expires.expect("a certificate waits until a time");
    guard::require_before(ctx, root.id, expires)
}

/// Lets the certificate wait until `expires`.
fn wait(state: &mut dyn State, root: &mut Root, expires: Timestamp) -> Result<(), Stop> {
    root.certificate.expires = Some(expires);
    due::schedule(state, expires, MODULE.number, wire::encode(&Due::CertificateExpiry(root.id)))?;
    Ok(())
}

/// The days and hours of a certificate that is issued now.
struct Schedule {
    due_on: Date,
    call_at: Timestamp,
    record_at: Timestamp,
    cutoff_at: Timestamp,
}

/// Refuses a maturity that the policy of today does not allow; otherwise gives the certificate's days.
fn require_tenor(
    ctx: &Context,
    state: &mut dyn State,
    maturity: Date,
    reason: Option<&Remark>,
) -> Result<Schedule, Stop> {
    let policy = policy::at(state, ctx.time)?;
    let today = ctx.time.date();
    let latest = today.plus_months(policy.tenor_months_hard);
    let schedule = schedule(state, &policy, maturity)?;
    if maturity <= today || maturity > latest || schedule.record_at <= ctx.time {
        let earliest = today.plus_days(policy.record_days_before_maturity + 1);
        return Err(reject::tenor(maturity, earliest, latest).into());
    }
    let months = policy.tenor_months_soft.min(policy.tenor_justification_above_months);
    if maturity > today.plus_months(months) && reason.is_none_or(|reason| reason.is_empty()) {
        return Err(reject::tenor_justification(maturity, months).into());
    }
    Ok(schedule)
}

fn schedule(state: &mut dyn State, policy: &Policy, maturity: Date) -> Result<Schedule, Stop> {
    let at_minute = |date: Date, minute: u32| date.at(u64::from(minute / 60), u64::from(minute % 60));
    let due_on = policy::following_business_day(state, maturity)?;
    let call_on = policy::subtract_business_days(state, due_on, policy.maturity_call_business_days)?;
    let record_on = due_on.minus_days(policy.record_days_before_maturity);
    let record_at = at_minute(record_on, policy.record_minute_of_day);
    Ok(Schedule {
        due_on,
        call_at: call_on.at(0, 0).min(record_at),
        record_at,
        cutoff_at: at_minute(due_on, policy.payment_cutoff_minute_of_day),
    })
}

/// What a late core enterprise pays: the contract's rate, or the policy's multiple of the loan prime rate, half up.
fn penalty_rate(policy: &Policy, contract: Option<Rate>) -> Result<Rate, Rejection> {
    Ok(match contract {
        Some(rate) => rate,
        None => policy.loan_prime_rate_one_year.times_half_up(policy.core_penalty_multiple)?,
    })
}

/// Sets counter-claims aside for a certificate that is smaller by them.
fn reserve_nettings(state: &mut dyn State, certificate: &Certificate) -> Result<(), Stop> {
    for netting in &certificate.nettings {
        let id = netting.counter_claim;
        let mut record = CounterClaim::load(state, &id)?.ok_or_else(|| reject::unknown(id))?;
        if (record.core, record.supplier) != (certificate.obligor, certificate.creditor) {
            return Err(reject::not_party(id, certificate.obligor).into());
        }
        if record.left().minus(netting.amount)?.is_none() {
            return Err(reject::counter_claim(id, record.left(), netting.amount).into());
        }
        record.reserved = record.reserved.plus(netting.amount)?;
        record.store(state, &id);
    }
    Ok(())
}

/// Frees counter-claims that were set aside.
fn release_nettings(state: &mut dyn State, certificate: &Certificate) -> Result<(), Stop> {
    for netting in &certificate.nettings {
        take_reserved(state, netting.counter_claim, netting.amount)?.store(state, &netting.counter_claim);
    }
    Ok(())
}

/// Nets counter-claims that were set aside.
fn conclude_nettings(state: &mut dyn State, certificate: &Certificate) -> Result<(), Stop> {
    for netting in &certificate.nettings {
        let mut record = take_reserved(state, netting.counter_claim, netting.amount)?;
        record.netted = record.netted.plus(netting.amount)?;
        record.store(state, &netting.counter_claim);
    }
    Ok(())
}

fn take_reserved(state: &mut dyn State, id: CounterClaimId, amount: Amount) -> Result<CounterClaim, Stop> {
    let mut record = CounterClaim::load(state, &id)?.expect("a counter-claim that was set aside is never removed");
    record.reserved = record.reserved.minus(amount)?.expect("only what was set aside is taken");
    Ok(record)
}
