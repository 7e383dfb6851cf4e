//! The report: its pages, made of the same lists that the commands show.

use super::explain::delivered;
use super::speech::{day, event, heads, say, service_state, spoken, word};
use super::status::Parts;
use super::{calendar, list, past, runs, status};
use crate::billing::money::Money;
use crate::export::site::{Page, Part, Site};
use crate::export::{List, code};
use crate::views::explain::ExplainView;
use crate::views::list::BUCKETS;
use crate::views::report::{CustomerPage, ReportView, WrittenView};
use crate::views::runs::{ListedRun, RunsView};

/// Where the report lies, and how much it is.
#[must_use]
pub(crate) fn text(view: &WrittenView) -> String {
    let WrittenView { report: folder, files, customers, .. } = view;
    say!("report.written", folder, files, customers, kib = view.bytes.div_ceil(1024)) + "\n"
}

/// The files of the report, each with its path.
///
/// # Errors
/// None that can be: its templates are built in.
pub(crate) fn files(view: &ReportView) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = crate::export::site::site(&site(view), day)?;
    for card in view.customers.iter().flat_map(|customer| &customer.cards) {
        files.push((format!("cards/{}.pdf", card.number), card.pdf.clone()));
        files.push((format!("cards/{}.html", card.number), card.html.clone().into_bytes()));
    }
    Ok(files)
}

fn site(view: &ReportView) -> Site {
    let page = |file: &str, title: String, count: usize, parts: Vec<Part>| Page {
        file: format!("{file}.html"),
        title,
        in_menu: true,
        count,
        parts,
    };
    let status = &view.status;
    let mut pages = vec![
        page("index", say!("report.today"), status.attention.len(), today(view)),
        page("owed", say!("report.owed"), view.debtors.len(), owed(view)),
        page("coming", say!("report.coming"), 0, coming(view)),
        page("customers", say!("report.customers"), 0, customers(view)),
        page("bank", say!("status.unmatched"), status.unmatched.len(), of_status(view, &["unmatched"])),
        page(
            "invoices",
            say!("status.to_invoice"),
            status.to_invoice.len(),
            of_status(view, &["to_invoice"]),
        ),
        page(
            "by-hand",
            say!("report.by_hand"),
            status.work_orders.len(),
            of_status(view, &["custom_apps", "work_orders"]),
        ),
        page(
            "held",
            say!("report.held"),
            status.held_back.len(),
            of_status(view, &["on_hold", "suspended", "held_back"]),
        ),
    ];
    if !view.status.shadow.is_empty() {
        pages.push(page("trial", say!("status.shadow"), 0, of_status(view, &["shadow"])));
    }
    pages.extend(view.customers.iter().map(customer));
    let place = |page: &CustomerPage| format!("customers/{}.html", page.stem);
    let customers = view.customers.iter().map(|page| (page.row.customer.clone(), place(page)));
    let services = view.customers.iter().flat_map(|page| {
        page.explained.services.iter().map(move |service| (service.service.clone(), place(page)))
    });
    let cards = view.customers.iter().flat_map(|page| &page.cards);
    let cards = cards.map(|card| (card.number.clone(), format!("cards/{}.pdf", card.number)));
    Site {
        company: view.company.clone(),
        language: spoken().code(),
        made: say!("report.made", as_of = view.as_of, at = time_of(&view.made_at)),
        words: [
            ("skip", say!("report.skip")),
            ("pages", say!("report.pages")),
            ("search", say!("report.search")),
            ("found", say!("report.found")),
        ]
        .into(),
        pages,
        places: services.chain(customers).chain(cards).collect(),
    }
}

/// The time of day in an RFC 3339 stamp.
fn time_of(stamp: &str) -> String {
    stamp.get(11..16).unwrap_or_default().to_owned()
}

fn today(view: &ReportView) -> Vec<Part> {
    let mut parts = Vec::new();
    match view.nights.first() {
        _ if view.night_is_missing => parts.push(Part::Warn(say!("report.night_missing"))),
        Some(ListedRun { as_of, exit_status, .. }) => {
            let status = exit_status.unwrap_or(1);
            let outcome = word("night", &status.to_string());
            parts.push(Part::Tell(say!("report.night", as_of, outcome)));
        }
        None => {}
    }
    parts.push(match view.payments_as_of {
        Some(fresh_on) => Part::Tell(say!("report.bank", fresh_on)),
        None => Part::Warn(say!("report.no_bank")),
    });
    let overdue: i64 = view.debtors.iter().map(|row| row.total_cents).sum();
    let (customers, due) = (view.debtors.len(), Money::from_cents(overdue));
    parts.push(Part::Tell(say!("report.overdue", customers, due)));
    parts.extend(of_status(view, &["attention"]));
    if let Some(night) = &view.night {
        let settled = night.journal.iter().filter(|line| line.what == "settled");
        let settled = settled.filter_map(|line| line.detail["gross_cents"].as_i64()).sum();
        let asked = night.messages.iter().map(|message| message.total_cents).sum();
        let (settled, asked) = (Money::from_cents(settled), Money::from_cents(asked));
        parts.push(Part::Tell(say!("report.night_did", settled, messages = night.messages.len(), asked)));
        parts.push(Part::Table(say!("report.acts"), runs::acts(night)));
        parts.push(Part::Table(say!("report.letters"), runs::messages(night)));
    }
    let nights = runs::listing(&RunsView { runs: view.nights.clone() });
    parts.push(Part::Table(say!("report.nights"), nights));
    parts
}

fn owed(view: &ReportView) -> Vec<Part> {
    let age = |age: &'static str| {
        let cents = view.debtors.iter().filter_map(|row| row.buckets.get(age)).sum();
        (say!("list.age", age), Money::from_cents(cents))
    };
    vec![
        Part::Bars(say!("report.by_age"), BUCKETS.map(age).to_vec()),
        Part::Table(say!("report.owed"), list::of_debtors(&view.debtors)),
    ]
}

/// Weeks of income that are shown one by one.
const WEEKS: usize = 9;

fn coming(view: &ReportView) -> Vec<Part> {
    let months = view.forecast.forecast.iter();
    let months =
        months.filter_map(|row| Some((list::month_of(row.month.as_deref()?), Money::from_cents(row.cents))));
    let weeks = view.weeks.forecast.iter();
    let weeks = weeks.filter_map(|row| Some((day(row.week?), Money::from_cents(row.cents))));
    vec![
        Part::Tell(say!("calendar.title", day = view.as_of)),
        Part::Table(word("lists", "calendar"), calendar::list(&view.calendar)),
        Part::Bars(say!("report.by_week"), weeks.take(WEEKS).collect()),
        Part::Bars(word("lists", "forecast"), months.collect()),
        Part::Tell(say!("list.overdue_apart", overdue = Money::from_cents(view.forecast.overdue_cents))),
    ]
}

fn customers(view: &ReportView) -> Vec<Part> {
    let all = list::customers(view.customers.iter().map(|page| &page.row));
    let mut parts = vec![Part::Table(say!("report.customers"), all)];
    if view.left_off > 0 {
        parts.insert(0, Part::Tell(say!("report.left_off", count = view.left_off)));
    }
    parts
}

/// The parts of `status` of these names; where there is nothing, that is said.
fn of_status(view: &ReportView, names: &[&str]) -> Vec<Part> {
    let shadow = Parts { shadow: true, ..Parts::default() };
    let lists =
        status::named(&view.status, Parts::default()).into_iter().chain(status::named(&view.status, shadow));
    let wanted = lists.filter(|(name, ..)| names.contains(name));
    wanted
        .map(|(_, title, list)| match list.rows.is_empty() {
            true => Part::Tell(format!("{title}: {}", say!("report.none"))),
            false => Part::Table(title, list),
        })
        .collect()
}

/// A customer's page, as `explain` shows them.
fn customer(page: &CustomerPage) -> Page {
    let (row, view) = (&page.row, &page.explained);
    let phone = row.phone.clone().unwrap_or_else(|| say!("mail.no_phone"));
    let (due, credit) = (Money::from_cents(row.due_cents), Money::from_cents(row.credit_cents));
    let mut parts = vec![
        Part::Tell(format!("{} · {phone} · {} · {}", row.customer, row.email, row.reference)),
        Part::Tell(say!("report.balance", due, credit)),
        Part::Table(word("lists", "services"), services(view)),
    ];
    let tables = [
        (say!("explain.open_charges"), charges(view)),
        (say!("explain.money"), payments(view)),
        (say!("explain.mail"), messages(view)),
        (say!("explain.coming"), coming_of(view)),
        (say!("explain.done"), journal(view)),
    ];
    parts.extend(
        tables
            .into_iter()
            .filter(|(_, list)| !list.rows.is_empty())
            .map(|(title, list)| Part::Table(title, list)),
    );
    if !page.cards.is_empty() {
        let links = page.cards.iter().flat_map(|card| {
            let number = &card.number;
            [
                (format!("{number} (PDF)"), format!("cards/{number}.pdf")),
                (format!("{number} (e-mail)"), format!("cards/{number}.html")),
            ]
        });
        parts.push(Part::Links(say!("report.cards"), links.collect()));
    }
    Page {
        file: format!("customers/{}.html", page.stem),
        title: row.name.clone(),
        in_menu: false,
        count: 0,
        parts,
    }
}

fn services(view: &ExplainView) -> List {
    let head = heads(&["service", "what", "domain_name", "state", "expires", "due", "hold", "next"]);
    List::of(head, &view.services, |service| {
        let next = match (&service.next, &service.lacks) {
            (Some(next), _) => format!("{} {}", day(next.on), next.what),
            (None, lacks) => lacks.clone().unwrap_or_default(),
        };
        vec![
            service.service.as_str().into(),
            (&service.name).into(),
            service.domain_name.as_ref().into(),
            service_state(&service.state).into(),
            service.expires_on.into(),
            service.due_cents.map(Money::from_cents).into(),
            service.hold_until.into(),
            next.into(),
        ]
    })
}

fn charges(view: &ExplainView) -> List {
    List::of(
        heads(&["charge", "service", "what", "from", "until", "gross", "due"]),
        &view.charges,
        |charge| {
            vec![
                code(charge.charge.to_string()),
                charge.service.clone().into(),
                (&charge.label).into(),
                charge.period_from.into(),
                charge.period_to.into(),
                Money::from_cents(charge.gross_cents).into(),
                Money::from_cents(charge.due_cents).into(),
            ]
        },
    )
    .summed(word("column", "sum"))
}

fn payments(view: &ExplainView) -> List {
    let head = heads(&["payment", "date", "amount", "credit", "what", "method", "bank_ref"]);
    List::of(head, view.payments.iter().rev(), |payment| {
        vec![
            code(payment.payment.to_string()),
            payment.on.into(),
            Money::from_cents(payment.amount_cents).into(),
            (payment.credit_cents != 0).then(|| Money::from_cents(payment.credit_cents)).into(),
            payment.paid_for.join(", ").into(),
            word("method", &payment.method).into(),
            (&payment.bank_ref).into(),
        ]
    })
}

fn messages(view: &ExplainView) -> List {
    List::of(heads(&["made", "card", "subject", "to"]), view.messages.iter().rev(), |message| {
        vec![
            message.on.into(),
            code(&message.card),
            (&message.subject).into(),
            message.deliveries.iter().map(|one| delivered(one)).collect::<Vec<_>>().join("; ").into(),
        ]
    })
}

fn coming_of(view: &ExplainView) -> List {
    List::of(heads(&["date", "what"]), &view.coming, |coming| vec![coming.on.into(), (&coming.what).into()])
}

fn journal(view: &ExplainView) -> List {
    List::of(heads(&["date", "what", "service", "because"]), view.journal.iter().rev(), |line| {
        vec![
            line.on.into(),
            event(&line.what).into(),
            line.service.clone().into(),
            past::told(&line.detail).into(),
        ]
    })
}
