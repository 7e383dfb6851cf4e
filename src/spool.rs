//! A list of any length in little memory: its first items are held, the others lie in a file without a name.
//!
//! What comes from outside may be of any length, and so is what is told of it: rows of a file, records of an import.

use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;

/// So many items are held; the tests of this crate let nearly all of theirs go through the file.
const HELD: usize = if cfg!(test) { 1 } else { 1000 };
/// So many bytes are written at once.
const PART: usize = 64 << 10;

/// A list whose items are added at the end and read in their order, as often as one likes.
///
/// Where the file cannot be written, the list remembers why, and whoever reads it is told: no item is lost unnoticed.
#[derive(Debug)]
pub struct Spool<T> {
    held: Vec<T>,
    /// Items as lines of JSON.
    file: Option<File>,
    /// Lines that are not in the file yet.
    pending: Vec<u8>,
    len: usize,
    fault: Option<io::Error>,
}

/// What a spool can hold: it comes back from JSON as it was.
pub trait Spooled: Serialize + DeserializeOwned + Clone {}

impl<T: Serialize + DeserializeOwned + Clone> Spooled for T {}

impl<T> Default for Spool<T> {
    fn default() -> Self {
        Self { held: Vec::new(), file: None, pending: Vec::new(), len: 0, fault: None }
    }
}

impl<T> Spool<T> {
    /// How many items it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T: Spooled> Spool<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.len += 1;
        if self.held.len() < HELD {
            self.held.push(item);
        } else if self.fault.is_none() {
            self.fault = self.write(&item).err().map(|why| with_folder(&why));
        }
    }

    fn write(&mut self, item: &T) -> io::Result<()> {
        serde_json::to_writer(&mut self.pending, item)?;
        self.pending.push(b'\n');
        if self.pending.len() < PART {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Every item in its order.
    ///
    /// # Errors
    /// An item is an error where the file could not be written or read; none comes after it.
    pub fn iter(&self) -> impl Iterator<Item = io::Result<T>> + '_ {
        let fault = self.fault.as_ref().map(|fault| Err(again(fault)));
        let written = self.file.as_ref().map(|file| FromStart { file, at: 0 });
        let file: Box<dyn Read> = match written {
            Some(written) => Box::new(written.chain(self.pending.as_slice())),
            None => Box::new(self.pending.as_slice()),
        };
        let lines = Lines { input: BufReader::with_capacity(PART, file), line: Vec::new() };
        let filed = lines.map(|line| Ok(serde_json::from_slice(&line?)?));
        let items =
            self.held.iter().cloned().map(Ok).chain(filed.map(|item| item.map_err(|why| with_folder(&why))));
        let count = if fault.is_some() { 0 } else { self.len };
        fault.into_iter().chain(items.take(count))
    }

    /// Every item at once: for lists that are known to be short.
    ///
    /// # Errors
    /// As [`Self::iter`].
    pub fn to_vec(&self) -> io::Result<Vec<T>> {
        self.iter().collect()
    }

    /// The list with every item changed, or left out where `change` gives none.
    #[must_use]
    pub fn filter_map(self, mut change: impl FnMut(T) -> Option<T>) -> Self {
        let mut changed = Self::default();
        for item in self.iter() {
            match item {
                Ok(item) => change(item).into_iter().for_each(|item| changed.push(item)),
                Err(why) => changed.fault = Some(why),
            }
        }
        changed
    }

    /// Adds the items of another list.
    pub fn append(&mut self, other: &Self) {
        for item in other.iter() {
            match item {
                Ok(item) => self.push(item),
                Err(why) => self.fault = Some(why),
            }
        }
    }
}

impl<T: Spooled> Serialize for Spool<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.len))?;
        for item in self.iter() {
            items.serialize_element(&item.map_err(serde::ser::Error::custom)?)?;
        }
        items.end()
    }
}

impl<T: Spooled> FromIterator<T> for Spool<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut spool = Self::default();
        spool.extend(items);
        spool
    }
}

impl<T: Spooled> Extend<T> for Spool<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

/// An error cannot be cloned.
fn again(why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), why.to_string())
}

fn with_folder(why: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    io::Error::new(
        why.kind(),
        format!(
            "a temporary file in `{}` (TMPDIR names another folder) cannot be used: {why}",
            folder.display()
        ),
    )
}

/// Lines without their ends.
struct Lines<R> {
    input: R,
    line: Vec<u8>,
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.input.read_until(b'\n', &mut self.line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(std::mem::take(&mut self.line))),
            Err(why) => Some(Err(why)),
        }
    }
}

/// A file read from its start, whoever reads it at the same time.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_come_back_as_they_were_as_often_as_one_reads_them() {
        let all: Vec<String> = (0..20_000).map(|n| format!("Κίνηση {n}\n\"{n}\"")).collect();
        let spool: Spool<String> = all.iter().cloned().collect();
        assert_eq!(spool.len(), all.len());
        assert!(spool.file.is_some(), "it is long enough for a file");
        for _ in 0..2 {
            assert_eq!(spool.to_vec().unwrap(), all);
        }
        let mut twice = spool.filter_map(|item| item.contains("19").then_some(item));
        let some: Vec<&String> = all.iter().filter(|item| item.contains("19")).collect();
        assert_eq!(twice.to_vec().unwrap().iter().collect::<Vec<_>>(), some);
        twice.append(&["τέλος".to_owned(), "και πάλι".to_owned()].into_iter().collect());
        assert_eq!(serde_json::to_value(&twice).unwrap().as_array().unwrap().len(), some.len() + 2);
    }

    #[test]
    fn whoever_reads_what_could_not_be_written_is_told() {
        let mut spool: Spool<u32> = (0..10).collect();
        spool.fault = Some(with_folder(&io::Error::from(io::ErrorKind::StorageFull)));
        spool.push(11);
        let why = spool.to_vec().unwrap_err().to_string();
        assert!(why.contains("TMPDIR") && why.contains("cannot be used"), "{why}");
        assert!(spool.filter_map(Some).to_vec().is_err());
    }
}
