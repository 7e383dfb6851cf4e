//! The document, made anew around the pages that genpdf wrote: what the library gets wrong or leaves to chance (layers,
//! names, the moment, the identity) is left out and said right here, and nowhere else, so that the same card always has
//! the same bytes.

use super::canvas::Drawn;
use super::font::Subset;
use super::structure::pdf_text;
use super::{CardError, Effort, Image, Look, deflated};
use crate::billing::card::BillingCard;
use crate::card::fonts::drawable;
use crate::card::paper::{HEIGHT, Picture, WIDTH};
use crate::card::words::Words;
use lopdf::{Dictionary, Document, Object, ObjectId, SaveOptions, Stream, StringFormat, dictionary};
use sha2::{Digest, Sha256};

/// The finished document.
pub(super) fn polished(
    drawn: &Drawn,
    card: &BillingCard,
    words: &Words,
    look: &Look,
) -> Result<Vec<u8>, CardError> {
    let fault = |error: lopdf::Error| CardError::Pdf(error.to_string());
    let pages = Document::load_mem(&drawn.bytes).map_err(fault)?;
    let mut document = Document::with_version("1.5");
    let resources = resources(&mut document, &drawn.fonts, look)?;
    let identity = bind(&mut document, &pages, resources);
    drawn.structure.plant(&mut document);
    describe(&mut document, card, words);
    document.trailer.set("ID", vec![identity.clone(), identity]);
    let mut bytes = Vec::with_capacity(WRITTEN);
    let together = SaveOptions::builder()
        .use_object_streams(true)
        .use_xref_streams(true)
        .max_objects_per_stream(document.objects.len())
        .compression_level(6)
        .build();
    document.save_with_options(&mut bytes, together).map_err(|error| CardError::Pdf(error.to_string()))?;
    Ok(with_table_compressed(&bytes).unwrap_or(bytes))
}

/// The library compresses everything but the table of where each object stands, which is the last of them; `None` where
/// the file does not end with one.
fn with_table_compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    const STREAM: &[u8] = b"stream\n";
    let place = |sought: &[u8], from: usize| {
        let at = bytes.get(from..)?.windows(sought.len()).position(|window| window == sought)?;
        Some(from + at)
    };
    let end = bytes.len().saturating_sub(40);
    let end = place(b"startxref", end)?;
    let begin: usize = std::str::from_utf8(&bytes[end..]).ok()?.lines().nth(1)?.parse().ok()?;
    let length = place(b"/Length ", begin)?;
    let digits = bytes[length + 8..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = length + 8 + digits;
    let content = place(STREAM, after)? + STREAM.len();
    let count: usize = std::str::from_utf8(&bytes[length + 8..after]).ok()?.parse().ok()?;
    let table = deflated(bytes.get(content..content + count)?, Effort::EveryCard);
    let kind = format!("/Filter/FlateDecode/Length {}", table.len());
    Some(
        [&bytes[..length], kind.as_bytes(), &bytes[after..content], &table, &bytes[content + count..]]
            .concat(),
    )
}

/// About what a card takes.
const WRITTEN: usize = 32 << 10;

/// Puts what the drawn pages show on pages of the document, and returns the file's identity, which is what they show.
fn bind(document: &mut Document, drawn: &Document, resources: Dictionary) -> Object {
    let mut shown = Sha256::new();
    let tree = document.new_object_id();
    let mut pages: Vec<Object> = Vec::new();
    for page in drawn.page_iter() {
        let content = deflated(within_layer(&drawn.get_page_content(page)), Effort::EveryCard);
        shown.update(&content);
        let content = document.add_object(Stream::new(dictionary! { "Filter" => "FlateDecode" }, content));
        let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
        pages.push(document.add_object(page).into());
    }
    let resources = document.add_object(resources);
    let whole = dictionary! {
        "Type" => "Pages", "Count" => i64::try_from(pages.len()).unwrap_or(i64::MAX), "Kids" => pages,
        "MediaBox" => vec![0.into(), 0.into(), WIDTH.into(), HEIGHT.into()], "Resources" => resources,
    };
    document.objects.insert(tree, whole.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    Object::String(shown.finalize().iter().take(16).copied().collect(), StringFormat::Hexadecimal)
}

/// What a page shows, without the layer that the library puts around it and that readers would list: its first line and
/// its last.
fn within_layer(content: &[u8]) -> &[u8] {
    let opened = content.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let inner = content[opened..].trim_ascii_end();
    inner.strip_suffix(b"EMC").unwrap_or(inner)
}

/// The fonts and the pictures of all pages, by the names that the canvas calls them.
fn resources(document: &mut Document, fonts: &[Subset; 2], look: &Look) -> Result<Dictionary, CardError> {
    let [regular, bold] = fonts;
    let fonts = dictionary! { "F0" => regular.embed(document)?, "F1" => bold.embed(document)? };
    let mut pictures = Dictionary::new();
    for (picture, image) in [(Picture::Logo, &look.logo), (Picture::IrisCode, &look.iris_code)] {
        if let Some(image) = image {
            pictures.set(picture.name(), place(document, image));
        }
    }
    Ok(dictionary! { "Font" => fonts, "XObject" => pictures })
}

/// A picture, as it was packed once.
fn place(document: &mut Document, image: &Image) -> ObjectId {
    let stream = |space: &str, bytes: &[u8]| {
        let dictionary = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "ColorSpace" => space, "BitsPerComponent" => 8,
            "Width" => i64::from(image.width), "Height" => i64::from(image.height), "Filter" => "FlateDecode",
        };
        Stream::new(dictionary, bytes.to_vec())
    };
    let mut picture = stream("DeviceRGB", &image.color);
    if let Some(opacity) = &image.opacity {
        let mask = document.add_object(stream("DeviceGray", opacity));
        picture.dict.set("SMask", mask);
    }
    document.add_object(picture)
}

/// The card's day, what it is, whose, and its language.
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
    let kind = dictionary! { "Type" => "Metadata", "Subtype" => "XML", "Filter" => "FlateDecode" };
    let metadata = deflated(metadata.as_bytes(), Effort::EveryCard);
    let metadata = document.add_object(Stream::new(kind, metadata));
    let info = document.add_object(info);
    document.trailer.set("Info", info);
    if let Ok(catalog) = document.catalog_mut() {
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
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{company}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{day}T00:00:00Z</xmp:CreateDate><xmp:ModifyDate>{day}T00:00:00Z</xmp:ModifyDate>
<xmp:CreatorTool>konet-billing</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"#
    )
}
