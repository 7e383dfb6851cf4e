//! A picture for a card, read from a PNG and kept as a PDF holds it.

use super::{CardError, Effort, deflated};
use std::path::Path;

/// A picture, decoded once.
#[derive(Debug, Clone)]
pub struct Image {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Compressed RGB.
    pub(super) color: Vec<u8>,
    /// Compressed opacity, where the picture has any.
    pub(super) opacity: Option<Vec<u8>>,
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
        let packed = |bytes: &[u8]| deflated(bytes, Effort::Once);
        Ok(Self { width, height, color: packed(&color), opacity: opacity.map(|bytes| packed(&bytes)) })
    }

    #[expect(clippy::cast_precision_loss, reason = "both sides are at most 2000")]
    /// Its width over its height.
    pub(super) fn ratio(&self) -> f32 {
        self.width as f32 / self.height as f32
    }
}
