//! One obligation as a line: how long is left, what to do, for whom, under which rule.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shouwen_domain::case::Obligation;
use shouwen_domain::decide::falls_to_deputy;
use shouwen_domain::directory::{Directory, Person};
use shouwen_domain::id::CaseId;
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::summary::{Summary, Task};

use crate::desk::Desk;
use crate::say;
use crate::wording::time::{self, Urgency};
use crate::wording::{self, act};

/// Which obligation of which case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    pub case: CaseId,
    pub deadline: DeadlineId,
    pub hand: Hand,
}

/// Whose it is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hand {
    Mine,
    /// Another's, for whom one stands in (AB角).
    Deputy,
    Others,
}

impl Hand {
    /// None: nobody is signed in.
    pub fn of_obligation(it: &Obligation, desk: Desk) -> Option<Self> {
        let (session, rules) = (desk.session().get()?, desk.rules().get()?);
        let me = rules.directory.person(&session.person)?;
        let owes = it.owed_by.person.as_ref();
        Some(if it.owed_by.is_for(&me.id, &me.department) {
            Self::Mine
        } else if owes.is_some_and(|owes| falls_to_deputy(it.deadline, owes, me, &rules.directory))
        {
            Self::Deputy
        } else {
            Self::Others
        })
    }

    pub fn of(task: &Task, me: &Person, directory: &Directory) -> Self {
        if task.is_for(&me.id, &me.department) {
            Self::Mine
        } else if task.is_for_deputy(me, directory) {
            Self::Deputy
        } else {
            Self::Others
        }
    }
}

#[component]
pub fn CaseRow(line: Line) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let path = use_location().pathname;
    let href = format!("/case/{}", line.case);
    // A change of one case asks every row whether it was its own: that has to be a look, not a reckoning.
    let summary = Memo::new(move |_| desk.board().read().shared(line.case));
    let row = Memo::new(move |_| RowWords::of(desk, line, summary.get()?.as_ref()));
    let is_here = {
        let href = href.clone();
        Memo::new(move |_| *path.read() == href)
    };
    // One effect for a row, not one for each word of it: an opening makes fifty rows.
    move || {
        let row = row.get().unwrap_or_default();
        let note =
            (!row.note.is_empty()).then(|| view! { <span class="case-row-note">{row.note}</span> });
        view! {
            <li class="work-group-item">
                <a class="case-row" href=href.clone() data-urgency=row.urgency aria-current=is_here.get().then_some("true")>
                    <span class="case-row-left">{row.left}</span>
                    <span class="case-row-do">{row.what_to_do}</span>
                    <span class="case-row-what">{row.what}</span>
                    <span class="case-row-rule">{row.rule}</span>
                    {note}
                </a>
            </li>
        }
    }
}

/// Empty while its case is on its way off the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct RowWords {
    urgency: &'static str,
    left: String,
    what_to_do: String,
    what: String,
    rule: String,
    note: String,
}

impl RowWords {
    fn of(desk: Desk, line: Line, summary: &Summary) -> Option<Self> {
        let language = desk.language().get();
        let rules = desk.rules().get()?;
        let session = desk.session().get()?;
        let me = rules.directory.person(&session.person)?;
        let task = summary.tasks.iter().find(|it| {
            it.deadline == line.deadline && Hand::of(it, me, &rules.directory) == line.hand
        })?;
        let waiting = line.hand == Hand::Others;
        let who = || match &task.person {
            Some(it) => wording::person(&rules.directory, it),
            None => wording::department(language, &rules.directory, &task.department),
        };
        let now = desk.now().get();
        let left = match task.due {
            Some(due) => time::left(language, due, now, rules.zone()),
            None => say!(
                language,
                "left.unknown",
                year = rules.zone().local(now).date().format("%Y")
            ),
        };
        let urgency = match task.due {
            _ if waiting => "waiting",
            Some(due) => Urgency::of(due, now, rules.zone()).slug(),
            None => Urgency::Later.slug(),
        };
        let left = if waiting {
            format!("{} {left}", say!(language, "work.of", who = who()))
        } else {
            left
        };
        let what_to_do = act::task(language, task.deadline);
        let what_to_do = if line.hand == Hand::Deputy {
            say!(language, "work.as_deputy", who = who(), task = what_to_do)
        } else {
            what_to_do
        };
        let mut notes = Vec::new();
        if let Some(it) = &summary.only_claimed_of {
            let name = wording::person(&rules.directory, it);
            notes.push(say!(language, "unsigned.not_confirmed", name = name));
        }
        if summary.is_erased {
            notes.push(say!(language, "case.erased_note"));
        }
        if task.provisional {
            notes.push(say!(language, "left.provisional"));
        }
        if summary.n_without_effect > 0 {
            let newer = summary.needs_newer_version;
            notes.push(if newer {
                say!(language, "work.newer")
            } else {
                say!(language, "work.parallel")
            });
        }
        Some(Self {
            urgency,
            left,
            what_to_do,
            what: what(summary),
            rule: rules.pack.deadline(task.deadline).rule.to_string(),
            note: notes.join(" · "),
        })
    }
}

/// 厨房漏水 · 3-2-1502
pub fn what(summary: &Summary) -> String {
    match (summary.matter.as_str(), summary.address.as_str()) {
        ("", "") => summary.number.clone(),
        (matter, "") => matter.to_owned(),
        ("", address) => format!("{} · {address}", summary.number),
        (matter, address) => format!("{matter} · {address}"),
    }
}
