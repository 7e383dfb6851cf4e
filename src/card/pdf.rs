//! The card as a PDF: our canvas on top of genpdf's low-level renderer, then what that library gets
//! wrong or leaves to chance is put right, so that the same card always has the same bytes.

use super::canvas::{Area, Canvas, Color, HEIGHT, Picture, Type, WIDTH};
use super::fonts::{Face, drawable, lacking};
use super::page::{self, Brand};
use super::proof;
use super::words::{Wording, Words};
use crate::billing::card::BillingCard;
use genpdf::render::Renderer;
use lopdf::{Document, Object, Stream, StringFormat, dictionary};
use printpdf::lopdf::Object as Operand;
use printpdf::lopdf::content::Operation;
use printpdf::{IndirectFontRef, PdfLayerReference};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Points to millimetres, which the library counts in.
const MM: f32 = 25.4 / 72.0;

/// Why a card cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The fonts lack a character; a box or a question mark is never printed.
    #[error("the fonts lack «{character}» (U+{:04X}), which stands in «{text}»; correct the text", *character as u32)]
    Glyph {
        /// The character.
        character: char,
        /// The text it stands in.
        text: String,
    },
    /// A picture cannot be used.
    #[error("the picture `{path}` cannot be used: {why}")]
    Image {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The finished PDF, read back, does not say what the card says.
    #[error("the finished PDF does not show {what} «{text}»; please report it")]
    Proof {
        /// What is missing.
        what: &'static str,
        /// The text that should be there.
        text: String,
    },
    /// The library failed.
    #[error("the PDF could not be made: {0}")]
    Pdf(String),
}

/// What cards look like, beside their content.
#[derive(Debug, Clone)]
pub struct Look {
    /// The company's logo; without one, its initial is drawn.
    pub logo: Option<Image>,
    /// The merchant's own IRIS code, printed where IRIS is offered.
    pub iris_code: Option<Image>,
    /// The printed words.
    pub wording: Wording,
}

/// A picture, decoded once.
#[derive(Debug, Clone)]
pub struct Image {
    width: u32,
    height: u32,
    /// Compressed RGB.
    color: Vec<u8>,
    /// Compressed opacity, where the picture has any.
    opacity: Option<Vec<u8>>,
}

/// Wider or higher pictures only make every e-mail larger.
const SIDE_MAX: u32 = 2000;

impl Image {
    /// Reads a PNG.
    ///
    /// # Errors
    /// [`CardError::Image`] for a file that is no PNG, or is larger than 2000 pixels either way.
    pub fn load(path: &Path) -> Result<Self, CardError> {
        let fault = |why: String| CardError::Image { path: path.display().to_string(), why };
        let file = std::fs::File::open(path).map_err(|error| fault(error.to_string()))?;
        let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|error| fault(error.to_string()))?;
        let (width, height) = reader.info().size();
        if width > SIDE_MAX || height > SIDE_MAX {
            return Err(fault(format!("{width} × {height} pixels; at most {SIDE_MAX} either way")));
        }
        let size = reader.output_buffer_size().ok_or_else(|| fault("it is too large".to_owned()))?;
        let mut pixels = vec![0; size];
        let frame = reader.next_frame(&mut pixels).map_err(|error| fault(error.to_string()))?;
        pixels.truncate(frame.buffer_size());
        let channels = frame.color_type.samples();
        let gray = channels < 3;
        let color: Vec<u8> = pixels
            .chunks_exact(channels)
            .flat_map(|pixel| if gray { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] })
            .collect();
        let has_opacity = channels == 2 || channels == 4;
        let opacity = has_opacity
            .then(|| pixels.chunks_exact(channels).map(|pixel| pixel[channels - 1]).collect::<Vec<u8>>());
        Ok(Self { width, height, color: deflated(&color), opacity: opacity.map(|bytes| deflated(&bytes)) })
    }

    #[expect(clippy::cast_precision_loss, reason = "both sides are at most 2000")]
    fn ratio(&self) -> f32 {
        self.width as f32 / self.height as f32
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    // writing to memory does not fail
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Draws a card as a PDF. The same card gives the same bytes.
///
/// # Errors
/// [`CardError::Glyph`] for a character that the fonts lack.
pub fn render(card: &BillingCard, look: &Look) -> Result<Vec<u8>, CardError> {
    let mut canvas = PdfCanvas::new()?;
    let brand = Brand {
        logo: look.logo.as_ref().map(Image::ratio),
        iris_code: look.iris_code.as_ref().map(Image::ratio),
    };
    let words = look.wording.of(card.language);
    page::draw(card, words, brand, &mut canvas);
    let raw = canvas.finish()?;
    let bytes = polished(&raw, card, words, look).map_err(|error| CardError::Pdf(error.to_string()))?;
    proof::check(&bytes, card)?;
    Ok(bytes)
}

/// Draws through genpdf's renderer, whose pages are printpdf's.
struct PdfCanvas {
    renderer: Renderer,
    fonts: [IndirectFontRef; 2],
    pages: usize,
    lacking: Option<(char, String)>,
}

impl PdfCanvas {
    fn new() -> Result<Self, CardError> {
        let fault = |error: genpdf::error::Error| CardError::Pdf(error.to_string());
        let renderer = Renderer::new(page_size(), "").map_err(fault)?;
        let fonts = [
            renderer.add_embedded_font(Face::Regular.bytes()).map_err(fault)?,
            renderer.add_embedded_font(Face::Bold.bytes()).map_err(fault)?,
        ];
        Ok(Self { renderer, fonts, pages: 0, lacking: None })
    }

    fn finish(self) -> Result<Vec<u8>, CardError> {
        if let Some((character, text)) = self.lacking {
            return Err(CardError::Glyph { character, text });
        }
        let mut bytes = Vec::new();
        self.renderer.write(&mut bytes).map_err(|error| CardError::Pdf(error.to_string()))?;
        Ok(bytes)
    }

    fn with_layer(&self, work: impl FnOnce(&PdfLayerReference)) {
        work(self.renderer.last_page().first_layer().layer());
    }
}

fn page_size() -> genpdf::Size {
    genpdf::Size::new(WIDTH * MM, HEIGHT * MM)
}

/// A distance with two decimals: more only make the file larger.
fn number(value: f32) -> Operand {
    Operand::Real((value * 100.0).round() / 100.0)
}

fn operation(operator: &str, values: &[f32]) -> Operation {
    Operation::new(operator, values.iter().copied().map(number).collect())
}

fn fill_color(color: Color) -> Operation {
    let part = |value: u8| f32::from(value) / 255.0;
    operation("rg", &[part(color.0), part(color.1), part(color.2)])
}

/// A text as the `TJ` operator takes it: runs of glyphs, and the kerning between them.
fn glyph_runs(face: Face, text: &str) -> Vec<Operand> {
    let mut runs = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let whole = |run: Vec<u8>| Operand::String(run, printpdf::lopdf::StringFormat::Hexadecimal);
    for (kerning, glyph) in face.set(text) {
        if kerning != 0 {
            runs.push(whole(std::mem::take(&mut run)));
            // the operator subtracts
            runs.push(Operand::Integer(-i64::from(kerning)));
        }
        run.extend(glyph.to_be_bytes());
    }
    runs.push(whole(run));
    runs
}

impl Canvas for PdfCanvas {
    fn new_page(&mut self) {
        // the renderer is born with its first page
        if self.pages > 0 {
            self.renderer.add_page(page_size());
        }
        self.pages += 1;
    }

    fn text(&mut self, x: f32, y: f32, text: &str, style: Type) {
        if text.is_empty() {
            return;
        }
        // the library would leave out what its font lacks without a word
        if let Some(character) = lacking(text) {
            self.lacking.get_or_insert_with(|| (character, text.to_owned()));
            return;
        }
        let font = match style.face {
            Face::Regular => &self.fonts[0],
            Face::Bold => &self.fonts[1],
        };
        self.with_layer(|layer| {
            layer.add_operation(fill_color(style.color));
            layer.begin_text_section();
            layer.set_font(font, style.size);
            layer.add_operation(operation("Td", &[x, HEIGHT - y]));
            layer.add_operation(Operation::new("TJ", vec![Operand::Array(glyph_runs(style.face, text))]));
            layer.end_text_section();
        });
    }

    fn fill(&mut self, area: Area, radius: f32, color: Color) {
        if radius <= 0.0 {
            self.fill_all(&[area], color);
            return;
        }
        let (left, right) = (area.x, area.x + area.width);
        let (top, bottom) = (HEIGHT - area.y, HEIGHT - area.y - area.height);
        let r = radius.min(area.width / 2.0).min(area.height / 2.0);
        // how far a Bézier curve's handles stand off so that it looks like a quarter of a circle
        let k = r * 0.4477;
        self.with_layer(|layer| {
            layer.add_operation(fill_color(color));
            layer.add_operation(operation("m", &[left + r, top]));
            layer.add_operation(operation("l", &[right - r, top]));
            layer.add_operation(operation("c", &[right - k, top, right, top - k, right, top - r]));
            layer.add_operation(operation("l", &[right, bottom + r]));
            layer.add_operation(operation("c", &[right, bottom + k, right - k, bottom, right - r, bottom]));
            layer.add_operation(operation("l", &[left + r, bottom]));
            layer.add_operation(operation("c", &[left + k, bottom, left, bottom + k, left, bottom + r]));
            layer.add_operation(operation("l", &[left, top - r]));
            layer.add_operation(operation("c", &[left, top - k, left + k, top, left + r, top]));
            layer.add_operation(operation("f", &[]));
        });
    }

    fn fill_all(&mut self, areas: &[Area], color: Color) {
        self.with_layer(|layer| {
            layer.add_operation(fill_color(color));
            for area in areas {
                let bottom = HEIGHT - area.y - area.height;
                layer.add_operation(operation("re", &[area.x, bottom, area.width, area.height]));
            }
            layer.add_operation(operation("f", &[]));
        });
    }

    fn picture(&mut self, picture: Picture, area: Area) {
        let bottom = HEIGHT - area.y - area.height;
        self.with_layer(|layer| {
            layer.save_graphics_state();
            layer.add_operation(operation("cm", &[area.width, 0.0, 0.0, area.height, area.x, bottom]));
            layer.add_operation(Operation::new("Do", vec![Operand::Name(picture.name().into())]));
            layer.restore_graphics_state();
        });
    }
}

// ---- what the library gets wrong ----------------------------------------------------------------

/// Metadata, language, fixed dates and identity, correct font descriptors, the logo; compressed.
fn polished(raw: &[u8], card: &BillingCard, words: &Words, look: &Look) -> lopdf::Result<Vec<u8>> {
    let mut document = Document::load_mem(raw)?;
    document.version = "1.5".to_owned();
    strip_layers(&mut document);
    mend_fonts(&mut document);
    for (picture, image) in [(Picture::Logo, &look.logo), (Picture::IrisCode, &look.iris_code)] {
        if let Some(image) = image {
            place(&mut document, picture, image);
        }
    }
    describe(&mut document, card, words);
    // the identity of a file is its content's
    let digest = Sha256::digest(format!("{} {} {}", card.number, card.issued_on, card.fingerprint()));
    let id = Object::String(digest.iter().take(16).copied().collect(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id.clone(), id]);
    document.prune_objects();
    document.renumber_objects();
    document.compress();
    let mut bytes = Vec::new();
    document.save_modern(&mut bytes)?;
    Ok(bytes)
}

/// UTF-16 with its mark, as PDF wants text that is not Latin.
fn pdf_text(text: &str) -> Object {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

fn describe(document: &mut Document, card: &BillingCard, words: &Words) {
    let title = format!("{} {}", words.title, card.number);
    let moment = Object::string_literal(card.issued_on.format("D:%Y%m%d000000Z").to_string());
    let company = card.company.trade_name.as_deref().unwrap_or(&card.company.name);
    let info = dictionary! {
        "Title" => pdf_text(title.trim()),
        "Author" => pdf_text(&drawable(company)),
        "Subject" => pdf_text(&format!("{}: {}", words.pro_forma, drawable(&card.customer.name))),
        "Creator" => Object::string_literal("konet-billing"),
        "Producer" => Object::string_literal("konet-billing"),
        "CreationDate" => moment.clone(),
        "ModDate" => moment,
    };
    let info = document.add_object(info);
    document.trailer.set("Info", info);
    if let Ok(catalog) = document.catalog_mut() {
        for key in ["Metadata", "OutputIntents", "Outlines", "OCProperties", "PageMode"] {
            catalog.remove(key.as_bytes());
        }
        catalog.set("Lang", Object::string_literal(card.language.code()));
        catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    }
}

/// The library makes every page a layer that readers list; a card has none. It writes one operation a
/// line, and its strings are hexadecimal, so that no line is anything else.
fn strip_layers(document: &mut Document) {
    let pages: Vec<lopdf::ObjectId> = document.get_pages().into_values().collect();
    for page in pages {
        let content = document.get_page_content(page);
        let lines = content.split_inclusive(|byte| *byte == b'\n');
        let kept = lines.filter(|line| {
            let line = line.trim_ascii_end();
            !(line.ends_with(b" BDC") || line == b"EMC")
        });
        let content =
            document.add_object(Stream::new(lopdf::Dictionary::new(), kept.flatten().copied().collect()));
        if let Ok(dictionary) = document.get_dictionary_mut(page) {
            dictionary.set("Contents", content);
        }
        if let Some(resources) = resources_mut(document, page) {
            resources.remove(b"Properties");
        }
    }
}

fn resources_mut(document: &mut Document, page: lopdf::ObjectId) -> Option<&mut lopdf::Dictionary> {
    let reference =
        document.get_dictionary(page).ok()?.get(b"Resources").ok().and_then(|r| r.as_reference().ok());
    match reference {
        Some(id) => document.get_dictionary_mut(id).ok(),
        None => document.get_dictionary_mut(page).ok()?.get_mut(b"Resources").ok()?.as_dict_mut().ok(),
    }
}

/// Names of subsets, and descriptors with the figures of the faces themselves.
fn mend_fonts(document: &mut Document) {
    let descriptors: Vec<lopdf::ObjectId> = document
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

fn rename(font: &mut lopdf::Dictionary) {
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

/// Puts a picture among every page's resources.
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
    let pages: Vec<lopdf::ObjectId> = document.get_pages().into_values().collect();
    for page in pages {
        let Some(resources) = resources_mut(document, page) else { continue };
        if !resources.has(b"XObject") {
            resources.set("XObject", lopdf::Dictionary::new());
        }
        if let Ok(objects) = resources.get_mut(b"XObject").and_then(Object::as_dict_mut) {
            objects.set(name.name(), picture);
        }
    }
}
