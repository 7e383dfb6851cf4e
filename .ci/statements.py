#!/usr/bin/env python3
"""A second, independent reading of bank statements, compared with what the program books.

    .ci/statements.py PROGRAM     all statements of the project, the public samples where they lie, and made-up ones

It shares no code with the program: ElementTree, csv and zipfile, and its own words for the rules. Compared are the
movements that came in: day, cents, payer, payer's account, reference, end-to-end id, our account.
"""
import csv
import datetime
import io
import itertools
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree as ET
import zipfile
from decimal import Decimal, InvalidOperation

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = """[company]
name = "Konet Ε.Ε."
trade_name = "Konet"
tax_id = "090000045"
email = "accounting@konet.example"
[database]
path = "konet.db"
[smtp]
transport = "folder"
folder = "outbox"
[staff]
language = "en"
[mail]
from = "Konet <accounting@konet.example>"
reply_to = "answers@konet.example"
[[payment.bank]]
name = "Εθνική"
iban = "GR1601101250000000012300695"
"""


def tidy(text):
    """One space between words, nothing that cannot be seen."""
    text = unicodedata.normalize("NFC", text or "")
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zs") else c for c in text).split())


# ---- camt ----

def local(element):
    return element.tag.rsplit("}", 1)[-1]


def walk(element, *names):
    """All descendants along a path of local names."""
    found = [element]
    for name in names:
        found = [child for parent in found for child in parent if local(child) == name]
    return found


def text(element, *paths):
    for path in paths:
        for found in walk(element, *path.split("/")):
            if tidy(found.text):
                return tidy(found.text)
    return ""


def cents(string):
    if not re.fullmatch(r"\+?[0-9]*\.?[0-9]*", string or "", re.ASCII):
        return None
    try:
        value = Decimal(string) * 100
    except InvalidOperation:
        return None
    return int(value) if value == int(value) and value < 10**11 else None


def euro(element, path):
    for found in walk(element, *path.split("/")):
        if found.get("Ccy", "EUR") == "EUR":
            return cents(tidy(found.text))
    return None


def charges(element):
    for found in walk(element, "Chrgs"):
        total = euro(found, "TtlChrgsAndTaxAmt")
        if total is not None:
            return total
        amounts = walk(found, "Amt") + walk(found, "Rcrd", "Amt")
        return sum(cents(tidy(amount.text)) or 0 for amount in amounts if amount.get("Ccy", "EUR") == "EUR")
    return 0


def real(reference):
    bare = re.sub(r"[^0-9A-Z]", "", reference.upper())
    nothing = {"NONREF", "NOREF", "NOREFERENCE", "NOTPROVIDED", "NOTPROVIDE", "NOTAVAILABLE", "UNKNOWN", "NONE", "NULL", "NA", "NIL"}
    return reference if bare.strip("0") and bare.strip("X") and bare not in nothing else ""


def divided(entry, total, details):
    """The signed amounts of a batch's parts, or None where no reading of them makes up the entry."""
    came = text(entry, "CdtDbtInd") == "CRDT"
    places = ["Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt"]
    readings = [[euro(detail, place) for detail in details] for place in places]
    readings.append([next((value for value in given if value is not None), None) for given in zip(*readings)])

    def signs(turn):
        for detail in details:
            own = text(detail, "CdtDbtInd")
            yield (own == "CRDT") == came if own else not (turn and walk(detail, "RtrInf"))
    for kept in (0, charges(entry), sum(map(charges, details))):
        for turn, reading in itertools.product((False, True), readings):
            if None not in reading:
                signed = [value if sign else -value for value, sign in zip(reading, signs(turn))]
                if sum(signed) - kept == total:
                    return signed
    return None


def camt(data):
    root = ET.fromstring(data)
    for statement in [found for name in ("Stmt", "Rpt", "Ntfctn") for found in root.iter() if local(found) == name]:
        account = text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id").replace(" ", "")
        closing = [text(bal, "Dt/Dt", "Dt/DtTm")[:10] for bal in walk(statement, "Bal")
                   if text(bal, "Tp/CdOrPrtry/Cd") in ("CLBD", "CLAV", "ITBD", "ITAV")]
        fallback = next((day for day in closing if day), "") or text(statement, "FrToDt/ToDtTm")[:10]
        for entry in walk(statement, "Ntry"):
            status = text(entry, "Sts", "Sts/Cd", "Sts/Prtry")
            amount = walk(entry, "Amt")
            currency = amount[0].get("Ccy", "EUR") if amount else ""
            total = cents(tidy(amount[0].text)) if amount else None
            day = text(entry, "BookgDt/Dt", "BookgDt/DtTm")[:10] or text(entry, "ValDt/Dt", "ValDt/DtTm")[:10] or fallback
            if status not in ("", "BOOK") or currency != "EUR" or not total or not day:
                continue
            came = text(entry, "CdtDbtInd") == "CRDT"
            reversed_ = text(entry, "RvslInd") in ("true", "1")
            details = walk(entry, "NtryDtls", "TxDtls")
            batch = sum(int(tidy(found.text)) for found in walk(entry, "NtryDtls", "Btch", "NbOfTxs"))
            if len(details) > 1 or batch > 1:
                parts = divided(entry, total, details) if details else None
                if parts is None:
                    if came and not reversed_ and not (details and all(walk(detail, "RtrInf") for detail in details)):
                        yield day, total, "", "", "", "", account
                    continue
            else:
                details, parts = details or [ET.Element("TxDtls")], [total]
            for detail, value in zip(details, parts):
                if not came or value <= 0 or reversed_ or walk(detail, "RtrInf"):
                    continue
                identity = real(text(detail, "Refs/EndToEndId"))
                given = text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
                ultimate = text(detail, "RltdPties/UltmtDbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm")
                yield (day, value, text(detail, "RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm") or ultimate,
                       text(detail, "RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id").replace(" ", ""),
                       given or identity, identity, account)


# ---- exports ----

ALIKE = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")


def plain(cell):
    cell = re.sub(r'^="(.*)"$', r"\1", cell.strip())
    bare = "".join(c for c in unicodedata.normalize("NFD", tidy(cell)) if not unicodedata.combining(c))
    return bare.upper().translate(ALIKE)


LAYOUTS = [  # date, amount, sign, payer, payer's account, currency
    ("Ημ/νία Συναλλαγής", "Ποσό", None, None, None, "Νόμισμα"),
    ("Ημερομηνία", "Ποσό", "Πρόσημο ποσού", None, None, None),
    ("Ημ/νία", "Ποσό", "Πρόσημο ποσού", None, None, None),
    ("Ημερομηνία Κίνησης", "Ποσό", None, None, None, None),
    ("Ημερομηνία", "Ποσό συναλλαγής", "Χρέωση / Πίστωση", "Ονοματεπώνυμο αντισυμβαλλόμενου",
     "Λογαριασμός αντισυμβαλλόμενου", "Νόμισμα"),
    ("date", "amount", None, "payer", "payer_iban", None),
]


def greek_cents(cell):
    cell = cell.replace("EUR", "").replace("€", "").strip()
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})*(,[0-9]{1,2})?|-?[0-9]+([,.][0-9]{1,2})?", cell, re.ASCII):
        return None
    if "," in cell:
        cell = cell.replace(".", "").replace(",", ".")
    return int(Decimal(cell) * 100)


def greek_day(cell):
    found = re.match(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b", cell, re.ASCII)
    iso = re.match(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII)
    try:
        if found:
            return datetime.date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        return datetime.date.fromisoformat(iso[0]).isoformat() if iso else None
    except ValueError:
        return None


def table(rows):
    places = None
    for row in rows:
        if places is None:
            names = [plain(cell) for cell in row]
            for layout in LAYOUTS:
                wanted = [plain(name) if name else None for name in layout]
                if all(name in names for name in wanted[:2]) and (not layout[2] or wanted[2] in names):
                    places = [names.index(name) if name in names else None for name in wanted]
                    given = names.index("REFERENCE") if layout[0] == "date" and "REFERENCE" in names else None
                    break
            continue
        cells = [re.sub(r'^="(.*)"$', r"\1", cell.strip()).strip() for cell in row] + [""] * 30
        day, value = greek_day(cells[places[0]]), greek_cents(cells[places[1]])
        if day is None or not value or any(plain(cell).startswith(("ΣΥΝΟΛΟ".translate(ALIKE),)) for cell in cells):
            continue
        if places[5] is not None and cells[places[5]] not in ("", "EUR"):
            continue
        came = value > 0 if places[2] is None else plain(cells[places[2]]) in ("Π", plain("Πίστωση"))
        if came:
            at = [tidy(cells[place]) if place is not None else "" for place in (places[3], places[4], given)]
            yield day, abs(value), at[0], at[1].replace(" ", ""), at[2], "", None


def sheets(archive):
    """Rows of cells of each sheet of an Excel file."""
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        for item in ET.fromstring(archive.read("xl/sharedStrings.xml")):
            shared.append("".join(found.text or "" for found in item.iter() if local(found) == "t"))
    for name in sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")):
        rows = []
        for row in ET.fromstring(archive.read(name)).iter():
            if local(row) != "row":
                continue
            cells = {}
            for cell in walk(row, "c"):
                column = 0
                for letter in re.match("[A-Z]+", cell.get("r"))[0]:
                    column = column * 26 + ord(letter) - 64
                value = "".join(found.text or "" for found in cell.iter() if local(found) in ("v", "t"))
                if cell.get("t") == "s":
                    value = shared[int(value)]
                elif cell.get("t") is None and value:
                    value = f"{float(value):.2f}"
                cells[column - 1] = value
            rows.append([cells.get(column, "") for column in range(max(cells, default=-1) + 1)])
        yield rows


def reading(data):
    """What came in, as this reading has it."""
    if data.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        if "xl/workbook.xml" in archive.namelist():
            for rows in sheets(archive):
                yield from table(rows)
        else:
            for name in archive.namelist():
                if not name.endswith(".pdf"):
                    yield from reading(archive.read(name))
        return
    if data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") or data[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<"):
        yield from camt(data)
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        string = data.decode("utf-16")
    else:
        try:
            string = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            string = data.decode("cp1253")
    string = re.sub(r'(^|[;\t,\n])="', r'\1"', string)
    delimiter = max(";\t,", key=lambda mark: max(line.count(mark) for line in string.splitlines()[:40]))
    yield from table(csv.reader(io.StringIO(string), delimiter=delimiter))


# ---- made-up statements ----

def made_up(seed):
    pick = random.Random(seed)
    name = "camt.053.001.08" if pick.random() < 0.5 else "camt.053.001.02"

    def amt(value, currency="EUR"):
        digits = pick.choice(["", "000"])
        return f'<Amt Ccy="{currency}">{value // 100}.{value % 100:02d}{digits}</Amt>'

    def detail(value, where):
        given = {0: amt(value), 1: f"<AmtDtls><TxAmt>{amt(value)}</TxAmt></AmtDtls>",
                 2: f"<AmtDtls><InstdAmt>{amt(value)}</InstdAmt></AmtDtls>", 3: ""}[where]
        party = f"<Nm>ΠΕΛΑΤΗΣ &#{pick.randrange(913, 929)}; {pick.randrange(9)}</Nm>"
        party = f"<Pty>{party}</Pty>" if name.endswith("08") else party
        refs = f"<Refs><EndToEndId>{pick.choice(['NOTPROVIDED', 'E-%d' % pick.randrange(5)])}</EndToEndId></Refs>"
        words = pick.choice(["", "<RmtInf><Strd><CdtrRefInf><Ref>RF741</Ref></CdtrRefInf></Strd></RmtInf>",
                             f"<RmtInf><Ustrd>ΓΙΑ {pick.randrange(3)}</Ustrd></RmtInf>"])
        back = "<RtrInf/>" if pick.random() < 0.1 else ""
        own = pick.choice(["", "", "", "<CdtDbtInd>CRDT</CdtDbtInd>"])
        return f"<TxDtls>{refs}{given}{own}<RltdPties><Dbtr>{party}</Dbtr></RltdPties>{words}{back}</TxDtls>"

    entries = []
    for _ in range(pick.randrange(60)):
        values = [pick.choice([2400, 12400, pick.randrange(1, 99999)]) for _ in range(pick.choice([1, 1, 1, 2, 5]))]
        where = pick.choice([0, 0, 1, 2, 3])
        kept = pick.choice([0, 0, 0, 100]) if len(values) > 1 else 0
        total = max(sum(values) - kept, 0)
        status = pick.choice(["BOOK"] * 8 + ["PDNG"])
        status = f"<Sts><Cd>{status}</Cd></Sts>" if name.endswith("08") else f"<Sts>{status}</Sts>"
        day = pick.choice(["<BookgDt><Dt>2025-09-%02d</Dt></BookgDt>" % pick.randrange(1, 28)] * 9 + [""])
        told = f"<Chrgs>{amt(kept)}</Chrgs>" if kept and pick.random() < 0.7 else ""
        entries.append(
            f"<Ntry>{amt(total, pick.choice(['EUR'] * 9 + ['CHF']))}<CdtDbtInd>{pick.choice(['CRDT'] * 4 + ['DBIT'])}</CdtDbtInd>"
            f"{pick.choice([''] * 9 + ['<RvslInd>true</RvslInd>'])}{status}{day}"
            f"{pick.choice(['', '<AcctSvcrRef>NONREF</AcctSvcrRef>', '<AcctSvcrRef>R-1</AcctSvcrRef>'])}{told}"
            f"<NtryDtls>{''.join(detail(value, where) for value in values)}</NtryDtls></Ntry>")
    closing = pick.choice(["", '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT'
                           "</CdtDbtInd><Dt><Dt>2025-09-28</Dt></Dt></Bal>"])
    return (f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{name}"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>'
            f"GR1601101250000000012300695</IBAN></Id></Acct>{closing}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>").encode()


# ---- the comparison ----

def booked(program, folder, file):
    """What the program books of a file into an empty database; None where it refuses the file."""
    database = folder / "konet.db"
    for stray in folder.glob("konet.db*"):
        stray.unlink()
    shutil.copy(folder / "empty.db", database)
    # rows that are refused are written beside the file: here, and not in the project
    copy = folder / f"copy-{file.name}"
    shutil.copy(file, copy)
    ran = subprocess.run([program, "--config", folder / "konet.toml", "import", "payments", copy, "--json"],
                         capture_output=True, check=False, cwd=folder)
    if ran.returncode not in (0, 3):
        return None
    with sqlite3.connect(database) as rows:
        return [tuple(value or "" for value in row) for row in rows.execute(
            "SELECT date, amount_cents, payer, payer_iban, reference, end_to_end, account FROM payments WHERE amount_cents > 0")]


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    files = [path for place in ("tests/statements", "examples/statements") for path in sorted((ROOT / place).iterdir())
             if path.suffix not in (".json", ".py")]
    files = [path for path in files if path.name != "alpha-payers.csv"]
    samples = sorted((ROOT / "../shared/samples").glob("*.xml"))
    if not samples:
        print("NOT COMPARED: the public samples are not here")
    wrong = compared = movements = refused = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "konet.toml").write_text(CONFIG)
        os.chmod(folder / "konet.toml", 0o600)
        (folder / "customers.csv").write_text("code;name;email\nK-1;Α;a@alpha.example\n")
        subprocess.run([program, "--config", folder / "konet.toml", "import", "customers", folder / "customers.csv"],
                       check=True, capture_output=True, cwd=folder)
        with sqlite3.connect(folder / "konet.db") as database:
            database.execute("VACUUM INTO ?", (str(folder / "empty.db"),))
        for seed in range(int(os.environ.get("KONET_BILLING_STATEMENTS", "25"))):
            path = folder / f"made-up-{seed}.xml"
            path.write_bytes(made_up(seed))
            files.append(path)
        for path in files + samples:
            ours = booked(program, folder, path)
            if ours is None:
                refused += 1
                expected = path.with_name(path.name + ".json")
                if not expected.exists() or '"refused"' not in expected.read_text():
                    print(f"{path.name}: refused")
                    wrong += 1
                continue
            theirs = list(reading(path.read_bytes()))
            # an export does not always name our account
            ours = [row if not any(other[6] is None for other in theirs) else (*row[:6], None) for row in ours]
            compared, movements = compared + 1, movements + len(theirs)
            if sorted(ours, key=str) != sorted(((*row[:6], None) if None in [r[6] for r in theirs] else row for row in theirs), key=str):
                wrong += 1
                print(f"{path.name}: the program and the second reading differ")
                for row in set(ours) - set(theirs):
                    print("  the program only:", row)
                for row in set(theirs) - set(ours):
                    print("  the second only: ", row)
                if set(ours) == set(theirs):
                    print("  how many of equal ones:", len(ours), len(theirs))
    print(f"{compared} statements with {movements} payments read twice, {refused} refused by name, {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
