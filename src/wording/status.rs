//! `status` as tables, and the list of what waits for a tax invoice.

use crate::billing::money::Money;
use crate::billing::vat::VatRate;
use crate::export::{Cell, List, table};
use crate::views::AttentionView;
use crate::views::status::{
    ChargeRow, Drift, InvoiceRow, ServiceRow, Shadow, StatusView, UnmatchedView, WorkOrder,
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
    let shown = wanted(view, parts, to_invoice).into_iter().filter(|(_, list)| !list.rows.is_empty());
    let text: String =
        shown.map(|(title, list)| format!("{title} ({})\n{}\n", list.rows.len(), table(&list))).collect();
    if text.is_empty() { "nothing to show\n".to_owned() } else { text }
}

/// The lists that were asked for as they are taken away: what waits for a tax invoice with all that one needs.
#[must_use]
pub(crate) fn lists(view: &StatusView, parts: Parts) -> Vec<(&'static str, List)> {
    wanted(view, parts, invoice_sheet)
}

fn wanted(
    view: &StatusView,
    parts: Parts,
    to_invoice: impl Fn(&[InvoiceRow]) -> List,
) -> Vec<(&'static str, List)> {
    let whole = parts.is_whole();
    let drift = view.drift.as_deref().unwrap_or_default();
    let all = [
        (whole, "Overdue", charges(&view.overdue)),
        (whole, "Due", charges(&view.due)),
        (whole, "Suspended", services(&view.suspended)),
        (whole, "Held back", listed(&view.held_back)),
        (whole, "Needs a person", listed(&view.attention)),
        (whole || parts.unmatched, "Unmatched payments", unmatched(&view.unmatched)),
        (whole, "Custom applications, by hand", services(&view.custom_apps)),
        (whole || parts.to_invoice, "To invoice", to_invoice(&view.to_invoice)),
        (whole || parts.work_orders, "Work orders", work_orders(&view.work_orders)),
        (parts.shadow, "The trial beside the staff", shadow(&view.shadow)),
        (parts.drift, "Drift", drifted(drift)),
    ];
    all.into_iter().filter(|(is_wanted, ..)| *is_wanted).map(|(_, title, list)| (title, list)).collect()
}

fn money(cents: i64) -> Cell {
    Money::from_cents(cents).into()
}

fn charges(rows: &[ChargeRow]) -> List {
    List::of(&["expires", "due", "customer", "service", "what"], rows, |row| {
        let what = format!("{} – {}", row.name, row.description);
        vec![
            row.expires_on.into(),
            money(row.due_cents),
            (&row.customer).into(),
            (&row.service).into(),
            what.into(),
        ]
    })
}

fn services(rows: &[ServiceRow]) -> List {
    List::of(&["expires", "since", "reason", "customer", "service", "what"], rows, |row| {
        let what = format!("{} – {}", row.name, row.description);
        vec![
            row.expires_on.into(),
            row.since.into(),
            row.reason.as_ref().into(),
            (&row.customer).into(),
            (&row.service).into(),
            what.into(),
        ]
    })
}

fn listed(rows: &[AttentionView]) -> List {
    List::of(&["since", "kind", "what"], rows, |row| {
        vec![row.since.into(), (&row.kind).into(), (&row.text).into()]
    })
}

fn unmatched(rows: &[UnmatchedView]) -> List {
    List::of(&["payment", "date", "amount", "bank_ref", "who", "probably"], rows, |row| {
        let same = row.resembles.iter().map(|like| {
            let whose = like.customer.as_deref().unwrap_or("nobody");
            format!("the same money as payment {} of {whose} on {}", like.payment, like.date)
        });
        let candidates =
            row.candidates.iter().map(|c| format!("{} {} ({}: {})", c.customer, c.name, c.score, c.because));
        let probably: Vec<String> = same.chain(candidates).collect();
        let payment = &row.payment;
        let who = [payment.payer.as_deref(), payment.reference.as_deref(), payment.note.as_deref()];
        let who = who.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        vec![
            payment.id.to_string().into(),
            payment.date.into(),
            money(payment.amount_cents),
            (&payment.bank_ref).into(),
            who.into(),
            probably.join("; ").into(),
        ]
    })
}

/// What was charged; an advance is for nothing yet.
fn described(row: &InvoiceRow) -> &str {
    if row.what == "advance" { "Προκαταβολή" } else { &row.description }
}

fn to_invoice(rows: &[InvoiceRow]) -> List {
    List::of(&["settled", "gross", "customer", "service", "what"], rows, |row| {
        let what = format!("{} – {}", row.name, described(row));
        vec![
            row.settled_on.into(),
            money(row.gross_cents),
            (&row.customer).into(),
            row.service.as_ref().into(),
            what.into(),
        ]
    })
}

/// What waits for a tax invoice, with all that an invoice needs, as the accountant's own program calls it.
#[must_use]
fn invoice_sheet(rows: &[InvoiceRow]) -> List {
    let head = [
        "Αρ. τιμολογίου",
        "Ημ. τιμολογίου",
        "αρ. χρέωσης",
        "ημερομηνία εξόφλησης",
        "κωδικός πελάτη",
        "επωνυμία",
        "ΑΦΜ",
        "ΔΟΥ",
        "διεύθυνση",
        "υπηρεσία",
        "όνομα χώρου",
        "περιγραφή",
        "περίοδος από",
        "περίοδος έως",
        "καθαρή αξία",
        "συντελεστής ΦΠΑ",
        "ΦΠΑ",
        "σύνολο",
        "ημερομηνία πληρωμής",
        "αναφορά πληρωμής",
    ];
    List::of(&head, rows, |row| {
        let advance = || row.payment.map(|payment| format!("P{payment}"));
        let number = row.charge.map(|charge| charge.to_string()).or_else(advance);
        let rate = row.vat_basis_points.map(|rate| VatRate::from_basis_points(rate).to_string());
        vec![
            "".into(),
            "".into(),
            number.into(),
            row.settled_on.into(),
            (&row.customer).into(),
            (&row.name).into(),
            row.tax_id.as_ref().into(),
            row.tax_office.as_ref().into(),
            (&row.address).into(),
            row.service.as_ref().into(),
            row.domain_name.as_ref().into(),
            described(row).into(),
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
    List::of(&["since", "action", "customer", "service", "what", "until"], rows, |order| {
        let what = [Some(order.description.as_str()), order.domain_name.as_deref(), order.account.as_deref()];
        vec![
            order.opened_on.into(),
            (&order.action).into(),
            (&order.customer).into(),
            (&order.service).into(),
            what.into_iter().flatten().collect::<Vec<_>>().join(" · ").into(),
            order.until.map(|day| format!("until {day}")).into(),
        ]
    })
}

fn shadow(rows: &[Shadow]) -> List {
    let head = ["verdict", "action", "customer", "service", "program", "staff", "because"];
    List::of(&head, rows, |row| {
        vec![
            row.verdict.into(),
            (&row.action).into(),
            (&row.customer).into(),
            (&row.service).into(),
            row.ours_on.into(),
            row.staff_on.into(),
            (&row.because).into(),
        ]
    })
}

fn drifted(rows: &[Drift]) -> List {
    List::of(&["service", "customer", "account", "ours", "panel", "why"], rows, |row| {
        vec![
            (&row.service).into(),
            (&row.customer).into(),
            row.account.as_ref().into(),
            (&row.ours).into(),
            row.panel.as_deref().unwrap_or("no answer").into(),
            row.why.as_ref().into(),
        ]
    })
}
