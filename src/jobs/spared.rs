//! One customer's record, hook, card or file never ends a night for others: what fails for one of them alone is
//! given back as a reason, and what would fail for everybody stays an error.

use crate::error::Stop;
use crate::store::StoreError;
use anyhow::Result;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of the work of one customer, hook or file; or why that one is left out.
pub type Spared<T> = std::result::Result<T, String>;

/// Does `work` of one customer or file; gives why that one must be left out. A transaction that was open is
/// rolled back on the way.
///
/// # Errors
/// What has nothing to do with the one: a database that cannot be written, a wrong word of the command's.
pub fn spared<T>(work: impl FnOnce() -> Result<T>) -> Result<Spared<T>> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(Ok(value)),
        Ok(Err(error)) if concerns_all(&error) => Err(error),
        Ok(Err(error)) => Ok(Err(format!("{error:#}"))),
        Err(panic) => Ok(Err(format!("the program itself failed there ({})", words(panic.as_ref())))),
    }
}

fn concerns_all(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(|fault| !fault.is_data())
        || error.downcast_ref::<Stop>().is_some()
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_over_one_customer_is_a_reason_and_a_full_disk_is_an_error() {
        let nobody: [u8; 0] = [];
        let panicked = spared(|| Ok(nobody[std::hint::black_box(3)])).unwrap();
        assert!(panicked.unwrap_err().contains("index out of bounds"));
        let constraint = spared(|| Err::<(), _>(StoreError::Constraint("UNIQUE".to_owned()).into()));
        assert!(constraint.unwrap().unwrap_err().contains("UNIQUE"));
        assert!(spared(|| Err::<(), _>(StoreError::Unwritable("full".to_owned()).into())).is_err());
        assert_eq!(spared(|| Ok(7)).unwrap(), Ok(7));
    }
}
