//! What must hold, whatever goes wrong.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Nothing that was called saved is lost.
    NothingLost,
    /// Nothing is stored, passed on or done twice.
    NothingTwice,
    /// The same events are the same case everywhere, whatever order they came in.
    SameEverywhere,
    /// Every act gets its fate, and everybody everything, in bounded time.
    EveryActHasAFate,
    /// A receipt never takes back what another one said, and is given for what is durable only.
    ReceiptsAgree,
    /// Heads and cursors never move back.
    HeadsGoForward,
    /// No reader passes what they may read, nor a position that is filled later, and no position holds two envelopes.
    NoneSkipped,
    /// Nobody is given a case that none of their people may read.
    OnlyInScope,
    /// What comes from whom head office lets in no more is not passed on before somebody decides so.
    NoneShutOut,
    /// Nobody who has read that a case is erased holds a word of it, nor does head office, and what is left is the same.
    StaysErased,
    /// An act stands behind everything that it was decided on.
    SeenComesBefore,
    /// Nobody acts on a case that their version does not understand.
    OnlyUnderstood,
    /// The log and the protocol do what their contracts say.
    Contract,
}

impl Law {
    pub const fn slug(self) -> &'static str {
        match self {
            Self::NothingLost => "nothing saved is lost",
            Self::NothingTwice => "nothing happens twice",
            Self::SameEverywhere => "the same events are the same case everywhere",
            Self::EveryActHasAFate => "every act gets its fate in bounded time",
            Self::ReceiptsAgree => "receipts never contradict",
            Self::HeadsGoForward => "heads and cursors never move back",
            Self::NoneSkipped => "no reader skips a position",
            Self::OnlyInScope => "nobody reads what is not theirs to read",
            Self::NoneShutOut => "what comes from whom is let in no more waits",
            Self::StaysErased => "what was erased stays erased",
            Self::SeenComesBefore => "an act stands behind what it was decided on",
            Self::OnlyUnderstood => "nobody acts on what they do not understand",
            Self::Contract => "log and protocol keep their contracts",
        }
    }

    /// Broken, and how.
    pub fn broken(self, what: impl fmt::Display) -> Broken {
        Broken {
            law: self,
            what: what.to_string(),
        }
    }
}

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub law: Law,
    pub what: String,
}

impl From<shouwen_store::Fault> for Broken {
    fn from(fault: shouwen_store::Fault) -> Self {
        Law::Contract.broken(format_args!("a log cannot be read: {fault}"))
    }
}
