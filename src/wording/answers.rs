//! What pack and directory have to say, as texts to read out or to send: answers, procedures, papers, whom to see,
//! rules, courtesy, the pledge (L2, L3).

use shouwen_domain::Rules;
use shouwen_domain::directory::Department;
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::moment::Minutes;
use shouwen_domain::pack::{
    Category, CommonAnswer, Courtesy, Found, OutsideBody, Paper, Pledge, Stage, Text,
};
use shouwen_domain::reckoning::Limit;
use shouwen_domain::rule::RuleId;

use super::{Language, time};
use crate::say;

/// One text at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What sort of text it is.
    pub kind: String,
    pub title: String,
    /// Lines, for the eye and for copying.
    pub text: String,
    /// Whom to ring about it.
    pub phone: Option<String>,
    /// Whether the title belongs to what is copied; else it says when to use it.
    pub titled: bool,
}

impl Answer {
    /// What is sent to somebody.
    pub fn copied(&self) -> String {
        if self.titled {
            format!("{}\n{}", self.title, self.text)
        } else {
            self.text.clone()
        }
    }
}

/// What fits, the best first. `me`: rules on penalties are shown from the stage on at which they warn (G1).
pub fn search(language: Language, rules: &Rules, me: &PersonId, query: &str) -> Vec<Answer> {
    // Digits alone are a room or a number: they stand in every other text.
    if !query.chars().any(char::is_alphabetic) {
        return Vec::new();
    }
    let words = Words { language, rules };
    let hits = rules.pack.search(&rules.directory, query);
    let shown: Vec<&Found> = hits.iter().map(|it| &it.found).collect();
    let told = shown.iter().filter(|it| match it {
        // Its procedure names it.
        Found::Paper(category, _) => !shown.contains(&&Found::Category(category.clone())),
        Found::Rule(rule) => words.may_show(*rule, me),
        Found::Answer(_) | Found::Category(_) | Found::Department(_) => true,
    });
    let found = told.filter_map(|it| words.found(it));
    let needle = query.trim().to_lowercase();
    let holds = |it: &Answer| {
        let text = format!("{}\n{}", it.title, it.text).to_lowercase();
        text.contains(&needle)
    };
    let said = courtesy(language, rules).into_iter().filter(holds);
    let pledge = pledge(language, rules).into_iter().filter(holds);
    found.chain(said).chain(pledge).collect()
}

/// Greetings and the like, in the pack's order.
pub fn courtesy(language: Language, rules: &Rules) -> Vec<Answer> {
    let one = |Courtesy { when, say }: &Courtesy| Answer {
        kind: say!(language, "answers.courtesy"),
        title: language.of(when).to_owned(),
        text: language.of(say).to_owned(),
        phone: None,
        titled: false,
    };
    rules.pack.courtesy.iter().map(one).collect()
}

pub fn pledge(language: Language, rules: &Rules) -> Option<Answer> {
    let Pledge { title, lines } = rules.pack.pledge.as_ref()?;
    let lines: Vec<&str> = lines.iter().map(|it| language.of(it)).collect();
    Some(Answer {
        kind: say!(language, "answers.pledge"),
        title: language.of(title).to_owned(),
        text: lines.join("\n"),
        phone: None,
        titled: true,
    })
}

/// Common questions, in the pack's order.
pub fn common(language: Language, rules: &Rules) -> Vec<Answer> {
    let words = Words { language, rules };
    let answers = rules.pack.answers.iter();
    answers.map(|it| words.common(it)).collect()
}

/// Names of procedures: what has steps or takes papers.
pub fn procedures(language: Language, rules: &Rules) -> Vec<String> {
    let categories = rules.pack.categories.iter();
    categories
        .filter(|it| is_procedure(it))
        .map(|it| language.of(&it.name).to_owned())
        .collect()
}

fn is_procedure(category: &Category) -> bool {
    !category.steps.is_empty() || !category.papers.is_empty()
}

#[derive(Clone, Copy)]
struct Words<'a> {
    language: Language,
    rules: &'a Rules,
}

impl Words<'_> {
    fn of(self, text: &Text) -> String {
        self.language.of(text).to_owned()
    }

    fn found(self, found: &Found) -> Option<Answer> {
        match found {
            Found::Answer(n) => Some(self.common(self.rules.pack.answers.get(*n)?)),
            Found::Category(id) => Some(self.category(self.rules.pack.category(id)?)),
            Found::Paper(category, paper) => {
                let category = self.rules.pack.category(category)?;
                let paper = category.papers.iter().find(|it| it.id == *paper)?;
                Some(self.paper(category, paper))
            }
            Found::Department(id) => Some(self.department(self.rules.directory.department(id)?)),
            Found::Rule(id) => {
                let rule = self.rules.pack.rule(*id)?;
                Some(Answer {
                    kind: say!(self.language, "answers.rule", rule = id),
                    title: self.of(&rule.title),
                    text: self.of(&rule.sentence),
                    phone: None,
                    titled: true,
                })
            }
        }
    }

    /// G1: at *observe* nothing of penalties is on any screen.
    fn may_show(self, rule: RuleId, me: &PersonId) -> bool {
        let is_of_penalties = rule.as_str().starts_with('A');
        let mine = self.rules.directory.person(me);
        !is_of_penalties
            || mine.is_some_and(|it| self.rules.pack.stage(rule, &it.department) != Stage::Observe)
    }

    fn common(self, it: &CommonAnswer) -> Answer {
        let mut lines = vec![self.of(&it.answer)];
        lines.extend(self.whom_to_see(it.department.as_ref()));
        Answer {
            kind: say!(self.language, "answers.common"),
            title: self.of(&it.question),
            text: lines.join("\n"),
            phone: self.phone(it.department.as_ref()),
            titled: false,
        }
    }

    /// What belongs to it, who may apply, step by step, what to bring, how long it takes, what it costs, whom to see.
    fn category(self, it: &Category) -> Answer {
        let language = self.language;
        let mut lines = Vec::new();
        lines.extend(it.scope.as_ref().map(|it| self.of(it)));
        lines.extend(it.handled_by.as_ref().map(|it| self.outside(it)));
        lines.extend(it.conditions.as_ref().map(|it| {
            let text = language.of(it);
            say!(language, "answers.conditions", text = text)
        }));
        let steps = it.steps.iter().zip(1..);
        lines.extend(steps.map(|(it, n): (_, u32)| format!("{n}. {}", language.of(it))));
        if !it.papers.is_empty() {
            let papers: Vec<String> = it.papers.iter().map(|it| self.copies(it)).collect();
            let papers = papers.join(language.separator());
            lines.push(say!(language, "answers.papers", papers = papers));
        }
        let within = it.complete_within.map(|it| self.limit(it));
        lines.extend(within.map(|it| say!(language, "answers.within", limit = it)));
        lines.extend(it.fee.as_ref().map(|it| {
            let text = language.of(it);
            say!(language, "answers.fee", text = text)
        }));
        lines.extend(it.basis.as_ref().map(|it| {
            let text = language.of(it);
            say!(language, "answers.basis", text = text)
        }));
        lines.extend(self.whom_to_see(it.department.as_ref()));
        let outside = it.handled_by.as_ref().and_then(|it| it.phone.clone());
        Answer {
            kind: if is_procedure(it) {
                say!(language, "answers.procedure")
            } else {
                say!(language, "answers.category")
            },
            title: self.of(&it.name),
            text: lines.join("\n"),
            phone: outside.or_else(|| self.phone(it.department.as_ref())),
            titled: true,
        }
    }

    fn paper(self, category: &Category, paper: &Paper) -> Answer {
        let language = self.language;
        let mut lines = vec![say!(
            language,
            "answers.needed_for",
            what = language.of(&category.name)
        )];
        lines.extend(self.whom_to_see(category.department.as_ref()));
        Answer {
            kind: say!(language, "answers.paper"),
            title: self.copies(paper),
            text: lines.join("\n"),
            phone: self.phone(category.department.as_ref()),
            titled: true,
        }
    }

    /// Place, phone, and what it sees to (L3).
    fn department(self, it: &Department) -> Answer {
        let language = self.language;
        let mut lines = vec![self.of(&it.place), it.phone.clone()];
        let categories = self.rules.pack.categories.iter();
        let theirs: Vec<&str> = categories
            .filter(|category| category.department.as_ref() == Some(&it.id))
            .map(|it| language.of(&it.name))
            .collect();
        if !theirs.is_empty() {
            let what = theirs.join(language.separator());
            lines.push(say!(language, "answers.sees_to", what = what));
        }
        Answer {
            kind: say!(language, "answers.department"),
            title: self.of(&it.name),
            text: lines.join("\n"),
            phone: Some(it.phone.clone()),
            titled: true,
        }
    }

    /// 身份证（2 份）
    fn copies(self, paper: &Paper) -> String {
        let name = self.language.of(&paper.name);
        match paper.copies {
            0 => say!(self.language, "answers.shown", paper = name),
            n => say!(self.language, "answers.copies", paper = name, n = n),
        }
    }

    fn outside(self, it: &OutsideBody) -> String {
        let mut body = self.of(&it.name);
        if let Some(phone) = &it.phone {
            body = format!("{body} {phone}");
        }
        say!(self.language, "answers.outside", body = body)
    }

    fn limit(self, limit: Limit) -> String {
        let span = |minutes: Minutes| time::span(self.language, i64::from(minutes.0));
        match limit {
            Limit::WorkingDays { days, .. } => {
                say!(self.language, "unit.working_days", n = days)
            }
            Limit::WorkingMinutes { minutes } => {
                say!(self.language, "unit.working_time", span = span(minutes))
            }
            Limit::ClockMinutes { minutes, .. } | Limit::PlainMinutes { minutes } => span(minutes),
        }
    }

    fn whom_to_see(self, department: Option<&DepartmentId>) -> Option<String> {
        let it = self.rules.directory.department(department?)?;
        Some(say!(
            self.language,
            "answers.whom_to_see",
            department = self.of(&it.name),
            place = self.of(&it.place),
            phone = it.phone
        ))
    }

    fn phone(self, department: Option<&DepartmentId>) -> Option<String> {
        let it = self.rules.directory.department(department?)?;
        Some(it.phone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shouwen_domain::calendar::Calendar;
    use shouwen_domain::directory::Directory;
    use shouwen_domain::pack::Pack;
    use shouwen_domain::zone::Zones;

    const PACK: &str = include_str!("../../packs/property-service.toml");

    fn rules(pack: &str) -> Rules {
        let year = include_str!("../../packs/calendars/cn/2026.json");
        Rules::try_new(
            Pack::parse("pack", pack).unwrap(),
            Calendar::parse(&[("2026.json", year)]).unwrap(),
            &Zones::parse(include_str!("../../packs/zones.toml")).unwrap(),
            Directory::parse("site", include_str!("../../packs/demo-site.toml")).unwrap(),
        )
        .unwrap()
    }

    fn found(pack: &str, query: &str) -> Vec<Answer> {
        let me = "wang-jianguo".parse().unwrap();
        search(Language::Chinese, &rules(pack), &me, query)
    }

    #[test]
    fn an_answer_names_department_place_and_phone_and_is_copied_without_its_question() {
        let answer = &found(PACK, "门禁卡丢了")[0];
        assert_eq!(
            answer.copied(),
            "本人带身份证到客服部，先挂失旧卡，当场补办新卡。\n找客服部：1号楼一层大厅，0571-0000 1001"
        );
        assert_eq!(answer.phone.as_deref(), Some("0571-0000 1001"));
    }

    #[test]
    fn a_procedure_is_told_step_by_step_with_its_papers() {
        let all = found(PACK, "装修");
        let procedure = all.iter().find(|it| it.kind == "办事").unwrap();
        assert!(procedure.text.contains("1. "), "{}", procedure.text);
        assert!(procedure.text.contains("材料："), "{}", procedure.text);
        let says = |it: &&Answer| it.kind == "材料" && it.text.contains(&procedure.title);
        assert_eq!(all.iter().find(says), None, "its papers stand in it");
    }

    #[test]
    fn what_is_said_of_penalties_is_shown_from_the_stage_on_at_which_it_warns() {
        let of_penalties = |it: &Answer| it.kind.starts_with("规则 A");
        assert!(!found(PACK, "推诿").iter().any(of_penalties));
        let warns = PACK.replace("default = \"observe\"", "default = \"remind\"");
        assert!(found(&warns, "推诿").iter().any(of_penalties));
    }

    #[test]
    fn a_room_is_no_question_and_a_greeting_is_found_by_its_words() {
        assert_eq!(found(PACK, "3-2-1502"), []);
        let greeting = found(PACK, "稍等");
        assert!(greeting.iter().any(|it| it.kind == "用语"), "{greeting:?}");
    }
}
