//! What makes a document this one and no other.
//!
//! A fingerprint is the SHA-256 over kind, parties' legal ids, number, date, currency and gross amount. Numbers and
//! legal ids are folded first, so that the same paper typed in another way is still the same paper: full-width forms
//! become ASCII, letters become upper case, blanks go, and leading zeros of a number go. To keep that exact for ever,
//! only ASCII, full-width ASCII and unified Chinese characters are let in: for these the folding is their
//! compatibility normalization (NFKC), and no new edition of Unicode can change it under a running chain.

use super::{
    state::Known,
    types::{Traders, reject},
};
use crate::core::Record;
use types::{Amount, Date, Digest, Miss, Rejection, State};

/// The kind of a document in its fingerprint.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Contract,
    Order,
    Delivery,
    Invoice,
    CreditNote,
}

impl Kind {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Contract => b"contract",
            Self::Order => b"order",
            Self::Delivery => b"delivery",
            Self::Invoice => b"invoice",
            Self::CreditNote => b"credit note",
        }
    }
}

/// The fingerprint of a document.
pub(super) fn of(kind: Kind, traders: &Traders, number: &str, date: Date, gross: Option<Amount>) -> Digest {
    let seller = folded(&traders.seller.legal_id);
    let buyer = folded(&traders.buyer.legal_id);
    let number = folded(number);
    let number = number.trim_start_matches('0');
    let date = date.to_string();
    let gross = gross.map_or_else(String::new, |gross| gross.to_string());
    // No folded text holds a zero byte, so the parts cannot run into each other.
    let parts = [kind.tag(), seller.as_bytes(), buyer.as_bytes(), number.as_bytes(), date.as_bytes(), gross.as_bytes()];
    Digest::of(&parts.map(|part| [part, &[0]].concat()).each_ref().map(Vec::as_slice))
}

/// Upper case, ASCII forms, no blanks.
pub(super) fn folded(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).expect("full-width forms mirror ASCII"),
        '\u{3000}' => ' ',
        c => c,
    };
    text.chars().map(narrow).filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect()
}

/// Refuses a number or legal id with characters whose folding is not fixed, and one that is nothing but blanks.
pub(super) fn check(text: &str) -> Result<(), Rejection> {
    let allowed = |c: &char| matches!(c, ' '..='~' | '\u{3000}' | '\u{FF01}'..='\u{FF5E}' | '\u{4E00}'..='\u{9FFF}');
    match text.chars().find(|c| !allowed(c)) {
        Some(c) => Err(reject::number_characters(format!("`{c}` (U+{:04X})", u32::from(c)))),
        None if folded(text).is_empty() => Err(reject::number_characters("none at all")),
        None => Ok(()),
    }
}

/// The document already recorded under a fingerprint.
pub(super) fn known(state: &mut dyn State, fingerprint: &Digest) -> Result<Option<Known>, Miss> {
    Known::load(state, fingerprint)
}
