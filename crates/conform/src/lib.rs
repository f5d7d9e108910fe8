//! Holds the reckoning of time against tables that others can read and write, and brings published calendars in.
//!
//! Start at [`table::check`]. Everything is reckoned by `shouwen_domain::reckoning`, as real deadlines are.

pub mod answer;
pub mod case;
pub mod import;
pub mod table;
pub mod workdays;
pub mod zone;
