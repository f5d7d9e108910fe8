//! The rules of the first-inquiry responsibility system: who answers for a case, and by when.
//!
//! Pure by construction. Nothing here reads a clock, draws a random number or
//! performs I/O: time and identifiers arrive as arguments. Start at [`decide()`] and [`Case::fold`].

pub mod case;
pub mod command;
pub mod decide;
pub mod draft;
pub mod envelope;
pub mod event;
pub mod summary;

pub mod agenda;
pub mod explain;
pub mod holds;
pub mod ladder;
pub mod verdict;

pub mod assessment;
pub mod conduct;

pub mod directory;
pub mod document;
pub mod pack;
pub mod rule;
pub mod rules;
pub mod site;

pub mod repeat;

pub mod calendar;
pub mod hours;
pub mod moment;
pub mod reckoning;
pub mod zone;

pub mod hash;
pub mod id;
pub mod limits;

pub use case::Case;
pub use command::Command;
pub use decide::{Acting, Refusal, decide};
pub use rules::Rules;
