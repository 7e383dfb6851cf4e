//! The digest of a night, mailed to accounting. It is no notice: it is sent once, by the run it speaks of, and
//! what it says stands in `status` too.

use crate::billing::money::Money;
use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::mail::compose::{TextParts, address_of, compose_text};
use crate::mail::{Handover, Outcome, Transport};
use crate::store::{Filter, Run, Store};
use crate::views::NightlyView;
use crate::views::digest::{Digest, FailedNight};
use crate::views::status::InvoiceRow;
use anyhow::Result;

/// A digest as it is sent.
pub struct Said<'a> {
    /// Subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// A workbook with its name.
    pub workbook: Option<(&'a str, Vec<u8>)>,
}

/// Mails what a night did to `mail.accounting` (in a trial, to its recipient); of a night without news only where it is
/// wanted, and once a day. Gives the addresses that could not be reached, with the reason.
///
/// # Errors
/// An address that cannot stand in a header, a configuration that names no way for mail to leave.
pub(crate) fn send<'a>(
    desk: &Desk,
    store: &Store,
    run: Run,
    view: &NightlyView,
    said: impl FnOnce(&Digest<'_>, &[InvoiceRow]) -> Result<Said<'a>>,
) -> Result<Vec<String>> {
    if !has_news(view) && (!desk.config.mail.digest_always || store.had_night(desk.today, run)?) {
        return Ok(Vec::new());
    }
    let open = store.list_open(&Filter::default(), desk.today)?.rows;
    let unpaid: Vec<_> = open.into_iter().filter(|line| line.is_overdue(desk.today)).collect();
    let to_invoice = store.to_invoice()?;
    let digest = Digest {
        night: view,
        overdue: unpaid.iter().map(|charge| Money::from_cents(charge.due_cents)).sum(),
        overdue_charges: unpaid.len(),
        to_invoice: to_invoice.len(),
    };
    mailed(desk, &run.id.0.to_string(), said(&digest, &to_invoice)?)
}

/// Mails that a night failed, and why.
///
/// # Errors
/// As [`send`].
pub(crate) fn send_failure(
    desk: &Desk,
    why: &str,
    said: impl FnOnce(&FailedNight<'_>) -> Said<'static>,
) -> Result<Vec<String>> {
    let night = FailedNight { on: desk.today, why };
    mailed(desk, &desk.now.timestamp().to_string(), said(&night))
}

fn mailed(desk: &Desk, which: &str, said: Said<'_>) -> Result<Vec<String>> {
    let mail = &desk.config.mail;
    let trial = desk.rules.mode == Mode::Trial;
    let (to, subject) = if trial {
        (desk.config.rollout.trial_recipient.iter().cloned().collect(), format!("[TRIAL] {}", said.subject))
    } else {
        (mail.accounting.clone(), said.subject)
    };
    if to.is_empty() || mail.accounting.is_empty() {
        return Ok(Vec::new());
    }
    let domain = address_of(&mail.from).rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let message_id = format!("<digest-{}-{}-{}@{domain}>", desk.today, which, desk.rules.mode.code());
    let bytes = compose_text(&TextParts {
        from: &mail.from,
        reply_to: mail.reply_to.as_deref(),
        to: &to,
        message_id: &message_id,
        date: desk.now.fixed_offset(),
        subject: &subject,
        text: &said.text,
        html: &said.html,
        workbook: said.workbook.as_ref().map(|(name, bytes)| (*name, bytes.as_slice())),
    })?;
    let mut transport = Transport::new(&desk.config.smtp.settings()?);
    let mut unreached = Vec::new();
    for address in &to {
        let to = address_of(address);
        let handover = Handover { from: &mail.envelope_from, to, message_id: &message_id, bytes: &bytes };
        let why = match transport.deliver(&handover, &mut || Ok(()))? {
            Outcome::Sent(_) => continue,
            Outcome::Deferred(why)
            | Outcome::Refused(why)
            | Outcome::Uncertain(why)
            | Outcome::Unavailable(why) => why,
        };
        unreached.push(format!("{to}: {}", why.reply));
    }
    Ok(unreached)
}

/// Whether anything happened that accounting would want to know.
fn has_news(view: &NightlyView) -> bool {
    let enforced = &view.enforce;
    let imported = view.imports.iter().any(|import| import.created + import.changed + import.rejected > 0);
    imported
        || !enforced.actions.is_empty()
        || enforced.guard.is_some()
        || !view.notify.messages.is_empty()
        || !view.attention.is_empty()
        || !view.faults.is_empty()
}
