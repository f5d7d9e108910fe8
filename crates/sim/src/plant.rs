//! Bugs to plant on purpose: a simulator that does not see them proves nothing.

use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// The device says that it stored a receipt and did not.
    LostAcknowledgement,
    /// The device stores the cursor first and the entries in a second transaction.
    CursorBeforeEntries,
    /// The server gives out receipts and commits a moment later.
    ReceiptBeforeCommit,
    /// The device takes those behind a refused envelope for settled too.
    DroppedBehindRefused,
    /// The device does not fill up a server that was restored.
    NoRefill,
    /// The server stores what it knows already once more.
    StoredTwice,
    /// After a fault of its log the device takes an action for saved that is not.
    FaultIgnored,
}

impl Plant {
    pub const ALL: [Self; 7] = [
        Self::LostAcknowledgement,
        Self::CursorBeforeEntries,
        Self::ReceiptBeforeCommit,
        Self::DroppedBehindRefused,
        Self::NoRefill,
        Self::StoredTwice,
        Self::FaultIgnored,
    ];

    pub const fn slug(self) -> &'static str {
        match self {
            Self::LostAcknowledgement => "lost-acknowledgement",
            Self::CursorBeforeEntries => "cursor-before-entries",
            Self::ReceiptBeforeCommit => "receipt-before-commit",
            Self::DroppedBehindRefused => "dropped-behind-refused",
            Self::NoRefill => "no-refill",
            Self::StoredTwice => "stored-twice",
            Self::FaultIgnored => "fault-ignored",
        }
    }
}

impl FromStr for Plant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|it| it.slug() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.iter().map(|it| it.slug()).collect();
                format!("There is no plant \"{text}\", only {}", known.join(", "))
            })
    }
}
