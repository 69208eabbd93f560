//! Distribution: what has come is paid to the holders, in rounds.
//!
//! On time one round pays the whole face. Late, each round pays penalty before principal, each in proportion to what is
//! owed on a lot, to the last minor unit: largest remainder, ties by the lot's place on the list. A round is planned over
//! the pages of what is owed, then paid page by page.

use super::{
    advance, backing,
    guard::{self, concerned},
    seller,
    settlement::{self, pages, plan},
};
use crate::{
    core::{Context, Record, emit, look_ahead},
    credit, document, enterprise, money,
    money::CashAccountId,
    policy,
    receivable::{
        due::Due,
        tree::{self, Gone, Root},
        types::{
            AlertRule, CertificateId, CertificateSettled, CertificateStatus, Change, Distribution, Financing,
            FinancingId, FinancingStatus, Freeze, FundsDistributed, Lot, LotId, LotPaid, LotStatus, OpenLine, OpenPage,
            PAGE_LINES_MAX, PaidLine, PaidPage, RecordPage, SellerShare, Settlement, SettlementPhase,
        },
    },
};
use types::{
    Amount, Date, List, Rate, Rejection, State, Stop,
    planted::{self, Fault},
    rate::{DayCount, share_by_largest_remainder},
};

/// Lets a round begin in due work of this moment, if there is something to pay and it may be paid.
pub(super) fn begin(ctx: &Context, state: &mut dyn State, root: &Root, settlement: &Settlement) -> Result<(), Stop> {
    if ready(ctx, root, settlement)? { plan(state, ctx.time, &Due::Pay(root.id)) } else { Ok(()) }
}

/// Whether a round may begin: on the due day when all has come, and after the cut-off with whatever has come.
fn ready(ctx: &Context, root: &Root, settlement: &Settlement) -> Result<bool, Rejection> {
    if settlement.phase != SettlementPhase::Waiting || settlement.undistributed.is_zero() {
        return Ok(false);
    }
    let due_on = root.certificate.issued.as_ref().expect("a certificate with a settlement is issued").due_on;
    match root.certificate.status {
        CertificateStatus::Maturing => {
            Ok(ctx.time.date() >= due_on && settlement.undistributed.minus(root.certificate.live)?.is_some())
        }
        CertificateStatus::Overdue | CertificateStatus::Defaulted => Ok(true),
        CertificateStatus::Draft
        | CertificateStatus::PendingInternal
        | CertificateStatus::Offered
        | CertificateStatus::Active
        | CertificateStatus::Settled
        | CertificateStatus::SettledLate
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired
        | CertificateStatus::Cancelled => Ok(false),
    }
}

/// Plans a round, or pays its next page.
pub(in crate::receivable) fn step(ctx: &Context, state: &mut dyn State, id: CertificateId) -> Result<(), Stop> {
    let mut root = Root::load(state, id)?;
    let mut settlement = settlement::settlement(state, id)?;
    match settlement.phase {
        SettlementPhase::Waiting if ready(ctx, &root, &settlement)? => {
            plan_round(ctx, state, &root, &mut settlement)?;
        }
        SettlementPhase::Paying(page) => pay_page(ctx, state, &mut root, &mut settlement, page)?,
        SettlementPhase::Waiting | SettlementPhase::Called | SettlementPhase::Listing(_) | SettlementPhase::Closed => {
            return Ok(());
        }
    }
    settlement.store(state, &id);
    root.store(state);
    Ok(())
}

/// What a round counts penalty with.
#[derive(Clone, Copy)]
pub(in crate::receivable) struct Penalty {
    pub(in crate::receivable) rate: Rate,
    pub(in crate::receivable) days: u32,
    pub(in crate::receivable) day_count: DayCount,
}

impl Penalty {
    /// What is owed on a line at the end of these days: rounded once, half up.
    pub(in crate::receivable) fn owed(self, line: OpenLine) -> Result<Amount, Rejection> {
        line.penalty.plus(self.rate.interest_half_up(line.principal, self.days, self.day_count)?)
    }
}

/// The penalty of a round to `to`; no days when the certificate is not overdue.
pub(in crate::receivable) fn penalty(
    state: &mut dyn State,
    root: &Root,
    settlement: &Settlement,
    to: Date,
) -> Result<Penalty, Stop> {
    let issued = root.certificate.issued.as_ref().expect("a certificate with a settlement is issued");
    let day_count = policy::at(state, issued.at)?.day_count;
    let days = settlement.counted_to.and_then(|counted_to| counted_to.days_until(to)).unwrap_or(0);
    Ok(Penalty { rate: issued.penalty_rate, days, day_count })
}

/// Shares what has come among the lines, and begins to pay.
fn plan_round(ctx: &Context, state: &mut dyn State, root: &Root, settlement: &mut Settlement) -> Result<(), Stop> {
    let issued = root.certificate.issued.as_ref().expect("a certificate with a settlement is issued");
    let value_date = settlement.funded_to.expect("money that waits came on a day").max(issued.due_on);
    let penalty = penalty(state, root, settlement, value_date)?;
    let mut lines = Vec::new();
    look_ahead(state, (0..pages(settlement.lines)).map(|page| OpenPage::key(&(root.id, page))))?;
    for page in 0..pages(settlement.lines) {
        let owed = OpenPage::load(state, &(root.id, page))?.expect("a page of the list has its page of what is owed");
        lines.extend(owed.lines.iter().copied());
    }
    for line in &mut lines {
        line.penalty = penalty.owed(*line)?;
    }
    share(&mut lines, settlement.undistributed)?;
    for (page, lines) in (0..).zip(lines.chunks(PAGE_LINES_MAX)) {
        let lines = List::new(lines.to_vec()).expect("a chunk is at most a page");
        OpenPage { lines }.store(state, &(root.id, page));
    }
    if settlement.overdue_since.is_some() {
        settlement.counted_to = settlement.counted_to.max(Some(value_date));
    }
    let zero = Amount::zero(settlement.received.currency);
    let (principal, penalty, frozen) = (zero, zero, zero);
    Distribution { certificate: root.id, at: ctx.time, value_date, principal, penalty, frozen, lines: 0 }
        .store(state, &(root.id, settlement.rounds));
    settlement.phase = SettlementPhase::Paying(0);
    plan(state, ctx.time, &Due::Pay(root.id))
}

/// Says on each line what `money` pays of it: penalty first, then principal, each pro rata when it is not all.
pub(in crate::receivable) fn share(lines: &mut [OpenLine], money: Amount) -> Result<(), Rejection> {
    let penalties: Vec<u64> = lines.iter().map(|line| line.penalty.minor).collect();
    let principals: Vec<u64> = lines.iter().map(|line| line.principal.minor).collect();
    let (penalty_now, left) = share_one(&penalties, money.minor);
    let (principal_now, _) = share_one(&principals, left);
    for ((line, penalty), principal) in lines.iter_mut().zip(penalty_now).zip(principal_now) {
        line.penalty_now = Amount { minor: penalty, ..line.penalty };
        line.principal_now = Amount { minor: principal, ..line.principal };
    }
    Ok(())
}

/// What `money` pays of each of the amounts owed, and what is left of it.
fn share_one(owed: &[u64], money: u64) -> (Vec<u64>, u64) {
    let sum: u128 = owed.iter().map(|owed| u128::from(*owed)).sum();
    match u64::try_from(sum) {
        Ok(sum) if sum <= money => (owed.to_vec(), money - sum),
        Ok(_) | Err(_) => (share_by_largest_remainder(money, owed).expect("more is owed than there is"), 0),
    }
}

/// Pays one page of a round.
fn pay_page(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    settlement: &mut Settlement,
    page: u32,
) -> Result<(), Stop> {
    let (id, round) = (root.id, settlement.rounds);
    let mut distribution = Distribution::load(state, &(id, round))?.expect("a round is stored when it is planned");
    let listed = RecordPage::load(state, &(id, page))?.expect("the list has its pages");
    let mut owed = OpenPage::load(state, &(id, page))?.expect("both lists have the same pages");
    look_ahead(state, listed.lines.iter().map(|line| Lot::key(&line.lot)))?;
    let mut paid = PaidPage::default();
    let mut principal = Amount::zero(settlement.received.currency);
    for (listed, line) in listed.lines.iter().zip(owed.lines.iter_mut()) {
        let (principal_now, penalty_now) = (line.principal_now, line.penalty_now);
        if principal_now.is_zero() && penalty_now.is_zero() {
            continue;
        }
        let pay = Pay { lot: listed.lot, principal: principal_now, penalty: penalty_now };
        let result = pay.apply(ctx, state, root, settlement, &mut distribution)?;
        line.principal = line.principal.minus(principal_now)?.expect("no line is paid more than it is owed");
        line.penalty = line.penalty.minus(penalty_now)?.expect("no line is paid more than it is owed");
        line.principal_now = Amount { minor: 0, ..principal_now };
        line.penalty_now = Amount { minor: 0, ..penalty_now };
        principal = principal.plus(principal_now)?;
        paid.lines.push(result).expect("as many as the page has lines");
    }
    owed.store(state, &(id, page));
    if !paid.lines.is_empty() {
        paid.store(state, &(id, round, page));
    }
    if !principal.is_zero() {
        root.owe_less(principal, Gone::Redeemed)?;
        credit::quota_release(ctx, state, settlement.obligor, principal)?;
    }
    distribution.store(state, &(id, round));
    if page + 1 < pages(settlement.lines) {
        settlement.phase = SettlementPhase::Paying(page + 1);
        return plan(state, ctx.time, &Due::Pay(id));
    }
    finish(ctx, state, root, settlement, &distribution)
}

/// One lot's part of a round.
struct Pay {
    lot: LotId,
    principal: Amount,
    penalty: Amount,
}

impl Pay {
    /// Pays the holder; on a frozen lot the money stays in suspense. Gives the line for the record.
    fn apply(
        &self,
        ctx: &Context,
        state: &mut dyn State,
        root: &mut Root,
        settlement: &mut Settlement,
        distribution: &mut Distribution,
    ) -> Result<PaidLine, Stop> {
        let Self { lot: id, principal, penalty } = *self;
        let mut lot = tree::lot(state, id)?;
        let (holder, money) = (lot.holder, principal.plus(penalty)?);
        let share = advance::receive(ctx, state, &lot, money, distribution.value_date)?;
        let account = self.pay_out(ctx, state, settlement, &lot, share)?;
        if planted::is(Fault::SettledTwice) {
            self.pay_out(ctx, state, settlement, &lot, share)?;
        }
        if lot.freeze.is_some() {
            settlement.frozen = settlement.frozen.plus(money)?;
            distribution.frozen = distribution.frozen.plus(money)?;
        }
        settlement.principal_paid = settlement.principal_paid.plus(principal)?;
        settlement.penalty_paid = settlement.penalty_paid.plus(penalty)?;
        let left = settlement.undistributed.minus(money)?;
        settlement.undistributed = left.expect("a round shares what is there");
        distribution.principal = distribution.principal.plus(principal)?;
        distribution.penalty = distribution.penalty.plus(penalty)?;
        distribution.lines += 1;
        lot.paid = lot.paid.plus(principal)?;
        let redeemed = lot.unpaid().is_zero();
        backing::paid(ctx, state, &root.certificate, &lot, principal)?;
        if let LotStatus::Financed(financing) = lot.status {
            give_back_seller(state, &lot, principal)?;
            if redeemed {
                close_financing(ctx, state, root, financing, FinancingStatus::Repaid)?;
            }
        }
        let released = share.map_or(Amount { minor: 0, ..money }, |share| share.amount);
        let mut told = vec![holder, settlement.agent];
        told.extend(share.map(|share| share.seller));
        let concerned = concerned(&told);
        emit(state, &LotPaid { certificate: root.id, lot: id, principal, penalty, released, account, concerned });
        if redeemed {
            tree::change(state, id, lot, LotStatus::Redeemed, holder)?;
        } else {
            lot.store(state, &id);
        }
        Ok(PaidLine { lot: id, holder, principal, penalty, released, account })
    }

    /// Moves the money out of suspense: the seller's part to the seller, the rest to the holder. On a frozen lot both wait
    /// on the freeze. Gives where the holder's part is.
    fn pay_out(
        &self,
        ctx: &Context,
        state: &mut dyn State,
        settlement: &Settlement,
        lot: &Lot,
        share: Option<SellerShare>,
    ) -> Result<CashAccountId, Stop> {
        let money = self.principal.plus(self.penalty)?;
        let suspense = money::suspense_at(ctx, state, settlement.agent, money.currency)?;
        if let Some(freeze) = lot.freeze {
            let mut record = Freeze::load(state, &freeze)?.expect("a frozen lot names its freeze");
            record.suspense = record.suspense.plus(money)?;
            if let Some(share) = share {
                let waiting =
                    record.for_seller.map_or(Ok(share.amount), |waiting| waiting.amount.plus(share.amount))?;
                record.for_seller = Some(SellerShare { amount: waiting, ..share });
            }
            record.store(state, &freeze);
            return Ok(suspense);
        }
        let what_for = self.lot.to_string();
        let account = money::account_at(ctx, state, settlement.agent, lot.holder, money.currency)?;
        let mut holders = money;
        if let Some(SellerShare { seller, amount }) = share.filter(|share| !share.amount.is_zero()) {
            let to = money::account_at(ctx, state, settlement.agent, seller, amount.currency)?;
            money::pay(ctx, state, suspense, to, amount, &what_for)?;
            holders = money.minus(amount)?.expect("the seller's is a part of the money");
        }
        if !holders.is_zero() {
            money::pay(ctx, state, suspense, account, holders, &what_for)?;
        }
        Ok(account)
    }
}

/// Gives the financier's cap on the seller back, as far as `principal` was paid or given up on its lot.
pub(super) fn give_back_seller(state: &mut dyn State, lot: &Lot, principal: Amount) -> Result<(), Stop> {
    match lot.status {
        LotStatus::Financed(financing) if !principal.is_zero() => {
            let seller = Financing::load(state, &financing)?.expect("a financed lot names its financing").seller;
            credit::supplier_give_back(state, lot.holder, seller, principal)
        }
        LotStatus::Financed(_)
        | LotStatus::Held
        | LotStatus::OfferedOut(_)
        | LotStatus::InFinancing(_)
        | LotStatus::Recoursed(_)
        | LotStatus::Subrogated
        | LotStatus::Spent { .. }
        | LotStatus::Redeemed
        | LotStatus::Cancelled
        | LotStatus::WrittenOff => Ok(()),
    }
}

/// Ends a financing whose lot was paid, bought back, or given up.
pub(super) fn close_financing(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    id: FinancingId,
    status: FinancingStatus,
) -> Result<(), Stop> {
    let mut financing = Financing::load(state, &id)?.expect("a financed lot names its financing");
    assert!(financing.status == FinancingStatus::Disbursed, "a financed lot's financing is disbursed: law I11");
    let short = status == FinancingStatus::Repaid && advance::finish(state, id)?;
    if !short {
        seller::release_of(ctx, state, &mut financing)?;
    }
    financing.status = status;
    financing.store(state, &id);
    root.note(ctx, state, Change::Financing(id, status))
}

/// The round's last page is paid.
fn finish(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    settlement: &mut Settlement,
    distribution: &Distribution,
) -> Result<(), Stop> {
    let round = settlement.rounds;
    settlement.rounds += 1;
    settlement.phase = SettlementPhase::Waiting;
    root.note(ctx, state, Change::Distributed(round))?;
    let Distribution { value_date, principal, penalty, frozen, .. } = *distribution;
    let concerned = concerned(&settlement::parties(&root.certificate));
    emit(state, &FundsDistributed { certificate: root.id, round, value_date, principal, penalty, frozen, concerned });
    if root.certificate.live.is_zero() {
        return settle(ctx, state, root, settlement);
    }
    begin(ctx, state, root, settlement)
}

/// Nothing is owed any more: the certificate ends.
pub(super) fn settle(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    settlement: &mut Settlement,
) -> Result<(), Stop> {
    let status = if !root.certificate.written_off.is_zero() {
        CertificateStatus::WrittenOff
    } else if settlement.overdue_since.is_some() {
        CertificateStatus::SettledLate
    } else {
        CertificateStatus::Settled
    };
    if settlement.overdue_since.is_some() {
        credit::overdue_ended(ctx, state, settlement.obligor, &root.id.to_string())?;
    }
    settlement.phase = SettlementPhase::Closed;
    settlement.settled_at = Some(ctx.time);
    settlement.excess = settlement.excess.plus(settlement.undistributed)?;
    settlement.undistributed = Amount { minor: 0, ..settlement.undistributed };
    if !settlement.excess.is_zero() {
        let told = [settlement.obligor, settlement.agent];
        guard::alert_certificate(state, (AlertRule::Overfunded, 2), root.id, &told);
    }
    end(ctx, state, root, status)
}

/// Ends a certificate on which nothing is owed any more. What was paid uses its invoices up for good; what was given
/// up leaves them claimed.
pub(super) fn end(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    status: CertificateStatus,
) -> Result<(), Stop> {
    assert!(root.certificate.live.is_zero(), "a certificate ends when nothing is owed on it");
    match status {
        CertificateStatus::Settled | CertificateStatus::SettledLate => {
            document::settle(state, &root.certificate.claims)?;
        }
        CertificateStatus::Cancelled => document::free(state, &root.certificate.claims)?,
        CertificateStatus::Draft
        | CertificateStatus::PendingInternal
        | CertificateStatus::Offered
        | CertificateStatus::Active
        | CertificateStatus::Maturing
        | CertificateStatus::Overdue
        | CertificateStatus::Defaulted
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired => {}
    }
    enterprise::obligations_changed(state, root.certificate.obligor, -1)?;
    backing::unbind(state, &root.certificate)?;
    root.certificate.status = status;
    root.note(ctx, state, Change::Certificate(status))?;
    let concerned = concerned(&settlement::parties(&root.certificate));
    emit(state, &CertificateSettled { certificate: root.id, status, concerned });
    Ok(())
}
