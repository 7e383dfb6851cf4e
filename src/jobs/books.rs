//! The store while several threads work with it: one writes at a time, and who only reads does not wait for it.

use crate::store::{Read, Store, StoreError};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The store, for one thread after the other.
#[derive(Debug)]
pub struct Books<'a> {
    store: Mutex<&'a mut Store>,
}

impl<'a> Books<'a> {
    /// Shares a store.
    #[must_use]
    pub const fn of(store: &'a mut Store) -> Self {
        Self { store: Mutex::new(store) }
    }

    /// The store, as soon as no other thread has it.
    pub fn open(&self) -> MutexGuard<'_, &'a mut Store> {
        locked(&self.store)
    }

    /// What a thread reads from.
    ///
    /// # Errors
    /// A database that cannot be opened once more.
    pub fn reading(&self) -> Result<Reading<'_, 'a>, StoreError> {
        let beside = self.open().beside()?;
        Ok(beside.map_or(Reading::Shared(self), |store| Reading::Own(Box::new(store))))
    }
}

/// What a thread reads from: a connection of its own, or (of a dry run's copy) the only one there is.
#[derive(Debug)]
pub enum Reading<'b, 'a> {
    /// Its own.
    Own(Box<Store>),
    /// The one of all.
    Shared(&'b Books<'a>),
}

impl Reading<'_, '_> {
    /// Reads everything that `work` asks for as it stood at one moment.
    ///
    /// # Errors
    /// Where the database cannot be read, and whatever `work` gives.
    pub fn at_one_moment<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Read) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Own(store) => store.at_one_moment(|| work(store)),
            Self::Shared(books) => {
                let store = books.open();
                store.at_one_moment(|| work(&store))
            }
        }
    }
}

/// A lock, also where a thread panicked while it had it: what it left is sound, for all that counts is in transactions.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
