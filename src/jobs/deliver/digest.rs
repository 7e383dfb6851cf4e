//! The digest of a night, mailed to accounting. It is no notice: it is sent once, by the run it speaks of, and
//! what it says stands in `status` too.

use crate::billing::policy::Mode;
use crate::jobs::Desk;
use crate::mail::compose::{TextParts, address_of, compose_text};
use crate::mail::{Handover, Outcome, Transport};
use crate::store::Run;
use anyhow::Result;

/// Mails a digest to `mail.accounting` (in a trial, to its recipient); gives the addresses that could not be
/// reached, with the reason.
///
/// # Errors
/// An address that cannot stand in a header, a configuration that names no way for mail to leave.
pub fn send(desk: &Desk, run: Run, subject: &str, text: &str) -> Result<Vec<String>> {
    let mail = &desk.config.mail;
    let trial = desk.rules.mode == Mode::Trial;
    let (to, subject) = if trial {
        (desk.config.rollout.trial_recipient.iter().cloned().collect(), format!("[TRIAL] {subject}"))
    } else {
        (mail.accounting.clone(), subject.to_owned())
    };
    if to.is_empty() || mail.accounting.is_empty() {
        return Ok(Vec::new());
    }
    let domain = address_of(&mail.from).rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let message_id = format!("<digest-{}-{}-{}@{domain}>", desk.today, run.id.0, desk.rules.mode.code());
    let bytes = compose_text(&TextParts {
        from: &mail.from,
        reply_to: mail.reply_to.as_deref(),
        to: &to,
        message_id: &message_id,
        date: desk.now.fixed_offset(),
        subject: &subject,
        text,
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
