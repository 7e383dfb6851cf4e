//! The look before a delivery is handed over: is it still owed, and is the address still the customer's?

use crate::billing::charging::bring_up_to_date;
use crate::billing::ids::CustomerCode;
use crate::billing::notice::Stage;
use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::jobs::notify::{self, Wanted};
use crate::store::{Claimed, Read, StoreError, Waiting};

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It is true and owed: it goes.
    Owed,
    /// It is not, for this reason: it is withdrawn.
    Over(&'static str),
    /// It waits for the next run, which makes it anew, for this reason.
    Anew(&'static str),
}

/// Looks at a delivery again, with the customer's facts of this moment.
///
/// # Errors
/// Where the database cannot be read; a record that cannot be read withdraws the delivery.
pub(super) fn look(desk: &Desk, store: &Read, claimed: &Claimed) -> Result<Look, StoreError> {
    let Some(message) = store.message_again(claimed.message)? else {
        return Ok(Look::Over("its message is gone"));
    };
    // what somebody asked for is never withdrawn, only made anew
    let over = |why| if message.asked.is_some() { Look::Anew(why) } else { Look::Over(why) };
    if message.mode != desk.rules.mode.code() {
        let why = "it was made in the other mode";
        return Ok(if desk.rules.mode == Mode::Live { Look::Over(why) } else { over(why) });
    }
    let why = match differs(desk, store, claimed, &message) {
        Err(fault) if fault.is_data() => Some("the customer is held back: a record cannot be read"),
        other => other?,
    };
    Ok(why.map_or(Look::Owed, over))
}

/// Why what would be told now is not what the message tells, to this address; none where it is.
fn differs(
    desk: &Desk,
    store: &Read,
    claimed: &Claimed,
    message: &Waiting,
) -> Result<Option<&'static str>, StoreError> {
    let code = CustomerCode::new(claimed.customer.clone());
    let Some(mut facts) = store.facts(&code, desk.rules.mode, desk.today)? else {
        return Ok(Some("the customer is gone"));
    };
    if !notify::addresses(desk, &facts).0.contains(&(claimed.address.clone(), claimed.role)) {
        return Ok(Some("the address is no longer the customer's"));
    }
    notify::without_waiting(&mut facts, std::slice::from_ref(message));
    // what another address was told with this message still binds us, and is yet to be told to this one
    for notice in &mut facts.notices {
        if message.keys.contains(&notice.key.to_string()) {
            notice.key.stage = Stage::OnRequest;
        }
    }
    let wanted = Wanted::again(message, false).unwrap_or_default();
    bring_up_to_date(&mut facts, &desk.rules, desk.today, wanted.until);
    let Some(letter) = notify::decide(desk, &facts, &wanted).letter else {
        return Ok(Some("nothing is to be told any more"));
    };
    let keys = notify::keys_of(&letter);
    let told = if message.is_whole() {
        keys == message.keys
    } else {
        message.keys.iter().all(|key| keys.contains(key))
    };
    let same = told && letter.card.fingerprint() == message.fingerprint;
    Ok((!same).then_some("the facts have changed since it was made"))
}
