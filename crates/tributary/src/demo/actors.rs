//! The people of the demonstration, each with a key, speaking to a node over REST.

use super::{
    Plot,
    journal::Journal,
    parties::{OPERATOR, PARTIES, PEOPLE, Party, key_name},
};
use api::message::TransactionView;
use ledger::{Call, core::EnterpriseId, enterprise};
use sdk::{Client, Error, Keystore, Signer, client, keystore::Strength};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use types::{
    Act, Digest, List, Text, Timestamp,
    transaction::{Body, PublicKey},
};

/// How often the node is asked whether a block came.
pub(super) const POLL: Duration = Duration::from_millis(5);

/// The people, their keys and the node they speak to.
pub struct Actors {
    client: Client,
    signers: BTreeMap<String, Signer>,
    ids: BTreeMap<String, EnterpriseId>,
    journal: Option<Journal>,
}

/// Makes or unlocks the keys of everybody. Demonstration keys protect nothing, so their files open fast.
pub fn keys(keystore: &Keystore, passphrase: &str) -> anyhow::Result<BTreeMap<String, Signer>> {
    let mut signers = BTreeMap::new();
    let known = keystore.list()?;
    for party in std::iter::once(&OPERATOR).chain(PARTIES) {
        for (person, _) in PEOPLE {
            let name = key_name(party.short, person);
            let signer = if known.iter().any(|listed| listed.name == name) {
                keystore.unlock(&name, passphrase)?
            } else {
                keystore.create(&name, passphrase, Strength::Demonstration)?
            };
            signers.insert(format!("{}.{person}", party.short), signer);
        }
    }
    Ok(signers)
}

impl Actors {
    pub fn new(client: Client, signers: BTreeMap<String, Signer>) -> Self {
        Self { client, signers, ids: BTreeMap::new(), journal: None }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Speaks to another node of the same chain from now on.
    pub fn speak_to(&mut self, client: Client) {
        self.client = client;
    }

    /// Takes up a journal: what it holds is sent again, what follows is written into it.
    pub fn write_to(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Writes down that a step of the story is told.
    pub fn checkpoint(&mut self, plot: &Plot) {
        self.journal(|journal| journal.checkpoint(plot));
    }

    /// Finds the ids of those who were registered in an earlier telling.
    pub async fn recall(&mut self) -> anyhow::Result<()> {
        for party in std::iter::once(&OPERATOR).chain(PARTIES) {
            let id = self.by_legal_id(party.legal_id).await?;
            self.ids.insert(party.short.to_owned(), id);
        }
        Ok(())
    }

    /// The id of a party that was registered.
    pub fn id(&self, party: &str) -> EnterpriseId {
        *self.ids.get(party).unwrap_or_else(|| panic!("{party} is not of this consortium"))
    }

    /// How the consortium calls an enterprise.
    pub fn name(&self, id: EnterpriseId) -> String {
        let known = self.ids.iter().find(|(_, known)| **known == id);
        known.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// A text in which enterprises have the names that the consortium gives them.
    pub fn named(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&id.to_string(), name))
    }

    /// The people named in `CORE.maker+CORE.checker`.
    pub fn signers(&self, by: &str) -> Vec<&Signer> {
        let signer = |name| self.signers.get(name).unwrap_or_else(|| panic!("{name} is nobody of this consortium"));
        by.split('+').map(signer).collect()
    }

    pub fn public_key(&self, person: &str) -> PublicKey {
        self.signers(person)[0].public_key()
    }

    /// Registers the operator's people and every company with its people.
    pub async fn register(&mut self) -> anyhow::Result<()> {
        self.ids.insert(OPERATOR.short.to_owned(), self.by_legal_id(OPERATOR.legal_id).await?);
        let people = PEOPLE.iter().filter(|(person, _)| *person != "admin");
        let acts = people.map(|(person, functions)| {
            let member = self.member(OPERATOR.short, person, functions);
            ledger::act(&enterprise::AddMember { member })
        });
        self.transact("OP.admin", acts.collect::<Result<_, _>>().map_err(Error::from)?).await?;
        for party in PARTIES {
            let registered = self.register_party(party).await?;
            self.ids.insert(party.short.to_owned(), registered.enterprise);
        }
        Ok(())
    }

    async fn register_party(&mut self, party: &Party) -> anyhow::Result<enterprise::Registered> {
        let members = PEOPLE.iter().map(|(person, functions)| self.member(party.short, person, functions)).collect();
        let register = enterprise::Register {
            name: Text::new(party.name).map_err(anyhow::Error::msg)?,
            legal_id: Text::new(party.legal_id).map_err(anyhow::Error::msg)?,
            roles: List::new(party.roles.to_vec()).map_err(anyhow::Error::msg)?,
            reviewed: Some(Digest::of(&[b"know-your-customer file", party.legal_id.as_bytes()])),
            members: List::new(members).map_err(anyhow::Error::msg)?,
        };
        Ok(self.act(&format!("OP.maker+OP.checker+{}.admin", party.short), &register).await?)
    }

    fn member(&self, party: &str, person: &str, functions: &[ledger::core::Function]) -> enterprise::NewMember {
        enterprise::NewMember {
            name: Text::new(format!("{party} {person}")).expect("a short plain name"),
            functions: List::new(functions.to_vec()).expect("few functions"),
            public_key: self.public_key(&format!("{party}.{person}")),
            starts: None,
            ends: None,
            limit_minor: None,
        }
    }

    async fn by_legal_id(&self, legal_id: &str) -> anyhow::Result<EnterpriseId> {
        let answer = self.client.query("enterprise.by_legal_id", json!({ "legal_id": legal_id })).await?;
        Ok(serde_json::from_value(answer)?)
    }

    /// One act; its outcome, or the rejection as an error.
    pub async fn act<C: Call>(&mut self, by: &str, call: &C) -> Result<C::Outcome, Error> {
        let view = self.transact(by, vec![ledger::act(call)?]).await?;
        let outcome = view.outcomes.into_iter().next().unwrap_or(Value::Null);
        serde_json::from_value(outcome).map_err(|source| Error::Answer { path: "the receipt".to_owned(), source })
    }

    /// Acts that happen together; the rejection as an error.
    pub async fn transact(&mut self, by: &str, acts: Vec<Act>) -> Result<TransactionView, Error> {
        if let Some(told) = self.journal.as_mut().and_then(Journal::retell) {
            match self.client.submit(&told).await {
                Ok(hash) => return client::applied(self.client.wait(hash).await?),
                // It was refused at the door, or was never sent and is too old now: it is made anew.
                Err(Error::Problem(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let signers = self.signers(by);
        let keys: Vec<PublicKey> = signers.iter().map(|signer| signer.public_key()).collect();
        let body: Body = self.client.body(&keys, acts).await?;
        let transaction = client::sign(body, &signers);
        self.journal(|journal| journal.append(&transaction));
        let hash = self.client.submit(&transaction).await?;
        client::applied(self.client.wait(hash).await?)
    }

    fn journal(&mut self, with: impl FnOnce(&mut Journal) -> anyhow::Result<()>) {
        // Without a journal the story still holds, it only cannot be taken up again.
        if let Some(Err(error)) = self.journal.as_mut().map(with) {
            tracing::warn!(%error, "the demonstration's journal cannot be written");
        }
    }

    /// Moves the chain's clock, and waits for the block in which everything due until then happens.
    pub async fn advance(&mut self, to: Timestamp) -> Result<(), Error> {
        self.act("OP.maker", &ledger::clock::Advance { to }).await?;
        while self.client.info().await?.head.time < to {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}
