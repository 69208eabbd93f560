//! What a node counts itself: syncs of the disk and bytes to the other validators. Read at its door's `/metrics`, where it
//! has one; both are counters of the engine's runtime, which the REST door does not use.

use anyhow::Context as _;

/// Syncs of the engine's stores.
const SYNCS: &str = "storage_syncs";
/// Bytes sent to other validators.
const SENT: &str = "outbound_bandwidth";

/// Counters of a node at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    pub syncs: u64,
    pub sent_bytes: u64,
}

impl Counters {
    /// Those of the node with this door; `None` where it tells none.
    pub async fn of(url: &str) -> anyhow::Result<Option<Self>> {
        let answer = reqwest::get(format!("{url}/metrics")).await.context("ask for the node's counters")?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        Ok(Self::read(&answer.text().await.context("read the node's counters")?))
    }

    fn read(text: &str) -> Option<Self> {
        Some(Self { syncs: sum(text, SYNCS)?, sent_bytes: sum(text, SENT)? })
    }

    pub fn since(self, before: Self) -> Self {
        Self { syncs: self.syncs - before.syncs, sent_bytes: self.sent_bytes - before.sent_bytes }
    }
}

/// The sum of all samples of a metric, whatever their labels; `None` where there is no sample.
fn sum(text: &str, name: &str) -> Option<u64> {
    let value = |line: &str| {
        let (metric, rest) = line.split_at(line.find(['{', ' '])?);
        let metric = metric.trim_end_matches("_total");
        // Behind the labels come the value and perhaps a time.
        let value = rest.rsplit('}').next()?.split_whitespace().next()?;
        metric.ends_with(name).then(|| value.parse::<f64>().ok())?
    };
    let samples: Vec<f64> = text.lines().filter(|line| !line.starts_with('#')).filter_map(value).collect();
    (!samples.is_empty()).then(|| samples.iter().sum::<f64>() as u64)
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn samples_are_found_under_any_prefix_and_added_up() {
        let text = "HTTP/1.1 200 OK\n\n# HELP runtime_storage_syncs syncs.\n# TYPE runtime_storage_syncs counter\n\
                    runtime_storage_syncs_total 12\nruntime_storage_syncs_total{task=\"a\"} 3\n\
                    runtime_outbound_bandwidth_total 4.5e3 1700000000\nruntime_storage_writes_total 99\n";
        assert_eq!(Counters::read(text), Some(Counters { syncs: 15, sent_bytes: 4_500 }));
        assert_eq!(Counters::read("nothing of it"), None);
    }
}
