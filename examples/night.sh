#!/bin/sh
# One whole night of the example company, in a folder of its own, without any server:
# import customers and services, then the inbox, enforcement and notices of 16 September 2025.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
night="${1:-$here/../target/example-night}"
cargo build --quiet --manifest-path "$here/../Cargo.toml"
program="$here/../target/debug/konet-billing"

rm -rf "$night"
mkdir -p "$night/inbox"
cp "$here/konet-billing.toml" "$night/"
cp "$here/inbox/payments-2025-09-16.csv" "$night/inbox/"
chmod 640 "$night/konet-billing.toml"
export KONET_BILLING_CONFIG="$night/konet-billing.toml"
day=2025-09-16

"$program" import customers "$here/customers.csv" --as-of $day
"$program" import services "$here/services.csv" --as-of $day
"$program" import services "$here/services-excel-1253.csv" --as-of $day | tail -1
"$program" notify --as-of $day --dry-run --out "$night/preview" | tail -1
"$program" nightly --as-of $day

echo
echo "A quiet night. Its $(ls "$night/outbox" | wc -l) e-mails are in $night/outbox,"
echo "and what it would have sent before the payments came in can be looked through here:"
echo "  $night/preview/index.html"
echo "What needs whom:  KONET_BILLING_CONFIG=$night/konet-billing.toml $program status --as-of $day"
