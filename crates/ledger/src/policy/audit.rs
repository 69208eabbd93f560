use super::{
    state::Timeline,
    types::{Calendar, PolicyVersion},
};
use crate::core::Audit;

/// P1 to P3, recomputed.
pub(super) fn audit(audit: &mut Audit) {
    let versions = audit.all::<PolicyVersion>();
    let timeline = audit.all::<Timeline>().pop().map(|(_, timeline)| timeline).unwrap_or_default();
    audit.ensure("P1", versions.len() == timeline.starts.len(), || {
        format!("{} versions, {} starts", versions.len(), timeline.starts.len())
    });
    for (version, record) in &versions {
        let position = usize::try_from(*version).expect("a version number is small");
        let start = position.checked_sub(1).and_then(|position| timeline.starts.get(position));
        audit.ensure("P1", start == Some(&record.effective_from), || format!("version {version}"));
        let future = record.set_by.is_none() || record.set_at < record.effective_from;
        audit.ensure("P1", future, || format!("version {version} changed the past"));
        audit.ensure("P2", record.policy.check().is_ok(), || format!("version {version}"));
    }
    let ascending = timeline.starts.windows(2).all(|pair| pair[0] < pair[1]);
    audit.ensure("P1", ascending, || format!("{:?}", timeline.starts));
    for (year, calendar) in audit.all::<Calendar>() {
        for days in [&calendar.holidays, &calendar.working_days] {
            let sound = days.iter().all(|date| date.year() == year) && days.is_sorted();
            audit.ensure("P3", sound, || format!("calendar of {year}"));
        }
    }
}
