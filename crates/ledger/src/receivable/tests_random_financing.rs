//! Financing: applications, sealed and open quotes, approval, registration, money, resale.

use super::{BANKS, SUPPLIERS, World};
use crate::{
    core::{EnterpriseId, Query, QueryContext},
    document::InvoiceStatus,
    money::CashFactId,
    receivable::{
        AcceptQuote, Apply, ApproveFinancing, AttestSearch, CancelFinancing, Certificate, Deregister, Disburse,
        FailFinancing, Financing, FinancingId, FinancingKind, FinancingStatus, GiveQuote, ImproveQuote, Offer, Payout,
        PriceBasis, QuoteTerms, Refinance, Register, RegistrationText, RejectFinancing, RevealQuote, SearchResult,
        WithdrawQuote,
    },
    testing::{Scenario, text},
};
use types::{Amount, Digest, List, Rate};

impl World {
    pub(super) fn move_financing(&mut self) {
        match self.random.below(24) {
            0..=4 => self.finance(),
            5..=7 => self.apply_to_several(),
            8..=9 => self.quote(),
            10 => self.improve(),
            11 => self.withdraw(),
            12..=13 => self.reveal(),
            14..=15 => self.accept_quote(),
            16..=19 => self.advance(),
            20 => self.give_up(),
            21 => self.deregister(),
            _ => self.resell(),
        }
    }

    fn financing(&mut self) -> Option<(FinancingId, Financing)> {
        let id = self.random.of(&self.financings.0)?;
        Some((id, self.scenario.record(&id).unwrap()))
    }

    /// The terms that a bank gives, seals and opens: the same each time, so that a commitment can be opened.
    fn terms(record: &Financing) -> QuoteTerms {
        let disburse_by = record.applied_at.date().plus_days(1);
        let fees = Amount { minor: record.amount.minor / 1_000, ..record.amount };
        // Every second seller that answers for the obligor gets an advance of four fifths.
        let second = record.kind == FinancingKind::RecourseToSeller && record.amount.minor.is_multiple_of(2);
        let advance_share = second.then_some(Rate(800_000));
        QuoteTerms { rate: Rate(45_000), fees, advance_share, disburse_by, valid_until: None }
    }

    fn apply(&mut self, banks: &[&str]) -> Option<FinancingId> {
        let (lot, record, holder) = self.lot()?;
        let amount = self.part(record.face);
        let kind = self.random.of(&[FinancingKind::NonRecourse, FinancingKind::RecourseToSeller]).unwrap();
        let act = Apply {
            lot,
            amount,
            kind,
            banks: List::new(banks.iter().map(|bank| Scenario::id(bank)).collect()).unwrap(),
            quotes_until: self.scenario.time.plus_hours(2),
            reveal_until: self.scenario.time.plus_hours(10),
        };
        let signers = self.two(&holder);
        let id = self.go(&signers, &act).ok()?;
        self.financings.add(id);
        Some(id)
    }

    /// From the application to the money, with one bank, unless somebody stops on the way.
    fn finance(&mut self) {
        let bank = self.random.of(&BANKS).unwrap();
        let Some(financing) = self.apply(&[bank]) else { return };
        let record: Financing = self.scenario.record(&financing).unwrap();
        let terms = Self::terms(&record);
        let offer = Offer::Open(terms.clone());
        if self.go(&format!("{bank}.maker+{bank}.checker"), &GiveQuote { financing, offer }).is_err() {
            return;
        }
        let seller = self.name(record.seller);
        let accept = AcceptQuote { financing, bank: Scenario::id(bank), terms };
        let _ = self.go(&format!("{seller}.maker+{seller}.checker"), &accept);
        for _ in 0..5 {
            if self.random.percent(8) {
                return;
            }
            self.advance_one(financing);
        }
    }

    fn apply_to_several(&mut self) {
        let Some(financing) = self.apply(&BANKS) else { return };
        for bank in BANKS {
            if self.random.percent(70) {
                self.quote_of(financing, bank);
            }
        }
    }

    fn quote(&mut self) {
        if let Some((financing, _)) = self.open_for_quotes() {
            let bank = self.random.of(&BANKS).unwrap();
            self.quote_of(financing, bank);
        }
    }

    /// The latest application that still takes quotes, if there is one; any other otherwise.
    fn open_for_quotes(&mut self) -> Option<(FinancingId, Financing)> {
        for id in self.financings.0.clone().into_iter().rev() {
            let record: Financing = self.scenario.record(&id).unwrap();
            if record.status == FinancingStatus::Quoting && self.scenario.time < record.quotes_until {
                return Some((id, record));
            }
        }
        self.financing()
    }

    fn offer_of(record: &Financing, financing: FinancingId, bank: &str) -> Offer {
        let terms = Self::terms(record);
        if record.banks.len() == 1 {
            return Offer::Open(terms);
        }
        Offer::Sealed(terms.commitment(financing, Scenario::id(bank), Digest::default()))
    }

    fn quote_of(&mut self, financing: FinancingId, bank: &str) {
        let record: Financing = self.scenario.record(&financing).unwrap();
        let offer = Self::offer_of(&record, financing, bank);
        let signers = self.two(bank);
        let _ = self.go(&signers, &GiveQuote { financing, offer });
    }

    fn improve(&mut self) {
        let Some((financing, record)) = self.open_for_quotes() else { return };
        let bank = self.random.of(&BANKS).unwrap();
        let offer = Self::offer_of(&record, financing, bank);
        let signers = self.two(bank);
        let _ = self.go(&signers, &ImproveQuote { financing, offer });
    }

    fn withdraw(&mut self) {
        let Some((financing, _)) = self.financing() else { return };
        let bank = self.random.of(&BANKS).unwrap();
        let signers = self.two(bank);
        let _ = self.go(&signers, &WithdrawQuote { financing });
    }

    fn reveal(&mut self) {
        if self.random.percent(50) {
            self.scenario.time = self.scenario.time.plus_hours(2);
            self.scenario.run_due();
        }
        for financing in self.financings.0.clone() {
            let record: Financing = self.scenario.record(&financing).unwrap();
            if record.status != FinancingStatus::Quoting {
                continue;
            }
            for bank in BANKS {
                let act = RevealQuote { financing, terms: Self::terms(&record), secret: Digest::default() };
                let _ = self.go(&format!("{bank}.maker"), &act);
            }
        }
    }

    fn accept_quote(&mut self) {
        let Some((financing, record)) = self.financing() else { return };
        let (bank, seller) = (self.random.of(&BANKS).unwrap(), self.name(record.seller));
        let accept = AcceptQuote { financing, bank: Scenario::id(bank), terms: Self::terms(&record) };
        let signers = self.two(&seller);
        let _ = self.go(&signers, &accept);
    }

    fn advance(&mut self) {
        if let Some((financing, _)) = self.financing() {
            self.advance_one(financing);
        }
    }

    fn bank_of(&self, record: &Financing) -> String {
        record.bank.map_or_else(|| "BKA".to_owned(), |bank| self.name(bank))
    }

    /// The next step of a financing whose quote was accepted.
    fn advance_one(&mut self, financing: FinancingId) {
        let record: Financing = self.scenario.record(&financing).unwrap();
        let bank = self.bank_of(&record);
        if record.status == FinancingStatus::Approved {
            return self.register(financing, &bank);
        }
        if record.status == FinancingStatus::Registered {
            return self.disburse(financing, &record, &bank);
        }
        let certificate: Certificate = self.scenario.record(&record.certificate).unwrap();
        for claim in &certificate.claims {
            self.recheck(claim.invoice, InvoiceStatus::Normal);
        }
        let result = if self.random.percent(97) {
            SearchResult::Clean
        } else {
            SearchResult::Conflict { registration: text("ZD-OTHER") }
        };
        let query = text(&self.number("SEARCH"));
        let search = AttestSearch { financing, query, result, searched_at: self.scenario.time };
        let _ = self.go("REGISTRY.maker", &search);
        let approve = ApproveFinancing { financing, sanctions_check: text("SCREENING-1") };
        let _ = self.go(&format!("{bank}.risk"), &approve);
    }

    fn register(&mut self, financing: FinancingId, bank: &str) {
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        let description = RegistrationText { financing }.answer(&ctx, &mut self.scenario.state).unwrap();
        let number = text(&self.number("ZD"));
        let (registered_at, connector) = (self.scenario.time, Scenario::id("REGISTRY"));
        let act = Register { financing, number, registered_at, description, connector };
        let _ = self.go(&format!("{bank}.maker+REGISTRY.maker"), &act);
    }

    fn disburse(&mut self, financing: FinancingId, record: &Financing, bank: &str) {
        let seller = self.name(record.seller);
        let payout = if self.random.percent(50) {
            Payout::Tokens(self.account(bank, &seller))
        } else {
            let certificate: Certificate = self.scenario.record(&record.certificate).unwrap();
            let issued = certificate.issued.unwrap();
            let terms = record.terms.clone().unwrap();
            let today = self.today();
            let policy = self.scenario.door(|ctx, state| Ok(crate::policy::at(state, ctx.time)?)).unwrap();
            let basis = PriceBasis::new(&policy, record.amount).unwrap();
            let Ok(price) = terms.price(record.amount, today, issued.due_on, basis) else { return };
            let amount = if self.random.percent(95) { price.net } else { self.part(price.net) };
            let Some(fact) = self.attested(bank, (bank, &seller), amount) else { return };
            Payout::Fact(fact)
        };
        let _ = self.go(&format!("{bank}.treasurer+{bank}.checker"), &Disburse { financing, payout });
    }

    fn give_up(&mut self) {
        use FinancingStatus::{Accepted, Approved, Quoting, Registered};
        let mut found = self.financing();
        for id in self.financings.0.clone() {
            let record: Financing = self.scenario.record(&id).unwrap();
            if matches!(record.status, Quoting | Accepted | Approved | Registered) && self.random.percent(50) {
                found = Some((id, record));
            }
        }
        let Some((financing, record)) = found else { return };
        let (bank, seller, reason) = (self.bank_of(&record), self.name(record.seller), text("no"));
        let bank = format!("{bank}.maker+{bank}.checker");
        match self.random.below(3) {
            0 => drop(self.go(&bank, &FailFinancing { financing, reason })),
            1 => drop(self.go(&bank, &RejectFinancing { financing, reason })),
            _ => {
                let signers = format!("{seller}.maker+{seller}.checker+{bank}");
                let _ = self.go(&signers, &CancelFinancing { financing, reason });
            }
        }
    }

    fn deregister(&mut self) {
        let Some((financing, record)) = self.financing() else { return };
        let bank = self.bank_of(&record);
        let connector = Scenario::id("REGISTRY");
        let _ = self.go(&format!("{bank}.maker+REGISTRY.maker"), &Deregister { financing, connector });
    }

    fn resell(&mut self) {
        let Some((financing, record)) = self.financing() else { return };
        let (bank, buyer) = (self.bank_of(&record), self.random.of(&BANKS).unwrap());
        let price = self.part(record.amount);
        let Some(fact) = self.attested(&bank, (buyer, &bank), price) else { return };
        let amendment = text(&self.number("ZD"));
        let (buyer_id, connector) = (Scenario::id(buyer), Scenario::id("REGISTRY"));
        let act = Refinance { financing, buyer: buyer_id, price, fact, amendment, connector };
        let signers = format!("{bank}.maker+{bank}.checker+{buyer}.maker+{buyer}.checker+REGISTRY.maker");
        let _ = self.go(&signers, &act);
    }

    /// `bank` attests a payment of today between two accounts that it keeps; sometimes nobody uses the fact later.
    pub(super) fn attested(&mut self, bank: &str, (payer, payee): (&str, &str), amount: Amount) -> Option<CashFactId> {
        let (payer, payee) = (self.account(bank, payer), self.account(bank, payee));
        let (value_date, bank_reference) = (self.today(), text(&self.number("B")));
        let act = crate::money::Attest { payer, payee, amount, value_date, bank_reference };
        let fact = self.go(&format!("{bank}.treasurer+{bank}.treasurer2"), &act).ok()?;
        self.facts.add(fact);
        Some(fact)
    }

    /// The account of `owner` at `bank`.
    pub(super) fn account(&mut self, bank: &str, owner: &str) -> crate::money::CashAccountId {
        let account = crate::receivable::fixtures::account(&mut self.scenario, bank, owner);
        self.accounts.add(account);
        account
    }

    /// Any supplier's id.
    pub(super) fn supplier(&mut self) -> (&'static str, EnterpriseId) {
        let name = self.random.of(&SUPPLIERS).unwrap();
        (name, Scenario::id(name))
    }
}
