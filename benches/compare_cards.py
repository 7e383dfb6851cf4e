"""Draws every word of our card at its place with ReportLab and fpdf2, and the card's HTML with WeasyPrint."""
import html
import io
import json
import pathlib
import re
import sys
import time

place, fonts = map(pathlib.Path, sys.argv[1:])
words = [(float(x), float(y), html.unescape(word)) for x, y, word in
         re.findall(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="[\d.]+" yMax="([\d.]+)">(.*?)</word>',
                    (place / "words.html").read_text())]
page = (place / "six-el.html").read_text()
face = str(fonts / "KonetSans-Regular.ttf")


def reportlab():
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas
    if "K" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("K", face))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595.28, 841.89), pageCompression=1)
    canvas.setFont("K", 9)
    for x, y, word in words:
        canvas.drawString(x, 841.89 - y, word)
    canvas.save()
    return out.getvalue()


def fpdf2():
    from fpdf import FPDF
    pdf = FPDF(unit="pt", format=(595.28, 841.89))
    pdf.add_page()
    pdf.add_font("K", fname=face)
    pdf.set_font("K", size=9)
    for x, y, word in words:
        pdf.text(x, y, word)
    return bytes(pdf.output())


def weasyprint():
    from weasyprint import HTML
    return HTML(string=page).write_pdf()


ours = json.loads((place / "ours.json").read_text())
rows = [("konet-billing", ours["ms"], ours["bytes"]), ("… on two cores", ours["two_cores_ms"], ours["bytes"])]
for tool, count in ((reportlab, 50), (fpdf2, 10), (weasyprint, 3)):
    tool()
    begun = time.perf_counter()
    for _ in range(count):
        size = len(tool())
    rows.append((tool.__name__, (time.perf_counter() - begun) * 1000 / count, size))
print(f"{'tool':<14} {'ms/PDF':>8} {'bytes':>8} {'slower':>7}")
for name, ms, size in rows:
    print(f"{name:<14} {ms:8.2f} {size:8} {ms / rows[0][1]:6.1f}x")
