//! Steps 8 to 10 of R1: CORE pays late, in parts; the holders are paid by their shares; BKB takes recourse.

use super::{Story, cny, day};
use crate::demo::actors::POLL;
use anyhow::Context as _;
use ledger::{credit, document::InvoiceStatus, receivable};
use types::{Amount, List, Rate, rate::DayCount};

impl Story<'_> {
    /// The due day: CORE funds a part of it, and the rest is overdue.
    pub async fn due_day(&mut self) -> anyhow::Result<()> {
        self.to_maturity().await?;
        self.step("8", "2026-08-28: the certificate is due, and CORE brings 3000000.01 only");
        self.fund(cny("3000000.01"), "FUND-1").await?;
        self.advance_to(day(2026, 8, 28), 16, 30).await?;
        self.line("16:30, the cut-off: what came is paid by shares");
        self.distribution(0).await?;
        let certificate = self.certificate().await?;
        self.line(format!(
            "{:?}: {} is not paid, and everybody who ever held a lot is told",
            certificate.status, certificate.live
        ));
        self.attest("INV-2", InvoiceStatus::Normal).await?;
        let draft = self.draft(&[("INV-2", "1.00")], "1.00");
        let draft = receivable::Draft { maturity: day(2026, 12, 28), ..draft };
        let certificate = self.actors.act("CORE.maker", &draft).await?;
        let submit = receivable::Submit { certificate };
        self.refused("CORE.maker", &submit, "E_ISSUER_SUSPENDED", "a new certificate before CORE has paid").await
    }

    /// The list of holders is taken on the eve; the day itself begins.
    pub async fn to_maturity(&mut self) -> anyhow::Result<()> {
        self.advance_to(day(2026, 8, 27), 17, 0).await?;
        self.advance_to(day(2026, 8, 28), 10, 0).await
    }

    /// Ten business days later: default, and recourse on S3.
    pub async fn default_and_recourse(&mut self) -> anyhow::Result<()> {
        self.advance_to(day(2026, 9, 14), 9, 0).await?;
        self.step("9", "2026-09-14: default, and BKB turns to S3");
        let certificate = self.plot.certificate.context("R1 is not drafted yet")?;
        let declare = receivable::DeclareDefault {
            certificate,
            ground: receivable::DefaultGround::GraceOver,
            lot: self.plot.lots["S3 holds"],
            others: List::default(),
        };
        self.actors.act("BKB.maker+BKB.checker", &declare).await?;
        self.line(format!("BKB declares the default: {:?}", self.certificate().await?.status));
        let (bka, bkb) = (self.plot.financings["S1 finances"], self.plot.financings["S3 holds"]);
        let without = receivable::NotifyRecourse { financing: bka };
        self.refused("BKA.maker+BKA.checker", &without, "E_NO_RECOURSE", "BKA turning to S1").await?;
        self.actors.act("BKB.maker+BKB.checker", &receivable::NotifyRecourse { financing: bkb }).await?;
        let recourse: receivable::Recourse = self.record("receivable/recourses", &bkb.to_string()).await?;
        let principal = recourse.principal;
        let penalty = self.penalty(principal, recourse.penalty_rate).await?;
        let sum = principal.plus(penalty).map_err(sdk::Error::from)?;
        let fact = self.cash("S3", "BKB", sum, "RECOURSE-1").await?;
        let pay = receivable::PayRecourse { financing: bkb, source: receivable::PaymentSource::Fact(fact) };
        self.actors.act("BKB.maker+BKB.checker+S3.maker+S3.checker", &pay).await?;
        self.line(format!("S3 pays {principal} and {penalty} penalty, {sum} in all, and has its claim on CORE again"));
        self.bank_line("BKB").await
    }

    /// CORE pays the rest, with penalty.
    pub async fn late(&mut self) -> anyhow::Result<()> {
        self.advance_to(day(2026, 10, 12), 10, 0).await?;
        self.step("10", "2026-10-12: CORE pays the rest, and what it owes for being late");
        let certificate = self.certificate().await?;
        let (owed, rate) = (certificate.live, certificate.issued.context("R1 was issued")?.penalty_rate);
        let mut penalty = cny("0.00");
        for (_, lot) in self.live_lots().await? {
            let unpaid = lot.face.minus(lot.paid).map_err(sdk::Error::from)?.context("a lot is not overpaid")?;
            penalty = penalty.plus(self.penalty(unpaid, rate).await?).map_err(sdk::Error::from)?;
        }
        self.fund(owed.plus(penalty).map_err(sdk::Error::from)?, "FUND-2").await?;
        self.paid_out().await?;
        self.distribution(1).await?;
        let (status, paid) = (self.certificate().await?.status, self.settlement().await?);
        let (received, penalty) = (paid.received, paid.penalty_paid);
        self.line(format!("CORE has paid {received} in all, {penalty} of it penalty: {status:?}"));
        self.quota().await?;
        self.bank_line("BKA").await?;
        self.bank_line("BKB").await
    }

    /// CORE's money comes in at the settlement bank.
    pub async fn fund(&mut self, amount: Amount, reference: &str) -> anyhow::Result<()> {
        let fact = self.cash("CORE", "SB", amount, reference).await?;
        let certificate = self.plot.certificate.context("R1 is not drafted yet")?;
        let fund = receivable::Fund { certificate, source: receivable::PaymentSource::Fact(fact) };
        self.actors.act("SB.maker+SB.checker", &fund).await?;
        self.line(format!("SB confirms that {amount} came in"));
        Ok(())
    }

    /// Waits until the last holder is paid: each page of a long list is paid in a step of its own.
    pub async fn paid_out(&self) -> anyhow::Result<()> {
        while self.settlement().await?.phase != receivable::SettlementPhase::Closed {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// What is owed for lateness until today: half up, actual days over 360.
    async fn penalty(&self, principal: Amount, rate: Rate) -> anyhow::Result<Amount> {
        let today = self.actors.client().info().await?.head.time.date();
        let days = day(2026, 8, 28).days_until(today).context("the due day has passed")?;
        Ok(rate.interest_half_up(principal, days, DayCount::Act360).map_err(sdk::Error::from)?)
    }

    /// What each holder got in a round.
    async fn distribution(&mut self, round: u32) -> anyhow::Result<()> {
        let certificate = self.plot.certificate.context("R1 is not drafted yet")?;
        let page: receivable::PaidPage =
            self.record("receivable/paid_pages", &format!("{certificate}/{round}/0")).await?;
        for line in page.lines.iter() {
            let holder = self.name(line.holder);
            let penalty = if line.penalty.is_zero() { String::new() } else { format!(" and {} penalty", line.penalty) };
            self.line(format!("{:>16} to {holder}{penalty}", line.principal.to_string()));
        }
        Ok(())
    }

    /// R1's settlement.
    pub async fn settlement(&self) -> anyhow::Result<receivable::Settlement> {
        let certificate = self.plot.certificate.context("R1 is not drafted yet")?;
        self.record("receivable/settlements", &certificate.to_string()).await
    }

    /// What CORE has promised.
    pub async fn quota(&mut self) -> anyhow::Result<()> {
        let quota: credit::Quota = self.record("credit/quotas", &format!("{}/CNY", self.actors.id("CORE"))).await?;
        self.line(format!("CORE's quota: {} of {} used", quota.used, quota.limit));
        Ok(())
    }

    /// What a bank has financed on CORE.
    pub async fn bank_line(&mut self, bank: &str) -> anyhow::Result<()> {
        let id = format!("{}/{}/CNY", self.actors.id(bank), self.actors.id("CORE"));
        let line: credit::BankLine = self.record("credit/lines", &id).await?;
        self.line(format!("{bank}'s line on CORE: {} utilised, {} blocked", line.utilised, line.blocked));
        Ok(())
    }
}
