//! Tables and keys, private to the module.

use super::types::{
    Advance, Certificate, CertificateId, CertificateStatus, CounterClaim, CounterClaimId, Dispute, DisputeId,
    Distribution, Financing, FinancingId, FinancingStatus, Freeze, FreezeId, Funding, FundingId, GuaranteeClaim, Lot,
    LotId, LotStatus, OpenPage, PaidPage, Quote, QuoteStatus, Range, RecordPage, Recourse, RegistryEntry, Settlement,
    SplitCount, Step, Transfer, TransferId,
};
use crate::core::{Cell, Column, EnterpriseId, Record};
use ::types::{Amount, Digest, text::Reference};

impl LotId {
    /// The id of a certificate's lot with this number: so the lots of a certificate are found by counting.
    pub fn of(certificate: CertificateId, number: u32) -> Self {
        let digest = Digest::of(&[b"tributary/receivable/lot", &certificate.0, &number.to_le_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&digest.0[..16]);
        Self(id)
    }
}

impl FreezeId {
    /// The id of the one freeze that the operator may lay on a lot for fraud.
    pub(super) fn of_fraud(lot: LotId) -> Self {
        let digest = Digest::of(&[b"tributary/receivable/fraud-freeze", &lot.0]);
        let mut id = [0; 16];
        id.copy_from_slice(&digest.0[..16]);
        Self(id)
    }
}

impl Funding {
    /// What was not returned of it.
    pub fn left(&self) -> Amount {
        let left = self.amount.minor.checked_sub(self.returned.minor);
        Amount { minor: left.expect("no more is returned than came"), ..self.amount }
    }
}

impl CertificateStatus {
    /// The obligor is bound and has not paid in full.
    pub fn is_outstanding(self) -> bool {
        match self {
            Self::Active | Self::Maturing | Self::Overdue | Self::Defaulted => true,
            Self::Draft
            | Self::PendingInternal
            | Self::Offered
            | Self::Settled
            | Self::SettledLate
            | Self::WrittenOff
            | Self::Rejected
            | Self::Withdrawn
            | Self::Expired
            | Self::Cancelled => false,
        }
    }
}

impl LotStatus {
    /// Somebody is still owed it.
    pub fn is_live(self) -> bool {
        match self {
            Self::Held
            | Self::OfferedOut(_)
            | Self::InFinancing(_)
            | Self::Financed(_)
            | Self::Recoursed(_)
            | Self::Subrogated => true,
            Self::Spent { .. } | Self::Redeemed | Self::Cancelled | Self::WrittenOff => false,
        }
    }
}

impl FinancingStatus {
    /// It has ended, well or not.
    pub fn is_closed(self) -> bool {
        match self {
            Self::Quoting | Self::Accepted | Self::Approved | Self::Registered | Self::Disbursed => false,
            Self::Repaid
            | Self::Recoursed
            | Self::WrittenOff
            | Self::Subrogated
            | Self::Failed
            | Self::Rejected
            | Self::Cancelled
            | Self::Expired => true,
        }
    }
}

impl QuoteStatus {
    /// It stands: the bank's line is blocked for it.
    pub fn stands(self) -> bool {
        match self {
            Self::Sealed | Self::Open => true,
            Self::Accepted | Self::Withdrawn | Self::Lapsed | Self::Released => false,
        }
    }
}

impl Range {
    /// Its length in minor units.
    pub fn length(self) -> u64 {
        self.end_minor.checked_sub(self.start_minor).expect("a range never ends before it starts")
    }
}

impl Lot {
    /// What the obligor still owes on it; nothing when it is not live.
    pub fn unpaid(&self) -> Amount {
        if !self.status.is_live() {
            return Amount { minor: 0, ..self.face };
        }
        let left = self.face.minor.checked_sub(self.paid.minor);
        Amount { minor: left.expect("a lot is never paid more than its face"), ..self.face }
    }

    /// Who holds a claim on the obligor through it now.
    pub fn is_live(&self) -> bool {
        self.status.is_live()
    }
}

impl CounterClaim {
    /// What no certificate has netted or will net.
    pub fn left(&self) -> Amount {
        let used = self.reserved.minor + self.netted.minor;
        let left = self.amount.minor.checked_sub(used);
        Amount { minor: left.expect("no act nets more than the counter-claim"), ..self.amount }
    }
}

/// Declares a record without columns.
macro_rules! record {
    ($record:ty, $id:ty, $table:literal, $name:literal) => {
        impl Record for $record {
            type Id = $id;
            const MODULE: u8 = 8;
            const TABLE: u8 = $table;
            const NAME: &'static str = $name;
        }
    };
}

record!(SplitCount, EnterpriseId, 5, "split_counts");
record!(RecordPage, (CertificateId, u32), 8, "record_pages");
record!(Distribution, (CertificateId, u32), 10, "distributions");
record!(PaidPage, (CertificateId, u32, u32), 11, "paid_pages");
record!(OpenPage, (CertificateId, u32), 16, "open_pages");
record!(RegistryEntry, Reference, 20, "registry_entries");
record!(Step, (CertificateId, u32), 6, "steps");

impl Record for Certificate {
    type Id = CertificateId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 0;
    const NAME: &'static str = "certificates";
    const COLUMNS: &'static [Column] = &[
        Column::text("obligor"),
        Column::text("creditor"),
        Column::text("status"),
        Column::text("currency"),
        Column::integer("face"),
        Column::integer("live"),
        Column::text("maturity"),
        Column::text("due_on"),
        Column::text("expires"),
        Column::text("drafted_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.obligor),
            Cell::text(self.creditor),
            Cell::variant(&self.status),
            Cell::text(self.face.currency),
            Cell::amount(self.face),
            Cell::amount(self.live),
            Cell::date(self.maturity),
            Cell::optional(self.issued.as_ref(), |issued| Cell::date(issued.due_on)),
            Cell::optional(self.expires, Cell::time),
            Cell::time(self.drafted_at),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        let mut parties = vec![self.obligor, self.settlement_agent];
        parties.extend(self.backing.backer());
        match self.status {
            // What a core enterprise has not offered is nobody else's business.
            CertificateStatus::Draft | CertificateStatus::PendingInternal => {}
            CertificateStatus::Offered
            | CertificateStatus::Active
            | CertificateStatus::Maturing
            | CertificateStatus::Overdue
            | CertificateStatus::Defaulted
            | CertificateStatus::Settled
            | CertificateStatus::SettledLate
            | CertificateStatus::WrittenOff
            | CertificateStatus::Rejected
            | CertificateStatus::Withdrawn
            | CertificateStatus::Expired
            | CertificateStatus::Cancelled => parties.push(self.creditor),
        }
        parties
    }
}

impl Record for Lot {
    type Id = LotId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 1;
    const NAME: &'static str = "lots";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::integer("number"),
        Column::text("holder"),
        Column::text("obligor"),
        Column::text("status"),
        Column::text("currency"),
        Column::integer("face"),
        Column::integer("unpaid"),
        Column::text("maturity"),
        Column::text("freeze"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::integer(u64::from(self.number)),
            Cell::text(self.holder),
            Cell::text(self.obligor),
            Cell::variant(&self.status),
            Cell::text(self.face.currency),
            Cell::amount(self.face),
            Cell::amount(self.unpaid()),
            Cell::date(self.maturity),
            Cell::optional(self.freeze, Cell::text),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.holder]
    }
}

impl Record for Transfer {
    type Id = TransferId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 2;
    const NAME: &'static str = "transfers";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("source"),
        Column::text("target"),
        Column::text("status"),
        Column::text("currency"),
        Column::integer("amount"),
        Column::text("offered_at"),
        Column::text("expires"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.source),
            Cell::text(self.target),
            Cell::variant(&self.status),
            Cell::text(self.amount.currency),
            Cell::amount(self.amount),
            Cell::time(self.offered_at),
            Cell::time(self.expires),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.source, self.target]
    }
}

impl Record for Financing {
    type Id = FinancingId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 3;
    const NAME: &'static str = "financings";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("seller"),
        Column::text("obligor"),
        Column::text("bank"),
        Column::text("kind"),
        Column::text("status"),
        Column::text("currency"),
        Column::integer("amount"),
        Column::text("applied_at"),
        Column::text("expires"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.seller),
            Cell::text(self.obligor),
            Cell::optional(self.bank, Cell::text),
            Cell::variant(&self.kind),
            Cell::variant(&self.status),
            Cell::text(self.amount.currency),
            Cell::amount(self.amount),
            Cell::time(self.applied_at),
            Cell::time(self.expires),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        let mut parties = vec![self.seller];
        // From the choice on the others have nothing to see.
        match self.bank {
            Some(bank) => parties.push(bank),
            None => parties.extend(self.banks.iter().copied()),
        }
        parties
    }
}

impl Record for Quote {
    type Id = (FinancingId, EnterpriseId);
    const MODULE: u8 = 8;
    const TABLE: u8 = 4;
    const NAME: &'static str = "quotes";
    const COLUMNS: &'static [Column] = &[
        Column::text("financing"),
        Column::text("bank"),
        Column::text("seller"),
        Column::text("status"),
        Column::integer("all_in"),
        Column::text("valid_until"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.financing),
            Cell::text(self.bank),
            Cell::text(self.seller),
            Cell::variant(&self.status),
            Cell::optional(self.price, |price| Cell::integer(u64::from(price.all_in.0))),
            Cell::time(self.valid_until),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.seller]
    }
}

impl Record for Settlement {
    type Id = CertificateId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 7;
    const NAME: &'static str = "settlements";
    const COLUMNS: &'static [Column] = &[
        Column::text("obligor"),
        Column::text("agent"),
        Column::integer("listed"),
        Column::integer("received"),
        Column::text("overdue_since"),
        Column::text("settled_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.obligor),
            Cell::text(self.agent),
            Cell::amount(self.listed),
            Cell::amount(self.received),
            Cell::optional(self.overdue_since, Cell::date),
            Cell::optional(self.settled_at, Cell::time),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.obligor, self.agent]
    }
}

impl Record for Funding {
    type Id = FundingId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 9;
    const NAME: &'static str = "fundings";
    const COLUMNS: &'static [Column] =
        &[Column::text("certificate"), Column::text("payer"), Column::integer("amount"), Column::text("value_date")];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.payer),
            Cell::amount(self.amount),
            Cell::date(self.value_date),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.payer, self.agent]
    }
}

impl Record for Recourse {
    type Id = FinancingId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 12;
    const NAME: &'static str = "recourses";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("bank"),
        Column::text("seller"),
        Column::integer("principal"),
        Column::text("noticed_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.bank),
            Cell::text(self.seller),
            Cell::amount(self.principal),
            Cell::time(self.noticed_at),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.seller]
    }
}

impl Record for GuaranteeClaim {
    type Id = LotId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 17;
    const NAME: &'static str = "guarantee_claims";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("holder"),
        Column::text("guarantor"),
        Column::integer("principal"),
        Column::text("claimed_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.holder),
            Cell::text(self.guarantor),
            Cell::amount(self.principal),
            Cell::time(self.claimed_at),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.holder, self.guarantor]
    }
}

impl Record for Advance {
    type Id = FinancingId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 18;
    const NAME: &'static str = "advances";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("bank"),
        Column::text("seller"),
        Column::text("status"),
        Column::integer("principal"),
        Column::integer("released"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.bank),
            Cell::text(self.seller),
            Cell::variant(&self.status),
            Cell::amount(self.owed.principal),
            Cell::amount(self.released),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.bank, self.seller]
    }
}

impl Record for Freeze {
    type Id = FreezeId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 13;
    const NAME: &'static str = "freezes";
    const COLUMNS: &'static [Column] = &[
        Column::text("certificate"),
        Column::text("lot"),
        Column::text("holder"),
        Column::text("by"),
        Column::integer("amount"),
        Column::text("frozen_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.lot),
            Cell::text(self.holder),
            Cell::text(self.by),
            Cell::amount(self.amount),
            Cell::time(self.frozen_at),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.holder, self.by]
    }
}

impl Record for Dispute {
    type Id = DisputeId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 14;
    const NAME: &'static str = "disputes";
    const COLUMNS: &'static [Column] =
        &[Column::text("certificate"), Column::text("lot"), Column::text("opened_by"), Column::text("resolved_at")];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.certificate),
            Cell::text(self.lot),
            Cell::text(self.opened_by),
            Cell::optional(self.resolved_at, Cell::time),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.opened_by, self.other]
    }
}

impl Record for CounterClaim {
    type Id = CounterClaimId;
    const MODULE: u8 = 8;
    const TABLE: u8 = 15;
    const NAME: &'static str = "counter_claims";
    const COLUMNS: &'static [Column] = &[
        Column::text("core"),
        Column::text("supplier"),
        Column::text("certificate"),
        Column::integer("amount"),
        Column::integer("netted"),
    ];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.core),
            Cell::text(self.supplier),
            Cell::text(self.certificate),
            Cell::amount(self.amount),
            Cell::amount(self.netted),
        ]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.core, self.supplier]
    }
}
