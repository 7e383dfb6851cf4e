"""Reads a Maildir with Python's mail parser and compares it with what `notify --json` said.

    read_mail.py MAILDIR TOLD.json AGAIN.json LABEL
"""
import email
import email.policy
import json
import pathlib
import subprocess
import sys
import tempfile

maildir, told, again, label = sys.argv[1:]
told = json.loads(pathlib.Path(told).read_text())
again = json.loads(pathlib.Path(again).read_text())
assert again["messages"] == [] and again["totals"]["sent"] == 0, again["totals"]
by_card = {message["card"]: message for message in told["messages"]}
seen = set()
files = [path for folder in ("new", "cur") for path in (pathlib.Path(maildir) / folder).glob("*")]
for path in files:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert not message.defects, (path, message.defects)
    for part in message.walk():
        assert not part.defects, (path, part.defects)
    card = next(number for number in by_card if number in message["Subject"])
    expected = by_card[card]
    assert message["Subject"] == expected["subject"], (message["Subject"], expected["subject"])
    assert message["Auto-Submitted"] == "auto-generated"
    key = (message["Message-ID"], message["Delivered-To"])
    assert key not in seen, f"{key} arrived twice"
    seen.add(key)
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    (pdf,) = message.iter_attachments()
    assert pdf.get_content_type() == "application/pdf" and pdf.get_filename().isascii()
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf.get_content())
        file.flush()
        printed = subprocess.run(["pdftotext", "-layout", file.name, "-"], check=True, capture_output=True, text=True).stdout
    cents = expected["total_cents"]
    figures = f"{cents // 100:,}.{cents % 100:02d}"
    if "Καρτέλα" in text:
        figures = figures.replace(",", " ").replace(".", ",").replace(" ", ".")
    for where, what in (("text", text), ("html", page), ("pdf", printed)):
        assert cents == 0 or figures in what, (card, where, figures)
deliveries = sum(len(message["to"]) for message in told["messages"])
assert len(seen) == deliveries == len(files), (len(seen), deliveries, len(files))
print(f"{label}: {len(seen)} messages through Postfix, each once, subject, bodies and PDF agree")
