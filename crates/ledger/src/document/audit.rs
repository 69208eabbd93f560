use super::{
    fingerprint::{self, Kind},
    state::Known,
    types::{
        Claimant, Contract, ContractId, CreditNote, CreditNoteId, CreditNoteLines, Delivery, DeliveryId, Invoice,
        InvoiceId, InvoiceLines, LineProgress, Order, OrderId, OrderLines, OrderProgress,
    },
};
use crate::core::{Audit, Record};
use std::collections::{BTreeMap, BTreeSet};
use types::{Date, Digest, Wire};

/// The tables of this module, each by id.
struct Papers {
    contracts: BTreeMap<ContractId, Contract>,
    orders: BTreeMap<OrderId, Order>,
    progress: BTreeMap<OrderId, OrderProgress>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    invoices: BTreeMap<InvoiceId, Invoice>,
    lines: BTreeMap<InvoiceId, InvoiceLines>,
    notes: BTreeMap<CreditNoteId, CreditNote>,
}

pub(super) fn audit(audit: &mut Audit) {
    let papers = Papers {
        contracts: table(audit),
        orders: table(audit),
        progress: table(audit),
        deliveries: table(audit),
        invoices: table(audit),
        lines: table(audit),
        notes: table(audit),
    };
    balances(audit, &papers);
    credit_notes(audit, &papers);
    progress(audit, &papers);
    fingerprints(audit, &papers);
    links(audit, &papers);
    claimants(audit, &papers);
}

fn table<R: Record>(audit: &Audit) -> BTreeMap<R::Id, R>
where
    R::Id: Ord,
{
    audit.all::<R>().into_iter().collect()
}

/// I5: what rests on an invoice, was paid on it and was taken back is together within its gross amount.
fn balances(audit: &mut Audit, papers: &Papers) {
    for (id, invoice) in &papers.invoices {
        let balance = &invoice.balance;
        let parts = [balance.paid, balance.credited, balance.reserved, balance.allocated, balance.settled];
        let used: u128 = parts.iter().map(|part| u128::from(part.minor)).sum();
        let gross = invoice.totals.gross;
        audit.ensure("I5", used <= u128::from(gross.minor), || format!("{id}: {used} of {gross}"));
        let same = parts.iter().chain([&balance.noted]).all(|part| part.currency == gross.currency);
        audit.ensure("DOCUMENT-CURRENCY", same, || format!("{id}: {balance:?}"));
    }
}

/// Credit notes stay within their invoice, and each of their cents found open value, cut a claim, became a
/// counter-claim, or waits.
fn credit_notes(audit: &mut Audit, papers: &Papers) {
    let mut noted: BTreeMap<InvoiceId, (u128, u128)> = BTreeMap::new();
    for (id, note) in &papers.notes {
        let [gross, excess, reduced, countered] =
            [note.totals.gross, note.excess, note.reduced, note.countered].map(|amount| u128::from(amount.minor));
        audit.ensure("DOCUMENT-CREDIT-NOTE", excess <= gross && reduced + countered <= excess, || {
            format!("{id}: {gross}, excess {excess}, reduced {reduced}, countered {countered}")
        });
        let sums = noted.entry(note.invoice).or_default();
        sums.0 += gross;
        sums.1 += gross.saturating_sub(excess) + reduced;
    }
    for (id, invoice) in &papers.invoices {
        let (noted, credited) = noted.get(id).copied().unwrap_or_default();
        let balance = &invoice.balance;
        let told = (u128::from(balance.noted.minor), u128::from(balance.credited.minor));
        let within = noted <= u128::from(invoice.totals.gross.minor);
        audit.ensure("DOCUMENT-CREDITED", within && (noted, credited) == told, || {
            format!("{id}: credit notes sum to {noted}, {credited} of it found; the invoice says {told:?}")
        });
    }
}

/// An order's progress is the sum of its deliveries, goods receipts and invoices.
fn progress(audit: &mut Audit, papers: &Papers) {
    let mut expected: BTreeMap<(OrderId, u32), Sums> = BTreeMap::new();
    for delivery in papers.deliveries.values() {
        for line in &delivery.lines {
            expected.entry((delivery.order, line.order_line)).or_default().despatched += line.quantity.0;
        }
        let (Some(receipt), Some(order)) = (&delivery.receipt, papers.orders.get(&delivery.order)) else { continue };
        let in_order = order.date <= delivery.despatched_on && delivery.despatched_on <= receipt.received_on;
        for line in &receipt.lines {
            let sums = expected.entry((delivery.order, line.order_line)).or_default();
            if in_order {
                sums.received += line.quantity.0;
                let earlier = |first: Date| first.min(receipt.received_on);
                sums.first_receipt = Some(sums.first_receipt.map_or(receipt.received_on, earlier));
            } else {
                sums.received_misdated += line.quantity.0;
            }
        }
    }
    let mut net: BTreeMap<OrderId, u128> = BTreeMap::new();
    for (id, invoice) in &papers.invoices {
        let (Some(order), Some(lines)) = (invoice.order, papers.lines.get(id)) else { continue };
        *net.entry(order).or_default() += u128::from(lines.billed_net.minor);
        for line in &lines.billed {
            expected.entry((order, line.order_line)).or_default().invoiced += line.quantity.0;
        }
    }
    for (id, progress) in &papers.progress {
        let invoiced = net.remove(id).unwrap_or_default();
        let same = invoiced == u128::from(progress.invoiced.minor);
        audit.ensure("DOCUMENT-PROGRESS", same, || format!("{id}: {}, invoices sum to {invoiced}", progress.invoiced));
        for line in &progress.lines {
            let sums = expected.remove(&(*id, line.number)).unwrap_or_default();
            let same = sums == Sums::of(line);
            audit.ensure("DOCUMENT-PROGRESS", same, || format!("{id}: {line:?}, its papers sum to {sums:?}"));
        }
    }
    let all_found = expected.is_empty() && net.is_empty();
    audit.ensure("DOCUMENT-PROGRESS", all_found, || format!("papers of no order line: {expected:?} {net:?}"));
}

/// What the papers on an order line sum to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Sums {
    despatched: u64,
    received: u64,
    received_misdated: u64,
    first_receipt: Option<Date>,
    invoiced: u64,
}

impl Sums {
    fn of(line: &LineProgress) -> Self {
        Self {
            despatched: line.despatched.0,
            received: line.received.0,
            received_misdated: line.received_misdated.0,
            first_receipt: line.first_receipt,
            invoiced: line.invoiced.0,
        }
    }
}

/// Each paper stands in the registry once, under its own fingerprint, and nothing else stands there.
fn fingerprints(audit: &mut Audit, papers: &Papers) {
    let mut expected: BTreeMap<Digest, Known> = BTreeMap::new();
    let mut count = 0;
    let mut expect = |digest: Digest, known: Known| {
        count += 1;
        expected.insert(digest, known);
    };
    for (id, contract) in &papers.contracts {
        let digest = fingerprint::of(Kind::Contract, &contract.traders, &contract.number, contract.signed_on, None);
        expect(digest, Known::Contract(*id));
    }
    for (id, order) in &papers.orders {
        let gross = Some(order.totals.gross);
        expect(fingerprint::of(Kind::Order, &order.traders, &order.number, order.date, gross), Known::Order(*id));
    }
    for (id, delivery) in &papers.deliveries {
        let (traders, date) = (&delivery.traders, delivery.despatched_on);
        expect(fingerprint::of(Kind::Delivery, traders, &delivery.number, date, None), Known::Delivery(*id));
    }
    for (id, invoice) in &papers.invoices {
        let gross = Some(invoice.totals.gross);
        let digest = fingerprint::of(Kind::Invoice, &invoice.traders, &invoice.number, invoice.date, gross);
        audit.ensure("DOCUMENT-FINGERPRINT", digest == invoice.fingerprint, || format!("{id} carries another"));
        expect(digest, Known::Invoice(*id));
    }
    for (id, note) in &papers.notes {
        let gross = Some(note.totals.gross);
        let digest = fingerprint::of(Kind::CreditNote, &note.traders, &note.number, note.date, gross);
        expect(digest, Known::CreditNote(*id));
    }
    let unique = expected.len() == count;
    audit.ensure("DOCUMENT-FINGERPRINT", unique, || format!("{count} papers, {} fingerprints", expected.len()));
    let registry: BTreeMap<Digest, Known> = table(audit);
    audit.ensure("DOCUMENT-FINGERPRINT", registry == expected, || "the registry is not that of the papers".to_owned());
}

/// What a paper names exists, between the same parties, and each paper's lines are kept.
fn links(audit: &mut Audit, papers: &Papers) {
    for (id, order) in &papers.orders {
        let contract = order.contract.map(|contract| papers.contracts.get(&contract));
        let between = contract.is_none_or(|contract| contract.is_some_and(|paper| paper.traders.same(&order.traders)));
        audit.ensure("DOCUMENT-LINK", between, || format!("{id} is under no contract of its parties"));
    }
    for (id, delivery) in &papers.deliveries {
        let order = papers.orders.get(&delivery.order);
        let between = order.is_some_and(|order| order.traders == delivery.traders);
        audit.ensure("DOCUMENT-LINK", between, || format!("{id} is on no order of its parties"));
        let receipt = delivery.receipt.as_ref();
        let sent =
            |line: u32| delivery.lines.iter().find(|sent| sent.order_line == line).map_or(0, |sent| sent.quantity.0);
        let within =
            receipt.is_none_or(|receipt| receipt.lines.iter().all(|line| line.quantity.0 <= sent(line.order_line)));
        audit.ensure("DOCUMENT-RECEIPT", within, || format!("{id}: more was received than sent"));
    }
    for (id, invoice) in &papers.invoices {
        let order = invoice.order.map(|order| papers.orders.get(&order));
        let between = order.is_none_or(|order| order.is_some_and(|paper| paper.traders.same(&invoice.traders)));
        audit.ensure("DOCUMENT-LINK", between, || format!("{id} is on no order of its parties"));
        let on_order =
            |delivery| papers.deliveries.get(delivery).is_some_and(|paper| Some(paper.order) == invoice.order);
        audit.ensure("DOCUMENT-LINK", invoice.deliveries.iter().all(on_order), || format!("{id} bills no delivery"));
    }
    for (id, note) in &papers.notes {
        let invoice = papers.invoices.get(&note.invoice);
        let between = invoice.is_some_and(|invoice| invoice.traders == note.traders);
        audit.ensure("DOCUMENT-LINK", between, || format!("{id} credits no invoice of its parties"));
    }
    same_keys(audit, "orders and their lines", &papers.orders, &table::<OrderLines>(audit));
    same_keys(audit, "orders and their progress", &papers.orders, &papers.progress);
    same_keys(audit, "invoices and their lines", &papers.invoices, &papers.lines);
    same_keys(audit, "credit notes and their lines", &papers.notes, &table::<CreditNoteLines>(audit));
}

fn same_keys<I: Wire + Ord, A, B>(audit: &mut Audit, what: &str, one: &BTreeMap<I, A>, other: &BTreeMap<I, B>) {
    audit.ensure("DOCUMENT-LINK", one.keys().eq(other.keys()), || format!("{what} do not stand together"));
}

/// An invoice's claimants are numbered without a gap, so that each is told.
fn claimants(audit: &mut Audit, papers: &Papers) {
    let told: BTreeSet<(InvoiceId, u64)> = audit.all::<Claimant>().into_iter().map(|(id, _)| id).collect();
    let numbers = |(id, invoice): (&InvoiceId, &Invoice)| (0..invoice.claims).map(|number| (*id, number)).collect();
    let expected: BTreeSet<(InvoiceId, u64)> = papers.invoices.iter().flat_map::<Vec<_>, _>(numbers).collect();
    audit.ensure("DOCUMENT-CLAIMANTS", told == expected, || {
        format!("{} claimants, {} claims", told.len(), expected.len())
    });
}
