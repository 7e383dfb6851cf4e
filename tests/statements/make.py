#!/usr/bin/env python3
"""Writes the fictitious statements of this folder, and beside each what it must book and what must be told.

    python3 make.py     the same files every time

`NAME.json` beside a statement: `rows` as [way, day, cents, payer, reference, is it for a person to divide], in any order;
`until`, the last day it covers; `told`, words of the warnings and faults in their order; `faults`, how many rows are
refused; `for_people`, how many questions it leaves; or `refused`, words of the refusal of the whole file.
No real account, no real person.
"""
import io
import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))
sys.dont_write_bytecode = True
from make_statements import workbook  # noqa: E402

OURS = "GR1601101250000000012300695"   # a published test number
PAYER = "GR9608100010000001234567890"  # another
DAY = "2025-09-17"
IN, BACK = "in", "back"
CASES = {}


def case(name, content, rows=(), until=None, told=(), faults=0, for_people=0, refused=None):
    CASES[name] = True
    (HERE / name).write_bytes(content.encode() if isinstance(content, str) else content)
    expected = {"refused": refused} if refused else {
        "rows": [list(row) for row in rows], "until": until, "told": list(told), "faults": faults,
        "for_people": for_people}
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (HERE / (name + ".json")).write_text(text + "\n", encoding="utf-8")


def row(way, cents, payer="", reference="", day=DAY, unsplit=False):
    return way, day, cents, payer, reference, unsplit


def amt(text, currency="EUR"):
    return f'<Amt Ccy="{currency}">{text}</Amt>'


def part(amounts="", payer="", more="", reference="", words=""):
    return (f"<TxDtls>{amounts}<RltdPties>" + (f"<Dbtr><Nm>{payer}</Nm></Dbtr>" if payer else "") + "</RltdPties><RmtInf>"
            + (f"<Ustrd>{words}</Ustrd>" if words else "")
            + (f"<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>" if reference else "")
            + f"</RmtInf>{more}</TxDtls>")


def entry(amount, way="CRDT", parts="", status="<Sts>BOOK</Sts>", day=DAY, ref="", more="", currency="EUR"):
    return (f"<Ntry>{amt(amount, currency)}<CdtDbtInd>{way}</CdtDbtInd>{status}"
            + (f"<BookgDt><Dt>{day}</Dt></BookgDt>" if day else "")
            + (f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else "")
            + more + (f"<NtryDtls>{parts}</NtryDtls>" if parts else "") + "</Ntry>")


def stmt(entries, head="", account=OURS, tag="Stmt"):
    return f"<{tag}><Id>1</Id>{head}<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{entries}</{tag}>"


def document(inside, root="BkToCstmrStmt", version="camt.053.001.02", encoding="UTF-8"):
    return (f'<?xml version="1.0" encoding="{encoding}"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}">'
            f"<{root}><GrpHdr><MsgId>1</MsgId></GrpHdr>{inside}</{root}></Document>\n")


def balance(code, amount, day, way="CRDT"):
    return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{amt(amount)}<CdtDbtInd>{way}</CdtDbtInd>"
            f"<Dt><Dt>{day}</Dt></Dt></Bal>")


def camt():
    def instructed(text):
        return f"<AmtDtls><InstdAmt>{amt(text)}</InstdAmt></AmtDtls>"

    parts = part(instructed("60.00"), "ΑΛΦΑ ΕΠΕ", reference="RF741") + part(instructed("40.00"), "ΒΗΤΑ ΟΕ")
    case("batch-instructed.xml", document(stmt(entry("100.00", parts=parts, ref="B-1"))),
         [row(IN, 6000, "ΑΛΦΑ ΕΠΕ", "RF741"), row(IN, 4000, "ΒΗΤΑ ΟΕ")], DAY)

    parts = part(amt("60.00"), "ΑΛΦΑ ΕΠΕ") + part(amt("40.00"), "ΒΗΤΑ ΟΕ")
    charges = f"<Chrgs>{amt('1.50')}</Chrgs>"
    case("batch-charges.xml", document(stmt(entry("98.50", parts=parts, ref="B-2", more=charges))),
         [row(IN, 6000, "ΑΛΦΑ ΕΠΕ"), row(IN, 4000, "ΒΗΤΑ ΟΕ")], DAY, told=["the bank kept 1,50"])

    parts = part("", "ΑΛΦΑ ΕΠΕ") + part("", "ΒΗΤΑ ΟΕ")
    counted = "<Btch><NbOfTxs>3</NbOfTxs></Btch>"
    case("batch-silent.xml", document(stmt(entry("100.00", parts=parts, ref="B-3") + entry("50.00", parts=counted))),
         [row(IN, 10000, unsplit=True), row(IN, 5000, unsplit=True)], DAY, told=["booked as one", "booked as one"])

    returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    parts = "".join(part(amt("1.00"), f"ΠΕΛΑΤΗΣ {n}", returned if n == 7 else "") for n in range(1, 101))
    case("batch-returned.xml", document(stmt(entry("100.00", parts=parts))),
         [row(IN, 100, f"ΠΕΛΑΤΗΣ {n}") for n in range(1, 101) if n != 7], DAY, told=["came back"])

    parts = part(amt("50.00"), "ΑΛΦΑ ΕΠΕ") + part(amt("20.00") + "<CdtDbtInd>DBIT</CdtDbtInd>", "ΒΗΤΑ ΟΕ", returned)
    case("batch-net.xml", document(stmt(entry("30.00", parts=parts))),
         [row(IN, 5000, "ΑΛΦΑ ΕΠΕ"), row(BACK, 2000, "ΒΗΤΑ ΟΕ")], DAY)

    entries = entry("2.00", "DBIT", day=None) + entry("12.00", parts=part("", "ΑΛΦΑ ΕΠΕ"), day=None) + entry(
        "x", "DBIT") + entry("7.00", parts=part("", "ΒΗΤΑ ΟΕ"), day="2025-09-16")
    case("undated.xml", document(stmt(balance("CLBD", "17.00", "2025-09-18") + entries)),
         [row(IN, 1200, "ΑΛΦΑ ΕΠΕ", day="2025-09-18"), row(IN, 700, "ΒΗΤΑ ΟΕ", day="2025-09-16")], "2025-09-18",
         told=["no amount that can be read"])

    entries = entry("12.00", day=None, more="<AddtlNtryInf>ΑΓΝΩΣΤΗ ΗΜΕΡΑ</AddtlNtryInf>") + entry(
        "2.00", "DBIT", day=None) + entry("7.00", parts=part("", "ΒΗΤΑ ΟΕ"))
    case("undated-nowhere.xml", document(stmt(entries)), [row(IN, 700, "ΒΗΤΑ ΟΕ")], DAY,
         told=["money out", "ΑΓΝΩΣΤΗ ΗΜΕΡΑ"], faults=1)

    parts = ("<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Nm>&#928;&#x391;&#928;&#928;&#913; "
             "&amp; ΣΙΑ</Nm></Dbtr></RltdPties><RmtInf><Ustrd>ΓΙΑ</Ustrd><Strd><CdtrRefInf><Ref>RF741</Ref></CdtrRefInf>"
             "<CdtrRefInf><Ref>RF712348231</Ref></CdtrRefInf><AddtlRmtInf>ΟΛΑ</AddtlRmtInf></Strd></RmtInf></TxDtls>")
    case("references.xml", document(stmt(entry("12.00", parts=parts, more="<AddtlNtryInf>ΚΑΤΙ</AddtlNtryInf>"))),
         [row(IN, 1200, "ΠΑΠΠΑ & ΣΙΑ", "RF741")], DAY)

    entries = "".join(entry("5.00", status=status) for status in (
        "<Sts>PDNG</Sts>", "<Sts><Prtry>PENDING</Prtry></Sts>", "<Sts>INFO</Sts>", "<Sts>ΑΝΑΜΟΝΗ</Sts>"))
    entries += entry("6.00", "DBIT", status="<Sts>PDNG</Sts>") + entry("7.00", status="<Sts><Cd>BOOK</Cd></Sts>")
    case("statuses.xml", document(stmt(entries), version="camt.053.001.08"), [row(IN, 700)], DAY,
         told=["PDNG", "PENDING", "INFO", "ΑΝΑΜΟΝΗ"])

    swedish = part(amt("0", "SEK") + f"<AmtDtls><InstdAmt>{amt('80.00', 'SEK')}</InstdAmt></AmtDtls>", "NORDEN AB")
    entries = entry("5.00", currency="USD") + entry("6.00", "DBIT", currency="USD") + entry("7.00", parts=swedish)
    entries += entry("0.00") + entry("8.00000")
    case("currencies.xml", document(stmt(entries)), [row(IN, 700, "NORDEN AB"), row(IN, 800)], DAY,
         told=["USD", "no amount"])

    entries = "".join(entry("24.00", ref=ref, parts=part("", payer)) for ref, payer in (
        ("NONREF", "ΑΛΦΑ ΕΠΕ"), ("NONREF", "ΒΗΤΑ ΟΕ"), ("POS-1", "ΓΑΜΑ"), ("POS-1", "ΓΑΜΑ"), ("", "ΓΑΜΑ")))
    case("shared-reference.xml", document(stmt(entries)),
         [row(IN, 2400, payer) for payer in ("ΑΛΦΑ ΕΠΕ", "ΒΗΤΑ ΟΕ", "ΓΑΜΑ", "ΓΑΜΑ", "ΓΑΜΑ")], DAY)

    period = "<FrToDt><FrDtTm>2025-09-01T00:00:00</FrDtTm><ToDtTm>2025-09-15T23:59:59</ToDtTm></FrToDt>"
    two = stmt(entry("3.00", day="2025-09-10"), head=period) + stmt(
        entry("4.00", day="2025-09-11"), account=PAYER) + stmt("", account="DE89370400440532013000")
    case("three-accounts.xml", document(two), [row(IN, 300, day="2025-09-10"), row(IN, 400, day="2025-09-11")], "2025-09-15")

    entries = entry("9.00", parts=part("", "ΑΛΦΑ ΕΠΕ"), ref="I-1")
    case("interim.xml", document(stmt(balance("ITBD", "9.00", DAY) + entries, tag="Rpt"), "BkToCstmrAcctRpt",
                                 "camt.052.001.08"), [row(IN, 900, "ΑΛΦΑ ΕΠΕ")], DAY)
    case("notification.xml", document(stmt(entries, tag="Ntfctn"), "BkToCstmrDbtCdtNtfctn", "camt.054.001.08"),
         [row(IN, 900, "ΑΛΦΑ ΕΠΕ")], DAY)

    greek = document(stmt(entry("9.00", parts=part("", "ΆΛΦΑ €"), ref="I-1")), encoding="NAME")
    for name, encoding in (("utf-16", "utf-16"), ("windows-1253", "cp1253"), ("iso-8859-7", "iso8859_7")):
        text = greek.replace("NAME", name)
        text = text if name != "iso-8859-7" else text.replace("ΆΛΦΑ €", "ΑΛΦΑ")
        case(f"encoding-{name}.xml", text.encode(encoding),
             [row(IN, 900, "ΑΛΦΑ" if name == "iso-8859-7" else "ΆΛΦΑ €")], DAY)
    prefixed = greek.replace("NAME", "UTF-8").replace("</", "\0").replace("<?", "\1").replace("<", "<b:").replace(
        "\0", "</b:").replace("\1", "<?").replace("xmlns=", "xmlns:b=")
    case("prefixed.xml", prefixed, [row(IN, 900, "ΆΛΦΑ €")], DAY)

    entries = entry("9.00", "DBIT", more="<RvslInd>true</RvslInd>", parts=part("", "ΑΛΦΑ ΕΠΕ"))
    entries += entry("8.00", "DBIT", parts=part("", "ΒΗΤΑ ΟΕ", returned)) + entry("7.00", "DBIT")
    entries += entry("6.00", more="<RvslInd>1</RvslInd>") + entry("5.00", day="2025-09-30")
    case("returns.xml", document(stmt(balance("OPBD", "50.00", DAY) + balance("CLBD", "37.00", DAY) + entries)),
         [row(BACK, 900, "ΑΛΦΑ ΕΠΕ"), row(BACK, 800, "ΒΗΤΑ ΟΕ"), row(IN, 500, day="2025-09-30")], DAY, told=["came back"])
    wrong = balance("OPBD", "50.00", DAY) + balance("CLBD", "57.01", DAY) + entry("7.00")
    case("balances.xml", document(stmt(wrong)), [row(IN, 700)], DAY, for_people=1)

    case("payment-order.xml", document("<PmtInf/>", "CstmrCdtTrfInitn", "pain.001.001.03"), refused="no bank statement")
    case("cut.xml", document(stmt(entry("9.00")))[:-30], refused="download it again")


def exports():
    alpha = [
        "Alpha Bank;;;;;;;;", f"Λογαριασμός;{'GR1601401250000000012300695'};;;;;;;",
        "Προηγούμενο Λογιστικό Υπόλοιπο;148,00 Χ;;;;;;;", "Νέο Λογιστικό Υπόλοιπο;1.148,00 Π;;;;;;;", "",
        "Α/Α;Ημ/νία;Αιτιολογία;Κατάστημα;Τοκισμός από;Αρ. συναλλαγής;Ποσό;Πρόσημο ποσού;",
        '1;16/09/2025;="ΕΜΒΑΣΜΑ; ΑΛΦΑ";099;16/09/2025;="AL1";1.200,00;Π;', '2;17/09/2025;="ΕΜΒΑΣΜΑ";099;17/09/2025;="AL1";100,00;Π;',
        '3;17/09/2025;="ΠΡΟΜΗΘΕΙΑ";099;17/09/2025;="AL2";4,00;X;', '4;;ΧΩΡΙΣ ΗΜΕΡΑ;099;;="AL3";3,00;Π;', "Σύνολο;;;;;;1.296,00;;"]
    case("alpha.csv", "\r\n".join(alpha).encode("cp1253") + b"\r\n",
         [row(IN, 120000, day="2025-09-16"), row(IN, 10000)], DAY, told=["no date"], faults=1)
    payers = ["Εισερχόμενες εντολές;;;;;;", "Α/Α;Ημ/νία;Τράπεζα οφειλέτη;Επωνυμία εντολέα;Ποσό;Αρ. συναλλαγής;",
              '1;09/16/2025;PIRBGRAA;="ΑΛΦΑ ΕΠΕ";EUR 1.200,00;="AL1";', '2;9/17/2025;ETHNGRAA;ΒΗΤΑ ΟΕ;EUR 100,00;="AL1";']
    case("alpha-payers.csv", "\r\n".join(payers).encode("cp1253") + b"\r\n",
         [row("payer", 120000, "ΑΛΦΑ ΕΠΕ", day="2025-09-16"), row("payer", 10000, "ΒΗΤΑ ΟΕ")])
    case("eurobank.csv", "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό\r\n17/9/2025;17/9/2025;ΕΜΒΑΣΜΑ;24,00\r\n"
         "17/9/2025;17/9/2025;ΕΜΒΑΣΜΑ;24,00\r\n18/9/2025;18/9/2025;ΠΡΟΜΗΘΕΙΑ;-0,50\r\n17/9/2025;17/9/2025;ΧΑΛΑΣΜΕΝΟ;2x,00\r\n"
         "18/9/2025;18/9/2025;ΑΝΤΙΛΟΓΙΣΜΟΣ ΕΜΒΑΣΜΑΤΟΣ;-24,00\r\nΛογαριασμός;0026.0000.00.0000000000;;\r\n",
         [row(IN, 2400), row(IN, 2400), row(BACK, 2400, day="2025-09-18")], "2025-09-18", told=["2x,00"], faults=1)
    unicode_text = "Ημερομηνία Κίνησης\tΗμερομηνία Αξίας\tΠεριγραφή\tΠοσό\tΥπόλοιπο\r\n17/9/2025\t17/9/2025\tΕΜΒΑΣΜΑ\t24,00\t24,00\r\n"
    case("eurobank-unicode.txt", unicode_text.encode("utf-16"), [row(IN, 2400)], DAY)
    head = ["Κατηγορία", "Περιγραφή Συναλλαγής", "Ημ/νία Συναλλαγής", "Ημ/νία Αξίας", "Σχόλια / Κωδικός Αναφοράς", "Ποσό", "Νόμισμα"]
    workbook(HERE / "piraeus.xlsx", [
        ["Τράπεζα Πειραιώς"], ["Έως:", "20/09/2025"], [], head,
        ["Έσοδα", "IRIS Payment", "17/09/2025", "17/09/2025", "ΝΙΚΟΛΑΪΔΗΣ", 20.96, "EUR"],
        ["Έσοδα", "ΕΜΒΑΣΜΑ", "17/09/2025", "17/09/2025", "ΞΕΝΟ", 30, "USD"],
        ["Έσοδα", "ΕΜΒΑΣΜΑ", "", "", "ΧΩΡΙΣ ΗΜΕΡΑ", 31.5, "EUR"],
        ["Έξοδα", "ΠΡΟΜΗΘΕΙΑ", "18/09/2025", "18/09/2025", "", -0.5, "EUR"], ["Ημερομηνία Ενημέρωσης:", "19/09/2025 09:00"],
    ], shared=True)
    case("piraeus.xlsx", (HERE / "piraeus.xlsx").read_bytes(), [row(IN, 2096)], "2025-09-19", told=["USD", "no date"], faults=1)
    own = "date;amount;bank_ref;payer;reference\n17/09/2025;24,00;T-1;ΑΛΦΑ ΕΠΕ;RF741\n2025-09-16;1.234,56;T-1;ΒΗΤΑ ΟΕ;\n2025-09-16;x;T-2;;\n"
    case("own.csv", own, [row(IN, 2400, "ΑΛΦΑ ΕΠΕ", "RF741"), row(IN, 123456, "ΒΗΤΑ ΟΕ", day="2025-09-16")], DAY,
         told=["`x`"], faults=1)


def zips():
    files = io.BytesIO()
    with zipfile.ZipFile(files, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("interim.xml", "eurobank-unicode.txt", "piraeus.xlsx"):
            archive.writestr(zipfile.ZipInfo("2025/" + name, (2025, 9, 19, 0, 0, 0)), (HERE / name).read_bytes())
        archive.writestr(zipfile.ZipInfo("2025/printed.pdf", (2025, 9, 19, 0, 0, 0)), b"%PDF-1.7\n")
    case("statements.zip", files.getvalue(), [row(IN, 900, "ΑΛΦΑ ΕΠΕ"), row(IN, 2400), row(IN, 2096)], "2025-09-19",
         told=["USD", "PDF", "no date"], faults=1)
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inner.zip", (2025, 9, 19, 0, 0, 0)), files.getvalue())
    case("nested.zip", nested.getvalue(), refused="a zip in a zip")


def others():
    mt940 = (f":20:STARTUMS\r\n:25:{OURS}\r\n:28C:1/1\r\n:60F:C250916EUR100,00\r\n:61:2509170917CR124,00NTRFNONREF\r\n"
             ":86:ΕΜΒΑΣΜΑ\r\n:62F:C250917EUR224,00\r\n-\r\n")
    case("mt940.sta", mt940, refused="MT940")
    case("mt942.sta", ":20:X\r\n:25:Y\r\n:34F:EURD0,\r\n:13D:2509170900+0200\r\n", refused="MT942")
    case("money.ofx", "OFXHEADER:100\r\nDATA:OFXSGML\r\n\r\n<OFX><BANKMSGSRSV1></OFX>\r\n", refused="OFX")
    coda = [f"{text:<128}" for text in ("0000017092572505 00000000000", "100010000000", "21000100000", "80010000000", "9")]
    case("coda.cod", "\r\n".join(coda) + "\r\n", refused="CODA")
    case("page.xls", "<html><body><table><tr><td>Ποσό</td></tr></table></body></html>", refused="HTML")
    case("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), refused="BIFF")
    case("printed.pdf", b"%PDF-1.7\n%\xe2\xe3\n", refused="PDF")
    case("money.qif", "!Type:Bank\nD17/9'25\nT24.00\n^\n", refused="QIF")
    case("american.bai", "01,122099999,123456789,250917,0200,1,,,2/\n02,031001234,122099999,1,250917,,EUR,2/\n", refused="BAI2")
    case("swift.txt", "{1:F01ETHNGRAAXXXX0000000000}{2:O1032200}{4:\r\n:20:X\r\n-}", refused="SWIFT")


if __name__ == "__main__":
    camt()
    exports()
    zips()
    others()
    for stray in HERE.glob("*.json"):
        if stray.name[:-5] not in CASES:
            stray.unlink()
