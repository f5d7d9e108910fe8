//! What is pointed out about a photo (V7). Never the only proof of a breach: no breach here cites one.

use crate::case::{Case, Photo};
use crate::event::PhotoSource;
use crate::hash::Hash;

/// What is to be known of a photo before it proves anything (V7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhotoNote {
    /// From the album and not the camera.
    FromAlbum,
    /// Taken before the slip was handed over under which it was added.
    OlderThanHandover,
    /// It does not say when it was taken.
    NoTime,
    NoPlace,
    /// The same bytes are on another case.
    UsedElsewhere,
}

/// What is to be pointed out, photo by photo; those without anything are left out, and so are signatures.
pub fn photo_notes(
    case: &Case,
    used_elsewhere: impl Fn(&Hash) -> bool,
) -> Vec<(Hash, Vec<PhotoNote>)> {
    case.intake
        .photos
        .iter()
        .filter(|it| !it.is_signature())
        .map(|it| (it.photo, notes(case, it, &used_elsewhere)))
        .filter(|(_, notes)| !notes.is_empty())
        .collect()
}

fn notes(case: &Case, photo: &Photo, used_elsewhere: impl Fn(&Hash) -> bool) -> Vec<PhotoNote> {
    let handed_over = case
        .moves
        .iter()
        .rev()
        .find(|it| it.at <= photo.at)
        .map(|it| it.at);
    let is_older = photo
        .taken_at
        .zip(handed_over)
        .is_some_and(|(taken, handed)| taken < handed);
    [
        (photo.source == PhotoSource::Album, PhotoNote::FromAlbum),
        (is_older, PhotoNote::OlderThanHandover),
        (photo.taken_at.is_none(), PhotoNote::NoTime),
        (!photo.placed, PhotoNote::NoPlace),
        (used_elsewhere(&photo.photo), PhotoNote::UsedElsewhere),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, note)| note)
    .collect()
}
