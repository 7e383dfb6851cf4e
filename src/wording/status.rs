//! `status` as tables, and the list of what waits for a tax invoice.

use super::speech::{heads, hold_note, say, service_state, table, window, word};
use crate::billing::money::Money;
use crate::billing::vat::VatRate;
use crate::export::{Cell, List, code, wrapped};
use crate::views::AttentionView;
use crate::views::status::{
    ChargeRow, Drift, HoldRow, InvoiceRow, OneOffRow, ServiceRow, Shadow, StatusView, UnmatchedView,
    WorkOrder,
};

/// The parts that were asked for; none of them means the whole, but for those that are asked for by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// Payments of nobody's.
    pub unmatched: bool,
    /// What people have to do.
    pub work_orders: bool,
    /// What waits for a tax invoice.
    pub to_invoice: bool,
    /// Where panels disagree; by name alone.
    pub drift: bool,
    /// The trial beside what staff did; by name alone.
    pub shadow: bool,
}

impl Parts {
    const fn is_whole(self) -> bool {
        !(self.unmatched || self.work_orders || self.to_invoice || self.drift || self.shadow)
    }
}

/// The tables that were asked for, each with its title, without those that are empty.
#[must_use]
pub(crate) fn text(view: &StatusView, parts: Parts) -> String {
    let mut shown = wanted(view, parts, to_invoice);
    shown.retain(|(.., list)| !list.rows.is_empty());
    let missing = view.night_is_missing && parts.is_whole();
    let mut text = if missing { say!("report.night_missing") + "\n\n" } else { String::new() };
    if shown.len() > 1 {
        // several screens follow
        let sums = shown.iter().map(|(_, title, list)| format!("{title} {}", list.rows.len()));
        let sums = wrapped(&sums.collect::<Vec<_>>().join(" · "), window().unwrap_or(usize::MAX));
        text.push_str(&format!("{}\n\n", sums.join("\n")));
    }
    let tables =
        shown.iter().map(|(_, title, list)| format!("{title} ({})\n{}\n", list.rows.len(), table(list)));
    text.extend(tables);
    if text.is_empty() { say!("status.nothing") + "\n" } else { text }
}

/// The lists that were asked for as they are taken away: what waits for a tax invoice with all that one needs.
#[must_use]
pub(crate) fn lists(view: &StatusView, parts: Parts) -> Vec<(String, List)> {
    wanted(view, parts, invoice_sheet).into_iter().map(|(_, title, list)| (title, list)).collect()
}

/// The lists that were asked for, each with its name and its title.
#[must_use]
pub(super) fn named(view: &StatusView, parts: Parts) -> Vec<(&'static str, String, List)> {
    wanted(view, parts, to_invoice)
}

fn wanted(
    view: &StatusView,
    parts: Parts,
    to_invoice: impl Fn(&[InvoiceRow]) -> List,
) -> Vec<(&'static str, String, List)> {
    let whole = parts.is_whole();
    let drift = view.drift.as_deref().unwrap_or_default();
    let all = [
        (whole, "overdue", say!("status.overdue"), charges(&view.overdue)),
        (whole, "due", say!("status.due"), charges(&view.due)),
        (whole, "one_off", say!("status.one_off"), one_off(&view.one_off)),
        (whole, "suspended", say!("status.suspended"), services(&view.suspended)),
        (whole, "on_hold", say!("status.on_hold"), on_hold(&view.on_hold)),
        (whole, "held_back", say!("status.held_back"), listed(&view.held_back)),
        (whole, "attention", say!("status.attention"), listed(&view.attention)),
        (whole || parts.unmatched, "unmatched", say!("status.unmatched"), unmatched(&view.unmatched)),
        (whole, "custom_apps", say!("status.custom_apps"), services(&view.custom_apps)),
        (whole || parts.to_invoice, "to_invoice", say!("status.to_invoice"), to_invoice(&view.to_invoice)),
        (
            whole || parts.work_orders,
            "work_orders",
            say!("status.work_orders"),
            work_orders(&view.work_orders),
        ),
        (parts.shadow, "shadow", say!("status.shadow"), shadow(&view.shadow)),
        (parts.drift, "drift", say!("status.drift"), drifted(drift)),
    ];
    let wanted = all.into_iter().filter(|(is_wanted, ..)| *is_wanted);
    wanted.map(|(_, name, title, list)| (name, title, list)).collect()
}

fn money(cents: i64) -> Cell {
    Money::from_cents(cents).into()
}

fn sum() -> String {
    word("column", "sum")
}

fn charges(rows: &[ChargeRow]) -> List {
    let head = heads(&["expires", "due", "customer", "service", "what"]);
    let list = List::of(head, rows, |row| {
        let what = format!("{} – {}", row.name, row.description);
        vec![
            row.expires_on.into(),
            money(row.due_cents),
            code(&row.customer),
            code(&row.service),
            what.into(),
        ]
    });
    list.summed(sum())
}

fn one_off(rows: &[OneOffRow]) -> List {
    let list = List::of(heads(&["since", "due", "customer", "charge", "what"]), rows, |row| {
        let what = format!("{} – {}", row.name, row.label);
        vec![row.since.into(), money(row.due_cents), code(&row.customer), row.charge.into(), what.into()]
    });
    list.summed(sum())
}

fn services(rows: &[ServiceRow]) -> List {
    List::of(heads(&["expires", "since", "reason", "customer", "service", "what"]), rows, |row| {
        let what = format!("{} – {}", row.name, row.description);
        vec![
            row.expires_on.into(),
            row.since.into(),
            row.reason.as_ref().map(|reason| word("reason", reason)).into(),
            code(&row.customer),
            code(&row.service),
            what.into(),
        ]
    })
}

fn on_hold(rows: &[HoldRow]) -> List {
    List::of(heads(&["until", "customer", "service", "what", "because"]), rows, |row| {
        let what = format!("{} – {}", row.name, row.description);
        vec![
            row.until.into(),
            code(&row.customer),
            code(&row.service),
            what.into(),
            hold_note(&row.note).into(),
        ]
    })
}

fn listed(rows: &[AttentionView]) -> List {
    List::of(heads(&["since", "kind", "what"]), rows, |row| {
        vec![row.since.into(), word("found", &row.kind).into(), (&row.text).into()]
    })
}

fn unmatched(rows: &[UnmatchedView]) -> List {
    let head = heads(&["payment", "date", "amount", "bank_ref", "who", "probably"]);
    List::of(head, rows, |row| {
        let same = row.resembles.iter().map(|like| {
            let whose = like.customer.clone().unwrap_or_else(|| say!("status.nobody"));
            say!("status.same_money", payment = like.payment, whose, date = like.date)
        });
        let candidates =
            row.candidates.iter().map(|c| format!("{} {} ({}: {})", c.customer, c.name, c.score, c.because));
        let probably: Vec<String> = same.chain(candidates).collect();
        let payment = &row.payment;
        let who = [payment.payer.as_deref(), payment.reference.as_deref(), payment.note.as_deref()];
        let who = who.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        vec![
            code(payment.id.to_string()),
            payment.date.into(),
            money(payment.amount_cents),
            (&payment.bank_ref).into(),
            who.into(),
            probably.join("; ").into(),
        ]
    })
    .summed(sum())
}

/// What was charged; an advance is for nothing yet, and is called so.
fn described(row: &InvoiceRow, advance: String) -> String {
    if row.what == "advance" { advance } else { row.description.clone() }
}

fn to_invoice(rows: &[InvoiceRow]) -> List {
    List::of(heads(&["settled", "gross", "customer", "service", "what"]), rows, |row| {
        let what = format!("{} – {}", row.name, described(row, say!("status.advance")));
        vec![
            row.settled_on.into(),
            money(row.gross_cents),
            code(&row.customer),
            row.service.as_ref().map(code).into(),
            what.into(),
        ]
    })
    .summed(sum())
}

/// That list alone, to be attached to a mail.
#[must_use]
pub(crate) fn to_invoice_lists(rows: &[InvoiceRow]) -> Vec<(String, List)> {
    vec![(say!("status.to_invoice"), invoice_sheet(rows))]
}

/// What waits for a tax invoice, with all that an invoice needs, as the accountant's own program calls it.
#[must_use]
fn invoice_sheet(rows: &[InvoiceRow]) -> List {
    let head = [
        "invoice_number",
        "invoice_date",
        "charge_number",
        "settled_on",
        "customer_code",
        "legal_name",
        "tax_id",
        "tax_office",
        "address",
        "service",
        "domain_name",
        "description",
        "period_from",
        "period_to",
        "net",
        "vat_rate",
        "vat",
        "gross",
        "paid_on",
        "payment_references",
    ];
    let head = head.map(|key| word("sheet", key)).to_vec();
    List::of(head, rows, |row| {
        let advance = || row.payment.map(|payment| format!("P{payment}"));
        let number = row.charge.map(|charge| charge.to_string()).or_else(advance);
        let rate = row.vat_basis_points.map(|rate| VatRate::from_basis_points(rate).to_string());
        vec![
            "".into(),
            "".into(),
            number.into(),
            row.settled_on.into(),
            code(&row.customer),
            (&row.name).into(),
            row.tax_id.as_ref().into(),
            row.tax_office.as_ref().into(),
            (&row.address).into(),
            row.service.as_ref().map(code).into(),
            row.domain_name.as_ref().into(),
            described(row, word("sheet", "advance")).into(),
            row.period_from.into(),
            // the last day of the period, and not the first of the next
            row.period_to.and_then(|to| to.pred_opt()).into(),
            money(row.net_cents),
            rate.into(),
            money(row.vat_cents),
            money(row.gross_cents),
            row.paid_on.into(),
            (&row.payments).into(),
        ]
    })
}

fn work_orders(rows: &[WorkOrder]) -> List {
    let head = heads(&["order", "since", "action", "customer", "service", "what", "until"]);
    List::of(head, rows, |order| {
        let what = [Some(order.description.as_str()), order.domain_name.as_deref(), order.account.as_deref()];
        vec![
            code(order.id.to_string()),
            order.opened_on.into(),
            word("action", &order.action).into(),
            code(&order.customer),
            code(&order.service),
            what.into_iter().flatten().collect::<Vec<_>>().join(" · ").into(),
            order.until.map(|day| say!("status.until", day)).into(),
        ]
    })
    .sparing(&[1, 6])
}

fn shadow(rows: &[Shadow]) -> List {
    let head = heads(&["verdict", "action", "customer", "service", "program", "staff", "because"]);
    List::of(head, rows, |row| {
        vec![
            word("verdict", row.verdict).into(),
            word("action", &row.action).into(),
            code(&row.customer),
            code(&row.service),
            row.ours_on.into(),
            row.staff_on.into(),
            (&row.because).into(),
        ]
    })
}

fn drifted(rows: &[Drift]) -> List {
    List::of(heads(&["service", "customer", "account", "ours", "panel", "why"]), rows, |row| {
        vec![
            code(&row.service),
            code(&row.customer),
            row.account.as_ref().into(),
            service_state(&row.ours).into(),
            row.panel.as_deref().map_or_else(|| say!("status.no_answer"), service_state).into(),
            row.why.as_ref().into(),
        ]
    })
}
