//! Finding a customer by whatever somebody remembers of them, and knowing the one that is meant.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::text::{bare_capitals, greek_capitals};
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
/// references, codes, numbers of cards and invoices, and payers. Accents and all other marks, case and the final sigma count
/// for nothing.
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
    let sought: Vec<Sought> = words.iter().map(|word| Sought::of(word, bare_capitals)).collect();
    let mut comparable = String::new();
    store.texts_of_customers(&mut |code, what, text| {
        compare_as(what, text, bare_capitals, &mut comparable);
        for (at, word) in sought.iter().enumerate() {
            if word.is_in(what, &comparable) {
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
    // another domain name may differ by a mark that is none of Greek's
    let wanted = Sought::of(which.trim(), greek_capitals);
    if wanted.text.is_empty() {
        // what is not there is nobody's, though many have no address
        return Ok(None);
    }
    let mut found: Vec<String> = Vec::new();
    let mut comparable = String::new();
    store.texts_of_customers(&mut |code, what, text| {
        let mut is_it = || {
            // of the others each is one
            text.split(|c| c == ';' && what == "email").any(|text| {
                compare_as(what, text.trim(), greek_capitals, &mut comparable);
                wanted.is(what, &comparable)
            })
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
    let wanted = Sought::of(which.trim(), greek_capitals);
    let (mut found, mut comparable) = (Vec::new(), String::new());
    if !wanted.text.is_empty() {
        store.domains_of_services(&mut |code, domain| {
            compare_as("domain_name", domain, greek_capitals, &mut comparable);
            if wanted.is("domain_name", &comparable) {
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

/// A word that is looked for, as the texts are compared with it.
struct Sought {
    text: String,
    /// Among numbers.
    number: String,
}

impl Sought {
    fn of(word: &str, capitals: fn(&str) -> String) -> Self {
        let (mut text, mut number) = (String::new(), String::new());
        compare_as("name", word, capitals, &mut text);
        compare_as("phone", word, capitals, &mut number);
        Self { text, number }
    }

    fn is_in(&self, what: &str, comparable: &str) -> bool {
        let word = self.among(what);
        // of a dash nothing is left among figures
        !word.is_empty() && comparable.contains(word)
    }

    fn is(&self, what: &str, comparable: &str) -> bool {
        let word = self.among(what);
        !word.is_empty() && word == comparable
    }

    fn among(&self, what: &str) -> &str {
        if is_number(what) { &self.number } else { &self.text }
    }
}

fn is_number(what: &str) -> bool {
    ["phone", "reference", "tax_id"].contains(&what)
}

/// Puts into `comparable` how a text is compared: in capitals, and numbers without what people put between their figures.
/// Most texts are codes and addresses, and a million of them are gone through.
fn compare_as(what: &str, text: &str, capitals: fn(&str) -> String, comparable: &mut String) {
    comparable.clear();
    if text.is_ascii() {
        comparable.push_str(text);
        comparable.make_ascii_uppercase();
    } else {
        comparable.push_str(&capitals(text));
    }
    if is_number(what) {
        comparable.retain(char::is_alphanumeric);
    }
}
