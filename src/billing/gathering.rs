//! Less mail: a reminder counts as told where a card that was accepted shortly before listed the charge already.

use super::deadlines::Case;
use super::episode::Episode;
use super::facts::Facts;
use super::notice::{Notice, Stage};
use super::period::days_before;
use super::policy::Rules;
use chrono::NaiveDate;

/// Whether a stage whose day has come need not be told: a card accepted within [`Rules::gather_days`] before that day, or
/// since, listed the charge with its dates. Only reminders before the expiry are gathered, and of those never the last.
#[must_use]
pub(super) fn is_gathered(facts: &Facts, case: &Case<'_>, rules: &Rules, stage: Stage) -> bool {
    let (Stage::Before(days), Some(charge)) = (stage, case.charge) else { return false };
    let is_last =
        rules.policies.of(case.service).notice_days_before.iter().min().is_none_or(|last| days <= *last);
    if rules.gather_days == 0 || is_last {
        return false;
    }
    // every card lists all that is open, and names the dates of the episode that was under way
    let lists_it = |made_on: NaiveDate| {
        let in_episode = case.service.episode == Episode::FIRST
            || facts.fresh_dunning(case).any(|notice| notice.made_on <= made_on);
        in_episode && charge.created_on <= made_on && charge.reopened_on.is_none()
    };
    let since = days_before(case.from, days.saturating_add(rules.gather_days));
    // what a person told by telephone, a warning or a last notice, listed nothing
    let has_card = |notice: &&Notice| !matches!(notice.key.stage, Stage::Warning | Stage::Final);
    facts
        .notices
        .iter()
        .filter(has_card)
        .any(|notice| notice.accepted_on().is_some_and(|on| on >= since) && lists_it(notice.made_on))
}
