//! All cases of a replay: from messages, a seed and a moment to acts in their order.
//!
//! Most cases have come to their end. The last ones are still open, each at another stage and with a
//! due time in another group of the work list: late, soon, today, later.

use std::fmt;

use chrono::{Days, TimeDelta};
use shouwen_domain::case::{Case, Stage};
use shouwen_domain::event::{Channel, Kind, Urgency};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::{Refusal, Rules};

use crate::asking;
use crate::category;
use crate::chance::Chance;
use crate::customer::Customer;
use crate::life::{self, Act, Life, Matter, Plot, Way};
use crate::message::Message;
use crate::shorten;

/// Of a hundred cases so many are still open.
const OPEN_PERCENT: usize = 7;
/// How many of the last cases stay open where there are few.
const OPEN_AT_LEAST: usize = 4;
/// Within this time a neighbour has come with the same matter and was taken down.
const SOON_ENOUGH: Minutes = Minutes(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub seed: u64,
    pub weeks: u32,
    pub now: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the messages; behind them the one that was joined with another, where several are open.
    pub lives: Vec<Life>,
    /// Messages and replies that were longer than a field holds.
    pub n_shortened: usize,
}

/// A rule refused what the plan lets somebody do: the site's texts are such that nobody can live by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    Refused {
        message: String,
        refusal: Refusal,
    },
    /// The directory has nobody who could take a case down.
    Nobody,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { message, refusal } => {
                write!(f, "The message \"{message}\" cannot be played: {refusal}")
            }
            Self::Nobody => f.write_str("The site's directory has nobody who takes cases down"),
        }
    }
}

impl std::error::Error for PlanError {}

/// Which group of the work list a due moment stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Late,
    /// Within two hours.
    Soon,
    Today,
    Later,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Late, Self::Soon, Self::Today, Self::Later];

    /// Of what is owed first; none where nothing is owed.
    pub fn of(case: &Case, rules: &Rules, now: Moment) -> Option<Self> {
        let due = case
            .open_obligations()
            .filter_map(|it| rules.due(case, it).ok())
            .map(|it| it.at)
            .min()?;
        let date = |it| rules.zone().local(it).date();
        Some(if due < now {
            Self::Late
        } else if due.minutes_since(now) <= 120 {
            Self::Soon
        } else if date(due) == date(now) {
            Self::Today
        } else {
            Self::Later
        })
    }
}

pub fn plan(messages: &[Message], setting: Setting, rules: &Rules) -> Result<Plan, PlanError> {
    let mut n_shortened = 0;
    let matters: Vec<Matter> = (0..)
        .zip(messages)
        .map(|(n, it)| {
            let mut chance = Chance::apart(setting.seed, n);
            matter(
                it,
                usual_delay(messages),
                setting,
                rules,
                &mut chance,
                &mut n_shortened,
            )
        })
        .collect();
    let n_open = (messages.len() * OPEN_PERCENT / 100).max(OPEN_AT_LEAST.min(messages.len() / 7));
    let n_ended = messages.len() - n_open;
    let times: Vec<_> = messages[..n_ended]
        .iter()
        .map(|it| it.time.time())
        .collect();
    let asked = asking::spread(&times, setting.weeks, setting.now, rules);
    let mut lives = Vec::with_capacity(messages.len());
    for (n, (message, matter)) in (0..).zip(messages.iter().zip(&matters)) {
        let mut play = Play {
            message,
            matter,
            rules,
            now: setting.now,
            // Apart from what the matter was drawn with.
            chance: Chance::apart(!setting.seed, n),
        };
        let life = match asked.get(lives.len()) {
            Some(asked) => play.ended(*asked)?,
            None => play.open(&lives[n_ended..])?,
        };
        lives.push(life);
    }
    if n_open > 1 {
        lives.extend(joined(messages, &matters, &lives, setting, rules)?);
    }
    Ok(Plan { lives, n_shortened })
}

/// A neighbour with the same matter as one that is being handled, so that a joined pair is there to be seen (C5).
fn joined(
    messages: &[Message],
    matters: &[Matter],
    lives: &[Life],
    setting: Setting,
    rules: &Rules,
) -> Result<Option<Life>, PlanError> {
    let is_handled = |it: &(usize, &Life)| {
        matches!(it.1.case.stage, Stage::Passed { .. })
            && it.1.case.urgency == Urgency::Ordinary
            && it.1.acts[0].at + SOON_ENOUGH <= setting.now
    };
    let Some((place, main)) = lives.iter().enumerate().rfind(is_handled) else {
        return Ok(None);
    };
    let mut chance = Chance::apart(setting.seed, u64::MAX / 2);
    let neighbour = format!("{}-neighbour", messages[place].user);
    let matter = Matter {
        customer: Customer::of(&neighbour, &rules.directory.buildings, setting.seed),
        ..matters[place].clone()
    };
    let life = life::join(&matter, (place, main), rules, setting.now, &mut chance);
    life.map_err(|refusal| PlanError::Refused {
        message: messages[place].id.clone(),
        refusal,
    })
}

impl Plan {
    /// Every act with the index of its case, by time: the order in which people do them.
    pub fn acts(&self) -> Vec<(usize, &Act)> {
        let mut acts: Vec<(usize, &Act)> = self
            .lives
            .iter()
            .enumerate()
            .flat_map(|(n, life)| life.acts.iter().map(move |it| (n, it)))
            .collect();
        acts.sort_by_key(|it| it.1.at);
        acts
    }
}

fn matter(
    message: &Message,
    usual_delay: TimeDelta,
    setting: Setting,
    rules: &Rules,
    chance: &mut Chance,
    n_shortened: &mut usize,
) -> Matter {
    let whole = match message.subject.as_str() {
        subject if subject.is_empty() || message.text.starts_with(subject) => message.text.clone(),
        subject => format!("{subject}\n{}", message.text),
    };
    let mut fit = |text: &str| {
        let (text, was_cut) = shorten::to_limits(text);
        *n_shortened += usize::from(was_cut);
        text
    };
    Matter {
        category: category::of(&whole, &rules.pack),
        channel: chance.weighed(&[
            (34, Channel::Phone),
            (26, Channel::Message),
            (20, Channel::Counter),
            (14, Channel::Met),
            (3, Channel::Letter),
            (3, Channel::FromAbove),
        ]),
        text: fit(&whole),
        customer: Customer::of(&message.user, &rules.directory.buildings, setting.seed),
        reply: message.reply.as_deref().map(fit),
        reply_after: message.reply_after.map(|it| life::scaled(it, usual_delay)),
    }
}

/// The delay in the middle; half of the replies took longer.
fn usual_delay(messages: &[Message]) -> TimeDelta {
    let mut delays: Vec<TimeDelta> = messages.iter().filter_map(|it| it.reply_after).collect();
    delays.sort();
    delays
        .get(delays.len() / 2)
        .copied()
        .unwrap_or(TimeDelta::days(1))
}

struct Play<'a> {
    message: &'a Message,
    matter: &'a Matter,
    rules: &'a Rules,
    now: Moment,
    chance: Chance,
}

impl Play<'_> {
    /// One that has come to its end, if there was time for that.
    fn ended(&mut self, asked: Moment) -> Result<Life, PlanError> {
        const TRIES: u32 = 9;
        let mut last = None;
        for n in 0..TRIES {
            let mut plot = self.plot();
            plot.quick = n >= 3;
            if n + 1 == TRIES {
                plot.way = Plot::shortest(self.kind());
            }
            let life = self.live(asked, plot)?;
            if life.is_closed() {
                return Ok(life);
            }
            last = Some(life);
        }
        last.ok_or(PlanError::Nobody)
    }

    /// One that is still open: of many lives the one whose due time and stage are rarest among `open`.
    fn open(&mut self, open: &[Life]) -> Result<Life, PlanError> {
        const TRIES: u32 = 150;
        let (rules, now) = (self.rules, self.now);
        let group = |it: &Case| Group::of(it, rules, now);
        let known: Vec<_> = open
            .iter()
            .map(|it| (group(&it.case), stage_number(&it.case.stage)))
            .collect();
        let mut best: Option<(usize, Life)> = None;
        for tried in 0..TRIES {
            let plot = Plot {
                way: if self.chance.happens(15) {
                    Way::Own
                } else {
                    Way::Passed
                },
                stop_after: usize::try_from(self.chance.between(1, 7)).unwrap_or(1),
                ..self.plot()
            };
            let asked = self.lately(tried < TRIES / 2);
            let life = self.live(asked, plot)?;
            // What is owed by nobody stands in no group.
            let group = group(&life.case);
            if group.is_none() {
                continue;
            }
            let stage = stage_number(&life.case.stage);
            let n_alike: usize = known
                .iter()
                .map(|it| 2 * usize::from(it.0 == group) + usize::from(it.1 == stage))
                .sum();
            if best.as_ref().is_none_or(|it| n_alike < it.0) {
                best = Some((n_alike, life));
            }
        }
        match best {
            Some((_, it)) => Ok(it),
            None => self.ended(self.now - Minutes(60)),
        }
    }

    /// Within four days before now, at the message's own time of day or at any.
    fn lately(&mut self, own_time: bool) -> Moment {
        if own_time {
            let today = self.rules.zone().local(self.now).date();
            let date = today - Days::new(u64::from(self.chance.between(0, 4)));
            asking::at(date, self.message.time.time(), self.now, self.rules)
        } else {
            self.now - Minutes(self.chance.between(2, 4 * 24 * 60))
        }
    }

    fn plot(&mut self) -> Plot {
        Plot::drawn(self.kind(), &mut self.chance)
    }

    fn kind(&self) -> Kind {
        let category = self.rules.pack.category(&self.matter.category);
        category.map_or(Kind::Enquiry, |it| it.kind)
    }

    fn live(&mut self, asked: Moment, plot: Plot) -> Result<Life, PlanError> {
        life::live(
            self.matter,
            asked,
            plot,
            self.rules,
            self.now,
            &mut self.chance,
        )
        .map_err(|refusal| PlanError::Refused {
            message: self.message.id.clone(),
            refusal,
        })?
        .ok_or(PlanError::Nobody)
    }
}

fn stage_number(stage: &Stage) -> usize {
    match stage {
        Stage::Own | Stage::Joined { .. } => 0,
        Stage::Passed { handler: None, .. } | Stage::Coordinating { .. } => 1,
        Stage::Passed {
            handler: Some(_), ..
        } => 2,
        Stage::Replied | Stage::Closed => 3,
    }
}
