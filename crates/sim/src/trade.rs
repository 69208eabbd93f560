//! A trade, over and over: goods, papers, a certificate, its lots passed on and sold, and the money at maturity.
//!
//! ```text
//!   order, delivery, receipt, invoice --> certificate --> split, pass on, sell to a bank --> [clock moves] --> paid
//! ```
//! Every act is told to the auditor before it is sent; some are wrong on purpose, with the reason why they must be refused.

use commonware_runtime::Clock as _;
use commonware_utils::channel::watch;
use ledger::{
    clock::Advance,
    core::EnterpriseId,
    credit::{GrantLine, GrantQuota, LineKind as CreditKind},
    document::{
        AttestInvoice, Claim, ConfirmReceipt, ContractId, DeliveryId, DeliveryLine, Flow, InvoiceId, InvoiceKind,
        InvoiceLine, InvoiceStatus, LineKind, OrderId, OrderLine, Parties as Traders, Party, RecordContract,
        RecordDelivery, RecordInvoice, RecordOrder, Source, SourceFormat, Totals, UnitPrice,
    },
    receivable::{
        Accept, AcceptQuote, Apply, ApproveFinancing, ApproveIssue, AttestSearch, Backing, CertificateId, Consent,
        Disburse, Draft, FinancingId, FinancingKind, Fund, GiveQuote, LotId, Offer, OfferTransfer, PaymentSource,
        Payout, QuoteTerms, Register, SearchResult, Split, Submit, TransferMode,
    },
};
use std::time::Duration;
use types::{Amount, Clock, Currency, Date, Digest, List, Quantity, Rate, Text, text::Reference};

use crate::{
    auditor::{Deed, Held},
    clients::{AGENT, BANK, BUREAU, COMPANIES, CORE, Desk, OPERATOR, Parties, both, person, text},
    plan::Draw,
};

/// Faces of certificates, in minor units: below the amount from which more people sign.
const FACE_MINOR: (u64, u64) = (30_000_000, 45_000_000);
/// The smallest part that a lot is split into.
const PART_MINOR: u64 = 1_000_000;
/// What the core enterprise may owe, and what the bank may buy of it.
const LIMIT_MINOR: u64 = 99_999_900;
const TENOR_DAYS: u32 = 150;
/// Acts with the lots of one certificate, at most.
const MOVES: u64 = 5;
/// One piece, in thousandths.
const PIECE: Quantity = Quantity(1_000);

/// Whoever trades.
pub(crate) struct Trade {
    desk: Desk,
    parties: Parties,
    draw: Draw,
    stop: watch::Receiver<bool>,
    papers: u32,
}

/// A certificate that lives.
struct Living {
    certificate: CertificateId,
    due_on: Date,
    face: u64,
}

fn yuan(minor: u64) -> Amount {
    Currency::CNY.minor(minor)
}

fn one<T, const MAX: usize>(item: T) -> List<T, MAX> {
    List::new(vec![item]).expect("every list takes one")
}

/// All of order line 1.
fn whole<const MAX: usize>() -> List<DeliveryLine, MAX> {
    one(DeliveryLine { order_line: 1, quantity: PIECE })
}

impl Trade {
    pub(crate) fn new(desk: Desk, parties: Parties, draw: Draw, stop: watch::Receiver<bool>) -> Self {
        Self { desk, parties, draw, stop, papers: 0 }
    }

    /// Trades until it is told to stop.
    pub(crate) async fn run(mut self) {
        self.grant().await;
        while !self.stopped() {
            let supplier = COMPANIES[self.draw.index(COMPANIES.len())];
            let face = self.draw.between(FACE_MINOR.0, FACE_MINOR.1);
            let invoice = self.goods(supplier, face).await;
            if self.stopped() {
                return;
            }
            let living = self.certificate(supplier, invoice, face).await;
            for _ in 0..self.draw.between(1, MOVES) {
                if self.stopped() {
                    return;
                }
                self.pass(&living).await;
            }
            // On a chain with a real clock nothing falls due in a simulation: one certificate is all that quotas allow.
            if self.desk.genesis.clock != Clock::Movable {
                return;
            }
            self.mature(&living).await;
        }
    }

    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn id(&self, name: &str) -> EnterpriseId {
        self.parties.enterprises[name]
    }

    fn name_of(&self, id: EnterpriseId) -> &'static str {
        let known = self.parties.enterprises.iter().find(|(_, known)| **known == id);
        known.expect("everybody is known").0
    }

    fn today(&self) -> Date {
        self.desk.time().date()
    }

    fn reference(&mut self, about: &str) -> Reference {
        self.papers += 1;
        text(&format!("{about}-{}", self.papers))
    }

    async fn other<C: ledger::Call>(&mut self, signers: Vec<String>, call: &C) -> types::TransactionHash {
        self.desk.act(signers, call, Deed::Other, &mut self.draw).await
    }

    /// A quota for the core enterprise, and a line of the bank on it.
    async fn grant(&mut self) {
        let (starts, expires) = (self.today(), self.today().plus_days(3_650));
        let core = self.id(CORE);
        let remark = text("decided");
        let quota = GrantQuota { core, limit: yuan(LIMIT_MINOR), starts, expires, remark };
        self.other(both(OPERATOR), &quota).await;
        let line = GrantLine {
            obligor: core,
            sanctioned: yuan(LIMIT_MINOR),
            ad_hoc: None,
            starts,
            expires,
            kind: CreditKind::Revolving,
            remark: text("credit memo"),
        };
        self.other(vec![person(BANK, "maker"), person(BANK, "risk"), person(BANK, "checker")], &line).await;
    }

    /// Everything from the contract to the tax check of an invoice of `supplier` to the core enterprise.
    async fn goods(&mut self, supplier: &'static str, minor: u64) -> InvoiceId {
        let mut bound = both(CORE);
        bound.extend(both(supplier));
        let parties = self.traders(supplier, CORE);
        let contract = RecordContract {
            number: self.reference("C"),
            parties: parties.clone(),
            signed_on: self.today(),
            ends_on: None,
            value: None,
            source: source(),
        };
        let contract = ContractId::derive(self.other(bound.clone(), &contract).await, 0, 0);
        let line = OrderLine {
            number: 1,
            sku: None,
            item: text("machined part"),
            quantity: PIECE,
            unit: text("EA"),
            price: UnitPrice(minor * 100),
            net: yuan(minor),
            flow: Flow::InvoiceAfterReceipt,
        };
        let order = RecordOrder {
            parties,
            date: self.today(),
            contract: Some(contract),
            lines: one(line),
            totals: totals(minor),
            source: source(),
            number: self.reference("O"),
        };
        let order = OrderId::derive(self.other(bound, &order).await, 0, 0);
        let delivery = RecordDelivery {
            number: self.reference("D"),
            order,
            despatched_on: self.today(),
            lines: whole(),
            source: source(),
        };
        let delivery = DeliveryId::derive(self.other(vec![person(supplier, "maker")], &delivery).await, 0, 0);
        let receipt = ConfirmReceipt {
            delivery,
            number: self.reference("R"),
            received_on: self.today(),
            lines: whole(),
            source: source(),
        };
        self.other(vec![person(CORE, "maker")], &receipt).await;
        let invoice = self.invoice((supplier, CORE), minor, Some(order)).await;
        let (query, checked_at) = (self.reference("Q"), self.desk.time());
        let attest = AttestInvoice { invoice, status: InvoiceStatus::Normal, query, checked_at };
        self.other(vec![person(BUREAU, "maker")], &attest).await;
        invoice
    }

    fn traders(&self, seller: &str, buyer: &str) -> Traders {
        Traders { seller: Party::Enterprise(self.id(seller)), buyer: Party::Enterprise(self.id(buyer)) }
    }

    async fn invoice(
        &mut self,
        (seller, buyer): (&'static str, &'static str),
        minor: u64,
        order: Option<OrderId>,
    ) -> InvoiceId {
        let line = InvoiceLine {
            number: 1,
            order_line: order.map(|_| 1),
            sku: None,
            item: text("machined part"),
            kind: LineKind::Sale,
            quantity: PIECE,
            unit: text("EA"),
            price: UnitPrice(minor * 100),
            net: yuan(minor),
        };
        let invoice = RecordInvoice {
            kind: InvoiceKind::Commercial,
            parties: self.traders(seller, buyer),
            date: self.today(),
            due_on: None,
            order,
            deliveries: List::default(),
            lines: one(line),
            totals: totals(minor),
            source: source(),
            number: self.reference("I"),
        };
        InvoiceId::derive(self.other(vec![person(seller, "maker")], &invoice).await, 0, 0)
    }

    /// From the draft to the acceptance.
    async fn certificate(&mut self, supplier: &'static str, invoice: InvoiceId, face: u64) -> Living {
        let undertaking = Digest::of(&[b"undertaking"]);
        let due_on = weekday(self.today().plus_days(TENOR_DAYS));
        let draft = Draft {
            creditor: self.id(supplier),
            face: yuan(face),
            maturity: due_on,
            claims: one(Claim { invoice, amount: yuan(face) }),
            nettings: List::default(),
            settlement_agent: self.id(AGENT),
            backing: Backing::Corporate,
            undertaking,
            transfer_mode: TransferMode::NoticeOnly,
            penalty_rate: None,
            tenor_reason: None,
        };
        let maker = vec![person(CORE, "maker")];
        let certificate = CertificateId::derive(self.other(maker.clone(), &draft).await, 0, 0);
        self.other(maker, &Submit { certificate }).await;
        self.other(vec![person(CORE, "checker")], &ApproveIssue { certificate, undertaking }).await;
        let consent = Consent::Given { statement: Digest::of(&[b"statement"]) };
        let deed = Deed::Accept { certificate, holder: self.id(supplier), minor: face };
        self.desk.act(both(supplier), &Accept { certificate, consent }, deed, &mut self.draw).await;
        Living { certificate, due_on, face }
    }

    /// Something is done with one of the lots.
    async fn pass(&mut self, living: &Living) {
        let bank = self.id(BANK);
        let lots: Vec<(LotId, Held)> = self
            .desk
            .auditor
            .lock()
            .live_of(living.certificate)
            .into_iter()
            .filter(|(_, held)| held.holder != bank)
            .collect();
        if lots.is_empty() {
            return;
        }
        let (lot, held) = lots[self.draw.index(lots.len())];
        let holder = self.name_of(held.holder);
        match self.draw.between(0, 5) {
            0 | 1 if held.minor >= 2 * PART_MINOR => self.split((lot, held), holder).await,
            2 | 3 => self.pass_on((lot, held), holder).await,
            4 => self.sell(living, (lot, held), holder).await,
            _ => self.go_wrong((lot, held), holder).await,
        }
    }

    async fn split(&mut self, (lot, held): (LotId, Held), holder: &'static str) {
        let first = self.draw.between(PART_MINOR, held.minor - PART_MINOR);
        let parts = vec![first, held.minor - first];
        let split = Split { lot, parts: List::new(parts.iter().map(|part| yuan(*part)).collect()).expect("two") };
        self.desk.act(both(holder), &split, Deed::Split { lot, parts }, &mut self.draw).await;
    }

    async fn pass_on(&mut self, (lot, held): (LotId, Held), holder: &'static str) {
        let others: Vec<&'static str> = COMPANIES.iter().copied().filter(|name| *name != holder).collect();
        let payee = others[self.draw.index(others.len())];
        let amount = yuan(held.minor);
        let invoice = self.invoice((payee, holder), held.minor, None).await;
        let target = self.id(payee);
        let offer = OfferTransfer { lot, target, amount, claims: one(Claim { invoice, amount }), relation: None };
        self.desk.act(both(holder), &offer, Deed::Pass { lot, target }, &mut self.draw).await;
    }

    /// The bank buys a lot without recourse, at a discount.
    async fn sell(&mut self, living: &Living, (lot, held): (LotId, Held), holder: &'static str) {
        let amount = yuan(held.minor);
        let bank = self.id(BANK);
        let now = self.desk.time();
        let apply = Apply {
            lot,
            amount,
            kind: FinancingKind::NonRecourse,
            banks: one(bank),
            quotes_until: now.plus_hours(2),
            reveal_until: now.plus_hours(4),
        };
        let financing = FinancingId::derive(self.other(both(holder), &apply).await, 0, 0);
        let rate = Rate(u32::try_from(self.draw.between(20_000, 90_000)).expect("below a tenth"));
        let terms = QuoteTerms {
            rate,
            fees: yuan(0),
            advance_share: None,
            disburse_by: self.today().plus_days(1),
            valid_until: None,
        };
        self.other(both(BANK), &GiveQuote { financing, offer: Offer::Open(terms.clone()) }).await;
        self.other(both(holder), &AcceptQuote { financing, bank, terms }).await;
        let search = AttestSearch {
            financing,
            query: self.reference("S"),
            result: SearchResult::Clean,
            searched_at: self.desk.time(),
        };
        self.other(vec![person(BUREAU, "maker")], &search).await;
        let approve = ApproveFinancing { financing, sanctions_check: text("SCREENING-1") };
        self.other(vec![person(BANK, "risk")], &approve).await;
        let register = Register {
            financing,
            number: self.reference("ZD"),
            registered_at: self.desk.time(),
            description: self.entry(living, lot, amount),
            connector: self.id(BUREAU),
        };
        self.other(vec![person(BANK, "maker"), person(BUREAU, "maker")], &register).await;
        let account = self.parties.accounts[&(BANK, holder)];
        let days = u64::from(self.today().days_until(living.due_on).expect("it is later"));
        let deed = Deed::Buy { lot, bank, account, minor: held.minor - discount(held.minor, rate, days) };
        let disburse = Disburse { financing, payout: Payout::Tokens(account) };
        let by = vec![person(BANK, "treasurer"), person(BANK, "treasurer2")];
        self.desk.act(by, &disburse, deed, &mut self.draw).await;
    }

    /// What the public registry says of a lot that is sold, after its template.
    fn entry(&self, living: &Living, lot: LotId, amount: Amount) -> Text<{ types::limits::REMARK_BYTES_MAX }> {
        text(&format!(
            "Electronic certificate of accounts receivable. Certificate no. {lot}; root no. {}; obligor {CORE} (SIM-{}); \
             amount {amount}; maturity {}; platform Tributary",
            living.certificate,
            CORE.replace(' ', "-").to_uppercase(),
            living.due_on,
        ))
    }

    /// Somebody asks for what he may not have.
    async fn go_wrong(&mut self, (lot, held): (LotId, Held), holder: &'static str) {
        let half = held.minor / 2;
        let (by, parts, name) = if self.draw.chance(50) {
            (holder, [half, held.minor - half - 1], "E_SPLIT_SUM")
        } else {
            let others: Vec<&'static str> = COMPANIES.iter().copied().filter(|name| *name != holder).collect();
            (others[self.draw.index(others.len())], [half, held.minor - half], "E_NOT_HOLDER")
        };
        let split = Split { lot, parts: List::new(parts.map(yuan).to_vec()).expect("two") };
        self.desk.act(both(by), &split, Deed::Refused(name), &mut self.draw).await;
    }

    /// The due day comes, and the core enterprise pays.
    async fn mature(&mut self, living: &Living) {
        let to = living.due_on.at(1, 0);
        self.other(vec![person(OPERATOR, "admin")], &Advance { to }).await;
        self.until(|desk| desk.time() >= to).await;
        let core = self.parties.accounts[&(AGENT, CORE)];
        let balance = self.desk.auditor.lock().balances[&core];
        if balance < living.face {
            // It has nothing left, and the round is over: the holders wait.
            return self.stop_trading().await;
        }
        let source = PaymentSource::Tokens { account: core, amount: yuan(living.face) };
        let mut by = both(AGENT);
        by.push(person(CORE, "treasurer"));
        let fund = Fund { certificate: living.certificate, source };
        let deed = Deed::Fund { account: core, minor: living.face };
        self.desk.act(by, &fund, deed, &mut self.draw).await;
        let certificate = living.certificate;
        self.until(move |desk| desk.auditor.lock().live_of(certificate).is_empty()).await;
        // Sent again it finds nothing that is owed.
        if self.draw.chance(30) && balance >= 2 * living.face {
            let mut by = both(AGENT);
            by.push(person(CORE, "treasurer"));
            self.desk.act(by, &fund, Deed::Refused("E_ROOT_STATE"), &mut self.draw).await;
        }
    }

    async fn stop_trading(&mut self) {
        while !self.stopped() {
            self.desk.context.sleep(Duration::from_secs(1)).await;
        }
    }

    async fn until(&self, come: impl Fn(&Desk) -> bool) {
        while !come(&self.desk) {
            self.desk.context.sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Interest of a discount, by actual days of a year of 360, half up: the auditor's own arithmetic.
fn discount(minor: u64, rate: Rate, days: u64) -> u64 {
    let (numerator, denominator) = (u128::from(minor) * u128::from(rate.0) * u128::from(days), 360_000_000);
    u64::try_from((numerator + denominator / 2) / denominator).expect("a part of the face")
}

/// The first day from this one on that is no Saturday or Sunday.
fn weekday(mut day: Date) -> Date {
    while day.is_weekend() {
        day = day.plus_days(1);
    }
    day
}

fn totals(minor: u64) -> Totals {
    Totals::plain(yuan(minor), Amount::zero(Currency::CNY)).expect("far below the largest amount")
}

fn source() -> Source {
    Source { digest: Digest::of(&[b"file"]), format: SourceFormat::Form }
}
