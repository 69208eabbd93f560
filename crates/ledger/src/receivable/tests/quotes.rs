use super::*;
use crate::credit::{SetProgram, SupplierExposure};

const AMOUNT: &str = "1000000.00";
const SECRET: Digest = Digest([7; 32]);

/// S1 has asked BKA and BKB for 1,000,000.00.
fn world() -> (Scenario, FinancingId) {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let apply = application(&scenario, root, cny(AMOUNT), FinancingKind::NonRecourse, &["BKA", "BKB"]);
    let id = scenario.act(&all("S1"), &apply).unwrap();
    (scenario, id)
}

/// S1 has asked BKA alone.
fn world_of_one() -> (Scenario, FinancingId) {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let apply = application(&scenario, root, cny(AMOUNT), FinancingKind::NonRecourse, &["BKA"]);
    let id = scenario.act(&all("S1"), &apply).unwrap();
    (scenario, id)
}

fn sealed(financing: FinancingId, bank: &str, terms: &QuoteTerms) -> GiveQuote {
    let commitment = terms.commitment(financing, Scenario::id(bank), SECRET);
    GiveQuote { financing, offer: Offer::Sealed(commitment) }
}

fn reveal(financing: FinancingId, terms: &QuoteTerms) -> RevealQuote {
    RevealQuote { financing, terms: terms.clone(), secret: SECRET }
}

fn quote(scenario: &mut Scenario, financing: FinancingId, bank: &str) -> Quote {
    scenario.record(&(financing, Scenario::id(bank))).unwrap()
}

fn hours_later(scenario: &mut Scenario, hours: u64) {
    scenario.time = scenario.time.plus_hours(hours);
    scenario.run_due();
}

#[test]
fn banks_seal_open_and_the_seller_chooses() {
    let (mut scenario, id) = world();
    let (dear, cheap) = (terms(&scenario, 46_000), terms(&scenario, 45_000));
    scenario.act(&all("BKA"), &sealed(id, "BKA", &dear)).unwrap();
    scenario.act(&all("BKB"), &sealed(id, "BKB", &cheap)).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny(AMOUNT), cny("0.00")));
    let record = quote(&mut scenario, id, "BKB");
    assert_eq!((record.status, &record.terms, record.price), (QuoteStatus::Sealed, &None, None), "nobody can read it");
    assert_eq!(name(scenario.act("BKB.maker", &reveal(id, &cheap))), "E_QUOTE_SEALED");
    let accept = AcceptQuote { financing: id, bank: Scenario::id("BKB"), terms: cheap.clone() };
    assert_eq!(name(scenario.act(&all("S1"), &accept)), "E_QUOTE_SEALED");
    hours_later(&mut scenario, 2);
    scenario.act("BKA.maker", &reveal(id, &dear)).unwrap();
    assert_eq!(name(scenario.act(&all("S1"), &accept)), "E_QUOTE_STATE", "BKB has not opened its quote");
    let price = scenario.act("BKB.maker", &reveal(id, &cheap)).unwrap();
    assert_eq!((price.days, price.net, price.all_in), (179, cny("977625.00"), Rate(46_030)));
    scenario.act(&all("S1"), &accept).unwrap();
    let record = financing(&mut scenario, id);
    assert_eq!((record.status, record.bank), (FinancingStatus::Accepted, Some(Scenario::id("BKB"))));
    assert_eq!(quote(&mut scenario, id, "BKA").status, QuoteStatus::Released);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny(AMOUNT), cny("0.00")));
    scenario.audit();
}

#[test]
fn no_rival_sees_a_sealed_quote_in_events_or_records() {
    let (mut scenario, id) = world();
    let terms = terms(&scenario, 45_123);
    scenario.act(&all("BKB"), &sealed(id, "BKB", &terms)).unwrap();
    let given = told::<QuoteGiven>(&scenario);
    assert_eq!(given[0].parties(), ["BKB", "S1"].map(Scenario::id));
    assert_eq!(quote(&mut scenario, id, "BKB").parties(), ["BKB", "S1"].map(Scenario::id));
    let rate = ::types::wire::encode(&Rate(45_123));
    let written: Vec<u8> = ::types::wire::encode(&quote(&mut scenario, id, "BKB"));
    assert!(!written.windows(rate.len()).any(|bytes| bytes == rate), "the rate is not in the record");
}

#[test]
fn a_bank_opens_what_it_committed_to() {
    let (mut scenario, id) = world();
    let terms = terms(&scenario, 45_000);
    scenario.act(&all("BKA"), &sealed(id, "BKA", &terms)).unwrap();
    hours_later(&mut scenario, 2);
    let cheaper = QuoteTerms { rate: Rate(44_999), ..terms.clone() };
    assert_eq!(name(scenario.act("BKA.maker", &reveal(id, &cheaper))), "E_QUOTE_MISMATCH");
    let other_secret = RevealQuote { secret: Digest([8; 32]), ..reveal(id, &terms) };
    assert_eq!(name(scenario.act("BKA.maker", &other_secret)), "E_QUOTE_MISMATCH");
    assert_eq!(name(scenario.act("BKB.maker", &reveal(id, &terms))), "E_RECORD_UNKNOWN");
    scenario.act("BKA.maker", &reveal(id, &terms)).unwrap();
    assert_eq!(name(scenario.act("BKA.maker", &reveal(id, &terms))), "E_QUOTE_STATE");
}

#[test]
fn quote_that_is_not_opened_in_time_lapses() {
    let (mut scenario, id) = world();
    let terms = terms(&scenario, 45_000);
    scenario.act(&all("BKA"), &sealed(id, "BKA", &terms)).unwrap();
    scenario.time = scenario.time.plus_hours(4);
    assert_eq!(name(scenario.act("BKA.maker", &reveal(id, &terms))), "E_TTL_EXPIRED");
    scenario.run_due();
    assert_eq!(quote(&mut scenario, id, "BKA").status, QuoteStatus::Lapsed);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
}

#[test]
fn open_quote_stands_as_long_as_the_policy_or_the_bank_says() {
    let (mut scenario, id) = world_of_one();
    let by_policy = terms(&scenario, 45_000);
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(by_policy.clone()) }).unwrap();
    assert_eq!(quote(&mut scenario, id, "BKA").valid_until, scenario.time.plus_hours(24));
    let until = Some(scenario.time.plus_hours(1));
    let short = QuoteTerms { rate: Rate(44_000), valid_until: until, ..by_policy };
    scenario.act(&all("BKA"), &ImproveQuote { financing: id, offer: Offer::Open(short.clone()) }).unwrap();
    scenario.time = scenario.time.plus_hours(1);
    let accept = AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: short };
    assert_eq!(name(scenario.act(&all("S1"), &accept)), "E_TTL_EXPIRED");
    scenario.run_due();
    assert_eq!(quote(&mut scenario, id, "BKA").status, QuoteStatus::Lapsed);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn improvement_is_cheaper_all_in() {
    let (mut scenario, id) = world_of_one();
    let first = terms(&scenario, 45_000);
    let improve = |terms: &QuoteTerms| ImproveQuote { financing: id, offer: Offer::Open(terms.clone()) };
    assert_eq!(name(scenario.act(&all("BKA"), &improve(&first))), "E_RECORD_UNKNOWN");
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(first.clone()) }).unwrap();
    assert_eq!(name(scenario.act(&all("BKA"), &improve(&first))), "E_QUOTE_WORSE");
    let fee_instead = QuoteTerms { rate: Rate(44_000), fees: cny("1000.00"), ..first.clone() };
    assert_eq!(name(scenario.act(&all("BKA"), &improve(&fee_instead))), "E_QUOTE_WORSE");
    let hidden = ImproveQuote { financing: id, offer: Offer::Sealed(SECRET) };
    assert_eq!(name(scenario.act(&all("BKA"), &hidden)), "E_QUOTE_FORM");
    let cheaper = QuoteTerms { rate: Rate(44_000), ..first };
    scenario.act(&all("BKA"), &improve(&cheaper)).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny(AMOUNT), cny("0.00")), "the line is blocked once");
    assert_eq!(told::<QuoteOpened>(&scenario).len(), 2);
}

#[test]
fn sealed_quote_is_replaced_before_the_deadline_only() {
    let (mut scenario, id) = world();
    let (first, second) = (terms(&scenario, 45_000), terms(&scenario, 44_000));
    scenario.act(&all("BKA"), &sealed(id, "BKA", &first)).unwrap();
    let GiveQuote { offer, .. } = sealed(id, "BKA", &second);
    scenario.act(&all("BKA"), &ImproveQuote { financing: id, offer: offer.clone() }).unwrap();
    hours_later(&mut scenario, 2);
    assert_eq!(name(scenario.act(&all("BKA"), &ImproveQuote { financing: id, offer })), "E_TTL_EXPIRED");
    assert_eq!(name(scenario.act("BKA.maker", &reveal(id, &first))), "E_QUOTE_MISMATCH");
    scenario.act("BKA.maker", &reveal(id, &second)).unwrap();
}

#[test]
fn with_rivals_a_quote_is_sealed() {
    let (mut scenario, id) = world();
    let open = Offer::Open(terms(&scenario, 45_000));
    assert_eq!(name(scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: open })), "E_QUOTE_FORM");
}

#[test]
fn withdrawn_quote_frees_the_line_and_may_be_given_again() {
    let (mut scenario, id) = world_of_one();
    let give = GiveQuote { financing: id, offer: Offer::Open(terms(&scenario, 45_000)) };
    scenario.act(&all("BKA"), &give).unwrap();
    assert_eq!(name(scenario.act(&all("BKA"), &give)), "E_QUOTE_STATE");
    scenario.act("BKA.maker+BKA.checker", &WithdrawQuote { financing: id }).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &WithdrawQuote { financing: id })), "E_QUOTE_STATE");
    scenario.act(&all("BKA"), &give).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny(AMOUNT), cny("0.00")));
    hours_later(&mut scenario, 24);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")), "unblocked once, though two versions expired");
}

#[test]
fn quotes_come_from_banks_that_were_asked_in_time_with_their_signatures() {
    let (mut scenario, id) = world_of_one();
    let give = GiveQuote { financing: id, offer: Offer::Open(terms(&scenario, 45_000)) };
    assert_eq!(name(scenario.act(&all("BKB"), &give)), "E_NOT_ASKED");
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &give)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &give)), "E_NOT_AUTHORIZED");
    scenario.time = scenario.time.plus_hours(2);
    assert_eq!(name(scenario.act(&all("BKA"), &give)), "E_TTL_EXPIRED");
}

#[test]
fn line_is_there_for_what_is_quoted() {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny("5000000.01"));
    let apply = application(&scenario, root, cny("5000000.01"), FinancingKind::NonRecourse, &["BKB"]);
    let id = scenario.act(&all("S1"), &apply).unwrap();
    let give = GiveQuote { financing: id, offer: Offer::Open(terms(&scenario, 45_000)) };
    assert_eq!(name(scenario.act(&all("BKB"), &give)), "E_LINE_INSUFFICIENT");
}

#[test]
fn terms_keep_the_fee_cap_and_the_dates() {
    let (mut scenario, id) = world_of_one();
    let good = terms(&scenario, 45_000);
    let give = |terms: QuoteTerms| GiveQuote { financing: id, offer: Offer::Open(terms) };
    let fees = |fees: &str| QuoteTerms { fees: cny(fees), ..good.clone() };
    assert_eq!(name(scenario.act(&all("BKA"), &give(fees("2000.01")))), "E_FEE_CAP");
    let on = |day: &str| QuoteTerms { disburse_by: date(day), ..good.clone() };
    assert_eq!(name(scenario.act(&all("BKA"), &give(on("2026-03-01")))), "E_FINANCING_DATES");
    assert_eq!(name(scenario.act(&all("BKA"), &give(on("2026-08-21")))), "E_FINANCING_DATES");
    let usury = QuoteTerms { rate: Rate(3_000_000), ..good.clone() };
    assert_eq!(name(scenario.act(&all("BKA"), &give(usury))), "E_NET_NEGATIVE");
    let over = QuoteTerms { valid_until: Some(scenario.time), ..good.clone() };
    assert_eq!(name(scenario.act(&all("BKA"), &give(over))), "E_TTL_EXPIRED");
    scenario.act(&all("BKA"), &give(fees("2000.00"))).unwrap();
}

#[test]
fn seller_accepts_the_terms_that_were_quoted() {
    let (mut scenario, id) = world_of_one();
    let quoted = terms(&scenario, 45_000);
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(quoted.clone()) }).unwrap();
    let accept = |terms: &QuoteTerms| AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: terms.clone() };
    let other = QuoteTerms { rate: Rate(44_000), ..quoted.clone() };
    assert_eq!(name(scenario.act(&all("S1"), &accept(&other))), "E_QUOTE_MISMATCH");
    assert_eq!(name(scenario.act(&all("S2"), &accept(&quoted))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &accept(&quoted))), "E_THRESHOLD");
    scenario.act(&all("S1"), &accept(&quoted)).unwrap();
    assert_eq!(name(scenario.act(&all("S1"), &accept(&quoted))), "E_FINANCING_STATE");
}

#[test]
fn one_supplier_takes_at_most_its_share_of_a_program() {
    let (mut scenario, id) = world_of_one();
    scenario.act("BKA.maker+BKA.risk", &SetProgram { size: cny("9999999.99") }).unwrap();
    let quoted = terms(&scenario, 45_000);
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(quoted.clone()) }).unwrap();
    let accept = AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: quoted };
    assert_eq!(name(scenario.act(&all("S1"), &accept)), "E_CONCENTRATION");
    scenario.act("BKA.maker+BKA.risk", &SetProgram { size: cny("10000000.00") }).unwrap();
    scenario.act(&all("S1"), &accept).unwrap();
    let exposure = |scenario: &mut Scenario| {
        let key = (Scenario::id("BKA"), Scenario::id("S1"), Currency::CNY);
        scenario.record::<SupplierExposure>(&key).unwrap().outstanding
    };
    assert_eq!(exposure(&mut scenario), cny(AMOUNT));
    scenario.act("BKA.risk", &RejectFinancing { financing: id, reason: text("no") }).unwrap();
    assert_eq!(exposure(&mut scenario), cny("0.00"));
    scenario.audit();
}
