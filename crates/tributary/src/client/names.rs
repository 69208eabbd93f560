//! Names of enterprises, for people: looked up once for a command, from the list that every node has.

use sdk::Client;
use std::collections::BTreeMap;

/// Pages of the list that are read at most: who has more enterprises sees ids for those registered first.
const PAGES_MAX: usize = 4;
/// Rows of a page: the most that a node gives.
const PAGE_ROWS: u32 = types::limits::PAGE_ROWS_MAX;
/// Characters of a short name.
const SHORT_MAX: usize = 32;

/// What stands behind a company's name and tells nothing about which company it is.
const LEGAL_FORMS: &[&str] = &[
    " Co., Ltd.",
    " Co. Ltd.",
    ", Ltd.",
    " Ltd.",
    " Limited",
    ", Inc.",
    " Inc.",
    " LLC",
    " GmbH",
    "股份有限公司",
    "有限责任公司",
    "有限公司",
];

/// Enterprises by their ids, as far as they are known.
#[derive(Default)]
pub struct Names {
    known: BTreeMap<String, Name>,
}

struct Name {
    whole: String,
    short: String,
}

impl Names {
    /// Asks the node.
    pub async fn ask(client: &Client) -> anyhow::Result<Self> {
        let mut found = BTreeMap::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut parameters = vec![("limit", PAGE_ROWS.to_string())];
            parameters.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page = client.list("enterprise/enterprises", &parameters).await?;
            let named = page.rows.into_iter().filter_map(|row| Some((row.id, row.record["name"].as_str()?.to_owned())));
            found.extend(named);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(Self::of(found))
    }

    /// Short names are given so that no two enterprises have the same.
    fn of(found: BTreeMap<String, String>) -> Self {
        let mut shared: BTreeMap<String, usize> = BTreeMap::new();
        for whole in found.values() {
            *shared.entry(short(whole)).or_default() += 1;
        }
        let name = |(id, whole): (String, String)| {
            let short = short(&whole);
            let short = if shared[&short] == 1 { short } else { format!("{short} ({})", short_id(&id)) };
            (id, Name { whole, short })
        };
        Self { known: found.into_iter().map(name).collect() }
    }

    /// The name without its legal form.
    pub fn short(&self, id: &str) -> Option<&str> {
        self.known.get(id).map(|name| name.short.as_str())
    }

    /// The registered name.
    pub fn whole(&self, id: &str) -> Option<&str> {
        self.known.get(id).map(|name| name.whole.as_str())
    }
}

fn short(whole: &str) -> String {
    let plain = LEGAL_FORMS.iter().find_map(|form| whole.strip_suffix(form)).unwrap_or(whole).trim_end();
    if plain.chars().count() <= SHORT_MAX {
        return plain.to_owned();
    }
    plain.chars().take(SHORT_MAX - 1).chain(['…']).collect()
}

/// An id as far as people compare it: its kind and the first digits.
pub fn short_id(id: &str) -> String {
    let kind = id.find('_').map_or(0, |at| at + 1);
    let shown: String = id.chars().take(kind + 8).collect();
    if shown.len() < id.len() { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::{Names, short_id};

    #[test]
    fn names_lose_their_legal_form_and_stay_apart() {
        let id = |digit: &str| format!("ent_{}", digit.repeat(32));
        let names = [
            (id("1"), "Northgate Motors Co., Ltd."),
            (id("2"), "Same Ltd."),
            (id("3"), "Same GmbH"),
            (id("4"), "上海示例汽车有限公司"),
            (id("5"), "A Company Whose Name Does Not Fit Into Any Column Ltd."),
        ];
        let names = Names::of(names.map(|(id, name)| (id, name.to_owned())).into());
        let short = |digit| names.short(&id(digit)).unwrap();
        assert_eq!(short("1"), "Northgate Motors");
        assert_eq!((short("2"), short("3")), ("Same (ent_22222222…)", "Same (ent_33333333…)"));
        assert_eq!(short("4"), "上海示例汽车");
        assert_eq!(short("5"), "A Company Whose Name Does Not F…");
        assert_eq!(names.whole(&id("1")), Some("Northgate Motors Co., Ltd."));
        assert_eq!(names.short(&id("9")), None);
        assert_eq!(short_id("short"), "short");
    }
}
