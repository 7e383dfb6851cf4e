"""A night as somebody would write it in an afternoon: due services out of sqlite3, a page by jinja2, a PDF by ReportLab, mail by
smtplib, one after the other, with a commit for each. Prints messages a second.

usage: night_in_python.py CUSTOMERS.CSV SERVICES.CSV COUNT PORT none|wrapper CA_FILE FONT
"""
import csv, io, smtplib, sqlite3, ssl, sys, time
from email.message import EmailMessage

import jinja2
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

customers, services, count, port, tls, ca, font = sys.argv[1:]
count, port = int(count), int(port)
PAGE = jinja2.Template("""<html><body><h1>Καρτέλα Χρέωσης</h1><p>Αγαπητέ πελάτη {{ name }},</p><table>{% for label, value in rows %}
<tr><td>{{ label }}</td><td>{{ value }}</td></tr>{% endfor %}</table><p>Τράπεζα: GR16 0110 1250 0000 0001 2300 695</p></body></html>""", autoescape=True)
pdfmetrics.registerFont(TTFont("K", font))
db = sqlite3.connect("python.db")
db.execute("CREATE TABLE customers (code TEXT PRIMARY KEY, name TEXT, email TEXT)")
db.execute("CREATE TABLE services (code TEXT PRIMARY KEY, customer TEXT, name TEXT, domain_name TEXT, price INTEGER, expires_on TEXT)")
db.execute("CREATE TABLE sent (service TEXT PRIMARY KEY, pdf BLOB)")
with open(customers) as file:
    db.executemany("INSERT INTO customers VALUES (:code, :name, :email)", csv.DictReader(file, delimiter=";"))
with open(services) as file:
    db.executemany("INSERT INTO services VALUES (:code, :customer, :name, :domain_name, :price, :expires_on)", csv.DictReader(file, delimiter=";"))
db.commit()


def card(rows):
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595.28, 841.89), pageCompression=1)
    canvas.setFont("K", 9)
    for at, (label, value) in enumerate(rows * 6):
        canvas.drawString(50, 790 - at * 14, label)
        canvas.drawString(250, 790 - at * 14, str(value))
    canvas.save()
    return out.getvalue()


context = ssl.create_default_context(cafile=ca) if tls == "wrapper" else None
server = smtplib.SMTP_SSL("localhost", port, context=context) if context else smtplib.SMTP("localhost", port)
due = db.execute("SELECT s.code, s.name, s.domain_name, s.price, s.expires_on, c.name, c.email FROM services s JOIN customers c"
                 " ON c.code = s.customer LIMIT ?", [count]).fetchall()
begun = time.perf_counter()
for code, what, domain, price, expires, name, email in due:
    rows = [("Πελάτης", name), ("Υπηρεσία", what), ("Όνομα χώρου", domain), ("Λήξη", expires), ("Καθαρή αξία", price),
            ("ΦΠΑ", price * 24 // 100), ("Σύνολο", price * 124 // 100)]
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "accounting@konet.example", email, "Λήξη υπηρεσίας"
    message.set_content(f"{name}: {what} {domain}, {expires}")
    message.add_alternative(PAGE.render(name=name, rows=rows), subtype="html")
    pdf = card(rows)
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="kartela.pdf")
    server.send_message(message)
    db.execute("INSERT INTO sent VALUES (?, ?)", [code, pdf])
    db.commit()
print(f"{len(due) / (time.perf_counter() - begun):.1f}")
