#!/usr/bin/env python3
"""Makes the fonts of the card from Source Sans 3 (SIL Open Font License 1.1).

    prepare.py SourceSans3-Regular.ttf SourceSans3-Bold.ttf

Needs fonttools. The result is cut to Latin, Greek (with polytonic), currency and punctuation, without
hints and layout tables, and with one NFC code point per glyph: a PDF reader then finds and copies the
very letters that were written. The name `Source` is reserved by the licence, so the result has another.
"""
import sys
import unicodedata

from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x1F00, 0x1FFF), (0x2010, 0x2027), (0x2030, 0x203A),
          (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2193), (0x2212, 0x2212),
          (0x25CF, 0x25CF), (0x2713, 0x2713)]
NAME = "Konet Sans"
# kerning is kept between the letters of everyday text; the old table holds at most 10 920 pairs
KERNED = [(0x20, 0x7E), (0x386, 0x3CE)]
LEAST_KERNING = 8


def kerning(font):
    """Pairs of the GPOS feature `kern`, classes spelled out: this family of PDF libraries reads no GPOS."""
    gpos = font["GPOS"].table
    cmap = font.getBestCmap()
    wanted = {cmap[c] for first, last in KERNED for c in range(first, last + 1) if c in cmap}
    lookups = sorted({i for f in gpos.FeatureList.FeatureRecord if f.FeatureTag == "kern"
                      for i in f.Feature.LookupListIndex})
    pairs = {}
    for index in lookups:
        for table in gpos.LookupList.Lookup[index].SubTable:
            table = getattr(table, "ExtSubTable", table)
            if table.LookupType != 2:
                continue
            for at, left in enumerate(table.Coverage.glyphs):
                if left not in wanted:
                    continue
                if table.Format == 1:
                    for record in table.PairSet[at].PairValueRecord:
                        value = getattr(record.Value1, "XAdvance", 0) or 0
                        if record.SecondGlyph in wanted:
                            pairs.setdefault((left, record.SecondGlyph), value)
                else:
                    row = table.Class1Record[table.ClassDef1.classDefs.get(left, 0)].Class2Record
                    for right in wanted:
                        record = row[table.ClassDef2.classDefs.get(right, 0)].Value1
                        pairs.setdefault((left, right), getattr(record, "XAdvance", 0) or 0)
    return {pair: value for pair, value in pairs.items() if abs(value) >= LEAST_KERNING}


def prepare(source, style):
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "STAT", "DSIG", "BASE", "meta"]
    # every card carries them: whose it is, its names and its licence, which stands in OFL.txt
    options.name_IDs = [0, 1, 2, 4, 6, 14]
    options.notdef_outline = True
    options.glyph_names = False
    font = TTFont(source)
    code_of = {glyph: code for code, glyph in sorted(font.getBestCmap().items(), reverse=True)}
    pairs = {(code_of[a], code_of[b]): value for (a, b), value in kerning(font).items()}
    chosen = [c for first, last in RANGES for c in range(first, last + 1)]
    # a code point that NFC turns into another would give two letters one shape, and copy as the wrong one
    chosen = [c for c in chosen if unicodedata.normalize("NFC", chr(c)) == chr(c)]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=chosen)
    subsetter.subset(font)
    owner = {}
    for table in font["cmap"].tables:
        for code in sorted(table.cmap):
            glyph = table.cmap.get(code)
            if glyph is None:
                continue
            first = owner.setdefault(glyph, code)
            # the micro sign and the ohm sign share their shapes with Greek letters: the letters stay
            if first != code and not (code in (0xA0, 0xAD)):
                keep, drop = (code, first) if 0x370 <= code <= 0x3FF else (first, code)
                owner[glyph] = keep
                table.cmap.pop(drop, None)
    cmap = font.getBestCmap()
    table = KernTable_format_0()
    table.apple, table.coverage = False, 1
    table.kernTable = {(cmap[a], cmap[b]): value for (a, b), value in sorted(pairs.items()) if a in cmap and b in cmap}
    assert 0 < len(table.kernTable) <= 10_920, len(table.kernTable)
    font["kern"] = newTable("kern")
    font["kern"].version, font["kern"].kernTables = 0, [table]
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = NAME
        elif record.nameID == 4:
            record.string = f"{NAME} {style}"
        elif record.nameID == 6:
            record.string = f"KonetSans-{style}"
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    target = f"KonetSans-{style}.ttf"
    font.save(target)
    print(target, len(font.getGlyphOrder()), "glyphs,", len(table.kernTable), "pairs")


if __name__ == "__main__":
    prepare(sys.argv[1], "Regular")
    prepare(sys.argv[2], "Bold")
