//! From a trade document to the act that records it.
//!
//! Documents name each other and their parties by numbers of the trade; the ledger names them by ids. [`References`]
//! says which numbers a document uses, the caller looks them up, and [`act`] makes the act. A party that is not
//! registered is recorded by its name; a paper that is not on the chain is left out, except where the act needs it.

use super::{
    Bill, Decimal, Despatch, Format, Line, Order, Party as Company, QuantityRule, Totals as Sums, TradeDocument,
    decimal::div_half_up,
};
use ledger::{
    core::EnterpriseId,
    document::{
        ContractId, DeliveryId, DeliveryLine, Flow, InvoiceId, InvoiceKind, InvoiceLine, LINES_MAX, LineKind, OrderId,
        OrderLine, Parties, Party, RecordCreditNote, RecordDelivery, RecordInvoice, RecordOrder, Rounding, Source,
        SourceFormat, Totals, UnitPrice,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use types::{Act, Amount, List, Quantity, Text, text::Name, text::Reference};

/// UNTDID 1001: an invoice that asks for an advance.
const PREPAYMENT: &str = "386";
/// UN/ECE Recommendation 20: one, where a line names no unit.
const UNIT_ONE: &str = "C62";

/// The numbers by which documents name parties and other documents.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct References {
    pub legal_ids: BTreeSet<String>,
    pub contracts: BTreeSet<String>,
    pub orders: BTreeSet<String>,
    pub deliveries: BTreeSet<String>,
    pub invoices: BTreeSet<String>,
}

impl References {
    /// Adds what a document names.
    pub fn add(&mut self, document: &TradeDocument) {
        let header = document.header();
        for party in [&header.seller, &header.buyer] {
            self.legal_ids.extend(legal_ids(party));
        }
        let number = |reference: &Option<Reference>| reference.as_ref().map(ToString::to_string);
        self.contracts.extend(number(&header.contract));
        self.orders.extend(number(&header.order));
        self.deliveries.extend(number(&header.despatch));
        for line in document.lines() {
            self.orders.extend(number(&line.order));
            self.deliveries.extend(number(&line.despatch));
        }
        if let TradeDocument::CreditNote(bill) = document {
            self.invoices.extend(bill.preceding.iter().map(|preceding| preceding.number.to_string()));
        }
    }
}

/// What the chain has under those numbers.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub enterprises: BTreeMap<String, EnterpriseId>,
    pub contracts: BTreeMap<String, ContractId>,
    pub orders: BTreeMap<String, OrderId>,
    pub deliveries: BTreeMap<String, DeliveryId>,
    pub invoices: BTreeMap<String, InvoiceId>,
}

/// The act that records the document, or why it cannot be recorded.
pub fn act(document: &TradeDocument, known: &Known) -> Result<Act, String> {
    let act = match document {
        TradeDocument::Order(order) => ledger::act(&record_order(order, known)?),
        TradeDocument::Despatch(despatch) => ledger::act(&record_delivery(despatch, known)?),
        TradeDocument::Invoice(bill) => ledger::act(&record_invoice(bill, known)?),
        TradeDocument::CreditNote(bill) => ledger::act(&record_credit_note(bill, known)?),
        TradeDocument::OrderResponse(_) => {
            return Err(
                "an order response is confirmed with `document confirm_order`: it records nothing of its own".into()
            );
        }
    };
    act.map_err(|rejection| ledger::explain(&rejection).1)
}

fn record_order(order: &Order, known: &Known) -> Result<RecordOrder, String> {
    let header = &order.header;
    let currency = header.currency.ok_or("the order names no currency")?;
    let numbers = numbers(&order.lines);
    let lines = order.lines.iter().zip(numbers).map(|(line, number)| {
        let net = line.net.and_then(|net| net.amount());
        Ok(OrderLine {
            number,
            sku: line.seller_item.clone().or_else(|| line.buyer_item.clone()),
            item: item(line)?,
            quantity: quantity(line)?,
            unit: unit(line)?,
            price: price(line)?,
            net: net.ok_or_else(|| format!("line {}: the order states no amount, or a negative one", line.id))?,
            flow: Flow::InvoiceBeforeReceipt,
        })
    });
    let lines = lines.collect::<Result<Vec<_>, String>>()?;
    let totals = match &order.totals {
        Some(sums) => totals(sums)?,
        None => {
            let sum = lines.iter().try_fold(Amount::zero(currency), |sum, line| sum.plus(line.net));
            plain(sum.map_err(|rejection| ledger::explain(&rejection).1)?)
        }
    };
    Ok(RecordOrder {
        number: header.number.clone(),
        parties: parties(&header.seller, &header.buyer, known)?,
        date: header.issued,
        contract: find(&header.contract, &known.contracts),
        lines: List::new(lines)?,
        totals,
        source: source(document_source(&header.source.format), header.source.digest),
    })
}

fn record_delivery(despatch: &Despatch, known: &Known) -> Result<RecordDelivery, String> {
    let header = &despatch.header;
    let order = header.order.clone().or_else(|| despatch.lines.iter().find_map(|line| line.order.clone()));
    let number = order.as_ref().ok_or("the despatch advice names no order")?;
    let order =
        find(&order, &known.orders).ok_or_else(|| format!("order {number} is not on the chain: import it first"))?;
    Ok(RecordDelivery {
        number: header.number.clone(),
        order,
        despatched_on: despatch.shipped.unwrap_or(header.issued),
        lines: delivery_lines(despatch)?,
        source: source(document_source(&header.source.format), header.source.digest),
    })
}

/// How much of each order line was sent; several lines of one order line are one.
pub fn delivery_lines(despatch: &Despatch) -> Result<List<DeliveryLine, LINES_MAX>, String> {
    let mut quantities: BTreeMap<u32, u64> = BTreeMap::new();
    for (line, number) in despatch.lines.iter().zip(numbers(&despatch.lines)) {
        let order_line = order_line(line).unwrap_or(number);
        let sum = quantities.entry(order_line).or_default();
        *sum = sum.checked_add(quantity(line)?.0).ok_or("the quantities are too large to add")?;
    }
    let lines = quantities.into_iter().filter(|(_, quantity)| *quantity > 0);
    let lines = lines.map(|(order_line, quantity)| DeliveryLine { order_line, quantity: Quantity(quantity) });
    List::new(lines.collect())
}

fn record_invoice(bill: &Bill, known: &Known) -> Result<RecordInvoice, String> {
    let header = &bill.header;
    let order = header.order.clone().or_else(|| bill.lines.iter().find_map(|line| line.order.clone()));
    let named = bill.lines.iter().filter_map(|line| line.despatch.as_ref()).chain(&header.despatch);
    let deliveries: BTreeSet<DeliveryId> =
        named.filter_map(|number| known.deliveries.get(number.as_str()).copied()).collect();
    let kind = if bill.type_code.as_str() == PREPAYMENT { InvoiceKind::Prepayment } else { InvoiceKind::Commercial };
    Ok(RecordInvoice {
        number: header.number.clone(),
        kind,
        parties: parties(&header.seller, &header.buyer, known)?,
        date: header.issued,
        due_on: bill.due,
        order: find(&order, &known.orders),
        deliveries: List::new(deliveries.into_iter().collect())?,
        lines: invoice_lines(bill)?,
        totals: totals(&bill.totals)?,
        source: source(document_source(&header.source.format), header.source.digest),
    })
}

fn record_credit_note(bill: &Bill, known: &Known) -> Result<RecordCreditNote, String> {
    let header = &bill.header;
    let invoice = bill.preceding.iter().find_map(|preceding| known.invoices.get(preceding.number.as_str()));
    let named: Vec<&str> = bill.preceding.iter().map(|preceding| preceding.number.as_str()).collect();
    let missing = || match named.as_slice() {
        [] => "the credit note names no invoice".to_owned(),
        named => format!("no invoice with number {} is on the chain: import it first", named.join(" or ")),
    };
    Ok(RecordCreditNote {
        number: header.number.clone(),
        invoice: *invoice.ok_or_else(missing)?,
        date: header.issued,
        lines: invoice_lines(bill)?,
        totals: totals(&bill.totals)?,
        source: source(document_source(&header.source.format), header.source.digest),
    })
}

fn invoice_lines<const MAX: usize>(bill: &Bill) -> Result<List<InvoiceLine, MAX>, String> {
    let lines = bill.lines.iter().zip(numbers(&bill.lines)).map(|(line, number)| {
        let net = line.net.ok_or_else(|| format!("line {}: no amount", line.id))?;
        let kind = if net.minor() < 0 { LineKind::Return } else { LineKind::Sale };
        let minor = u64::try_from(net.minor().unsigned_abs()).map_err(|_| format!("line {}: too large", line.id))?;
        Ok(InvoiceLine {
            number,
            order_line: order_line(line),
            sku: line.seller_item.clone().or_else(|| line.buyer_item.clone()),
            item: item(line)?,
            kind,
            quantity: quantity(line)?,
            unit: unit(line)?,
            price: price(line)?,
            net: bill.gross().currency.minor(minor),
        })
    });
    List::new(lines.collect::<Result<Vec<_>, String>>()?)
}

/// The document's own line numbers where they are numbers and differ, and otherwise 1, 2, 3.
fn numbers(lines: &[Line]) -> Vec<u32> {
    let own: Option<Vec<u32>> = lines.iter().map(|line| line.id.parse().ok()).collect();
    let distinct = |own: &Vec<u32>| own.iter().collect::<BTreeSet<_>>().len() == own.len();
    own.filter(distinct).unwrap_or_else(|| (1..).take(lines.len()).collect())
}

fn order_line(line: &Line) -> Option<u32> {
    line.order_line.as_ref().and_then(|number| number.parse().ok())
}

fn item(line: &Line) -> Result<Name, String> {
    let text = line.item.as_ref().map_or("", |item| item.as_str());
    let end = (0..=text.len().min(types::limits::NAME_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
    Text::new(text[..end.unwrap_or(0)].trim())
}

/// A quantity of more than three decimals is cut: what is claimed never exceeds what the paper says.
fn quantity(line: &Line) -> Result<Quantity, String> {
    let Some(measure) = &line.quantity else { return Ok(Quantity(1_000)) };
    measure.exact.magnitude().thousandths(QuantityRule::Floor).map_err(|reason| format!("line {}: {reason}", line.id))
}

fn unit(line: &Line) -> Result<Text<12>, String> {
    let unit = line.quantity.as_ref().and_then(|measure| measure.unit.as_ref());
    Text::new(unit.map_or(UNIT_ONE, |unit| unit.as_str()))
}

/// The price for one unit, half up to a ten-thousandth.
fn price(line: &Line) -> Result<UnitPrice, String> {
    let Some(price) = &line.price else { return Ok(UnitPrice(0)) };
    let refused = || format!("line {}: the unit price is negative or too large", line.id);
    let scaled = |decimal: Decimal| decimal.units(12);
    let above = scaled(price.amount).and_then(|amount| amount.checked_mul(10_000));
    let units =
        above.zip(scaled(price.per)).and_then(|(above, below)| div_half_up(above, below)).ok_or_else(refused)?;
    u64::try_from(units)
        .ok()
        .filter(|units| *units <= types::limits::AMOUNT_MINOR_MAX)
        .map(UnitPrice)
        .ok_or_else(refused)
}

fn totals(sums: &Sums) -> Result<Totals, String> {
    let amount = |name: &str, signed: super::Signed| {
        signed.amount().ok_or_else(|| format!("the {name} is negative: it can be read, but not recorded as a claim"))
    };
    let rounding = match sums.rounding.minor() {
        0 => Rounding::None,
        up if up > 0 => Rounding::Up(amount("rounding", sums.rounding)?),
        _ => Rounding::Down(sums.rounding.amount),
    };
    Ok(Totals {
        lines: amount("line total", sums.line_extension)?,
        allowances: amount("allowance total", sums.allowance)?,
        charges: amount("charge total", sums.charge)?,
        net: amount("total without tax", sums.tax_exclusive)?,
        tax: amount("tax total", sums.tax)?,
        gross: amount("total with tax", sums.tax_inclusive)?,
        prepaid: amount("prepaid amount", sums.prepaid)?,
        rounding,
        payable: amount("payable amount", sums.payable)?,
    })
}

/// The sums of a document that states none: its lines, without tax.
fn plain(net: Amount) -> Totals {
    let zero = Amount::zero(net.currency);
    Totals {
        lines: net,
        allowances: zero,
        charges: zero,
        net,
        tax: zero,
        gross: net,
        prepaid: zero,
        rounding: Rounding::None,
        payable: net,
    }
}

fn parties(seller: &Company, buyer: &Company, known: &Known) -> Result<Parties, String> {
    Ok(Parties { seller: party("seller", seller, known)?, buyer: party("buyer", buyer, known)? })
}

fn party(side: &str, company: &Company, known: &Known) -> Result<Party, String> {
    if let Some(id) = legal_ids(company).find_map(|legal_id| known.enterprises.get(&legal_id).copied()) {
        return Ok(Party::Enterprise(id));
    }
    let legal_id = legal_ids(company).next().map_or_else(|| Text::new("unknown"), Text::new)?;
    let name = company.name.clone().ok_or_else(|| format!("the {side} has no name"))?;
    Ok(Party::Named { name, legal_id })
}

/// The ids a company may be registered under, the most official first.
pub fn legal_ids(company: &Company) -> impl Iterator<Item = String> {
    let legal = company.legal_id.as_ref().map(|id| id.value.to_string());
    let tax = company.tax_id.as_ref().map(ToString::to_string);
    let others = company.ids.iter().chain(&company.endpoint).map(|id| id.value.to_string());
    legal.into_iter().chain(tax).chain(others.collect::<Vec<_>>())
}

fn find<T: Copy>(number: &Option<Reference>, known: &BTreeMap<String, T>) -> Option<T> {
    number.as_ref().and_then(|number| known.get(number.as_str()).copied())
}

fn document_source(format: &Format) -> SourceFormat {
    match format {
        Format::Ubl => SourceFormat::Ubl21,
        Format::Table | Format::ScmsHistory => SourceFormat::Csv,
    }
}

fn source(format: SourceFormat, digest: types::Digest) -> Source {
    Source { digest, format }
}
