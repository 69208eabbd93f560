//! Before the first certificate: companies, accounts, limits, and the papers of their trade.

use super::{Story, cny, day, text};
use crate::{demo::PARTIES, import};
use anyhow::Context as _;
use api::import::TradeDocument;
use ledger::{credit, document, money};
use serde_json::Value;
use types::{Currency, Digest};

/// A file of `examples/ubl` and who signs its recording, the sender first.
struct Paper {
    name: &'static str,
    bytes: &'static [u8],
    by: &'static str,
}

macro_rules! paper {
    ($name:literal, $by:literal) => {
        Paper { name: $name, bytes: include_bytes!(concat!("../../../../../examples/ubl/", $name)), by: $by }
    };
}

/// The papers, each behind those it names.
const PAPERS: &[Paper] = &[
    paper!("order-core-s1.xml", "CORE.maker+CORE.checker+S1.maker+S1.checker"),
    paper!("despatch-s1-core.xml", "S1.maker"),
    paper!("invoice-1-s1-core.xml", "S1.maker"),
    paper!("invoice-2-s1-core.xml", "S1.maker"),
    paper!("order-s1-s2.xml", "S1.maker+S1.checker+S2.maker+S2.checker"),
    paper!("despatch-s2-s1.xml", "S2.maker"),
    paper!("invoice-s2-s1.xml", "S2.maker"),
    paper!("invoice-s2-s1-short.xml", "S2.maker"),
    paper!("order-s2-s3.xml", "S2.maker+S2.checker+S3.maker+S3.checker"),
    paper!("despatch-s3-s2.xml", "S3.maker"),
    paper!("invoice-s3-s2.xml", "S3.maker"),
];

/// Buyer, seller and number of each contract.
const CONTRACTS: &[(&str, &str, &str)] =
    &[("CORE", "S1", "FC-CORE-S1-2026"), ("S1", "S2", "FC-S1-S2-2026"), ("S2", "S3", "FC-S2-S3-2026")];

/// Owner and number of each account at the settlement bank.
const ACCOUNTS: &[(&str, &str)] = &[
    ("SB", "9520000000010000"),
    ("CORE", "9520000000010001"),
    ("S1", "9520000000010002"),
    ("S2", "9520000000010003"),
    ("S3", "9520000000010004"),
    ("BKA", "9520000000010005"),
    ("BKB", "9520000000010006"),
];

impl Story<'_> {
    /// Registers everybody, opens accounts at the settlement bank, and grants the quota and the lines of R1.
    pub async fn consortium(&mut self) -> anyhow::Result<()> {
        self.chapter("The consortium");
        self.actors.register().await?;
        for party in PARTIES {
            let roles: Vec<String> = party.roles.iter().map(|role| format!("{role:?}")).collect();
            self.line(format!("{:8} {} ({})", party.short, party.name, roles.join(", ")));
        }
        for (owner, number) in ACCOUNTS {
            let open =
                money::OpenAccount { owner: self.actors.id(owner), number: text(number), currency: Currency::CNY };
            let account = self.actors.act("SB.maker+SB.checker", &open).await?;
            self.plot.accounts.insert((*owner).to_owned(), account);
        }
        self.line("SB opened an account for each company and bank");
        let (starts, expires) = (day(2026, 1, 1), day(2027, 12, 31));
        let core = self.actors.id("CORE");
        let (limit, remark) = (cny("60000000.00"), text("credit committee, 2026-01"));
        let quota = credit::GrantQuota { core, limit, starts, expires, remark };
        self.actors.act("OP.maker+OP.checker", &quota).await?;
        self.line(format!("CORE may have {limit} promised at a time"));
        for (bank, limit) in [("BKA", "20000000.00"), ("BKB", "5000000.00")] {
            let line = credit::GrantLine {
                obligor: core,
                sanctioned: cny(limit),
                ad_hoc: None,
                starts,
                expires,
                kind: credit::LineKind::Revolving,
                remark: text("credit department, 2026-01"),
            };
            self.actors.act(&format!("{bank}.maker+{bank}.risk"), &line).await?;
            self.line(format!("{bank} will finance {} on CORE's name", cny(limit)));
        }
        Ok(())
    }

    /// Records contracts and the example documents, confirms what arrived, and has the invoices checked.
    pub async fn documents(&mut self) -> anyhow::Result<()> {
        self.chapter("The papers of the trade (examples/ubl)");
        for (buyer, seller, number) in CONTRACTS {
            let party = |name: &str| document::Party::Enterprise(self.actors.id(name));
            let digest = Digest::of(&[b"signed contract", number.as_bytes()]);
            let contract = document::RecordContract {
                number: text(number),
                parties: document::Parties { seller: party(seller), buyer: party(buyer) },
                signed_on: day(2026, 1, 5),
                ends_on: None,
                value: None,
                source: document::Source { digest, format: document::SourceFormat::Scan },
            };
            let by = format!("{buyer}.maker+{buyer}.checker+{seller}.maker+{seller}.checker");
            let id = self.actors.act(&by, &contract).await?;
            self.plot.contracts.insert((*number).to_owned(), id);
        }
        self.line("three framework contracts, signed by both sides");
        for paper in PAPERS {
            self.paper(paper).await?;
        }
        Ok(())
    }

    /// S1's credit note on INV-1 comes in.
    pub async fn credit_note(&mut self) -> anyhow::Result<document::CreditNoteId> {
        let paper = paper!("credit-note-s1-core.xml", "S1.maker");
        let documents = api::import::parse(paper.name, paper.bytes)
            .map_err(|refused| anyhow::anyhow!("{}: {refused}", paper.name))?;
        let acts = import::acts(self.actors.client(), self.actors.id("S1"), &documents).await?;
        let view = self.actors.transact(paper.by, acts).await?;
        let outcome = view.outcomes.into_iter().next().context("one document has one outcome")?;
        Ok(serde_json::from_value(outcome)?)
    }

    async fn paper(&mut self, paper: &Paper) -> anyhow::Result<()> {
        let documents = api::import::parse(paper.name, paper.bytes)
            .map_err(|refused| anyhow::anyhow!("{}: {refused}", paper.name))?;
        let sender = paper.by.split('.').next().expect("a signer has a party");
        let own = self.actors.id(sender);
        let acts = import::acts(self.actors.client(), own, &documents).await?;
        let view = self.actors.transact(paper.by, acts).await?;
        for (document, outcome) in documents.iter().zip(view.outcomes) {
            let number = document.header().number.to_string();
            self.line(format!("{:28} {} {number}{}", paper.name, document.kind(), total(document)));
            self.recorded(document, outcome).await?;
        }
        Ok(())
    }
}

impl Story<'_> {
    /// What follows at once when a paper stands on the chain: the buyer confirms what arrived, the invoice platform says
    /// what it knows of an invoice.
    async fn recorded(&mut self, document: &TradeDocument, outcome: Value) -> anyhow::Result<()> {
        let number = document.header().number.to_string();
        match document {
            TradeDocument::Order(_) => {
                self.plot.orders.insert(number, serde_json::from_value(outcome)?);
            }
            TradeDocument::Despatch(despatch) => {
                let delivery = serde_json::from_value(outcome)?;
                self.plot.deliveries.insert(number.clone(), delivery);
                let buyer = self.party(&despatch.header.buyer)?;
                let receipt = document::ConfirmReceipt {
                    delivery,
                    number: text(format!("GR-{number}")),
                    received_on: despatch.delivered.unwrap_or(despatch.header.issued),
                    lines: api::import::acts::delivery_lines(despatch).map_err(anyhow::Error::msg)?,
                    source: document::Source {
                        digest: Digest::of(&[b"goods receipt", number.as_bytes()]),
                        format: document::SourceFormat::Form,
                    },
                };
                self.actors.act(&format!("{buyer}.maker"), &receipt).await?;
                self.line(format!("{:28} {buyer} confirms that the goods of {number} arrived", ""));
            }
            TradeDocument::Invoice(bill) => {
                let invoice = serde_json::from_value(outcome)?;
                self.plot.invoices.insert(number.clone(), invoice);
                self.attest(&number, document::InvoiceStatus::Normal).await?;
                let buyer = self.party(&bill.header.buyer)?;
                let by = format!("{buyer}.maker+{buyer}.checker");
                let matched = self.actors.act(&by, &document::ConfirmInvoice { invoice }).await?.matched;
                let outcome = compared(&matched);
                self.line(format!("{:28} {buyer} confirms it; against order and receipt: {outcome}", ""));
            }
            TradeDocument::OrderResponse(_) | TradeDocument::CreditNote(_) => {}
        }
        Ok(())
    }

    /// The invoice platform's answer about an invoice, as of now.
    pub async fn attest(&mut self, number: &str, status: document::InvoiceStatus) -> anyhow::Result<()> {
        let checked_at = self.actors.client().info().await?.head.time;
        let query = text(format!("Q-{number}-{}", checked_at.0));
        let attest = document::AttestInvoice { invoice: self.plot.invoices[number], status, query, checked_at };
        Ok(self.actors.act("TAX.maker", &attest).await?)
    }

    /// The short name of a company that a paper names.
    fn party(&self, company: &api::import::Party) -> anyhow::Result<&'static str> {
        let legal_id = company.legal_id.as_ref().map(|id| id.value.to_string()).unwrap_or_default();
        let party = PARTIES.iter().find(|party| party.legal_id == legal_id);
        Ok(party.with_context(|| format!("{legal_id} is not of this consortium"))?.short)
    }
}

fn total(document: &TradeDocument) -> String {
    match document {
        TradeDocument::Invoice(bill) | TradeDocument::CreditNote(bill) => format!(" over {}", bill.gross()),
        _ => String::new(),
    }
}

/// An invoice's match in a few words.
fn compared(matched: &document::Match) -> String {
    let name = |finding: &document::Finding| {
        let text = format!("{finding:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    };
    let list = |findings: &[document::Finding]| findings.iter().map(name).collect::<Vec<_>>().join(", ");
    match &matched.outcome {
        document::MatchOutcome::Matched => "matched".to_owned(),
        document::MatchOutcome::Tolerated(findings) => format!("within tolerance ({})", list(findings)),
        document::MatchOutcome::Exception(findings) => format!("exception ({})", list(findings)),
    }
}
