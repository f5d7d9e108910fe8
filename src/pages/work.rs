//! The work list, sorted by time left, with the chosen case beside it where there is room.

use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_query_map};
use shouwen_domain::moment::Moment;
use shouwen_domain::summary::{Summary, Task};

use crate::components::case_row::{CaseRow, Hand, Line};
use crate::components::frame::Frame;
use crate::components::icon::Icon;
use crate::desk::Desk;
use crate::pages::record::DraftRows;
use crate::say;
use crate::wording::Language;
use crate::wording::time::Urgency;

/// Rows that are drawn before "show more", the most urgent ones.
const N_SHOWN: usize = 60;
/// Of a group, when those before it have as many.
const N_LEAST: usize = 6;

/// What the list is narrowed to; stands in the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Late,
    Today,
    Waiting,
    /// Everything open at the site, whoever owes it.
    Site,
}

impl Filter {
    const ALL: [Self; 5] = [
        Self::All,
        Self::Late,
        Self::Today,
        Self::Waiting,
        Self::Site,
    ];

    const fn slug(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Late => "late",
            Self::Today => "today",
            Self::Waiting => "waiting",
            Self::Site => "site",
        }
    }

    fn of_slug(slug: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|it| it.slug() == slug)
            .unwrap_or(Self::All)
    }

    fn word(self, language: Language) -> String {
        match self {
            Self::All => say!(language, "filter.all"),
            Self::Late => say!(language, "filter.late"),
            Self::Today => say!(language, "filter.today"),
            Self::Waiting => say!(language, "filter.waiting"),
            Self::Site => say!(language, "filter.site"),
        }
    }

    const fn holds(self, group: Group) -> bool {
        match self {
            Self::All | Self::Site => true,
            Self::Late => matches!(group, Group::Late),
            Self::Today => matches!(group, Group::Late | Group::Now | Group::Today),
            Self::Waiting => matches!(group, Group::Waiting),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Group {
    Late,
    Now,
    Today,
    Later,
    Waiting,
}

impl Group {
    const ALL: [Self; 5] = [
        Self::Late,
        Self::Now,
        Self::Today,
        Self::Later,
        Self::Waiting,
    ];

    const fn of(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Late => Self::Late,
            Urgency::Soon => Self::Now,
            Urgency::Today => Self::Today,
            Urgency::Later => Self::Later,
        }
    }

    const fn slug(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Now => "soon",
            Self::Today | Self::Later => "calm",
            Self::Waiting => "waiting",
        }
    }

    fn word(self, language: Language) -> String {
        match self {
            Self::Late => say!(language, "group.late"),
            Self::Now => say!(language, "group.now"),
            Self::Today => say!(language, "group.today"),
            Self::Later => say!(language, "group.later"),
            Self::Waiting => say!(language, "group.waiting"),
        }
    }
}

/// A line with what it is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sorted {
    group: Group,
    due: Option<Moment>,
    line: Line,
}

#[component]
pub fn WorkPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let path = use_location().pathname;
    let on_case = Memo::new(move |_| path.read().starts_with("/case/"));
    let title = Signal::derive(move || {
        if on_case.get() {
            say!(words.get(), "case.title")
        } else {
            say!(words.get(), "work.title")
        }
    });
    view! {
        <Frame title task=on_case>
            <div class="panes" data-open=move || if on_case.get() { "case" } else { "list" }>
                <section class="pane-list"><WorkList /></section>
                <Outlet />
            </div>
        </Frame>
    }
    .into_any()
}

/// Beside the list as long as no case is chosen.
#[component]
pub fn NothingChosen() -> impl IntoView {
    let words = expect_context::<Desk>().language();
    view! {
        <section class="pane-case">
            <div class="empty-state">
                <h2 class="empty-state-title">{move || say!(words.get(), "work.choose")}</h2>
                <p class="empty-state-text">{move || say!(words.get(), "work.choose_text")}</p>
            </div>
        </section>
    }
}

#[component]
fn WorkList() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let query = use_query_map();
    let filter =
        Memo::new(move |_| Filter::of_slug(query.read().get_str("show").unwrap_or_default()));
    let mine = Memo::new(move |_| lines(desk, Filter::All));
    let shown = Memo::new(move |_| {
        if filter.get() == Filter::Site {
            lines(desk, Filter::Site)
        } else {
            mine.get()
        }
    });
    let count = move |filter: Filter| match filter {
        Filter::Site => desk.standing().read().n_open,
        Filter::All | Filter::Late | Filter::Today | Filter::Waiting => mine
            .read()
            .iter()
            .filter(|it| filter.holds(it.group))
            .count() as u64,
    };
    let chip = move |it: Filter| {
        let href = if it == Filter::All {
            "/".to_owned()
        } else {
            format!("/?show={}", it.slug())
        };
        view! {
            <a class="chip" href=href aria-current=move || (filter.get() == it).then_some("true")
                data-urgency=(it == Filter::Late).then_some("late")>
                {move || it.word(words.get())}" "<span class="chip-count">{move || count(it)}</span>
            </a>
        }
    };
    let nothing = Memo::new(move |_| shown.read().is_empty());
    let all_here = Memo::new(move |_| desk.sync().read().knows_open);
    let empty = move || {
        let all_here = all_here.get().filter(|_| nothing.get())?;
        Some(view! { <Empty all_here /> })
    };
    view! {
        <div class="chips" role="group" aria-label=move || say!(words.get(), "filter.label")>
            {Filter::ALL.map(chip).collect_view()}
        </div>
        <div class="work-list" data-n-open=move || desk.standing().read().n_open.to_string()>
            <DraftRows />
            {empty}
            {Group::ALL.map(|group| view! { <GroupRows group shown filter /> }).collect_view()}
        </div>
    }
    .into_any()
}

#[component]
fn Empty(all_here: bool) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let title = move || {
        if all_here {
            say!(words.get(), "work.empty_title")
        } else {
            say!(words.get(), "work.coming_title")
        }
    };
    let text = move || {
        if all_here {
            say!(words.get(), "work.empty_text")
        } else {
            say!(words.get(), "work.coming_text")
        }
    };
    view! {
        <div class="empty-state" data-all-here=all_here.to_string()>
            <h2 class="empty-state-title">{title}</h2>
            <p class="empty-state-text">{text}</p>
            <a class="button" data-kind="secondary" href="/record"><Icon name="record" />{move || say!(words.get(), "work.empty_do")}</a>
        </div>
    }
}

#[component]
fn GroupRows(group: Group, shown: Memo<Vec<Sorted>>, filter: Memo<Filter>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let n_asked_for = RwSignal::new(0);
    let all = Memo::new(move |_| {
        let lines = shown.read();
        let here = lines
            .iter()
            .filter(|it| it.group == group && filter.get().holds(group));
        here.map(|it| it.line).collect::<Vec<_>>()
    });
    let n_first = Memo::new(move |_| {
        let lines = shown.read();
        let before = lines
            .iter()
            .filter(|it| it.group < group && filter.get().holds(it.group));
        N_SHOWN.saturating_sub(before.count()).max(N_LEAST)
    });
    let n_shown = move || n_first.get() + n_asked_for.get();
    let first = move || {
        all.read()
            .iter()
            .take(n_shown())
            .copied()
            .collect::<Vec<_>>()
    };
    let n_more = move || all.read().len().saturating_sub(n_shown());
    let section = move || {
        view! {
                <section class="work-group" data-urgency=group.slug()>
                    <h2 class="work-group-title">
                        {move || group.word(words.get())}" "<span class="work-group-count">{move || all.read().len()}</span>
                    </h2>
                    <ul class="work-group-rows">
                        <For each=first key=|it| *it let:line><CaseRow line /></For>
                    </ul>
                    <button class="button" data-kind="quiet" type="button" hidden=move || n_more() == 0
                        on:click=move |_| n_asked_for.update(|it| *it += N_SHOWN)>
                        {move || say!(words.get(), "work.more", n = n_more().min(N_SHOWN))}
                    </button>
                </section>
        }
    };
    let is_empty = Memo::new(move |_| all.read().is_empty());
    move || {
        // The rows themselves follow `all`; only coming and going draws the group anew.
        if is_empty.get() {
            None
        } else {
            Some(untrack(section))
        }
    }
}

/// A line a case: what one is to do of it first, else as a deputy, else what one waits for. A closed case is done, but for what
/// one owes of it still, such as a signature.
fn lines(desk: Desk, filter: Filter) -> Vec<Sorted> {
    let (Some(session), Some(rules)) = (desk.session().get(), desk.rules().get()) else {
        return Vec::new();
    };
    let Some(me) = rules.directory.person(&session.person) else {
        return Vec::new();
    };
    let now = desk.now().get();
    let board = desk.board().read();
    let group_of = |task: &Task| {
        task.due.map_or(Group::Late, |due| {
            Group::of(Urgency::of(due, now, rules.zone()))
        })
    };
    let line = |summary: &Summary| {
        let is_ours = summary.first_responder == me.id || summary.department == me.department;
        let waits = is_ours && summary.ending.is_none();
        let mine = summary
            .first_for(&me.id, &me.department)
            .or_else(|| summary.first_as_deputy(me, &rules.directory));
        let (task, group) = match mine {
            Some(task) => (task, group_of(task)),
            None if filter == Filter::Site => {
                let task = summary.first()?;
                (task, group_of(task))
            }
            None if waits => (summary.first()?, Group::Waiting),
            None => return None,
        };
        Some(Sorted {
            group,
            due: task.due,
            line: Line {
                case: summary.case,
                deadline: task.deadline,
                hand: Hand::of(task, me, &rules.directory),
            },
        })
    };
    let mut lines: Vec<Sorted> = board.rows().filter_map(line).collect();
    lines.sort_by_key(|it| (it.group, it.due, it.line.case));
    lines
}
