//! Settlement: the maturity call, the list of holders, and the money that comes.
//!
//! All of it but the money happens by itself. A list is taken page by page, each page in due work of its own, so that a
//! certificate of thousands of lots never holds up a block.

use super::{
    distribution,
    guard::{self, concerned},
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, due, emit, look_ahead},
    enterprise, money, policy,
    receivable::{
        MODULE,
        due::Due,
        tree::{self, Root},
        types::{
            AlertRule, Certificate, CertificateId, CertificateStatus, Change, ExcessReturned, Fund, Funding, FundingId,
            FundingReceived, Lot, LotId, MaturityCalled, MaturityNear, OpenLine, OpenPage, PAGE_LINES_MAX,
            PaymentSource, RecordLine, RecordListTaken, RecordPage, ReturnExcess, Settlement, SettlementPhase, reject,
        },
    },
};
use types::{
    Amount, Date, Rejection, State, Stop, Timestamp,
    merkle::{self, Frontier},
    wire,
};

/// The settlement agent's two people.
const AGENT: &[Role] = &[Role::of(EntityRole::SettlementAgent, &[Function::Maker, Function::Checker])];
/// Lot numbers looked at in one step of the list.
const NUMBERS_PER_STEP: u32 = 64;
/// Hour of the day at which the obligor is reminded.
const NOTICE_HOUR: u64 = 9;

/// Schedules what happens by itself to a certificate that lives from now on.
pub(in crate::receivable) fn schedule(ctx: &Context, state: &mut dyn State, root: &Root) -> Result<(), Stop> {
    let issued = root.certificate.issued.clone().expect("a certificate is issued before it lives");
    let policy = guard::policy_of(state, root)?;
    for business_days in &policy.maturity_notice_business_days {
        let on = policy::subtract_business_days(state, issued.due_on, *business_days)?;
        let at = on.at(NOTICE_HOUR, 0);
        if at > ctx.time {
            plan(state, at, &Due::MaturityNotice { certificate: root.id, business_days: *business_days })?;
        }
    }
    plan(state, issued.call_at, &Due::MaturityCall(root.id))?;
    plan(state, issued.record_at, &Due::RecordList(root.id))?;
    plan(state, issued.due_on.at(0, 0), &Due::MaturityDay(root.id))?;
    plan(state, issued.cutoff_at, &Due::Cutoff { certificate: root.id, at: issued.cutoff_at })
}

/// Schedules due work of this module.
pub(in crate::receivable) fn plan(state: &mut dyn State, at: Timestamp, item: &Due) -> Result<(), Stop> {
    Ok(due::schedule(state, at, MODULE.number, wire::encode(item))?)
}

/// The settlement of a certificate whose maturity was called.
pub(in crate::receivable) fn settlement(state: &mut dyn State, id: CertificateId) -> Result<Settlement, Stop> {
    Ok(Settlement::load(state, &id)?.expect("the maturity call makes the settlement"))
}

/// The enterprises that an event about the whole certificate tells.
pub(in crate::receivable) fn parties(certificate: &Certificate) -> Vec<EnterpriseId> {
    let mut parties = vec![certificate.obligor, certificate.creditor, certificate.settlement_agent];
    parties.extend(certificate.backing.backer());
    parties
}

/// Reminds obligor and agent of the due day.
pub(in crate::receivable) fn remind(state: &mut dyn State, id: CertificateId, business_days: u32) -> Result<(), Stop> {
    let root = Root::load(state, id)?;
    if !root.certificate.status.is_outstanding() {
        return Ok(());
    }
    let due_on = root.certificate.issued.as_ref().expect("an outstanding certificate is issued").due_on;
    let concerned = concerned(&[root.certificate.obligor, root.certificate.settlement_agent]);
    let unpaid = root.certificate.live;
    emit(state, &MaturityNear { certificate: id, due_on, business_days, unpaid, concerned });
    Ok(())
}

/// The maturity is called: from now on lots no longer move, and money may come.
pub(in crate::receivable) fn call(ctx: &Context, state: &mut dyn State, id: CertificateId) -> Result<(), Stop> {
    let mut root = Root::load(state, id)?;
    if root.certificate.status != CertificateStatus::Active {
        return Ok(());
    }
    let zero = Amount::zero(root.certificate.face.currency);
    let settlement = Settlement {
        obligor: root.certificate.obligor,
        agent: root.certificate.settlement_agent,
        phase: SettlementPhase::Called,
        recorded_at: None,
        listed: zero,
        lines: 0,
        tree: Frontier::default(),
        received: zero,
        principal_paid: zero,
        penalty_paid: zero,
        undistributed: zero,
        frozen: zero,
        excess: zero,
        returned: zero,
        fundings: 0,
        rounds: 0,
        funded_to: None,
        overdue_since: None,
        counted_to: None,
        defaulted_at: None,
        settled_at: None,
    };
    settlement.store(state, &id);
    let issued = root.certificate.issued.as_ref().expect("an active certificate is issued");
    let (due_on, record_at, live) = (issued.due_on, issued.record_at, root.certificate.live);
    let concerned = concerned(&parties(&root.certificate));
    emit(state, &MaturityCalled { certificate: id, due_on, record_at, live, concerned });
    root.certificate.status = CertificateStatus::Maturing;
    root.note(ctx, state, Change::Certificate(CertificateStatus::Maturing))?;
    root.store(state);
    Ok(())
}

/// Takes the next page of the list of holders.
pub(in crate::receivable) fn record(ctx: &Context, state: &mut dyn State, id: CertificateId) -> Result<(), Stop> {
    let Some(mut settlement) = Settlement::load(state, &id)? else {
        return Ok(());
    };
    let first = match settlement.phase {
        SettlementPhase::Called => 1,
        SettlementPhase::Listing(next) => next,
        SettlementPhase::Waiting | SettlementPhase::Paying(_) | SettlementPhase::Closed => return Ok(()),
    };
    let mut root = Root::load(state, id)?;
    let last = root.certificate.lots.min(first + NUMBERS_PER_STEP - 1);
    look_ahead(state, (first..=last).map(|number| Lot::key(&LotId::of(id, number))))?;
    for number in first..=last {
        let lot_id = LotId::of(id, number);
        let lot = tree::lot(state, lot_id)?;
        if lot.is_live() {
            list(state, id, &mut settlement, (lot_id, lot))?;
        }
    }
    if last < root.certificate.lots {
        settlement.phase = SettlementPhase::Listing(last + 1);
        settlement.store(state, &id);
        return plan(state, ctx.time, &Due::RecordList(id));
    }
    settlement.phase = SettlementPhase::Waiting;
    settlement.recorded_at = Some(ctx.time);
    assert!(settlement.listed == root.certificate.live, "the list holds what the certificate owes");
    let (lines, listed, list_root) = (settlement.lines, settlement.listed, settlement.tree.root());
    let concerned = concerned(&[settlement.obligor, settlement.agent]);
    emit(state, &RecordListTaken { certificate: id, lines, listed, list_root, concerned });
    root.note(ctx, state, Change::Recorded)?;
    distribution::begin(ctx, state, &root, &settlement)?;
    settlement.store(state, &id);
    root.store(state);
    Ok(())
}

/// Puts a lot on the list.
fn list(
    state: &mut dyn State,
    certificate: CertificateId,
    settlement: &mut Settlement,
    (id, mut lot): (LotId, Lot),
) -> Result<(), Stop> {
    let (page, _) = place(settlement.lines);
    let (amount, zero) = (lot.unpaid(), Amount::zero(lot.face.currency));
    let line = RecordLine { lot: id, holder: lot.holder, amount };
    settlement.tree.append(merkle::leaf(&wire::encode(&line)));
    let open = OpenLine { principal: amount, penalty: zero, principal_now: zero, penalty_now: zero };
    let mut listed = RecordPage::load(state, &(certificate, page))?.unwrap_or_default();
    let mut owed = OpenPage::load(state, &(certificate, page))?.unwrap_or_default();
    listed.lines.push(line).expect("a page is begun where the one before is full");
    owed.lines.push(open).expect("both pages have the same lines");
    listed.store(state, &(certificate, page));
    owed.store(state, &(certificate, page));
    lot.line = Some(settlement.lines);
    lot.store(state, &id);
    settlement.lines += 1;
    settlement.listed = settlement.listed.plus(amount)?;
    Ok(())
}

/// The page of a line, and its position there.
pub(in crate::receivable) fn place(line: u32) -> (u32, usize) {
    let lines = u32::try_from(PAGE_LINES_MAX).expect("a small constant");
    (line / lines, usize::try_from(line % lines).expect("below PAGE_LINES_MAX"))
}

/// Pages of a list of this many lines.
pub(in crate::receivable) fn pages(lines: u32) -> u32 {
    lines.div_ceil(u32::try_from(PAGE_LINES_MAX).expect("a small constant"))
}

/// The due day has begun: what has come in full is paid.
pub(in crate::receivable) fn due_day(ctx: &Context, state: &mut dyn State, id: CertificateId) -> Result<(), Stop> {
    let Some(settlement) = Settlement::load(state, &id)? else {
        return Ok(());
    };
    let root = Root::load(state, id)?;
    distribution::begin(ctx, state, &root, &settlement)
}

impl Call for Fund {
    const NAME: &'static str = "fund";
    const ROLES: &'static [Role] = AGENT;
    const RUNS_OFF: bool = true;
    type Outcome = FundingId;

    fn check(&self) -> Result<(), Rejection> {
        match self.source {
            PaymentSource::Fact(_) => Ok(()),
            PaymentSource::Tokens { amount, .. } => amount.positive().map(|_| ()),
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<FundingId, Stop> {
        let id = self.certificate;
        let mut root = Root::load(state, id)?;
        let agent = root.certificate.settlement_agent;
        guard::require_party(ctx, id, agent)?;
        require_payable(&root)?;
        let mut settlement = settlement(state, id)?;
        let funding_id = FundingId::derive(ctx.transaction, ctx.act, 0);
        let money = receive(ctx, state, agent, funding_id, self.source)?;
        let Received { payer, amount, value_date } = money;
        enterprise::require_limits(ctx, amount)?;
        settlement.received = settlement.received.plus(amount)?;
        settlement.undistributed = settlement.undistributed.plus(amount)?;
        settlement.fundings += 1;
        settlement.funded_to = settlement.funded_to.max(Some(value_date));
        let (source, at) = (self.source, ctx.time);
        Funding { certificate: id, agent, payer, amount, returned: zero(amount), source, value_date, at }
            .store(state, &funding_id);
        let received = settlement.received;
        let told = concerned(&[root.certificate.obligor, agent, payer]);
        let event = FundingReceived {
            certificate: id,
            funding: funding_id,
            payer,
            amount,
            value_date,
            received,
            concerned: told,
        };
        emit(state, &event);
        if payer != root.certificate.obligor && Some(payer) != root.certificate.backing.guarantor() {
            let told = [root.certificate.obligor, agent, payer];
            guard::alert_certificate(state, (AlertRule::PaidByThirdParty, 3), id, &told);
        }
        root.note(ctx, state, Change::Funded(funding_id))?;
        distribution::begin(ctx, state, &root, &settlement)?;
        settlement.store(state, &id);
        root.store(state);
        Ok(funding_id)
    }
}

fn zero(like: Amount) -> Amount {
    Amount::zero(like.currency)
}

/// Refuses money for a certificate whose maturity is not called, or on which nothing is owed any more.
fn require_payable(root: &Root) -> Result<(), Rejection> {
    match root.certificate.status {
        CertificateStatus::Maturing | CertificateStatus::Overdue | CertificateStatus::Defaulted => Ok(()),
        status @ (CertificateStatus::Draft
        | CertificateStatus::PendingInternal
        | CertificateStatus::Offered
        | CertificateStatus::Active
        | CertificateStatus::Settled
        | CertificateStatus::SettledLate
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired
        | CertificateStatus::Cancelled) => {
            Err(reject::root_state(root.id, format!("{status:?}"), "Maturing, Overdue or Defaulted"))
        }
    }
}

/// Money that came: from whom, how much, from which day.
struct Received {
    payer: EnterpriseId,
    amount: Amount,
    value_date: Date,
}

/// Takes the money into the agent's suspense account, where it waits for its distribution.
///
/// Cash that the agent received outside the chain becomes a debt of the agent in deposit tokens; the agent's own people
/// sign the act, so nobody else makes it owe anything.
fn receive(
    ctx: &Context,
    state: &mut dyn State,
    agent: EnterpriseId,
    funding: FundingId,
    source: PaymentSource,
) -> Result<Received, Stop> {
    let what_for = funding.to_string();
    match source {
        PaymentSource::Fact(id) => {
            let fact = money::consume_fact(ctx, state, id, &what_for)?;
            if fact.bank != agent {
                let detail = format!("{} attested {id}, the settlement agent {agent} must", fact.bank);
                return Err(money::reject::cash_unattested(detail).into());
            }
            if money::account_of(state, fact.payee, agent)?.bank != agent {
                return Err(money::reject::not_at_bank(fact.payee, agent).into());
            }
            let suspense = money::suspense_at(ctx, state, agent, fact.amount.currency)?;
            money::issue(ctx, state, suspense, fact.amount, &what_for)?;
            Ok(Received { payer: fact.payer_owner, amount: fact.amount, value_date: fact.value_date })
        }
        PaymentSource::Tokens { account, amount } => {
            let payer = money::account(state, account)?.owner;
            money::account_of(state, account, payer)?;
            enterprise::require(ctx, state, payer, None, &[Function::Treasurer])?;
            let suspense = money::suspense_at(ctx, state, agent, amount.currency)?;
            money::pay(ctx, state, account, suspense, amount, &what_for)?;
            Ok(Received { payer, amount, value_date: ctx.time.date() })
        }
    }
}

impl Call for ReturnExcess {
    const NAME: &'static str = "return_excess";
    const ROLES: &'static [Role] = AGENT;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive().map(|_| ())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.certificate;
        let mut root = Root::load(state, id)?;
        let agent = root.certificate.settlement_agent;
        guard::require_party(ctx, id, agent)?;
        enterprise::require_limits(ctx, self.amount)?;
        let funding = Funding::load(state, &self.funding)?.filter(|funding| funding.certificate == id);
        let mut funding = funding.ok_or_else(|| reject::unknown(self.funding))?;
        let mut settlement = settlement(state, id)?;
        let left = Amount { minor: settlement.excess.minor.min(funding.left().minor), ..settlement.excess };
        if left.minus(self.amount)?.is_none() {
            return Err(reject::excess(id, left, self.amount).into());
        }
        settlement.excess = settlement.excess.minus(self.amount)?.expect("compared above");
        settlement.returned = settlement.returned.plus(self.amount)?;
        funding.returned = funding.returned.plus(self.amount)?;
        let currency = self.amount.currency;
        let suspense = money::suspense_at(ctx, state, agent, currency)?;
        let account = money::account_at(ctx, state, agent, funding.payer, currency)?;
        money::pay(ctx, state, suspense, account, self.amount, &self.funding.to_string())?;
        let concerned = concerned(&[agent, funding.payer]);
        emit(state, &ExcessReturned { certificate: id, funding: self.funding, amount: self.amount, concerned });
        root.note(ctx, state, Change::ExcessReturned(self.funding))?;
        funding.store(state, &self.funding);
        settlement.store(state, &id);
        root.store(state);
        Ok(())
    }
}
