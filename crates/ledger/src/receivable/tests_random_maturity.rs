//! Maturity: money that comes in full, in part, too late, or not at all.

use super::{SUPPLIERS, World};
use crate::{
    core::{Query, QueryContext, Record},
    receivable::{
        Advance, AdvanceOf, AdvanceStatus, Backing, Certificate, CertificateId, CertificateStatus, ClaimGuarantee,
        DeclareDefault, DefaultGround, Financing, FinancingId, Fund, Lot, LotId, LotStatus, NotifyRecourse, OpenPage,
        PayGuarantee, PayRecourse, PayShortfall, PaymentSource, PayoffOf, Recourse, ReturnExcess, Settlement,
        StateCosts, WriteOff,
    },
    testing::text,
};
use types::{Amount, Digest, List, rate::DayCount};

impl World {
    pub(super) fn move_maturity(&mut self) {
        match self.random.below(20) {
            0..=9 => self.fund(),
            10 => self.return_excess(),
            11..=13 => self.declare_default(),
            14..=15 => self.notify_recourse(),
            16..=17 => self.pay_recourse(),
            18 => match self.random.below(4) {
                0..=1 => self.state_costs(),
                2 => self.pay_shortfall(),
                _ => self.claim_guarantee(),
            },
            _ => self.write_off(),
        }
    }

    /// A recent certificate in one of these statuses.
    fn in_status(&mut self, wanted: &[CertificateStatus]) -> Option<(CertificateId, Certificate)> {
        let pool = if self.random.percent(50) { &self.maturing.0 } else { &self.late.0 };
        for id in pool.iter().rev().copied().collect::<Vec<_>>() {
            let record: Certificate = self.scenario.record(&id).unwrap();
            if wanted.contains(&record.status) && self.random.percent(40) {
                return Some((id, record));
            }
        }
        None
    }

    fn fund(&mut self) {
        let wanted = [CertificateStatus::Maturing, CertificateStatus::Overdue, CertificateStatus::Defaulted];
        let found = if self.random.percent(5) { self.certificate() } else { self.in_status(&wanted) };
        let Some((id, record)) = found else { return };
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        let owed = PayoffOf { certificate: id, on: None }.answer(&ctx, &mut self.scenario.state).unwrap().to_pay;
        let amount = match self.random.below(10) {
            // Core enterprises that are short pay a part.
            0..=3 => Amount { minor: owed.minor * self.random.between(1, 99) / 100, ..owed },
            4 => Amount { minor: owed.minor + self.random.between(1, 500), ..owed },
            _ => owed,
        };
        if amount.is_zero() {
            return;
        }
        let core = self.name(record.obligor);
        let payer = if self.random.percent(96) { core } else { "CORE2".to_owned() };
        let source = if self.random.percent(60) {
            let Some(fact) = self.attested("SB", (&payer, "SB"), amount) else { return };
            PaymentSource::Fact(fact)
        } else {
            let account = self.account("SB", &payer);
            self.issue_tokens("SB", account, amount);
            PaymentSource::Tokens { account, amount }
        };
        let signers = format!("SB.maker+SB.checker+{payer}.treasurer");
        let act = Fund { certificate: id, source };
        if let Ok(funding) = self.go(&signers, &act) {
            self.fundings.add((id, funding));
            // Sent again, it has no second effect.
            if let PaymentSource::Fact(_) = source {
                assert!(self.go(&signers, &act).is_err(), "a fact proves one thing, once");
            }
        }
    }

    fn return_excess(&mut self) {
        let Some((certificate, funding)) = self.random.of(&self.fundings.0) else { return };
        let settlement: Settlement = self.scenario.record(&certificate).unwrap();
        let amount = if settlement.excess.is_zero() { self.yuan(1) } else { self.part(settlement.excess) };
        let act = ReturnExcess { certificate, funding, amount };
        let _ = self.go("SB.maker+SB.checker", &act);
    }

    fn declare_default(&mut self) {
        let Some((id, record)) = self.in_status(&[CertificateStatus::Overdue]) else { return };
        let mut owed = Vec::new();
        for number in 1..=record.lots {
            let lot = LotId::of(id, number);
            let held: Lot = self.scenario.record(&lot).unwrap();
            if held.is_live() {
                owed.push((lot, self.name(held.holder)));
            }
        }
        let Some((lot, _)) = owed.first().cloned() else { return };
        let others: Vec<LotId> = owed.iter().skip(1).take(3).map(|(lot, _)| *lot).collect();
        let mut signers: Vec<String> = Vec::new();
        for (_, holder) in owed.iter().take(others.len() + 1) {
            let two = format!("{holder}.maker+{holder}.checker");
            if !signers.contains(&two) {
                signers.push(two);
            }
        }
        let ground = if self.random.percent(50) {
            DefaultGround::GraceOver
        } else {
            DefaultGround::Insolvency { evidence: Digest::of(&[b"decision"]) }
        };
        let act = DeclareDefault { certificate: id, ground, lot, others: List::new(others).unwrap() };
        let _ = self.go(&signers.join("+"), &act);
    }

    /// A disbursed financing of a late certificate in default, if there is one.
    fn in_default(&mut self) -> Option<(FinancingId, Financing, String)> {
        let (id, record) = self.in_status(&[CertificateStatus::Defaulted])?;
        for number in 1..=record.lots {
            let lot: Lot = self.scenario.record(&LotId::of(id, number)).unwrap();
            if let LotStatus::Financed(financing) = lot.status {
                let record: Financing = self.scenario.record(&financing).unwrap();
                let bank = self.name(record.bank.unwrap());
                if self.random.percent(60) {
                    return Some((financing, record, bank));
                }
            }
        }
        None
    }

    fn notify_recourse(&mut self) {
        let Some((financing, _, bank)) = self.in_default() else { return };
        let _ = self.go(&format!("{bank}.maker+{bank}.checker"), &NotifyRecourse { financing });
    }

    fn pay_recourse(&mut self) {
        let Some((financing, record, bank)) = self.in_default() else { return };
        if self.random.percent(70) {
            let _ = self.go(&format!("{bank}.maker+{bank}.checker"), &NotifyRecourse { financing });
        }
        let Some(recourse) = Recourse::load(&mut self.scenario.state, &financing).unwrap() else { return };
        let lot: Lot = self.scenario.record(&record.lot).unwrap();
        let advance: Option<Advance> = self.scenario.record(&financing);
        let price = match advance {
            Some(_) => self.owed_on(financing),
            None => {
                let days = recourse.overdue_since.days_until(self.today()).unwrap();
                let principal = lot.unpaid();
                let penalty = recourse.penalty_rate.interest_half_up(principal, days, DayCount::Act360).unwrap();
                principal.plus(penalty).unwrap().plus(record.costs).unwrap()
            }
        };
        let amount = if self.random.percent(90) { price } else { self.part(price) };
        let seller = self.name(record.seller);
        let source = if self.random.percent(50) {
            let Some(fact) = self.attested(&bank, (&seller, &bank), amount) else { return };
            PaymentSource::Fact(fact)
        } else {
            let account = self.account(&bank, &seller);
            self.issue_tokens(&bank, account, amount);
            PaymentSource::Tokens { account, amount }
        };
        let signers = format!("{bank}.maker+{bank}.checker+{seller}.maker+{seller}.checker");
        let _ = self.go(&signers, &PayRecourse { financing, source });
    }

    /// What a seller owes on its advance today.
    fn owed_on(&mut self, financing: FinancingId) -> Amount {
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        AdvanceOf { financing, on: None }.answer(&ctx, &mut self.scenario.state).unwrap().to_pay
    }

    /// A bank states costs, mostly of what is in default, and sometimes so large that the obligor's money falls short.
    fn state_costs(&mut self) {
        let open = |own: &Advance| own.status == AdvanceStatus::Open;
        let advances = crate::core::Audit::run_all::<Advance>(&self.scenario.state);
        for (financing, advance) in advances.into_iter().filter(|(_, own)| open(own)) {
            let record: Certificate = self.scenario.record(&advance.certificate).unwrap();
            if record.status != CertificateStatus::Defaulted {
                continue;
            }
            let lot: Lot = self.scenario.record(&advance.lot).unwrap();
            let most = if self.random.percent(50) { lot.face.minor } else { 10_000 };
            let amount = self.random.between(1, most);
            let (amount, evidence, reason) = (self.yuan(amount), Digest::of(&[b"bills"]), text("court fees"));
            let act = StateCosts { financing, amount, evidence, reason };
            let bank = self.name(advance.bank);
            let _ = self.go(&format!("{bank}.maker+{bank}.checker"), &act);
            if self.random.percent(50) {
                self.pay_off(advance.certificate, &record);
            }
            return;
        }
    }

    /// The obligor pays all that is owed, and what is due happens.
    fn pay_off(&mut self, certificate: CertificateId, record: &Certificate) {
        let ctx = QueryContext { height: self.scenario.height, time: self.scenario.time };
        let amount = PayoffOf { certificate, on: None }.answer(&ctx, &mut self.scenario.state).unwrap().to_pay;
        if amount.is_zero() {
            return;
        }
        let payer = self.name(record.obligor);
        let account = self.account("SB", &payer);
        self.issue_tokens("SB", account, amount);
        let source = PaymentSource::Tokens { account, amount };
        let _ = self.go(&format!("SB.maker+SB.checker+{payer}.treasurer"), &Fund { certificate, source });
        self.scenario.run_due();
        self.pay_shortfall();
    }

    /// Sellers whose lot did not suffice pay the rest.
    fn pay_shortfall(&mut self) {
        let short = |advance: &Advance| advance.status == AdvanceStatus::Short;
        let found =
            crate::core::Audit::run_all::<Advance>(&self.scenario.state).into_iter().find(|(_, own)| short(own));
        let Some((financing, advance)) = found else { return };
        let owed = self.owed_on(financing);
        let amount = if self.random.percent(80) { owed } else { self.part(owed) };
        let (bank, seller) = (self.name(advance.bank), self.name(advance.seller));
        let Some(fact) = self.attested(&bank, (&seller, &bank), amount) else { return };
        let signers = format!("{bank}.maker+{bank}.checker+{seller}.maker+{seller}.checker");
        let _ = self.go(&signers, &PayShortfall { financing, source: PaymentSource::Fact(fact) });
    }

    /// A live lot of a guaranteed certificate in default is claimed, and mostly paid.
    fn claim_guarantee(&mut self) {
        for id in self.late.0.clone() {
            let record: Certificate = self.scenario.record(&id).unwrap();
            let Backing::Guarantor(_) = record.backing else { continue };
            let number = u32::try_from(self.random.between(1, u64::from(record.lots))).unwrap();
            let lot = LotId::of(id, number);
            let held: Lot = self.scenario.record(&lot).unwrap();
            if record.status != CertificateStatus::Defaulted || !held.is_live() {
                continue;
            }
            let holder = self.name(held.holder);
            let holder = format!("{holder}.maker+{holder}.checker");
            let _ = self.go(&holder, &ClaimGuarantee { lot });
            return self.pay_guarantee(&record, (lot, held), &holder);
        }
    }

    fn pay_guarantee(&mut self, record: &Certificate, (lot, held): (LotId, Lot), holder: &str) {
        let settlement: Settlement = self.scenario.record(&held.certificate).unwrap();
        let line = held.line.unwrap();
        let page: OpenPage = self.scenario.record(&(held.certificate, line / 64)).unwrap();
        let open = page.lines[usize::try_from(line % 64).unwrap()];
        let days = settlement.counted_to.unwrap().days_until(self.today()).unwrap_or(0);
        let rate = record.issued.as_ref().unwrap().penalty_rate;
        let more = rate.interest_half_up(open.principal, days, DayCount::Act360).unwrap();
        let owed = held.unpaid().plus(open.penalty).unwrap().plus(more).unwrap();
        let amount = if self.random.percent(90) { owed } else { self.part(owed) };
        let payee = self.name(held.holder);
        let source = if self.random.percent(50) {
            let Some(fact) = self.attested("SB", ("GUAR", &payee), amount) else { return };
            PaymentSource::Fact(fact)
        } else {
            let keeper = if payee.starts_with('B') { payee.clone() } else { "SB".to_owned() };
            let account = self.account(&keeper, "GUAR");
            self.issue_tokens(&keeper, account, amount);
            PaymentSource::Tokens { account, amount }
        };
        let _ = self.go(&format!("GUAR.maker+GUAR.checker+{holder}"), &PayGuarantee { lot, source });
    }

    fn write_off(&mut self) {
        let Some((id, record)) = self.in_status(&[CertificateStatus::Defaulted]) else { return };
        let mut number = u32::try_from(self.random.between(1, u64::from(record.lots))).unwrap();
        let mut held: Lot = self.scenario.record(&LotId::of(id, number)).unwrap();
        while !held.is_live() && number > 1 {
            number -= 1;
            held = self.scenario.record(&LotId::of(id, number)).unwrap();
        }
        let lot = LotId::of(id, number);
        let holder = self.name(held.holder);
        let holder = if self.random.percent(95) { holder } else { SUPPLIERS[0].to_owned() };
        let seller = match held.status {
            LotStatus::Financed(financing) => self.scenario.record::<Financing>(&financing).map(|own| own.seller),
            _ => None,
        };
        let seller = seller.map_or_else(String::new, |seller| {
            let seller = self.name(seller);
            format!("+{seller}.maker+{seller}.checker")
        });
        let _ =
            self.go(&format!("{holder}.maker+{holder}.checker{seller}"), &WriteOff { lot, reason: text("hopeless") });
    }
}
