//! Files that the program writes: whole or not at all, its user's alone, and never through a link that somebody else may
//! have left in the way.

use rustix::fs::OFlags;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Readable by the program's user alone.
const OURS: u32 = 0o600;

/// The folder in which a file lies or will.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path of what lies beside a file under its name and a suffix.
#[must_use]
pub fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// A folder of this prefix for what passes, which goes with the process; what of it was left by one that was killed, and is
/// older than this one by `forgotten`, goes too.
///
/// # Errors
/// Where none can be made.
pub fn passing(folder: &Path, prefix: &str, forgotten: Duration) -> Result<TempDir> {
    let ours = tempfile::Builder::new().prefix(prefix).tempdir_in(folder)?;
    // the clock that dates it has dated the others
    let now = ours.path().metadata()?.modified()?;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_of_it = entry.file_name().to_string_lossy().starts_with(prefix);
        let age = || now.duration_since(entry.metadata().ok()?.modified().ok()?).ok();
        if is_of_it && age().is_some_and(|age| age > forgotten) {
            // what cannot go is in nobody's way
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(ours)
}

/// Writes a file whole: whoever reads it finds the old bytes or all of the new ones. A link in its place is replaced, not
/// followed.
///
/// # Errors
/// Where the folder cannot be written or is full; what was there stays.
pub fn whole(target: &Path, bytes: &[u8]) -> Result<()> {
    written(target, OURS, |file| file.write_all(bytes))
}

/// Writes a file whole, and so that a power cut leaves it.
///
/// # Errors
/// As [`whole`].
pub fn durable(target: &Path, bytes: &[u8]) -> Result<()> {
    written(target, OURS, |file| file.write_all(bytes).and_then(|()| file.sync_all()))
}

/// Writes a file whole with `work`, with a mode of its own.
///
/// # Errors
/// As [`whole`], and those of `work`.
pub fn written(target: &Path, mode: u32, work: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let (partial, mut file) = begun(target)?;
    let done = work(&mut file).and_then(|()| match mode {
        OURS => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(mode)),
    });
    let done = done.and_then(|()| std::fs::rename(&partial, target));
    if done.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    done
}

/// The place of a file's bytes until they are whole, made anew and empty: hidden, beside it.
///
/// # Errors
/// A path that names no file; a folder that cannot be written.
pub fn begun(target: &Path) -> Result<(PathBuf, File)> {
    let name = target.file_name().ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    let hidden = [OsStr::new("."), name, OsStr::new(".partial")].into_iter().collect::<OsString>();
    let partial = target.with_file_name(hidden);
    // what a run left that was killed
    let _ = std::fs::remove_file(&partial);
    // what is made anew is made in nobody's place
    let file = OpenOptions::new().write(true).create_new(true).mode(OURS).open(&partial)?;
    Ok((partial, file))
}

/// Writes a file where somebody asked for it by name: a device or a pipe is written to, a link is refused.
///
/// # Errors
/// As [`whole`]; a link.
pub fn asked_for(target: &Path, bytes: &[u8]) -> Result<()> {
    // /dev/stdout is a link of the system's
    if target.parent().is_some_and(|folder| folder == Path::new("/dev") || folder == Path::new("/dev/fd")) {
        return OpenOptions::new().write(true).open(target)?.write_all(bytes);
    }
    match std::fs::symlink_metadata(target) {
        Ok(there) if there.is_symlink() => {
            Err(Error::other("it is a link; name the file that it leads to, or another"))
        }
        Ok(there) if !there.is_file() => OpenOptions::new().write(true).open(target)?.write_all(bytes),
        _ => whole(target, bytes),
    }
}

/// Options that open a file of ours to be kept open: made where it is missing, and refused where it is a link.
#[must_use]
pub fn kept_open() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[expect(clippy::cast_possible_wrap, reason = "flags of the system, which takes them as a C int")]
    options.create(true).mode(OURS).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("secret"), "theirs").unwrap();
        for name in ["whole", "asked", "open", ".whole2.partial"] {
            std::os::unix::fs::symlink(place("secret"), place(name)).unwrap();
        }
        whole(&place("whole"), b"ours").unwrap();
        durable(&place("whole2"), b"ours").unwrap();
        assert!(asked_for(&place("asked"), b"ours").unwrap_err().to_string().contains("is a link"));
        assert!(kept_open().append(true).open(place("open")).is_err());
        assert_eq!(std::fs::read_to_string(place("secret")).unwrap(), "theirs");
        for name in ["whole", "whole2"] {
            assert!(!place(name).is_symlink());
            assert_eq!(std::fs::read_to_string(place(name)).unwrap(), "ours");
        }
        assert!(!place(".whole2.partial").is_symlink());
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figures");
        written(&file, 0o644, |file| file.write_all(b"one")).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        written(&file, OURS, |_| Err(Error::other("full"))).unwrap_err();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(whole(Path::new("/"), b"").is_err());
    }
}
