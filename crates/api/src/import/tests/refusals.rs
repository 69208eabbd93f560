//! One test row for each way to be refused: what is changed in a good file, and what the refusal says.

use super::example;
use crate::import::{
    ADJUSTMENTS_MAX, ATTRIBUTES_BYTES_MAX, DEPTH_MAX, DOCUMENTS_MAX, ELEMENTS_MAX, FILE_BYTES_MAX, ImportError,
    LINES_MAX, Rule, parse, scms::Records,
};

const INVOICE: &str = "ubl/invoice-1-s1-core.xml";

fn refusal(text: &[u8]) -> ImportError {
    parse("file", text).expect_err("the file is refused")
}

/// Changes the last occurrence, so that totals and lines at the end can be told from headers.
fn changed(file: &str, from: &str, to: &str) -> String {
    let text = example(file);
    let at = text.rfind(from).unwrap_or_else(|| panic!("`{from}` is in {file}"));
    format!("{}{to}{}", &text[..at], &text[at + from.len()..])
}

fn check(file: &str, from: &str, to: &str, rule: Rule, words: &str) -> ImportError {
    let text = changed(file, from, to);
    let error = refusal(text.as_bytes());
    assert_eq!(error.rule, rule, "{from} -> {to}: {error}");
    assert!(error.reason.contains(words), "{from} -> {to}: {error}");
    let row = text.lines().nth(usize::try_from(error.line).unwrap() - 1);
    assert!(row.is_some(), "the refusal names a line of the file: {error}");
    error
}

#[test]
fn totals_that_do_not_add_up_are_refused_with_both_figures() {
    let payable = "<cbc:PayableAmount currencyID=\"CNY\">3600000.00";
    let error = check(
        INVOICE,
        payable,
        "<cbc:PayableAmount currencyID=\"CNY\">3600010.00",
        Rule::Payable,
        "payable amount 3,600,010.00 is not tax inclusive 3,600,000.00 minus prepaid 0.00",
    );
    assert_eq!(error.path, "Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount");
    assert_eq!(error.to_string(), format!("line {}: {}: BR-CO-16", error.line, error.reason));
    assert_eq!(error.column, 5);

    let line_total =
        "<cbc:LineExtensionAmount currencyID=\"CNY\">3185840.71</cbc:LineExtensionAmount>\n    <cbc:TaxExcl";
    let wrong = line_total.replace("0.71", "0.72");
    check(INVOICE, line_total, &wrong, Rule::LineSum, "is not the sum of its 1 lines 3,185,840.71");
    let exclusive = "<cbc:TaxExclusiveAmount currencyID=\"CNY\">3185840.71";
    check(INVOICE, exclusive, &exclusive.replace("0.71", "0.70"), Rule::TaxExclusive, "is not line total 3,185,840.71");
    let inclusive = "<cbc:TaxInclusiveAmount currencyID=\"CNY\">3600000.00";
    check(INVOICE, inclusive, &inclusive.replace("0.00", "0.01"), Rule::TaxInclusive, "plus tax 414,159.29");
    let allowance = "<cbc:AllowanceTotalAmount currencyID=\"CNY\">1</cbc:AllowanceTotalAmount>";
    check(INVOICE, payable, &format!("{allowance}{payable}"), Rule::AllowanceSum, "the sum of its allowances 0.00");
    let charge = "<cbc:ChargeTotalAmount currencyID=\"CNY\">1</cbc:ChargeTotalAmount>";
    check(INVOICE, payable, &format!("{charge}{payable}"), Rule::ChargeSum, "the sum of its charges 0.00");
}

#[test]
fn tax_that_does_not_add_up_is_refused() {
    let part = "<cbc:TaxAmount currencyID=\"CNY\">414159.29</cbc:TaxAmount>\n      <cac:TaxCategory>";
    check(
        INVOICE,
        part,
        &part.replace("59.29", "59.28"),
        Rule::TaxSum,
        "is not the sum 414,159.28 of its 1 categories",
    );
    let rate = "<cbc:Percent>13</cbc:Percent>\n        <cac:TaxScheme>\n          <cbc:ID>VAT</cbc:ID>\n        </cac:TaxScheme>\n      </cac:TaxCategory>";
    check(
        INVOICE,
        rate,
        &rate.replace("13", "9"),
        Rule::CategoryTax,
        "tax 414,159.29 of category S at 9% is not 9 percent",
    );
    let base = "<cbc:TaxableAmount currencyID=\"CNY\">3185840.71";
    check(INVOICE, base, &base.replace("40.71", "42.71"), Rule::CategoryBase, "is not its lines 3,185,840.71");
    let line_rate = "<cbc:Percent>13</cbc:Percent>";
    check(INVOICE, line_rate, "<cbc:Percent>6</cbc:Percent>", Rule::CategoryBase, "its lines 0.00");
    let text = example(INVOICE);
    let (from, to) = (text.find("<cac:TaxSubtotal>").unwrap(), text.find("</cac:TaxSubtotal>").unwrap() + 18);
    let error = refusal(format!("{}{}", &text[..from], &text[to..]).as_bytes());
    assert_eq!(error.rule, Rule::NoTax);
    let twice = format!(
        "{}{}{}",
        &text[..to],
        &text[from..to].replace("414159.29", "0").replace("3185840.71", "0"),
        &text[to..]
    );
    assert_eq!(refusal(twice.as_bytes()).rule, Rule::Twice);
}

#[test]
fn what_is_missing_doubled_or_of_the_wrong_kind_is_named() {
    check(INVOICE, "<cbc:ID>INV-1</cbc:ID>", "", Rule::Missing, "the document has no `cbc:ID`");
    check(INVOICE, "<cbc:IssueDate>2026-02-25</cbc:IssueDate>", "", Rule::Missing, "no issue date");
    check(INVOICE, "<cbc:ID>INV-1</cbc:ID>", "<cbc:ID>A</cbc:ID><cbc:ID>B</cbc:ID>", Rule::Twice, "given twice");
    check(
        INVOICE,
        "2026-02-25</cbc:IssueDate>",
        "2026-02-30</cbc:IssueDate>",
        Rule::Date,
        "`2026-02-30` is not a date",
    );
    check(INVOICE, ">380<", ">381<", Rule::TypeCode, "send it as a UBL CreditNote");
    check(INVOICE, ">380<", ">999<", Rule::TypeCode, "not a type code");
    check("ubl/credit-note-s1-core.xml", ">381<", ">380<", Rule::TypeCode, "not a type code");
    check(INVOICE, ">CNY</cbc:Doc", ">RMB</cbc:Doc", Rule::Currency, "`RMB` is not a currency code");
    check(INVOICE, "currencyID=\"CNY\">3600000.00", "currencyID=\"USD\">3600000.00", Rule::Currency, "in `USD`");
    check(INVOICE, " currencyID=\"CNY\">5309", ">5309", Rule::Currency, "does not name its currency");
    check(
        INVOICE,
        "3600000.00</cbc:PayableAmount>",
        "3600000.001</cbc:PayableAmount>",
        Rule::Scale,
        "more than the 2 decimals",
    );
    check(INVOICE, "3600000.00</cbc:PayableAmount>", "3.6e6</cbc:PayableAmount>", Rule::Number, "not a decimal number");
    check(
        INVOICE,
        "3600000.00</cbc:PayableAmount>",
        "99999999999999999999</cbc:PayableAmount>",
        Rule::Number,
        "largest",
    );
    check(INVOICE, ">5309.734513<", ">-5309.734513<", Rule::Negative, "is negative");
    check(INVOICE, ">5309.734513<", ">5309.80<", Rule::LineNet, "which is 3,185,880.00");
    check(INVOICE, "<cbc:Name>Cold-rolled steel sheet 1.2 mm</cbc:Name>", "", Rule::Missing, "does not name its item");
    check(INVOICE, ">Cold-rolled", ">\u{202e}Cold-rolled", Rule::Text, "control character U+202E");
    let error = check(
        "ubl/order-core-s1.xml",
        "<cbc:ID>2</cbc:ID>",
        "<cbc:ID>1</cbc:ID>",
        Rule::Twice,
        "line 1 is there twice",
    );
    assert_eq!(error.path, "Order/cac:OrderLine[2]");
    let despatch = "ubl/despatch-s1-core.xml";
    check(
        despatch,
        "<cbc:DeliveredQuantity unitCode=\"TNE\">200.000</cbc:DeliveredQuantity>",
        "",
        Rule::Missing,
        "no delivered",
    );
    let error = refusal(b"<Reminder xmlns='urn:oasis:names:specification:ubl:schema:xsd:Reminder-2'/>");
    assert_eq!(error.rule, Rule::Kind);
    assert_eq!(refusal(b"<Invoice/>").rule, Rule::Kind);
}

#[test]
fn a_bill_below_zero_is_refused_and_the_way_out_is_named() {
    let negative = |file: &str, quantity: &str| {
        let text = example(file).replace(quantity, &format!("-{quantity}"));
        let mut out = String::new();
        for line in text.lines() {
            let money = line.contains("currencyID=\"CNY\">") && !line.contains("PriceAmount");
            out.push_str(&if money { line.replace("\"CNY\">", "\"CNY\">-") } else { line.to_owned() });
            out.push('\n');
        }
        refusal(out.as_bytes())
    };
    let error = negative(INVOICE, "600.000");
    assert_eq!(error.rule, Rule::NegativeTotal);
    assert!(error.reason.contains("-3,600,000.00") && error.reason.contains("send a credit note"), "{error}");
    let error = negative("ubl/credit-note-s1-core.xml", "100.000");
    assert_eq!(error.rule, Rule::NegativeTotal);
}

#[test]
fn dangerous_and_malformed_xml_is_refused() {
    let xml = |prolog: &str| example(INVOICE).replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", prolog);
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    assert_eq!(refusal(xml(bomb).as_bytes()).rule, Rule::Doctype);
    assert_eq!(refusal(xml("<?xml version=\"1.0\" encoding=\"GB18030\"?>").as_bytes()).rule, Rule::Encoding);
    check(INVOICE, ">INV-1<", ">&xxe;<", Rule::Entity, "`&xxe;`");
    check(INVOICE, "schemeID=\"0088\"", "schemeID=\"&xxe;\"", Rule::Entity, "entity");
    check(INVOICE, "</Invoice>", "</Order>", Rule::Xml, "not well-formed");
    check(INVOICE, "</Invoice>", "", Rule::Xml, "ends in the middle");
    check(INVOICE, "</Invoice>", "</Invoice><Invoice/>", Rule::Xml, "goes on after the end");
    check(INVOICE, "</Invoice>", "</Invoice>tail", Rule::Xml, "outside");
    check(INVOICE, "<cbc:ID>INV-1</cbc:ID>", "<zzz:ID>INV-1</zzz:ID>", Rule::Xml, "`zzz` is not declared");
    check(INVOICE, "schemeID=\"0088\"", "schemeID=\"1\" schemeID=\"2\"", Rule::Xml, "attribute");
    assert_eq!(refusal(&[b"<a>".as_slice(), &[0xff], b"</a>"].concat()).rule, Rule::Encoding);
    for magic in [&b"%PDF-1.7"[..], b"PK\x03\x04", &[0x1f, 0x8b, 8], &[0xff, 0xfe, b'<', 0], b"", b" \n"] {
        assert_eq!(refusal(magic).rule, Rule::Format, "{magic:?}");
    }
}

#[test]
fn every_bound_is_a_refusal() {
    let deep = format!("{}{}", "<a>".repeat(DEPTH_MAX + 1), "</a>".repeat(DEPTH_MAX + 1));
    assert_eq!(refusal(deep.as_bytes()).rule, Rule::Depth);
    let many = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
    assert_eq!(refusal(many.as_bytes()).rule, Rule::Elements);
    let long = format!("<a b='{}'/>", "x".repeat(ATTRIBUTES_BYTES_MAX));
    assert_eq!(refusal(long.as_bytes()).rule, Rule::TagBytes);
    assert_eq!(refusal(&vec![b' '; FILE_BYTES_MAX + 1]).rule, Rule::FileBytes);
    let name = example(INVOICE).replace("Willowbridge Steel Co., Ltd.", &"x".repeat(257));
    assert_eq!(refusal(name.as_bytes()).rule, Rule::Text);

    let text = example("ubl/despatch-s3-s2.xml");
    let (from, to) = (text.find("<cac:DespatchLine>").unwrap(), text.rfind("</DespatchAdvice>").unwrap());
    let lines: String =
        (0..=LINES_MAX).map(|id| text[from..to].replace(">1</cbc:ID>", &format!(">{id}</cbc:ID>"))).collect();
    assert_eq!(refusal(format!("{}{lines}{}", &text[..from], &text[to..]).as_bytes()).rule, Rule::Lines);

    let charge = "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>\
                  <cbc:Amount currencyID=\"CNY\">0</cbc:Amount></cac:AllowanceCharge>";
    let text = changed(INVOICE, "<cac:TaxTotal>", &format!("{}<cac:TaxTotal>", charge.repeat(ADJUSTMENTS_MAX + 1)));
    assert_eq!(refusal(text.as_bytes()).rule, Rule::Adjustments);

    let header =
        "order_number,issue_date,currency,seller_name,buyer_name,line,item,quantity,unit,unit_price,line_amount\n";
    let rows: String = (0..=DOCUMENTS_MAX).map(|n| format!("P{n},2026-01-02,CNY,S,B,1,pipe,1,MTR,1,1\n")).collect();
    assert_eq!(refusal(format!("{header}{rows}").as_bytes()).rule, Rule::Documents);
    let rows: String = (0..=LINES_MAX).map(|n| format!("P,2026-01-02,CNY,S,B,{n},pipe,1,MTR,1,1\n")).collect();
    assert_eq!(refusal(format!("{header}{rows}").as_bytes()).rule, Rule::Lines);
}

#[test]
fn tables_are_refused_by_row_and_column() {
    let file = "csv/invoices.csv";
    let error = check(
        file,
        ",3214.85",
        ",3214.86",
        Rule::TaxInclusive,
        "tax inclusive total 3,214.86 is not total without tax",
    );
    assert_eq!((error.line, error.column, error.path.as_str()), (5, 29, "total_gross"));
    check(file, "2845.00,369.85,3214.85", "2845.01,369.85,3214.86", Rule::LineSum, "the sum of its 1 lines 2,845.00");
    check(file, "13,369.85,2845.00,369.85,3214.85", "13,360.00,2845.00,369.85,3214.85", Rule::TaxSum, "the sum 360.00");
    check(
        file,
        "13,369.85,2845.00,369.85,3214.85",
        "13,300,2845.00,300,3145.00",
        Rule::CategoryTax,
        "is not 13 percent",
    );
    let error = check(file, "20,H87,142.25,2845.00", "20,H87,142.25,2846.00", Rule::LineNet, "which is 2,845.00");
    assert_eq!((error.line, error.path.as_str()), (5, "line_amount"));
    check(file, ",28924.00,252524.00", ",28924.00,252525.00", Rule::Disagree, "`total_gross` says `252525.00` here");
    check(file, "20,H87", "20.0001,H87", Rule::Scale, "more than three decimals");
    check(file, "20,H87", "twenty,H87", Rule::Number, "column `quantity`: `twenty`");
    check(file, "20,H87", ",H87", Rule::Missing, "column `quantity` is empty");
    check(file, "2026-02-28", "28.02.2026", Rule::Date, "column `issue_date`");
    check(file, "credit_note", "refund", Rule::TypeCode, "`refund` is neither");
    check(file, "2026-02-28,,CNY", "2026-02-28,,CNX", Rule::Currency, "`CNX`");
    check(file, "\nCN-3,", "\nCN-3,extra,", Rule::Table, "fields");
    check(file, "total_gross", "total_net", Rule::Header, "is there twice");
    check(file, "total_gross", "gross", Rule::Header, "no column `total_gross`");
    check(file, "142.25,2845", "-142.25,2845", Rule::Negative, "is negative");
    check(
        "csv/orders.csv",
        "PO-CORE-2,2026-02-02,CNY,FC-CORE-S1-2026,\"Northgate Motors Co., Ltd.\",91310115MADEMAC150,\"Willowbridge Steel Co., Ltd.\",91320583MADEMA2113,2",
        "PO-CORE-2,2026-02-02,CNY,FC-CORE-S1-2026,\"Northgate Motors Co., Ltd.\",91310115MADEMAC150,\"Willowbridge Steel Co., Ltd.\",91320583MADEMA2113,1",
        Rule::Twice,
        "line 1 is there twice",
    );
    assert_eq!(refusal(b"a,b\n1,2\n").rule, Rule::Header);
    let header = example(file).lines().next().unwrap().to_owned();
    assert_eq!(refusal(header.as_bytes()).rule, Rule::Missing);
}

#[test]
fn a_row_of_the_history_that_cannot_load_is_reported_and_the_rest_goes_on() {
    let header = "ID,Project Code,PO / SO #,ASN/DN #,Country,PQ First Sent to Client Date,PO Sent to Vendor Date,\
                  Scheduled Delivery Date,Delivered to Client Date,Vendor,Item Description,Unit of Measure (Per Pack),\
                  Line Item Quantity,Line Item Value,Pack Price\n";
    let row = |id: &str, sent: &str, quantity: &str| {
        format!("{id},P,PO-1,DN-1,Haiti,Pre-PQ Process,{sent},2006-06-02,2006-06-03,V,Kit,30,{quantity},551,29\n")
    };
    let text = [
        header.to_owned(),
        row("1", "Date Not Captured", "19"),
        row("2", "2006-13-02", "19"),
        row("3", "2006-05-02", "many"),
        "4,too,short\n".to_owned(),
        row("5", "2006-05-02", "18"),
    ]
    .concat();
    let records: Vec<_> = Records::new("h.csv", text.as_bytes()).unwrap().collect();
    assert_eq!(records.len(), 5);
    let first = records[0].as_ref().unwrap();
    assert_eq!(first.order.header.issued.to_string(), "2006-06-02");
    assert!(first.order.header.notices[0].text.contains("`Date Not Captured`, so the scheduled delivery date"));
    let reported: Vec<_> = records[1..4].iter().map(|record| record.as_ref().unwrap_err()).collect();
    let rules: Vec<_> = reported.iter().map(|error| (error.line, error.rule)).collect();
    assert_eq!(rules, [(3, Rule::Date), (4, Rule::Number), (5, Rule::Table)]);
    let last = records[4].as_ref().unwrap();
    assert!(last.order.header.notices[0].text.contains("line amount 551.00 is not quantity 18 at 29"));

    let endless = [header.as_bytes(), b"\"", &vec![b'x'; 1 << 20]].concat();
    let records: Vec<_> = Records::new("h.csv", endless.as_slice()).unwrap().collect();
    assert_eq!(records.len(), 1);
    assert!(records[0].as_ref().unwrap_err().reason.contains("longer than"));
    assert_eq!(Records::new("h.csv", &b"a,b\n"[..]).err().map(|error| error.rule), Some(Rule::Header));
}
