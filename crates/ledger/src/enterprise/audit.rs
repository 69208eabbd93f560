use super::{
    confusable,
    rules::{check_functions, check_roles},
    types::{Enterprise, LegalId, Member, MemberKey, Obligations, Standing, TakenName},
};
use crate::core::{Audit, EnterpriseId, MemberId};
use std::collections::BTreeMap;

/// N1 to N6, recomputed.
pub(super) fn audit(audit: &mut Audit) {
    let enterprises: BTreeMap<EnterpriseId, Enterprise> = audit.all().into_iter().collect();
    let legal_ids: BTreeMap<_, LegalId> = audit.all().into_iter().collect();
    audit.ensure("N1", legal_ids.len() == enterprises.len(), || {
        format!("{} legal ids of {} enterprises", legal_ids.len(), enterprises.len())
    });
    let members: BTreeMap<MemberId, Member> = audit.all().into_iter().collect();
    let mut counts: BTreeMap<EnterpriseId, u32> = BTreeMap::new();
    for (id, member) in &members {
        *counts.entry(member.enterprise).or_default() += 1;
        audit.ensure("N3", check_functions(&member.functions, None).is_ok(), || format!("{id}"));
    }
    for (account, key) in audit.all::<MemberKey>() {
        let whole = key.public_key.account() == account && members.contains_key(&key.member);
        audit.ensure("N2", whole, || format!("{account}"));
    }
    let names: BTreeMap<_, TakenName> = audit.all().into_iter().collect();
    audit.ensure("N6", names.len() == enterprises.len(), || format!("{} names are taken", names.len()));
    let obligations: BTreeMap<EnterpriseId, Obligations> = audit.all().into_iter().collect();
    for (id, enterprise) in &enterprises {
        let owner = legal_ids.get(&enterprise.legal_id).map(|legal| legal.enterprise);
        audit.ensure("N1", owner == Some(*id), || format!("{id}"));
        let counted = counts.get(id).copied().unwrap_or(0);
        audit.ensure("N2", counted == enterprise.members, || format!("{id}: {counted} people"));
        let open = obligations.get(id).map_or(0, |obligations| obligations.open);
        audit.ensure("N4", enterprise.standing != Standing::Exited || open == 0, || format!("{id}: {open} open"));
        let own = names.get(&confusable::skeleton(&enterprise.name)).map(|taken| taken.enterprise);
        audit.ensure("N6", own == Some(*id), || format!("{id}: its name is of {own:?}"));
        audit.ensure("N5", check_roles(&enterprise.roles).is_ok(), || format!("{id}"));
    }
}
