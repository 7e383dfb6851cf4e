//! `render-card`

use super::{Session, taken_away};
use crate::billing::card::CardStatus;
use crate::billing::charging::bring_up_to_date;
use crate::billing::facts::Letter;
use crate::billing::ids::CustomerCode;
use crate::billing::letters;
use crate::cli::{Format, Global, RenderCardArgs};
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::notify::render::{Header, Renderer};
use crate::jobs::{Desk, find};
use crate::mail::parts::Parts;
use crate::store::Store;
use anyhow::{Context, Result, bail};
use std::io::IsTerminal;

pub(super) fn run(global: &Global, args: &RenderCardArgs) -> Result<ExitStatus> {
    // it records nothing, so any day may be looked at
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let desk = &session.desk;
    let bytes = drawn(desk, &store, args)?;
    if args.output.is_none() && args.format == Format::Pdf && std::io::stdout().is_terminal() {
        bail!("a PDF cannot be shown on a terminal; name a file with -o, or use --format text")
    }
    taken_away::written(&desk.report, args.output.as_deref(), &bytes)?;
    Ok(ExitStatus::Done)
}

fn drawn(desk: &Desk, store: &Store, args: &RenderCardArgs) -> Result<Vec<u8>> {
    if let Some(bytes) = store.bytes_of_card(&args.which)? {
        return sent(bytes, args.format);
    }
    if store.customer_of_card(&args.which)?.is_some() {
        bail!("the message of card `{}` was pruned; its charges are still in the database", args.which);
    }
    let code = find::known(store, &args.which)?.unwrap_or_else(|| CustomerCode::new(args.which.clone()));
    let Some(mut facts) = store.facts(&code, desk.rules.mode, desk.today)? else {
        return Err(Stop::unknown(format!("there is no customer and no card `{}`", args.which)).into());
    };
    if args.as_sent {
        let Some(last) = &facts.last_card else { bail!("no card was ever sent to `{code}`") };
        let Some(bytes) = store.bytes_of_card(last.number.as_str())? else {
            bail!("the message of card `{}` was pruned", last.number)
        };
        return sent(bytes, args.format);
    }
    bring_up_to_date(&mut facts, &desk.rules, desk.today, None);
    let mut card = letters::preview(&facts, &desk.rules, &desk.issuer, desk.today);
    if let Some(last) = facts.last_card.as_ref().filter(|last| last.fingerprint == card.fingerprint())
        && let Some(bytes) = store.bytes_of_card(last.number.as_str())?
    {
        // what would be sent today is what was sent already
        return sent(bytes, args.format);
    }
    // what would be sent today may also tell news
    if let Some(letter) = letters::decide(&facts, &desk.rules, &desk.issuer, desk.today, None).letter {
        card = letter.card;
    }
    card.status = CardStatus::Preview;
    let renderer = Renderer::open(desk)?;
    let to = facts.customer.email.clone();
    let letter = Letter { card, notices: Vec::new(), charges: Vec::new() };
    if args.format == Format::Eml {
        if to.is_empty() {
            bail!("`{code}` has no e-mail address, so there is no e-mail to show; try --format pdf");
        }
        // it is never sent, and no Message-ID of one that is
        let header =
            Header { to: &to, cc: &facts.customer.cc, message_id: "<preview@localhost>", follows: None };
        return Ok(renderer.finish(desk, &letter, &header)?.bytes);
    }
    let drawn = renderer.draw(&letter.card)?;
    Ok(match args.format {
        Format::Pdf => drawn.pdf,
        Format::Html => drawn.letter.html.into_bytes(),
        Format::Text => drawn.letter.text.into_bytes(),
        Format::Eml => Vec::new(),
    })
}

/// A part of the message as it was sent.
fn sent(bytes: Vec<u8>, format: Format) -> Result<Vec<u8>> {
    if format == Format::Eml {
        return Ok(bytes);
    }
    let parts = Parts::of(&bytes).context("the stored message cannot be read")?;
    Ok(match format {
        Format::Pdf => parts.pdf,
        Format::Html => parts.html.into_bytes(),
        Format::Text | Format::Eml => parts.text.into_bytes(),
    })
}
