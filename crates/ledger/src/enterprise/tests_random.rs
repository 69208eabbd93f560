//! Enterprises, their people, the policy and the clock.

use super::{SUPPLIERS, World};
use crate::{
    clock::Advance,
    core::{EntityRole, Function},
    enterprise::{
        AddKey, AddMember, DeclareRelated, EndMember, Enterprise, NewMember, Register, Rename, RevokeKey, SetFunctions,
        SetStanding, Standing,
    },
    policy::{self, Set, SetHolidays},
    testing::{Scenario, text},
};
use types::{Digest, List};

impl World {
    pub(super) fn move_enterprises(&mut self) {
        match self.random.below(16) {
            0..=1 => self.register_enterprise(),
            2..=4 => self.standing(),
            5..=6 => self.add_member(),
            7 => self.set_functions(),
            8 => self.end_member(),
            9 => self.add_key(),
            10 => self.revoke_key(),
            11 => self.relate(),
            12 => self.rename(),
            13 => self.set_policy(),
            14 => self.set_holidays(),
            _ => self.advance_clock(),
        }
    }

    fn new_member(&mut self, signer: &str, functions: &[Function]) -> NewMember {
        let public_key = self.scenario.stranger(signer);
        let functions = List::new(functions.to_vec()).unwrap();
        NewMember { name: text(signer), functions, public_key, starts: None, ends: None, limit_minor: None }
    }

    fn register_enterprise(&mut self) {
        let signer = format!("{}.admin", self.number("NEW"));
        let member = self.new_member(&signer, &[Function::Admin]);
        let legal_id = text(&self.number("LEGAL"));
        let act = Register {
            name: if self.random.percent(90) { text(&self.number("Newcomer ")) } else { text("C0RE Co., Ltd.") },
            legal_id,
            roles: List::new(vec![EntityRole::Supplier]).unwrap(),
            reviewed: self.random.percent(50).then(|| Digest::of(&[b"file"])),
            members: List::new(vec![member]).unwrap(),
        };
        if let Ok(registered) = self.go(&format!("OP.maker+OP.checker+{signer}"), &act) {
            self.enterprises.add((registered.enterprise, signer));
        }
    }

    /// Standings of newcomers change at will; a party of the trade is back soon after it was stopped.
    fn standing(&mut self) {
        let all = [Standing::InReview, Standing::Active, Standing::Restricted, Standing::Suspended, Standing::Exited];
        let standing = self.random.of(&all).unwrap();
        let newcomer = self.enterprises.0.last().map(|(id, _)| *id);
        if let Some(enterprise) = newcomer.filter(|_| self.random.percent(60)) {
            let act =
                SetStanding { enterprise, standing, reviewed: Some(Digest::of(&[b"file"])), reason: text("review") };
            let _ = self.go("OP.maker+OP.checker", &act);
            return;
        }
        for name in [SUPPLIERS[2], SUPPLIERS[3], "CORE2", "BKB"] {
            let enterprise = Scenario::id(name);
            let now = self.scenario.record::<Enterprise>(&enterprise).unwrap().standing;
            let to = if now != Standing::Active {
                Standing::Active
            } else if self.random.percent(8) {
                self.random.of(&[Standing::Restricted, Standing::Suspended, Standing::Exited]).unwrap()
            } else {
                continue;
            };
            let act = SetStanding { enterprise, standing: to, reviewed: None, reason: text("review") };
            let left = self.go("OP.maker+OP.checker", &act).is_ok() && to == Standing::Exited;
            assert!(!left || !self.holds_anything(enterprise), "{name} left with something open");
            if left {
                // Whoever left does not come back; for the run it is as if it had not.
                let mut record: Enterprise = self.scenario.record(&enterprise).unwrap();
                record.standing = Standing::Active;
                crate::Record::store(&record, &mut self.scenario.state, &enterprise);
            }
        }
    }

    fn rename(&mut self) {
        if let Some(enterprise) = self.enterprises.0.last().map(|(id, _)| *id) {
            let name = text(&self.number("Newer "));
            let _ = self.go("OP.maker+OP.checker", &Rename { enterprise, name, notice: Digest::of(&[b"notice"]) });
        }
    }

    fn holds_anything(&mut self, enterprise: crate::core::EnterpriseId) -> bool {
        let open: Option<crate::enterprise::Obligations> = self.scenario.record(&enterprise);
        open.is_some_and(|obligations| obligations.open > 0)
    }

    fn add_member(&mut self) {
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let signer = format!("{owner}.{}", self.number("extra"));
        let member = self.new_member(&signer, &[Function::Maker, Function::Checker]);
        if let Ok(id) = self.go(&format!("{owner}.admin"), &AddMember { member }) {
            let account = self.scenario.account(&signer);
            self.members.add((id, account));
        }
    }

    fn set_functions(&mut self) {
        let Some((member, _)) = self.random.of(&self.members.0) else { return };
        let functions = List::new(vec![Function::Treasurer]).unwrap();
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let limit_minor = self.random.percent(50).then_some(100_000);
        let act = SetFunctions { member, functions, starts: None, ends: None, limit_minor };
        let _ = self.go(&format!("{owner}.admin"), &act);
    }

    fn end_member(&mut self) {
        let Some((member, _)) = self.random.of(&self.members.0) else { return };
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let _ = self.go(&format!("{owner}.admin"), &EndMember { member });
    }

    fn add_key(&mut self) {
        let Some((member, _)) = self.random.of(&self.members.0) else { return };
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let signer = self.number("key");
        let public_key = self.scenario.stranger(&signer);
        if self.go(&format!("{owner}.admin+{signer}"), &AddKey { member, public_key }).is_ok() {
            let account = self.scenario.account(&signer);
            self.members.add((member, account));
        }
    }

    fn revoke_key(&mut self) {
        let Some((_, account)) = self.random.of(&self.members.0) else { return };
        let owner = self.random.of(&SUPPLIERS).unwrap();
        let _ = self.go(&format!("{owner}.admin"), &RevokeKey { account });
    }

    fn relate(&mut self) {
        let (one, other) = (self.random.of(&SUPPLIERS).unwrap(), self.supplier().1);
        let enterprises = List::new(vec![other]).unwrap();
        let signers = self.two(one);
        let _ = self.go(&signers, &DeclareRelated { enterprises });
    }

    /// A policy that is a little different holds from the next minute on.
    fn set_policy(&mut self) {
        let dated = self.scenario.door(|ctx, state| Ok(policy::at(state, ctx.time)?)).unwrap();
        let mut policy = policy::Policy::clone(&dated);
        policy.depth_max = u32::try_from(self.random.between(2, 10)).unwrap();
        policy.lots_per_root_max = u32::try_from(self.random.between(8, 200)).unwrap();
        policy.lot_minor_min = self.random.between(10_000, 200_000);
        policy.maturity_call_business_days = u32::try_from(self.random.between(1, 6)).unwrap();
        policy.splits_per_day_max = u32::try_from(self.random.between(50, 400)).unwrap();
        policy.splits_per_day_alert = 20;
        policy.default_grace_business_days = u32::try_from(self.random.between(0, 12)).unwrap();
        // A core enterprise that is late now and then still issues here: there would soon be nothing to try.
        policy.overdue_roots_to_stop_issuing = 1_000;
        policy.overdue_roots_to_suspend = 1_000;
        policy.overdue_roots_to_stop_drawing = if self.random.percent(10) { 1 } else { 1_000 };
        let act = Set { effective_from: self.scenario.time.plus_ms(60_000), based_on: dated.version, policy };
        let signers = self.two("OP");
        let _ = self.go(&signers, &act);
    }

    fn set_holidays(&mut self) {
        let year = 2_027;
        let day = "2027-12-25".parse::<types::Date>().unwrap().plus_days(u32::try_from(self.random.below(5)).unwrap());
        let act = SetHolidays { year, holidays: List::new(vec![day]).unwrap(), working_days: List::default() };
        let signers = self.two("OP");
        let _ = self.go(&signers, &act);
    }

    fn advance_clock(&mut self) {
        let to = if self.random.percent(80) { self.scenario.time.plus_hours(1) } else { types::Timestamp(0) };
        let _ = self.go("OP.maker", &Advance { to });
    }
}
