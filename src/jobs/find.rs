//! Finding a customer by whatever somebody remembers of them, and knowing the one that is meant.

use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::sought::{self, KnownBy, Sought};
use crate::error::Stop;
use crate::jobs::Desk;
use crate::store::Store;
use crate::views::find::{FindView, FoundView, WordView};
use anyhow::Result;
use std::collections::BTreeMap;

/// Who was found, by what, and how many more were.
type Found = (BTreeMap<String, KnownBy>, usize);

/// So many customers are shown at most.
const MOST: usize = 50;

/// The customers of whom each of the words is in something: names and domain names, addresses, phones, tax ids,
/// references, codes, numbers of cards and invoices, and payers. Accents and all other marks, case and the final sigma count
/// for nothing.
///
/// # Errors
/// No words; a database that cannot be read.
pub(crate) fn find(desk: &Desk, store: &Store, words: &[String]) -> Result<FindView> {
    let typed: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let words: Vec<Sought> = typed.iter().map(|word| Sought::of(word)).collect();
    if words.is_empty() {
        return Err(Stop::usage("say what to look for: a few letters of it are enough").into());
    }
    let (mut found, mut left_off) = Found::default();
    let halves = everybody(store, &|(found, left_off): &mut Found, code, texts| {
        let Some(what) = sought::met(&words, texts) else { return };
        found.insert(code.to_owned(), what);
        if found.len() > MOST {
            found.pop_last();
            *left_off += 1;
        }
    })?;
    for (some, left) in halves {
        found.extend(some);
        left_off += left;
    }
    while found.len() > MOST {
        found.pop_last();
        left_off += 1;
    }
    let mut customers = Vec::new();
    for (code, matched) in found {
        customers.extend(shown(desk, store, &CustomerCode::new(code), matched)?);
    }
    let alone = customers.is_empty() && typed.len() > 1;
    let words = if alone { each_alone(store, &typed, &words)? } else { Vec::new() };
    Ok(FindView { customers, left_off, words })
}

/// How many customers each word fits.
fn each_alone(store: &Store, typed: &[&str], words: &[Sought]) -> Result<Vec<WordView>> {
    let halves = everybody(store, &|counts: &mut Vec<usize>, _, texts| {
        counts.resize(words.len(), 0);
        for (count, word) in counts.iter_mut().zip(words) {
            *count += usize::from(word.place_in(texts).is_some());
        }
    })?;
    let count = |at: usize| halves.iter().filter_map(|counts| counts.get(at)).sum();
    let word = |(at, word): (usize, &&str)| WordView { word: (*word).to_owned(), customers: count(at) };
    Ok(typed.iter().enumerate().map(word).collect())
}

/// Shows everybody to `see`, each with all that they can be found by, and gives what it gathered: where they are many, two
/// threads look, each through one half.
///
/// # Errors
/// Where the database cannot be read.
fn everybody<T: Default + Send>(store: &Store, see: &(impl Fn(&mut T, &str, &str) + Sync)) -> Result<Vec<T>> {
    let look = |store: &Store, after: &str, up_to: Option<&str>| -> Result<T> {
        let mut gathered = T::default();
        store.known_between(after, up_to, &mut |code, texts| see(&mut gathered, code, texts))?;
        Ok(gathered)
    };
    let half = store.half_way()?;
    let (Some(half), Some(beside)) = (&half, store.beside()?) else {
        return Ok(vec![look(store, "", None)?]);
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(move || look(&beside, half, None));
        let first = look(store, "", Some(half))?;
        let second = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(vec![first, second])
    })
}

fn shown(desk: &Desk, store: &Store, code: &CustomerCode, matched: KnownBy) -> Result<Option<FoundView>> {
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
    let mut found = Vec::new();
    for code in resembling(store, which)? {
        let mut is_it = false;
        store.known_by(&code, &mut |what, text| {
            // of several addresses each is one
            is_it |= what.is_exact() && text.split(';').any(|one| sought::is_same(what, one, which));
        })?;
        found.extend(is_it.then(|| code.to_string()));
    }
    Ok(only(which, "customers", found)?.map(CustomerCode::new))
}

/// Those whom `which` names exactly but for marks on its letters.
fn resembling(store: &Store, which: &str) -> Result<Vec<CustomerCode>> {
    let wanted = Sought::of(which.trim());
    let halves = everybody(store, &|found: &mut Vec<CustomerCode>, code, texts| {
        if wanted.is_exactly_in(texts) {
            found.push(CustomerCode::new(code));
        }
    })?;
    let mut found = halves.concat();
    found.sort();
    Ok(found)
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
    let mut found = Vec::new();
    for customer in resembling(store, which)? {
        store.domain_names_of(&customer, &mut |code, domain_name| {
            if sought::is_same(KnownBy::DomainName, domain_name, which) {
                found.push(code.to_owned());
            }
        })?;
    }
    found.sort();
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
