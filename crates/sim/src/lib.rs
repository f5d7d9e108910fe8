//! The simulator: devices that save, a head office, and everything that goes wrong between them.
//!
//! Log, client and judgement are the product's own; network, clocks, disks and crashes are made up,
//! in virtual time, and one seed decides all of it: the same seed gives the same run, step by step.
//! Start at [`run`].

mod chance;
mod device;
mod history;
mod office;
mod plant;
mod world;

pub use plant::Plant;
pub use world::{Report, Violation, run};
