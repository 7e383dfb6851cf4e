//! What the library gets wrong or leaves to chance is put right here, and nowhere else, so that the
//! same card always has the same bytes.

use super::structure::{Structure, pdf_text};
use super::{Image, Look};
use crate::billing::card::BillingCard;
use crate::card::fonts::drawable;
use crate::card::paper::Picture;
use crate::card::words::Words;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};
use sha2::{Digest, Sha256};

/// The finished document: every repair in turn, then numbered and compressed.
pub(super) fn polished(
    raw: &[u8],
    structure: &Structure,
    card: &BillingCard,
    words: &Words,
    look: &Look,
) -> lopdf::Result<Vec<u8>> {
    let mut document = Document::load_mem(raw)?;
    document.version = "1.5".to_owned();
    strip_layers(&mut document);
    mend_fonts(&mut document);
    for (picture, image) in [(Picture::Logo, &look.logo), (Picture::IrisCode, &look.iris_code)] {
        if let Some(image) = image {
            place(&mut document, picture, image);
        }
    }
    structure.plant(&mut document);
    describe(&mut document, card, words);
    identify(&mut document, card);
    document.prune_objects();
    document.renumber_objects();
    document.compress();
    let mut bytes = Vec::new();
    document.save_modern(&mut bytes)?;
    Ok(bytes)
}

/// The library draws a file's identity by lot; ours is its content's.
fn identify(document: &mut Document, card: &BillingCard) {
    let digest = Sha256::digest(format!("{} {} {}", card.number, card.issued_on, card.fingerprint()));
    let id = Object::String(digest.iter().take(16).copied().collect(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id.clone(), id]);
}

/// The library writes the present moment, its own name and no language; here stand the card's day, what
/// it is and whose, and none of the catalogue's entries that only say how an editor should open it.
fn describe(document: &mut Document, card: &BillingCard, words: &Words) {
    let title = format!("{} {}", words.title, card.number);
    let subject = format!("{}: {}", words.pro_forma, drawable(&card.customer.name));
    let moment = Object::string_literal(card.issued_on.format("D:%Y%m%d000000Z").to_string());
    let company = card.company.trade_name.as_deref().unwrap_or(&card.company.name);
    let info = dictionary! {
        "Title" => pdf_text(title.trim()),
        "Author" => pdf_text(&drawable(company)),
        "Subject" => pdf_text(&subject),
        "Creator" => Object::string_literal("konet-billing"),
        "Producer" => Object::string_literal("konet-billing"),
        "CreationDate" => moment.clone(),
        "ModDate" => moment,
    };
    let metadata = metadata(title.trim(), &drawable(company), &subject, card);
    let kind = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = document.add_object(Stream::new(kind, metadata.into_bytes()));
    let info = document.add_object(info);
    document.trailer.set("Info", info);
    if let Ok(catalog) = document.catalog_mut() {
        for key in ["Metadata", "OutputIntents", "Outlines", "OCProperties", "PageMode"] {
            catalog.remove(key.as_bytes());
        }
        catalog.set("Metadata", metadata);
        catalog.set("Lang", Object::string_literal(card.language.code()));
        catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    }
}

/// The same as XMP, which archives and readers look for.
fn metadata(title: &str, company: &str, subject: &str, card: &BillingCard) -> String {
    let (language, day) = (card.language.code(), card.issued_on);
    let [title, company, subject] = [title, company, subject].map(handlebars::html_escape);
    format!(
        r#"<?xpacket begin="﻿" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{company}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{day}T00:00:00Z</xmp:CreateDate><xmp:ModifyDate>{day}T00:00:00Z</xmp:ModifyDate>
<xmp:CreatorTool>konet-billing</xmp:CreatorTool><pdf:Producer>konet-billing</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"#
    )
}

/// The library makes every page a layer that readers list; a card has none. It writes one operation a
/// line, and its strings are hexadecimal, so that no line is anything else.
fn strip_layers(document: &mut Document) {
    let pages: Vec<ObjectId> = document.get_pages().into_values().collect();
    for page in pages {
        let content = document.get_page_content(page);
        // whether what was opened is ours, outermost first
        let mut ours: Vec<bool> = Vec::new();
        let kept = content.split_inclusive(|byte| *byte == b'\n').filter(|line| {
            let line = line.trim_ascii_end();
            if line.ends_with(b"BDC") || line.ends_with(b"BMC") {
                ours.push(!line.starts_with(b"/OC "));
                return !line.starts_with(b"/OC ");
            }
            line != b"EMC" || ours.pop().unwrap_or(false)
        });
        let content = document.add_object(Stream::new(Dictionary::new(), kept.flatten().copied().collect()));
        if let Ok(dictionary) = document.get_dictionary_mut(page) {
            dictionary.set("Contents", content);
        }
        if let Some(resources) = resources_mut(document, page) {
            resources.remove(b"Properties");
        }
    }
}

fn resources_mut(document: &mut Document, page: ObjectId) -> Option<&mut Dictionary> {
    let reference =
        document.get_dictionary(page).ok()?.get(b"Resources").ok().and_then(|r| r.as_reference().ok());
    match reference {
        Some(id) => document.get_dictionary_mut(id).ok(),
        None => document.get_dictionary_mut(page).ok()?.get_mut(b"Resources").ok()?.as_dict_mut().ok(),
    }
}

/// The library names its fonts `F0` and `F1` and describes both with the same made-up figures; here are
/// the names of subsets, as embedded fonts must have them, and the figures of the faces themselves.
fn mend_fonts(document: &mut Document) {
    let descriptors: Vec<ObjectId> = document
        .objects
        .iter()
        .filter(|(_, object)| has_type(object, b"FontDescriptor"))
        .map(|(id, _)| *id)
        .collect();
    for id in descriptors {
        let Ok(descriptor) = document.get_dictionary_mut(id) else { continue };
        let bold = matches!(descriptor.get(b"FontName"), Ok(Object::Name(name)) if name == b"F1");
        let name: &[u8] = if bold { b"KONETB+KonetSans-Bold" } else { b"KONETA+KonetSans-Regular" };
        descriptor.set("FontName", Object::Name(name.to_vec()));
        descriptor.set("FontBBox", vec![(-500).into(), (-400).into(), 1500.into(), 1100.into()]);
        descriptor.set("Flags", 32);
        descriptor.set("CapHeight", 660);
        descriptor.set("StemV", if bold { 130 } else { 84 });
    }
    for object in document.objects.values_mut() {
        if !has_type(object, b"Font") {
            continue;
        }
        if let Ok(font) = object.as_dict_mut() {
            rename(font);
            if let Ok(Object::Array(descendants)) = font.get_mut(b"DescendantFonts") {
                descendants.iter_mut().filter_map(|d| d.as_dict_mut().ok()).for_each(rename);
            }
        }
    }
}

/// The subset's name for a font or its descendant; only the descendant maps characters to glyphs.
fn rename(font: &mut Dictionary) {
    let name: &[u8] = match font.get(b"BaseFont") {
        Ok(Object::Name(name)) if name == b"F1" => b"KONETB+KonetSans-Bold",
        Ok(Object::Name(name)) if name == b"F0" => b"KONETA+KonetSans-Regular",
        _ => return,
    };
    font.set("BaseFont", Object::Name(name.to_vec()));
    font.set("CIDToGIDMap", "Identity");
    if !matches!(font.get(b"Subtype"), Ok(Object::Name(subtype)) if subtype == b"CIDFontType2") {
        font.remove(b"CIDToGIDMap");
    }
}

fn has_type(object: &Object, name: &[u8]) -> bool {
    object.as_dict().is_ok_and(|dictionary| dictionary.has_type(name))
}

/// The canvas only names a picture; here it stands among every page's resources, as it was packed once.
fn place(document: &mut Document, name: Picture, image: &Image) {
    let stream = |space: &str, bytes: &[u8]| {
        let dictionary = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "ColorSpace" => space, "BitsPerComponent" => 8,
            "Width" => i64::from(image.width), "Height" => i64::from(image.height), "Filter" => "FlateDecode",
        };
        Stream::new(dictionary, bytes.to_vec()).with_compression(false)
    };
    let mut picture = stream("DeviceRGB", &image.color);
    if let Some(opacity) = &image.opacity {
        let mask = document.add_object(stream("DeviceGray", opacity));
        picture.dict.set("SMask", mask);
    }
    let picture = document.add_object(picture);
    let pages: Vec<ObjectId> = document.get_pages().into_values().collect();
    for page in pages {
        let Some(resources) = resources_mut(document, page) else { continue };
        if !resources.has(b"XObject") {
            resources.set("XObject", Dictionary::new());
        }
        if let Ok(objects) = resources.get_mut(b"XObject").and_then(Object::as_dict_mut) {
            objects.set(name.name(), picture);
        }
    }
}
