//! How far a device has come with what head office has for it.

use minicbor::{Decode, Encode};
use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_domain::moment::Minutes;
use shouwen_domain::scope::Scope;

use crate::feed::block_end;
use crate::message::{Ask, BLOCK_POSITIONS, Cursor, Page};

/// What was read, by default nothing. Kept in the log, stored with the page that it tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Load {
    /// What was read is of this scope.
    #[n(1)]
    scope: Option<Scope>,
    #[n(2)]
    epoch: u64,
    #[n(3)]
    stage: Stage,
    /// Where the feed ended when the first open cases were given out.
    #[n(4)]
    end: u64,
    /// Open cases that are left to be read.
    #[n(5)]
    n_left: u64,
    /// Up to where news were read.
    #[n(6)]
    news_read: u64,
    /// What was read before may be of a wider scope, and may still be here.
    #[n(7)]
    #[cbor(default)]
    has_others: bool,
}

/// What the log has to say before a page is stored, and what with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loads {
    pub before: Load,
    pub after: Load,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum Stage {
    /// The open cases come first.
    #[n(0)]
    Open {
        #[n(0)]
        begun: bool,
        #[n(1)]
        after: Option<CaseId>,
    },
    /// Then what was before, the newest block first. It was 1 when blocks were smaller: where one read on then is in the
    /// middle of one now, and everything is read anew.
    #[n(3)]
    History {
        /// Where in its block to read on.
        #[n(0)]
        from: u64,
    },
    #[n(2)]
    Done,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Open {
            begun: false,
            after: None,
        }
    }
}

/// What is left to be read of a first load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Open cases; none: not known yet.
    Open {
        n_left: Option<u64>,
    },
    History {
        percent: u64,
    },
}

impl Load {
    /// As kept; what cannot be read is read anew.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        minicbor::decode(bytes).unwrap_or_default()
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a vector cannot fail")
    }

    /// Begins anew for another log, and where more may be read than before.
    pub(super) fn meet(&mut self, scope: &Scope, epoch: u64) {
        let before = self.scope.as_ref();
        let has_others = self.has_others || before.is_some_and(|it| !scope.covers(it));
        let covers = before.is_some_and(|it| it.covers(scope));
        if !covers || self.epoch != epoch {
            *self = Self::default();
        }
        (self.scope, self.epoch, self.has_others) = (Some(scope.clone()), epoch, has_others);
    }

    /// Whether cases may be here that are not of its scope.
    pub(super) const fn has_others(&self) -> bool {
        self.has_others
    }

    /// Those were let go of.
    pub(super) const fn swept(&mut self) {
        self.has_others = false;
    }

    /// Whether news can be read, and nothing has to be read before.
    pub(crate) const fn is_current(&self) -> bool {
        !matches!(self.stage, Stage::Open { .. })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        match self.stage {
            Stage::Open { begun: false, .. } => Some(Progress::Open { n_left: None }),
            Stage::Open { .. } => Some(Progress::Open {
                n_left: Some(self.n_left),
            }),
            Stage::History { from } => {
                let above = self.end.saturating_sub(block_end(from));
                let read = above + (from - block_start(from));
                // As long as something is left, not all of it.
                let percent = (read * 100).checked_div(self.end).unwrap_or(0).min(99);
                Some(Progress::History { percent })
            }
            Stage::Done => None,
        }
    }

    /// What to ask next: `news` before history, and nothing before the open cases.
    pub fn ask(&self, news: bool) -> Option<Ask> {
        let cursor = self.at(self.news_read);
        match self.stage {
            Stage::Open { begun, after } => Some(Ask::Open {
                at: begun.then(|| self.at(self.end)),
                after,
            }),
            Stage::History { from } if news => Some(Ask::News {
                cursor,
                below: block_end(from).min(self.end),
            }),
            Stage::History { from } => Some(Ask::History {
                from: self.at(from),
            }),
            Stage::Done => news.then_some(Ask::News { cursor, below: 0 }),
        }
    }

    const fn at(&self, position: u64) -> Cursor {
        Cursor {
            epoch: self.epoch,
            position,
        }
    }

    /// After this page; where the log reads on then, if elsewhere than before.
    pub(super) fn take(&mut self, ask: Ask, page: &Page) -> Option<Cursor> {
        match ask {
            Ask::Open { .. } => {
                (self.end, self.n_left) = (page.from.position, page.n_left);
                if page.more {
                    self.stage = Stage::Open {
                        begun: true,
                        after: page.after,
                    };
                    return None;
                }
                self.stage = match self.end.checked_sub(1) {
                    Some(last) => Stage::History {
                        from: block_start(last),
                    },
                    None => Stage::Done,
                };
                self.news_read = page.from.position;
                Some(page.from)
            }
            Ask::News { .. } => {
                self.news_read = page.next.position;
                Some(page.next)
            }
            Ask::History { from } => {
                let block = block_start(from.position);
                let next = page.next.position;
                // A server of before has smaller blocks, and goes on behind one when it is asked.
                let is_short =
                    next > from.position && next < block_end(from.position).min(self.end);
                self.stage = if page.more || is_short {
                    Stage::History { from: next }
                } else if block == 0 || is_long_ago(page) {
                    Stage::Done
                } else {
                    Stage::History {
                        from: block - BLOCK_POSITIONS,
                    }
                };
                None
            }
        }
    }
}

/// Whether this is a page that answers `ask`.
pub(super) fn answers(ask: Ask, page: &Page) -> bool {
    let (from, next) = (page.from, page.next);
    let goes_on = from.epoch == next.epoch
        && if page.more || !page.entries.is_empty() {
            next.position > from.position
        } else {
            next.position >= from.position
        };
    match ask {
        Ask::Open { at, after } => {
            at.is_none_or(|it| it == from) && from == next && (!page.more || page.after > after)
        }
        Ask::News { cursor, .. } => from == cursor && goes_on,
        Ask::History { from: asked } => {
            from == asked && goes_on && next.position <= block_end(asked.position)
        }
    }
}

/// The start of the block with the position behind this one.
const fn block_start(position: u64) -> u64 {
    position / BLOCK_POSITIONS * BLOCK_POSITIONS
}

/// Whether everything of it is older than what a device keeps.
fn is_long_ago(page: &Page) -> bool {
    let kept_since = page.server_now - Minutes(limits::KEPT_DAYS * 24 * 60);
    !page.entries.is_empty() && page.entries.iter().all(|it| it.arrived < kept_since)
}
