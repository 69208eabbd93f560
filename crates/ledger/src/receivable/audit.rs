//! The laws I1 to I18, recomputed from every record. Each violation carries the name of its law.
//!
//! I10 for accounts and I5 for a single invoice are recomputed by the modules that keep them; here stands what only this
//! module can know: that what it claims, blocks and pays elsewhere is what its certificates say.

mod advances;
mod history;
mod lots;
mod money;
mod trade;

use super::types::{
    Advance, Certificate, CertificateId, Dispute, DisputeId, Distribution, Financing, FinancingId, Freeze, FreezeId,
    Funding, FundingId, GuaranteeClaim, Lot, LotId, OpenPage, PaidPage, Quote, RecordPage, Recourse, Settlement, Step,
    Transfer, TransferId,
};
use crate::{
    core::{Audit, EnterpriseId, Record},
    policy::{Policy, PolicyVersion},
};
use std::collections::BTreeMap;

/// Every record of this module, by id.
struct Book {
    certificates: BTreeMap<CertificateId, Certificate>,
    lots: BTreeMap<LotId, Lot>,
    /// The lots of each certificate, in order of their numbers.
    lots_of: BTreeMap<CertificateId, Vec<LotId>>,
    transfers: BTreeMap<TransferId, Transfer>,
    financings: BTreeMap<FinancingId, Financing>,
    quotes: BTreeMap<(FinancingId, EnterpriseId), Quote>,
    steps: BTreeMap<CertificateId, BTreeMap<u32, Step>>,
    settlements: BTreeMap<CertificateId, Settlement>,
    record_pages: BTreeMap<(CertificateId, u32), RecordPage>,
    open_pages: BTreeMap<(CertificateId, u32), OpenPage>,
    fundings: BTreeMap<FundingId, Funding>,
    distributions: BTreeMap<(CertificateId, u32), Distribution>,
    paid_pages: BTreeMap<(CertificateId, u32, u32), PaidPage>,
    recourses: BTreeMap<FinancingId, Recourse>,
    guarantee_claims: BTreeMap<LotId, GuaranteeClaim>,
    advances: BTreeMap<FinancingId, Advance>,
    freezes: BTreeMap<FreezeId, Freeze>,
    disputes: BTreeMap<DisputeId, Dispute>,
    policies: BTreeMap<u32, PolicyVersion>,
}

pub(super) fn audit(audit: &mut Audit) {
    let book = Book::load(audit);
    lots::audit(audit, &book);
    trade::audit(audit, &book);
    money::audit(audit, &book);
    advances::audit(audit, &book);
    history::audit(audit, &book);
}

impl Book {
    fn load(audit: &Audit) -> Self {
        let lots: BTreeMap<LotId, Lot> = table(audit);
        let mut numbered: BTreeMap<(CertificateId, u32), LotId> = BTreeMap::new();
        for (id, lot) in &lots {
            numbered.insert((lot.certificate, lot.number), *id);
        }
        let mut lots_of: BTreeMap<CertificateId, Vec<LotId>> = BTreeMap::new();
        for ((certificate, _), id) in numbered {
            lots_of.entry(certificate).or_default().push(id);
        }
        let mut steps: BTreeMap<CertificateId, BTreeMap<u32, Step>> = BTreeMap::new();
        for ((certificate, number), step) in audit.all::<Step>() {
            steps.entry(certificate).or_default().insert(number, step);
        }
        Self {
            certificates: table(audit),
            lots,
            lots_of,
            transfers: table(audit),
            financings: table(audit),
            quotes: table(audit),
            steps,
            settlements: table(audit),
            record_pages: table(audit),
            open_pages: table(audit),
            fundings: table(audit),
            distributions: table(audit),
            paid_pages: table(audit),
            recourses: table(audit),
            guarantee_claims: table(audit),
            advances: table(audit),
            freezes: table(audit),
            disputes: table(audit),
            policies: table(audit),
        }
    }

    /// The lots of a certificate, in order of their numbers.
    fn lots_of(&self, id: CertificateId) -> impl Iterator<Item = (LotId, &Lot)> {
        self.lots_of.get(&id).into_iter().flatten().map(|lot| (*lot, &self.lots[lot]))
    }

    /// The policy under which a certificate was issued.
    fn policy_of(&self, certificate: &Certificate) -> Option<&Policy> {
        let issued = certificate.issued.as_ref()?;
        self.policies.get(&issued.policy_version).map(|version| &version.policy)
    }
}

fn table<R: Record>(audit: &Audit) -> BTreeMap<R::Id, R>
where
    R::Id: Ord,
{
    audit.all::<R>().into_iter().collect()
}
