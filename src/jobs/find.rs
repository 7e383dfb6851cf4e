//! Finding a customer by whatever somebody remembers of them, and knowing the one that is meant.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::text::greek_capitals;
use crate::error::Stop;
use crate::jobs::Desk;
use crate::store::Store;
use crate::views::find::{FindView, FoundView};
use anyhow::Result;
use std::collections::BTreeMap;

/// So many customers are shown at most.
const MOST: usize = 50;

/// What names somebody exactly, where it is typed whole.
const EXACT: [&str; 5] = ["domain_name", "email", "tax_id", "reference", "card"];

/// The customers of whom each of the words is in something: names and domain names, addresses, phones, tax ids,
/// references, codes, numbers of cards and invoices, and payers. Accents, case and the final sigma count for nothing.
///
/// # Errors
/// No words; a database that cannot be read.
pub(crate) fn find(desk: &Desk, store: &Store, words: &[String]) -> Result<FindView> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    if words.is_empty() {
        return Err(Stop::usage("say what to look for: a few letters of it are enough").into());
    }
    // of each customer which words were met, and by what first
    let mut met: BTreeMap<String, (Vec<bool>, String)> = BTreeMap::new();
    store.texts_of_customers(&mut |code, what, text| {
        let text = comparable(what, text);
        for (at, word) in words.iter().map(|word| comparable(what, word)).enumerate() {
            // of a dash nothing is left among figures
            if !word.is_empty() && text.contains(&word) {
                let first = || (vec![false; words.len()], what.to_owned());
                met.entry(code.to_owned()).or_insert_with(first).0[at] = true;
            }
        }
    })?;
    let mut found: Vec<(String, String)> = met
        .into_iter()
        .filter(|(_, (words, _))| words.iter().all(|is_met| *is_met))
        .map(|(code, (_, what))| (code, what))
        .collect();
    let left_off = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let mut customers = Vec::new();
    for (code, matched) in found {
        customers.extend(shown(desk, store, &CustomerCode::new(code), matched)?);
    }
    Ok(FindView { customers, left_off })
}

fn shown(desk: &Desk, store: &Store, code: &CustomerCode, matched: String) -> Result<Option<FoundView>> {
    let facts = match store.facts(code, desk.rules.mode, desk.today) {
        // whose record cannot be read is found all the same, and hides nobody else
        Err(fault) if fault.is_data() => {
            return Ok(Some(FoundView::unreadable(code, &fault.to_string(), matched)));
        }
        facts => facts?,
    };
    let Some(facts) = facts else { return Ok(None) };
    let customer = &facts.customer;
    Ok(Some(FoundView {
        customer: code.to_string(),
        name: customer.name.clone(),
        email: customer.email.clone(),
        phone: customer.phone.clone(),
        reference: customer.reference.as_str().to_owned(),
        due_cents: facts.due().cents(),
        credit_cents: facts.credit().cents(),
        services: facts.services.iter().map(|service| service.code.to_string()).collect(),
        matched,
    }))
}

/// The customer that `which` names: by the code, else by a whole domain name, e-mail address, tax id, reference or
/// number of a card. Nothing where there is none.
///
/// # Errors
/// Several that it fits, all named; a database that cannot be read.
pub(crate) fn known(store: &Store, which: &str) -> Result<Option<CustomerCode>> {
    let code = CustomerCode::new(which);
    // a record that cannot be read exists all the same
    if !matches!(store.customer(&code), Ok(None)) {
        return Ok(Some(code));
    }
    let wanted = greek_capitals(which.trim());
    if wanted.is_empty() {
        // what is not there is nobody's, though many have no address
        return Ok(None);
    }
    let mut found: Vec<String> = Vec::new();
    store.texts_of_customers(&mut |code, what, text| {
        let is_it = || match what {
            "email" => text.split(';').any(|address| greek_capitals(address.trim()) == wanted),
            _ => comparable(what, text) == comparable(what, &wanted),
        };
        if EXACT.contains(&what) && !found.iter().any(|known| known == code) && is_it() {
            found.push(code.to_owned());
        }
    })?;
    Ok(only(which, "customers", found)?.map(CustomerCode::new))
}

/// The service that `which` names: by its code, else by its whole domain name, else as the only one of the customer whom it
/// names. Nothing where there is none.
///
/// # Errors
/// Several that it fits, all named; a database that cannot be read.
pub(crate) fn known_service(store: &Store, which: &str) -> Result<Option<ServiceCode>> {
    let code = ServiceCode::new(which);
    // a record that cannot be read exists all the same
    if !matches!(store.service(&code), Ok(None)) {
        return Ok(Some(code));
    }
    let wanted = greek_capitals(which.trim());
    let mut found: Vec<String> = Vec::new();
    if !wanted.is_empty() {
        store.domains_of_services(&mut |code, domain| {
            if greek_capitals(domain) == wanted {
                found.push(code.to_owned());
            }
        })?;
    }
    if let (true, Some(customer)) = (found.is_empty(), known(store, which)?) {
        found.extend(store.services_of(&customer)?.0.iter().map(|service| service.code.to_string()));
    }
    Ok(only(which, "services", found)?.map(ServiceCode::new))
}

/// The one that was found, if any.
///
/// # Errors
/// Several, all named.
fn only(which: &str, what: &str, mut found: Vec<String>) -> Result<Option<String>> {
    if found.len() > 1 {
        let text = format!("`{which}` fits several {what}: {}", found.join(", "));
        return Err(Stop::usage(text).hint("name one by its code").into());
    }
    Ok(found.pop())
}

/// A text as it is compared: in capitals without accents, and numbers without what people put between their figures.
fn comparable(what: &str, text: &str) -> String {
    let capitals = greek_capitals(text);
    if ["phone", "reference", "tax_id"].contains(&what) {
        return capitals.chars().filter(|c| c.is_alphanumeric()).collect();
    }
    capitals
}
