//! `status`: who is due, overdue, suspended, held back, and what waits for a person.

use super::Session;
use crate::billing::candidates::candidate;
use crate::billing::ids::CustomerCode;
use crate::billing::money::Money;
use crate::billing::text::no_formula;
use crate::billing::vat::Price;
use crate::cli::{Global, StatusArgs};
use crate::exit_status::ExitStatus;
use crate::jobs::Desk;
use crate::jobs::enforce::drift::{drift, shadow};
use crate::report::table;
use crate::store::{Attention, Store, StoredPayment};
use crate::views::AttentionView;
use crate::views::status::{
    CandidateView, ChargeRow, InvoiceRow, ResemblingView, ServiceRow, StatusView, UnmatchedView,
};
use anyhow::Result;
use chrono::{Days, NaiveDate};

/// Listed findings that hold a customer or a service back.
const HOLDING_BACK: [&str; 5] = ["no_email", "card", "data", "held_back", "too_many"];

pub(super) fn run(global: &Global, args: &StatusArgs) -> Result<ExitStatus> {
    // nothing is written, so any day may be asked about
    let session = Session::open(global, args.as_of, true)?;
    let store = session.reader()?;
    let desk = &session.desk;
    let horizon = desk.rules.policies.longest_horizon_days();
    let mut view = gather(&store, desk, horizon)?;
    propose(&store, desk, horizon, &mut view.unmatched)?;
    if args.drift {
        view.drift = Some(drift(desk, &store)?);
    }
    if args.csv {
        desk.report.bytes(&to_excel(&view.to_invoice)?)?;
        return Ok(ExitStatus::Done);
    }
    let chosen = args.unmatched || args.work_orders || args.to_invoice || args.drift || args.shadow;
    let only = |wanted: bool| wanted || !chosen;
    desk.report.result(&view, || text(&view, &only, args))?;
    Ok(ExitStatus::Done)
}

fn gather(store: &Store, desk: &Desk, horizon: u32) -> Result<StatusView> {
    let (today, mode) = (desk.today, desk.rules.mode.code());
    let soon = today.checked_add_days(Days::new(horizon.into())).unwrap_or(NaiveDate::MAX);
    let listed: Vec<AttentionView> = store.open_attention()?.into_iter().map(attention).collect();
    let (held_back, others) = listed.into_iter().partition(|item| HOLDING_BACK.contains(&item.kind.as_str()));
    Ok(StatusView {
        as_of: today,
        mode,
        due: store.open_period_charges(today, soon)?,
        overdue: store.overdue_charges(today)?,
        suspended: store.suspended_services()?,
        held_back,
        unmatched: store
            .unmatched_payments()?
            .into_iter()
            .map(|payment| {
                let amount = Money::from_cents(payment.amount_cents);
                let resembles =
                    store.recorded_by_hand(amount, payment.date, None)?.into_iter().map(resembling);
                Ok(UnmatchedView { resembles: resembles.collect(), payment, candidates: Vec::new() })
            })
            .collect::<Result<_>>()?,
        custom_apps: store.custom_apps(soon)?,
        to_invoice: to_invoice(store, desk)?,
        work_orders: store.work_orders()?,
        attention: others,
        shadow: shadow(desk, store)?,
        drift: None,
    })
}

fn resembling(known: StoredPayment) -> ResemblingView {
    ResemblingView {
        payment: known.id.0,
        customer: known.customer.map(|code| code.to_string()),
        date: known.date,
        method: known.method,
        bank_ref: known.bank_ref,
    }
}

/// What waits for a tax invoice; an advance is split at the customer's own rate.
fn to_invoice(store: &Store, desk: &Desk) -> Result<Vec<InvoiceRow>> {
    let mut rows = store.to_invoice()?;
    for row in rows.iter_mut().filter(|row| row.what == "advance") {
        let Some(customer) = store.customer(&CustomerCode::new(row.customer.clone()))? else { continue };
        let rate = customer.vat.rate(desk.rules.standard_vat);
        let amounts = Price::Gross(Money::from_cents(row.gross_cents)).at(rate);
        (row.net_cents, row.vat_cents) = (amounts.net.cents(), amounts.vat.cents());
    }
    Ok(rows)
}

/// Looks through the customers who owe something for whose the unmatched payments may be.
fn propose(store: &Store, desk: &Desk, horizon: u32, unmatched: &mut [UnmatchedView]) -> Result<()> {
    if unmatched.is_empty() {
        return Ok(());
    }
    for code in store.due_customers(desk.today, horizon)? {
        // a record that cannot be read proposes nothing; it is listed elsewhere
        let Ok(Some(facts)) = store.facts(&code, desk.rules.mode, desk.today) else { continue };
        for view in &mut *unmatched {
            let payment = &view.payment;
            let words = [payment.reference.as_deref(), payment.note.as_deref()];
            let words = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
            let amount = Money::from_cents(payment.amount_cents);
            if let Some(found) = candidate(&facts, amount, payment.payer.as_deref(), &words) {
                view.candidates.push(CandidateView {
                    customer: code.to_string(),
                    name: facts.customer.name.clone(),
                    score: found.score,
                    because: found.because,
                });
            }
        }
    }
    for view in unmatched {
        view.candidates.sort_by(|a, b| (b.score, &a.customer).cmp(&(a.score, &b.customer)));
        view.candidates.truncate(3);
    }
    Ok(())
}

/// The list as a Greek Excel opens it: a byte order mark, `;`, decimal commas, and no cell a formula.
fn to_excel(rows: &[InvoiceRow]) -> Result<Vec<u8>> {
    let mut writer =
        csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record([
        "ημερομηνία εξόφλησης",
        "κωδικός πελάτη",
        "επωνυμία",
        "ΑΦΜ",
        "ΔΟΥ",
        "διεύθυνση",
        "υπηρεσία",
        "περιγραφή",
        "περίοδος από",
        "περίοδος έως",
        "καθαρή αξία",
        "ΦΠΑ",
        "σύνολο",
        "ημερομηνία πληρωμής",
        "αναφορά πληρωμής",
    ])?;
    for row in rows {
        let day =
            |day: Option<NaiveDate>| day.map(|day| day.format("%d/%m/%Y").to_string()).unwrap_or_default();
        let last = row.period_to.and_then(|to| to.pred_opt());
        let figures = |cents| Money::from_cents(cents).greek_digits();
        let cells = [
            day(Some(row.settled_on)),
            row.customer.clone(),
            row.name.clone(),
            row.tax_id.clone().unwrap_or_default(),
            row.tax_office.clone().unwrap_or_default(),
            row.address.clone(),
            row.service.clone().unwrap_or_default(),
            row.description.clone(),
            day(row.period_from),
            day(last),
            figures(row.net_cents),
            figures(row.vat_cents),
            figures(row.gross_cents),
            day(row.paid_on),
            row.payments.clone(),
        ];
        writer.write_record(cells.iter().map(|cell| no_formula(cell)))?;
    }
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(writer.into_inner().map_err(|error| error.into_error())?);
    Ok(bytes)
}

fn attention(item: Attention) -> AttentionView {
    AttentionView {
        kind: item.kind,
        customer: item.customer,
        service: item.service,
        since: item.since,
        text: item.text,
    }
}

fn money(cents: i64) -> String {
    Money::from_cents(cents).to_string()
}

fn charges(rows: &[ChargeRow]) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| {
            vec![
                row.expires_on.to_string(),
                money(row.due_cents),
                row.customer.clone(),
                row.service.clone(),
                format!("{} – {}", row.name, row.description),
            ]
        })
        .collect()
}

fn services(rows: &[ServiceRow]) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| {
            vec![
                row.expires_on.to_string(),
                row.since.map(|day| day.to_string()).unwrap_or_default(),
                row.reason.clone().unwrap_or_default(),
                row.customer.clone(),
                row.service.clone(),
                format!("{} – {}", row.name, row.description),
            ]
        })
        .collect()
}

fn text(view: &StatusView, only: &impl Fn(bool) -> bool, args: &StatusArgs) -> String {
    let mut text = String::new();
    let mut part = |wanted: bool, title: &str, head: &[&str], rows: Vec<Vec<String>>| {
        if wanted && !rows.is_empty() {
            text.push_str(&format!("{title} ({})\n{}\n", rows.len(), table(head, &rows)));
        }
    };
    let all = only(false);
    let charge_head = ["expires", "due", "customer", "service", "what"];
    let service_head = ["expires", "since", "reason", "customer", "service", "what"];
    part(all, "Overdue", &charge_head, charges(&view.overdue));
    part(all, "Due", &charge_head, charges(&view.due));
    part(all, "Suspended", &service_head, services(&view.suspended));
    let listed = |items: &[AttentionView]| -> Vec<Vec<String>> {
        items.iter().map(|item| vec![item.since.to_string(), item.kind.clone(), item.text.clone()]).collect()
    };
    part(all, "Held back", &["since", "kind", "what"], listed(&view.held_back));
    part(all, "Needs a person", &["since", "kind", "what"], listed(&view.attention));
    let payments = view.unmatched.iter().map(|unmatched| {
        let p = &unmatched.payment;
        let same = unmatched.resembles.iter().map(|like| {
            let whose = like.customer.as_deref().unwrap_or("nobody");
            format!("the same money as payment {} of {whose} on {}", like.payment, like.date)
        });
        let candidates = unmatched
            .candidates
            .iter()
            .map(|c| format!("{} {} ({}: {})", c.customer, c.name, c.score, c.because));
        let probably: Vec<String> = same.chain(candidates).collect();
        let who = [p.payer.as_deref(), p.reference.as_deref(), p.note.as_deref()];
        let who = who.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let number = p.id.to_string();
        vec![number, p.date.to_string(), money(p.amount_cents), p.bank_ref.clone(), who, probably.join("; ")]
    });
    part(
        only(args.unmatched),
        "Unmatched payments",
        &["payment", "date", "amount", "bank_ref", "who", "probably"],
        payments.collect(),
    );
    part(all, "Custom applications to notify by hand", &service_head, services(&view.custom_apps));
    let invoices = view.to_invoice.iter().map(|row| {
        vec![
            row.settled_on.to_string(),
            money(row.gross_cents),
            row.customer.clone(),
            row.service.clone().unwrap_or_default(),
            format!("{} – {}", row.name, row.description),
        ]
    });
    part(
        only(args.to_invoice),
        "To invoice",
        &["settled", "gross", "customer", "service", "what"],
        invoices.collect(),
    );
    let orders = view.work_orders.iter().map(|order| {
        vec![
            order.opened_on.to_string(),
            order.action.clone(),
            order.customer.clone(),
            order.service.clone(),
            [Some(order.description.as_str()), order.domain_name.as_deref(), order.account.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · "),
            order.until.map(|day| format!("until {day}")).unwrap_or_default(),
        ]
    });
    let head = ["since", "action", "customer", "service", "what", "until"];
    part(only(args.work_orders), "Work orders", &head, orders.collect());
    let shadows = view.shadow.iter().map(|row| {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        vec![
            row.verdict.to_owned(),
            row.action.clone(),
            row.customer.clone(),
            row.service.clone(),
            day(row.ours_on),
            day(row.staff_on),
            row.because.clone(),
        ]
    });
    let head = ["verdict", "action", "customer", "service", "program", "staff", "because"];
    part(args.shadow, "The trial beside the staff", &head, shadows.collect());
    let drifts = view.drift.iter().flatten().map(|row| {
        vec![
            row.service.clone(),
            row.customer.clone(),
            row.account.clone().unwrap_or_default(),
            row.ours.clone(),
            row.panel.clone().unwrap_or_else(|| "no answer".to_owned()),
            row.why.clone().unwrap_or_default(),
        ]
    });
    part(args.drift, "Drift", &["service", "customer", "account", "ours", "panel", "why"], drifts.collect());
    if text.is_empty() {
        text.push_str("nothing to show\n");
    }
    text
}
