#!/usr/bin/env python3
"""Makes bank statements for the example company's week of 15 to 19 September 2025, shaped as the banks send them.

    python3 make_statements.py     writes the files into `statements` beside it, the same ones every time

Alpha: CSV in windows-1253, and its second export with the payers. Eurobank: CSV. Piraeus and NBG: Excel files.
NBG once more as camt.053: the same movements, so that importing both changes nothing. No real account, no real person.
"""
import pathlib
import zipfile
from xml.sax.saxutils import escape

from make_company import reference

HERE = pathlib.Path(__file__).parent / "statements"
OUR_IBAN = "GR1601101250000000012300695"   # a published test number
PAYER_IBAN = "GR9608100010000001234567890"  # another


def grouped(text):
    return " ".join(text[at:at + 4] for at in range(0, len(text), 4))


def alpha():
    rows = [
        "Alpha Bank;;;;;;;;",
        "Λογαριασμός;101-00-2320-000000;;;;;;;",
        "Προηγούμενο Λογιστικό Υπόλοιπο;2.000,00;;;;;;;",
        "Νέο Λογιστικό Υπόλοιπο;2.243,89;;;;;;;",
        "",
        "Α/Α;Ημερομηνία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού;",
        f'1;16/09/2025;="ΚΑΤΑΘΕΣΗ {reference(1)}";099;16/09/2025;="AL25259001";10,04;Π;',
        '2;16/09/2025;="ΕΜΒΑΣΜΑ ΓΙΑ Κ-0008 ΓΡΥΛΟΣ";099;16/09/2025;="AL25259002";160,95;Π;',
        '3;17.09.2025;="EΜΒΑΣMΑ ΑΠΟ ΑΛΛΗ TΡAΠΕΖΑ";099;17/09/2025;="AL25260001";74,40;Π;',
        '4;17/09/2025;="ΠΡΟΜΗΘΕΙΑ";099;17/09/2025;="AL25260002";1,50;X;',
        "Σύνολο;;;;;;243,89;;",
    ]
    (HERE / "alpha.csv").write_bytes("\r\n".join(rows).encode("cp1253") + b"\r\n")
    payers = [
        "Εισερχόμενες εντολές;;;;;;",
        "Α/Α;Ημ/νία;Τράπεζα οφειλέτη;Επωνυμία εντολέα;Ποσό;Αρ. συναλλαγής;",
        '1;09/16/2025;PIRBGRAA;="ΠΑΠΑΔΟΠΟΥΛΟΣ ΙΩΑΝΝΗΣ";EUR 10,04;="AL25259001";',
        '2;09/17/2025;ETHNGRAA;="PAPPA SOFIA";EUR 74,40;="AL25260001";',
    ]
    (HERE / "alpha-payers.csv").write_bytes("\r\n".join(payers).encode("cp1253") + b"\r\n")


def eurobank():
    spaced = grouped(reference(49)).lower()
    rows = [
        "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο",
        f"17/9/2025;17/9/2025;ΕΙΣ. ΕΜΒΑΣΜΑ {spaced};89,90;1.089,90",
        "17/9/2025;17/9/2025;ΠΡΟΜΗΘΕΙΑ ΚΙΝΗΣΗΣ;-0,50;1.089,40",
        f"18/9/2025;18/9/2025;INSTANT {reference(19)} TRIANTAFYLLOU;84,56;1.173,96",
        "Λογαριασμός;0026.0000.00.0000000000;;;",
    ]
    (HERE / "eurobank.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")


def workbook(path, rows, shared):
    """An Excel file of one sheet; strings shared as Excel writes them, or inline as other programs do."""
    strings = []

    def cell(column, line, value):
        name = ""
        while True:
            column, rest = divmod(column, 26)
            name = chr(65 + rest) + name
            if column == 0:
                break
            column -= 1
        place = f"{name}{line}"
        if isinstance(value, (int, float)):
            return f'<c r="{place}"><v>{value}</v></c>'
        if shared:
            if value not in strings:
                strings.append(value)
            return f'<c r="{place}" t="s"><v>{strings.index(value)}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(at, number, value) for at, value in enumerate(row) if value != "")
        lines.append(f'<row r="{number}">{cells}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/>'
        + (f'<Override PartName="/xl/sharedStrings.xml" ContentType="{types}.sharedStrings+xml"/>' if shared else "")
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Κινήσεις" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        + (f'<Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>' if shared else "")
        + "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
    }
    if shared:
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{main}" uniqueCount="{len(strings)}">{items}</sst>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(zipfile.ZipInfo(name, (2025, 9, 19, 0, 0, 0)), head + text)


def piraeus():
    workbook(HERE / "piraeus.xlsx", [
        ["Τράπεζα Πειραιώς"], ["Κινήσεις Λογαριασμού"], ["Λογαριασμός:", "5200-000000-000"], ["Από:", "15/09/2025"],
        ["Έως:", "19/09/2025"], [],
        ["Κατηγορία", "Περιγραφή Συναλλαγής", "Ημ/νία Συναλλαγής", "Ημ/νία Αξίας", "Σχόλια / Κωδικός Αναφοράς", "Ποσό",
         "Νόμισμα", "Προοδευτικό Λογιστικό Υπόλοιπο", "Νόμισμα"],
        ["Έσοδα", "IRIS Payment", "18/09/2025", "18/09/2025", f"ΝΙΚΟΛΑΪΔΗΣ ΔΗΜΗΤΡΙΟΣ {reference(61)}", 20.96, "EUR",
         3206.46, "EUR"],
        ["Έσοδα", "ΕΜΒΑΣΜΑ", "17/09/2025", "17/09/2025", f"ΦΟΥΡΝΟΣ {grouped(reference(81))}", 186, "EUR", 3185.5, "EUR"],
        ["Έξοδα", "ΠΡΟΜΗΘΕΙΑ", "16/09/2025", "16/09/2025", "", -0.5, "EUR", 2999.5, "EUR"],
        ["Ημερομηνία Ενημέρωσης:", "19/09/2025 09:00"],
    ], shared=True)


# day, our reference, amount, its way, the words, the payer, the payer's account, the reference given
NBG = [
    ("2025-09-17", "NBG25260001", 11904, "in", "ΕΜΒΑΣΜΑ", "ΣΕΛΙΔΑ ΔΗΜΗΤΡΙΟΥ ΟΕ", "", reference(2)),
    ("2025-09-17", "NBG25260002", 5952, "in", "ΕΜΒΑΣΜΑ", "ΑΙΓΑΙΟ ΟΕ", "", reference(3)),
    ("2025-09-18", "NBG25261001/1", 3720, "batch", "ΜΑΖΙΚΗ ΠΙΣΤΩΣΗ", "ΜΑΚΡΗ ΕΛΕΝΗ", "", reference(4)),
    ("2025-09-18", "NBG25261001/2", 2232, "batch", "ΜΑΖΙΚΗ ΠΙΣΤΩΣΗ", "ΑΙΓΑΙΟ ΤΡΙΑΝΤΑΦΥΛΛΟΥ", "", reference(35)),
    ("2025-09-18", "NBG25261002", 7440, "in", "ΚΑΤΑΘΕΣΗ", "ΧΑΤΖΗΣ", PAYER_IBAN, ""),
    ("2025-09-18", "NBG25261003", 200, "out", "ΠΡΟΜΗΘΕΙΑ", "", "", ""),
    ("2025-09-19", "NBG25262001", 5952, "reversal", "ΑΝΤΙΛΟΓΙΣΜΟΣ ΕΜΒΑΣΜΑΤΟΣ", "ΑΙΓΑΙΟ ΟΕ", "", reference(3)),
]
OPENING = 100000


def greek(cents):
    return f"{cents // 100},{cents % 100:02d}"


def nbg_workbook():
    head = ["Α/Α Συναλλαγής", "Ημερομηνία", "Ώρα", "Valeur", "Κατάστημα", "Κατηγορία συναλλαγής", "Είδος εργασίας",
            "Ποσό συναλλαγής", "Ποσό εντολής", "Νόμισμα", "Χρέωση / Πίστωση", "Ισοτιμία", "Περιγραφή",
            "Λογιστικό Υπόλοιπο", "Ονοματεπώνυμο συμβαλλόμενου", "Ονοματεπώνυμο αντισυμβαλλόμενου",
            "Λογαριασμός αντισυμβαλλόμενου", "Τράπεζα αντισυμβαλλόμενου", "Επιπρόσθετες πληροφορίες",
            "Αριθμός αναφοράς", "Κανάλι"]
    rows = [["Εθνική Τράπεζα"], ["Λογαριασμός", grouped(OUR_IBAN)], [], head]
    balance = OPENING
    for number, (day, ours, cents, way, words, payer, iban, given) in enumerate(NBG, 1):
        incoming = way in ("in", "batch")
        balance += cents if incoming else -cents
        date = "/".join(reversed(day.split("-")))
        # the bank gives the parts of a batch references of their own here, and a reversal that of what it reverses
        name = {"NBG25261001/1": "FT25261771", "NBG25261001/2": "FT25261772", "NBG25262001": "NBG25260002"}.get(ours, ours)
        rows.append([str(number), date, "10:15", date, "701", "90001 Εισερχόμενα Εμβάσματα Ευρώ" if incoming else "",
                     "", ("" if incoming else "-") + greek(cents), "", "EUR", "Πίστωση" if incoming else "Χρέωση", "",
                     words, greek(balance), "KONET", payer, iban, "", given, name, "e-banking"])
    workbook(HERE / "nbg.xlsx", rows, shared=False)


def nbg_camt():
    def amount(cents):
        return f'<Amt Ccy="EUR">{cents // 100}.{cents % 100:02d}</Amt>'

    def details(cents, payer, iban, given, with_amount):
        account = f"<DbtrAcct><Id><IBAN>{iban}</IBAN></Id></DbtrAcct>" if iban else ""
        parties = f"<RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr>{account}</RltdPties>" if payer else ""
        remittance = f"<RmtInf><Strd><CdtrRefInf><Ref>{given}</Ref></CdtrRefInf></Strd></RmtInf>" if given else ""
        return f"<TxDtls>{amount(cents) if with_amount else ''}{parties}{remittance}</TxDtls>"

    entries, moved, batch = "", 0, []
    for day, ours, cents, way, words, payer, iban, given in NBG:
        moved += cents if way in ("in", "batch") else -cents
        if way == "batch":
            batch.append(details(cents, payer, iban, given, True))
            if len(batch) < 2:
                continue
            cents, inner = 5952, "".join(batch)
        else:
            inner = details(cents, payer, iban, given, False)
        entries += (f"<Ntry>{amount(cents)}<CdtDbtInd>{'CRDT' if way in ('in', 'batch') else 'DBIT'}</CdtDbtInd>"
                    + ("<RvslInd>true</RvslInd>" if way == "reversal" else "")
                    + f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
                    f"<AcctSvcrRef>{ours.split('/')[0]}</AcctSvcrRef><NtryDtls>{inner}</NtryDtls>"
                    f"<AddtlNtryInf>{words}</AddtlNtryInf></Ntry>\n")
    entries += (f"<Ntry>{amount(4191)}<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>"
                "<BookgDt><Dt>2025-09-19</Dt></BookgDt><AcctSvcrRef>NBG25262002</AcctSvcrRef></Ntry>\n")

    def balance(code, cents, day):
        return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{amount(cents)}<CdtDbtInd>CRDT</CdtDbtInd>"
                f"<Dt><Dt>{day}</Dt></Dt></Bal>\n")
    (HERE / "nbg-camt053.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2025-09-19T20:00:00</CreDtTm></GrpHdr>\n<Stmt><Id>1</Id>"
        f"<Acct><Id><IBAN>{OUR_IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n" + balance("OPBD", OPENING, "2025-09-17")
        + balance("CLBD", OPENING + moved, "2025-09-19") + entries + "</Stmt></BkToCstmrStmt></Document>\n",
        encoding="utf-8")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    alpha()
    eurobank()
    piraeus()
    nbg_workbook()
    nbg_camt()
