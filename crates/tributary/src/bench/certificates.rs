//! Certificates split and passed on: each supplier holds one of its own, and pays the next supplier with parts of it.
//!
//! ```text
//!   CORE owes every supplier: contract, order, delivery, goods receipt, invoice, tax check --> one certificate each
//!   supplier n owes supplier n + 1: an invoice, of which each transfer pays a part
//!
//!   measured:  split      the lot that is left --> a small part, and the rest     maker
//!              transfer   the small part --> the next supplier, at once           maker and checker
//! ```
//! Lots are numbered as the ledger mints them, so each transaction is signed before the one before it is final. Faces
//! stay below the policy's second level, above which a checker signs a split too; parts stay above twice the smallest lot.

use super::{
    RUN_MAX, WARM_UP,
    drive::Driver,
    loads::{Load, reference},
    network::{Company, Founding, Network, Person},
};
use crate::server::birth::wall_time;
use ledger::{
    Call,
    core::{EnterpriseId, EntityRole, Function},
    credit::GrantQuota,
    document::{
        AttestInvoice, Claim, ConfirmReceipt, ContractId, DeliveryId, DeliveryLine, Flow, InvoiceId, InvoiceKind,
        InvoiceLine, InvoiceStatus, LineKind, OrderId, OrderLine, Parties, Party, RecordContract, RecordDelivery,
        RecordInvoice, RecordOrder, Source, SourceFormat, Totals, UnitPrice,
    },
    receivable::{
        Accept, ApproveIssue, Backing, CertificateId, Consent, Draft, LotId, OfferTransfer, Split, Submit, TransferMode,
    },
};
use types::{Amount, Currency, Date, Digest, List, Quantity, Text, Transaction};

/// Suppliers, each with a certificate.
const SUPPLIERS: usize = 2_048;
/// Splits of one enterprise on one day, by the policy of a new chain.
const SPLITS_PER_DAY_MAX: usize = 200;
const _: () = assert!(
    WARM_UP + 2 * RUN_MAX <= 2 * SUPPLIERS * SPLITS_PER_DAY_MAX,
    "a bench's longest runs stay within what all suppliers may split on a day"
);
/// Face of each certificate: below 1,000,000.00.
const FACE_MINOR: u64 = 90_000_000;
/// Smallest part that is passed on: twice the smallest lot of 1,000.00.
const PART_MINOR: u64 = 200_000;
/// How long the certificates run: within the months that need no reason.
const TENOR_DAYS: u32 = 150;

/// A supplier who pays the next one.
struct Tier {
    maker: Person,
    checker: Person,
    certificate: CertificateId,
    /// Lots of the certificate so far; the last but one or the last is what is left.
    minted: u32,
    /// What this supplier still holds: one lot.
    held: LotId,
    held_minor: u64,
    /// The part that was split off last.
    part: LotId,
    payee: EnterpriseId,
    /// The payee's invoice.
    invoice: InvoiceId,
}

/// A split and a transfer in turn, supplier after supplier.
struct Certificates {
    tiers: Vec<Tier>,
    sent: usize,
}

impl Load for Certificates {
    fn next(&mut self, network: &mut Network) -> Transaction {
        let pair = self.sent / 2;
        let amount = Currency::CNY.minor(PART_MINOR + u64::try_from(pair % 100).expect("below 100"));
        let tier = &mut self.tiers[pair % SUPPLIERS];
        let splits = self.sent.is_multiple_of(2);
        self.sent += 1;
        if splits { tier.split(network, amount) } else { tier.pass_on(network, amount) }
    }
}

impl Tier {
    /// The lot that is left becomes the part and what is left now. One signature.
    fn split(&mut self, network: &mut Network, amount: Amount) -> Transaction {
        self.held_minor -= amount.minor;
        let parts = List::new(vec![amount, Currency::CNY.minor(self.held_minor)]).expect("two parts");
        let split = Split { lot: self.held, parts };
        self.part = self.mint();
        self.held = self.mint();
        network.act(&[self.maker], &split)
    }

    /// The part becomes the payee's. Two signatures.
    fn pass_on(&mut self, network: &mut Network, amount: Amount) -> Transaction {
        let claims = one(Claim { invoice: self.invoice, amount });
        let offer = OfferTransfer { lot: self.part, target: self.payee, amount, claims, relation: None };
        // The payee's lot is a child of the part.
        self.mint();
        network.act(&[self.maker, self.checker], &offer)
    }

    /// The next lot that the ledger mints.
    fn mint(&mut self) -> LotId {
        self.minted += 1;
        LotId::of(self.certificate, self.minted)
    }
}

/// Who takes part in the set-up.
struct Trade {
    core: Company,
    agent: Company,
    tax: Company,
    suppliers: Vec<Company>,
    today: Date,
}

/// Issues a certificate to every supplier, and has every supplier invoiced by the next.
pub async fn prepare(network: &mut Network, driver: &Driver) -> anyhow::Result<Box<dyn Load>> {
    let trade = Trade::found(network, driver).await?;
    trade.grant(network, driver).await?;
    let invoices = trade.invoices(network, driver).await?;
    let certificates = trade.issue(network, driver, &invoices).await?;
    let transactions = trade.each(network, |number, supplier| {
        let payee = trade.next(number);
        let paper = Paper { seller: payee.id, buyer: supplier.id, number: reference("T", number), today: trade.today };
        (vec![payee.people[0]], paper.invoice(None))
    });
    driver.settle(&transactions).await?;
    let owed = made(&transactions, InvoiceId::derive);
    let tier = |(number, supplier): (usize, &Company)| Tier {
        maker: supplier.people[0],
        checker: supplier.people[1],
        certificate: certificates[number],
        minted: 1,
        held: LotId::of(certificates[number], 1),
        held_minor: FACE_MINOR,
        part: LotId::default(),
        payee: trade.next(number).id,
        invoice: owed[number],
    };
    let tiers = trade.suppliers.iter().enumerate().map(tier).collect();
    Ok(Box::new(Certificates { tiers, sent: 0 }))
}

impl Trade {
    async fn found(network: &mut Network, driver: &Driver) -> anyhow::Result<Self> {
        const BOTH: &[Function] = &[Function::Maker, Function::Checker];
        let founding = |role| Founding { role, functions: BOTH };
        let mut foundings = vec![EntityRole::Core, EntityRole::SettlementAgent, EntityRole::Connector];
        foundings.resize(foundings.len() + SUPPLIERS, EntityRole::Supplier);
        let foundings: Vec<Founding> = foundings.into_iter().map(founding).collect();
        let (transactions, mut companies) = network.found(&foundings);
        driver.settle(&transactions).await?;
        let suppliers = companies.split_off(3);
        let [core, agent, tax] = <[Company; 3]>::try_from(companies).expect("three come before the suppliers");
        Ok(Self { core, agent, tax, suppliers, today: wall_time().date() })
    }

    /// The supplier whom this one pays.
    fn next(&self, number: usize) -> &Company {
        &self.suppliers[(number + 1) % SUPPLIERS]
    }

    /// One transaction for each supplier.
    fn each<C: Call>(
        &self,
        network: &mut Network,
        act: impl Fn(usize, &Company) -> (Vec<Person>, C),
    ) -> Vec<Transaction> {
        let transaction = |(number, supplier)| {
            let (by, call) = act(number, supplier);
            network.act(&by, &call)
        };
        self.suppliers.iter().enumerate().map(transaction).collect()
    }

    /// The quota that the certificates need, and as much again.
    async fn grant(&self, network: &mut Network, driver: &Driver) -> anyhow::Result<()> {
        let count = u64::try_from(SUPPLIERS).expect("a few thousand");
        let quota = GrantQuota {
            core: self.core.id,
            limit: Currency::CNY.minor(2 * count * FACE_MINOR),
            starts: self.today,
            expires: self.today.plus_days(365),
            remark: Text::default(),
        };
        let operators = network.operators();
        driver.settle(&[network.act(&operators, &quota)]).await
    }

    /// Everything from the contract to the tax check of one invoice of each supplier to CORE.
    async fn invoices(&self, network: &mut Network, driver: &Driver) -> anyhow::Result<Vec<InvoiceId>> {
        let core = &self.core.people;
        let paper = |number: usize, supplier: &Company| Paper {
            seller: supplier.id,
            buyer: self.core.id,
            number: reference("P", number),
            today: self.today,
        };
        let bound = |supplier: &Company| vec![core[0], core[1], supplier.people[0], supplier.people[1]];
        let transactions = self.each(network, |n, supplier| (bound(supplier), paper(n, supplier).contract()));
        driver.settle(&transactions).await?;
        let contracts = made(&transactions, ContractId::derive);
        let transactions = self.each(network, |n, supplier| (bound(supplier), paper(n, supplier).order(contracts[n])));
        driver.settle(&transactions).await?;
        let orders = made(&transactions, OrderId::derive);
        let delivery = |n, supplier: &Company| (vec![supplier.people[0]], paper(n, supplier).delivery(orders[n]));
        let transactions = self.each(network, delivery);
        driver.settle(&transactions).await?;
        let deliveries = made(&transactions, DeliveryId::derive);
        let receipt = |n: usize, supplier: &Company| (vec![core[0]], paper(n, supplier).receipt(deliveries[n]));
        let transactions = self.each(network, receipt);
        driver.settle(&transactions).await?;
        let invoice =
            |n: usize, supplier: &Company| (vec![supplier.people[0]], paper(n, supplier).invoice(Some(orders[n])));
        let transactions = self.each(network, invoice);
        driver.settle(&transactions).await?;
        let invoices = made(&transactions, InvoiceId::derive);
        let checked_at = wall_time();
        let transactions = self.each(network, |n, _| {
            let (invoice, query) = (invoices[n], reference("Q", n));
            (vec![self.tax.people[0]], AttestInvoice { invoice, status: InvoiceStatus::Normal, query, checked_at })
        });
        driver.settle(&transactions).await?;
        Ok(invoices)
    }

    /// A certificate for each supplier on its invoice, from the draft to the acceptance.
    async fn issue(
        &self,
        network: &mut Network,
        driver: &Driver,
        invoices: &[InvoiceId],
    ) -> anyhow::Result<Vec<CertificateId>> {
        let core = &self.core.people;
        let undertaking = Digest::of(&[b"undertaking"]);
        let face = Currency::CNY.minor(FACE_MINOR);
        let draft = |n: usize, supplier: &Company| Draft {
            creditor: supplier.id,
            face,
            maturity: self.today.plus_days(TENOR_DAYS),
            claims: one(Claim { invoice: invoices[n], amount: face }),
            nettings: List::default(),
            settlement_agent: self.agent.id,
            backing: Backing::Corporate,
            undertaking,
            transfer_mode: TransferMode::NoticeOnly,
            penalty_rate: None,
            tenor_reason: None,
        };
        let transactions = self.each(network, |n, supplier| (vec![core[0]], draft(n, supplier)));
        driver.settle(&transactions).await?;
        let certificates = made(&transactions, CertificateId::derive);
        let transactions = self.each(network, |n, _| (vec![core[0]], Submit { certificate: certificates[n] }));
        driver.settle(&transactions).await?;
        let approve = |n: usize| ApproveIssue { certificate: certificates[n], undertaking };
        let transactions = self.each(network, |n, _| (vec![core[1]], approve(n)));
        driver.settle(&transactions).await?;
        let consent = Consent::Given { statement: Digest::of(&[b"statement"]) };
        let accept = |n: usize| Accept { certificate: certificates[n], consent };
        let transactions = self.each(network, |n, supplier| (supplier.people.clone(), accept(n)));
        driver.settle(&transactions).await?;
        Ok(certificates)
    }
}

/// What stands on the papers of one trade over one piece, of today.
struct Paper {
    seller: EnterpriseId,
    buyer: EnterpriseId,
    number: types::text::Reference,
    today: Date,
}

/// One piece, in thousandths.
const PIECE: Quantity = Quantity(1_000);
const PRICE: Amount = Amount { minor: FACE_MINOR, currency: Currency::CNY };
/// The price in ten-thousandths.
const UNIT_PRICE: UnitPrice = UnitPrice(FACE_MINOR * 100);

impl Paper {
    fn parties(&self) -> Parties {
        Parties { seller: Party::Enterprise(self.seller), buyer: Party::Enterprise(self.buyer) }
    }

    fn source(&self) -> Source {
        Source { digest: Digest::of(&[b"file", self.number.as_str().as_bytes()]), format: SourceFormat::Form }
    }

    fn contract(self) -> RecordContract {
        let (parties, source) = (self.parties(), self.source());
        RecordContract { number: self.number, parties, signed_on: self.today, ends_on: None, value: None, source }
    }

    fn order(self, contract: ContractId) -> RecordOrder {
        let line = OrderLine {
            number: 1,
            sku: None,
            item: plain("machined part"),
            quantity: PIECE,
            unit: plain("EA"),
            price: UNIT_PRICE,
            net: PRICE,
            flow: Flow::InvoiceAfterReceipt,
        };
        RecordOrder {
            parties: self.parties(),
            date: self.today,
            contract: Some(contract),
            lines: one(line),
            totals: totals(),
            source: self.source(),
            number: self.number,
        }
    }

    fn delivery(self, order: OrderId) -> RecordDelivery {
        let source = self.source();
        RecordDelivery { number: self.number, order, despatched_on: self.today, lines: whole(), source }
    }

    fn receipt(self, delivery: DeliveryId) -> ConfirmReceipt {
        let source = self.source();
        ConfirmReceipt { delivery, number: self.number, received_on: self.today, lines: whole(), source }
    }

    fn invoice(self, order: Option<OrderId>) -> RecordInvoice {
        let line = InvoiceLine {
            number: 1,
            order_line: order.map(|_| 1),
            sku: None,
            item: plain("machined part"),
            kind: LineKind::Sale,
            quantity: PIECE,
            unit: plain("EA"),
            price: UNIT_PRICE,
            net: PRICE,
        };
        RecordInvoice {
            kind: InvoiceKind::Commercial,
            parties: self.parties(),
            date: self.today,
            due_on: None,
            order,
            deliveries: List::default(),
            lines: one(line),
            totals: totals(),
            source: self.source(),
            number: self.number,
        }
    }
}

fn totals() -> Totals {
    Totals::plain(PRICE, Amount::zero(Currency::CNY)).expect("far below the largest amount")
}

/// All of order line 1.
fn whole<const MAX: usize>() -> List<DeliveryLine, MAX> {
    one(DeliveryLine { order_line: 1, quantity: PIECE })
}

fn one<T, const MAX: usize>(item: T) -> List<T, MAX> {
    List::new(vec![item]).expect("every list takes one")
}

fn plain<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).expect("short and plain")
}

/// The ids of what the first act of each transaction makes.
fn made<T>(transactions: &[Transaction], derive: fn(types::TransactionHash, u16, u32) -> T) -> Vec<T> {
    transactions.iter().map(|transaction| derive(transaction.body.hash(), 0, 0)).collect()
}
