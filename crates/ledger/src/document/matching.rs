//! The comparison of an invoice with its order, contract and goods receipts (three-way match), line by line.
//!
//! It is a function of the linked records and the policy: asked again, it gives the same answer until one of them
//! changes. Quantities and amounts are compared with all invoices on the order up to this one, so that two invoices
//! cannot bill one delivery.

use super::{
    state::need,
    types::{
        Contract, DeliveryLine, FINDINGS_MAX, Finding, Flow, Invoice, InvoiceId, InvoiceKind, InvoiceLine,
        InvoiceLines, LINES_MAX, LineKind, LineProgress, Match, MatchOutcome, Order, OrderId, OrderLine, OrderLines,
        OrderProgress, UnitPrice, reject,
    },
};
use crate::policy::{self, Policy};
use std::collections::BTreeMap;
use types::{Date, List, Quantity, Rate, Rejection, State, Stop, Timestamp, limits, rejection::amount};

/// What was found, and whether each finding is within its tolerance.
#[derive(Default)]
struct Findings {
    exceptions: Vec<Finding>,
    tolerated: Vec<Finding>,
}

impl Findings {
    fn exception(&mut self, finding: Finding) {
        self.exceptions.push(finding);
    }

    /// Notes a difference of `actual` above `limit`, tolerated up to that share of the limit.
    fn over(&mut self, actual: u64, limit: u64, tolerance: Rate, finding: Finding) {
        if actual <= limit {
            return;
        }
        // actual <= limit * (1 + tolerance / 10^6), in integers; both sides stay far below 2^128.
        let within = u128::from(actual) * 1_000_000 <= u128::from(limit) * (1_000_000 + u128::from(tolerance.0));
        if within { self.tolerated.push(finding) } else { self.exceptions.push(finding) }
    }

    fn outcome(mut self) -> MatchOutcome {
        let bounded = |mut findings: Vec<Finding>| {
            findings.truncate(FINDINGS_MAX);
            List::new(findings).expect("cut to its bound one line above")
        };
        if !self.exceptions.is_empty() {
            self.exceptions.append(&mut self.tolerated);
            return MatchOutcome::Exception(bounded(self.exceptions));
        }
        if self.tolerated.is_empty() { MatchOutcome::Matched } else { MatchOutcome::Tolerated(bounded(self.tolerated)) }
    }
}

/// Compares an invoice as it stands now.
pub(super) fn compare(state: &mut dyn State, at: Timestamp, id: InvoiceId, invoice: &Invoice) -> Result<Match, Stop> {
    let policy = policy::at(state, at)?;
    let mut findings = Findings::default();
    if invoice.kind == InvoiceKind::Prepayment {
        findings.exception(Finding::Prepayment);
    }
    match invoice.order {
        None => findings.exception(Finding::OrderMissing),
        Some(order) => compare_with_order(state, &policy, (id, invoice), order, &mut findings)?,
    }
    Ok(Match { outcome: findings.outcome(), policy_version: policy.version, at })
}

fn compare_with_order(
    state: &mut dyn State,
    tolerances: &Policy,
    (id, invoice): (InvoiceId, &Invoice),
    order_id: OrderId,
    findings: &mut Findings,
) -> Result<(), Stop> {
    let order: Order = need(state, &order_id)?;
    if order.confirmed_at.is_none() {
        findings.exception(Finding::OrderUnconfirmed { order: order_id });
    }
    compare_with_contract(state, order_id, &order, findings)?;
    let billed: InvoiceLines = need(state, &id)?;
    let ordered: OrderLines = need(state, &order_id)?;
    let progress: OrderProgress = need(state, &order_id)?;
    let ordered: BTreeMap<u32, &OrderLine> = ordered.lines.iter().map(|line| (line.number, line)).collect();
    let progress_by_line: BTreeMap<u32, &LineProgress> =
        progress.lines.iter().map(|line| (line.number, line)).collect();
    let before: BTreeMap<u32, Quantity> =
        billed.invoiced_before.iter().map(|line| (line.order_line, line.quantity)).collect();
    for line in &billed.lines {
        compare_line(line, &ordered, invoice, tolerances, findings);
    }
    for DeliveryLine { order_line: number, quantity: own } in &billed.billed {
        let (Some(line), Some(progress)) = (ordered.get(number), progress_by_line.get(number)) else {
            continue;
        };
        // What others billed: as recorded then, or less if some of it was voided or credited since.
        let others = progress.invoiced.0 - own.0;
        let earlier = before.get(number).map_or(0, |quantity| quantity.0).min(others);
        let billed = add(*own, Quantity(earlier))?;
        compare_receipts(line, progress, billed, invoice.date, tolerances, findings);
    }
    let own = billed.billed_net;
    let others = progress.invoiced.minus(own)?.expect("the order's invoices are this one and the others");
    let invoiced = own.plus(others.currency.minor(invoice.invoiced_before.minor.min(others.minor)))?;
    let finding = Finding::AmountOver { invoiced, ordered: order.totals.net };
    findings.over(invoiced.minor, order.totals.net.minor, tolerances.match_amount_tolerance, finding);
    Ok(())
}

fn compare_with_contract(
    state: &mut dyn State,
    order_id: OrderId,
    order: &Order,
    findings: &mut Findings,
) -> Result<(), Stop> {
    let Some(id) = order.contract else {
        findings.exception(Finding::ContractMissing { order: order_id });
        return Ok(());
    };
    let contract: Contract = need(state, &id)?;
    if contract.confirmed_at.is_none() {
        findings.exception(Finding::ContractUnconfirmed { contract: id });
    }
    if order.date < contract.signed_on || contract.ends_on.is_some_and(|ends_on| ends_on < order.date) {
        findings.exception(Finding::OrderOutsideContract { ordered_on: order.date, contract: id });
    }
    Ok(())
}

/// Unit, price and flow of one invoice line against its order line.
fn compare_line(
    line: &InvoiceLine,
    ordered: &BTreeMap<u32, &OrderLine>,
    invoice: &Invoice,
    tolerances: &Policy,
    findings: &mut Findings,
) {
    let Some(order_line) = line.order_line.and_then(|number| ordered.get(&number)) else {
        if line.kind == LineKind::Sale {
            findings.exception(Finding::LineNotOrdered { line: line.number });
        }
        return;
    };
    if line.unit != order_line.unit {
        let (invoiced, ordered) = (line.unit.clone(), order_line.unit.clone());
        findings.exception(Finding::UnitDiffers { line: line.number, invoiced, ordered });
    }
    let (UnitPrice(invoiced), UnitPrice(ordered)) = (line.price, order_line.price);
    let finding = Finding::PriceOff { line: line.number, invoiced: line.price, ordered: order_line.price };
    // |invoiced - ordered| <= ordered * tolerance / 10^6, seen as an excess over the order price.
    findings.over(ordered + invoiced.abs_diff(ordered), ordered, tolerances.match_price_tolerance, finding);
    match order_line.flow {
        Flow::InvoiceAfterReceipt | Flow::InvoiceBeforeReceipt => {}
        Flow::Consignment => findings.exception(Finding::ConsignmentInvoiced { line: line.number }),
        Flow::Services if invoice.confirmed_at.is_none() => {
            findings.exception(Finding::ServiceUnconfirmed { line: line.number });
        }
        Flow::Services => {}
    }
}

/// Billed quantity of one order line against what was received.
fn compare_receipts(
    line: &OrderLine,
    progress: &LineProgress,
    billed: Quantity,
    invoiced_on: Date,
    tolerances: &Policy,
    findings: &mut Findings,
) {
    let order_line = line.number;
    match line.flow {
        Flow::InvoiceAfterReceipt => {
            if let Some(received_on) = progress.first_receipt.filter(|received_on| invoiced_on < *received_on) {
                findings.exception(Finding::InvoicedBeforeReceipt { order_line, invoiced_on, received_on });
            }
        }
        Flow::InvoiceBeforeReceipt => {}
        Flow::Services | Flow::Consignment => return,
    }
    let received = progress.received;
    if billed > received && progress.received_misdated.0 > 0 {
        findings.exception(Finding::ReceiptMisdated { order_line, received: progress.received_misdated });
    } else if received.0 == 0 && billed.0 > 0 {
        findings.exception(Finding::NotReceived { order_line, invoiced: billed });
    } else {
        let finding = Finding::QuantityOver { order_line, invoiced: billed, received };
        findings.over(billed.0, received.0, tolerances.match_quantity_tolerance, finding);
    }
}

/// Billed quantity per order line, returned goods subtracted.
pub(super) fn by_order_line(lines: &[InvoiceLine]) -> Result<BTreeMap<u32, Quantity>, Rejection> {
    let mut sold: BTreeMap<u32, Quantity> = BTreeMap::new();
    let mut returned: BTreeMap<u32, Quantity> = BTreeMap::new();
    for line in lines {
        let Some(number) = line.order_line else {
            continue;
        };
        let sums = match line.kind {
            LineKind::Sale => &mut sold,
            LineKind::Return => &mut returned,
        };
        let sum = sums.entry(number).or_default();
        *sum = add(*sum, line.quantity)?;
    }
    for (number, back) in returned {
        if let Some(sum) = sold.get_mut(&number) {
            sum.0 = sum.0.saturating_sub(back.0);
        }
    }
    Ok(sold)
}

/// Received or billed quantities as delivery lines.
pub(super) fn as_lines(quantities: &BTreeMap<u32, Quantity>) -> List<DeliveryLine, LINES_MAX> {
    let line =
        |(order_line, quantity): (&u32, &Quantity)| DeliveryLine { order_line: *order_line, quantity: *quantity };
    List::new(quantities.iter().map(line).collect()).expect("at most one for each line of a document")
}

/// The sum of two quantities, under the limit.
pub(super) fn add(one: Quantity, other: Quantity) -> Result<Quantity, Rejection> {
    let sum = one.0.checked_add(other.0).filter(|sum| *sum <= limits::AMOUNT_MINOR_MAX);
    Ok(Quantity(sum.ok_or_else(|| amount::overflow(limits::AMOUNT_MINOR_MAX))?))
}

impl Finding {
    /// The refusal that this difference leads to when something is to rest on the invoice.
    pub fn rejection(&self, invoice: InvoiceId) -> Rejection {
        match self {
            Self::Prepayment => reject::prepayment_basis(invoice),
            Self::OrderMissing => reject::trade_doc_missing(format!("{invoice} names no order")),
            Self::OrderUnconfirmed { order } => reject::trade_doc_missing(format!("{order} is not confirmed by both")),
            Self::ContractMissing { order } => reject::trade_doc_missing(format!("{order} names no contract")),
            Self::ContractUnconfirmed { contract } => {
                reject::trade_doc_missing(format!("{contract} is not confirmed by both"))
            }
            Self::OrderOutsideContract { ordered_on, contract } => {
                reject::date_order(format!("ordered on {ordered_on}, outside the term of {contract}"))
            }
            Self::LineNotOrdered { line } => {
                reject::match_quantity(invoice, format!("line {line} bills what no order line asked for"))
            }
            Self::UnitDiffers { line, invoiced, ordered } => {
                reject::match_quantity(invoice, format!("line {line} is billed in {invoiced}, ordered in {ordered}"))
            }
            Self::NotReceived { order_line, invoiced } => {
                let detail = format!("nothing of order line {order_line} is received, {invoiced} is billed");
                reject::future_receivable(invoice, detail)
            }
            Self::ReceiptMisdated { order_line, received } => reject::date_order(format!(
                "{received} of order line {order_line} was shipped before it was ordered or received before it was shipped"
            )),
            Self::InvoicedBeforeReceipt { order_line, invoiced_on, received_on } => reject::date_order(format!(
                "{invoice} is of {invoiced_on}, but order line {order_line} is invoiced after receipt, which was on \
                 {received_on}"
            )),
            Self::QuantityOver { order_line, invoiced, received } => {
                let detail = format!("{invoiced} of order line {order_line} is billed, {received} received");
                reject::match_quantity(invoice, detail)
            }
            Self::PriceOff { line, invoiced, ordered } => {
                reject::match_price(invoice, format!("line {line} costs {invoiced} a unit, ordered at {ordered}"))
            }
            Self::AmountOver { invoiced, ordered } => {
                reject::match_amount(invoice, format!("{invoiced} is billed on an order of {ordered}"))
            }
            Self::ConsignmentInvoiced { line } => {
                reject::future_receivable(invoice, format!("line {line} is on consignment: bill it when it is used"))
            }
            Self::ServiceUnconfirmed { line } => reject::future_receivable(
                invoice,
                format!("line {line} is a service and the buyer has not confirmed the invoice"),
            ),
        }
    }
}
