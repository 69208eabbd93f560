//! Steps 4, 5 and 7 of R1: S1 pays S2 with a lot, S2 pays S3 with a part of it, and nothing is lost.

use super::{Story, cny};
use anyhow::Context as _;
use ledger::receivable::{self, LotId, LotStatus};

impl Story<'_> {
    /// S1 pays S2's invoice with 3,200,000.00.
    pub async fn pass_to_s2(&mut self) -> anyhow::Result<()> {
        self.step("4", "S1 pays S2 with a lot");
        let short = self.offer("S1 passes on", "S2", "3200000.00", &[("INV-S2-SHORT", "3000000.00")]);
        let attempt = "passing on 3200000.00 against papers for 3000000.00";
        self.refused("S1.maker+S1.checker+S1.approver", &short, "E_TRADE_DOC_SHORT", attempt).await?;
        let offer = self.offer("S1 passes on", "S2", "3200000.00", &[("INV-S2-1", "3200000.00")]);
        let lot = self.pass("S1", "S2", &offer).await?;
        self.plot.lots.insert("S2 holds".to_owned(), lot);
        let shown = self.show(lot).await?;
        self.line(format!("S2 signs to receive: {shown}"));
        Ok(())
    }

    /// S2 pays S3's invoice with a part of what it got.
    pub async fn pass_to_s3(&mut self) -> anyhow::Result<()> {
        self.step("5", "S2 pays S3 with a part of it");
        let offer = self.offer("S2 holds", "S3", "800000.50", &[("INV-S3-1", "800000.50")]);
        let lot = self.pass("S2", "S3", &offer).await?;
        self.plot.lots.insert("S3 holds".to_owned(), lot);
        let own = self.actors.id("S2");
        let offered = self.lot(self.plot.lots["S2 holds"]).await?;
        let LotStatus::Spent { first_child, children } = offered.status else {
            anyhow::bail!("the lot that S2 passed on is {:?}", offered.status);
        };
        let lots = self.all_lots().await?;
        let rest = |(_, lot): &&(LotId, receivable::Lot)| {
            (first_child..first_child + children).contains(&lot.number) && lot.holder == own && lot.face != offer.amount
        };
        let rest = lots.iter().find(rest).context("S2 has no remainder")?.0;
        self.plot.lots.insert("S2 keeps".to_owned(), rest);
        for (what, lot) in [("S3 signs to receive", lot), ("S2 keeps", rest)] {
            let shown = self.show(lot).await?;
            self.line(format!("{what}: {shown}"));
        }
        Ok(())
    }

    fn offer(&self, lot: &str, target: &str, amount: &str, claims: &[(&str, &str)]) -> receivable::OfferTransfer {
        let (lot, target) = (self.plot.lots[lot], self.actors.id(target));
        receivable::OfferTransfer { lot, target, amount: cny(amount), claims: self.claims(claims), relation: None }
    }

    async fn pass(&mut self, source: &str, target: &str, offer: &receivable::OfferTransfer) -> anyhow::Result<LotId> {
        let by = format!("{source}.maker+{source}.checker+{source}.approver");
        let transfer = self.actors.act(&by, offer).await?;
        let by = format!("{target}.maker+{target}.checker");
        Ok(self.actors.act(&by, &receivable::AcceptTransfer { transfer }).await?)
    }

    /// Law I1: the live lots are the face.
    pub async fn count(&mut self) -> anyhow::Result<()> {
        self.step("7", "What lives is what was promised");
        let mut sum = cny("0.00");
        for (_, lot) in self.live_lots().await? {
            sum = sum.plus(lot.face).map_err(sdk::Error::from)?;
            let holder = self.name(lot.holder);
            self.line(format!("{:>16} held by {holder}", lot.face.to_string()));
        }
        let face = self.certificate().await?.face;
        self.line(format!("{:>16} together; the face is {face}", sum.to_string()));
        anyhow::ensure!(sum == face, "the lots sum to {sum}, the face is {face}");
        Ok(())
    }

    /// The lots that the obligor still owes.
    pub async fn live_lots(&self) -> anyhow::Result<Vec<(LotId, receivable::Lot)>> {
        let lots = self.all_lots().await?;
        let live = |lot: &receivable::Lot| match lot.status {
            LotStatus::Held
            | LotStatus::OfferedOut(_)
            | LotStatus::InFinancing(_)
            | LotStatus::Financed(_)
            | LotStatus::Recoursed(_)
            | LotStatus::Subrogated => true,
            LotStatus::Spent { .. } | LotStatus::Redeemed | LotStatus::Cancelled | LotStatus::WrittenOff => false,
        };
        Ok(lots.into_iter().filter(|(_, lot)| live(lot)).collect())
    }
}
