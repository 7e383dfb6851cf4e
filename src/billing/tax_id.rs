//! ΑΦΜ: the Greek tax id and its check digit.

/// Whether `text` is nine digits with the right check digit. `000000000` passes the arithmetic and is
/// refused. Source: the check that the tax office's own forms use (weights 256…2, modulo 11, modulo 10).
#[must_use]
pub fn is_greek_tax_id(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 9) else { return false };
    let sum: u32 = digits.iter().take(8).enumerate().map(|(i, digit)| digit << (8 - i)).sum();
    digits.iter().any(|digit| *digit != 0) && sum % 11 % 10 == digits[8]
}

#[cfg(test)]
mod tests {
    use super::is_greek_tax_id;

    #[test]
    fn knows_the_check_digit() {
        for good in [
            "123456783",
            "023456780",
            "094259216",
            "094429812",
            "090000045",
            "100000090",
            "090165560",
            "999082935",
        ] {
            assert!(is_greek_tax_id(good), "{good}");
        }
        for bad in
            ["094259217", "123456781", "123456789", "987654321", "999999999", "000000000", "12345678", "x"]
        {
            assert!(!is_greek_tax_id(bad), "{bad}");
        }
    }
}
