//! `find`: a line for each customer.

use crate::billing::money::Money;
use crate::export::{List, table};
use crate::views::find::FindView;

/// The customers as a list.
#[must_use]
pub(crate) fn list(view: &FindView) -> List {
    let head = ["customer", "name", "found by", "phone", "e-mail", "reference", "due", "credit", "services"];
    List::of(&head, &view.customers, |found| {
        vec![
            (&found.customer).into(),
            (&found.name).into(),
            (&found.matched).into(),
            found.phone.clone().into(),
            found.email.join(", ").into(),
            (&found.reference).into(),
            Money::from_cents(found.due_cents).into(),
            Money::from_cents(found.credit_cents).into(),
            found.services.join(", ").into(),
        ]
    })
}

/// The list, and how many more there are.
#[must_use]
pub(crate) fn text(view: &FindView) -> String {
    if view.customers.is_empty() {
        return "nobody was found; a few letters of a name, domain name, e-mail, ΑΦΜ, phone or card are enough\n".to_owned();
    }
    let more = match view.left_off {
        0 => String::new(),
        more => format!("and {more} more; say another word of it\n"),
    };
    format!("{}{more}", table(&list(view)))
}
