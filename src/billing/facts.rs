//! What deciding knows about one customer, and the changes it makes to it.
//!
//! A decision is a list of [`Change`]s. Applying them to [`Facts`] gives tomorrow's facts, which is
//! how a dry run, the calendar and the tests walk the same road as the store.

use super::action::Action;
use super::card::BillingCard;
use super::charge::{Charge, Received};
use super::customer::Customer;
use super::episode::Episode;
use super::ids::{CardNumber, ChargeId, PaymentId, ServiceCode};
use super::money::Money;
use super::notice::{Notice, Subject};
use super::period::BillingPeriod;
use super::service::{Service, ServiceState};
use chrono::NaiveDate;

/// A payment of the customer with money left, or with money on a charge that it may leave again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The store's number.
    pub id: PaymentId,
    /// Day of the payment.
    pub date: NaiveDate,
    /// The bank's reference; second key of the order.
    pub bank_ref: String,
    /// What was paid.
    pub amount: Money,
    /// What has been allocated to charges already.
    pub allocated: Money,
    /// Services it names: it is theirs before it may serve others.
    pub services: Vec<ServiceCode>,
    /// What of it went to charges of the services it names.
    pub for_named: Money,
}

impl Payment {
    /// What is left of it: credit.
    #[must_use]
    pub fn left(&self) -> Money {
        self.amount - self.allocated
    }
}

/// What a charge was paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaidBy {
    /// Money.
    Payment(PaymentId),
    /// A discount or write-off.
    Adjustment(ChargeId),
}

/// The sum of what one payment or adjustment gave to one of the charges here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// To which charge.
    pub charge: ChargeId,
    /// Of what.
    pub by: PaidBy,
    /// How much; positive.
    pub amount: Money,
}

/// Money that nobody owns yet and that is probably this customer's: unmatched, parked, or ahead of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyMoney {
    /// The payment.
    pub id: PaymentId,
    /// What came.
    pub amount: Money,
    /// The last day on which it keeps steps from being taken; then a person has had thirty days.
    pub protects_until: NaiveDate,
}

/// The card the customer was last sent (or that is queued), in this mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCard {
    /// Its number.
    pub number: CardNumber,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Fingerprint of its content ([`BillingCard::fingerprint`]).
    pub fingerprint: String,
    /// The amount it asked for.
    pub total_due: Money,
    /// The charges it asked for.
    pub charges: Vec<ChargeId>,
}

/// A step that was done not long ago: its notice may still be owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDone {
    /// The service.
    pub service: ServiceCode,
    /// What was done.
    pub action: Action,
    /// The period it belongs to.
    pub period: BillingPeriod,
    /// The as-of day.
    pub on: NaiveDate,
    /// The service's episode; a reinstatement is the first of its own.
    pub episode: Episode,
    /// A renewal in our books that its registry has still to do.
    pub awaits_hook: bool,
}

/// A renewal that a person took back: its service is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// The service.
    pub service: ServiceCode,
    /// The last day on which it is not renewed, whatever its expiry is by then.
    pub until: NaiveDate,
}

/// Everything about one customer that deciding looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The customer.
    pub customer: Customer,
    /// All their services, ended ones left out.
    pub services: Vec<Service>,
    /// Open charges with what was taken off them, and settled period charges not yet renewed.
    pub charges: Vec<Charge>,
    /// Payments with money left or with money on the charges here, oldest first (date, then bank reference).
    pub payments: Vec<Payment>,
    /// What the charges here were paid with.
    pub allocations: Vec<Allocation>,
    /// Money of nobody that is probably theirs.
    pub likely: Vec<LikelyMoney>,
    /// Notices of this mode that were made for the services' present periods and for what is open, oldest first;
    /// those that only addresses got which are no longer the customer's, and sent back, are left out.
    pub notices: Vec<Notice>,
    /// Steps of this mode done in the last [`STEPS_REMEMBERED_DAYS`] days.
    pub steps: Vec<StepDone>,
    /// Payments for what those steps renewed or switched on again.
    pub received: Vec<Received>,
    /// Renewals that a person took back.
    pub left_alone: Vec<LeftAlone>,
    /// The last card of this mode.
    pub last_card: Option<LastCard>,
    /// Services with a data fault that a person must mend (code), with the reason.
    pub faults: Vec<(ServiceCode, String)>,
}

/// How long a step waits for its notice before it is no longer news.
pub const STEPS_REMEMBERED_DAYS: u32 = 30;

/// One thing that changes. New charges carry negative numbers until the store gives them theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A charge comes to exist.
    Charged(Charge),
    /// An open charge gets another price, before its first notice was accepted.
    Repriced(Charge),
    /// Money of a payment goes to a charge.
    Allocated {
        /// From.
        payment: PaymentId,
        /// To.
        charge: ChargeId,
        /// How much.
        amount: Money,
    },
    /// An adjustment (discount, write-off) goes to a charge, as a payment would.
    Adjusted {
        /// The adjustment.
        adjustment: ChargeId,
        /// To.
        charge: ChargeId,
        /// How much; positive.
        amount: Money,
    },
    /// A charge is settled.
    Settled {
        /// Which.
        charge: ChargeId,
        /// The as-of day.
        on: NaiveDate,
    },
    /// A charge is no longer asked for (cancelled, ended, corrected): what was paid for it becomes credit.
    Released {
        /// Which.
        charge: ChargeId,
    },
    /// A person gave the debt up.
    WrittenOff {
        /// Which.
        charge: ChargeId,
        /// The as-of day.
        on: NaiveDate,
    },
    /// A settled charge is no longer covered: money was taken back.
    Reopened {
        /// Which.
        charge: ChargeId,
        /// The as-of day.
        on: NaiveDate,
    },
    /// A settled charge moves its service's expiry.
    Renewed {
        /// Which service.
        service: ServiceCode,
        /// The period settled; its end is the new expiry.
        period: BillingPeriod,
        /// The as-of day.
        on: NaiveDate,
    },
    /// A service's state changes, as the result of a step.
    StateChanged {
        /// Which service.
        service: ServiceCode,
        /// The step.
        action: Action,
        /// The period it belongs to.
        period: BillingPeriod,
        /// The new state.
        state: ServiceState,
        /// The as-of day.
        on: NaiveDate,
    },
}

impl Facts {
    /// A customer with these services, of whom nothing else is known.
    #[must_use]
    pub const fn new(customer: Customer, services: Vec<Service>) -> Self {
        Self {
            customer,
            services,
            charges: Vec::new(),
            payments: Vec::new(),
            allocations: Vec::new(),
            likely: Vec::new(),
            notices: Vec::new(),
            steps: Vec::new(),
            received: Vec::new(),
            left_alone: Vec::new(),
            last_card: None,
            faults: Vec::new(),
        }
    }

    /// The service of this code.
    #[must_use]
    pub fn service(&self, code: &ServiceCode) -> Option<&Service> {
        self.services.iter().find(|service| service.code == *code)
    }

    /// Money left over from payments.
    #[must_use]
    pub fn credit(&self) -> Money {
        self.payments.iter().map(Payment::left).sum()
    }

    /// The charge of the period that begins at the service's expiry, settled or not.
    #[must_use]
    pub fn period_charge(&self, service: &Service) -> Option<&Charge> {
        self.charges.iter().find(|charge| {
            charge.service.as_ref() == Some(&service.code)
                && charge.period().is_some_and(|period| period.from == service.expires_on)
        })
    }

    fn pays(&mut self, charge: ChargeId, by: PaidBy, amount: Money) {
        match self.allocations.iter_mut().find(|known| known.charge == charge && known.by == by) {
            Some(known) => known.amount += amount,
            None => self.allocations.push(Allocation { charge, by, amount }),
        }
        self.allocations.retain(|known| !known.amount.is_zero());
    }

    /// A number for a charge that the store does not know yet.
    #[must_use]
    pub fn next_temporary_id(&self) -> ChargeId {
        ChargeId(self.charges.iter().map(|charge| charge.id.0).min().unwrap_or(0).min(0) - 1)
    }

    /// Makes `change` true of these facts.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Charged(charge) => self.charges.push(charge.clone()),
            Change::Repriced(new) => {
                if let Some(old) = self.charge_mut(new.id) {
                    *old = new.clone();
                }
            }
            Change::Allocated { payment, charge, amount } => self.allocate(*payment, *charge, *amount),
            Change::Adjusted { adjustment, charge, amount } => {
                self.pays(*charge, PaidBy::Adjustment(*adjustment), *amount);
                for (id, paid) in [(adjustment, -*amount), (charge, *amount)] {
                    if let Some(charge) = self.charge_mut(*id) {
                        charge.paid += paid;
                    }
                }
            }
            Change::Settled { charge, on } => {
                if let Some(charge) = self.charge_mut(*charge) {
                    charge.settled_on = Some(*on);
                }
            }
            Change::Released { charge } => {
                if let Some(charge) = self.charge_mut(*charge) {
                    charge.settled_on = None;
                }
            }
            Change::WrittenOff { charge, on } => {
                if let Some(charge) = self.charge_mut(*charge) {
                    charge.written_off_on = Some(*on);
                }
            }
            Change::Reopened { charge, on } => self.reopen(*charge, *on),
            Change::Renewed { service, period, on } => self.renew(service, *period, *on),
            Change::StateChanged { service: code, action, period, state, on } => {
                if let Some(service) = self.service_mut(code) {
                    service.state = *state;
                    if *action == Action::Reinstate {
                        service.episode = service.episode.next();
                    }
                }
                self.step_done(code, *action, *period, *on);
            }
        }
    }

    fn charge_mut(&mut self, id: ChargeId) -> Option<&mut Charge> {
        self.charges.iter_mut().find(|charge| charge.id == id)
    }

    fn service_mut(&mut self, code: &ServiceCode) -> Option<&mut Service> {
        self.services.iter_mut().find(|service| service.code == *code)
    }

    fn allocate(&mut self, payment: PaymentId, charge: ChargeId, amount: Money) {
        let of = self.charge_mut(charge).and_then(|known| {
            known.paid += amount;
            known.service.clone()
        });
        if let Some(payment) = self.payments.iter_mut().find(|known| known.id == payment) {
            payment.allocated += amount;
            if of.is_some_and(|of| payment.services.contains(&of)) {
                payment.for_named += amount;
            }
        }
        self.pays(charge, PaidBy::Payment(payment), amount);
    }

    fn reopen(&mut self, id: ChargeId, on: NaiveDate) {
        let Some(charge) = self.charge_mut(id) else { return };
        charge.settled_on = None;
        charge.reopened_on = Some(on);
        // what was told of it was told of a debt that had been paid since
        let of_period = charge.period().is_some();
        let code = charge.service.clone().filter(|_| of_period);
        self.notices.retain(|notice| notice.key.subject != Subject::Charge(id));
        if let Some(service) = code.and_then(|code| self.service_mut(&code)) {
            service.episode = service.episode.next();
        }
    }

    fn renew(&mut self, code: &ServiceCode, period: BillingPeriod, on: NaiveDate) {
        if let Some(service) = self.service_mut(code) {
            service.expires_on = period.to;
        }
        let is_it =
            |charge: &&mut Charge| charge.service.as_ref() == Some(code) && charge.period() == Some(period);
        if let Some(charge) = self.charges.iter_mut().find(is_it) {
            charge.renewed_on = Some(on);
        }
        self.step_done(code, Action::Renew, period, on);
    }

    fn step_done(&mut self, code: &ServiceCode, action: Action, period: BillingPeriod, on: NaiveDate) {
        let episode = self.service(code).map_or(Episode::FIRST, |service| service.episode);
        self.steps.push(StepDone { service: code.clone(), action, period, on, episode, awaits_hook: false });
    }
}

/// One message to one customer, decided but not yet drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The card it carries.
    pub card: BillingCard,
    /// The notices it tells, with the days each names.
    pub notices: Vec<Notice>,
    /// The charges the card asks for.
    pub charges: Vec<ChargeId>,
}
