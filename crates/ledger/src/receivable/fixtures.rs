//! Certificates and their way, for the tests of this module and of those that rest on it.

use super::types::{
    Accept, AcceptTransfer, ApproveIssue, CertificateId, Consent, Draft, Fund, FundingId, LotId, OfferTransfer,
    PaymentSource, Split, Submit, TransferId, TransferMode,
};
use crate::{
    credit::{GrantLine, GrantQuota, LineKind},
    document::{Claim, InvoiceId, fixtures},
    money::{self, Attest, CashAccountId, CashFactId},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Currency, Date, Digest, List, Rejection};

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
        guarantor: None,
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
    scenario.act(&checkers("CORE"), &approve)?;
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
