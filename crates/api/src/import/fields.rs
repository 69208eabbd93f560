//! UBL's building blocks: parties, references, measures, prices, amounts, dates and texts.

use super::{
    ADJUSTMENTS_MAX,
    decimal::{Decimal, Signed, shorten},
    document::{Adjustment, AdjustmentKind, Measure, Party, PartyId, Price, TaxCategory},
    error::{ImportError, Rule},
    xml::Node,
};
use types::{
    Currency, Date, Text,
    text::{Name, Reference},
};

pub(super) fn party_in(root: Node<'_>, name: &'static str) -> Result<Party, ImportError> {
    let node = need_one(root, name, "the document")?;
    party(need_one(node, "cac:Party", "the party")?)
}

pub(super) fn party(node: Node<'_>) -> Result<Party, ImportError> {
    let legal = node.first("cac:PartyLegalEntity");
    let mut name: Option<Name> = None;
    let mut legal_id = None;
    if let Some(legal) = legal {
        name = optional(legal, "cbc:RegistrationName")?;
        legal_id = identifier(legal, "cbc:CompanyID")?;
    }
    if let (None, Some(trading)) = (&name, node.first("cac:PartyName")) {
        name = optional(trading, "cbc:Name")?;
    }
    let tax_id = match node.first("cac:PartyTaxScheme") {
        Some(scheme) => optional(scheme, "cbc:CompanyID")?,
        None => None,
    };
    let mut ids = Vec::new();
    for identification in node.all("cac:PartyIdentification") {
        ids.extend(identifier(identification, "cbc:ID")?);
    }
    let country = node.first("cac:PostalAddress").and_then(|address| address.first("cac:Country"));
    let country = country.map(|country| optional(country, "cbc:IdentificationCode")).transpose()?.flatten();
    Ok(Party { name, legal_id, tax_id, endpoint: identifier(node, "cbc:EndpointID")?, ids, country })
}

pub(super) fn identifier(parent: Node<'_>, name: &'static str) -> Result<Option<PartyId>, ImportError> {
    let Some(node) = parent.one(name)? else { return Ok(None) };
    let Some(value) = text(node)? else { return Ok(None) };
    let scheme = node.attribute("schemeID").map(|scheme| bounded(node, scheme)).transpose()?;
    Ok(Some(PartyId { scheme, value }))
}

pub(super) fn currency(node: Node<'_>, code: &str) -> Result<Currency, ImportError> {
    code.parse().map_err(|_| {
        node.refuse(Rule::Currency, format!("`{}` is not a currency code that the ledger knows", shorten(code)))
    })
}

pub(super) fn measure(parent: Node<'_>, name: &'static str) -> Result<Option<Measure>, ImportError> {
    let Some(node) = parent.one(name)? else { return Ok(None) };
    let unit = node.attribute("unitCode").map(|unit| bounded(node, unit)).transpose()?;
    Ok(Some(Measure { exact: decimal(node)?, unit }))
}

pub(super) fn price(line: Node<'_>, currency: Option<Currency>) -> Result<Option<Price>, ImportError> {
    let (Some(node), Some(currency)) = (line.one("cac:Price")?, currency) else { return Ok(None) };
    let amount = need_one(node, "cbc:PriceAmount", "the price")?;
    check_currency(amount, currency)?;
    let per = match node.one("cbc:BaseQuantity")? {
        None => Decimal::ONE,
        Some(base) => {
            let per = decimal(base)?;
            if per.is_zero() || per.is_negative() {
                return Err(base.refuse(Rule::Negative, format!("a price per {per} units means nothing")));
            }
            per
        }
    };
    Ok(Some(Price { amount: decimal(amount)?, per }))
}

pub(super) fn adjustments(parent: Node<'_>, currency: Option<Currency>) -> Result<Vec<Adjustment>, ImportError> {
    let Some(currency) = currency else { return Ok(Vec::new()) };
    let nodes = parent.all("cac:AllowanceCharge");
    if let Some(extra) = nodes.get(ADJUSTMENTS_MAX) {
        let reason = format!("there are more than {ADJUSTMENTS_MAX} allowances and charges in one place");
        return Err(extra.refuse(Rule::Adjustments, reason));
    }
    let mut adjustments = Vec::new();
    for node in nodes {
        let indicator = need_one(node, "cbc:ChargeIndicator", "the allowance or charge")?;
        let kind = match indicator.text().as_deref() {
            Some("true" | "1") => AdjustmentKind::Charge,
            Some("false" | "0") => AdjustmentKind::Allowance,
            _ => return Err(indicator.refuse(Rule::Format, "the charge indicator is neither true nor false")),
        };
        adjustments.push(Adjustment {
            kind,
            reason: match node.first("cbc:AllowanceChargeReason") {
                Some(reason) => text(reason)?,
                None => None,
            },
            amount: amount(need_one(node, "cbc:Amount", "the allowance or charge")?, currency)?,
            tax: node.first("cac:TaxCategory").map(tax_category).transpose()?,
        });
    }
    Ok(adjustments)
}

pub(super) fn tax_category(node: Node<'_>) -> Result<TaxCategory, ImportError> {
    let percent = node.one("cbc:Percent")?.map(decimal).transpose()?;
    Ok(TaxCategory { code: need(node, "cbc:ID", "the tax category")?, percent })
}

pub(super) fn reference_in(parent: Node<'_>, name: &'static str) -> Result<Option<Reference>, ImportError> {
    parent.first(name).map(|node| optional(node, "cbc:ID")).transpose().map(Option::flatten)
}

/// A date as written; a time zone after it is dropped, since a trade date is the issuer's own calendar day.
pub(super) fn date(parent: Node<'_>, name: &'static str) -> Result<Option<Date>, ImportError> {
    let Some(node) = parent.one(name)? else { return Ok(None) };
    let Some(text) = node.text() else { return Ok(None) };
    let day = text.get(..10).filter(|_| is_zone(&text[10..])).unwrap_or(&text);
    let refused = || {
        let reason = format!("`{}` is not a date: write it as 2026-03-02", shorten(&text));
        node.refuse(Rule::Date, reason)
    };
    day.parse().map(Some).map_err(|_| refused())
}

pub(super) fn is_zone(text: &str) -> bool {
    let offset = |bytes: &[u8]| matches!(bytes, [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|it| it.is_ascii_digit()));
    text.is_empty() || text == "Z" || offset(text.as_bytes())
}

pub(super) fn decimal(node: Node<'_>) -> Result<Decimal, ImportError> {
    let text = node.text().unwrap_or_default();
    Decimal::parse(&text).map_err(|reason| node.refuse(Rule::Number, reason))
}

pub(super) fn amount(node: Node<'_>, currency: Currency) -> Result<Signed, ImportError> {
    check_currency(node, currency)?;
    let exact = decimal(node)?;
    let Some(minor) = exact.units(u32::from(currency.decimals())) else {
        let reason = format!("{exact} has more than the {} decimals of {currency}", currency.decimals());
        return Err(node.refuse(Rule::Scale, reason));
    };
    Signed::from_minor(minor, currency)
        .ok_or_else(|| node.refuse(Rule::Number, format!("{exact} is over the largest amount")))
}

pub(super) fn check_currency(node: Node<'_>, currency: Currency) -> Result<(), ImportError> {
    match node.attribute("currencyID") {
        Some(code) if code == currency.code() => Ok(()),
        Some(other) => {
            let reason = format!("the amount is in `{}`, the document in {currency}", shorten(other));
            Err(node.refuse(Rule::Currency, reason))
        }
        None => Err(node.refuse(Rule::Currency, "the amount does not name its currency")),
    }
}

pub(super) fn bounded<const MAX: usize>(node: Node<'_>, value: &str) -> Result<Text<MAX>, ImportError> {
    Text::new(value).map_err(|reason| {
        let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, words)| words);
        node.refuse(Rule::Text, reason)
    })
}

pub(super) fn text<const MAX: usize>(node: Node<'_>) -> Result<Option<Text<MAX>>, ImportError> {
    node.text().map(|value| bounded(node, value.trim())).transpose()
}

pub(super) fn optional<const MAX: usize>(
    parent: Node<'_>,
    name: &'static str,
) -> Result<Option<Text<MAX>>, ImportError> {
    parent.one(name)?.map(text).transpose().map(Option::flatten)
}

pub(super) fn need<const MAX: usize>(parent: Node<'_>, name: &'static str, of: &str) -> Result<Text<MAX>, ImportError> {
    optional(parent, name)?.ok_or_else(|| parent.refuse(Rule::Missing, format!("{of} has no `{name}`")))
}

pub(super) fn need_one<'t>(parent: Node<'t>, name: &'static str, of: &str) -> Result<Node<'t>, ImportError> {
    parent.one(name)?.ok_or_else(|| parent.refuse(Rule::Missing, format!("{of} has no `{name}`")))
}
