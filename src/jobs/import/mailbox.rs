//! A mailbox of bounces, read one message at a time: anybody on the internet may write into it, and as much as they
//! like.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A longer message is read as far as this: what a notification says stands before what it returns.
const MESSAGE_MAX: usize = 1024 * 1024;
/// So much of a mailbox is read in one run; the next one goes on where this one ended.
const MESSAGES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// A place in a file is known again by so many bytes before it.
const BEFORE: u64 = 4096;

/// How far a mailbox that is one file was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The byte after the last one read.
    pub read_to: u64,
    /// SHA-256 of what stands before it.
    pub before: String,
}

/// The files of a Maildir (or of a plain folder), oldest name first, as many as one run reads.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn files(mailbox: &Path) -> Result<Vec<PathBuf>> {
    let failed = |path: &Path| format!("the mailbox `{}` cannot be read", path.display());
    let of_maildir = [mailbox.join("new"), mailbox.join("cur")];
    let folders: Vec<&Path> = if is_maildir(mailbox) {
        of_maildir.iter().filter(|folder| folder.is_dir()).map(PathBuf::as_path).collect()
    } else {
        vec![mailbox]
    };
    let mut files = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).with_context(|| failed(folder))? {
            let path = entry.with_context(|| failed(folder))?.path();
            // a link may lead anywhere, and a pipe would never end
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
                files.push(path);
            }
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    files.truncate(MESSAGES_MAX);
    Ok(files)
}

fn is_maildir(mailbox: &Path) -> bool {
    mailbox.join("new").is_dir() || mailbox.join("cur").is_dir()
}

/// A file's message, as far as it is read.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn message(file: &Path) -> Result<Vec<u8>> {
    let failed = || format!("the message `{}` cannot be read", file.display());
    let mut bytes = Vec::new();
    let limit = u64::try_from(MESSAGE_MAX)?;
    File::open(file).with_context(failed)?.take(limit).read_to_end(&mut bytes).with_context(failed)?;
    Ok(bytes)
}

/// Moves a message that was read out of the way: in a Maildir into its folder `.done`, else into `done` beside it.
///
/// # Errors
/// A file that cannot be moved: it is read again the next time, which changes nothing.
pub(super) fn put_away(mailbox: &Path, file: &Path) -> Result<()> {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return Ok(()) };
    let failed = || format!("the message `{}` was read and cannot be moved", file.display());
    let (folder, name) = if is_maildir(mailbox) {
        let done = mailbox.join(".done");
        for part in ["new", "tmp"] {
            std::fs::create_dir_all(done.join(part)).with_context(failed)?;
        }
        let seen = if name.contains(":2,") { name.to_owned() } else { format!("{name}:2,S") };
        (done.join("cur"), seen)
    } else {
        (mailbox.join("done"), name.to_owned())
    };
    std::fs::create_dir_all(&folder).with_context(failed)?;
    std::fs::rename(file, folder.join(name)).with_context(failed)
}

/// Reads a mailbox that is one file (mbox, or a single message) from a place on, and gives each message away; gives
/// the place where it ended. Nothing is taken out of the file.
///
/// # Errors
/// A file that cannot be read, or into which somebody is writing.
pub(super) fn read(mailbox: &Path, from: &Place, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<Place> {
    let failed = || format!("the mailbox `{}` cannot be read", mailbox.display());
    let mut file = File::open(mailbox).with_context(failed)?;
    if !file.metadata().with_context(failed)?.is_file() {
        bail!("the mailbox `{}` is neither a folder nor a file", mailbox.display());
    }
    let shared = rustix::fs::FlockOperation::NonBlockingLockShared;
    rustix::fs::fcntl_lock(&file, shared)
        .with_context(|| format!("somebody is writing into the mailbox `{}`", mailbox.display()))?;
    let start = if before(&mut file, from.read_to)? == from.before { from.read_to } else { 0 };
    file.seek(SeekFrom::Start(start)).with_context(failed)?;
    let mut reader = BufReader::new((&file).take(BYTES_MAX));
    let (mut message, mut line) = (Vec::new(), Vec::new());
    let (mut read_to, mut began, mut after_blank, mut many) = (start, start, true, 0);
    let mut is_mbox = start > 0;
    loop {
        line.clear();
        // a line without an end is taken in pieces
        let piece = u64::try_from(MESSAGE_MAX)?;
        let length = reader.by_ref().take(piece).read_until(b'\n', &mut line).with_context(failed)?;
        is_mbox |= read_to == 0 && line.starts_with(b"From ");
        let begins = is_mbox && after_blank && line.starts_with(b"From ");
        if length == 0 || begins {
            if began < read_to {
                each(&message)?;
                many += 1;
            }
            message.clear();
            began = read_to;
        }
        if length == 0 || many >= MESSAGES_MAX {
            break;
        }
        read_to += u64::try_from(length)?;
        if !begins {
            let text = line.strip_prefix(b">").filter(|rest| rest.starts_with(b"From ")).unwrap_or(&line);
            message.extend_from_slice(&text[..text.len().min(MESSAGE_MAX - message.len())]);
        }
        after_blank = line.iter().all(u8::is_ascii_whitespace);
    }
    // what was cut in the middle by the limit is read whole the next time
    let whole = if read_to - start >= BYTES_MAX && began > start { began } else { read_to };
    Ok(Place { read_to: whole, before: before(&mut file, whole)? })
}

/// SHA-256 of what stands before a place in a file.
fn before(file: &mut File, place: u64) -> Result<String> {
    let begin = place.saturating_sub(BEFORE);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(place - begin).read_to_end(&mut bytes)?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn all(file: &Path, from: &Place) -> (Vec<Vec<u8>>, Place) {
        let mut messages = Vec::new();
        let place = read(file, from, |message| {
            messages.push(message.to_vec());
            Ok(())
        });
        (messages, place.unwrap())
    }

    #[test]
    fn an_mbox_falls_into_its_messages_and_is_read_on_where_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mbox");
        std::fs::write(
            &file,
            "From a@b Mon\nSubject: 1\n\n>From here\nnot From x\n\nFrom c@d Tue\nSubject: 2\n\nbody\n\n",
        )
        .unwrap();
        let (messages, place) = all(&file, &Place::default());
        assert_eq!(messages.len(), 2);
        assert!(messages[0].ends_with(b"From here\nnot From x\n\n"));
        assert_eq!(all(&file, &place).0.len(), 0);
        let mut more = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
        more.write_all(b"From e@f Wed\nSubject: 3\n\nlate\n\n").unwrap();
        assert_eq!(all(&file, &place).0, [b"Subject: 3\n\nlate\n\n".to_vec()]);
        // rotated: another file of the same name is read from its beginning
        std::fs::write(&file, "From e@f Wed\nSubject: 4\n\n".repeat(20)).unwrap();
        assert_eq!(all(&file, &place).0.len(), 20);
    }

    #[test]
    fn a_file_that_is_one_message_is_one_message() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.eml");
        std::fs::write(&file, "Subject: one\n\nFrom me\n").unwrap();
        assert_eq!(all(&file, &Place::default()).0.len(), 1);
    }

    #[test]
    fn a_message_without_end_is_read_as_far_as_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mbox");
        let mut endless = b"From a@b Mon\nSubject: 1\n\n".to_vec();
        endless.resize(3 * MESSAGE_MAX, b'x');
        endless.extend_from_slice(b"\n\nFrom c@d Tue\nSubject: 2\n\n");
        std::fs::write(&file, endless).unwrap();
        let (messages, _) = all(&file, &Place::default());
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [MESSAGE_MAX, 12]);
    }
}
