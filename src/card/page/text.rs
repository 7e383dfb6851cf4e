//! Texts on the page: wrapped to a width, set to the right or in the middle.

use super::{INNER, MARGIN};
use crate::card::fonts::drawable;
use crate::card::paper::{Area, Canvas, Color, Type};

pub(super) fn right(canvas: &mut dyn Canvas, x: f32, y: f32, text: &str, style: Type) {
    canvas.text(x - style.width(text), y, text, style);
}

pub(super) fn centred(canvas: &mut dyn Canvas, x: f32, y: f32, text: &str, style: Type) {
    canvas.text(x - style.width(text) / 2.0, y, text, style);
}

pub(super) fn rule(canvas: &mut dyn Canvas, y: f32, color: Color, thickness: f32) {
    canvas.fill(Area { x: MARGIN, y, width: INNER, height: thickness }, 0.0, color);
}

/// A small number as a factor of distances.
#[expect(clippy::cast_precision_loss, reason = "lines and rows are far fewer than 2^24")]
pub(super) fn count(number: usize) -> f32 {
    number as f32
}

/// A text in lines of at most `width`; a word that is longer than a line is cut, never dropped.
pub(super) fn wrapped(text: &str, style: Type, width: f32) -> Vec<String> {
    let text = drawable(text);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if style.width(&longer) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if style.width(&line) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
