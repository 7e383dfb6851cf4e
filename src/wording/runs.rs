//! `runs` and `undo`.

use crate::export::{List, table};
use crate::views::runs::{Heard, Kept, RunsView, UndoView, Unmade};
use std::fmt;

/// A line for each run.
#[must_use]
pub(crate) fn listing(view: &RunsView) -> List {
    let head = ["run", "command", "as of", "mode", "began", "status", "journalled"];
    List::of(&head, &view.runs, |run| {
        let status = run.exit_status.map_or_else(|| "cut short".to_owned(), |status| status.to_string());
        vec![
            run.id.to_string().into(),
            (&run.command).into(),
            run.as_of.into(),
            (&run.mode).into(),
            (&run.started_at).into(),
            status.into(),
            run.journalled.to_string().into(),
        ]
    })
}

/// A line for each step of the run that was undone, or left.
#[must_use]
pub(crate) fn undone(view: &UndoView) -> String {
    table(&List::of(&["action", "service", "outcome", "because"], &view.undone, |row| {
        vec![(&row.action).into(), (&row.service).into(), row.outcome.into(), (&row.because).into()]
    }))
}

impl fmt::Display for Unmade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renewal { expires_on, alone_until, is_settled, heard } => {
                write!(f, "it expires on {expires_on} again and is left alone until {alone_until}")?;
                if *is_settled {
                    f.write_str(
                        "; its period is still settled, so it is renewed again after that day, unless `record reverse` \
                         takes the payment back",
                    )?;
                }
                heard.fmt(f)
            }
            Self::Suspension { alone_until, heard } => {
                write!(
                    f,
                    "it runs again and is left alone until {alone_until}; what is still due then is announced anew and \
                     suspended, unless it is paid or on hold"
                )?;
                heard.fmt(f)
            }
            Self::Left(kept) => kept.fmt(f),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceGone => "the service is gone",
            Self::UndoneAlready => "it was undone already",
            Self::ChangedSince => "it has changed since",
            Self::WasPaid => "it was paid for",
            Self::DataGone => "what was deleted is gone",
            Self::RenewedOutside => "its hook has renewed it outside; that cannot be taken back from here",
            Self::HookFailed(why) => return write!(f, "the hook failed: {why}"),
        })
    }
}

/// The end of a sentence.
impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "; the customer was not told of it and hears nothing",
            Self::Withdrawn => "; the customer was not told of it: the message that waited is withdrawn",
            Self::Suspended => {
                "; the customer was told of the suspension, and the next `notify` tells them that it runs again"
            }
            Self::RenewedUntil(until) => {
                return write!(
                    f,
                    "; the customer was told that it is renewed until {until}, and nothing tells them otherwise: call"
                );
            }
        })
    }
}
