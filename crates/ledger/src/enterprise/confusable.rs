//! Names that people cannot tell apart: two enterprises never look alike, and one name keeps to one alphabet.
//!
//! The tables are ours and small, so that a name folds alike under every compiler: what stands in none is kept as it is.

use super::reject;
use types::{Digest, Rejection, text::Name};

/// Cyrillic and Greek letters, small and capital, beside the Latin letter that each looks like.
const LOOKALIKES: &[(&str, char)] = &[
    ("\u{0430}\u{0410}\u{03B1}\u{0391}", 'a'),
    ("\u{0432}\u{0412}\u{03B2}\u{0392}", 'b'),
    ("\u{0441}\u{0421}\u{03F2}\u{03F9}", 'c'),
    ("\u{0435}\u{0415}\u{03B5}\u{0395}", 'e'),
    ("\u{043D}\u{041D}\u{0397}", 'h'),
    ("\u{0456}\u{0406}\u{03B9}\u{0399}", 'l'),
    ("\u{0458}\u{0408}", 'j'),
    ("\u{043A}\u{041A}\u{03BA}\u{039A}", 'k'),
    ("\u{043C}\u{041C}\u{039C}", 'm'),
    ("\u{03B7}\u{039D}", 'n'),
    ("\u{043E}\u{041E}\u{03BF}\u{039F}", 'o'),
    ("\u{0440}\u{0420}\u{03C1}\u{03A1}", 'p'),
    ("\u{0455}\u{0405}", 's'),
    ("\u{0442}\u{0422}\u{03C4}\u{03A4}", 't'),
    ("\u{03BD}", 'v'),
    ("\u{0445}\u{0425}\u{03C7}\u{03A7}", 'x'),
    ("\u{0443}\u{0423}\u{03C5}\u{03A5}", 'y'),
    ("\u{0396}\u{03B6}", 'z'),
    // Han characters that differ in a stroke's length.
    ("\u{66F0}", '\u{65E5}'),
    ("\u{5DF2}\u{5DF3}", '\u{5DF1}'),
    ("\u{672B}", '\u{672A}'),
    ("\u{571F}", '\u{58EB}'),
    ("\u{5165}", '\u{4EBA}'),
];
/// Punctuation and blanks of Chinese text; ASCII's are known.
const PUNCTUATION: &str = "\u{3000}\u{3001}\u{3002}\u{00B7}\u{30FB}\u{2018}\u{2019}\u{201C}\u{201D}\u{2013}\u{2014}";

/// Refuses a name that mixes Latin letters with Cyrillic or Greek ones.
pub(super) fn check(name: &Name) -> Result<(), Rejection> {
    let latin = name.chars().map(narrow).any(|c| c.is_ascii_alphabetic());
    let other = name.chars().any(|c| matches!(c, '\u{0370}'..='\u{052F}'));
    if latin && other { Err(reject::name_confusable(name, "a name of two alphabets")) } else { Ok(()) }
}

/// What names that look alike have in common: case, width, blanks and punctuation gone, lookalikes one letter.
pub(super) fn skeleton(name: &Name) -> Digest {
    let folded: String = name.chars().map(narrow).filter(|c| keeps(*c)).map(fold).collect();
    Digest::of(&[b"tributary/enterprise/name", folded.as_bytes()])
}

/// Full-width forms as ASCII.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).expect("the same table 0xFEE0 lower"),
        other => other,
    }
}

fn keeps(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '|' } else { !PUNCTUATION.contains(c) }
}

fn fold(c: char) -> char {
    match c.to_ascii_lowercase() {
        '0' => 'o',
        '1' | 'i' | '|' => 'l',
        lower => LOOKALIKES.iter().find(|(like, _)| like.contains(lower)).map_or(lower, |(_, letter)| *letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::text;

    fn alike(one: &str, other: &str) -> bool {
        skeleton(&text(one)) == skeleton(&text(other))
    }

    #[test]
    fn names_that_look_alike_fold_alike() {
        assert!(alike("CORE Co., Ltd.", "Core Co Ltd"));
        assert!(alike("CORE", "C0RE"), "a zero for an O");
        assert!(alike("Mill", "Mi1l"), "a one for an L");
        assert!(alike("CORE", "\u{0421}\u{041E}RE"), "Cyrillic for Latin");
        assert!(alike("CORE", "\u{FF23}\u{FF2F}\u{FF32}\u{FF25}"), "wide for narrow");
        assert!(alike("\u{65E5}\u{5929}", "\u{66F0}\u{5929}"), "one Han character for its neighbor");
        assert!(alike("\u{4E2D}\u{00B7}\u{8282}", "\u{4E2D}\u{8282}"));
    }

    #[test]
    fn other_names_stay_apart() {
        assert!(!alike("CORE", "CORE2"));
        assert!(!alike("S1", "S2"));
        assert!(!alike("\u{5927}", "\u{592A}"));
    }

    #[test]
    fn a_name_keeps_to_one_alphabet() {
        assert!(check(&text("\u{0421}\u{041E}RE")).is_err());
        assert!(check(&text("\u{0420}\u{041E}\u{0421}\u{0422}")).is_ok());
        assert!(check(&text("\u{4E2D}\u{8282} CORE")).is_ok(), "Han and Latin stand together in the trade");
    }
}
