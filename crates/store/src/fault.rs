//! Why a log did not do what was asked: the world failed, or somebody else was first.

use std::fmt;

use shouwen_domain::id::CaseId;

use crate::log::{Cursor, Fence, Head};

/// The world failed. What was stored before stays stored; of the failed write nothing is, except
/// after [`Fault::ConnectionLost`], where only reading again tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The device has no room; everything stored so far is kept.
    QuotaExceeded,
    /// Another tab holds an older version of the database open and did not let go.
    Blocked,
    /// The browser closed the database and it could not be opened again; the last write may or may not be stored.
    ConnectionLost,
    /// A newer version of the app wrote this database; this one leaves it alone.
    NewerSchema { found: u32, known: u32 },
    /// A stored record does not say what it must; it is left as it is.
    Corrupt { what: String },
    /// Somebody cleared the log while it was open, as a browser's settings can: it has to be opened anew.
    Cleared,
    /// What is stored is sealed, and nobody's key is here.
    Locked,
    /// There is no database here, or the browser refuses it (some private modes).
    Unavailable(String),
    /// Anything else, in the platform's words.
    Other(String),
}

impl Fault {
    /// Whether the same call can succeed by itself later.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Blocked | Self::ConnectionLost => true,
            Self::QuotaExceeded
            | Self::NewerSchema { .. }
            | Self::Corrupt { .. }
            | Self::Cleared
            | Self::Locked
            | Self::Unavailable(_)
            | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaExceeded => {
                f.write_str("The device has no room left; nothing that was saved is lost")
            }
            Self::Blocked => f.write_str("Another tab holds an older version of the log open"),
            Self::ConnectionLost => {
                f.write_str("The browser closed the log and did not open it again")
            }
            Self::NewerSchema { found, known } => {
                write!(
                    f,
                    "The log was written by a newer version of the app: it has form {found}, this version knows {known}"
                )
            }
            Self::Corrupt { what } => write!(f, "A stored record cannot be read: {what}"),
            Self::Cleared => f.write_str("The log was cleared while it was open"),
            Self::Locked => f.write_str("What is stored is sealed, and nobody has signed in"),
            Self::Unavailable(why) => write!(f, "The browser offers no database: {why}"),
            Self::Other(why) => write!(f, "The log failed: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

/// Somebody else was first. Nothing was written: read again, decide again, write again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The case has moved on.
    Case {
        case: CaseId,
        expected: u32,
        found: u32,
    },
    /// The chain has moved on; seal the envelope anew behind `found`.
    Head { found: Head },
    /// The page does not begin where the log has read to.
    Cursor { found: Cursor },
    /// Another tab has taken over pump and compaction.
    Fence { found: Fence },
    /// Something of the case is owed, or a person has yet to look at it: it is not let go of.
    Unsettled { case: CaseId },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case {
                case,
                expected,
                found,
            } => {
                write!(
                    f,
                    "Case {case} has {found} envelopes, not the expected {expected}"
                )
            }
            Self::Head { found } => {
                write!(
                    f,
                    "The chain {} of this device stands at envelope {}",
                    found.chain, found.sequence
                )
            }
            Self::Cursor { found } => {
                write!(
                    f,
                    "The log has read to position {} of epoch {}",
                    found.position, found.epoch
                )
            }
            Self::Fence { found } => {
                write!(f, "Another tab has taken over, with number {}", found.0)
            }
            Self::Unsettled { case } => {
                write!(f, "An own envelope of case {case} is not settled")
            }
        }
    }
}

impl std::error::Error for Conflict {}

/// Why a write did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    Conflict(Conflict),
    Fault(Fault),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(it) => it.fmt(f),
            Self::Fault(it) => it.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<Conflict> for WriteError {
    fn from(it: Conflict) -> Self {
        Self::Conflict(it)
    }
}

impl From<Fault> for WriteError {
    fn from(it: Fault) -> Self {
        Self::Fault(it)
    }
}
