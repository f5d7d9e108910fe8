//! The rules of the first-inquiry responsibility system: who answers for a case, and by when.
//!
//! Pure by construction. Nothing here reads a clock, draws a random number or
//! performs I/O: time and identifiers arrive as arguments.

pub mod calendar;
pub mod document;
pub mod envelope;
pub mod event;
pub mod hash;
pub mod hours;
pub mod id;
pub mod limits;
pub mod moment;
pub mod pack;
pub mod reckoning;
pub mod rule;
pub mod zone;
