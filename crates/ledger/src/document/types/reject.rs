//! How this module says no.

types::rejections! {
    500 trade_doc_missing(detail) "E_TRADE_DOC_MISSING" "a trade document is missing: {detail}";
    501 trade_doc_short(documented, needed) "E_TRADE_DOC_SHORT" "the trade documents prove {documented}, this needs {needed}: add an invoice or lower the amount";
    502 invoice_status(invoice, status) "E_INVOICE_STATUS" "invoice {invoice} is {status} at the tax authority: it backs nothing";
    503 invoice_stale_check(invoice, checked_at, hours) "E_INVOICE_STALE_CHECK" "invoice {invoice} was last checked with the tax authority at {checked_at}: have it checked again, at most {hours} hours before";
    504 match_quantity(invoice, detail) "E_MATCH_QTY" "invoice {invoice} does not match in quantity: {detail}";
    505 match_price(invoice, detail) "E_MATCH_PRICE" "invoice {invoice} does not match in price: {detail}";
    506 match_party(detail) "E_MATCH_PARTY" "the parties do not match: {detail}";
    507 date_order(detail) "E_DATE_ORDER" "the dates are out of order: {detail}";
    508 fingerprint_dup(number, invoice) "E_FINGERPRINT_DUP" "invoice number {number} with these parties, date and amount is already recorded as {invoice}";
    509 fingerprint_exhausted(invoice, open, asked) "E_FINGERPRINT_EXHAUSTED" "invoice {invoice} has {open} left that nothing claims, asked for {asked}";
    510 future_receivable(invoice, detail) "E_FUTURE_RECEIVABLE" "invoice {invoice} is not owed yet: {detail}";
    511 prepayment_basis(invoice) "E_PREPAYMENT_BASIS" "invoice {invoice} is an advance: wait for the delivery and its invoice";
    512 match_amount(invoice, detail) "E_MATCH_AMOUNT" "invoice {invoice} does not match in amount: {detail}";
    520 unknown_document(document) "E_DOCUMENT_UNKNOWN" "there is no document {document}";
    521 document_dup(number, document) "E_DOCUMENT_DUP" "number {number} with these parties and date is already recorded as {document}";
    522 totals(total, stated, computed) "E_DOCUMENT_TOTALS" "the document does not add up: {total} is stated as {stated}, its parts give {computed}";
    523 lines(detail) "E_DOCUMENT_LINES" "the lines are not in order: {detail}";
    524 side(detail) "E_DOCUMENT_SIDE" "this is for another party to do: {detail}";
    525 already_confirmed(document) "E_DOCUMENT_CONFIRMED" "{document} is already confirmed";
    526 number_characters(character) "E_DOCUMENT_NUMBER" "a number or legal id holds the character {character}: write it with ASCII or Chinese characters";
    527 credit_note_over(invoice, left, asked) "E_CREDIT_NOTE_OVER" "invoice {invoice} has {left} that credit notes have not taken back yet, this one takes {asked}";
    528 credit_note_spent(note, left, asked) "E_CREDIT_NOTE_SPENT" "credit note {note} has {left} that is not dealt with yet, asked for {asked}";
    529 check_time(checked_at, bound) "E_INVOICE_CHECK_TIME" "the check is dated {checked_at}: it must be after the last one and not in the future ({bound})";
    530 receipt_over(line, received, despatched) "E_RECEIPT_OVER" "{received} of order line {line} cannot be received: {despatched} was despatched";
}
