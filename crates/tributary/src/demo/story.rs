//! The story: golden scenario R1, over REST, as the people of the consortium would do it.

mod finance;
mod ground;
mod issue;
mod pass;
mod settle;

use super::Actors;
use api::message::RowView;
use ledger::{
    Call,
    core::EnterpriseId,
    document::{ContractId, DeliveryId, InvoiceId, OrderId},
    money::CashAccountId,
    receivable::{Certificate, CertificateId, FinancingId, Lot, LotId},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use types::{Amount, Date, Text};

/// Who hears the story.
pub trait Narrator: Send {
    fn chapter(&mut self, title: &str);
    fn line(&mut self, line: &str);
}

/// Golden scenario R1, told by its people.
pub struct Story<'a> {
    pub actors: &'a mut Actors,
    narrator: &'a mut dyn Narrator,
    pub plot: Plot,
}

/// What the story has come to: the ids of what was made, by the parts they play.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Plot {
    /// Steps told.
    pub step: u32,
    pub accounts: BTreeMap<String, CashAccountId>,
    pub contracts: BTreeMap<String, ContractId>,
    pub orders: BTreeMap<String, OrderId>,
    pub deliveries: BTreeMap<String, DeliveryId>,
    pub invoices: BTreeMap<String, InvoiceId>,
    /// R1 itself, once it is drafted.
    pub certificate: Option<CertificateId>,
    pub lots: BTreeMap<String, LotId>,
    /// Financings by the part of their lot.
    pub financings: BTreeMap<String, FinancingId>,
}

impl Plot {
    /// The ground in two steps, and the ten of R1.
    pub const STEPS: u32 = 12;

    /// Whether the story is at its end.
    pub fn is_told(&self) -> bool {
        self.step == Self::STEPS
    }
}

impl<'a> Story<'a> {
    pub fn new(actors: &'a mut Actors, narrator: &'a mut dyn Narrator) -> Self {
        Self::take_up(actors, narrator, Plot::default())
    }

    /// Goes on where an earlier telling stopped.
    pub fn take_up(actors: &'a mut Actors, narrator: &'a mut dyn Narrator, plot: Plot) -> Self {
        Self { actors, narrator, plot }
    }

    /// Tells the story from where it is to its end.
    pub async fn tell(&mut self) -> anyhow::Result<()> {
        if self.plot.step > 0 {
            self.actors.recall().await?;
        }
        while !self.plot.is_told() {
            match self.plot.step {
                0 => self.consortium().await?,
                1 => self.documents().await?,
                2 => self.issue().await?,
                3 => self.split().await?,
                4 => self.finance_s1().await?,
                5 => self.pass_to_s2().await?,
                6 => self.pass_to_s3().await?,
                7 => self.finance_s3().await?,
                8 => self.count().await?,
                9 => self.due_day().await?,
                10 => self.default_and_recourse().await?,
                _ => self.late().await?,
            }
            self.plot.step += 1;
            self.actors.checkpoint(&self.plot);
        }
        Ok(())
    }

    fn chapter(&mut self, title: &str) {
        self.narrator.chapter(title);
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.narrator.line(line.as_ref());
    }

    fn step(&mut self, number: &str, title: &str) {
        self.chapter(&format!("Step {number} of 10. {title}"));
    }

    /// Tries what must be refused, and breaks off when it is not, or not for this reason.
    pub async fn refused<C: Call>(&mut self, by: &str, call: &C, code: &str, attempt: &str) -> anyhow::Result<()> {
        match self.actors.act(by, call).await {
            Ok(_) => anyhow::bail!("{attempt} was not refused"),
            Err(error) if error.code() == Some(code) => {
                let reason = self.actors.named(&error.to_string());
                self.line(format!("refused, {attempt}: {reason}"));
                Ok(())
            }
            Err(error) => {
                Err(anyhow::Error::from(error).context(format!("{attempt} was refused, but not with {code}")))
            }
        }
    }

    /// Moves the chain's clock to a Shanghai time; what is due until then happens.
    pub async fn advance_to(&mut self, date: Date, hour: u64, minute: u64) -> anyhow::Result<()> {
        Ok(self.actors.advance(date.at(hour, minute)).await?)
    }

    /// A record, as the node lists it.
    pub async fn record<T: DeserializeOwned>(&self, table: &str, id: &str) -> anyhow::Result<T> {
        Ok(serde_json::from_value(self.actors.client().row(table, id).await?.record)?)
    }

    /// R1 as it stands.
    pub async fn certificate(&self) -> anyhow::Result<Certificate> {
        let id = self.plot.certificate.ok_or_else(|| anyhow::anyhow!("R1 is not drafted yet"))?;
        self.record("receivable/certificates", &id.to_string()).await
    }

    pub async fn lot(&self, id: LotId) -> anyhow::Result<Lot> {
        self.record("receivable/lots", &id.to_string()).await
    }

    /// All lots of R1, in the order of their numbers.
    pub async fn all_lots(&self) -> anyhow::Result<Vec<(LotId, Lot)>> {
        let id = self.plot.certificate.ok_or_else(|| anyhow::anyhow!("R1 is not drafted yet"))?;
        let parameters = [("certificate", id.to_string()), ("limit", "500".to_owned())];
        let page = self.actors.client().list("receivable/lots", &parameters).await?;
        let row = |row: RowView| Ok((serde_json::from_value(row.id.into())?, serde_json::from_value(row.record)?));
        let mut lots = page.rows.into_iter().map(row).collect::<anyhow::Result<Vec<(LotId, Lot)>>>()?;
        lots.sort_by_key(|(_, lot)| lot.number);
        Ok(lots)
    }

    /// A lot in a few words.
    async fn show(&self, id: LotId) -> anyhow::Result<String> {
        let lot = self.lot(id).await?;
        let status = format!("{:?}", lot.status);
        let status = status.split('(').next().unwrap_or_default().to_lowercase();
        let currency = lot.face.currency;
        let place =
            |minor| currency.minor(minor).to_string().trim_end_matches(|c: char| !c.is_ascii_digit()).to_owned();
        let (from, to) = (place(lot.range.start_minor), place(lot.range.end_minor));
        let holder = self.name(lot.holder);
        Ok(format!("lot {} of {}, {status} by {holder} ({from} to {to} of the face)", lot.number, lot.face))
    }

    /// How the story calls an enterprise.
    fn name(&self, id: EnterpriseId) -> String {
        self.actors.name(id)
    }
}

/// An amount in yuan: `cny("800000.50")`.
pub fn cny(decimal: &str) -> Amount {
    format!("{decimal} CNY").parse().expect("amounts of the story are written right")
}

/// A text of the story.
pub fn text<const MAX: usize>(text: impl AsRef<str>) -> Text<MAX> {
    Text::new(text.as_ref()).expect("texts of the story are clean")
}

/// A day of the story.
pub fn day(year: i32, month: u8, day: u8) -> Date {
    Date::from_ymd(year, month, day).expect("days of the story exist")
}
