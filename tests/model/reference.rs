//! The rules once more: money, the ladder, enforcement, written apart from the program, as plainly as possible and
//! without its code. Small companies only: everything is looked at every day.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::{BTreeMap, BTreeSet};

/// What one kind of service is told, and what is done with it.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) before: Vec<u64>,
    pub(super) on_expiry: bool,
    pub(super) after: Vec<u64>,
    pub(super) suspend_after: Option<u64>,
    pub(super) min_notice: u64,
    pub(super) final_before: u64,
    pub(super) terminate_after: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Active,
    /// Since, for non-payment (else for a cancellation), and the expiry it had.
    Suspended(NaiveDate, bool, NaiveDate),
    Terminated,
}

#[derive(Debug, Clone)]
pub(super) struct Charge {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) gross: i64,
    pub(super) created: NaiveDate,
    /// Per payment; discounts stand under the empty name.
    pub(super) paid: BTreeMap<String, i64>,
    pub(super) settled: bool,
    pub(super) reopened: Option<NaiveDate>,
    pub(super) renewed: bool,
}

impl Charge {
    pub(super) fn due(&self) -> i64 {
        if self.settled { 0 } else { self.gross - self.paid.values().sum::<i64>() }
    }
}

/// A notice as it was made and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) from: NaiveDate,
    pub(super) stage: String,
    pub(super) episode: u32,
    pub(super) made: NaiveDate,
    pub(super) accepted: Option<NaiveDate>,
    pub(super) queued: bool,
    pub(super) suspend_on: Option<NaiveDate>,
    pub(super) terminate_on: Option<NaiveDate>,
}

impl Told {
    fn duns(&self) -> bool {
        !["suspended", "final", "terminated", "renewed", "reinstated", "cancelled"]
            .contains(&self.stage.as_str())
    }
}

#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) code: String,
    pub(super) customer: usize,
    pub(super) kind: String,
    pub(super) gross: i64,
    pub(super) months: u32,
    pub(super) anchor: u32,
    pub(super) expires: NaiveDate,
    pub(super) renews: bool,
    /// The day a cancellation was recorded.
    pub(super) cancelled: Option<NaiveDate>,
    pub(super) hold: Option<NaiveDate>,
    /// Counts the events that move what was announced.
    pub(super) episode: u32,
    pub(super) state: State,
    pub(super) charges: Vec<Charge>,
    pub(super) told: Vec<Told>,
}

#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) reference: String,
    pub(super) date: NaiveDate,
    /// What was not taken back.
    pub(super) kept: i64,
    pub(super) services: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Customer {
    pub(super) exempt: bool,
    pub(super) payments: Vec<Payment>,
    /// The last card: its total, and the charges (service, start) it asked for.
    pub(super) last_card: Option<(i64, BTreeSet<(String, NaiveDate)>)>,
}

/// A step: what, with which service, and the start of the period it speaks of.
pub(super) type Step = (&'static str, String, NaiveDate);

/// A notice that is due: service, start of the period, stage, episode, and the day of suspension it must name.
pub(super) type Due = (String, NaiveDate, String, u32, Option<NaiveDate>);

#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) customers: Vec<Customer>,
    pub(super) services: Vec<Service>,
    /// Steps done, with their day and the service's episode.
    pub(super) done: Vec<(Step, NaiveDate, u32)>,
    pub(super) max_actions: usize,
    pub(super) max_terminations: usize,
    pub(super) fresh_on: Option<NaiveDate>,
}

pub(super) fn plus(day: NaiveDate, days: u64) -> NaiveDate {
    day + Days::new(days)
}

/// Orthodox Easter as printed in a calendar.
fn easter(year: i32) -> NaiveDate {
    let (month, day) = match year {
        2023 => (4, 16),
        2024 => (5, 5),
        2025 => (4, 20),
        2026 => (4, 12),
        2027 => (5, 2),
        2028 => (4, 16),
        2029 => (4, 8),
        2030 => (4, 28),
        2031 => (4, 13),
        other => panic!("the calendar has no Easter of {other}"),
    };
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(super) fn is_greek_holiday(day: NaiveDate) -> bool {
    let fixed = [(1, 1), (1, 6), (3, 25), (5, 1), (8, 15), (10, 28), (12, 25), (12, 26)];
    let from_easter = (day - easter(day.year())).num_days();
    fixed.contains(&(day.month(), day.day())) || [-48, -2, 1, 50].contains(&from_easter)
}

/// Monday to Thursday, no holiday, and not between 24 December and 7 January.
pub(super) fn is_working(day: NaiveDate) -> bool {
    let weekday = matches!(day.weekday(), Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu);
    let frozen = (day.month() == 12 && day.day() >= 24) || (day.month() == 1 && day.day() <= 7);
    weekday && !frozen && !is_greek_holiday(day)
}

fn working_from(mut day: NaiveDate) -> NaiveDate {
    while !is_working(day) {
        day = plus(day, 1);
    }
    day
}

pub(super) fn add_months(day: NaiveDate, months: u32, anchor: u32) -> NaiveDate {
    let index = day.year() * 12 + day.month0() as i32 + months as i32;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
    (1..=anchor).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap()
}

impl Service {
    fn chargeable(&self) -> bool {
        self.renews && self.state != State::Terminated
    }

    fn charge_at_expiry(&self) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.from == self.expires)
    }

    fn is_open(&self, charge: &Charge) -> bool {
        let owed = if charge.from < self.expires {
            charge.reopened.is_some() && charge.renewed && self.state != State::Terminated
        } else {
            charge.from == self.expires && self.chargeable()
        };
        owed && charge.due() > 0
    }

    fn open_charge(&self) -> Option<&Charge> {
        self.charge_at_expiry().filter(|charge| self.is_open(charge))
    }

    /// What is asked for, oldest first.
    fn debts(&self) -> Vec<&Charge> {
        let mut debts: Vec<&Charge> = self.charges.iter().filter(|charge| self.is_open(charge)).collect();
        debts.sort_by_key(|charge| charge.from);
        debts
    }

    /// What was told of a period since the last event that moved it.
    fn fresh(&self, from: NaiveDate) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.from == from && told.episode == self.episode)
    }

    fn dunned(&self, from: NaiveDate) -> Vec<&Told> {
        self.fresh(from).filter(|told| told.duns()).collect()
    }

    /// Suspended for a period that nothing is asked for any more.
    fn awaits_reinstatement(&self) -> bool {
        matches!(self.state, State::Suspended(_, true, expiry)
            if self.expires > expiry && self.debts().iter().all(|charge| charge.from != expiry))
    }

    fn after_hold(&self) -> Option<NaiveDate> {
        self.hold.map(|until| working_from(plus(until, 1)))
    }

    fn counted_from(&self, charge: &Charge) -> NaiveDate {
        charge.from.max(charge.created).max(charge.reopened.unwrap_or(charge.created))
    }
}

impl Company {
    fn policy(&self, service: &Service) -> &Policy {
        self.policies.get(&service.kind).unwrap_or(&self.policies["default"])
    }

    fn before(&self, service: &Service) -> Vec<u64> {
        let longest = 15 * u64::from(service.months);
        self.policy(service).before.iter().copied().filter(|days| *days <= longest).collect()
    }

    pub(super) fn left(&self, customer: usize, payment: &Payment) -> i64 {
        let of_customer = self.services.iter().filter(|service| service.customer == customer);
        let spent: i64 = of_customer
            .flat_map(|s| &s.charges)
            .filter_map(|charge| charge.paid.get(&payment.reference))
            .sum();
        payment.kept - spent
    }

    pub(super) fn credit(&self, customer: usize) -> i64 {
        self.customers[customer].payments.iter().map(|payment| self.left(customer, payment)).sum()
    }

    /// The open charges of a customer: (service, charge), earliest first, ties by code.
    fn open(&self, customer: usize) -> Vec<(usize, usize)> {
        let mut open = Vec::new();
        for (at, service) in self.services.iter().enumerate().filter(|(_, s)| s.customer == customer) {
            for (which, charge) in service.charges.iter().enumerate() {
                if service.is_open(charge) {
                    open.push((at, which));
                }
            }
        }
        open.sort_by_key(|(at, which)| {
            (self.services[*at].charges[*which].from, self.services[*at].code.clone())
        });
        open
    }

    /// Charges that are due come to exist, and credit goes to them.
    pub(super) fn bring_up(&mut self, customer: usize, today: NaiveDate) {
        self.release(customer);
        let mut order: Vec<usize> =
            (0..self.services.len()).filter(|at| self.services[*at].customer == customer).collect();
        order.sort_by_key(|at| (self.services[*at].expires, self.services[*at].code.clone()));
        for at in order {
            let service = &self.services[at];
            let horizon = self.before(service).into_iter().max().unwrap_or(0);
            if !service.chargeable()
                || service.expires - Days::new(horizon) > today
                || service.charge_at_expiry().is_some()
            {
                continue;
            }
            let (from, to) = (service.expires, add_months(service.expires, service.months, service.anchor));
            let charge = Charge {
                from,
                to,
                gross: service.gross,
                created: today,
                paid: BTreeMap::new(),
                settled: false,
                reopened: None,
                renewed: false,
            };
            self.services[at].charges.push(charge);
        }
        self.spend_credit(customer);
    }

    /// What was paid for a period that is asked for no longer, and that nothing was given for, is credit.
    fn release(&mut self, customer: usize) {
        for service in self.services.iter_mut().filter(|service| service.customer == customer) {
            let (expires, chargeable) = (service.expires, service.chargeable());
            for charge in service.charges.iter_mut().filter(|charge| !charge.renewed) {
                if !(charge.from == expires && chargeable) {
                    let money = charge.paid.iter().any(|(payment, cents)| !payment.is_empty() && *cents > 0);
                    charge.settled = charge.settled && !money;
                    charge.paid.retain(|payment, _| payment.is_empty());
                }
            }
        }
    }

    /// Whether money waits for the next charge of the services it names.
    fn is_kept(&self, customer: usize, payment: &Payment) -> bool {
        let named = || self.services.iter().filter(|service| payment.services.contains(&service.code));
        let had: i64 =
            named().flat_map(|s| &s.charges).filter_map(|charge| charge.paid.get(&payment.reference)).sum();
        had == 0 && self.left(customer, payment) > 0 && named().any(Service::chargeable)
    }

    /// Whether money that is kept for other services would cover what a service owes.
    fn has_money_kept(&self, service: &Service) -> bool {
        let least = service.debts().iter().map(|charge| charge.due()).min();
        least.is_some_and(|due| self.credit(service.customer) >= due)
    }

    /// What was paid towards services that end tonight is credit in the morning.
    fn covered_tonight(&self, service: &Service, today: NaiveDate) -> bool {
        let freed: i64 = self.ending(service.customer, today).into_iter().map(freed_by).sum();
        let least = service.debts().iter().map(|charge| charge.due()).min();
        freed > 0 && least.is_some_and(|due| self.credit(service.customer) + freed >= due)
    }

    /// Whose data goes tonight: nobody's for a debt that the money of the others covers; who frees least is spared first.
    fn ending(&self, customer: usize, today: NaiveDate) -> Vec<&Service> {
        let may = |other: &&Service| {
            other.customer == customer
                && self.may_terminate(other, today).is_some()
                && !self.has_money_kept(other)
        };
        let mut ending: Vec<&Service> = self.services.iter().filter(may).collect();
        ending.sort_by_key(|service| &service.code);
        loop {
            let money = self.credit(customer) + ending.iter().map(|service| freed_by(service)).sum::<i64>();
            let covered = |service: &Service| {
                let least = service.debts().iter().map(|charge| charge.due()).min();
                least.is_some_and(|due| money >= due + freed_by(service))
            };
            let mut spared: Vec<usize> = (0..ending.len()).filter(|at| covered(ending[*at])).collect();
            spared.sort_by_key(|at| freed_by(ending[*at]));
            let Some(at) = spared.first() else { return ending };
            ending.remove(*at);
        }
    }

    /// Credit goes to whatever is open: named money to its own first, the oldest to the earliest.
    fn spend_credit(&mut self, customer: usize) {
        self.settle(customer);
        let mut payments = self.customers[customer].payments.clone();
        payments.sort_by(|a, b| (a.date, &a.reference).cmp(&(b.date, &b.reference)));
        for named in [true, false] {
            for payment in &payments {
                if self.is_kept(customer, payment) != named {
                    continue;
                }
                for (at, which) in self.open(customer) {
                    if named && !payment.services.contains(&self.services[at].code) {
                        continue;
                    }
                    self.give(customer, payment, at, which);
                }
            }
        }
        self.settle(customer);
    }

    fn give(&mut self, customer: usize, payment: &Payment, at: usize, which: usize) {
        let amount = self.left(customer, payment).min(self.services[at].charges[which].due());
        if amount > 0 {
            *self.services[at].charges[which].paid.entry(payment.reference.clone()).or_default() += amount;
        }
    }

    fn settle(&mut self, customer: usize) {
        for service in self.services.iter_mut().filter(|service| service.customer == customer) {
            for charge in &mut service.charges {
                charge.settled = charge.settled || charge.paid.values().sum::<i64>() >= charge.gross;
            }
        }
    }

    /// Money comes and goes where it belongs.
    pub(super) fn pay(&mut self, customer: usize, payment: &Payment, today: NaiveDate) {
        self.bring_up(customer, today);
        self.customers[customer].payments.push(payment.clone());
        let open = self.open(customer);
        let due = |(at, which): &(usize, usize)| self.services[*at].charges[*which].due();
        let exact: Vec<_> = open.iter().copied().filter(|one| due(one) == payment.kept).collect();
        let subsets: Vec<Vec<(usize, usize)>> = if open.len() <= 12 {
            (1_u32..1 << open.len())
                .map(|mask| {
                    open.iter()
                        .copied()
                        .enumerate()
                        .filter(|(bit, _)| mask >> bit & 1 == 1)
                        .map(|(_, one)| one)
                        .collect()
                })
                .filter(|set: &Vec<_>| set.iter().map(due).sum::<i64>() == payment.kept)
                .collect()
        } else {
            Vec::new()
        };
        let of_card: Option<Vec<_>> =
            self.customers[customer].last_card.as_ref().and_then(|(total, charges)| {
                let told: Vec<_> = open
                    .iter()
                    .copied()
                    .filter(|(at, which)| {
                        let service = &self.services[*at];
                        charges.contains(&(service.code.clone(), service.charges[*which].from))
                    })
                    .collect();
                (*total == payment.kept && told.len() == charges.len() && !told.is_empty()).then_some(told)
            });
        let named: Vec<_> = open
            .iter()
            .copied()
            .filter(|(at, _)| payment.services.contains(&self.services[*at].code))
            .collect();
        let targets = if !named.is_empty() {
            named
        } else if self.is_kept(customer, payment) {
            Vec::new()
        } else if exact.len() == 1 {
            exact
        } else if let Some(told) = of_card {
            told
        } else if subsets.len() == 1 {
            subsets[0].clone()
        } else {
            open
        };
        for (at, which) in targets {
            self.give(customer, payment, at, which);
        }
        self.spend_credit(customer);
    }

    /// Money goes back: first what is left of the payment, then from the charges it went to.
    pub(super) fn take_back(&mut self, customer: usize, reference: &str, amount: i64, today: NaiveDate) {
        let payment =
            self.customers[customer].payments.iter_mut().find(|p| p.reference == reference).unwrap();
        payment.kept -= amount;
        let payment = payment.clone();
        let mut short = -self.left(customer, &payment);
        let mut spent = Vec::new();
        for (at, service) in self.services.iter().enumerate().filter(|(_, s)| s.customer == customer) {
            for (which, charge) in service.charges.iter().enumerate() {
                if charge.paid.get(reference).is_some_and(|paid| *paid > 0) {
                    spent.push((charge.settled, charge.renewed, std::cmp::Reverse(charge.from), at, which));
                }
            }
        }
        spent.sort();
        for (.., at, which) in spent {
            let charge = &mut self.services[at].charges[which];
            let paid = charge.paid.get_mut(reference).unwrap();
            let back = short.min(*paid);
            if back <= 0 {
                continue;
            }
            *paid -= back;
            short -= back;
            if charge.settled && charge.paid.values().sum::<i64>() < charge.gross {
                charge.settled = false;
                charge.reopened = Some(today);
                self.services[at].episode += 1;
            }
        }
        self.spend_credit(customer);
    }

    /// Off the open charge of a service; more than is due is refused.
    pub(super) fn discount(&mut self, at: usize, cents: i64) -> bool {
        let expires = self.services[at].expires;
        let present = self.services[at].open_charge().is_some();
        let service = &self.services[at];
        let which = service
            .charges
            .iter()
            .position(|charge| service.is_open(charge) && (charge.from == expires || !present));
        let Some(which) = which.filter(|which| cents <= self.services[at].charges[*which].due()) else {
            return false;
        };
        *self.services[at].charges[which].paid.entry(String::new()).or_default() += cents;
        let customer = self.services[at].customer;
        self.spend_credit(customer);
        true
    }

    /// What must be done on a day, and what would be but for the guard.
    pub(super) fn plan(&mut self, today: NaiveDate, clock_is_behind: bool) -> (Vec<Step>, Vec<Step>) {
        let mut steps: Vec<Step> = Vec::new();
        for customer in 0..self.customers.len() {
            self.bring_up(customer, today);
            let mut codes: Vec<usize> =
                (0..self.services.len()).filter(|at| self.services[*at].customer == customer).collect();
            codes.sort_by_key(|at| self.services[*at].code.clone());
            for at in codes {
                loop {
                    let service = &mut self.services[at];
                    let expires = service.expires;
                    let gone = service.state == State::Terminated;
                    let settled =
                        service.charges.iter_mut().find(|c| c.from == expires && c.settled && !gone);
                    let Some(charge) = settled else { break };
                    charge.renewed = true;
                    service.expires = charge.to;
                    steps.push(("renew", service.code.clone(), expires));
                    self.bring_up(customer, today);
                }
            }
        }
        let mut guarded: Vec<Step> = Vec::new();
        for service in &self.services {
            if service.awaits_reinstatement()
                && let State::Suspended(_, _, expiry) = service.state
            {
                steps.push(("reinstate", service.code.clone(), expiry));
            }
            if self.has_money_kept(service) {
                continue;
            }
            if let Some(from) =
                self.may_suspend(service, today).filter(|_| !self.covered_tonight(service, today))
            {
                guarded.push(("suspend", service.code.clone(), from));
            }
            let ends = || self.ending(service.customer, today).iter().any(|other| other.code == service.code);
            if let Some(from) = self.may_terminate(service, today).filter(|_| ends()) {
                guarded.push(("terminate", service.code.clone(), from));
            }
        }
        let terminations = guarded.iter().filter(|(what, ..)| *what == "terminate").count();
        let stale = self.fresh_on.is_none_or(|fresh| bank_days(fresh, today) > 2);
        if guarded.len() > self.max_actions
            || terminations > self.max_terminations
            || stale
            || clock_is_behind
        {
            return (steps, guarded);
        }
        steps.extend(guarded);
        (steps, Vec::new())
    }

    fn blocked(&self, service: &Service, today: NaiveDate) -> bool {
        service.hold.is_some_and(|until| until >= today) || self.customers[service.customer].exempt
    }

    /// The period that a service is to be suspended for today.
    fn may_suspend(&self, service: &Service, today: NaiveDate) -> Option<NaiveDate> {
        let policy = self.policy(service);
        let after = policy.suspend_after?;
        if self.blocked(service, today) || service.state != State::Active {
            return None;
        }
        for charge in service.debts() {
            let dunned = service.dunned(charge.from);
            let latest_accepted = dunned.last().is_some_and(|told| told.accepted.is_some());
            let naming: Vec<_> =
                dunned.iter().filter(|told| told.accepted.is_some() && told.suspend_on.is_some()).collect();
            let (Some(promised), Some(first)) = (
                naming.last().and_then(|told| told.suspend_on),
                naming.iter().filter_map(|told| told.accepted).min(),
            ) else {
                continue;
            };
            let promised = service.after_hold().map_or(promised, |day| day.max(promised));
            if latest_accepted
                && is_working(today)
                && today >= plus(service.counted_from(charge), after)
                && today >= promised
                && today >= plus(first, policy.min_notice)
            {
                return Some(charge.from);
            }
        }
        let settled = service.charge_at_expiry().is_some_and(|charge| charge.settled);
        (!service.renews && today >= service.expires && !settled).then_some(service.expires)
    }

    /// The period it is for, and the first day of the planned termination, where one threatens.
    fn termination(&self, service: &Service, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let policy = self.policy(service);
        let after = policy.terminate_after?;
        let (period, from) = match service.state {
            State::Suspended(..) if service.awaits_reinstatement() => return None,
            State::Suspended(on, _, expiry) => (expiry, on),
            State::Active if policy.suspend_after.is_none() => match service.debts().first() {
                Some(charge) if today >= charge.from => (charge.from, service.counted_from(charge)),
                None if !service.renews && today >= service.expires => (service.expires, service.expires),
                _ => return None,
            },
            _ => return None,
        };
        let planned = working_from(plus(from, after));
        let planned = service.after_hold().map_or(planned, |day| day.max(planned));
        // a day that was promised stands
        let named =
            service.fresh(period).filter(|told| told.accepted.is_some()).filter_map(|t| t.terminate_on);
        Some((period, named.max().map_or(planned, |day| day.max(planned))))
    }

    fn may_terminate(&self, service: &Service, today: NaiveDate) -> Option<NaiveDate> {
        let (period, planned) = self.termination(service, today)?;
        let finals = service.fresh(period).filter(|told| told.stage == "final");
        let accepted = finals.filter_map(|told| told.accepted).min()?;
        let day = working_from(planned.max(plus(accepted, self.policy(service).final_before)));
        (today >= day && is_working(today) && !self.blocked(service, today)).then_some(period)
    }

    /// A step was done.
    pub(super) fn apply(&mut self, step: &Step, today: NaiveDate) {
        let service = self.services.iter_mut().find(|service| service.code == step.1).unwrap();
        match step.0 {
            "suspend" => {
                let for_money = service.renews || step.2 < service.expires;
                service.state = State::Suspended(today, for_money, step.2);
            }
            "reinstate" => {
                service.state = State::Active;
                service.episode += 1;
            }
            "terminate" => service.state = State::Terminated,
            _ => {}
        }
        let (episode, customer) = (service.episode, service.customer);
        self.done.push((step.clone(), today, episode));
        if step.0 == "terminate" {
            self.bring_up(customer, today);
        }
    }

    /// Every notice that is due to a customer; what waits in the queue counts as not yet made.
    pub(super) fn due_notices(&mut self, customer: usize, today: NaiveDate) -> Vec<Due> {
        self.bring_up(customer, today);
        let mut due = Vec::new();
        for service in self.services.iter().filter(|service| service.customer == customer) {
            let made = |from: NaiveDate, stage: &str, episode: u32| {
                service.told.iter().any(|told| {
                    !told.queued && told.from == from && told.stage == stage && told.episode == episode
                })
            };
            due.extend(
                self.events(service, today)
                    .into_iter()
                    .filter(|(_, from, stage, episode, _)| !made(*from, stage, *episode)),
            );
            if let Some(recorded) = service.cancelled
                && recorded >= today - Days::new(30)
                && service.state != State::Terminated
                && !service.told.iter().any(|t| !t.queued && t.stage == "cancelled" && t.made >= recorded)
            {
                due.push((
                    service.code.clone(),
                    service.expires,
                    "cancelled".to_owned(),
                    service.episode,
                    None,
                ));
            }
            for charge in service.debts() {
                if let Some((stage, suspend_on)) = self.reminder(service, charge, today) {
                    due.push((service.code.clone(), charge.from, stage, service.episode, suspend_on));
                }
            }
            if let Some((period, planned)) = self.termination(service, today) {
                let begins = planned - Days::new(self.policy(service).final_before);
                if today >= begins
                    && !self.customers[customer].exempt
                    && !made(period, "final", service.episode)
                {
                    due.push((service.code.clone(), period, "final".to_owned(), service.episode, None));
                }
            }
        }
        due
    }

    fn events(&self, service: &Service, today: NaiveDate) -> Vec<Due> {
        let lately = |on: NaiveDate| on >= today - Days::new(30);
        let of_service =
            self.done.iter().filter(|((_, code, _), on, _)| *code == service.code && lately(*on));
        // nobody is thanked for money that went back
        let paid =
            |from: NaiveDate| service.charges.iter().all(|charge| charge.from != from || charge.settled);
        let mut events = Vec::new();
        for ((what, _, from), _, episode) in of_service.clone() {
            let reinstated = || {
                of_service
                    .clone()
                    .any(|((other, _, f), _, later)| *other == "reinstate" && f == from && later > episode)
            };
            let still = match (*what, service.state) {
                ("suspend", State::Suspended(_, _, expiry)) => expiry == *from,
                ("terminate", State::Terminated) => true,
                ("reinstate", State::Active) => paid(*from),
                ("renew", State::Suspended(_, true, expiry)) => {
                    expiry != *from && paid(*from) && !reinstated()
                }
                ("renew", _) => paid(*from) && !reinstated(),
                _ => false,
            };
            let stage = match *what {
                "suspend" => "suspended",
                "terminate" => "terminated",
                "reinstate" => "reinstated",
                _ => "renewed",
            };
            if still {
                events.push((service.code.clone(), *from, stage.to_owned(), *episode, None));
            }
        }
        events.dedup();
        events
    }

    fn reminder(
        &self,
        service: &Service,
        charge: &Charge,
        today: NaiveDate,
    ) -> Option<(String, Option<NaiveDate>)> {
        let policy = self.policy(service);
        let from = charge.from;
        let mut stages: Vec<(NaiveDate, String)> = Vec::new();
        let mut counted = from;
        if let (true, Some(reopened)) = (charge.renewed, charge.reopened) {
            // renewed with money that went back: it begins anew
            counted = service.counted_from(charge);
            stages.push((reopened, "reopened".to_owned()));
        } else {
            let before = self.before(service).into_iter();
            stages.extend(before.map(|n| (from - Days::new(n), format!("before-{n}"))));
            stages.extend(policy.on_expiry.then(|| (from, "expiry".to_owned())));
        }
        stages.extend(policy.after.iter().map(|n| (plus(counted, *n), format!("after-{n}"))));
        stages.sort();
        let day_of = |told: &Told| match told.stage.as_str() {
            "warning" => Some(told.made),
            stage => stages.iter().find(|(_, known)| known == stage).map(|(day, _)| *day),
        };
        let since = |told: &Told| {
            charge
                .reopened
                .is_none_or(|day| told.made > day || told.made == day && told.episode == service.episode)
        };
        let active = service.state == State::Active;
        if let Some((day, stage)) = stages.iter().rfind(|(day, _)| *day <= today) {
            // a later one that was told (by a clock that ran ahead) supersedes it
            let told = service
                .told
                .iter()
                .any(|told| !told.queued && told.from == from && since(told) && day_of(told) >= Some(*day));
            if !told && (active || stage == "reopened") {
                return Some((stage.clone(), self.announced(service, charge, today)));
            }
        }
        // nothing that counts names the day, and nothing that is left could
        let fresh: Vec<&Told> = service.dunned(from).into_iter().filter(|told| !told.queued).collect();
        let promised = fresh.iter().any(|told| told.accepted.is_some() && told.suspend_on.is_some());
        let unheard = fresh.last().is_some_and(|told| told.accepted.is_none());
        if promised || unheard || fresh.iter().any(|told| told.stage == "warning") || !active {
            return None;
        }
        let day = self.announced(service, charge, today)?;
        let usual = working_from(plus(service.counted_from(charge), policy.suspend_after?));
        let usual = service.after_hold().map_or(usual, |hold| hold.max(usual));
        let left = stages.iter().any(|(at, _)| today < *at && *at <= usual - Days::new(policy.min_notice));
        let due = !left && today >= usual - Days::new(policy.min_notice.max(7));
        due.then(|| ("warning".to_owned(), Some(day)))
    }

    /// The day of suspension that a card of today names.
    fn announced(&self, service: &Service, charge: &Charge, today: NaiveDate) -> Option<NaiveDate> {
        let policy = self.policy(service);
        let after = policy.suspend_after?;
        if self.customers[service.customer].exempt {
            return None;
        }
        if service.state != State::Active {
            return None;
        }
        let accepted: Vec<_> = service
            .dunned(charge.from)
            .into_iter()
            .filter(|told| told.accepted.is_some() && told.suspend_on.is_some())
            .collect();
        let promised = accepted.last().and_then(|told| told.suspend_on).unwrap_or_else(|| {
            working_from(plus(service.counted_from(charge), after).max(plus(today, policy.min_notice)))
        });
        let day = service.after_hold().map_or(promised, |hold| hold.max(promised));
        if today <= day {
            return Some(day);
        }
        let first = accepted.iter().filter_map(|told| told.accepted).min().unwrap_or(today);
        Some(working_from(plus(first, policy.min_notice).max(plus(today, 1))))
    }
}

/// Working days of banks after `from`, up to and with `to`.
fn bank_days(from: NaiveDate, to: NaiveDate) -> usize {
    let days = (to - from).num_days().max(0);
    (1..=days.unsigned_abs())
        .map(|n| plus(from, n))
        .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_greek_holiday(*day))
        .count()
}

/// What was paid with money towards periods of a service that it was not renewed for.
fn freed_by(service: &Service) -> i64 {
    let money = service.charges.iter().filter(|charge| !charge.renewed).flat_map(|charge| &charge.paid);
    money.filter(|(payment, _)| !payment.is_empty()).map(|(_, cents)| *cents).sum()
}
