//! Certificates and their way, for the tests of this module and of those that rest on it.

use super::PriceBasis;
use super::types::{
    Accept, AcceptQuote, AcceptTransfer, Apply, ApproveFinancing, ApproveIssue, AttestSearch, Backing, Certificate,
    CertificateId, Consent, Disburse, Draft, Financing, FinancingId, FinancingKind, Fund, FundingId, GiveQuote, LotId,
    Offer, OfferTransfer, PaymentSource, Payout, Price, QuoteTerms, Register, SearchResult, Split, Submit, TransferId,
    TransferMode,
};
use crate::{
    credit::{GrantCover, GrantLine, GrantQuota, LineKind},
    document::{Claim, Invoice, InvoiceId, InvoiceStatus, fixtures},
    money::{self, Attest, CashAccountId, CashFactId},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Currency, Date, Digest, List, Rate, Rejection};

/// The undertaking's text, as a digest.
pub fn undertaking() -> Digest {
    Digest::of(&[b"undertaking for tests"])
}

/// Signatures of an enterprise's maker, checker and both approvers: enough for any amount.
pub fn all(enterprise: &str) -> String {
    ["maker", "checker", "approver", "approver2"].map(|person| format!("{enterprise}.{person}")).join("+")
}

/// Signatures of an enterprise's checker and both approvers: enough to check any amount.
pub fn checkers(enterprise: &str) -> String {
    ["checker", "approver", "approver2"].map(|person| format!("{enterprise}.{person}")).join("+")
}

/// Grants a quota for the year.
pub fn grant_quota(scenario: &mut Scenario, core: &str, limit: Amount) {
    let quota = GrantQuota {
        core: Scenario::id(core),
        limit,
        starts: "2026-01-01".parse().expect("a date"),
        expires: "2027-12-31".parse().expect("a date"),
        remark: text("credit committee of 2026-02-20"),
    };
    scenario.act("OP.maker+OP.checker", &quota).expect("the quota is in order");
}

/// Grants a bank's line on an obligor for the year.
pub fn grant_line(scenario: &mut Scenario, bank: &str, obligor: &str, sanctioned: Amount) {
    let line = GrantLine {
        obligor: Scenario::id(obligor),
        sanctioned,
        ad_hoc: None,
        starts: "2026-01-01".parse().expect("a date"),
        expires: "2027-12-31".parse().expect("a date"),
        kind: LineKind::Revolving,
        remark: text("credit memo 17"),
    };
    let signers = format!("{bank}.risk+{bank}.checker+{bank}.approver+{bank}.approver2+{bank}.maker");
    scenario.act(&signers, &line).expect("the line is in order");
}

/// Grants GUAR's cover for an obligor for the year.
pub fn grant_cover(scenario: &mut Scenario, obligor: &str, limit: Amount) {
    let cover = GrantCover {
        obligor: Scenario::id(obligor),
        limit,
        starts: "2026-01-01".parse().expect("a date"),
        expires: "2027-12-31".parse().expect("a date"),
        remark: text("committee 4"),
    };
    scenario.act("GUAR.maker+GUAR.risk", &cover).expect("the cover is in order");
}

/// The consortium with CORE's quota of 60,000,000.00, BKA's line of 20,000,000.00 and BKB's of 5,000,000.00 on CORE.
pub fn consortium() -> Scenario {
    let mut scenario = Scenario::new();
    grant_quota(&mut scenario, "CORE", cny("60000000.00"));
    grant_line(&mut scenario, "BKA", "CORE", cny("20000000.00"));
    grant_line(&mut scenario, "BKB", "CORE", cny("5000000.00"));
    scenario
}

/// Claims on invoices.
pub fn claims<const MAX: usize>(claims: &[(InvoiceId, Amount)]) -> List<Claim, MAX> {
    let claims = claims.iter().map(|(invoice, amount)| Claim { invoice: *invoice, amount: *amount });
    List::new(claims.collect()).expect("few claims")
}

/// CORE's draft for S1, due on 2026-08-28.
pub fn draft(face: Amount, rests_on: &[(InvoiceId, Amount)]) -> Draft {
    Draft {
        creditor: Scenario::id("S1"),
        face,
        maturity: "2026-08-28".parse().expect("a date"),
        claims: claims(rests_on),
        nettings: List::default(),
        settlement_agent: Scenario::id("SB"),
        backing: Backing::Corporate,
        undertaking: undertaking(),
        transfer_mode: TransferMode::SignToReceive,
        penalty_rate: None,
        tenor_reason: None,
    }
}

/// The creditor's consent.
pub fn consent() -> Consent {
    Consent::Given { statement: Digest::of(&[b"statement for tests"]) }
}

/// Submits a draft and signs the undertaking: S1 may accept.
pub fn offered(scenario: &mut Scenario, draft: &Draft) -> Result<CertificateId, Rejection> {
    let certificate = scenario.act("CORE.maker", draft)?;
    scenario.act("CORE.maker", &Submit { certificate })?;
    let approve = ApproveIssue { certificate, undertaking: draft.undertaking };
    let backer = draft.backing.backer().map(|backer| {
        let known = ["BKA", "BKB", "SB", "GUAR"].into_iter().find(|name| Scenario::id(name) == backer);
        known.expect("a bank or guarantor of the consortium")
    });
    let signers = match backer {
        Some(backer) => format!("{}+{backer}.maker+{backer}.checker", checkers("CORE")),
        None => checkers("CORE"),
    };
    scenario.act(&signers, &approve)?;
    Ok(certificate)
}

/// Issues a certificate to S1, who accepts: gives it and its first lot.
pub fn issue(scenario: &mut Scenario, draft: &Draft) -> Result<(CertificateId, LotId), Rejection> {
    let certificate = offered(scenario, draft)?;
    let lot = scenario.act("S1.maker+S1.checker", &Accept { certificate, consent: consent() })?;
    Ok((certificate, lot))
}

/// Issues a certificate of `face` on one invoice of S1 with this number.
pub fn issued(scenario: &mut Scenario, number: &str, face: Amount) -> (CertificateId, LotId) {
    let invoice = fixtures::trade(scenario, "S1", "CORE", number, face);
    issue(scenario, &draft(face, &[(invoice, face)])).expect("the certificate is in order")
}

/// Splits a lot of `holder`.
pub fn split(scenario: &mut Scenario, holder: &str, lot: LotId, parts: &[&str]) -> Result<Vec<LotId>, Rejection> {
    let parts = List::new(parts.iter().map(|part| cny(part)).collect()).expect("few parts");
    Ok(scenario.act(&all(holder), &Split { lot, parts })?.into_vec())
}

/// An offer of a part of a lot on one invoice.
pub fn transfer(lot: LotId, target: &str, amount: Amount, invoice: InvoiceId) -> OfferTransfer {
    let (target, claims) = (Scenario::id(target), claims(&[(invoice, amount)]));
    OfferTransfer { lot, target, amount, claims, relation: None }
}

/// Offers a part of a lot of `source` to `target`, on a trade between them that is played first.
pub fn offer(
    scenario: &mut Scenario,
    (source, target): (&str, &str),
    lot: LotId,
    amount: Amount,
) -> Result<TransferId, Rejection> {
    let number = format!("T-{source}-{target}-{}", scenario.height);
    let invoice = fixtures::trade(scenario, target, source, &number, amount);
    scenario.act(&all(source), &transfer(lot, target, amount, invoice))
}

/// Passes a part of a lot on: offer and acceptance. Gives the receiver's lot.
pub fn pass_on(scenario: &mut Scenario, parties: (&str, &str), lot: LotId, amount: Amount) -> Result<LotId, Rejection> {
    let transfer = offer(scenario, parties, lot, amount)?;
    let target = parties.1;
    scenario.act(&format!("{target}.maker+{target}.checker"), &AcceptTransfer { transfer })
}

/// The account that `owner` is paid into at `bank`, in yuan.
pub fn account(scenario: &mut Scenario, bank: &str, owner: &str) -> CashAccountId {
    let (bank, owner) = (Scenario::id(bank), Scenario::id(owner));
    scenario
        .door(|ctx, state| money::account_at(ctx, state, bank, owner, Currency::CNY))
        .expect("the bank keeps accounts")
}

/// `bank` attests that `payer` paid `payee` at that bank: a new booking each time.
pub fn attested(
    scenario: &mut Scenario,
    bank: &str,
    (payer, payee): (&str, &str),
    amount: Amount,
    value_date: Date,
) -> CashFactId {
    let (payer, payee) = (account(scenario, bank, payer), account(scenario, bank, payee));
    let bank_reference = text(&format!("BOOKING-{}", scenario.height));
    let act = Attest { payer, payee, amount, value_date, bank_reference };
    scenario.act(&format!("{bank}.treasurer+{bank}.treasurer2"), &act).expect("the booking is in order")
}

/// CORE's money has reached SB today, and SB says so for the certificate.
pub fn fund(scenario: &mut Scenario, certificate: CertificateId, amount: Amount) -> Result<FundingId, Rejection> {
    let today = scenario.time.date();
    let fact = attested(scenario, "SB", ("CORE", "SB"), amount, today);
    let funding = scenario.act("SB.maker+SB.checker", &Fund { certificate, source: PaymentSource::Fact(fact) })?;
    scenario.run_due();
    Ok(funding)
}

/// An application to banks that quote for two hours and open their quotes for two more.
pub fn application(scenario: &Scenario, lot: LotId, amount: Amount, kind: FinancingKind, banks: &[&str]) -> Apply {
    Apply {
        lot,
        amount,
        kind,
        banks: List::new(banks.iter().map(|bank| Scenario::id(bank)).collect()).expect("few banks"),
        quotes_until: scenario.time.plus_hours(2),
        reveal_until: scenario.time.plus_hours(4),
    }
}

/// Terms without fees, paid out today.
pub fn terms(scenario: &Scenario, rate_ppm: u32) -> QuoteTerms {
    let disburse_by = scenario.time.date();
    QuoteTerms { rate: Rate(rate_ppm), fees: cny("0.00"), advance_share: None, disburse_by, valid_until: None }
}

/// Applies to one bank, which quotes openly, and accepts its quote.
pub fn accepted(
    scenario: &mut Scenario,
    (seller, bank): (&str, &str),
    (lot, amount): (LotId, Amount),
    (kind, rate_ppm): (FinancingKind, u32),
) -> Result<FinancingId, Rejection> {
    let apply = application(scenario, lot, amount, kind, &[bank]);
    let financing = scenario.act(&all(seller), &apply)?;
    let terms = terms(scenario, rate_ppm);
    scenario.act(&all(bank), &GiveQuote { financing, offer: Offer::Open(terms.clone()) })?;
    scenario.act(&all(seller), &AcceptQuote { financing, bank: Scenario::id(bank), terms })?;
    Ok(financing)
}

/// The registry is searched now, and shows nothing.
pub fn searched(scenario: &mut Scenario, financing: FinancingId) -> Result<(), Rejection> {
    let query = text(&format!("SEARCH-{}", scenario.height));
    let search = AttestSearch { financing, query, result: SearchResult::Clean, searched_at: scenario.time };
    scenario.act("REGISTRY.maker", &search)
}

/// The tax authority is asked again about the invoices of the financed certificate, unless it was asked today.
pub fn recheck(scenario: &mut Scenario, financing: FinancingId) {
    let record: Financing = scenario.record(&financing).expect("it was applied for");
    let certificate: Certificate = scenario.record(&record.certificate).expect("it was issued");
    for claim in &certificate.claims {
        let invoice: Invoice = scenario.record(&claim.invoice).expect("it was recorded");
        if invoice.check.is_none_or(|check| check.checked_at.plus_hours(24) < scenario.time) {
            fixtures::attest(scenario, claim.invoice, InvoiceStatus::Normal);
        }
    }
}

/// Searches the registry and approves.
pub fn approved(scenario: &mut Scenario, bank: &str, financing: FinancingId) -> Result<(), Rejection> {
    recheck(scenario, financing);
    searched(scenario, financing)?;
    let approve = ApproveFinancing { financing, sanctions_check: text("SCREENING-1") };
    scenario.act(&format!("{bank}.risk"), &approve)
}

/// The registration of an approved financing, as the registry's connector attests it.
pub fn registration(scenario: &mut Scenario, financing: FinancingId) -> Register {
    let description = scenario.door(|_, state| super::registration::text(state, financing)).expect("it exists");
    Register {
        financing,
        number: text(&format!("ZD-{}", scenario.height)),
        registered_at: scenario.time,
        description,
        connector: Scenario::id("REGISTRY"),
    }
}

/// Registers an approved financing.
pub fn registered(scenario: &mut Scenario, bank: &str, financing: FinancingId) -> Result<(), Rejection> {
    let register = registration(scenario, financing);
    scenario.act(&format!("{bank}.maker+REGISTRY.maker"), &register)
}

/// `bank` attests that `payer` paid `payee` today, between their accounts at it.
pub fn paid(scenario: &mut Scenario, bank: &str, parties: (&str, &str), amount: Amount) -> CashFactId {
    let today = scenario.time.date();
    attested(scenario, bank, parties, amount, today)
}

/// Has a lot financed, from the application to the money. Gives the financing and what it cost.
pub fn financed(
    scenario: &mut Scenario,
    (seller, bank): (&str, &str),
    lot: (LotId, Amount),
    how: (FinancingKind, u32),
) -> Result<(FinancingId, Price), Rejection> {
    let financing = accepted(scenario, (seller, bank), lot, how)?;
    approved(scenario, bank, financing)?;
    registered(scenario, bank, financing)?;
    let certificate = scenario.record::<Financing>(&financing).expect("applied for").certificate;
    let issued = scenario.record::<Certificate>(&certificate).expect("issued").issued.expect("issued");
    let policy = scenario.door(|ctx, state| Ok(crate::policy::at(state, ctx.time)?)).expect("a policy holds");
    let price =
        terms(scenario, how.1).price(lot.1, scenario.time.date(), issued.due_on, PriceBasis::new(&policy, lot.1)?)?;
    let fact = paid(scenario, bank, (bank, seller), price.net);
    let signers = format!("{bank}.treasurer+{bank}.treasurer2");
    let price = scenario.act(&signers, &Disburse { financing, payout: Payout::Fact(fact) })?;
    Ok((financing, price))
}
