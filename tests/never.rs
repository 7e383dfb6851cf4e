//! What must never happen (the last section of `docs/rules.md`), each sentence by itself, looked at in the rows and in what
//! the program prints. None of them repeats the rules: what was true before a command, what is true after it, and the
//! day it was done are all that they know. Whoever drives the program calls [`History::look`] after every command.

use crate::support::books::{Books, Charge, Notice, Payment, Service};
use chrono::{Datelike, Days, NaiveDate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a kind of service is told and when it is acted upon: what the company agreed with its customers.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    pub(crate) before: Vec<u64>,
    pub(crate) on_expiry: bool,
    pub(crate) after: Vec<u64>,
    pub(crate) min_notice: u64,
    pub(crate) final_before: u64,
    pub(crate) terminate_after: Option<u64>,
    /// A reminder before the expiry, but for the last, is not for who was shown the charge within so many days.
    pub(crate) gather: u64,
}

/// One thing that was done: a command, its day, and what its driver knows of it.
pub(crate) struct Moment<'a> {
    pub(crate) day: NaiveDate,
    /// The first word of the command (`import`, `record`, `nightly` …); `on_request` for one customer's card.
    pub(crate) command: &'a str,
    pub(crate) status: i32,
    /// What it printed on stdout, where that is JSON.
    pub(crate) printed: &'a Value,
    pub(crate) ladder: &'a dyn Fn(&Service) -> Ladder,
    pub(crate) live: bool,
    /// A person corrected an expiry or took a renewal back: it may move without money.
    pub(crate) expiry_corrected: bool,
    /// Services whose hooks fail, or failed lately and are not asked again yet.
    pub(crate) failing: &'a BTreeSet<String>,
    /// Whether the mail server took mail today.
    pub(crate) mail_goes: bool,
    /// Whether the day lies before one on which the program worked already.
    pub(crate) clock_back: bool,
    /// Of unmatched payments, who was proposed with 80 points or more.
    pub(crate) candidates: &'a BTreeMap<i64, Vec<String>>,
}

/// What a driver remembers from command to command.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// Of each service, the newest notice there was when something last changed its case.
    changed: BTreeMap<String, i64>,
    /// Of each service, how often that was.
    told_afresh: BTreeMap<String, u32>,
    /// Of what a person undid, the day until which it is left alone.
    left_alone: BTreeMap<String, NaiveDate>,
    /// Of renewals that a person took back, the same.
    not_renewed: BTreeMap<String, NaiveDate>,
}

impl History {
    /// Every sentence that this command broke, in words; none is as it must be.
    pub(crate) fn look(&mut self, before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
        self.remember(before, now, moment);
        let mut broken = Vec::new();
        let mut of = |sentence: &str, found: Vec<String>| {
            broken.extend(found.into_iter().map(|text| format!("{} {sentence}: {text}", moment.day)));
        };
        of("8.1 money", who_could_pay(before, now, moment));
        of("8.1 promise", self.unpromised(before, now, moment));
        of("8.1 protected", protected(before, now, moment));
        of("8.2 cents", cents(now));
        of("8.2 dead", money_on_the_dead(now));
        of("8.2 credit", idle_credit(now, moment));
        of("8.2 named", named_money(before, now, moment));
        of("8.3 renewal", renewed_for_nothing(before, now, moment));
        of("8.3 undone", self.done_again(before, now, moment));
        of("8.4 twice", self.told_twice(now));
        of("8.4 untold", self.untold(now, moment));
        of("8.5 stopped", stopped(&self.left_alone, before, now, moment));
        of("8.8 card", untrue_cards(now, moment));
        broken
    }

    /// Marks what changes a service's case: a hold, an exemption, a cancellation or its withdrawal, what is switched
    /// on again, what is owed again, a renewal taken back, an expiry that a person corrected.
    fn remember(&mut self, before: &Books, now: &Books, moment: &Moment<'_>) {
        for (code, service) in &now.services {
            let Some(was) = before.services.get(code) else { continue };
            let reopened = |books: &Books| {
                let of_service = books.charges.iter().filter(|c| c.service.as_ref() == Some(code));
                of_service.filter_map(|charge| charge.reopened).max()
            };
            let exempt = |books: &Books| books.customers.get(&service.customer).is_some_and(|k| k.exempt);
            let changed = was.hold != service.hold
                || was.renews != service.renews
                || (was.state == "suspended" && service.state == "active")
                || service.expires < was.expires
                || (moment.expiry_corrected && service.expires != was.expires)
                || exempt(before) != exempt(now)
                || reopened(before) != reopened(now);
            if moment.command == "undo" && (was.state != service.state || was.expires != service.expires) {
                self.left_alone.insert(code.clone(), moment.day + Days::new(7));
                if service.expires < was.expires {
                    self.not_renewed.insert(code.clone(), moment.day + Days::new(7));
                }
            }
            if changed {
                self.changed.insert(code.clone(), before.newest_notice());
                *self.told_afresh.entry(code.clone()).or_default() += 1;
            }
        }
    }

    /// A renewal that a person took back is not done again while it is left alone.
    fn done_again(&self, before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
        let alone = |code: &String| self.not_renewed.get(code).is_some_and(|until| *until >= moment.day);
        let night = ["enforce", "nightly"].contains(&moment.command);
        now.services
            .values()
            .filter(|service| night && alone(&service.code))
            .filter(|service| {
                before.services.get(&service.code).is_some_and(|was| was.expires < service.expires)
            })
            .map(|service| format!("{} is renewed until {} again", service.code, service.expires))
            .collect()
    }

    /// 8.1, the other half: whose last accepted notice after the last thing that changed their case did not name a
    /// day that has come.
    fn unpromised(&self, before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for (step, service) in harsh_steps(before, now) {
            let was = &before.services[&service.code];
            let ladder = (moment.ladder)(service);
            let since = self.changed.get(&service.code).copied().unwrap_or(0);
            let mut told: Vec<&Notice> = before
                .notices
                .iter()
                .filter(|n| n.service == service.code && n.from == step.from && n.live && !n.cancelled)
                .filter(|n| n.id > since && n.accepted.is_some())
                .filter(|n| now.notices.iter().any(|known| known.id == n.id && known.accepted.is_some()))
                .collect();
            let what = format!("{} of {}", step.action, service.code);
            let (named, least): (fn(&Notice) -> Option<NaiveDate>, u64) = match step.action.as_str() {
                // the customer's own wish, or a debt given up: it lapses
                "suspend" if !service.renews || given_up(now, service, step.from) => continue,
                "suspend" => {
                    told.retain(|n| {
                        !["suspended", "reinstated", "renewed", "cancelled"].contains(&n.stage.as_str())
                    });
                    (|n| n.suspend_on, ladder.min_notice)
                }
                _ => {
                    told.retain(|n| n.stage == "final" || n.stage == "warning");
                    (|n| n.terminate_on, ladder.final_before)
                }
            };
            match told.last().map(|n| named(n)) {
                None => found.push(format!("{what}: nothing was accepted since its case changed ({told:?})")),
                Some(None) => found.push(format!("{what}: its last notice names no day ({told:?})")),
                Some(Some(day)) if day > moment.day => {
                    found.push(format!("{what}: {day} was named ({told:?})"));
                }
                Some(Some(_)) => {
                    let first = told.iter().filter(|n| named(n).is_some()).filter_map(|n| n.accepted).min();
                    if first.is_none_or(|first| first + Days::new(least) > moment.day) {
                        found.push(format!("{what}: fewer than {least} days after it was told ({told:?})"));
                    }
                }
            }
            if step.action == "terminate"
                && was.state == "suspended"
                && let (Some(days), Some(on)) = (ladder.terminate_after, was.state_on)
                && on + Days::new(days) > moment.day
            {
                found.push(format!("{what}: suspended on {on}, fewer than {days} days ago"));
            }
        }
        found
    }

    /// 8.4: a notice accepted twice by one address, though nothing began anew between.
    fn told_twice(&self, now: &Books) -> Vec<String> {
        let mut times: BTreeMap<(String, String, NaiveDate, String), u32> = BTreeMap::new();
        for notice in now.notices.iter().filter(|n| n.stage != "on_request") {
            for (address, state, _) in notice.deliveries.iter().filter(|(_, state, _)| state == "sent") {
                let mode = if notice.live { "live" } else { "trial" };
                let key = format!("{mode} {} to {address} ({state})", notice.stage);
                *times.entry((notice.service.clone(), key, notice.from, String::new())).or_default() += 1;
            }
        }
        let allowed = |service: &str| 1 + self.told_afresh.get(service).copied().unwrap_or(0);
        times
            .into_iter()
            .filter(|((service, ..), times)| *times > allowed(service))
            .map(|((service, what, from, _), times)| {
                format!("{what} of {service} from {from}: {times} times")
            })
            .collect()
    }

    /// 8.4: due and neither sent, queued nor listed for a person.
    fn untold(&self, now: &Books, moment: &Moment<'_>) -> Vec<String> {
        let ran = ["notify", "nightly"].contains(&moment.command) && [0, 3, 4].contains(&moment.status);
        if !ran || !moment.live || moment.clock_back {
            return Vec::new();
        }
        let listed = now.listed();
        let mut found = Vec::new();
        for service in now.services.values().filter(|s| s.state == "active" && s.is_alive()) {
            let Some(charge) = now.at_expiry(service).filter(|charge| charge.due() > 0) else { continue };
            let Some(stage) = stage_of(service, &(moment.ladder)(service), moment.day) else { continue };
            let since = self.changed.get(&service.code).copied().unwrap_or(0);
            let known = |n: &&Notice| n.service == service.code && n.from == service.expires && n.live;
            let made: Vec<&Notice> = now.notices.iter().filter(known).filter(|n| !n.cancelled).collect();
            // a later stage of the ladder as it was then tells it too; so does a warning since the stage's day, but
            // where nothing of the ladder follows, one of an older case is not enough
            let days = offset(&stage).unwrap();
            let begins = service.expires + chrono::TimeDelta::days(days);
            let ladder = (moment.ladder)(service);
            let follows = ladder.after.iter().any(|after| i64::try_from(*after).unwrap() > days);
            let told = made.iter().any(|n| {
                offset(&n.stage).is_some_and(|told| told >= days)
                    || (n.stage == "warning" && (n.id > since || (follows && n.made_on >= begins)))
            });
            let is_last = ladder.before.iter().all(|before| -i64::try_from(*before).unwrap() <= days);
            let shown = days < 0
                && !is_last
                && ladder.gather > 0
                && now.notices.iter().any(|n| {
                    let speaks_of_all = !["warning", "final"].contains(&n.stage.as_str());
                    let lately = |on: NaiveDate| on + Days::new(ladder.gather) >= begins;
                    n.live && speaks_of_all && n.listed.contains(&charge.id) && n.accepted.is_some_and(lately)
                });
            if !told && !shown && !listed.contains(&service.code) && !listed.contains(&service.customer) {
                found.push(format!("{stage} of {}, {} cents due: {made:?}", service.code, charge.due()));
            }
        }
        found
    }
}

/// Suspensions and terminations that this command did, live.
fn harsh_steps<'a>(
    before: &'a Books,
    now: &'a Books,
) -> impl Iterator<Item = (&'a crate::support::books::Step, &'a Service)> {
    now.steps.iter().filter_map(|step| {
        let done = |books: &Books| books.steps.iter().any(|s| s.id == step.id && s.state == "done");
        let new = step.live
            && ["suspend", "terminate"].contains(&step.action.as_str())
            && done(now)
            && !done(before);
        let known = before.services.contains_key(&step.service);
        (new && known).then(|| (step, &now.services[&step.service]))
    })
}

/// Whether the debt of that period was written off.
fn given_up(books: &Books, service: &Service, from: NaiveDate) -> bool {
    let of_period = |c: &&Charge| c.service.as_ref() == Some(&service.code) && c.from == Some(from);
    books.charges.iter().find(of_period).is_some_and(|charge| charge.written_off.is_some())
}

/// 8.1: somebody suspended or terminated whose credit, or whose unmatched or parked money, covers the debt; or who
/// owes nothing at all.
fn who_could_pay(before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (step, service) in harsh_steps(before, now) {
        if !service.renews {
            continue;
        }
        let what = format!("{} of {}", step.action, service.code);
        // a suspended service that is terminated still owes what it was suspended for
        let due = match now
            .charges
            .iter()
            .find(|c| c.service.as_ref() == Some(&service.code) && c.from == Some(step.from))
        {
            Some(charge) if charge.written_off.is_some() => continue,
            Some(charge) => (charge.gross - charge.paid - charge.taken_off).max(0),
            None => {
                found.push(format!("{what}: there is no debt from {}", step.from));
                continue;
            }
        };
        let credit = now.credit(&service.customer);
        let theirs: i64 = perhaps_theirs(now, &service.customer, moment).map(|p| p.kept).sum();
        if due == 0 {
            found.push(format!("{what}: it is paid"));
        } else if credit + theirs >= due {
            found.push(format!("{what}: {due} due, {credit} credit, {theirs} perhaps theirs"));
        }
    }
    found
}

/// Money that may be a customer's: it lies unmatched or parked, was seen in the last thirty days, was not declared
/// somebody else's, and bears their reference or proposes them.
fn perhaps_theirs<'a>(
    now: &'a Books,
    customer: &'a str,
    moment: &'a Moment<'_>,
) -> impl Iterator<Item = &'a Payment> {
    let reference = letters(&now.customers[customer].reference);
    now.payments.iter().filter(move |payment| {
        let lies = payment.customer.is_none() && payment.reverses.is_none() && payment.same_as.is_none();
        let young = payment.seen.is_some_and(|seen| moment.day < seen + Days::new(30));
        let theirs = payment.likely.as_deref() == Some(customer)
            || letters(&payment.words).contains(&reference)
            || moment.candidates.get(&payment.id).is_some_and(|of| of.iter().any(|one| one == customer));
        lies && young && !payment.disowned && theirs
    })
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

/// What nobody may ever find: a step under a hold, against an exempt customer, against a custom application.
fn protected(before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (step, service) in harsh_steps(before, now) {
        let what = format!("{} of {}", step.action, service.code);
        if service.hold.is_some_and(|until| until >= moment.day) {
            found.push(format!("{what}: on hold until {:?}", service.hold));
        }
        if now.customers[&service.customer].exempt {
            found.push(format!("{what}: {} is exempt", service.customer));
        }
        if service.kind == "custom_app" {
            found.push(format!("{what}: a custom application"));
        }
        let reason = before.services[&service.code].reason.as_deref();
        if step.action == "terminate" && matches!(reason, Some("manual" | "abuse")) {
            found.push(format!("{what}: it was suspended for {reason:?}"));
        }
    }
    found
}

/// 8.2: every payment is spent at most once and on its owner's charges, every charge is paid at most once, settled
/// means covered, and what is nobody's is spent on nothing.
fn cents(now: &Books) -> Vec<String> {
    let mut found = Vec::new();
    for payment in &now.payments {
        let id = payment.id;
        if payment.reverses.is_some() {
            continue;
        }
        if payment.allocated < 0 || payment.left() < 0 || payment.kept < 0 {
            found.push(format!("payment {id}: {} kept, {} spent", payment.kept, payment.allocated));
        }
        if (payment.customer.is_none() || !payment.counts()) && payment.allocated != 0 {
            found.push(format!("payment {id} is nobody's, and {} of it are spent", payment.allocated));
        }
    }
    let charges: BTreeMap<i64, &Charge> = now.charges.iter().map(|charge| (charge.id, charge)).collect();
    let payments: BTreeMap<i64, &Payment> =
        now.payments.iter().map(|payment| (payment.id, payment)).collect();
    for (payment, charge, amount) in &now.allocations {
        if *amount < 0 {
            found.push(format!("{amount} of payment {payment} at charge {charge}"));
        }
        if *amount != 0 && payments[payment].customer.as_deref() != Some(&charges[charge].customer) {
            found.push(format!("payment {payment} pays charge {charge} of somebody else"));
        }
    }
    for charge in now.charges.iter().filter(|charge| charge.source != "adjustment") {
        let covered = charge.paid + charge.taken_off;
        if covered > charge.gross {
            found
                .push(format!("charge {} of {:?}: {covered} of {}", charge.id, charge.service, charge.gross));
        }
        if charge.gross > 0
            && charge.written_off.is_none()
            && charge.settled.is_some() != (covered == charge.gross)
        {
            let settled = charge.settled;
            found.push(format!("charge {}: {covered} of {}, settled {settled:?}", charge.id, charge.gross));
        }
    }
    found
}

/// 8.2, rule 3a: money rests where it cannot pay.
fn money_on_the_dead(now: &Books) -> Vec<String> {
    let mut found = Vec::new();
    for charge in now.charges.iter().filter(|charge| charge.paid > 0 && charge.written_off.is_none()) {
        if charge.paid + charge.taken_off > charge.gross {
            let asked = charge.gross - charge.taken_off;
            found.push(format!("{} cents lie at {:?}, which asks for {asked}", charge.paid, charge.service));
        }
        let (Some(from), Some(service)) =
            (charge.from, charge.service.as_ref().and_then(|s| now.services.get(s)))
        else {
            continue;
        };
        // it was served: the service was renewed for it
        if charge.renewed.is_some() {
            continue;
        }
        let why = if !["active", "suspended"].contains(&service.state.as_str()) {
            format!("it is {}", service.state)
        } else if from != service.expires {
            format!("it expires on {}", service.expires)
        } else if !service.renews && charge.settled.is_none() {
            "it is cancelled".to_owned()
        } else {
            continue;
        };
        found.push(format!("{} cents lie at {} from {from}, and {why}", charge.paid, service.code));
    }
    found
}

/// Rule 3a: money that names services serves them first, and others only once one of them had of it, or none of them
/// can be charged again.
fn named_money(before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let mut found = Vec::new();
    // `record assign … --for any` is a person's word that it may serve others
    if moment.command == "record" {
        return found;
    }
    let service_of =
        |charge: i64| now.charges.iter().find(|c| c.id == charge).and_then(|c| c.service.clone());
    for payment in now.payments.iter().filter(|p| p.counts() && !p.services.is_empty()) {
        let of = |books: &Books| -> BTreeMap<i64, i64> {
            let paid = books.allocations.iter().filter(|(by, ..)| *by == payment.id);
            paid.map(|(_, charge, amount)| (*charge, *amount)).collect()
        };
        let (was, is) = (of(before), of(now));
        let named = |charge: i64| service_of(charge).is_some_and(|code| payment.services.contains(&code));
        let served = was.iter().chain(&is).any(|(charge, amount)| named(*charge) && *amount > 0);
        let waits = |books: &Books| {
            payment.services.iter().any(|code| {
                books.services.get(code).is_some_and(|service| {
                    let given_up = books.at_expiry(service).is_some_and(|c| c.written_off.is_some());
                    service.is_alive() && !given_up
                })
            })
        };
        if served || !waits(before) || !waits(now) {
            continue;
        }
        for (charge, amount) in is.iter().filter(|(charge, amount)| was.get(charge).unwrap_or(&0) < amount) {
            found.push(format!(
                "payment {} names {:?}, and {amount} of it serve {:?}",
                payment.id,
                payment.services,
                service_of(*charge)
            ));
        }
    }
    found
}

/// Rule 3a: who has credit owes nothing, but for money kept for the services it names.
fn idle_credit(now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let decides = ["import", "record", "enforce", "nightly", "undo"].contains(&moment.command);
    if !decides || ![0, 3, 4].contains(&moment.status) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for customer in now.customers.keys() {
        let open: Vec<&Charge> = now.open(customer).collect();
        let of = |code: &String| open.iter().any(|charge| charge.service.as_ref() == Some(code));
        let kept = |payment: &Payment| {
            payment.allocated == 0
                && !payment.services.iter().any(of)
                && payment.services.iter().any(|code| now.services.get(code).is_some_and(Service::is_alive))
        };
        let free: i64 = now.payments_of(customer).filter(|payment| !kept(payment)).map(Payment::left).sum();
        if free > 0 && !open.is_empty() {
            let owed: Vec<_> = open.iter().map(|c| (&c.service, c.from, c.due())).collect();
            found.push(format!("{customer} has {free} credit and owes {owed:?}"));
        }
    }
    found
}

/// 8.3: a service renewed by anything but money or a discount; a date that drifts.
fn renewed_for_nothing(before: &Books, now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (code, service) in &now.services {
        let Some(was) = before.services.get(code) else { continue };
        if was.expires == service.expires || moment.expiry_corrected {
            continue;
        }
        if service.expires < was.expires {
            found.push(format!("{code} expires on {} instead of {}", service.expires, was.expires));
            continue;
        }
        let mut day = was.expires;
        while day < service.expires {
            let of_period = |c: &&Charge| c.service.as_ref() == Some(code) && c.from == Some(day);
            let Some(charge) = now.charges.iter().find(of_period) else {
                found.push(format!("{code} was renewed from {day} without a charge"));
                break;
            };
            let to = charge.to.unwrap_or(day);
            if charge.paid + charge.taken_off < charge.gross || charge.written_off.is_some() {
                found.push(format!("{code} was renewed from {day} for {} of {}", charge.paid, charge.gross));
            }
            let months = (to.year() - day.year()) * 12 + to.month() as i32 - day.month() as i32;
            let known = [was.months, service.months];
            if months < 1 || anchored(day, months, service.anchor) != Some(to) {
                found.push(format!("{code} drifts: from {day} to {to}, its day is {}", service.anchor));
            } else if charge.reopened.is_none()
                && !known.iter().any(|m| i64::from(*m) == i64::from(months))
                && charge.settled == Some(moment.day)
                && before.charges.iter().all(|c| c.id != charge.id)
            {
                found.push(format!("{code}: {months} months, {known:?} agreed"));
            }
            if to <= day {
                break;
            }
            day = to;
        }
        if day > service.expires {
            found.push(format!("{code} expires on {}, not at the end of a period", service.expires));
        }
    }
    found
}

/// The anchor day, or the last one before it, so many months on.
fn anchored(day: NaiveDate, months: i32, anchor: u32) -> Option<NaiveDate> {
    let index = day.year() * 12 + day.month0() as i32 + months;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
    (1..=anchor).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day))
}

/// The ladder's stage that applies on a day.
fn stage_of(service: &Service, ladder: &Ladder, day: NaiveDate) -> Option<String> {
    let told = |days: &&u64| **days <= 15 * u64::from(service.months);
    let before = ladder.before.iter().filter(told).map(|days| format!("before-{days}"));
    let on = ladder.on_expiry.then(|| "expiry".to_owned());
    let after = ladder.after.iter().map(|days| format!("after-{days}"));
    let past = (day - service.expires).num_days();
    before
        .chain(on)
        .chain(after)
        .filter(|stage| offset(stage) <= Some(past))
        .max_by_key(|stage| offset(stage))
}

/// The day of a stage of the ladder, counted from the expiry.
fn offset(stage: &str) -> Option<i64> {
    match stage.split_once('-') {
        Some(("before", days)) => days.parse::<i64>().ok().map(|days| -days),
        Some(("after", days)) => days.parse().ok(),
        _ => (stage == "expiry").then_some(0),
    }
}

/// 8.5: one record, hook, file or address stops the night for others.
fn stopped(
    left_alone: &BTreeMap<String, NaiveDate>,
    before: &Books,
    now: &Books,
    moment: &Moment<'_>,
) -> Vec<String> {
    let mut found = Vec::new();
    let night = ["enforce", "nightly"].contains(&moment.command);
    let allowed: &[i32] = match moment.command {
        "nightly" | "notify" | "on_request" if !moment.mail_goes => &[0, 1, 3, 4],
        "nightly" | "notify" | "enforce" => &[0, 3, 4],
        _ => &[0, 1, 2, 3],
    };
    if !allowed.contains(&moment.status) {
        found.push(format!("{} ended with {}", moment.command, moment.status));
        return found;
    }
    if !night {
        return found;
    }
    let alone = |code: &String| left_alone.get(code).is_some_and(|until| *until >= moment.day);
    for service in now.services.values().filter(|s| !moment.failing.contains(&s.code) && !alone(&s.code)) {
        let settled = now.at_expiry(service).is_some_and(|c| c.settled.is_some() && c.written_off.is_none());
        // what the end of another service freed, after the renewals of this night, renews in the next one
        let freed = before.services.values().any(|other| {
            other.customer == service.customer && other.is_alive() && !now.services[&other.code].is_alive()
        });
        if settled && service.is_alive() && !freed {
            found.push(format!("{} is paid for and was not renewed", service.code));
        }
        // the period it was suspended for was served since (an expiry that a person corrected is none)
        let paid = now.charges.iter().any(|charge| {
            charge.service.as_ref() == Some(&service.code)
                && charge.from.is_some()
                && charge.from == service.suspension_expiry
                && charge.renewed.is_some()
                && charge.settled.is_some()
        });
        if moment.live && paid && service.reason.as_deref() == Some("nonpayment") {
            found.push(format!("{} is paid for and stays suspended", service.code));
        }
    }
    found
}

/// 8.8: what a card of this command says is not what the rows say.
fn untrue_cards(now: &Books, moment: &Moment<'_>) -> Vec<String> {
    let notified = if moment.command == "nightly" { &moment.printed["notify"] } else { moment.printed };
    let Some(messages) = notified["messages"].as_array() else { return Vec::new() };
    if !["notify", "nightly", "on_request"].contains(&moment.command) {
        return Vec::new();
    }
    let day_of = |value: &Value| value.as_str().and_then(|text| text.parse::<NaiveDate>().ok());
    let mut found = Vec::new();
    for message in messages {
        let customer = message["customer"].as_str().unwrap_or_default();
        let lines = message["lines"].as_array().map_or(&[][..], Vec::as_slice);
        let sum: i64 = lines.iter().filter_map(|line| line["due_cents"].as_i64()).sum();
        let total = message["total_cents"].as_i64().unwrap_or(-1);
        let credit = now.credit(customer);
        let named: i64 =
            now.payments_of(customer).filter(|p| !p.services.is_empty()).map(Payment::left).sum();
        if total != (sum - credit).max(0) && total != (sum - (credit - named)).max(0) {
            found.push(format!("{customer}: {total} asked for, {sum} due, {credit} credit"));
        }
        let mut first: Option<NaiveDate> = None;
        let mut of_service: BTreeSet<(String, String)> = BTreeSet::new();
        for line in lines {
            let (code, due) =
                (line["service"].as_str().unwrap_or_default(), line["due_cents"].as_i64().unwrap_or(0));
            let from = line["period_from"].as_str().unwrap_or_default();
            for key in ["suspend_on", "terminate_on", "released_on"] {
                let Some(day) = day_of(&line[key]) else { continue };
                if due > 0 {
                    first = Some(first.map_or(day, |known| known.min(day)));
                }
                if key != "released_on" && day < moment.day {
                    found.push(format!("{customer}: {key} {day} of {code} is past"));
                }
            }
            if due <= 0 || !of_service.insert((code.to_owned(), from.to_owned())) {
                continue;
            }
            if let Some(from) = day_of(&line["period_from"])
                && let Some(charge) =
                    now.charges.iter().find(|c| c.service.as_deref() == Some(code) && c.from == Some(from))
                && charge.gross - charge.paid != due
                && charge.due() != due
            {
                found.push(format!("{customer}: {due} for {code} from {from}, {} are due", charge.due()));
            }
        }
        found
            .extend(deadline(message, first, lines, total, moment).map(|text| format!("{customer}: {text}")));
    }
    found
}

/// The deadline lies before all that is threatened, and is there where anything is to come; what may be paid later has
/// a later day and is a part of the whole.
fn deadline(
    message: &Value,
    first: Option<NaiveDate>,
    lines: &[Value],
    total: i64,
    moment: &Moment<'_>,
) -> Option<String> {
    let day = |key: &str| message[key].as_str().and_then(|text| text.parse::<NaiveDate>().ok());
    let cents = |key: &str| message[key].as_i64().unwrap_or(-1);
    let due = lines.iter().filter(|line| line["due_cents"].as_i64().is_some_and(|due| due > 0));
    let expiries = due.filter_map(|line| line["expires_on"].as_str()?.parse::<NaiveDate>().ok());
    let expiry = expiries.filter(|day| *day >= moment.day).min();
    let (by, now, later) = (day("pay_by"), cents("now_cents"), cents("later_cents"));
    if now + later != total || now < 0 || later < 0 {
        return Some(format!("{now} now and {later} later are not {total}"));
    }
    if day("later_by").is_some() != (later > 0) || day("later_by").is_some_and(|later| Some(later) <= by) {
        return Some(format!("{later} later by {:?}, and now by {by:?}", day("later_by")));
    }
    let Some(by) = by else {
        let threatened = total > 0 && (first.is_some_and(|day| day >= moment.day) || expiry.is_some());
        return threatened.then(|| format!("no deadline for {total}, with {first:?} and {expiry:?} to come"));
    };
    let late = first.is_some_and(|first| first >= moment.day && by >= first && by > moment.day);
    let after_expiry = expiry.is_some_and(|expiry| by > expiry);
    (total == 0 || by < moment.day || late || after_expiry)
        .then(|| format!("pay by {by}, with {first:?} and {expiry:?} to come"))
}
