//! Papers: whole trades, loose papers, the tax authority, evidence.

use super::{CORES, SUPPLIERS, World};
use crate::{
    document::{
        AttestInvoice, ConfirmContract, ConfirmInvoice, ConfirmOrder, ConfirmReceipt, CreditNote, DeliveryLine, Flow,
        Invoice, InvoiceId, InvoiceStatus, MatchInvoice, RecordDelivery, RecordInvoice, RecordOrder, RecordPayment,
        fixtures,
    },
    evidence::{Kind, RecordEvidence},
    testing::text,
};
use types::{Amount, Digest, List, Quantity};

impl World {
    pub(super) fn move_papers(&mut self) {
        match self.random.below(14) {
            0..=3 => {
                let (seller, buyer) = self.trading_pair();
                let gross = self.random.between(200_000, 6_000_000);
                self.trade(seller, buyer, gross);
            }
            4 => self.loose_contract(),
            5 => self.loose_order(),
            6 => self.loose_delivery(),
            7 => self.loose_invoice(),
            8 => self.confirm(),
            9 => self.attest(),
            10 => self.credit_note(),
            11 => self.payment(),
            12 => self.match_invoice(),
            _ => self.record_evidence(),
        }
    }

    fn trading_pair(&mut self) -> (&'static str, &'static str) {
        let seller = self.random.of(&SUPPLIERS).unwrap();
        let buyer = if self.random.percent(60) { self.random.of(&CORES) } else { self.random.of(&SUPPLIERS) };
        (seller, buyer.unwrap())
    }

    /// A whole trade today, ready to be claimed; nothing when a step was refused.
    pub(super) fn trade(&mut self, seller: &str, buyer: &str, gross: u64) -> Option<InvoiceId> {
        let (today, gross) = (self.today(), self.yuan(gross));
        let (makers, both) = ([format!("{seller}.maker"), format!("{buyer}.maker")], fixtures::both(buyer, seller));
        let number = self.number("N");
        let contract = self.go(&both, &fixtures::contract(seller, buyer, &number, today)).ok()?;
        self.contracts.add(contract);
        let order = RecordOrder { contract: Some(contract), ..fixtures::order(seller, buyer, &number, today, gross) };
        let order = self.go(&both, &order).ok()?;
        self.orders.add(order);
        let lines = List::new(vec![fixtures::delivery_line()]).unwrap();
        let source = fixtures::source(&number);
        let despatch = RecordDelivery {
            number: text(&number),
            order,
            despatched_on: today,
            lines: lines.clone(),
            source: source.clone(),
        };
        let delivery = self.go(&makers[0], &despatch).ok()?;
        self.deliveries.add(delivery);
        let receipt = ConfirmReceipt { delivery, number: text(&number), received_on: today, lines, source };
        self.go(&makers[1], &receipt).ok()?;
        let invoice = fixtures::invoice(seller, buyer, &number, today, gross);
        let invoice = self.go(&makers[0], &RecordInvoice { order: Some(order), ..invoice }).ok()?;
        self.invoices.add(invoice);
        self.recheck(invoice, InvoiceStatus::Normal);
        Some(invoice)
    }

    /// The tax authority says now what an invoice is.
    pub(super) fn recheck(&mut self, invoice: InvoiceId, status: InvoiceStatus) {
        let query = text(&self.number("Q"));
        let attest = AttestInvoice { invoice, status, query, checked_at: self.scenario.time };
        let _ = self.go("TAX.maker", &attest);
    }

    fn loose_contract(&mut self) {
        let (seller, buyer) = self.trading_pair();
        let number = self.number("C");
        let signed_on = self.today().minus_days(u32::try_from(self.random.below(3)).unwrap());
        let paper = fixtures::contract(seller, buyer, &number, signed_on);
        let signers = self.two(seller);
        if let Ok(id) = self.go(&signers, &paper) {
            self.contracts.add(id);
        }
    }

    fn loose_order(&mut self) {
        let (seller, buyer) = self.trading_pair();
        let (number, today) = (self.number("O"), self.today());
        let amount = self.random.between(200_000, 6_000_000);
        let mut paper = fixtures::order(seller, buyer, &number, today, self.yuan(amount));
        paper.contract = self.random.of(&self.contracts.0);
        let flows = [Flow::InvoiceAfterReceipt, Flow::InvoiceBeforeReceipt, Flow::Services, Flow::Consignment];
        let flow = self.random.of(&flows).unwrap();
        paper.lines = List::new(vec![fixtures::order_line(self.yuan(amount), flow)]).unwrap();
        let signers = self.two(buyer);
        if let Ok(id) = self.go(&signers, &paper) {
            self.orders.add(id);
        }
    }

    fn loose_delivery(&mut self) {
        let Some(order) = self.random.of(&self.orders.0) else { return };
        let seller = self.random.of(&SUPPLIERS).unwrap();
        let (number, today) = (self.number("D"), self.today());
        let quantity = Quantity(self.random.between(0, 600));
        let lines = List::new(vec![DeliveryLine { order_line: 1, quantity }]).unwrap();
        let source = fixtures::source(&number);
        let paper = RecordDelivery { number: text(&number), order, despatched_on: today, lines, source };
        let signers = self.two(seller);
        if let Ok(id) = self.go(&signers, &paper) {
            self.deliveries.add(id);
        }
    }

    fn loose_invoice(&mut self) {
        let (seller, buyer) = self.trading_pair();
        let (number, today) = (self.number("I"), self.today());
        let amount = self.random.between(200_000, 6_000_000);
        let mut paper = fixtures::invoice(seller, buyer, &number, today, self.yuan(amount));
        if self.random.percent(70) {
            paper.order = self.random.of(&self.orders.0);
        }
        let signers = self.two(seller);
        if let Ok(id) = self.go(&signers, &paper) {
            self.invoices.add(id);
        }
    }

    fn confirm(&mut self) {
        let (seller, buyer) = self.trading_pair();
        let signers = [self.two(seller), self.two(buyer)];
        if let Some(contract) = self.random.of(&self.contracts.0) {
            for signers in &signers {
                let _ = self.go(signers, &ConfirmContract { contract });
            }
        }
        if let Some(order) = self.random.of(&self.orders.0) {
            for signers in &signers {
                let _ = self.go(signers, &ConfirmOrder { order });
            }
        }
        if let Some(invoice) = self.random.of(&self.invoices.0) {
            let _ = self.go(&signers[1], &ConfirmInvoice { invoice });
        }
        if let Some(delivery) = self.random.of(&self.deliveries.0) {
            let (number, received_on) = (self.number("G"), self.today());
            let quantity = Quantity(self.random.between(1, 600));
            let lines = List::new(vec![DeliveryLine { order_line: 1, quantity }]).unwrap();
            let source = fixtures::source(&number);
            let receipt = ConfirmReceipt { delivery, number: text(&number), received_on, lines, source };
            let _ = self.go(&signers[1], &receipt);
        }
    }

    fn attest(&mut self) {
        let Some(invoice) = self.random.of(&self.invoices.0) else { return };
        let status = match self.random.below(30) {
            0 => InvoiceStatus::RedLettered,
            1 => InvoiceStatus::Void,
            2 => InvoiceStatus::Unchecked,
            _ => InvoiceStatus::Normal,
        };
        self.recheck(invoice, status);
    }

    /// A credit note of a share of an invoice.
    pub(super) fn credit_note(&mut self) {
        let Some(id) = self.random.of(&self.invoices.0) else { return };
        let invoice: Invoice = self.scenario.record(&id).unwrap();
        let amount =
            Amount { minor: invoice.totals.gross.minor * self.random.between(1, 40) / 100, ..invoice.totals.gross };
        let (number, today) = (self.number("CN"), self.today());
        let mut paper = fixtures::credit_note(id, &number, today, amount);
        if self.random.percent(50) {
            let mut line = paper.lines[0].clone();
            line.order_line = Some(1);
            line.quantity = Quantity(self.random.between(1, 400));
            paper.lines = List::new(vec![line]).unwrap();
        }
        let seller = invoice.traders.seller.enterprise.map_or_else(|| "S1".to_owned(), |id| self.name(id));
        if let Ok(note) = self.go(&format!("{seller}.maker"), &paper) {
            self.notes.add(note);
        }
    }

    /// A credit note that still takes something back, with its invoice.
    pub(super) fn note(&mut self) -> Option<(crate::document::CreditNoteId, CreditNote)> {
        let id = self.random.of(&self.notes.0)?;
        Some((id, self.scenario.record(&id).unwrap()))
    }

    fn payment(&mut self) {
        let Some(invoice) = self.random.of(&self.invoices.0) else { return };
        let record: Invoice = self.scenario.record(&invoice).unwrap();
        let amount = Amount { minor: record.open().minor / self.random.between(1, 9), ..record.open() };
        let (paid_on, reference) = (self.today(), text(&self.number("TT")));
        let seller = record.traders.seller.enterprise.map_or_else(|| "S1".to_owned(), |id| self.name(id));
        let _ = self.go(&format!("{seller}.maker"), &RecordPayment { invoice, amount, paid_on, reference });
    }

    fn match_invoice(&mut self) {
        let Some(invoice) = self.random.of(&self.invoices.0) else { return };
        let supplier = self.random.of(&SUPPLIERS).unwrap();
        let _ = self.go(&format!("{supplier}.maker"), &MatchInvoice { invoice });
    }

    fn record_evidence(&mut self) {
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let previous = if self.random.percent(40) { self.random.of(&self.evidence.0) } else { None };
        let digest = Digest::of(&[self.number("E").as_bytes()]);
        let (title, remark) = (text("waybill"), text(""));
        let act = RecordEvidence { digest, kind: Kind::Logistics, title, remark, previous };
        if let Ok(id) = self.go(&format!("{owner}.maker"), &act) {
            self.evidence.add(id);
        }
    }
}
