//! Legal ids: their check digits, and how to tell a company's from a person's.

use super::reject;
use types::{Date, Rejection};

/// The characters of a unified social credit code (GB 32100-2015); a character's value is its place.
const CREDIT_CODE: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Refuses a person's id, a wrong check digit, and a spelling that another spelling of the same id would equal.
pub(super) fn check(legal_id: &str) -> Result<(), Rejection> {
    let refused = |law: &str| Err(reject::legal_id(legal_id, law));
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-./".contains(&byte);
    if legal_id.len() < 5 || !legal_id.bytes().all(plain) {
        return refused("write at least 5 capital letters and digits, without blanks");
    }
    if is_person(legal_id) {
        return Err(reject::natural_person());
    }
    let of_credit_code = legal_id.bytes().all(|byte| CREDIT_CODE.contains(&byte));
    if legal_id.len() == 18 && of_credit_code && !is_credit_code(legal_id) {
        return refused("the last character of the unified social credit code does not fit the others");
    }
    if legal_id.len() == 20 && legal_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_lei(legal_id) {
        return refused("the check digits of the LEI do not fit its other characters");
    }
    Ok(())
}

/// GB 32100-2015: weights are powers of 3, modulo 31.
fn is_credit_code(code: &str) -> bool {
    let value = |byte: u8| CREDIT_CODE.iter().position(|other| *other == byte);
    let mut values = Vec::with_capacity(18);
    for byte in code.bytes() {
        match value(byte) {
            Some(value) => values.push(value),
            None => return false,
        }
    }
    let Some((check, body)) = values.split_last() else { return false };
    let (mut sum, mut weight) = (0, 1);
    for value in body {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    *check == (31 - sum % 31) % 31
}

/// ISO 17442 and ISO 7064: letters count 10 to 35, the number modulo 97 is 1.
fn is_lei(code: &str) -> bool {
    let step = |rest: u32, byte: u8| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    };
    code.bytes().fold(0, step) == 1
}

/// A Chinese identity number: 18 characters with a date of birth and a check digit (GB 11643-1999), or the older 15
/// digits. A company's code that begins with 9 may look like one by chance; its own check digit then decides.
fn is_person(id: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let born = |year: &str, rest: &str| {
        format!("{year}-{}-{}", &rest[..2], &rest[2..]).parse::<Date>().is_ok()
            // Dates here begin with 1970; people were born before.
            || year < "1970" && format!("1972-{}-{}", &rest[..2], &rest[2..]).parse::<Date>().is_ok()
    };
    match id.len() {
        18 if digits(&id[..17]) => {
            let year = &id[6..10];
            let weighed = id.bytes().take(17).zip(0..).map(|(byte, place)| u32::from(byte - b'0') * weight(place));
            let sum: u32 = weighed.sum();
            let check = b"10X98765432"[usize::try_from(sum % 11).expect("below 11")];
            let fits = id.as_bytes()[17] == check && ("1900".."2100").contains(&year) && born(year, &id[10..14]);
            fits && !(id.starts_with('9') && is_credit_code(id))
        }
        15 if digits(id) => born(&format!("19{}", &id[6..8]), &id[8..12]),
        _ => false,
    }
}

/// Weights of GB 11643: powers of 2 from the right, modulo 11.
fn weight(place: u32) -> u32 {
    (1 << (17 - place)) % 11
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published ids of well-known companies.
    const REAL: &[&str] = &[
        "9144030071526726XG",
        "914403001922038216",
        "91110000802100433B",
        "5493001KJTIIGC8Y1R12",
        "HWUPKR0MPOU8FGXBT394",
    ];

    fn code(id: &str) -> Option<u16> {
        check(id).err().map(|rejection| rejection.code)
    }

    #[test]
    fn companies_ids_pass_and_each_wrong_character_is_noticed() {
        let wrong_id = Some(reject::legal_id("", "").code); // E_LEGAL_ID
        for id in REAL {
            assert_eq!(code(id), None, "{id}");
            for place in 0..id.len() {
                let other = match &id[place..=place] {
                    "7" => "1",
                    digit if digit <= "9" => "7",
                    "A" => "B",
                    _ => "A",
                };
                let wrong = format!("{}{other}{}", &id[..place], &id[place + 1..]);
                assert_eq!(code(&wrong), wrong_id, "{wrong}");
            }
        }
    }

    #[test]
    fn ids_of_other_registers_pass_in_one_spelling_only() {
        for id in ["HRB-12345", "GB123456789", "440301103097413", "LEGAL-CORE"] {
            assert_eq!(code(id), None, "{id}");
        }
        for id in ["hrb-12345", "HRB 12345", "A-1", "企业统一代码"] {
            assert_eq!(code(id), Some(reject::legal_id("", "").code), "{id}: E_LEGAL_ID");
        }
    }

    #[test]
    fn persons_ids_are_refused_and_not_repeated() {
        // The example of the standard itself, one born after 1970, and one of the older form.
        for id in ["11010519491231002X", "110105199003070033", "110105491231002"] {
            let refused = check(id).unwrap_err();
            assert_eq!(refused, reject::natural_person(), "{id}: E_NATURAL_PERSON");
            assert!(refused.fields.is_empty(), "a receipt is public: it must not carry a person's number");
        }
    }
}
