//! Steps 3 and 6 of R1: banks buy lots, without and with recourse.

use super::{Story, cny, day, text};
use anyhow::Context as _;
use ledger::{document::InvoiceStatus, money, receivable};
use types::{Amount, List, Rate};

/// One financing of the story.
struct Deal {
    lot: &'static str,
    seller: &'static str,
    bank: &'static str,
    kind: receivable::FinancingKind,
    rate: Rate,
    /// The invoices behind the certificate, checked again before the bank pays.
    number: &'static str,
}

impl Story<'_> {
    /// S1 sells 1,000,000.00 to BKA for good.
    pub async fn finance_s1(&mut self) -> anyhow::Result<()> {
        self.step("3", "S1 sells a lot to BKA, without recourse");
        let deal = Deal {
            lot: "S1 finances",
            seller: "S1",
            bank: "BKA",
            kind: receivable::FinancingKind::NonRecourse,
            rate: Rate(45_000),
            number: "REG-2026-0001",
        };
        self.deal(&deal).await
    }

    /// S3 has its lot financed by BKB and answers for it.
    pub async fn finance_s3(&mut self) -> anyhow::Result<()> {
        self.advance_to(day(2026, 4, 10), 9, 0).await?;
        self.step("6", "2026-04-10: S3 has its lot financed by BKB, with recourse");
        let deal = Deal {
            lot: "S3 holds",
            seller: "S3",
            bank: "BKB",
            kind: receivable::FinancingKind::RecourseToSeller,
            rate: Rate(52_000),
            number: "REG-2026-0002",
        };
        self.deal(&deal).await?;
        let draft = self.draft(&[("INV-2", "1400000.00")], "1400000.00");
        let again = self.actors.act("CORE.maker", &draft).await?;
        let submit = receivable::Submit { certificate: again };
        self.refused("CORE.maker", &submit, "E_FINGERPRINT_EXHAUSTED", "another certificate on INV-2").await
    }

    /// Where S1 sells what it kept, too: it holds nothing any more.
    pub async fn finance_rest(&mut self) -> anyhow::Result<()> {
        self.chapter("S1 sells its last lot to BKB");
        let deal = Deal {
            lot: "S1 keeps",
            seller: "S1",
            bank: "BKB",
            kind: receivable::FinancingKind::NonRecourse,
            rate: Rate(50_000),
            number: "REG-2026-0003",
        };
        self.deal(&deal).await
    }

    async fn deal(&mut self, deal: &Deal) -> anyhow::Result<()> {
        let Deal { seller, bank, .. } = deal;
        let financing = self.apply(deal).await?;
        self.plot.financings.insert(deal.lot.to_owned(), financing);
        let terms = self.quote(deal, financing).await?;
        let bank_id = self.actors.id(bank);
        let accept = receivable::AcceptQuote { financing, bank: bank_id, terms };
        self.actors.act(&format!("{seller}.maker+{seller}.checker+{seller}.approver"), &accept).await?;
        self.search(financing, deal.number).await?;
        for invoice in ["INV-1", "INV-2"] {
            self.attest(invoice, InvoiceStatus::Normal).await?;
        }
        let approve = receivable::ApproveFinancing { financing, sanctions_check: text(format!("SC-{}", deal.number)) };
        self.actors.act(&format!("{bank}.risk"), &approve).await?;
        let price = self.price(financing, bank).await?;
        self.line(format!(
            "{seller} accepts {} a year for {} days: discount {}, to be paid {}",
            percent(deal.rate),
            price.days,
            price.discount,
            price.net
        ));
        let disburse = self.payout(deal, financing, price.net).await?;
        let by = format!("{bank}.treasurer+{bank}.checker");
        self.refused(&by, &disburse, "E_REGISTRATION_MISSING", "paying before the registry's number is there").await?;
        self.register_claim(deal, financing).await?;
        self.actors.act(&by, &disburse).await?;
        let lot = self.financing_of(deal.lot).await?.lot;
        self.plot.lots.insert(deal.lot.to_owned(), lot);
        let shown = self.show(lot).await?;
        self.line(format!("{bank} has paid {} into {seller}'s account: {shown}", price.net));
        self.bank_line(bank).await
    }

    async fn apply(&mut self, deal: &Deal) -> anyhow::Result<receivable::FinancingId> {
        let lot = self.plot.lots[deal.lot];
        let amount = self.lot(lot).await?.face;
        let now = self.actors.client().info().await?.head.time;
        let until = now.plus_hours(4);
        let apply = |bank: &str| receivable::Apply {
            lot,
            amount,
            kind: deal.kind,
            banks: List::new(vec![self.actors.id(bank)]).expect("one bank"),
            quotes_until: until,
            reveal_until: until,
        };
        let (first, parallel) = (apply(deal.bank), apply(if deal.bank == "BKA" { "BKB" } else { "BKA" }));
        let by = format!("{0}.maker+{0}.checker+{0}.approver", deal.seller);
        let financing = self.actors.act(&by, &first).await?;
        self.line(format!("{} asks {} for money on {amount}", deal.seller, deal.bank));
        self.refused(&by, &parallel, "E_LOT_LOCKED", "offering the same lot to another bank at the same time").await?;
        Ok(financing)
    }

    async fn quote(
        &mut self,
        deal: &Deal,
        financing: receivable::FinancingId,
    ) -> anyhow::Result<receivable::QuoteTerms> {
        let today = self.actors.client().info().await?.head.time.date();
        let terms = receivable::QuoteTerms {
            advance_share: None,
            rate: deal.rate,
            fees: cny("0.00"),
            disburse_by: today.plus_days(1),
            valid_until: None,
        };
        let quote = receivable::GiveQuote { financing, offer: receivable::Offer::Open(terms.clone()) };
        self.actors.act(&format!("{0}.maker+{0}.checker+{0}.approver", deal.bank), &quote).await?;
        self.line(format!("{} quotes {}; its line on CORE is blocked", deal.bank, percent(deal.rate)));
        Ok(terms)
    }

    async fn search(&mut self, financing: receivable::FinancingId, number: &str) -> anyhow::Result<()> {
        let searched_at = self.actors.client().info().await?.head.time;
        let result = receivable::SearchResult::Clean;
        let search = receivable::AttestSearch { financing, query: text(format!("Q-{number}")), result, searched_at };
        Ok(self.actors.act("REGISTRY.maker", &search).await?)
    }

    /// The bank's payment into the seller's own account, as the settlement bank booked it.
    async fn payout(
        &mut self,
        deal: &Deal,
        financing: receivable::FinancingId,
        amount: Amount,
    ) -> anyhow::Result<receivable::Disburse> {
        let reference = format!("PAY-{}", deal.number);
        let fact = self.cash(deal.bank, deal.seller, amount, &reference).await?;
        Ok(receivable::Disburse { financing, payout: receivable::Payout::Fact(fact) })
    }

    /// The settlement bank attests that money moved between two of its customers.
    pub async fn cash(
        &mut self,
        payer: &str,
        payee: &str,
        amount: Amount,
        reference: &str,
    ) -> anyhow::Result<money::CashFactId> {
        let value_date = self.actors.client().info().await?.head.time.date();
        let attest = money::Attest {
            payer: self.plot.accounts[payer],
            payee: self.plot.accounts[payee],
            amount,
            value_date,
            bank_reference: text(reference),
        };
        Ok(self.actors.act("SB.treasurer+SB.checker", &attest).await?)
    }

    async fn register_claim(&mut self, deal: &Deal, financing: receivable::FinancingId) -> anyhow::Result<()> {
        let question = serde_json::json!({ "financing": financing });
        let description = self.actors.client().query("receivable.registration_text", question).await?;
        let register = receivable::Register {
            financing,
            number: text(deal.number),
            registered_at: self.actors.client().info().await?.head.time,
            description: serde_json::from_value(description)?,
            connector: self.actors.id("REGISTRY"),
        };
        self.actors.act(&format!("{}.maker+REGISTRY.maker", deal.bank), &register).await?;
        self.line(format!("{} registers the assignment: {}", deal.bank, deal.number));
        Ok(())
    }

    /// The financing of the lot with this part.
    pub async fn financing_of(&self, part: &str) -> anyhow::Result<receivable::Financing> {
        self.record("receivable/financings", &self.plot.financings[part].to_string()).await
    }

    /// What the chosen quote comes to.
    async fn price(&self, financing: receivable::FinancingId, bank: &str) -> anyhow::Result<receivable::Price> {
        let id = format!("{financing}/{}", self.actors.id(bank));
        let quote: receivable::Quote = self.record("receivable/quotes", &id).await?;
        quote.price.context("an open quote has its price")
    }
}

/// A rate as people write it: `4.50%`.
fn percent(rate: Rate) -> String {
    format!("{}.{:02}%", rate.0 / 10_000, rate.0 % 10_000 / 100)
}
