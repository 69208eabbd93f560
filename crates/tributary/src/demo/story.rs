//! The story: golden scenario R1, over REST, as the people of the consortium would do it.

mod ground;

use super::Actors;
use ledger::{
    document::{ContractId, DeliveryId, InvoiceId, OrderId},
    money::CashAccountId,
};
use std::collections::BTreeMap;
use types::{Amount, Text};

/// Who hears the story.
pub trait Narrator: Send {
    fn chapter(&mut self, title: &str);
    fn line(&mut self, line: &str);
}

/// Golden scenario R1 and what it has come to so far.
pub struct Story<'a> {
    pub actors: &'a mut Actors,
    narrator: &'a mut dyn Narrator,
    pub accounts: BTreeMap<&'static str, CashAccountId>,
    pub contracts: BTreeMap<&'static str, ContractId>,
    pub orders: BTreeMap<String, OrderId>,
    pub deliveries: BTreeMap<String, DeliveryId>,
    pub invoices: BTreeMap<String, InvoiceId>,
}

impl<'a> Story<'a> {
    pub fn new(actors: &'a mut Actors, narrator: &'a mut dyn Narrator) -> Self {
        Self {
            actors,
            narrator,
            accounts: BTreeMap::new(),
            contracts: BTreeMap::new(),
            orders: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            invoices: BTreeMap::new(),
        }
    }

    /// Tells the whole story.
    pub async fn tell(&mut self) -> anyhow::Result<()> {
        self.consortium().await?;
        self.documents().await?;
        Ok(())
    }

    fn chapter(&mut self, title: &str) {
        self.narrator.chapter(title);
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.narrator.line(line.as_ref());
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
