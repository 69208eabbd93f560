//! Steps 1 and 2 of R1: the certificate is issued, accepted and split.

use super::{Story, cny, day};
use ledger::{document::Claim, receivable};
use types::{Digest, List};

/// What the undertaking and the creditor's consent say; their digests stand on the ledger.
const UNDERTAKING: &str = "Northgate Motors Co., Ltd. will pay 5,000,000.00 CNY on 2026-08-28 to the holders on record, \
    irrevocably and without defence.";
const CONSENT: &str = "We were free to be paid in money, and take this certificate instead.";

impl Story<'_> {
    /// CORE issues the certificate on both invoices, and S1 accepts it.
    pub async fn issue(&mut self) -> anyhow::Result<()> {
        self.step("1", "2026-03-02: CORE issues a certificate to S1");
        let draft = self.draft(&[("INV-1", "3600000.00"), ("INV-2", "1400000.00")], "5000000.00");
        let certificate = self.actors.act("CORE.maker", &draft).await?;
        self.plot.certificate = Some(certificate);
        self.actors.act("CORE.maker", &receivable::Submit { certificate }).await?;
        let approve = receivable::ApproveIssue { certificate, undertaking: draft.undertaking };
        self.actors.act("CORE.checker+CORE.approver", &approve).await?;
        self.line(format!("CORE's maker drafts it over {}, checker and approver sign the undertaking", draft.face));
        let consent = receivable::Consent::Given { statement: Digest::of(&[CONSENT.as_bytes()]) };
        let lot = self.actors.act("S1.maker+S1.checker", &receivable::Accept { certificate, consent }).await?;
        self.plot.lots.insert("all".to_owned(), lot);
        self.line(format!("S1 accepts, with its consent on record, and gets {}", self.show(lot).await?));
        Ok(())
    }

    /// A draft on S1's invoices.
    pub fn draft(&self, claims: &[(&str, &str)], face: &str) -> receivable::Draft {
        receivable::Draft {
            creditor: self.actors.id("S1"),
            face: cny(face),
            maturity: day(2026, 8, 28),
            claims: self.claims(claims),
            nettings: List::default(),
            settlement_agent: self.actors.id("SB"),
            backing: receivable::Backing::Corporate,
            undertaking: Digest::of(&[UNDERTAKING.as_bytes()]),
            transfer_mode: receivable::TransferMode::SignToReceive,
            penalty_rate: None,
            tenor_reason: None,
        }
    }

    /// Parts of invoices that something rests on.
    pub fn claims<const MAX: usize>(&self, claims: &[(&str, &str)]) -> List<Claim, MAX> {
        let claim =
            |(invoice, amount): &(&str, &str)| Claim { invoice: self.plot.invoices[*invoice], amount: cny(amount) };
        List::new(claims.iter().map(claim).collect()).expect("few claims")
    }

    /// S1 splits its lot in three.
    pub async fn split(&mut self) -> anyhow::Result<()> {
        self.step("2", "S1 splits it");
        let parts = ["800000.00", "1000000.00", "3200000.00"].map(cny).to_vec();
        let split = receivable::Split { lot: self.plot.lots["all"], parts: List::new(parts).expect("three parts") };
        let lots = self.actors.act("S1.maker+S1.checker", &split).await?;
        for (name, lot) in ["S1 keeps", "S1 finances", "S1 passes on"].into_iter().zip(&lots) {
            self.plot.lots.insert(name.to_owned(), *lot);
            let shown = self.show(*lot).await?;
            self.line(shown);
        }
        self.refused("S1.maker+S1.checker", &split, "E_LOT_SPENT", "splitting the spent lot again").await
    }
}
