//! Certificates: a core enterprise's confirmed debt, split, passed on, financed and settled.
//!
//! **Parties.** A core enterprise (the *obligor*) undertakes to pay a face amount at maturity to its supplier (the *first
//! creditor*), on goods delivered and invoiced. The supplier splits the certificate into lots and pays its own suppliers
//! with them; any holder may have its lot financed by a bank on the obligor's name. At maturity the obligor pays a
//! *settlement agent* (a bank), which pays whoever holds the lots. Connectors attest what the tax authority and the
//! public registry of assignments say. The platform's operator touches none of it.
//!
//! A certificate may be *backed* for its life ([`Backing`]): by a bank, whose line is blocked at submission and reserved
//! at acceptance, so that every holder is sure of that bank's price; or by a guarantor, whose cover is used instead. The
//! backer signs the issue too. When its maturity is later than the policy's days (60) after the first goods receipt, the
//! creditor is told at the offer and again at acceptance ([`PaymentClock`]): nobody is paid late unawares.
//!
//! **A certificate is a tree of lots.** A lot is one range of the face in minor units, with one holder. Splitting or passing
//! on *spends* a lot and mints children that cover its range exactly; live ranges never overlap. So what is owed is
//! conserved by every step, and what a lot's history is can be read from its parents. Only when a bank finances a lot,
//! sells it on, or is bought out by recourse does the same lot get a new holder: the financing's record says from whom.
//!
//! ```text
//! certificate
//!  draft --> Draft --submit--> PendingInternal --approve_issue--> Offered --accept--> Active --> Maturing --> Settled
//!              |                  |        |                        |                   |           |
//!              | withdraw         | refuse | time up                | decline, withdraw,| cancel_   | cut-off
//!              v                  v        v                        v time up           v mutual    v
//!          Withdrawn          Rejected  Expired      Rejected, Withdrawn, Expired   Cancelled   Overdue --> SettledLate
//!                                                                                                  |            ^
//!                                                                            declare_default       v            |
//!                                                                                               Defaulted ------+
//!                                                                                                  |
//!                                                                                                  +--> WrittenOff
//! lot
//!  Held --split--> Spent + children Held
//!  Held --offer_transfer--> OfferedOut --accept_transfer--> Spent + child Held by the receiver
//!                               |  decline, revoke, time up --> Held
//!  Held --apply--> InFinancing --disburse--> Financed by the bank --recourse--> Recoursed (the seller's again)
//!                      |  fail, reject, cancel, time up --> Held
//!  any live lot of a guaranteed certificate in default --claim_guarantee, pay_guarantee--> Subrogated (the guarantor's)
//!  any live lot --> Redeemed (paid), Cancelled (burned by agreement), WrittenOff (given up)
//!  over it lie: a freeze (by order), a dispute, a lock (its invoice was revoked)
//!
//! financing
//!  apply --> Quoting --accept_quote--> Accepted --approve_financing--> Approved --register--> Registered --disburse--> Disbursed
//!  each before Disbursed --> Cancelled (seller), Rejected, Failed (bank), Expired (time up)
//!  Disbursed --> Repaid | Recoursed | Subrogated | WrittenOff
//!
//! advance (a financing below the face)
//!  disburse --> Open --the lot is paid--> Closed, or Short --pay_shortfall--> Closed
//!                 |  recourse --> Closed; write_off --> WrittenOff
//! ```
//!
//! **Sealed quotes.** An application names its banks and two deadlines. While several banks are asked, each sends only a
//! commitment: a digest over its terms and a secret ([`QuoteTerms::commitment`]). After the first deadline the banks
//! open them; a quote that is not opened by the second lapses. So no bank - nor a node's operator - reads a rival's
//! price while it can still use it. A commitment costs: the bank's line on the obligor is blocked from quote to end.
//! When one bank alone is asked there is no rival, and its terms are open at once.
//!
//! **Advances.** With recourse a bank may pay out a share of the face and hold the rest back. The obligor's money on such a
//! lot pays costs of enforcement, fees, interest to the due day, penalty after it, and the advance, in this order; the
//! rest is the seller's, and comes to it in the same round. So on time it gets face - advance - interest - fees; what is
//! short is a claim on it. A lot that is financed is never diluted.
//!
//! **Default.** After the days of grace holders declare it. A financier with recourse sells its lot back to the seller,
//! for principal, accrued interest, penalty and costs. A holder of a guaranteed certificate claims on the guarantor, who
//! pays principal and the obligor's penalty, and holds the lot: the obligor owes it to the guarantor from then on.
//!
//! **Maturity** happens by itself. Some business days before the due day lots stop moving (`Maturing`); the evening
//! before it the list of holders is taken, with a Merkle root, so that a bank can pay from an export of it. The
//! settlement agent confirms the money (`fund`); on the due day it is distributed, in full or not at all, and after the
//! cut-off pro rata, by largest remainder. Penalty comes before principal. What belongs to frozen lots waits in suspense.
//! Lists and rounds are due work, page by page, and what would disturb them waits until they are done. A cut-off that no
//! block saw is held again on the next business day: a chain that stood still calls nobody late.
//!
//! **After acceptance nothing is taken from a holder.** A credit note burns lots that the first creditor still holds,
//! with its consent, or becomes a counter-claim that a later certificate nets. A revoked invoice locks the first
//! creditor's lots; those of others are owed as before.
//!
//! **Laws** (`audit`), as numbered in the rules of the business:
//! - I1: unpaid live lots + redeemed + cancelled + written off = face, for each certificate that lives or lived.
//! - I2: the children of a spent lot cover its range exactly, and it is spent once.
//! - I3, I16: a lot has its certificate's obligor, currency and maturity; passing it on changes nothing that is owed.
//! - I4: a lot has at most one open offer or financing, and each of those has its lot.
//! - I5, I7: what certificates and transfers claim of invoices is what the invoices say, and rests on deliveries.
//! - I6, I8: depth, number and size of lots, and the tenor, stay within the policy of the issue.
//! - I9: what is owed, waits to be owed, is financed and quoted is what quotas, lines, reserves, covers and caps count.
//! - I10: no account of the operator takes part.
//! - I11: a financed lot's financing is disbursed and registered.
//! - I12, I14: what was received was paid, waits in suspense, or was returned, to the last unit; what is paid on a frozen
//!   lot waits on its freeze.
//! - I13, I17: nothing is burned but what the first creditor held; only a seller who agreed to recourse is its debtor,
//!   and only the guarantor that the certificate names takes a holder's place.
//! - I15: one cash fact proves one thing.
//! - ADVANCE: what came on a lot that was financed below its face was paid to its bank as far as it was owed, and the rest
//!   to the seller, to the last unit; what was agreed is owed or paid.
//! - PAYMENT-TERM: the days that a creditor was told are those of the clock.
//! - I18: each change of status is a step of the certificate's history, with the policy's version.
//!
//! **Example.** CORE issues 5,000,000.00 to S1 on 2026-03-02, due 2026-08-28. S1 splits it into 800,000.00, 1,000,000.00
//! and 3,200,000.00. It finances 1,000,000.00 at BKA, 4.50%, without recourse: 179 days, discount 22,375.00, S1 gets
//! 977,625.00 and BKA holds the lot. It passes 3,200,000.00 on to S2 against an invoice of S2; S2 passes 800,000.50 on
//! to S3 and keeps 2,399,999.50. S3 finances its lot at BKB, 5.20%, with recourse: 140 days, 783,822.71. The live lots are
//! 800,000.00 + 1,000,000.00 + 2,399,999.50 + 800,000.50 = 5,000,000.00.
//!
//! On the due day CORE pays 3,000,000.01. After the cut-off that is shared: 480,000.00 to S1, 600,000.00 to BKA,
//! 1,439,999.71 to S2, 480,000.30 to BKB; 1,999,999.99 is overdue and CORE issues nothing more. Ten business days later
//! BKB declares the default, and S3 buys its 320,000.20 back for 321,178.87 (7.80% for 17 days). On 2026-10-12 CORE pays
//! the rest with 4.50% for 45 days, 11,250.00 in all, and the certificate is settled late.
//!
//! An advance: BKA pays S1 four fifths of 1,000,000.00, 800,000.00, at 4.50% for 179 days with 1,000.00 of fees. CORE pays
//! on time: BKA gets 800,000.00 + 17,900.00 + 1,000.00, S1 the other 181,100.00.

mod audit;
mod due;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod price;
mod queries;
mod registration;
mod rules;
mod state;
mod tree;
#[cfg(test)]
mod tests;
mod types;

pub use price::PriceBasis;
pub use queries::{
    AdvanceOf, AdvanceView, CertificateOf, CertificateView, HistoryOf, HistoryPage, HolderLine, LotView, MaturityOf,
    MaturityView, Payoff, PayoffOf, PriceOf, RecordListOf, RecordListView,
};
pub use registration::RegistrationText;
pub use types::*;

use crate::core::{CallSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 8,
    name: "receivable",
    about: "Certificates of a core enterprise's debt: issued, split, passed on, financed, settled.",
    calls: &[
        CallSpec::new::<Draft>(1),
        CallSpec::new::<Submit>(2),
        CallSpec::new::<ApproveIssue>(3),
        CallSpec::new::<Refuse>(4),
        CallSpec::new::<Accept>(5),
        CallSpec::new::<Decline>(6),
        CallSpec::new::<Withdraw>(7),
        CallSpec::new::<Split>(10),
        CallSpec::new::<OfferTransfer>(11),
        CallSpec::new::<AcceptTransfer>(12),
        CallSpec::new::<DeclineTransfer>(13),
        CallSpec::new::<RevokeTransfer>(14),
        CallSpec::new::<Apply>(20),
        CallSpec::new::<GiveQuote>(21),
        CallSpec::new::<ImproveQuote>(22),
        CallSpec::new::<WithdrawQuote>(23),
        CallSpec::new::<RevealQuote>(24),
        CallSpec::new::<AcceptQuote>(25),
        CallSpec::new::<AttestSearch>(26),
        CallSpec::new::<ApproveFinancing>(27),
        CallSpec::new::<Register>(28),
        CallSpec::new::<Disburse>(29),
        CallSpec::new::<FailFinancing>(30),
        CallSpec::new::<RejectFinancing>(31),
        CallSpec::new::<CancelFinancing>(32),
        CallSpec::new::<Deregister>(33),
        CallSpec::new::<Refinance>(34),
        CallSpec::new::<CancelMutual>(50),
        CallSpec::new::<ReduceMutual>(51),
        CallSpec::new::<RaiseCounterClaim>(52),
        CallSpec::new::<SetOff>(53),
        CallSpec::new::<Unlock>(54),
        CallSpec::new::<FreezeLot>(60),
        CallSpec::new::<Unfreeze>(61),
        CallSpec::new::<OpenDispute>(62),
        CallSpec::new::<ResolveDispute>(63),
        CallSpec::new::<Fund>(70),
        CallSpec::new::<ReturnExcess>(71),
        CallSpec::new::<DeclareDefault>(72),
        CallSpec::new::<WriteOff>(73),
        CallSpec::new::<NotifyRecourse>(74),
        CallSpec::new::<PayRecourse>(75),
        CallSpec::new::<ClaimGuarantee>(76),
        CallSpec::new::<PayGuarantee>(77),
        CallSpec::new::<StateCosts>(78),
        CallSpec::new::<PayShortfall>(79),
    ],
    queries: &[
        QuerySpec::new::<CertificateOf>(),
        QuerySpec::new::<HistoryOf>(),
        QuerySpec::new::<MaturityOf>(),
        QuerySpec::new::<RecordListOf>(),
        QuerySpec::new::<PayoffOf>(),
        QuerySpec::new::<PriceOf>(),
        QuerySpec::new::<AdvanceOf>(),
        QuerySpec::new::<RegistrationText>(),
    ],
    tables: &[
        TableSpec::new::<Certificate>(),
        TableSpec::new::<Lot>(),
        TableSpec::new::<Transfer>(),
        TableSpec::new::<Financing>(),
        TableSpec::new::<Quote>(),
        TableSpec::new::<Step>(),
        TableSpec::new::<Settlement>(),
        TableSpec::new::<RecordPage>(),
        TableSpec::new::<OpenPage>(),
        TableSpec::new::<Funding>(),
        TableSpec::new::<Distribution>(),
        TableSpec::new::<PaidPage>(),
        TableSpec::new::<Recourse>(),
        TableSpec::new::<GuaranteeClaim>(),
        TableSpec::new::<Advance>(),
        TableSpec::new::<Freeze>(),
        TableSpec::new::<Dispute>(),
        TableSpec::new::<CounterClaim>(),
    ],
    events: EVENTS,
    rejections: reject::CATALOGUE,
    due: Some(due::run),
    genesis: None,
    audit: audit::audit,
};
