//! The simulator: devices whose people act by the real rules, server processes on one database, and
//! everything that goes wrong between them.
//!
//! Rules, log, client and judgement are the product's own; network, clocks, disks, transactions and
//! crashes are made up, in virtual time, and one seed decides all of it: the same seed gives the same
//! run, step by step. Start at [`run`]; what a run is made of is a [`Plan`], which can be cut down to
//! the few things that it takes to break a [`Law`].

mod chance;
mod database;
mod device;
mod law;
mod many;
mod people;
mod plan;
mod plant;
mod shrink;
mod world;

pub use law::Law;
pub use many::many;
pub use plan::Plan;
pub use plant::Plant;
pub use shrink::{shrink, story};
pub use world::{Line, Listener, Report, Violation, play};

/// Plays one seed.
///
/// # Errors
///
/// The law that did not hold.
pub fn run(seed: u64, plant: Option<Plant>) -> Result<Report, Violation> {
    play(&Plan::drawn(seed), plant, &mut |_| {})
}
