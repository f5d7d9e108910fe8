//! Bugs to plant on purpose: a simulator that does not see them proves nothing.

use std::str::FromStr;

macro_rules! plants {
    ($($(#[doc = $doc:literal])+ $name:ident = $slug:literal,)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plant {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Plant {
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)+
                }
            }

            /// What is wrong, in words.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc,)+),)+
                }
            }
        }
    };
}

plants! {
    /// The device says that it stored a receipt and did not.
    LostAcknowledgement = "lost-acknowledgement",
    /// A tab takes a page in as if it were the only one, wherever the cursor stands by now.
    OnlyTab = "only-tab",
    /// The device takes those behind a refused envelope for settled too.
    DroppedBehindRefused = "dropped-behind-refused",
    /// The device does not fill up a server that was restored.
    NoRefill = "no-refill",
    /// The device lets go of cases and keeps no copy of what it wrote in them.
    CopiesDropped = "copies-dropped",
    /// After a fault of its log the device takes an action for saved that is not.
    FaultIgnored = "fault-ignored",
    /// After a fault of its log the device acts again without looking whether it had acted.
    ActedAgain = "acted-again",
    /// The device's log is not flushed: power that fails takes the last writes along.
    RelaxedWrites = "relaxed-writes",
    /// The device counts its own acts only, so that an act may stand before what it was decided on.
    OwnCounter = "own-counter",
    /// The device folds a case in the order in which things arrived.
    OrderOfArrival = "order-of-arrival",
    /// An older version acts on cases that it does not understand.
    OlderActs = "older-acts",
    /// The server gives out receipts and commits a moment later.
    ReceiptBeforeCommit = "receipt-before-commit",
    /// The server stores what it knows already once more.
    StoredTwice = "stored-twice",
    /// The server reads the chain before it has the site's lock.
    JudgedBeforeLock = "judged-before-lock",
    /// The server gives out positions before it has the site's lock.
    PositionBeforeLock = "position-before-lock",
    /// A server process that slept commits although its transaction was ended meanwhile.
    CommitAfterAbort = "commit-after-abort",
    /// The server refuses what has a gap before it.
    GapRefused = "gap-refused",
    /// A server restored from a backup goes on in the same epoch.
    SameEpoch = "same-epoch",
    /// Head office lets two clones of a device write on in one chain.
    CloneUnnoticed = "clone-unnoticed",
    /// The device tells only once what was taken back, and not again to a server that was restored.
    ToldOnce = "told-once",
    /// A server that was restored takes what a device sends to the one before.
    AnyEpoch = "any-epoch",
    /// A server that was upgraded leaves alone what the older version held.
    NeverReconsidered = "never-reconsidered",
    /// The device reads no history after the open cases.
    NoHistory = "no-history",
    /// The device stores what it has read before the page itself.
    LoadBeforePage = "load-before-page",
    /// Of a case that comes into a scope head office gives out the new entry only.
    OnlyWhatIsNew = "only-what-is-new",
    /// Of an open case head office gives out the first entry only.
    OpenCutShort = "open-cut-short",
    /// A case of unread history goes on, and head office gives out the new entry only.
    UnreadGoesOn = "unread-goes-on",
    /// Head office gives out what a device says that it may read, whatever its people may read by now.
    ScopeOfBefore = "scope-of-before",
    /// Head office gives out who looked at what to whoever sees the site.
    LooksGivenOut = "looks-given-out",
    /// Head office believes what a device says of whose act it is.
    AnybodysName = "anybodys-name",
    /// Head office takes down whatever is claimed of somebody who did not sign, a new matter or not.
    ClaimsAnything = "claims-anything",
    /// Head office stores what comes late of an erased case with its words.
    LateWordsKept = "late-words-kept",
    /// A head office that was restored does not give again what it had ordered since.
    OrdersForgotten = "orders-forgotten",
    /// The device takes the words out of what it was given, and leaves what it wrote itself.
    OwnWordsKept = "own-words-kept",
    /// A device that lost its key writes on in the chain of what it was before.
    WrittenOn = "written-on",
    /// A device that lost its key leaves where it is what it wrote before.
    FormerLeft = "former-left",
    /// Head office knows a person's newest key alone, so that what they signed before is not theirs.
    NewestKeyOnly = "newest-key-only",
    /// What comes from whom head office lets in no more is judged like anything else.
    RevokedPassedOn = "revoked-passed-on",
}

impl FromStr for Plant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|it| it.slug() == text);
        found.ok_or_else(|| format!("There is no plant \"{text}\"; --plant list shows them"))
    }
}
