use super::types::{Enterprise, Member, MemberKey};
use crate::core::{Cell, Column, EnterpriseId, MemberId, Record};
use types::AccountId;

impl Record for Enterprise {
    type Id = EnterpriseId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 0;
    const NAME: &'static str = "enterprises";
    const COLUMNS: &'static [Column] = &[Column::text("name"), Column::text("legal_id"), Column::text("standing")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.name), Cell::text(&self.legal_id), Cell::variant(&self.standing)]
    }
}

impl Record for Member {
    type Id = MemberId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 1;
    const NAME: &'static str = "members";
    const COLUMNS: &'static [Column] = &[Column::text("enterprise"), Column::text("name")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.enterprise), Cell::text(&self.name)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.enterprise]
    }
}

impl Record for MemberKey {
    type Id = AccountId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 2;
    const NAME: &'static str = "keys";
    const COLUMNS: &'static [Column] = &[Column::text("member")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.member)]
    }
}
