# Short names for what is done often.

default: check

# format and lints, then the tests
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- --deny warnings
    cargo test --locked

test:
    cargo test --locked

# the gate, and what it leaves out: hours
long:
    .ci/run
    cargo +1.89.0 check --locked --all-targets
    KONET_BILLING_KILLS=1500 KONET_BILLING_SEEDS=300 cargo test kill:: -- --nocapture
    .ci/faults.py target/debug/konet-billing --long
    KONET_BILLING_LEDGERS=1500 cargo test ledger:: -- --nocapture
    KONET_BILLING_WORLDS=1000 cargo test wild:: -- --nocapture
    KONET_BILLING_FORETOLD=300 cargo test foretold:: -- --nocapture
    KONET_BILLING_WORLDS=1000 cargo test every_night_of_every_world -- --nocapture
    KONET_BILLING_DAMAGES=3000 cargo test damage_at_random -- --nocapture
    fuzz/run 600
    .ci/mutants
    benches/statement

# one file that needs nothing of the machine it runs on (see docs/administrator.md)
static:
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target x86_64-unknown-linux-gnu

# a whole night of the example company
night:
    sh examples/night.sh

# every stage as a picture
look:
    .ci/look target/look
