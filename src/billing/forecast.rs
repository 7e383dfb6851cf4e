//! What will come of a customer if nobody pays and every message arrives: the real core, run over the
//! coming days.

use super::charge::ChargeSource;
use super::enforcement::{self, Step};
use super::facts::Facts;
use super::letters::{self, Issuer};
use super::money::Money;
use super::notice::{NoticeFate, NoticeKey};
use super::period::days_after;
use super::policy::Rules;
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

/// Everything that comes from `from` on, `days` long, in the order of the nights.
#[must_use]
pub fn forecast(
    facts: &Facts,
    rules: &Rules,
    issuer: &Issuer,
    from: NaiveDate,
    days: u32,
) -> Vec<(NaiveDate, Coming)> {
    let mut facts = facts.clone();
    let mut coming = Vec::new();
    for offset in 0..days {
        let day = days_after(from, offset);
        let night = enforcement::decide(&mut facts, rules, day);
        for step in night.steps {
            if let Some(change) = enforcement::done(&step, &facts, day) {
                facts.apply(&change);
            }
            coming.push((day, Coming::Step(step)));
        }
        let Some(letter) = letters::decide(&facts, rules, issuer, day, None).letter else { continue };
        let notices = letter.notices.iter().map(|notice| notice.key.clone()).collect();
        facts.notices.extend(letter.notices.into_iter().map(|mut notice| {
            notice.fate = NoticeFate::Accepted(day);
            notice
        }));
        coming.push((day, Coming::Message { notices, total_due: letter.card.total_due }));
        // settled charges are nobody's concern any more; without this a year of months would pile up
        facts.charges.retain(|charge| {
            charge.settled_on.is_none()
                || !matches!(charge.source, ChargeSource::OneOff | ChargeSource::Adjustment)
        });
    }
    coming
}
