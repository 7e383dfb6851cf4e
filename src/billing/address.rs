//! E-mail addresses: checked, the domain in the form every mail server understands.

/// No customer has more addresses: each of them gets every mail.
const MOST: usize = 20;

/// Checks that a customer's addresses are not too many.
///
/// # Errors
/// A sentence that says how many may be.
pub fn check_count(addresses: &[String]) -> Result<(), String> {
    match addresses.len() {
        0..=MOST => Ok(()),
        many => Err(format!(
            "{many} addresses are too many for a customer, each of whom gets every mail: at most {MOST}"
        )),
    }
}

/// Checks an address and puts its domain in ASCII (`info@κονετ.example` → `info@xn--…`).
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check(text: &str) -> Result<String, String> {
    let wrong = |why: &str| {
        let short: String = text.chars().take(60).collect();
        format!("`{short}` is not an e-mail address: {why}")
    };
    let (local, domain) = text.rsplit_once('@').ok_or_else(|| wrong("it has no @"))?;
    if local.is_empty()
        || local.len() > 64
        || local.starts_with('.')
        || local.ends_with('.')
        || local.contains("..")
    {
        return Err(wrong("the part before the @ is not sound"));
    }
    if !local.is_ascii() {
        return Err(wrong("Greek letters before the @ cannot be delivered; ask the customer for another"));
    }
    if !local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b)) {
        return Err(wrong("the part before the @ holds a character that is not allowed"));
    }
    let ascii = idna::domain_to_ascii(domain).map_err(|_| wrong("its domain name is not sound"))?;
    let sound = ascii.len() <= 253
        && ascii.contains('.')
        && ascii.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
        && !ascii.rsplit('.').next().is_some_and(|tld| tld.bytes().all(|b| b.is_ascii_digit()));
    if sound { Ok(format!("{local}@{ascii}")) } else { Err(wrong("its domain name is not sound")) }
}

/// An address as two writings of it are compared: case aside, the domain in ASCII.
#[must_use]
pub fn compared(text: &str) -> String {
    check(text.trim()).unwrap_or_else(|_| text.trim().to_owned()).to_lowercase()
}

/// For logs: `a***@e***.example`.
#[must_use]
pub fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    let tld = domain.rsplit_once('.').map_or("", |(_, tld)| tld);
    format!("{}***@{}***.{tld}", first(local), first(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_sound_addresses_and_greek_domains() {
        assert_eq!(check("info@example.gr").as_deref(), Ok("info@example.gr"));
        assert_eq!(check("info@κονετ.gr").as_deref(), Ok("info@xn--qxajjh1a.gr"));
        assert_eq!(check("o'neil+a@sub.example").as_deref(), Ok("o'neil+a@sub.example"));
    }

    #[test]
    fn refuses_what_cannot_be_delivered() {
        for bad in [
            "",
            "x",
            "a@b",
            "a@[127.0.0.1]",
            "a@x_y.gr",
            "γιάννης@example.gr",
            "a b@example.gr",
            "a@example..gr",
            ".a@example.gr",
            "a@example.gr,b@example.gr",
            "a@1.2.3.4",
            "<a@example.gr>",
            "a@-x.gr",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_writings_of_an_address_are_the_same() {
        assert_eq!(compared("Info@ΚΟΝΕΤ.gr"), compared("info@xn--qxajjh1a.GR"));
        assert_ne!(compared("info@konet.gr"), compared("inf0@konet.gr"));
    }

    #[test]
    fn masks_for_logs() {
        assert_eq!(masked("user@example.gr"), "u***@e***.gr");
    }
}
