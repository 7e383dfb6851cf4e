//! What needs a person, as data. `wording/finding.rs` says each in words, with what can be done about it.

use crate::billing::action::Action;
use crate::billing::because::NotTold;
use crate::billing::coded::coded;
use crate::billing::ids::{CustomerCode, PaymentId, ServiceCode};
use crate::billing::money::Money;
use crate::billing::registry::Concern;
use chrono::NaiveDate;

coded! {
    /// The kinds of things that need a person.
    pub enum Kind {
        /// A customer with something to be told and no address.
        NoEmail = "no_email",
        /// A card that cannot be drawn or composed.
        Card = "card",
        /// A record that cannot be used.
        Data = "data",
        /// A customer for whom the program or the database failed.
        HeldBack = "held_back",
        /// More messages on one day than any customer should get.
        TooMany = "too_many",
        /// A payment that no customer was found for.
        Unmatched = "unmatched",
        /// Something in a bank's statement: money taken back, balances that do not add up.
        Statement = "statement",
        /// Money for a service that no longer exists, or that nothing can be paid with.
        LateMoney = "late_money",
        /// A step that waits because money is there that would cover the debt.
        PaymentPending = "payment_pending",
        /// A delivery refused for good.
        Failed = "failed",
        /// A delivery that perhaps arrived.
        Uncertain = "uncertain",
        /// A message that came back: somebody must call.
        Bounced = "bounced",
        /// A service of which nothing comes, for its last notice came back.
        Unheard = "unheard",
        /// A hook that failed at the panel.
        Hook = "hook",
        /// A domain name's term or quarantine at its registry.
        Registry = "registry",
        /// An import that disputes what the program owns.
        Conflict = "conflict",
        /// A file of the inbox that could not be read whole.
        Inbox = "inbox",
        /// A database that was restored from a backup.
        Restored = "restored",
    }
}

/// One thing that needs a person, with its figures. A `why` is a fault in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    NoAddress {
        customer: CustomerCode,
    },
    NoCard {
        customer: CustomerCode,
        why: String,
    },
    ServiceHeldBack {
        customer: CustomerCode,
        service: ServiceCode,
        because: NotTold,
    },
    RecordUnreadable {
        customer: CustomerCode,
        why: String,
    },
    CustomerFailed {
        customer: CustomerCode,
        why: String,
    },
    TooManyMessages {
        customer: CustomerCode,
        made: u32,
    },
    Registry {
        service: ServiceCode,
        concern: Concern,
    },
    HookFailed {
        action: Action,
        service: String,
        why: String,
    },
    PaymentPending {
        customer: CustomerCode,
        service: ServiceCode,
        because: String,
    },
    Money(MoneyFinding),
    Mail(MailFinding),
    Conflict {
        code: String,
        column: String,
        file: String,
        program: String,
        can_take: bool,
    },
    FileUnread {
        file: String,
        may_hold_money: bool,
        why: String,
        moved_to: Option<&'static str>,
    },
    /// With the last run that the database does not know, where one is known of.
    Restored {
        last_run: Option<i64>,
    },
}

/// Something about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MoneyFinding {
    Unmatched { payment: UnownedPayment, resembles: Resembles },
    Late { customer: CustomerCode, credit: Money, service: Option<ServiceCode> },
    ForeignAccount { account: String },
    StatementGap { why: String },
    ReversalOfUnknown { amount: Money, on: NaiveDate, bank_ref: String, words: Option<String> },
    WentBack(WentBack),
}

/// Something about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MailFinding {
    NotHandedOver {
        customer: CustomerCode,
        why: String,
    },
    Refused(TroubledDelivery),
    Uncertain(TroubledDelivery),
    CameBack {
        customer: CustomerCode,
        message: i64,
        /// Masked.
        address: String,
        /// What came back says.
        why: String,
        phone: Option<String>,
        /// What is neither suspended nor deleted because of it.
        blocks: Option<ServiceCode>,
    },
    Unheard {
        customer: CustomerCode,
        service: ServiceCode,
    },
}

/// Money that came and is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnownedPayment {
    pub(crate) id: PaymentId,
    pub(crate) amount: Money,
    pub(crate) on: NaiveDate,
    pub(crate) payer: Option<String>,
    pub(crate) bank_ref: String,
    /// Whose it seems to be.
    pub(crate) likely: Option<CustomerCode>,
}

/// What money that nobody owns may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resembles {
    Nothing,
    /// Several payments at once, which the bank does not tell apart.
    Batch,
    /// One that another format of the bank brought.
    OtherFormat,
    /// These, which staff recorded.
    ByHand(Vec<(PaymentId, CustomerCode, NaiveDate)>),
}

/// Money of a payment that went back, and what is open again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WentBack {
    pub(crate) amount: Money,
    pub(crate) paid_on: NaiveDate,
    pub(crate) bank_ref: String,
    pub(crate) customer: Option<CustomerCode>,
    /// It had paid for nothing.
    pub(crate) was_credit: bool,
    pub(crate) open: Vec<OpenAgain>,
}

/// A charge that lost its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenAgain {
    /// Its service, else what was printed.
    pub(crate) what: String,
    /// The expiry to which it was renewed with that money.
    pub(crate) renewed_until: Option<NaiveDate>,
    /// The tax invoice that was issued for it.
    pub(crate) invoice: Option<String>,
}

/// A delivery that somebody must look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TroubledDelivery {
    pub(crate) message: i64,
    pub(crate) card: String,
    /// Masked.
    pub(crate) address: String,
    /// What the mail server said.
    pub(crate) reply: String,
}

impl Finding {
    /// What kind of thing it is.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::NoAddress { .. } => Kind::NoEmail,
            Self::NoCard { .. } => Kind::Card,
            Self::ServiceHeldBack { .. } | Self::RecordUnreadable { .. } => Kind::Data,
            Self::CustomerFailed { .. } => Kind::HeldBack,
            Self::TooManyMessages { .. } => Kind::TooMany,
            Self::Registry { .. } => Kind::Registry,
            Self::HookFailed { .. } => Kind::Hook,
            Self::PaymentPending { .. } => Kind::PaymentPending,
            Self::Money(money) => money.kind(),
            Self::Mail(mail) => mail.kind(),
            Self::Conflict { .. } => Kind::Conflict,
            Self::FileUnread { .. } => Kind::Inbox,
            Self::Restored { .. } => Kind::Restored,
        }
    }
}

impl MoneyFinding {
    const fn kind(&self) -> Kind {
        match self {
            Self::Unmatched { .. } => Kind::Unmatched,
            Self::Late { .. } => Kind::LateMoney,
            Self::ForeignAccount { .. }
            | Self::StatementGap { .. }
            | Self::ReversalOfUnknown { .. }
            | Self::WentBack(_) => Kind::Statement,
        }
    }
}

impl MailFinding {
    const fn kind(&self) -> Kind {
        match self {
            Self::NotHandedOver { .. } | Self::Refused(_) => Kind::Failed,
            Self::Uncertain(_) => Kind::Uncertain,
            Self::CameBack { .. } => Kind::Bounced,
            Self::Unheard { .. } => Kind::Unheard,
        }
    }
}
