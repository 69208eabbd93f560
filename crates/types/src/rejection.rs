//! How the business says no: a stable numeric code, a stable name, and the facts of the case.
//!
//! Codes are part of consensus and of the API: never reused, never renumbered. Each module declares its own with
//! [`rejections!`](crate::rejections), in its own hundred: module number * 100 and up. Codes below 100 are the
//! envelope's, 100 to 199 are the amounts'.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A refusal, as it stands in a receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rejection {
    /// The stable number of the broken law.
    pub code: u16,
    /// The facts of the case, by name.
    pub fields: Vec<(String, String)>,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct RejectionSpec {
    pub code: u16,
    /// The stable name: `E_LOT_SPENT`.
    pub name: &'static str,
    /// The law and the way out, with `{field}` where a fact goes.
    pub text: &'static str,
}

/// Longest value of a field: facts are short, and a receipt must stay small.
const FIELD_BYTES_MAX: usize = 256;

impl Rejection {
    pub fn new(code: u16, fields: &[(&str, String)]) -> Self {
        let clip = |value: &str| {
            let end = (0..=value.len().min(FIELD_BYTES_MAX)).rev().find(|end| value.is_char_boundary(*end));
            value[..end.expect("0 is a boundary")].to_owned()
        };
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), clip(value))).collect();
        Self { code, fields }
    }

    /// The sentence for people: the law's text with the facts in it.
    pub fn text(&self, spec: &RejectionSpec) -> String {
        let mut text = spec.text.to_owned();
        for (name, value) in &self.fields {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rejection {}", self.code)?;
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// Declares rejections: one constructor each, and `CATALOGUE` with all of them.
///
/// ```text
/// rejections! {
///     801 lot_spent(lot) "E_LOT_SPENT" "lot {lot} is spent: use its children";
/// }
/// ```
/// makes `lot_spent(lot: impl Display) -> Rejection`.
#[macro_export]
macro_rules! rejections {
    ($($code:literal $constructor:ident ( $($field:ident),* ) $name:literal $text:literal ;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $text, ".")]
            pub fn $constructor($($field: impl ::std::fmt::Display),*) -> $crate::Rejection {
                $crate::Rejection::new($code, &[$((stringify!($field), $field.to_string())),*])
            }
        )*

        /// Every rejection declared here.
        pub const CATALOGUE: &[$crate::rejection::RejectionSpec] = &[
            $($crate::rejection::RejectionSpec { code: $code, name: $name, text: $text }),*
        ];
    };
}

/// Rejections of the envelope: bytes, signatures, nonce, time.
pub mod tech {
    rejections! {
        1 malformed(detail) "E_MALFORMED" "the bytes or fields are not a valid value: {detail}";
        2 unknown_act(module, call) "E_UNKNOWN_ACT" "this chain has no act {call} in module {module}";
        3 wrong_chain(expected, found) "E_WRONG_CHAIN" "the transaction is for chain {found}, this is {expected}";
        4 expired(valid_until, block_time) "E_EXPIRED" "the transaction was valid until {valid_until}, block time is {block_time}: sign a new one";
        5 validity_too_long(valid_until, latest) "E_VALIDITY_TOO_LONG" "valid_until {valid_until} is too far ahead: at most {latest}";
        6 nonce(expected, found) "E_NONCE" "the sender's next nonce is {expected}, the transaction has {found}";
        7 signature_invalid(signer) "E_SIG_INVALID" "the signature of {signer} does not verify";
        8 signature_count(signers, signatures) "E_SIG_COUNT" "{signers} signers but {signatures} signatures: each signer signs once";
        9 signer_twice(signer) "E_SIGNER_TWICE" "{signer} is listed as signer twice";
        10 unknown_suite(suite) "E_UNKNOWN_SUITE" "signature suite {suite} is not known on this chain";
        11 no_acts() "E_NO_ACTS" "the transaction asks for nothing: it needs at least one act";
        12 payload_too_big(detail) "E_PAYLOAD_TOO_BIG" "over a size limit: {detail}";
        13 text_control(detail) "E_TEXT_CONTROL" "text holds characters that people cannot see: {detail}";
        14 idempotency_conflict(nonce, waiting) "E_IDEMPOTENCY_CONFLICT" "nonce {nonce} is taken by waiting transaction {waiting} with other content";
        15 hash_mismatch(expected, found) "E_HASH_MISMATCH" "the digest is {found}, expected {expected}";
        16 pool_full(retry_ms) "E_POOL_FULL" "the node has too many waiting transactions: try again in {retry_ms} ms";
        17 too_much_work(act) "E_TOO_MUCH_WORK" "act {act} touches more records than one act may: do it in smaller parts";
        18 block_time(claimed, parent) "E_BLOCK_TIME" "block time {claimed} is before the parent's {parent}";
        19 unknown_feature(number, height) "E_UNKNOWN_FEATURE" "feature {number} holds at height {height} and this program does not know it: update the program";
        20 replaced(by) "E_REPLACED" "its sender put transaction {by} in its place: ask for that one";
        21 evicted(retry_ms) "E_EVICTED" "the node's pool is full and its organisation holds the most of it: send it again in {retry_ms} ms";
    }

    /// `E_AMOUNT_SCALE` found by a decoder.
    pub fn amount_scale(detail: &str) -> crate::Rejection {
        super::amount::scale(detail)
    }

    /// `E_AMOUNT_OVERFLOW` found by a decoder.
    pub fn amount_overflow(detail: &str) -> crate::Rejection {
        super::amount::overflow(detail)
    }
}

/// Rejections of amounts.
pub mod amount {
    rejections! {
        100 zero() "E_AMOUNT_ZERO" "the amount must be above zero";
        101 scale(detail) "E_AMOUNT_SCALE" "the amount has more decimals than its currency: {detail}";
        102 overflow(limit) "E_AMOUNT_OVERFLOW" "the amount is over the largest amount: {limit}";
        103 currency_mismatch(expected, found) "E_CCY_MISMATCH" "the currency is {found}, expected {expected}";
    }
}
