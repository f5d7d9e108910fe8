//! What follows from how a case was answered (A), and above all what does not.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod decisions;
mod fairness;
mod figures;
mod lines;
mod properties;
mod sampling;
mod sheets;
mod story;
