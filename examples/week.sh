#!/bin/sh
# An accountant's week with the example company, 16 to 19 September 2025: five bank files, what they settle, what only
# a person can decide, and the list of what to invoice. Every command is shown before it runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
week="${1:-$here/../target/example-week}"
sh "$here/night.sh" "$week" >/dev/null
program="$here/../target/debug/konet-billing"
export KONET_BILLING_CONFIG="$week/konet-billing.toml"
statements="$here/statements"

# 3 is no failure: something new waits for a person
run() {
    echo
    echo "\$ konet-billing $*" | sed "s|$here/||g; s|$week/||g"
    status=0
    "$program" "$@" || status=$?
    case $status in 0 | 3) ;; *) exit $status ;; esac
}

echo "== Wednesday: the banks' files of the day before"
run import payments "$statements/alpha.csv" "$statements/alpha-payers.csv" --as-of 2025-09-17
run import payments "$statements/eurobank.csv" "$statements/piraeus.xlsx" --as-of 2025-09-18
run status --unmatched --as-of 2025-09-18
echo
echo "== Thursday: Alpha's third line is surely Sofia Pappa's; and somebody came to the office"
run record assign 10 K-0064 --by maria --reason "phoned" --as-of 2025-09-18
run record payment K-0058 79,11 --method cash --ref "ΑΠ-31" --by maria --reason "at the office" --as-of 2025-09-18
run record proof K-0012 --by maria --reason "slip by e-mail" --as-of 2025-09-18
echo
echo "== Friday: the Ethniki's statement takes one payment back; its Excel file says nothing new"
run import payments "$statements/nbg-camt053.xml" --as-of 2025-09-19
run import payments "$statements/nbg.xlsx" --as-of 2025-09-19
run explain S-0008 --days 20 --as-of 2025-09-19
run nightly --as-of 2025-09-19
echo
echo "== What to invoice, as a Greek Excel opens it"
run status --to-invoice --csv --as-of 2025-09-19
