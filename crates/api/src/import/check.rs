//! Do the figures add up? EN 16931's arithmetic, in integers.
//!
//! Both readers bring their figures here with a function that says where a figure stands, so that a refusal can point at
//! it. Sums are exact. Only two things have a tolerance, the one that EN 16931's own rules have: a tax category's base
//! and its tax may be off by less than one unit of the currency, since software rounds per line or per category.

use super::{
    decimal::{Decimal, Signed, money},
    document::{Adjustment, AdjustmentKind, Line, TaxCategory, TaxSubtotal, Totals},
    error::{ImportError, Place, Rule},
};
use types::Currency;

/// A figure of a document, for the reader to find again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Figure {
    LineExtension,
    Allowance,
    Charge,
    TaxExclusive,
    Tax,
    TaxInclusive,
    Payable,
    Line(usize),
    Subtotal(usize),
}

/// Where a figure stands in the file.
pub(super) type Places<'a> = &'a dyn Fn(Figure) -> Place;

/// The totals that a document writes.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    pub line_extension: Option<Signed>,
    pub allowance: Option<Signed>,
    pub charge: Option<Signed>,
    pub tax_exclusive: Option<Signed>,
    pub tax: Option<Signed>,
    pub tax_inclusive: Option<Signed>,
    pub prepaid: Option<Signed>,
    pub rounding: Option<Signed>,
    pub payable: Option<Signed>,
}

/// Checks the written totals against lines and adjustments, and derives those that are not written.
pub(super) fn totals(
    written: Written,
    currency: Currency,
    lines: &[Line],
    adjustments: &[Adjustment],
    places: Places<'_>,
) -> Result<Totals, ImportError> {
    let sums = Sums { currency, places };
    let of_lines: i128 = lines.iter().filter_map(|line| line.net).map(Signed::minor).sum();
    let complete = lines.iter().all(|line| line.net.is_some());
    let line_extension = match written.line_extension {
        Some(total) if !complete => total,
        total => sums.hold(total, of_lines, &Law(Figure::LineExtension, Rule::LineSum, "line total"), || {
            format!("the sum of its {} lines {}", lines.len(), money(of_lines, currency))
        })?,
    };
    let allowances = adjustment_sum(adjustments, AdjustmentKind::Allowance);
    let charges = adjustment_sum(adjustments, AdjustmentKind::Charge);
    let sum_text = |sum: i128, of: &str| format!("the sum of its {of} {}", money(sum, currency));
    let allowance = written.allowance.or(Some(Signed::zero(currency)));
    let allowance =
        sums.hold(allowance, allowances, &Law(Figure::Allowance, Rule::AllowanceSum, "total of allowances"), || {
            sum_text(allowances, "allowances")
        })?;
    let charge = written.charge.or(Some(Signed::zero(currency)));
    let charge = sums.hold(charge, charges, &Law(Figure::Charge, Rule::ChargeSum, "total of charges"), || {
        sum_text(charges, "charges")
    })?;
    let net = line_extension.minor() - allowances + charges;
    let exclusive = written.tax_exclusive;
    let tax_exclusive =
        sums.hold(exclusive, net, &Law(Figure::TaxExclusive, Rule::TaxExclusive, "total without tax"), || {
            let (lines, allowance, charge) = (line_extension.minor(), allowances, charges);
            let (lines, allowance) = (money(lines, currency), money(allowance, currency));
            format!("line total {lines} minus allowances {allowance} plus charges {}", money(charge, currency))
        })?;
    with_tax(
        &sums,
        written,
        Totals {
            line_extension,
            allowance,
            charge,
            tax_exclusive,
            tax: Signed::zero(currency),
            tax_inclusive: tax_exclusive,
            prepaid: written.prepaid.unwrap_or(Signed::zero(currency)),
            rounding: written.rounding.unwrap_or(Signed::zero(currency)),
            payable: Signed::zero(currency),
        },
    )
}

/// The totals from tax onwards. A document that writes no tax says it by its other totals.
fn with_tax(sums: &Sums<'_>, written: Written, base: Totals) -> Result<Totals, ImportError> {
    let currency = sums.currency;
    let exclusive = base.tax_exclusive.minor();
    let (prepaid, rounding) = (base.prepaid.minor(), base.rounding.minor());
    let tax = match (written.tax, written.tax_inclusive, written.payable) {
        (Some(tax), _, _) => tax.minor(),
        (None, Some(inclusive), _) => inclusive.minor() - exclusive,
        (None, None, Some(payable)) => payable.minor() + prepaid - rounding - exclusive,
        (None, None, None) => 0,
    };
    let tax = sums.signed(tax, Figure::Tax)?;
    let inclusive = exclusive + tax.minor();
    let total = written.tax_inclusive;
    let tax_inclusive =
        sums.hold(total, inclusive, &Law(Figure::TaxInclusive, Rule::TaxInclusive, "tax inclusive total"), || {
            format!("total without tax {} plus tax {}", money(exclusive, currency), money(tax.minor(), currency))
        })?;
    let due = inclusive - prepaid + rounding;
    let payable = sums.hold(written.payable, due, &Law(Figure::Payable, Rule::Payable, "payable amount"), || {
        let plus = if rounding == 0 { String::new() } else { format!(" plus rounding {}", money(rounding, currency)) };
        let (inclusive, prepaid) = (money(inclusive, currency), money(prepaid, currency));
        format!("tax inclusive {inclusive} minus prepaid {prepaid}{plus}")
    })?;
    Ok(Totals { tax, tax_inclusive, payable, ..base })
}

/// A bill asks for nothing below zero: money that goes back is a credit note, with positive figures.
pub(super) fn not_negative(totals: &Totals, credit: bool, places: Places<'_>) -> Result<(), ImportError> {
    if !totals.tax_inclusive.negative {
        return Ok(());
    }
    let total = money(totals.tax_inclusive.minor(), totals.tax_inclusive.amount.currency);
    let reason = if credit {
        format!("the credit note's total is {total}: a credit note states what goes back as a positive amount")
    } else {
        format!(
            "the invoice's total is {total}: an invoice cannot ask for less than nothing; send a credit note instead"
        )
    };
    Err(places(Figure::TaxInclusive).refuse(Rule::NegativeTotal, reason))
}

/// Tax per category: the parts sum to the total, each part is its rate of its base, each base is its lines.
pub(super) fn taxes(
    taxes: &[TaxSubtotal],
    totals: &Totals,
    lines: &[Line],
    adjustments: &[Adjustment],
    places: Places<'_>,
) -> Result<(), ImportError> {
    let currency = totals.tax.amount.currency;
    let sums = Sums { currency, places };
    if taxes.is_empty() {
        let reason = "the document has no tax breakdown: one category at least, with 0.00 where no tax is due";
        return Err(places(Figure::Tax).refuse(Rule::NoTax, reason));
    }
    let sum: i128 = taxes.iter().map(|part| part.tax.minor()).sum();
    sums.hold(Some(totals.tax), sum, &Law(Figure::Tax, Rule::TaxSum, "total tax"), || {
        format!("the sum {} of its {} categories", money(sum, currency), taxes.len())
    })?;
    for (index, part) in taxes.iter().enumerate() {
        let twice = taxes[..index].iter().any(|earlier| same_category(&earlier.category, &part.category));
        if twice {
            let reason = format!("tax category {} is broken down twice", describe(&part.category));
            return Err(places(Figure::Subtotal(index)).refuse(Rule::Twice, reason));
        }
        check_category(part, index, currency, lines, adjustments, places)?;
    }
    let known = |category: &TaxCategory| taxes.iter().any(|part| same_category(&part.category, category));
    for (index, line) in lines.iter().enumerate() {
        if let Some(category) = line.tax.as_ref().filter(|category| !known(category)) {
            let reason =
                format!("line {} is in tax category {}, which the tax breakdown lacks", line.id, describe(category));
            return Err(places(Figure::Line(index)).refuse(Rule::CategoryBase, reason));
        }
    }
    Ok(())
}

fn check_category(
    part: &TaxSubtotal,
    index: usize,
    currency: Currency,
    lines: &[Line],
    adjustments: &[Adjustment],
    places: Places<'_>,
) -> Result<(), ImportError> {
    let tolerance = 10i128.pow(u32::from(currency.decimals()));
    let near = |a: i128, b: i128| (a - b).abs() < tolerance;
    let name = describe(&part.category);
    let base = part.taxable.minor();
    let rate = part.category.percent.unwrap_or(Decimal::parse("0").expect("a digit is a decimal"));
    let expected = rate.percent_of(base).filter(|expected| near(*expected, part.tax.minor()));
    if expected.is_none() {
        let (tax, base) = (money(part.tax.minor(), currency), money(base, currency));
        let reason = format!("tax {tax} of category {name} is not {rate} percent of {base}");
        return Err(places(Figure::Subtotal(index)).refuse(Rule::CategoryTax, reason));
    }
    if lines.iter().any(|line| line.tax.is_none()) {
        return Ok(());
    }
    let mine = |category: &Option<TaxCategory>| category.as_ref().is_some_and(|it| same_category(it, &part.category));
    let of_lines: i128 =
        lines.iter().filter(|line| mine(&line.tax)).filter_map(|line| line.net).map(Signed::minor).sum();
    let of_adjustments: i128 = adjustments.iter().filter(|it| mine(&it.tax)).map(signed_effect).sum();
    if near(of_lines + of_adjustments, base) {
        return Ok(());
    }
    let reason = format!(
        "taxable amount {} of category {name} is not its lines {} with its allowances and charges {}",
        money(base, currency),
        money(of_lines, currency),
        money(of_adjustments, currency)
    );
    Err(places(Figure::Subtotal(index)).refuse(Rule::CategoryBase, reason))
}

/// Line amount against quantity, price, charges and allowances, within two hundredths as Peppol's rule R120 has it.
/// `Err` holds the sentence; whether it is a refusal is for the caller to say.
pub(super) fn line_net(line: &Line, currency: Currency) -> Result<(), String> {
    let (Some(quantity), Some(price), Some(net)) = (&line.quantity, &line.price, line.net) else {
        return Ok(());
    };
    let Some(goods) = quantity.exact.times_price(price.amount, price.per, currency) else {
        return Err(format!("line {}: quantity times price is too large to check", line.id));
    };
    let effect: i128 = line.adjustments.iter().map(signed_effect).sum();
    if (goods + effect - net.minor()).abs() <= 2 {
        return Ok(());
    }
    let per = if price.per == Decimal::ONE { String::new() } else { format!(" per {}", price.per) };
    Err(format!(
        "line {}: line amount {} is not quantity {} at {}{per} with its allowances and charges {}, which is {}",
        line.id,
        money(net.minor(), currency),
        quantity.exact,
        price.amount,
        money(effect, currency),
        money(goods + effect, currency)
    ))
}

fn adjustment_sum(adjustments: &[Adjustment], kind: AdjustmentKind) -> i128 {
    adjustments.iter().filter(|adjustment| adjustment.kind == kind).map(|adjustment| adjustment.amount.minor()).sum()
}

fn signed_effect(adjustment: &Adjustment) -> i128 {
    match adjustment.kind {
        AdjustmentKind::Charge => adjustment.amount.minor(),
        AdjustmentKind::Allowance => -adjustment.amount.minor(),
    }
}

/// Same code and same rate; a rate that is not written is zero.
pub(super) fn same_category(one: &TaxCategory, other: &TaxCategory) -> bool {
    let rate = |category: &TaxCategory| category.percent.filter(|percent| !percent.is_zero());
    one.code == other.code && rate(one) == rate(other)
}

fn describe(category: &TaxCategory) -> String {
    match category.percent {
        Some(percent) => format!("{} at {percent}%", category.code),
        None => category.code.to_string(),
    }
}

/// What a figure is held to: where it stands, the rule, and the figure's name for people.
struct Law(Figure, Rule, &'static str);

struct Sums<'a> {
    currency: Currency,
    places: Places<'a>,
}

impl Sums<'_> {
    fn signed(&self, minor: i128, figure: Figure) -> Result<Signed, ImportError> {
        let amount = Signed::from_minor(minor, self.currency);
        amount.ok_or_else(|| (self.places)(figure).refuse(Rule::Number, "the amount is over the largest amount"))
    }

    /// The written figure, when it equals what it must be; that, when it is not written.
    fn hold(
        &self,
        written: Option<Signed>,
        must_be: i128,
        law: &Law,
        account: impl FnOnce() -> String,
    ) -> Result<Signed, ImportError> {
        match written {
            Some(amount) if amount.minor() != must_be => {
                let amount = money(amount.minor(), self.currency);
                Err((self.places)(law.0).refuse(law.1, format!("{} {amount} is not {}", law.2, account())))
            }
            Some(amount) => Ok(amount),
            None => self.signed(must_be, law.0),
        }
    }
}
