//! UBL 2.1 as Peppol BIS 3 and EN 16931 profile it: which element means what.
//!
//! What is not read here is listed as unread; the original keeps it.

use super::{
    ADJUSTMENTS_MAX, LINES_MAX,
    check::{self, Figure, Written},
    decimal::shorten,
    document::{
        Answer, BankAccount, Bill, Despatch, Header, Line, Notice, Order, OrderResponse, Party, Preceding, Source,
        TaxSubtotal, TradeDocument,
    },
    error::{ImportError, Place, Rule},
    fields::{
        adjustments, amount, check_currency, currency, date, measure, need, need_one, optional, party, party_in, price,
        reference_in, tax_category,
    },
    xml::{Node, Tree},
};
use types::{Currency, Date, text::Reference};

/// UNTDID 1001 codes that UBL allows in a CreditNote (EN 16931, BR-CL-01).
const CREDIT_CODES: &[&str] = &["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"];
/// Those it allows in an Invoice.
const INVOICE_CODES: &[&str] = &[
    "71", "80", "82", "84", "102", "130", "202", "203", "204", "211", "218", "219", "295", "325", "326", "331", "380",
    "382", "383", "384", "385", "386", "387", "388", "389", "390", "393", "394", "395", "456", "457", "471", "472",
    "473", "500", "501", "502", "503", "527", "553", "575", "623", "633", "751", "780", "817", "870", "875", "876",
    "877", "935",
];

/// Reads one UBL document.
pub(super) fn read(text: &str, source: Source) -> Result<TradeDocument, ImportError> {
    let tree = Tree::parse(text)?;
    let root = tree.root();
    let mut document = match root.name() {
        "Order" => read_order(root, source)?,
        "OrderResponse" => read_response(root, source)?,
        "DespatchAdvice" => read_despatch(root, source)?,
        "Invoice" => read_bill(root, source, BillKind::Invoice)?,
        "CreditNote" => read_bill(root, source, BillKind::CreditNote)?,
        other => {
            let reason = format!(
                "the document is a `{other}`: this door reads the UBL 2.1 documents Order, OrderResponse, \
                 DespatchAdvice, Invoice and CreditNote"
            );
            return Err(root.refuse(Rule::Kind, reason));
        }
    };
    let header = match &mut document {
        TradeDocument::Order(order) => &mut order.header,
        TradeDocument::OrderResponse(response) => &mut response.header,
        TradeDocument::Despatch(despatch) => &mut despatch.header,
        TradeDocument::Invoice(bill) | TradeDocument::CreditNote(bill) => &mut bill.header,
    };
    header.unread = tree.unread();
    Ok(document)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BillKind {
    Invoice,
    CreditNote,
}

fn read_order(root: Node<'_>, source: Source) -> Result<TradeDocument, ImportError> {
    let seller = party_in(root, "cac:SellerSupplierParty")?;
    let buyer = party_in(root, "cac:BuyerCustomerParty")?;
    let mut header = header(root, source, seller, buyer)?;
    header.contract = reference_in(root, "cac:Contract")?;
    let currency = need_currency(root, &header)?;
    let mut lines = Vec::new();
    for order_line in line_nodes(root, "cac:OrderLine")? {
        let node = need_one(order_line, "cac:LineItem", "the order line")?;
        let mut line = line(node, Some(currency), "cbc:Quantity")?;
        need_item(&line, node)?;
        line.order_line = None;
        lines.push(line);
    }
    check_lines(root, &lines, "cac:OrderLine", Some(currency), &mut header)?;
    let adjustments = adjustments(root, Some(currency))?;
    let totals = match root.one("cac:AnticipatedMonetaryTotal")? {
        None => None,
        Some(node) => {
            let tax = document_tax(root, currency)?.and_then(|tax| tax.one("cbc:TaxAmount").transpose()).transpose()?;
            let tax = tax.map(|node| amount(node, currency)).transpose()?;
            let written = Written { tax, ..written(node, currency)? };
            let places = |figure| place_of(root, figure, "cac:AnticipatedMonetaryTotal", "cac:OrderLine");
            Some(check::totals(written, currency, &lines, &adjustments, &places)?)
        }
    };
    Ok(TradeDocument::Order(Order { header, totals, adjustments, lines }))
}

fn read_response(root: Node<'_>, source: Source) -> Result<TradeDocument, ImportError> {
    let seller = party_in(root, "cac:SellerSupplierParty")?;
    let buyer = party_in(root, "cac:BuyerCustomerParty")?;
    let mut header = header(root, source, seller, buyer)?;
    header.order = reference_in(root, "cac:OrderReference")?;
    let code = need_one(root, "cbc:OrderResponseCode", "an order response")?;
    let answer = match code.text().as_deref() {
        Some("AB") => Answer::Acknowledged,
        Some("AP") => Answer::Accepted,
        Some("CA") => Answer::Amended,
        Some("RE") => Answer::Rejected,
        other => {
            let reason = format!("`{}` is not an answer to an order: AB, AP, CA or RE", shorten(other.unwrap_or("")));
            return Err(code.refuse(Rule::TypeCode, reason));
        }
    };
    let currency = header.currency;
    let mut lines = Vec::new();
    for order_line in line_nodes(root, "cac:OrderLine")? {
        let node = need_one(order_line, "cac:LineItem", "the order line")?;
        let mut line = line(node, currency, "cbc:Quantity")?;
        line.status = optional(node, "cbc:LineStatusCode")?;
        if let Some(reference) = order_line.one("cac:OrderLineReference")? {
            line.order_line = optional(reference, "cbc:LineID")?;
        }
        lines.push(line);
    }
    check_lines(root, &lines, "cac:OrderLine", currency, &mut header)?;
    Ok(TradeDocument::OrderResponse(OrderResponse { header, answer, lines }))
}

fn read_despatch(root: Node<'_>, source: Source) -> Result<TradeDocument, ImportError> {
    let seller = match root.one("cac:SellerSupplierParty")? {
        Some(_) => party_in(root, "cac:SellerSupplierParty")?,
        None => party_in(root, "cac:DespatchSupplierParty")?,
    };
    let buyer = match root.one("cac:BuyerCustomerParty")? {
        Some(_) => party_in(root, "cac:BuyerCustomerParty")?,
        None => party_in(root, "cac:DeliveryCustomerParty")?,
    };
    let mut header = header(root, source, seller, buyer)?;
    header.order = reference_in(root, "cac:OrderReference")?;
    let mut lines = Vec::new();
    for node in line_nodes(root, "cac:DespatchLine")? {
        let mut line = line(node, None, "cbc:DeliveredQuantity")?;
        if line.quantity.is_none() {
            return Err(node.refuse(Rule::Missing, format!("despatch line {} has no delivered quantity", line.id)));
        }
        need_item(&line, node)?;
        line.outstanding = measure(node, "cbc:OutstandingQuantity")?;
        lines.push(line);
    }
    check_lines(root, &lines, "cac:DespatchLine", None, &mut header)?;
    let delivery = match root.one("cac:Shipment")? {
        Some(shipment) => shipment.one("cac:Delivery")?,
        None => None,
    };
    let (mut shipped, mut delivered) = (None, None);
    if let Some(delivery) = delivery {
        delivered = date(delivery, "cbc:ActualDeliveryDate")?;
        if let Some(despatch) = delivery.one("cac:Despatch")? {
            shipped = date(despatch, "cbc:ActualDespatchDate")?;
        }
    }
    Ok(TradeDocument::Despatch(Despatch { header, shipped, delivered, lines }))
}

fn read_bill(root: Node<'_>, source: Source, kind: BillKind) -> Result<TradeDocument, ImportError> {
    let (line_name, quantity_name) = match kind {
        BillKind::Invoice => ("cac:InvoiceLine", "cbc:InvoicedQuantity"),
        BillKind::CreditNote => ("cac:CreditNoteLine", "cbc:CreditedQuantity"),
    };
    let type_code = type_code(root, kind)?;
    let seller = party_in(root, "cac:AccountingSupplierParty")?;
    let buyer = party_in(root, "cac:AccountingCustomerParty")?;
    for (party, who) in [(&seller, "seller"), (&buyer, "buyer")] {
        if party.name.is_none() {
            return Err(root.refuse(Rule::Missing, format!("the {who} has no name")));
        }
    }
    let mut header = header(root, source, seller, buyer)?;
    header.order = reference_in(root, "cac:OrderReference")?;
    header.contract = reference_in(root, "cac:ContractDocumentReference")?;
    header.despatch = reference_in(root, "cac:DespatchDocumentReference")?;
    let currency = need_currency(root, &header)?;
    let mut lines = Vec::new();
    for node in line_nodes(root, line_name)? {
        let mut line = line(node, Some(currency), quantity_name)?;
        need_item(&line, node)?;
        if let Some(reference) = node.first("cac:DespatchLineReference") {
            line.despatch_line = optional(reference, "cbc:LineID")?;
            line.despatch = reference_in(reference, "cac:DocumentReference")?;
        }
        need_bill_figures(&line, node)?;
        lines.push(line);
    }
    check_lines(root, &lines, line_name, Some(currency), &mut header)?;
    let adjustments = adjustments(root, Some(currency))?;
    let places = |figure| place_of(root, figure, "cac:LegalMonetaryTotal", line_name);
    let total_node = need_one(root, "cac:LegalMonetaryTotal", "the document")?;
    for name in ["cbc:LineExtensionAmount", "cbc:TaxExclusiveAmount", "cbc:TaxInclusiveAmount", "cbc:PayableAmount"] {
        need_one(total_node, name, "the document's totals")?;
    }
    let (tax, taxes) = match document_tax(root, currency)? {
        None => (None, Vec::new()),
        Some(node) => {
            (Some(amount(need_one(node, "cbc:TaxAmount", "the tax total")?, currency)?), subtotals(node, currency)?)
        }
    };
    let written = Written { tax, ..written(total_node, currency)? };
    let totals = check::totals(written, currency, &lines, &adjustments, &places)?;
    check::taxes(&taxes, &totals, &lines, &adjustments, &places)?;
    check::not_negative(&totals, kind == BillKind::CreditNote, &places)?;
    let (due, pay_to) = payment(root)?;
    let due = date(root, "cbc:DueDate")?.or(due);
    note_due_date(root, due, &mut header);
    let payee = root.one("cac:PayeeParty")?.map(party).transpose()?;
    let preceding = preceding(root)?;
    let bill = Bill { header, type_code, due, preceding, payee, pay_to, totals, taxes, adjustments, lines };
    Ok(match kind {
        BillKind::Invoice => TradeDocument::Invoice(bill),
        BillKind::CreditNote => TradeDocument::CreditNote(bill),
    })
}

fn type_code(root: Node<'_>, kind: BillKind) -> Result<Reference, ImportError> {
    let (name, allowed) = match kind {
        BillKind::Invoice => ("cbc:InvoiceTypeCode", INVOICE_CODES),
        BillKind::CreditNote => ("cbc:CreditNoteTypeCode", CREDIT_CODES),
    };
    let node = need_one(root, name, "the document")?;
    let code = need::<{ types::limits::REFERENCE_BYTES_MAX }>(root, name, "the document")?;
    if allowed.contains(&code.as_str()) {
        return Ok(code);
    }
    let reason = if kind == BillKind::Invoice && CREDIT_CODES.contains(&code.as_str()) {
        format!("type code {code} is that of a credit note: send it as a UBL CreditNote")
    } else {
        format!("`{}` is not a type code for this kind of document", shorten(&code))
    };
    Err(node.refuse(Rule::TypeCode, reason))
}

fn note_due_date(root: Node<'_>, due: Option<Date>, header: &mut Header) {
    if let Some(due) = due.filter(|due| *due < header.issued) {
        let text = format!("the due date {due} is before the issue date {}", header.issued);
        header.notices.push(Notice { line: root.first("cbc:DueDate").unwrap_or(root).line(), text });
    }
}

/// EN 16931 wants these on every line of an invoice or credit note (BR-22, BR-24, BR-26, BR-27).
fn need_bill_figures(line: &Line, node: Node<'_>) -> Result<(), ImportError> {
    let missing = |what: &str| node.refuse(Rule::Missing, format!("line {} has no {what}", line.id));
    if line.quantity.is_none() {
        return Err(missing("quantity"));
    }
    if line.net.is_none() {
        return Err(missing("line amount"));
    }
    match &line.price {
        None => Err(missing("unit price")),
        Some(price) if price.amount.is_negative() => {
            let reason =
                format!("line {}: unit price {} is negative; make the quantity negative", line.id, price.amount);
            Err(node.refuse(Rule::Negative, reason))
        }
        Some(_) => Ok(()),
    }
}

fn need_item(line: &Line, node: Node<'_>) -> Result<(), ImportError> {
    match line.item {
        Some(_) => Ok(()),
        None => Err(node.refuse(Rule::Missing, format!("line {} does not name its item", line.id))),
    }
}

fn header(root: Node<'_>, source: Source, seller: Party, buyer: Party) -> Result<Header, ImportError> {
    let currency = match root.one("cbc:DocumentCurrencyCode")? {
        None => None,
        Some(node) => Some(currency(node, &node.text().unwrap_or_default())?),
    };
    let issued = date(root, "cbc:IssueDate")?;
    Ok(Header {
        number: need(root, "cbc:ID", "the document")?,
        issued: issued.ok_or_else(|| root.refuse(Rule::Missing, "the document has no issue date"))?,
        currency,
        profile: optional(root, "cbc:CustomizationID")?,
        order: None,
        contract: None,
        despatch: None,
        seller,
        buyer,
        source,
        notices: Vec::new(),
        unread: Vec::new(),
    })
}

fn need_currency(root: Node<'_>, header: &Header) -> Result<Currency, ImportError> {
    header.currency.ok_or_else(|| root.refuse(Rule::Missing, "the document does not name its currency"))
}

fn line_nodes<'t>(root: Node<'t>, name: &'static str) -> Result<Vec<Node<'t>>, ImportError> {
    let nodes = root.all(name);
    match nodes.get(LINES_MAX) {
        Some(extra) => {
            Err(extra.refuse(Rule::Lines, format!("the document has more than {LINES_MAX} lines: split it")))
        }
        None => Ok(nodes),
    }
}

fn line(node: Node<'_>, currency: Option<Currency>, quantity: &'static str) -> Result<Line, ImportError> {
    let in_currency = |name| match (currency, node.one(name)?) {
        (Some(currency), Some(node)) => amount(node, currency).map(Some),
        _ => Ok(None),
    };
    let item = node.first("cac:Item");
    let item_id = |name| match item.and_then(|item| item.first(name)) {
        Some(id) => optional(id, "cbc:ID"),
        None => Ok(None),
    };
    let category = item.and_then(|item| item.first("cac:ClassifiedTaxCategory"));
    let order_line = node.first("cac:OrderLineReference");
    Ok(Line {
        id: need(node, "cbc:ID", "the line")?,
        item: item.map(|item| optional(item, "cbc:Name")).transpose()?.flatten(),
        seller_item: item_id("cac:SellersItemIdentification")?,
        buyer_item: item_id("cac:BuyersItemIdentification")?,
        quantity: measure(node, quantity)?,
        outstanding: None,
        price: price(node, currency)?,
        net: in_currency("cbc:LineExtensionAmount")?,
        tax: category.map(tax_category).transpose()?,
        order: order_line.map(|line| reference_in(line, "cac:OrderReference")).transpose()?.flatten(),
        order_line: order_line.map(|line| optional(line, "cbc:LineID")).transpose()?.flatten(),
        despatch: None,
        despatch_line: None,
        adjustments: adjustments(node, currency)?,
        status: None,
        file_line: node.line(),
    })
}

/// Line ids are unique, prices explain amounts, quantities fit the ledger: the last two as far as the document promises.
fn check_lines(
    root: Node<'_>,
    lines: &[Line],
    name: &'static str,
    currency: Option<Currency>,
    header: &mut Header,
) -> Result<(), ImportError> {
    let empty_is_fine = name == "cac:OrderLine" && root.name() == "OrderResponse";
    if lines.is_empty() && !empty_is_fine {
        return Err(root.refuse(Rule::Missing, "the document has no lines"));
    }
    let peppol = header.profile.as_ref().is_some_and(|profile| profile.contains("peppol"));
    let mut ids = std::collections::BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        let place = || place_of(root, Figure::Line(index), "", name);
        if !ids.insert(&line.id) {
            return Err(place().refuse(Rule::Twice, format!("line {} is there twice", line.id)));
        }
        if let Some(Err(text)) = currency.map(|currency| check::line_net(line, currency)) {
            if peppol {
                return Err(place().refuse(Rule::LineNet, text));
            }
            header.notices.push(Notice { line: line.file_line, text });
        }
        let quantity = line.quantity.as_ref().map(|quantity| quantity.exact);
        if let Some(exact) = quantity.filter(|exact| exact.units(3).is_none()) {
            let text =
                format!("line {}: quantity {exact} has more than three decimals; it is kept as written", line.id);
            header.notices.push(Notice { line: line.file_line, text });
        }
    }
    Ok(())
}

/// The tax total in the document's currency; one in the seller's accounting currency (BT-111) stays unread.
fn document_tax<'t>(root: Node<'t>, document: Currency) -> Result<Option<Node<'t>>, ImportError> {
    let tax_currency = root.one("cbc:TaxCurrencyCode")?.and_then(Node::text);
    let mut found = None;
    for node in root.all("cac:TaxTotal") {
        let amount = need_one(node, "cbc:TaxAmount", "the tax total")?;
        let named = amount.attribute("currencyID");
        let accounting = named.is_some() && named == tax_currency.as_deref() && named != Some(document.code());
        if accounting {
            continue;
        }
        check_currency(amount, document)?;
        if found.replace(node).is_some() {
            return Err(node.refuse(Rule::Twice, "the tax total is given twice in the document's currency"));
        }
    }
    Ok(found)
}

fn subtotals(tax_total: Node<'_>, currency: Currency) -> Result<Vec<TaxSubtotal>, ImportError> {
    let nodes = tax_total.all("cac:TaxSubtotal");
    if let Some(extra) = nodes.get(ADJUSTMENTS_MAX) {
        return Err(extra.refuse(Rule::Adjustments, format!("there are more than {ADJUSTMENTS_MAX} tax categories")));
    }
    let mut subtotals = Vec::new();
    for node in nodes {
        subtotals.push(TaxSubtotal {
            category: tax_category(need_one(node, "cac:TaxCategory", "the tax breakdown")?)?,
            taxable: amount(need_one(node, "cbc:TaxableAmount", "the tax breakdown")?, currency)?,
            tax: amount(need_one(node, "cbc:TaxAmount", "the tax breakdown")?, currency)?,
        });
    }
    Ok(subtotals)
}

fn written(node: Node<'_>, currency: Currency) -> Result<Written, ImportError> {
    let figure = |name| node.one(name)?.map(|node| amount(node, currency)).transpose();
    Ok(Written {
        line_extension: figure("cbc:LineExtensionAmount")?,
        allowance: figure("cbc:AllowanceTotalAmount")?,
        charge: figure("cbc:ChargeTotalAmount")?,
        tax_exclusive: figure("cbc:TaxExclusiveAmount")?,
        tax: None,
        tax_inclusive: figure("cbc:TaxInclusiveAmount")?,
        prepaid: figure("cbc:PrepaidAmount")?,
        rounding: figure("cbc:PayableRoundingAmount")?,
        payable: figure("cbc:PayableAmount")?,
    })
}

fn payment(root: Node<'_>) -> Result<(Option<Date>, Option<BankAccount>), ImportError> {
    let (mut due, mut account) = (None, None);
    for means in root.all("cac:PaymentMeans") {
        due = due.or(date(means, "cbc:PaymentDueDate")?);
        let Some(node) = means.first("cac:PayeeFinancialAccount").filter(|_| account.is_none()) else { continue };
        let Some(number) = optional(node, "cbc:ID")? else { continue };
        let bank = match node.first("cac:FinancialInstitutionBranch") {
            Some(branch) => optional(branch, "cbc:ID")?,
            None => None,
        };
        account = Some(BankAccount { number, holder: optional(node, "cbc:Name")?, bank });
    }
    Ok((due, account))
}

fn preceding(root: Node<'_>) -> Result<Vec<Preceding>, ImportError> {
    let mut preceding = Vec::new();
    let nodes = root.all("cac:BillingReference");
    if let Some(extra) = nodes.get(ADJUSTMENTS_MAX) {
        return Err(
            extra.refuse(Rule::Adjustments, format!("there are more than {ADJUSTMENTS_MAX} references to invoices"))
        );
    }
    for node in nodes {
        if let Some(invoice) = node.first("cac:InvoiceDocumentReference") {
            let number = need(invoice, "cbc:ID", "the reference to an invoice")?;
            preceding.push(Preceding { number, issued: date(invoice, "cbc:IssueDate")? });
        }
    }
    Ok(preceding)
}

/// Where a figure stands; where it is not written, the place that should have it.
fn place_of(root: Node<'_>, figure: Figure, totals: &'static str, lines: &'static str) -> Place {
    let in_totals = |name| {
        let totals = root.first(totals).unwrap_or(root);
        totals.first(name).unwrap_or(totals)
    };
    let tax = || root.first("cac:TaxTotal").unwrap_or(root);
    let node = match figure {
        Figure::LineExtension => in_totals("cbc:LineExtensionAmount"),
        Figure::Allowance => in_totals("cbc:AllowanceTotalAmount"),
        Figure::Charge => in_totals("cbc:ChargeTotalAmount"),
        Figure::TaxExclusive => in_totals("cbc:TaxExclusiveAmount"),
        Figure::TaxInclusive => in_totals("cbc:TaxInclusiveAmount"),
        Figure::Payable => in_totals("cbc:PayableAmount"),
        Figure::Tax => tax().first("cbc:TaxAmount").unwrap_or(tax()),
        Figure::Line(index) => root.all(lines).get(index).copied().unwrap_or(root),
        Figure::Subtotal(index) => tax().all("cac:TaxSubtotal").get(index).copied().unwrap_or(tax()),
    };
    node.place()
}
