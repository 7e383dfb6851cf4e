//! `check --send-to`: one real message of each stage, for somebody who does not exist, to an address of one's own.

use crate::billing::facts::Letter;
use crate::billing::notice::Stage;
use crate::billing::sample;
use crate::jobs::Desk;
use crate::jobs::notify::render::{Header, Renderer};
use crate::mail::compose::address_of;
use crate::mail::{Handover, Outcome, Transport};
use anyhow::{Context, Result, bail};

/// Sends a message of each stage; gives how many went.
///
/// # Errors
/// An address that is none; a card that cannot be drawn; a mail server that does not take one.
pub fn send(desk: &Desk, address: &str) -> Result<usize> {
    let address = crate::billing::address::check(address).map_err(anyhow::Error::msg)?;
    let renderer = Renderer::open(desk)?;
    let mut transport = Transport::new(&desk.config.smtp.settings()?);
    let mail = &desk.config.mail;
    let domain = address_of(&mail.from).rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let to = [address.clone()];
    for stage in Stage::EACH {
        let card = sample::card(stage, &desk.rules, &desk.issuer, mail.language, desk.today);
        let letter = Letter { card, notices: Vec::new(), charges: Vec::new() };
        let message_id = format!("<sample-{stage}-{}@{domain}>", desk.now.timestamp());
        let header = Header { to: &to, cc: &[], message_id: &message_id, follows: None };
        let finished =
            renderer.finish(desk, &letter, &header).with_context(|| format!("the sample of `{stage}`"))?;
        let handover = Handover {
            from: &mail.envelope_from,
            to: &address,
            message_id: &message_id,
            bytes: &finished.bytes,
        };
        match transport.deliver(&handover, &mut || Ok(()))? {
            Outcome::Sent(_) => {}
            Outcome::Deferred(why)
            | Outcome::Refused(why)
            | Outcome::Uncertain(why)
            | Outcome::Unavailable(why) => {
                bail!("the sample of `{stage}` did not reach {address}: {}", why.reply);
            }
        }
    }
    Ok(Stage::EACH.len())
}
