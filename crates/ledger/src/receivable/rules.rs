//! One file per stage of a certificate's life, and the guards that several share.

pub(super) mod advance;
pub(super) mod backing;
pub(super) mod disbursement;
pub(super) mod financing;
pub(super) mod guard;
pub(super) mod issue;
pub(super) mod lot;
pub(super) mod quote;
pub(super) mod refinance;
pub(super) mod transfer;
pub(super) mod control;
pub(super) mod dilution;
pub(super) mod seller;
pub(super) mod settlement;
pub(super) mod distribution;
pub(super) mod overdue;
pub(super) mod recourse;
pub(super) mod guarantee;
