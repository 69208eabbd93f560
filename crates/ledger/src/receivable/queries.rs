//! Questions about certificates. Lists by holder, bank, status or maturity are the read model's; here stands what is
//! answered from the state itself, and so can be proved.

use super::{
    price::PriceBasis,
    rules::{
        advance::share,
        distribution, guard, overdue,
        settlement::{pages, parties},
    },
    tree::{self, Root},
    types::{
        Advance, Certificate, CertificateId, FinancingId, FreezeId, Lot, LotId, OpenPage, PAGE_LINES_MAX, Price,
        QuoteTerms, RecordLine, RecordPage, Settlement, Step, reject,
    },
};
use crate::{
    core::{EnterpriseId, Query, QueryContext, Record},
    policy,
};
use ::types::{Amount, Date, Digest, List, Rate, State, Stop, Timestamp, merkle::Frontier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lots, or steps of a history, on one page of an answer.
const PAGE_MAX: usize = 100;

/// A certificate with a page of its tree of lots.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CertificateOf {
    /// The certificate.
    pub certificate: CertificateId,
    /// The number of the first lot that you want to see; lots are numbered from 1, children after their parents.
    pub from: u32,
}

/// A certificate, its settlement once its maturity was called, and a page of its lots.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CertificateView {
    pub certificate: Certificate,
    pub settlement: Option<Settlement>,
    pub lots: List<LotView, PAGE_MAX>,
    /// Where the next page begins; `null` on the last one.
    pub next: Option<u32>,
}

/// A lot with its id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LotView {
    pub id: LotId,
    pub lot: Lot,
    pub unpaid: Amount,
}

impl Query for CertificateOf {
    const NAME: &'static str = "certificate";
    type Answer = CertificateView;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<CertificateView, Stop> {
        let certificate = tree::certificate(state, self.certificate)?;
        let settlement = Settlement::load(state, &self.certificate)?;
        let mut lots = Vec::new();
        let numbers = page(self.from.max(1), certificate.lots + 1);
        for number in numbers.clone() {
            let id = LotId::of(self.certificate, number);
            let lot = tree::lot(state, id)?;
            lots.push(LotView { id, unpaid: lot.unpaid(), lot });
        }
        let next = Some(numbers.end).filter(|next| *next <= certificate.lots);
        let lots = List::new(lots).expect("a page is bounded");
        Ok(CertificateView { certificate, settlement, lots, next })
    }
}

/// The numbers from `from` to before `end`, at most a page of them.
fn page(from: u32, end: u32) -> std::ops::Range<u32> {
    let size = u32::try_from(PAGE_MAX).expect("a small constant");
    from..end.min(from.saturating_add(size)).max(from)
}

/// A page of a certificate's history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryOf {
    /// The certificate.
    pub certificate: CertificateId,
    /// The number of the first step that you want to see, from 0.
    pub from: u32,
}

/// Steps of a history, the earliest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    pub steps: List<Step, PAGE_MAX>,
    /// Where the next page begins; `null` on the last one.
    pub next: Option<u32>,
}

impl Query for HistoryOf {
    const NAME: &'static str = "history";
    type Answer = HistoryPage;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<HistoryPage, Stop> {
        let count = tree::certificate(state, self.certificate)?.steps;
        let mut steps = Vec::new();
        let numbers = page(self.from, count);
        for number in numbers.clone() {
            let step = Step::load(state, &(self.certificate, number))?;
            steps.push(step.expect("a history has every step"));
        }
        let next = Some(numbers.end).filter(|next| *next < count);
        Ok(HistoryPage { steps: List::new(steps).expect("a page is bounded"), next })
    }
}

/// A page of the list of holders, with all that a bank needs to pay them when no block is made: who gets which share
/// of what comes, and whose money must wait.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordListOf {
    /// The certificate.
    pub certificate: CertificateId,
    /// The page, from 0.
    pub page: u32,
}

/// The list of holders: taken once, and proved line by line by its Merkle root (RFC 6962; a leaf is a line's canonical
/// encoding).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordListView {
    pub obligor: EnterpriseId,
    pub settlement_agent: EnterpriseId,
    /// The day on which the holders are paid.
    pub due_on: Date,
    /// Until when the money must have come to be in time.
    pub cutoff_at: Timestamp,
    /// When the list was taken; `null` while it is not taken.
    pub recorded_at: Option<Timestamp>,
    /// Unpaid principal on the whole list.
    pub listed: Amount,
    /// Lines of the whole list.
    pub lines: u32,
    pub list_root: Digest,
    /// In order of the lots' numbers; equal remainders of a share are served in this order.
    pub page: List<HolderLine, PAGE_LINES_MAX>,
    /// The next page; `null` on the last one.
    pub next: Option<u32>,
}

/// A line of the list of holders, and what has become of it since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HolderLine {
    /// As it was recorded: what the root proves.
    pub recorded: RecordLine,
    /// Who holds the lot now: another only after recourse.
    pub holder: EnterpriseId,
    /// Principal still owed on it.
    pub unpaid: Amount,
    /// Whoever froze the lot decides when its money leaves suspense.
    pub freeze: Option<FreezeId>,
}

impl Query for RecordListOf {
    const NAME: &'static str = "record_list";
    type Answer = RecordListView;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<RecordListView, Stop> {
        let certificate = tree::certificate(state, self.certificate)?;
        let Some(settlement) = Settlement::load(state, &self.certificate)? else {
            let status = format!("{:?}", certificate.status);
            return Err(reject::root_state(self.certificate, status, "Maturing, or later").into());
        };
        let issued = certificate.issued.as_ref().expect("a certificate with a settlement is issued");
        let recorded = RecordPage::load(state, &(self.certificate, self.page))?.unwrap_or_default();
        let mut lines = Vec::new();
        for line in &recorded.lines {
            let lot = tree::lot(state, line.lot)?;
            let (holder, unpaid, freeze) = (lot.holder, lot.unpaid(), lot.freeze);
            lines.push(HolderLine { recorded: line.clone(), holder, unpaid, freeze });
        }
        Ok(RecordListView {
            obligor: settlement.obligor,
            settlement_agent: settlement.agent,
            due_on: issued.due_on,
            cutoff_at: issued.cutoff_at,
            recorded_at: settlement.recorded_at,
            listed: settlement.listed,
            lines: settlement.lines,
            list_root: Frontier::root(&settlement.tree),
            page: List::new(lines).expect("as many as the recorded page has"),
            next: self.page.checked_add(1).filter(|next| *next < pages(settlement.lines)),
        })
    }
}

/// What the obligor must pay on a day so that nothing is owed any more.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PayoffOf {
    /// The certificate.
    pub certificate: CertificateId,
    /// The day on which the money would count; left out: today.
    pub on: Option<Date>,
}

/// What is owed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Payoff {
    pub on: Date,
    /// Unpaid on all lots.
    pub principal: Amount,
    /// Penalty to that day, rounded on each lot.
    pub penalty: Amount,
    /// Came already and waits to be distributed.
    pub waiting: Amount,
    /// Principal and penalty less what waits.
    pub to_pay: Amount,
    pub penalty_rate: Rate,
}

impl Query for PayoffOf {
    const NAME: &'static str = "payoff";
    type Answer = Payoff;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<Payoff, Stop> {
        let root = Root::load(state, self.certificate)?;
        let on = self.on.unwrap_or_else(|| ctx.time.date());
        let principal = root.certificate.live;
        let zero = Amount::zero(principal.currency);
        let (mut penalty, mut waiting) = (zero, zero);
        if let Some(settlement) = Settlement::load(state, &self.certificate)? {
            waiting = settlement.undistributed;
            let count = distribution::penalty(state, &root, &settlement, on)?;
            for page in 0..pages(settlement.lines) {
                let owed = OpenPage::load(state, &(self.certificate, page))?.unwrap_or_default();
                for line in &owed.lines {
                    penalty = penalty.plus(count.owed(*line)?)?;
                }
            }
        }
        let to_pay = principal.plus(penalty)?.minus(waiting)?.unwrap_or(zero);
        let penalty_rate = root.certificate.issued.as_ref().map_or(Rate(0), |issued| issued.penalty_rate);
        Ok(Payoff { on, principal, penalty, waiting, to_pay, penalty_rate })
    }
}

/// The days of a certificate's maturity, and who is told on them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MaturityOf {
    /// The certificate.
    pub certificate: CertificateId,
}

/// A certificate's maturity calendar.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MaturityView {
    /// The day that the undertaking names.
    pub maturity: Date,
    /// The business day on which the holders are paid.
    pub due_on: Date,
    /// Days on which the obligor is reminded, the earliest first.
    pub reminders: List<Date, 8>,
    /// From here on lots no longer move.
    pub call_at: Timestamp,
    /// When the list of holders is taken.
    pub record_at: Timestamp,
    /// When the money must have come.
    pub cutoff_at: Timestamp,
    /// The last day of grace: holders may declare a default from the next day on.
    pub grace_ends: Date,
    /// Who is told besides the holders.
    pub parties: List<EnterpriseId, 4>,
}

impl Query for MaturityOf {
    const NAME: &'static str = "maturity";
    type Answer = MaturityView;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<MaturityView, Stop> {
        let root = Root::load(state, self.certificate)?;
        let Some(issued) = root.certificate.issued.clone() else {
            let status = format!("{:?}", root.certificate.status);
            return Err(reject::root_state(self.certificate, status, "issued").into());
        };
        let policy = guard::policy_of(state, &root)?;
        let mut reminders = Vec::new();
        for business_days in &policy.maturity_notice_business_days {
            reminders.push(policy::subtract_business_days(state, issued.due_on, *business_days)?);
        }
        reminders.sort();
        Ok(MaturityView {
            maturity: root.certificate.maturity,
            due_on: issued.due_on,
            reminders: List::new(reminders).expect("one for each of the policy's eight at most"),
            call_at: issued.call_at,
            record_at: issued.record_at,
            cutoff_at: issued.cutoff_at,
            grace_ends: overdue::grace_ends(state, &root)?,
            parties: List::new(parties(&root.certificate)).expect("four at most"),
        })
    }
}

/// What terms of a quote would cost: the discount, the money paid out, and all costs as a yearly rate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PriceOf {
    /// The certificate.
    pub certificate: CertificateId,
    /// How much of its face is financed.
    pub face: Amount,
    /// The terms.
    pub terms: QuoteTerms,
    /// The day on which the money would go out; left out: today.
    pub from: Option<Date>,
}

impl Query for PriceOf {
    const NAME: &'static str = "price";
    type Answer = Price;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<Price, Stop> {
        let certificate = tree::certificate(state, self.certificate)?;
        let Some(issued) = &certificate.issued else {
            let status = format!("{:?}", certificate.status);
            return Err(reject::root_state(self.certificate, status, "issued").into());
        };
        let policy = policy::at(state, ctx.time)?;
        let basis = PriceBasis::new(&policy, self.face)?;
        let from = self.from.unwrap_or_else(|| ctx.time.date());
        Ok(self.terms.price(self.face, from, issued.due_on, basis)?)
    }
}

/// What a seller owes on an advance, and what it would get if the obligor paid in full.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdvanceOf {
    /// The financing.
    pub financing: FinancingId,
    /// The day on which the money would count; left out: today.
    pub on: Option<Date>,
}

/// An advance, counted to a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdvanceView {
    /// With penalty to the day.
    pub advance: Advance,
    /// All that is owed on the day: what the seller pays to have the lot back, or what is short.
    pub to_pay: Amount,
    /// What would go to the seller if the obligor paid what is unpaid on the lot on that day, its own penalty apart.
    pub release: Amount,
}

impl Query for AdvanceOf {
    const NAME: &'static str = "advance";
    type Answer = AdvanceView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<AdvanceView, Stop> {
        let advance = Advance::load(state, &self.financing)?;
        let mut advance = advance.ok_or_else(|| reject::unknown(format_args!("advance of {}", self.financing)))?;
        let day_count = policy::at(state, ctx.time)?.day_count;
        advance.count(self.on.unwrap_or_else(|| ctx.time.date()), day_count)?;
        let unpaid = tree::lot(state, advance.lot)?.unpaid();
        let (_, release) = share(&advance.owed, unpaid)?;
        Ok(AdvanceView { to_pay: advance.owed.sum()?, release, advance })
    }
}
