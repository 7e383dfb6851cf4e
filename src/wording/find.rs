//! `find`: a line for each customer.

use super::speech::{heads, say, table, word};
use crate::billing::money::Money;
use crate::export::{List, code};
use crate::views::find::FindView;

/// The customers as a list.
#[must_use]
pub(crate) fn list(view: &FindView) -> List {
    let head =
        heads(&["customer", "name", "found_by", "phone", "email", "reference", "due", "credit", "services"]);
    List::of(head, &view.customers, |found| {
        vec![
            code(&found.customer),
            (&found.name).into(),
            word("matched", found.matched.code()).into(),
            found.phone.clone().into(),
            found.email.join(", ").into(),
            code(&found.reference),
            Money::from_cents(found.due_cents).into(),
            Money::from_cents(found.credit_cents).into(),
            found.services.join(", ").into(),
        ]
    })
    .sparing(&[8, 4, 7, 5])
}

/// The list, and how many more there are.
#[must_use]
pub(crate) fn text(view: &FindView) -> String {
    if view.customers.is_empty() {
        let words =
            view.words.iter().map(|one| say!("find.each", word = one.word, count = one.customers) + "\n");
        return say!("find.nobody") + "\n" + &words.collect::<String>();
    }
    let more = match view.left_off {
        0 => String::new(),
        count => say!("find.more", count) + "\n",
    };
    format!("{}{more}", table(&list(view)))
}
