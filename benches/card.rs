//! How long a card takes and how large it is: `cargo bench --bench card`. Ratios against other tools in
//! one run: `benches/compare-cards`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the unexpected"
)]
#![allow(dead_code, reason = "the samples are shared with the tests")]

#[path = "../tests/support/cards.rs"]
mod cards;

use konet_billing::billing::card::BillingCard;
use konet_billing::billing::customer::Language;
use konet_billing::billing::ids::CardNumber;
use konet_billing::card::Wording;
use konet_billing::card::pdf::{Look, render};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CARDS: usize = 300;

fn main() {
    let look = Look { logo: None, iris_code: None, wording: Wording::load(None).unwrap() };
    let mut card = cards::six_lines(Language::Greek);
    // letters that most cards lack are cut out of the font for a card of its own
    let rare = measured(&mut card, &look);
    card.customer.name = "Αφοί Παπαδοπούλου – Εμπορική & Τουριστική Α.Ε.".to_owned();
    if let Some(file) = std::env::var_os("KONET_BILLING_BENCH_PDF") {
        std::fs::write(file, render(&card, &look).unwrap()).unwrap();
    }
    let (ms, bytes) = measured(&mut card, &look);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| measured(&mut card.clone(), &look));
        }
    });
    let two = begun.elapsed().as_secs_f64() * 1000.0 / (2 * CARDS) as f64;
    println!(
        "{{\"tool\": \"konet-billing\", \"ms\": {ms:.3}, \"bytes\": {bytes}, \"rare_letters_ms\": {:.3}, \
         \"two_cores_ms\": {two:.3}}}",
        rare.0
    );
}

/// Milliseconds and bytes of a card.
fn measured(card: &mut BillingCard, look: &Look) -> (f64, usize) {
    let mut bytes = 0;
    let begun = Instant::now();
    for number in 0..CARDS {
        card.number = CardNumber::new(format!("KX-2025-{number:06}"));
        bytes = render(card, look).unwrap().len();
    }
    (begun.elapsed().as_secs_f64() * 1000.0 / 300.0, bytes)
}
