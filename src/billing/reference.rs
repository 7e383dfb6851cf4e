//! ISO 11649 creditor references (`RF…`): made for every customer, checked in what banks send.

/// Longest body an RF reference can carry.
const BODY_MAX: usize = 21;

/// Makes the reference of `body`: `KONET000001` → `RFnnKONET000001`.
///
/// Returns `None` where the body is empty, longer than 21 characters or holds anything but `A-Z0-9`.
#[must_use]
pub fn creditor_reference(body: &str) -> Option<String> {
    let sound = (1..=BODY_MAX).contains(&body.len())
        && body.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    sound.then(|| format!("RF{:02}{body}", 98 - mod97(&format!("{body}RF00"))))
}

/// Whether `reference` (no spaces, upper case) is a sound RF reference.
#[must_use]
pub fn is_creditor_reference(reference: &str) -> bool {
    let bytes = reference.as_bytes();
    (5..=25).contains(&bytes.len())
        && reference.starts_with("RF")
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && mod97(&format!("{}{}", &reference[4..], &reference[..4])) == 1
}

/// In groups of four, as people read it: `RF13 KONE T202 6000 123`.
#[must_use]
pub fn grouped(reference: &str) -> String {
    let chars: Vec<char> = reference.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Remainder of 97 with letters as 10..35, folded so that nothing overflows.
fn mod97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |remainder, digit| {
        (if digit > 9 { remainder * 100 + digit } else { remainder * 10 + digit }) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_published_references() {
        for (body, reference) in [
            ("539007547034", "RF18539007547034"),
            ("2348231", "RF712348231"),
            ("G72UUR", "RF45G72UUR"),
            ("AB2G5", "RF68AB2G5"),
            ("1234512345", "RF451234512345"),
            ("12345612345", "RF0912345612345"),
            ("TU06FX", "RF96TU06FX"),
            ("X2HU4TC28XTYLHASYWT91", "RF14X2HU4TC28XTYLHASYWT91"),
            ("KONET2026000123", "RF13KONET2026000123"),
            ("2026000123", "RF462026000123"),
            ("1", "RF741"),
        ] {
            assert_eq!(creditor_reference(body).as_deref(), Some(reference));
            assert!(is_creditor_reference(reference), "{reference}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_reference() {
        for bad in ["RF19539007547034", "RF19GAX8WS5JYOOUJ87", "RF12", "", "rf741", "RF7X1", "DE741"] {
            assert!(!is_creditor_reference(bad), "{bad}");
        }
        for bad in ["", "ΚΟΝΕΤ1", "AB-12", "konet", "X2HU4TC28XTYLHASYWT91X"] {
            assert_eq!(creditor_reference(bad), None, "{bad}");
        }
        assert!(is_creditor_reference("RF38000000000000000000552"));
    }

    #[test]
    fn groups_by_four() {
        assert_eq!(grouped("RF13KONET2026000123"), "RF13 KONE T202 6000 123");
    }
}
