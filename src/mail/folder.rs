//! Mail into a folder: one `.eml` per delivery, written whole or not at all.

use super::{Evidence, Handover, Outcome};
use crate::outputs;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Writes deliveries into a folder.
#[derive(Debug)]
pub struct FolderTransport {
    folder: PathBuf,
}

impl FolderTransport {
    /// A transport into `folder`, which is made when needed.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether the folder is there, or can be made.
    pub(super) fn probe(&self) -> Result<(), String> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", self.folder.display()))?;
        tempfile::tempfile_in(&self.folder)
            .map(|_| ())
            .map_err(|error| format!("cannot write into the folder {}: {error}", self.folder.display()))
    }

    pub(super) fn deliver(
        &self,
        handover: &Handover<'_>,
        before_body: &mut dyn FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let evidence = |reply: String| Evidence { stage: "folder", code: None, reply, queue_id: None };
        if let Err(error) = std::fs::create_dir_all(&self.folder) {
            let why = format!("cannot make the folder `{}`: {error}", self.folder.display());
            return Ok(Outcome::Unavailable(evidence(why)));
        }
        before_body()?;
        let target = self.folder.join(file_name(handover));
        // the same delivery has the same name, so writing it again would change nothing
        Ok(match outputs::durable(&target, handover.bytes) {
            Ok(()) => Outcome::Sent(evidence(format!("written to {}", target.display()))),
            Err(error) => {
                Outcome::Unavailable(evidence(format!("cannot write `{}`: {error}", target.display())))
            }
        })
    }
}

/// From the Message-ID and the address; neither can leave the folder.
fn file_name(handover: &Handover<'_>) -> String {
    let id: String = handover.message_id.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let address: String = handover
        .to
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@') { c } else { '_' })
        .take(80)
        .collect();
    let digest = Sha256::digest(handover.to.as_bytes());
    let tail: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    format!("{id}-{}-{tail}.eml", address.trim_start_matches('.'))
}
