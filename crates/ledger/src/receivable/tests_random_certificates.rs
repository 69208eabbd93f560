//! Certificates: issue, split, transfer, and what takes them back.

use super::{BANKS, CORES, SUPPLIERS, World};
use crate::{
    document::Invoice,
    receivable::{
        Accept, AcceptTransfer, ApproveIssue, Backing, CancelMutual, Certificate, CertificateId, CounterClaim,
        CounterClaimId, Cut, Decline, DeclineTransfer, DisputeOutcome, Draft, FreezeGround, FreezeLot, Lot, LotId,
        Netting, OfferTransfer, OpenDispute, RaiseCounterClaim, ReduceMutual, Refuse, ResolveDispute, RevokeTransfer,
        SetOff, Split, Submit, Transfer, TransferMode, Unfreeze, Unlock, Withdraw,
        fixtures::{claims, consent, undertaking},
    },
    testing::{Scenario, text},
};
use types::{Amount, Digest, List};

impl World {
    pub(super) fn move_certificates(&mut self) {
        match self.random.below(40) {
            0..=5 => self.issue(),
            6..=7 => self.stall(),
            8..=12 => self.split(),
            13..=19 => self.offer(),
            20..=26 => self.answer_offer(),
            27..=29 => self.freeze(),
            30..=31 => self.unfreeze(),
            32 => self.dispute(),
            33 => self.resolve(),
            34..=35 => self.reduce(),
            36 => self.counter(),
            37 => self.cancel(),
            38 => self.set_off(),
            _ => self.unlock(),
        }
    }

    /// A draft of a core enterprise for a supplier on a trade of today.
    fn draft(&mut self) -> Option<(&'static str, CertificateId)> {
        let (core, supplier) = (self.random.of(&CORES).unwrap(), self.random.of(&SUPPLIERS).unwrap());
        let gross = self.random.between(400_000, 9_000_000);
        let invoice = self.trade(supplier, core, gross)?;
        let netting = self.netting(core, supplier, gross);
        let net = netting.as_ref().map_or(0, |netting| netting.amount.minor);
        let face = self.yuan(gross - net);
        let days = u32::try_from(self.random.between(5, 70)).unwrap();
        let mode = if self.random.percent(85) { TransferMode::SignToReceive } else { TransferMode::NoticeOnly };
        let draft = Draft {
            creditor: Scenario::id(supplier),
            face,
            maturity: self.today().plus_days(days),
            claims: claims(&[(invoice, self.yuan(gross))]),
            nettings: List::new(netting.into_iter().collect()).unwrap(),
            settlement_agent: Scenario::id("SB"),
            backing: self.backing(),
            undertaking: undertaking(),
            transfer_mode: mode,
            penalty_rate: None,
            tenor_reason: None,
        };
        let id = self.go(&format!("{core}.maker"), &draft).ok()?;
        self.certificates.add(id);
        Some((core, id))
    }

    /// Half of the certificates have no backer, the others a bank or the guarantor.
    fn backing(&mut self) -> Backing {
        match self.random.below(4) {
            0 => Backing::Bank(Scenario::id(self.random.of(&BANKS).unwrap())),
            1 => Backing::Guarantor(Scenario::id("GUAR")),
            _ => Backing::Corporate,
        }
    }

    fn netting(&mut self, core: &str, supplier: &str, gross: u64) -> Option<Netting> {
        let (counter_claim, _) = self.counter_claims.iter().copied().find(|(id, parties)| {
            let left = self.scenario.state.records.contains_key(&<CounterClaim as crate::Record>::key(id));
            left && *parties == (Scenario::id(core), Scenario::id(supplier))
        })?;
        let record: CounterClaim = self.scenario.record(&counter_claim)?;
        let minor = record.left().minor.min(gross / 2);
        (minor > 0).then(|| Netting { counter_claim, amount: self.yuan(minor) })
    }

    fn issue(&mut self) {
        let Some((core, certificate)) = self.draft() else { return };
        if self.go(&format!("{core}.maker"), &Submit { certificate }).is_err() {
            return;
        }
        if self.random.percent(4) {
            let _ = self.go(&format!("{core}.checker"), &Refuse { certificate, reason: text("no") });
        }
        if self.random.percent(4) {
            return;
        }
        let approve = ApproveIssue { certificate, undertaking: undertaking() };
        let backer = self.scenario.record::<Certificate>(&certificate).unwrap().backing.backer();
        let signers = match backer.filter(|_| self.random.percent(97)) {
            Some(backer) => format!("{core}.checker+{0}.maker+{0}.checker", self.name(backer)),
            None => format!("{core}.checker"),
        };
        let _ = self.go(&signers, &approve);
        if self.random.percent(12) {
            return;
        }
        self.accept(certificate);
    }

    fn accept(&mut self, certificate: CertificateId) {
        let record: Certificate = self.scenario.record(&certificate).unwrap();
        let creditor = self.name(record.creditor);
        let signers = self.two(&creditor);
        let _ = self.go(&signers, &Accept { certificate, consent: consent() });
    }

    /// What happens to certificates that wait.
    fn stall(&mut self) {
        let Some((certificate, record)) = self.certificate() else { return };
        let (core, creditor) = (self.name(record.obligor), self.name(record.creditor));
        let reason = text("no");
        match self.random.below(5) {
            0 => drop(self.go(&format!("{core}.maker"), &Submit { certificate })),
            1 => drop(self.go(&format!("{core}.checker"), &Refuse { certificate, reason })),
            2 => drop(self.go(&format!("{core}.checker"), &Withdraw { certificate, reason })),
            3 => drop(self.go(&format!("{creditor}.maker+{creditor}.checker"), &Decline { certificate, reason })),
            _ => self.accept(certificate),
        }
    }

    fn split(&mut self) {
        let Some((lot, record, holder)) = self.lot() else { return };
        let first = self.part(record.face);
        let rest = record.face.minor.saturating_sub(first.minor);
        let parts = List::new(vec![first, self.yuan(rest.max(1))]).unwrap();
        let signers = self.two(&holder);
        let _ = self.go(&signers, &Split { lot, parts });
    }

    fn offer(&mut self) {
        let Some((lot, record, holder)) = self.lot() else { return };
        let target = self.random.of(&SUPPLIERS).unwrap();
        let amount = self.part(record.face);
        if target == holder || !SUPPLIERS.contains(&holder.as_str()) {
            return;
        }
        let Some(invoice) = self.trade(target, &holder, amount.minor) else { return };
        let relation = self.random.percent(30).then(|| text("same group"));
        let act =
            OfferTransfer { lot, target: Scenario::id(target), amount, claims: claims(&[(invoice, amount)]), relation };
        let signers = self.two(&holder);
        if let Ok(id) = self.go(&signers, &act) {
            self.transfers.add(id);
        }
    }

    fn answer_offer(&mut self) {
        let Some(transfer) = self.random.of(&self.transfers.0) else { return };
        let record: Transfer = self.scenario.record(&transfer).unwrap();
        let (source, target) = (self.name(record.source), self.name(record.target));
        let reason = text("no");
        match self.random.below(10) {
            0 => drop(self.go(&format!("{target}.maker"), &DeclineTransfer { transfer, reason })),
            1 => drop(self.go(&format!("{source}.maker"), &RevokeTransfer { transfer, reason })),
            _ => {
                let signers = self.two(&target);
                let _ = self.go(&signers, &AcceptTransfer { transfer });
            }
        }
    }

    fn freeze(&mut self) {
        let Some((lot, record, holder)) = self.lot() else { return };
        let amount = if self.random.percent(50) { Some(self.part(record.face)) } else { None };
        let ground = self.random.of(&[FreezeGround::Order, FreezeGround::Contract, FreezeGround::Fraud]).unwrap();
        let (by, hours) = match ground {
            FreezeGround::Order => ("COURT", None),
            FreezeGround::Contract => (holder.as_str(), None),
            FreezeGround::Fraud => ("OP", Some(u32::try_from(self.random.between(1, 72)).unwrap())),
        };
        let order_digest = Digest::of(&[b"order"]);
        let act = FreezeLot { lot, amount, ground, order: text("order 7"), order_digest, hours };
        let by = by.to_owned();
        let signers = self.two(&by);
        if let Ok(id) = self.go(&signers, &act) {
            self.freezes.add(id);
        }
    }

    fn unfreeze(&mut self) {
        let Some(freeze) = self.random.of(&self.freezes.0) else { return };
        let by = self.scenario.record::<crate::receivable::Freeze>(&freeze).unwrap().by;
        let by = if self.random.percent(80) { self.name(by) } else { "COURT".to_owned() };
        let signers = self.two(&by);
        let _ = self.go(&signers, &Unfreeze { freeze, order: text("order 8") });
    }

    fn dispute(&mut self) {
        let Some((lot, record, holder)) = self.lot() else { return };
        let by = if self.random.percent(50) { self.name(record.obligor) } else { holder };
        let act = OpenDispute { lot, evidence: Digest::of(&[b"photos"]), reason: text("rust") };
        let signers = self.two(&by);
        if let Ok(id) = self.go(&signers, &act) {
            self.disputes.add(id);
        }
    }

    fn resolve(&mut self) {
        let Some(dispute) = self.random.of(&self.disputes.0) else { return };
        let record: crate::receivable::Dispute = self.scenario.record(&dispute).unwrap();
        let (one, other) = (self.name(record.opened_by), self.name(record.other));
        let outcome = self.random.of(&[DisputeOutcome::Withdrawn, DisputeOutcome::Settled]).unwrap();
        let signers = format!("{one}.maker+{one}.checker+{other}.maker+{other}.checker");
        let _ = self.go(&signers, &ResolveDispute { dispute, outcome, remark: text("agreed") });
    }

    /// A recent certificate whose first invoice has a credit note made now, and the parties' names.
    fn credited(&mut self) -> Option<(CertificateId, Certificate, crate::document::CreditNoteId, String, String)> {
        let (id, record) = self.certificate()?;
        let invoice = record.claims.first()?.invoice;
        let known: Invoice = self.scenario.record(&invoice)?;
        let amount = Amount { minor: (known.totals.gross.minor / 20).max(1), ..known.totals.gross };
        let (number, today) = (self.number("CN"), self.today());
        let (core, supplier) = (self.name(record.obligor), self.name(record.creditor));
        let paper = crate::document::fixtures::credit_note(invoice, &number, today, amount);
        let note = self.go(&format!("{supplier}.maker"), &paper).ok()?;
        self.notes.add(note);
        Some((id, record, note, core, supplier))
    }

    fn reduce(&mut self) {
        let Some((id, record, note, core, supplier)) = self.credited() else { return };
        let Some((_, note_record)) = self.note() else { return };
        let mut cuts = Vec::new();
        for number in 1..=record.lots {
            let lot_id = LotId::of(id, number);
            let lot: Lot = self.scenario.record(&lot_id).unwrap();
            if lot.is_live() && lot.holder == record.creditor && cuts.is_empty() {
                let most = note_record.totals.gross.minor.min(lot.face.minor).max(1);
                cuts.push(Cut { lot: lot_id, amount: self.yuan(self.random.0 % most + 1) });
            }
        }
        let act = ReduceMutual { certificate: id, credit_note: note, cuts: List::new(cuts).unwrap() };
        let signers = format!("{core}.maker+{core}.checker+{supplier}.maker+{supplier}.checker");
        let _ = self.go(&signers, &act);
    }

    fn counter(&mut self) {
        let Some((id, record, note, core, _)) = self.credited() else { return };
        let left = self.scenario.record::<crate::document::CreditNote>(&note).unwrap().outstanding();
        let amount = self.part(left);
        let act = RaiseCounterClaim { certificate: id, credit_note: note, amount };
        let signers = self.two(&core);
        if let Ok(claim) = self.go(&signers, &act) {
            self.counter_claims.push((claim, (record.obligor, record.creditor)));
        }
    }

    fn cancel(&mut self) {
        let Some((certificate, record)) = self.certificate() else { return };
        let (core, supplier) = (self.name(record.obligor), self.name(record.creditor));
        let signers = format!("{core}.maker+{core}.checker+{supplier}.maker+{supplier}.checker");
        let _ = self.go(&signers, &CancelMutual { certificate, reason: text("goods returned") });
    }

    fn set_off(&mut self) {
        let Some((lot, record, holder)) = self.lot() else { return };
        let (core, amount) = (self.name(record.obligor), self.part(record.face));
        let Some(invoice) = self.trade(&core, &holder, amount.minor) else { return };
        let act = SetOff { lot, amount, claims: claims(&[(invoice, amount)]) };
        let signers = format!("{holder}.maker+{holder}.checker+{core}.maker+{core}.checker");
        let _ = self.go(&signers, &act);
    }

    fn unlock(&mut self) {
        for certificate in self.certificates.0.clone() {
            let record: Certificate = self.scenario.record(&certificate).unwrap();
            let core = self.name(record.obligor);
            for number in 1..=record.lots {
                let lot = LotId::of(certificate, number);
                let locked = self.scenario.record::<Lot>(&lot).unwrap().lock.is_some();
                if locked || (number == 1 && self.random.percent(2)) {
                    let signers = self.two(&core);
                    let _ = self.go(&signers, &Unlock { lot, reason: text("owed all the same") });
                }
            }
        }
    }
}

/// Counter-claims with their core enterprise and supplier.
pub(super) type CounterClaims = Vec<(CounterClaimId, (crate::core::EnterpriseId, crate::core::EnterpriseId))>;
