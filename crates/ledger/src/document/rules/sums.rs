//! Whether a document adds up, and whether its lines are in order.

use crate::document::types::{
    DeliveryLine, InvoiceLine, LineKind, LineProgress, OrderLine, OrderProgress, Rounding, Totals, reject,
};
use std::collections::BTreeSet;
use types::{Amount, Rejection};

/// One line's part in its document.
struct Part {
    number: u32,
    kind: LineKind,
    net: Amount,
}

/// Refuses an order whose lines or sums are not in order.
pub(super) fn check_order(lines: &[OrderLine], totals: &Totals) -> Result<(), Rejection> {
    let part = |line: &OrderLine| Part { number: line.number, kind: LineKind::Sale, net: line.net };
    check(lines.iter().map(part), totals)
}

/// Refuses an invoice or credit note whose lines or sums are not in order, or that comes to nothing.
pub(super) fn check_invoice(lines: &[InvoiceLine], totals: &Totals) -> Result<(), Rejection> {
    let part = |line: &InvoiceLine| Part { number: line.number, kind: line.kind, net: line.net };
    check(lines.iter().map(part), totals)?;
    totals.gross.positive().map(|_| ())
}

fn check(parts: impl Iterator<Item = Part>, totals: &Totals) -> Result<(), Rejection> {
    let zero = Amount::zero(totals.gross.currency);
    let (mut sold, mut returned) = (zero, zero);
    let mut numbers = BTreeSet::new();
    for part in parts {
        if !numbers.insert(part.number) {
            return Err(reject::lines(format!("line {} stands there twice", part.number)));
        }
        match part.kind {
            LineKind::Sale => sold = sold.plus(part.net)?,
            LineKind::Return => returned = returned.plus(part.net)?,
        }
    }
    if numbers.is_empty() {
        return Err(reject::lines("there are none"));
    }
    expect("lines", totals.lines, sold, returned)?;
    expect("net", totals.net, totals.lines.plus(totals.charges)?, totals.allowances)?;
    expect("gross", totals.gross, totals.net.plus(totals.tax)?, zero)?;
    match totals.rounding {
        Rounding::None => expect("payable", totals.payable, totals.gross, totals.prepaid),
        Rounding::Up(up) => expect("payable", totals.payable, totals.gross.plus(up)?, totals.prepaid),
        Rounding::Down(down) => expect("payable", totals.payable, totals.gross, totals.prepaid.plus(down)?),
    }
}

/// Refuses unless `stated` is `plus` less `minus`.
fn expect(total: &str, stated: Amount, plus: Amount, minus: Amount) -> Result<(), Rejection> {
    stated.same_currency(plus)?;
    match plus.minus(minus)? {
        Some(computed) if computed == stated => Ok(()),
        Some(computed) => Err(reject::totals(total, stated, computed)),
        None => Err(reject::totals(total, stated, format!("less than nothing ({plus} less {minus})"))),
    }
}

/// Refuses delivery lines of none, of nothing, or of one order line twice.
pub(super) fn check_delivery(lines: &[DeliveryLine]) -> Result<(), Rejection> {
    let mut numbers = BTreeSet::new();
    for line in lines {
        if line.quantity.0 == 0 {
            return Err(reject::lines(format!("order line {} has quantity zero: leave it out", line.order_line)));
        }
        if !numbers.insert(line.order_line) {
            return Err(reject::lines(format!("order line {} stands there twice", line.order_line)));
        }
    }
    if numbers.is_empty() { Err(reject::lines("there are none")) } else { Ok(()) }
}

/// The progress of an order line.
pub(super) fn line_of(progress: &mut OrderProgress, number: u32) -> Result<&mut LineProgress, Rejection> {
    let found = progress.lines.iter_mut().find(|line| line.number == number);
    found.ok_or_else(|| reject::lines(format!("the order has no line {number}")))
}
