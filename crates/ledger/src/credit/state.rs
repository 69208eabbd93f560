use super::types::{
    BankLine, Cover, GroupCap, GroupMembership, IssuerStanding, ObligorGroup, Program, Quota, SupplierExposure,
};
use crate::core::{Cell, Column, EnterpriseId, Record};
use types::Currency;

impl Record for Quota {
    /// Core enterprise and currency.
    type Id = (EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 0;
    const NAME: &'static str = "quotas";
    const COLUMNS: &'static [Column] = &[
        Column::text("core"),
        Column::text("currency"),
        Column::integer("limit_minor"),
        Column::integer("blocked"),
        Column::integer("used"),
        Column::text("expires"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.core),
            Cell::text(self.limit.currency),
            Cell::amount(self.limit),
            Cell::amount(self.blocked),
            Cell::amount(self.used),
            Cell::date(self.expires),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.core, self.granted_by]
    }
}

impl Record for BankLine {
    /// Bank, obligor, currency.
    type Id = (EnterpriseId, EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 1;
    const NAME: &'static str = "lines";
    const COLUMNS: &'static [Column] = &[
        Column::text("bank"),
        Column::text("obligor"),
        Column::text("currency"),
        Column::text("status"),
        Column::integer("sanctioned"),
        Column::integer("blocked"),
        Column::integer("utilised"),
        Column::integer("reserved"),
        Column::text("expires"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.bank),
            Cell::text(self.obligor),
            Cell::text(self.currency()),
            Cell::variant(&self.status),
            Cell::amount(self.sanctioned),
            Cell::amount(self.blocked),
            Cell::amount(self.utilised),
            Cell::amount(self.reserved),
            Cell::date(self.expires),
        ]
    }
    /// The bank alone: what it thinks of an obligor is its own affair.
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank]
    }
}

impl Record for IssuerStanding {
    type Id = EnterpriseId;
    const MODULE: u8 = 7;
    const TABLE: u8 = 2;
    const NAME: &'static str = "issuers";
    const COLUMNS: &'static [Column] = &[Column::integer("overdue"), Column::text("suspended_until")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::integer(u64::from(self.overdue)), Cell::optional(self.suspended_until, Cell::date)]
    }
}

impl Record for Program {
    /// Bank and currency.
    type Id = (EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 3;
    const NAME: &'static str = "programs";
    const COLUMNS: &'static [Column] = &[Column::text("bank"), Column::integer("size")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.bank), Cell::amount(self.size)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank]
    }
}

impl Record for SupplierExposure {
    /// Bank, supplier, currency.
    type Id = (EnterpriseId, EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 4;
    const NAME: &'static str = "supplier_exposures";
    const COLUMNS: &'static [Column] =
        &[Column::text("bank"), Column::text("supplier"), Column::integer("outstanding")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.bank), Cell::text(self.supplier), Cell::amount(self.outstanding)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank]
    }
}

impl Record for Cover {
    /// Guarantor, obligor, currency.
    type Id = (EnterpriseId, EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 5;
    const NAME: &'static str = "covers";
    const COLUMNS: &'static [Column] = &[
        Column::text("guarantor"),
        Column::text("obligor"),
        Column::text("currency"),
        Column::integer("limit_minor"),
        Column::integer("blocked"),
        Column::integer("used"),
        Column::text("expires"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.guarantor),
            Cell::text(self.obligor),
            Cell::text(self.limit.currency),
            Cell::amount(self.limit),
            Cell::amount(self.blocked),
            Cell::amount(self.used),
            Cell::date(self.expires),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.guarantor, self.obligor]
    }
}

impl Record for ObligorGroup {
    /// The parent.
    type Id = EnterpriseId;
    const MODULE: u8 = 7;
    const TABLE: u8 = 6;
    const NAME: &'static str = "obligor_groups";
    const COLUMNS: &'static [Column] = &[Column::text("parent"), Column::text("set_at")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.parent), Cell::time(self.set_at)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        let mut parties = vec![self.parent, self.set_by];
        parties.extend(self.subsidiaries.iter().copied());
        parties
    }
}

impl Record for GroupMembership {
    /// The member; the parent is one too.
    type Id = EnterpriseId;
    const MODULE: u8 = 7;
    const TABLE: u8 = 7;
    const NAME: &'static str = "group_memberships";
}

impl Record for GroupCap {
    /// Bank, parent, currency.
    type Id = (EnterpriseId, EnterpriseId, Currency);
    const MODULE: u8 = 7;
    const TABLE: u8 = 8;
    const NAME: &'static str = "group_caps";
    const COLUMNS: &'static [Column] = &[Column::text("bank"), Column::text("parent"), Column::integer("cap")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.bank), Cell::text(self.parent), Cell::amount(self.cap)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank]
    }
}
