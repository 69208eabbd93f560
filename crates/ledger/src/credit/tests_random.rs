//! Credit: quotas, lines, covers, groups.

use super::{BANKS, CORES, SUPPLIERS, World};
use crate::{
    credit::{ChangeLine, CloseLine, GrantCover, SetGroup, SetGroupCap, SetProgram},
    testing::{Scenario, text},
};
use types::{Currency, Digest, List};

impl World {
    pub(super) fn move_credit(&mut self) {
        match self.random.below(10) {
            0..=2 => self.regrant(),
            3..=6 => self.change_line(),
            7..=8 => self.change_cover(),
            _ => self.regroup(),
        }
    }

    fn regrant(&mut self) {
        let (core, minor) = (self.random.of(&CORES).unwrap(), self.random.between(4_000_000_000, 40_000_000_000));
        self.grant_quota(core, minor);
    }

    fn change_line(&mut self) {
        let (bank, core) = (self.random.of(&BANKS).unwrap(), self.random.of(&CORES).unwrap());
        let signers = format!("{bank}.maker+{bank}.risk");
        let minor = self.random.between(2_000_000_000, 9_000_000_000);
        let (obligor, sanctioned, remark) = (Scenario::id(core), self.yuan(minor), text("memo"));
        match self.random.below(8) {
            0 => drop(self.go(&signers, &SetProgram { size: self.yuan(900_000_000_000) })),
            1 => {
                drop(self.go(&signers, &CloseLine { obligor, currency: Currency::CNY, remark }));
                self.grant_line(bank, core, minor);
            }
            _ => {
                let expires = self.today().plus_days(900);
                drop(self.go(&signers, &ChangeLine { obligor, sanctioned, ad_hoc: None, expires, remark }));
            }
        }
    }

    pub(super) fn grant_cover(&mut self, core: &str, limit: u64) {
        let (starts, expires) = ("2026-01-01".parse().unwrap(), self.today().plus_days(900));
        let limit = self.yuan(limit);
        let cover = GrantCover { obligor: Scenario::id(core), limit, starts, expires, remark: text("committee") };
        let _ = self.go("GUAR.maker+GUAR.risk", &cover);
    }

    fn change_cover(&mut self) {
        let (core, minor) = (self.random.of(&CORES).unwrap(), self.random.between(1_000_000_000, 9_000_000_000));
        self.grant_cover(core, minor);
    }

    /// The two core enterprises, or one and a supplier, become a group or go apart; banks cap it, sometimes tightly.
    fn regroup(&mut self) {
        let parent = Scenario::id(CORES[0]);
        let subsidiaries = match self.random.below(3) {
            0 => vec![],
            1 => vec![Scenario::id(CORES[1])],
            _ => vec![Scenario::id(SUPPLIERS[3])],
        };
        let subsidiaries = List::new(subsidiaries).unwrap();
        let _ = self.go("OP.maker+OP.checker", &SetGroup { parent, subsidiaries, evidence: Digest::of(&[b"deed"]) });
        let bank = self.random.of(&BANKS).unwrap();
        let minor = self.random.between(3_000_000_000, 18_000_000_000);
        let act = SetGroupCap { parent, cap: self.yuan(minor), remark: text("memo") };
        let _ = self.go(&format!("{bank}.maker+{bank}.risk"), &act);
    }
}
