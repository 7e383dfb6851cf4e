#!/usr/bin/env python3
"""Makes the example company: fictitious customers, services and payments of a small hosting company.

    python3 make_company.py        writes the files beside it, the same ones every time

Every domain ends in `.example`, every tax id begins with 0000 (a series that is not issued) and every
IBAN is a published test number. The night to look at is 16 September 2025, a Tuesday.
"""
import csv
import datetime as dt
import io
import pathlib
import random

HERE = pathlib.Path(__file__).parent
NIGHT = dt.date(2025, 9, 16)
LAST_DAY = dt.date(2026, 10, 20)
DICE = random.Random(20250916)

FIRST = ["Ιωάννης", "Μαρία", "Γεώργιος", "Ελένη", "Κωνσταντίνος", "Αικατερίνη", "Δημήτριος", "Βασιλική", "Νικόλαος",
         "Σοφία", "Παναγιώτης", "Αγγελική", "Χρήστος", "Γεωργία", "Αθανάσιος", "Ευαγγελία", "Μιχαήλ", "Άννα"]
LAST = ["Παπαδόπουλος", "Βλαχοπούλου", "Αγγελόπουλος", "Καραγιάννη", "Νικολαΐδης", "Μακρή", "Οικονόμου", "Δημητρίου",
        "Γεωργιάδης", "Παππά", "Κωνσταντινίδης", "Ιωαννίδου", "Χατζής", "Σαμαρά", "Τριανταφύλλου", "Ζαφειρίου"]
TRADES = [("Αρτοποιείο", "Ο Φούρνος της γειτονιάς", "fournos"), ("Βιβλιοπωλείο", "Σελίδα", "selida"),
          ("Ξενοδοχείο", "Αιγαίο", "aigaio"), ("Λογιστικό γραφείο", "Ισοζύγιο", "isozygio"),
          ("Εμπόριο ποδηλάτων", "Δύο Τροχοί", "dyotroxoi"), ("Φαρμακείο", "Υγεία", "ygeia"),
          ("Ανθοπωλείο", "Μαργαρίτα", "margarita"), ("Συνεργείο αυτοκινήτων", "Ο Γρύλος", "grylos"),
          ("Φροντιστήριο", "Γνώση", "gnosi"), ("Οδοντιατρείο", "Χαμόγελο", "xamogelo"),
          ("Κατασκευή επίπλων", "Καρυδιά", "karydia"), ("Τυροκομείο", "Φέτα & Υιοί", "feta"),
          ("Τουριστικό γραφείο", "Πυξίδα", "pyxida"), ("Γυμναστήριο", "Παλμός", "palmos"),
          ("Εκδοτικός οίκος", "Ἀλφάβητος", "alfavitos"), ("Οινοποιείο", "Ἀμπελών", "ampelon")]
STREETS = ["Εγνατία", "Τσιμισκή", "Αγίου Δημητρίου", "Ερμού", "Βασιλίσσης Όλγας", "Μητροπόλεως", "Αριστοτέλους"]
CITIES = [("546 24", "Θεσσαλονίκη", "Α΄ Θεσσαλονίκης"), ("105 63", "Αθήνα", "ΚΕΦΟΔΕ Αττικής"), ("262 21", "Πάτρα", "Πατρών"),
          ("383 33", "Βόλος", "Βόλου"), ("712 02", "Ηράκλειο", "Ηρακλείου"), ("570 01", "Θέρμη", "Θέρμης")]
ENGLISH = [("Northwind Trading Ltd", "northwind", "CY", "10259033P", "reverse_charge"),
           ("Müller & Söhne GmbH", "mueller", "DE", "136695976", "reverse_charge"),
           ("Élan Vital SARL", "elan", "FR", "40303265045", "reverse_charge"),
           ("Harbour Apartments", "harbour", "GR", "", "standard")]

HOSTING = [("Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000), ("Φιλοξενία ιστοσελίδων Business SSD 20 GB", 9600),
           ("Φιλοξενία ηλεκτρονικού καταστήματος Pro SSD 50 GB", 18000)]
OTHERS = {
    "ssl": [("Πιστοποιητικό SSL απλής επικύρωσης", 2500, 12), ("Πιστοποιητικό SSL Wildcard", 7900, 12)],
    "email": [("Ηλεκτρονικό ταχυδρομείο, 10 θυρίδες", 4800, 12), ("Ηλεκτρονικό ταχυδρομείο, 50 θυρίδες", 1650, 1)],
    "backup": [("Αντίγραφα ασφαλείας 50 GB", 1200, 3), ("Αντίγραφα ασφαλείας 200 GB", 3600, 6)],
    "server": [("Εικονικός διακομιστής VPS 4 GB", 1990, 1), ("Αφιερωμένος διακομιστής 32 GB", 26700, 3)],
    "support": [("Τεχνική υποστήριξη, 5 ώρες", 15000, 6)],
    "other": [("Παρακολούθηση διαθεσιμότητας", 1800, 12)],
}


def tax_id(number):
    """The check digit of a Greek tax id."""
    body = f"0000{number:04d}"
    total = sum(int(digit) << (8 - place) for place, digit in enumerate(body))
    return f"{body}{total % 11 % 10}"


def reference(sequence):
    """ISO 11649 reference as the program makes it from the order of the first import."""
    body = f"KONET{sequence:06d}"
    digits = "".join(str(int(c, 36)) for c in f"{body}RF00")
    return f"RF{98 - int(digits) % 97:02d}{body}"


def later(day, months, anchor):
    """The anchor day, `months` on, or the last day of a month too short for it."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for candidate in range(anchor, 27, -1):
        try:
            return dt.date(year, month, candidate)
        except ValueError:
            continue
    return dt.date(year, month, min(anchor, 28))


def half_up(value, times, over):
    return (2 * value * times + over) // (2 * over)


def gross(service, rate):
    if service["price_gross"]:
        return service["price_gross"]
    return service["price"] + half_up(service["price"], rate, 100)


def euros(cents):
    return f"{cents // 100},{cents % 100:02d}"


def customers():
    rows = []
    for index in range(84):
        code = f"K-{index + 1:04d}"
        first, last = FIRST[index % len(FIRST)], LAST[(index * 7) % len(LAST)]
        trade, shop, slug = TRADES[index % len(TRADES)]
        postcode, city, office = CITIES[index % len(CITIES)]
        label = f"{slug}{index + 1}"
        row = dict(code=code, name=f"{last} {first}" if index % 3 == 0 else f"«{shop}» {last} Ο.Ε.",
                   email=f"info@{label}.example", cc="", tax_id=tax_id(index + 1), tax_office=office, profession=trade,
                   address=f"{DICE.choice(STREETS)} {DICE.randint(1, 180)}", postcode=postcode, city=city, country="GR",
                   phone=f"2310 000 {index:03d}", language="el", vat="standard", reference="", enforcement="yes",
                   label=label, rate=24)
        if 20 <= index < 20 + len(ENGLISH):
            name, slug, country, number, vat = ENGLISH[index - 20]
            row.update(name=name, label=slug, email=f"accounts@{slug}.example", tax_id=number, tax_office="",
                       profession="", country=country, language="en", vat=vat, rate=0 if vat != "standard" else 24)
        rows.append(row)
    rows[3].update(email="info@ygeia4.example;logistirio@ygeia4.example", cc="syntirisi@ygeia4.example")
    rows[5]["email"] = "grafeio@παράδειγμα.example"
    rows[8].update(vat="exempt", rate=0, name="Σύλλογος Φίλων Βιβλιοθήκης «Η Ανάγνωσις»", profession="Σωματείο")
    rows[9].update(vat="13", rate=13)
    rows[11].update(enforcement="no", name="Δήμος Παραδείγματος")
    rows[13]["reference"] = "RF96TU06FX"
    rows[14]["name"] = "Ἑταιρεία Ἑλληνικῶν Ἐκδόσεων «Ἀλφάβητος» – Παπαδοπούλου, Ζαφειρίου καὶ Σία Ἑτερόρρυθμη Ἑταιρεία"
    return rows


def service(rows, customer, kind, name, price, months, expires, domain, **more):
    row = dict(code=f"S-{len(rows) + 1:04d}", customer=customer["code"], kind=kind, name=name, domain_name=domain,
               price=price, price_gross=0, period_months=months, expires_on=expires, state="active", suspension_reason="",
               renews="yes", hold_until="", hold_note="", account="", server="", vat="", rate=customer["rate"])
    row.update(more)
    rows.append(row)
    return row


def spread():
    """Expiries over the year and a half after the night, thickest in the first weeks."""
    if DICE.random() < 0.4:
        return NIGHT + dt.timedelta(days=DICE.randint(-2, 45))
    return NIGHT + dt.timedelta(days=DICE.randint(5, 460))


def services(people):
    rows = []
    for index, customer in enumerate(people):
        domain = f"{customer['label']}.example"
        when = spread()
        name, price = HOSTING[index % 3]
        months = [12, 12, 12, 6, 24, 36][index % 6]
        service(rows, customer, "hosting", name, price * months // 12, months, when, domain, account=customer["label"][:12],
                server=f"web{index % 3 + 1}.konet.example")
        service(rows, customer, "domain", "Κατοχύρωση ονόματος χώρου", 1690 * [1, 2][index % 2], [12, 24][index % 2],
                when if index % 2 else spread(), domain)
        if index % 2 == 0:
            kind = list(OTHERS)[index // 2 % len(OTHERS)]
            name, price, months = OTHERS[kind][index // 12 % len(OTHERS[kind])]
            service(rows, customer, kind, name, price, months, spread(), domain if kind != "support" else "")
    big = people[40]
    big["name"] = "Πρακτορείο Διαδικτύου «Σαράντα» Α.Ε."
    for number in range(38):
        service(rows, big, "domain", "Κατοχύρωση ονόματος χώρου", 1690, 12, NIGHT + dt.timedelta(days=DICE.randint(3, 380)),
                f"saranta-{number + 1:02d}.example")
    for customer in people[2:14:3]:
        service(rows, customer, "custom_app", "Εφαρμογή κρατήσεων στα μέτρα του πελάτη", 120000, 12,
                NIGHT + dt.timedelta(days=DICE.randint(5, 60)), "")
    for customer, day in zip(people[50:56], [dt.date(2025, 10, 31), dt.date(2025, 9, 30), dt.date(2026, 1, 31),
                                             dt.date(2025, 11, 30), dt.date(2026, 8, 31), dt.date(2025, 12, 31)]):
        service(rows, customer, "backup", "Αντίγραφα ασφαλείας, μηνιαία", 990, 1, day, f"{customer['label']}.example")
    # agreed with VAT: what the customer was told is what is printed
    for customer in people[56:62]:
        service(rows, customer, "email", "Ηλεκτρονικό ταχυδρομείο, προσφορά με ΦΠΑ", 0, 12, spread(),
                f"{customer['label']}.example", price_gross=5990)
    service(rows, people[62], "ssl", "Πιστοποιητικό SSL EV", 19000, 24, dt.date(2028, 2, 29), f"{people[62]['label']}.example")
    # already expired when the program meets them
    for number, customer in enumerate(people[63:68]):
        service(rows, customer, "hosting", "Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000, 12,
                NIGHT - dt.timedelta(days=[3, 8, 17, 26, 38][number]), f"palio-{number + 1}.example", account=f"palio{number + 1}")
    for number, (customer, reason) in enumerate(zip(people[68:72], ["nonpayment", "manual", "abuse", "cancelled"])):
        service(rows, customer, "hosting", "Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000, 12,
                NIGHT - dt.timedelta(days=30 + number), f"anastoli-{number + 1}.example", state="suspended",
                suspension_reason=reason, renews="no" if reason == "cancelled" else "yes")
    service(rows, people[72], "hosting", "Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000, 12, NIGHT - dt.timedelta(days=55),
            "diagrafi.example", state="terminated")
    for row, note, days in [(rows[3], "Συμφωνία με τη διεύθυνση", 60), (rows[8], "Διακανονισμός σε δόσεις", 90)]:
        row.update(hold_until=NIGHT + dt.timedelta(days=days), hold_note=note,
                   expires_on=NIGHT + dt.timedelta(days=10))
    for row in (rows[16], rows[31]):
        row.update(renews="no", expires_on=NIGHT + dt.timedelta(days=20))
    rows[45]["vat"] = "6"
    rows[45]["rate"] = 6
    rows[60]["name"] = ("Φιλοξενία ιστοσελίδων με πιστοποιητικό, αντίγραφα ασφαλείας, καθημερινή παρακολούθηση "
                        "και τεχνική υποστήριξη σε εργάσιμες ώρες")
    return rows


def payments(people, rows):
    """What customers pay: most about the day of expiry, some late, some in part, some never."""
    number = {person["code"]: at + 1 for at, person in enumerate(people)}
    names = {person["code"]: person for person in people}
    found = []

    def pay(day, cents, row, note="", named=False, by_code=False):
        person = names[row["customer"]]
        ref = person["reference"] or reference(number[person["code"]])
        grouped = " ".join(ref[i:i + 4] for i in range(0, len(ref), 4))
        found.append(dict(date=day, amount=cents, customer=person["code"] if by_code else "",
                          services=row["code"] if named else "", reference="" if by_code or named else ref,
                          payer=person["name"], payer_iban="", note=note or ("" if by_code or named else f"ΠΛΗΡΩΜΗ {grouped}")))

    for row in rows:
        if row["kind"] == "custom_app" or row["renews"] == "no" or row["state"] != "active":
            continue
        temper = DICE.random()
        expiry, anchor = row["expires_on"], row["expires_on"].day
        while expiry <= LAST_DAY:
            cents = gross(row, int(row["vat"] or row["rate"]))
            habit = DICE.random()
            begin = max(expiry, NIGHT + dt.timedelta(days=1))
            if temper < 0.05:
                break
            if habit < 0.10:
                first = cents // 2
                pay(begin - dt.timedelta(days=DICE.randint(0, 4)), first, row, named=True, note="Έναντι")
                pay(begin + dt.timedelta(days=DICE.randint(1, 5)), cents - first, row, named=True, note="Υπόλοιπο")
            elif habit < 0.13:
                pay(begin - dt.timedelta(days=DICE.randint(0, 3)), cents + 500, row, note="με στρογγυλοποίηση, " + (
                    names[row["customer"]]["reference"] or reference(number[row["customer"]])))
            elif habit < 0.20:
                pay(begin + dt.timedelta(days=DICE.randint(12, 34)), cents, row, by_code=True)
            else:
                day = begin + dt.timedelta(days=DICE.randint(-12, 4))
                pay(max(day, NIGHT + dt.timedelta(days=1)), cents, row, named=habit > 0.85, by_code=0.7 < habit < 0.78)
            expiry = later(expiry, row["period_months"], anchor)
    found = [row for row in found if NIGHT < row["date"] <= LAST_DAY]
    # banks book on working days
    for row in found:
        while row["date"].weekday() > 4:
            row["date"] += dt.timedelta(days=1)
    found.sort(key=lambda row: (row["date"], row["reference"], row["services"], row["customer"], row["amount"]))
    for at, row in enumerate(found):
        row["bank_ref"] = f"TRX{at + 1:06d}"
    return found


def first_night(people, rows):
    """The statement of the night itself: in full, in part, more than asked, early, by card and by name."""
    soon = sorted((row for row in rows if row["kind"] not in ("custom_app",) and row["renews"] == "yes"
                   and row["state"] == "active" and NIGHT <= row["expires_on"] < NIGHT + dt.timedelta(days=25)),
                  key=lambda row: (row["expires_on"], row["code"]))
    number = {person["code"]: at + 1 for at, person in enumerate(people)}
    found = []

    def pay(row, cents, note, **more):
        found.append(dict(date=NIGHT - dt.timedelta(days=1), amount=cents, bank_ref=f"TRX25259{len(found) + 1:03d}", customer="",
                          services="", reference=reference(number[row["customer"]]), payer=people[number[row["customer"]] - 1]["name"],
                          payer_iban="", note=note) | more)

    due = [(row, gross(row, int(row["vat"] or row["rate"]))) for row in soon]
    pay(due[0][0], due[0][1], "Ανανέωση")
    pay(due[1][0], due[1][1] // 2, "Έναντι λογαριασμού")
    pay(due[2][0], due[2][1] + 1000, "Με στρογγυλοποίηση")
    pay(due[3][0], due[3][1], "", reference="", services=due[3][0]["code"])
    pay(due[4][0], due[4][1], "", reference="", customer=due[4][0]["customer"])
    late = next(row for row in rows if row["domain_name"] == "palio-2.example")
    pay(late, gross(late, 24), "Εξόφληση, συγγνώμη για την καθυστέρηση")
    early = next(row for row in rows if row["expires_on"] > NIGHT + dt.timedelta(days=200) and row["period_months"] == 12
                 and row["kind"] == "domain" and row["customer"] not in {r["customer"] for r, _ in due[:5]})
    pay(early, gross(early, 24), "Πληρωμή εκ των προτέρων")
    return found


def write(name, columns, rows, encoding="utf-8", separator=";"):
    text = io.StringIO()
    out = csv.writer(text, delimiter=separator, lineterminator="\n" if encoding == "utf-8" else "\r\n")
    out.writerow(columns)
    for row in rows:
        cells = []
        for column in columns:
            value = row[column]
            if column in ("price", "price_gross", "amount"):
                value = euros(value) if value else ""
            elif isinstance(value, dt.date):
                value = value.isoformat() if encoding == "utf-8" else value.strftime("%d/%m/%Y")
            cells.append(value)
        out.writerow(cells)
    target = HERE / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.getvalue().encode(encoding))
    print(f"{name}: {len(rows)} rows")


CUSTOMER = ("code name email cc tax_id tax_office profession address postcode city country phone language vat reference "
            "enforcement").split()
SERVICE = ("code customer kind name domain_name price price_gross period_months expires_on state suspension_reason renews "
           "hold_until hold_note account server vat").split()
PAYMENT = "date amount bank_ref customer services reference payer payer_iban note".split()


def main():
    people = customers()
    rows = services(people)
    excel = [row for row in rows if row["customer"] in ("K-0074", "K-0075", "K-0076", "K-0077", "K-0078", "K-0079")]
    write("customers.csv", CUSTOMER, people)
    write("services.csv", SERVICE, [row for row in rows if row not in excel])
    write("services-excel-1253.csv", SERVICE, excel, encoding="cp1253")
    write("inbox/payments-2025-09-16.csv", PAYMENT, first_night(people, rows))
    write("diary/payments.csv", PAYMENT, payments(people, rows))
    nobody = [dict(people[0], code="N-0001", name="Καφενείο χωρίς ηλεκτρονική διεύθυνση", email="", tax_id=tax_id(901)),
              dict(people[1], code="N-0002", name="Πελάτης με παλιά υπηρεσία", email="info@palia.example", tax_id=tax_id(902))]
    write("needs-a-person/customers.csv", CUSTOMER, nobody)
    mine = []
    service(mine, nobody[0], "hosting", "Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000, 12, NIGHT + dt.timedelta(days=6), "kafeneio.example")
    service(mine, nobody[1], "hosting", "Φιλοξενία ιστοσελίδων Starter SSD 5 GB", 6000, 12, NIGHT - dt.timedelta(days=200), "palia.example")
    for at, row in enumerate(mine):
        row["code"] = f"N-S-{at + 1}"
    write("needs-a-person/services.csv", SERVICE, mine)
    write("needs-a-person/payments.csv", PAYMENT, [
        dict(date=NIGHT - dt.timedelta(days=1), amount=7440, bank_ref="TRX25259901", customer="", services="", reference="",
             payer="ΑΓΝΩΣΤΟΣ ΚΑΤΑΘΕΤΗΣ", payer_iban="", note="φιλοξενία")])
    for what in ("kind", "state", "period_months", "renews"):
        print(what, sorted({str(row[what]) for row in rows}))


if __name__ == "__main__":
    main()
