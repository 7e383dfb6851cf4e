//! What will come of a customer if nobody pays and every message arrives: the real core, run over the
//! coming days. And, of a service that nothing comes of, what it lacks.

use super::action::Action;
use super::asked::Fault;
use super::because::Because;
use super::charge::ChargeSource;
use super::enforcement::{self, Step};
use super::facts::Facts;
use super::ids::ServiceCode;
use super::issuer::Issuer;
use super::letters;
use super::money::Money;
use super::notice::{Notice, NoticeFate, NoticeKey};
use super::period::days_after;
use super::policy::{Mode, Rules};
use super::service::{Service, ServiceKind, ServiceState, SuspensionReason};
use chrono::NaiveDate;

/// One thing to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coming {
    /// A message that tells these notices and asks for this much.
    Message {
        /// What it tells.
        notices: Vec<NoticeKey>,
        /// The amount to pay.
        total_due: Money,
    },
    /// A step.
    Step(Step),
}

/// Where one customer stands before the next night.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// Their facts, without the messages that may still be made anew: the next night does.
    pub facts: Facts,
    /// The next night.
    pub from: NaiveDate,
    /// The day from which it is no longer a trial, and the facts as they are in live.
    pub live: Option<(NaiveDate, Facts)>,
}

/// Everything that comes in the next `days` nights, in their order.
#[must_use]
pub fn forecast(outlook: &Outlook, rules: &Rules, issuer: &Issuer, days: u32) -> Vec<(NaiveDate, Coming)> {
    let Outlook { facts, from, live } = outlook;
    let mut facts = facts.clone();
    let mut rules = rules.clone();
    arrive(&mut facts.notices, *from);
    let mut coming = Vec::new();
    for offset in 0..days {
        let day = days_after(*from, offset);
        if let Some((_, afresh)) = live.as_ref().filter(|(on, _)| rules.mode == Mode::Trial && *on <= day) {
            // what was told in the trial does not count, nor is what was done in it news
            rules.mode = Mode::Live;
            facts.notices.clone_from(&afresh.notices);
            facts.steps.clone_from(&afresh.steps);
            facts.last_card.clone_from(&afresh.last_card);
            arrive(&mut facts.notices, day);
        }
        let night = enforcement::decide(&mut facts, &rules, day);
        for step in night.steps {
            if let Some(change) = enforcement::done(&step, &facts, day) {
                facts.apply(&change);
            }
            coming.push((day, Coming::Step(step)));
        }
        let Some(letter) = letters::decide(&facts, &rules, issuer, day, None).letter else { continue };
        let notices = letter.notices.iter().map(|notice| notice.key.clone()).collect();
        facts.notices.extend(letter.notices);
        arrive(&mut facts.notices, day);
        coming.push((day, Coming::Message { notices, total_due: letter.card.total_due }));
        // settled charges are nobody's concern any more; without this a year of months would pile up
        facts.charges.retain(|charge| {
            charge.settled_on.is_none()
                || !matches!(charge.source, ChargeSource::OneOff | ChargeSource::Adjustment)
        });
    }
    coming
}

/// What waits is handed over, and accepted, on `day`.
fn arrive(notices: &mut [Notice], day: NaiveDate) {
    for notice in notices.iter_mut().filter(|notice| notice.fate == NoticeFate::Queued) {
        notice.fate = NoticeFate::Accepted(day);
    }
}

/// What keeps anything from coming of a service, and who must do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// Its record has a fault.
    Fault(Fault),
    /// It is gone.
    Terminated,
    /// It is out of everything.
    Ended,
    /// Nobody but a person writes of it.
    CustomApp,
    /// A person switched it off.
    ByHand(SuspensionReason),
    /// The customer is exempt.
    Exempt,
    /// There is no address.
    Address,
    /// The latest notice did not arrive.
    Unheard(NoticeFate),
    /// A step is withheld for this reason.
    Withheld(Action, Because),
    /// It is a trial: nothing is done.
    Trial,
    /// Its kind has no further step.
    NoStep,
}

/// Why nothing comes of a service, as far as can be said of one of which [`forecast`] shows nothing.
#[must_use]
pub fn lack(facts: &Facts, rules: &Rules, service: &Service, today: NaiveDate) -> Lack {
    match service.state {
        ServiceState::Terminated { .. } => return Lack::Terminated,
        ServiceState::Ended { .. } => return Lack::Ended,
        ServiceState::Suspended {
            reason: reason @ (SuspensionReason::Manual | SuspensionReason::Abuse),
            ..
        } => {
            return Lack::ByHand(reason);
        }
        ServiceState::Active | ServiceState::Suspended { .. } => {}
    }
    if service.kind == ServiceKind::CustomApp {
        return Lack::CustomApp;
    }
    if let Some(fault) = facts.fault(service, rules) {
        return Lack::Fault(fault);
    }
    if !facts.customer.enforcement {
        return Lack::Exempt;
    }
    if facts.customer.email.is_empty() {
        return Lack::Address;
    }
    if let Some((_, fate)) = letters::unheard(facts).into_iter().find(|(code, _)| *code == service.code) {
        return Lack::Unheard(fate);
    }
    let mut tonight = facts.clone();
    let night = enforcement::decide(&mut tonight, rules, today);
    let withheld = |code: &ServiceCode| night.withheld.iter().find(|step| step.service == *code).cloned();
    let nothing = if rules.mode == Mode::Trial { Lack::Trial } else { Lack::NoStep };
    withheld(&service.code).map_or(nothing, |step| Lack::Withheld(step.action, step.because))
}
