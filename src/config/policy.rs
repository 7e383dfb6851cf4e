//! `[policy.…]` and `[calendar]`: the ladders and the days on which they are climbed.

use super::section::Section;
use crate::billing::calendar::{Calendar, Freeze};
use crate::billing::policy::{Policies, Policy, ascii_name};
use crate::billing::service::ServiceKind;
use chrono::Weekday;

/// Where nothing is set: enough time for a bank transfer.
const MIN_NOTICE_DAYS: u32 = 5;
const FINAL_NOTICE_DAYS_BEFORE: u32 = 7;

pub(super) fn policies(section: &Section<'_>) -> Policies {
    let unset = Policy {
        min_notice_days: MIN_NOTICE_DAYS,
        final_notice_days_before: FINAL_NOTICE_DAYS_BEFORE,
        ..Policy::default()
    };
    let default = section.section("default");
    // a section that is there says all there is; without one the documented ladder stands
    let unset = if default.exists() { unset } else { documented() };
    let mut policies = Policies { default: policy(&default, &unset), ..Policies::default() };
    default.finish();
    for (name, child) in section.children() {
        if name == "default" {
            continue;
        }
        let Some(kind) = ServiceKind::from_code(&name) else {
            let kinds = ServiceKind::ALL.map(ServiceKind::code).join(", ");
            let at = format!("`policy.{name}` is not a kind of service");
            child.fault("", at, Some(&format!("one of {kinds}")));
            continue;
        };
        let of_kind = policy(&child, &policies.default);
        let tlds = child.section("tld");
        if tlds.exists() && kind != ServiceKind::Domain {
            child.fault(
                "tld",
                format!("`policy.{name}.tld` has no meaning"),
                Some("only domain names have a top-level domain"),
            );
        }
        for (tld, section) in tlds.children() {
            policies.by_tld.insert(ascii_name(&tld), policy(&section, &of_kind));
            section.finish();
        }
        policies.by_kind.insert(kind, of_kind);
        child.finish();
    }
    policies
}

/// The ladder of a configuration without `[policy.default]`: the one in konet-billing.toml.example.
fn documented() -> Policy {
    Policy {
        notice_days_before: vec![30, 15, 7, 1],
        notice_on_expiry: true,
        notice_days_after: vec![1, 5],
        suspend_after_days: Some(7),
        min_notice_days: MIN_NOTICE_DAYS,
        final_notice_days_before: FINAL_NOTICE_DAYS_BEFORE,
        terminate_after_days: Some(30),
        ..Policy::default()
    }
}

fn policy(section: &Section<'_>, inherited: &Policy) -> Policy {
    let mut policy = inherited.clone();
    if let Some(mut days) = section.days_list("notice_days_before") {
        days.sort_unstable_by(|a, b| b.cmp(a));
        check_days(section, "notice_days_before", &days);
        policy.notice_days_before = days;
    }
    if let Some(flag) = section.flag("notice_on_expiry") {
        policy.notice_on_expiry = flag;
    }
    if let Some(mut days) = section.days_list("notice_days_after") {
        days.sort_unstable();
        check_days(section, "notice_days_after", &days);
        policy.notice_days_after = days;
    }
    if let Some(days) = section.days_or_never("suspend_after_days") {
        policy.suspend_after_days = days;
    }
    if let Some(days) = section.number("min_notice_days", 365) {
        policy.min_notice_days = days;
    }
    if let Some(days) = section.number("final_notice_days_before", 365) {
        policy.final_notice_days_before = days;
    }
    if let Some(days) = section.days_or_never("terminate_after_days") {
        policy.terminate_after_days = days;
    }
    if let Some(months) = section.number("term_months", 120) {
        policy.term_months = (months > 0).then_some(months);
    }
    if let Some(days) = section.number("quarantine_days", 365) {
        policy.quarantine_days = Some(days);
    }
    check_policy(section, &policy);
    policy
}

fn check_days(section: &Section<'_>, key: &'static str, days: &[u32]) {
    let path = section.path(key);
    if days.contains(&0) {
        let hint = "the day of expiry itself is `notice_on_expiry = true`";
        section.fault(key, format!("`{path}` holds 0"), Some(hint));
    }
    if days.windows(2).any(|pair| pair[0] == pair[1]) {
        section.fault(key, format!("`{path}` holds the same day twice"), Some("write each day once"));
    }
}

fn check_policy(section: &Section<'_>, policy: &Policy) {
    let name = &section.name;
    let told = !policy.notice_days_before.is_empty()
        || policy.notice_on_expiry
        || !policy.notice_days_after.is_empty();
    if policy.suspend_after_days.is_some() && !told {
        let hint = "suspension needs an accepted notice first; set `notice_days_before`, or `suspend_after_days = \"never\"`";
        section.fault(
            "suspend_after_days",
            format!("`{name}` suspends without ever giving notice"),
            Some(hint),
        );
    }
    if let Some(after) = policy.terminate_after_days {
        if policy.final_notice_days_before == 0 {
            let hint = "the customer must be told before the data goes; set at least 1";
            section.fault(
                "final_notice_days_before",
                format!("`{name}` terminates without a final notice"),
                Some(hint),
            );
        }
        if policy.final_notice_days_before > after {
            let hint =
                "the final notice would be due before the step it follows; raise `terminate_after_days`";
            let text = format!(
                "`{name}`: `final_notice_days_before` ({}) is more than `terminate_after_days` ({after})",
                policy.final_notice_days_before
            );
            section.fault("final_notice_days_before", text, Some(hint));
        }
    }
}

pub(super) fn calendar(section: &Section<'_>) -> Calendar {
    let mut calendar = Calendar::default();
    if let Some(days) = section.texts("enforce_on") {
        calendar.enforce_on = days.iter().filter_map(|day| weekday(section, day)).collect();
        if calendar.enforce_on.is_empty() {
            let hint = "to stop enforcement for a while use `guard.stop_file`";
            section.fault("enforce_on", "`calendar.enforce_on` names no weekday", Some(hint));
            calendar.enforce_on = Calendar::default().enforce_on;
        }
    }
    if let Some(word) = section.text("holidays") {
        match word.as_str() {
            "greek" => calendar.greek_holidays = true,
            "none" => calendar.greek_holidays = false,
            _ => section.fault(
                "holidays",
                format!("`calendar.holidays` is `{word}`"),
                Some("\"greek\" or \"none\""),
            ),
        }
    }
    calendar.extra_holidays = section.dates("extra_holidays").unwrap_or_default().into_iter().collect();
    for freeze in section.list_of_sections("freezes") {
        let (from, to) = (month_day(&freeze, "from"), month_day(&freeze, "to"));
        freeze.finish();
        if let (Some(from), Some(to)) = (from, to) {
            calendar.freezes.push(Freeze { from, to });
        }
    }
    let somewhere = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    if calendar.working_day_from(somewhere) == chrono::NaiveDate::MAX {
        section.fault("freezes", "the calendar leaves no day for enforcement", Some("shorten the freezes"));
        calendar.freezes.clear();
    }
    section.finish();
    calendar
}

fn weekday(section: &Section<'_>, day: &str) -> Option<Weekday> {
    let parsed = day.parse().ok();
    if parsed.is_none() {
        let hint = "mon, tue, wed, thu, fri, sat, sun";
        section.fault("enforce_on", format!("`{day}` is not a weekday"), Some(hint));
    }
    parsed
}

/// `"12-24"` as (12, 24); a day that some year has.
fn month_day(section: &Section<'_>, key: &'static str) -> Option<(u32, u32)> {
    let text = section.needed_text(key, "a day of the year such as \"12-24\"");
    let parsed = text.split_once('-').and_then(|(month, day)| {
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        chrono::NaiveDate::from_ymd_opt(2024, month, day).map(|_| (month, day))
    });
    if parsed.is_none() && !text.is_empty() {
        section.fault(
            key,
            format!("`{text}` is not a day of the year"),
            Some("month-day, such as \"12-24\""),
        );
    }
    parsed
}
