//! The one place where a command is obeyed or refused. Pure: time and identity come as arguments.

mod assessment;
mod consent;
mod coordination;
mod intake;
mod refusal;
mod roles;
mod transfer;
mod verification;

pub use intake::is_missing;
pub(crate) use intake::photo_stands_for;
pub use refusal::{Post, Refusal};
pub(crate) use roles::supervises_responder;
pub use roles::{acts_for, falls_to_deputy, is_answerable, may_see};
pub use transfer::may_tell;

use crate::case::{Act, Case};
use crate::command::Command;
use crate::event::{Content, Event, Fact, Field};
use crate::id::{CaseId, EnvelopeId, PersonId};
use crate::limits;
use crate::moment::Moment;
use crate::rules::Rules;
use crate::verdict::Evidence;

/// Who acts, when, under which texts.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    pub rules: &'a Rules,
    pub person: &'a PersonId,
    pub now: Moment,
    /// What is known here of when things were done: nothing is decided on a breach that it does not prove.
    pub evidence: Evidence<'a>,
}

/// The events that obey `command`, or the refusal. No events: the command changes nothing.
pub fn decide(
    case: Option<&Case>,
    command: Command,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let actor = roles::known(acting.rules, acting.person)?;
    let events = match (case, command) {
        (None, Command::Record(form)) => intake::record(*form, actor, acting)?,
        (Some(_), Command::Record(_)) => return Err(Refusal::AlreadyRecorded),
        (None, _) => return Err(Refusal::NotRecorded),
        (Some(case), command) => on_case(
            On {
                case,
                actor,
                acting,
            },
            command,
        )?,
    };
    check_lengths(&events)?;
    check_possible(case, &events, acting)?;
    Ok(events)
}

/// What every command on a recorded case looks at.
#[derive(Clone, Copy)]
struct On<'a> {
    case: &'a Case,
    actor: &'a crate::directory::Person,
    acting: Acting<'a>,
}

impl<'a> On<'a> {
    const fn rules(&self) -> &'a Rules {
        self.acting.rules
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a command")]
fn on_case(on: On<'_>, command: Command) -> Result<Vec<Event>, Refusal> {
    if !may_see(on.case, &on.actor.id) {
        roles::not_concerned(on.case, &on.actor.id)?;
    }
    match command {
        Command::Record(_) => Err(Refusal::AlreadyRecorded),
        Command::AnswerAtOnce { text } => intake::answer_at_once_later(on, text),
        Command::CompleteForm {
            customer,
            phone,
            address,
            missing_because,
        } => intake::complete_form(on, customer, phone, address, missing_because),
        Command::ConfirmAsked { agrees, text } => intake::confirm_asked(on, agrees, text),
        Command::Guide { to, how } => intake::guide(on, to, how),
        Command::ReceiveGuided => intake::receive_guided(on),
        Command::TellWhomToSee { department } => intake::tell_whom_to_see(on, department),
        Command::ReferOutside { text } => intake::refer_outside(on, text),
        Command::GiveNotice {
            papers,
            text,
            clear,
        } => intake::give_notice(on, papers, text, clear),
        Command::RecordSecondTrip {
            papers,
            in_vain,
            text,
        } => intake::record_second_trip(on, papers, in_vain, text),
        Command::ContactOutside {
            contractor,
            reached,
            text,
        } => intake::contact_outside(on, contractor, reached, text),
        Command::AgreeTime { at, because, text } => intake::agree_time(on, at, because, text),
        Command::MarkRepeat { earlier } => intake::mark_repeat(on, earlier),
        Command::GiveTakeaway { form } => intake::give_takeaway(on, form),
        Command::CheckResult { right, text } => intake::check_result(on, right, text),
        Command::SetUrgency {
            urgency,
            emergency,
            reason,
        } => intake::set_urgency(on, urgency, emergency, reason),
        Command::EmergencyStep { step, done_at } => intake::emergency_step(on, step, done_at),
        Command::FindIllegalAct { text } => intake::find_illegal_act(on, text),
        Command::ReportToAuthority { text } => intake::report_to_authority(on, text),
        Command::PublishAnswer { published, text } => intake::publish_answer(on, published, text),
        Command::AddPhotos { photos } => intake::add_photos(photos, &on.case.intake.photos),
        Command::LogContact { text } => Ok(intake::log_contact(text)),
        Command::Explain { explained, text } => intake::explain(on, explained, text),

        Command::HandOver {
            to,
            explained,
            text,
        } => transfer::hand_over(on, to, explained, text),
        Command::Receive => transfer::receive(on),
        Command::NameHandler { handler } => transfer::name_handler(on, handler),
        Command::Return { opinion } => transfer::return_slip(on, opinion),
        Command::Reply {
            outcome,
            text,
            told,
            suggestion,
        } => transfer::reply(on, outcome, text, told, suggestion),
        Command::TellResult { how, text } => transfer::tell(on, how, text),
        Command::Sign { what } => transfer::sign(on, what),
        Command::ReportShirking {
            department,
            person,
            text,
        } => transfer::report_shirking(on, department, person, text),
        Command::PassShift { shift, to } => transfer::pass_shift(on, shift, to),
        Command::TakeShift { shift } => transfer::take_shift(on, shift),
        Command::Succeed { to, reason, text } => transfer::succeed(on, to, reason, text),
        Command::AcceptSuccession => transfer::accept_succession(on),

        Command::Ask { request, text } => consent::ask(on, request, text),
        Command::Consent {
            request,
            granted,
            text,
        } => consent::consent(on, request, granted, text),
        Command::Resume => consent::resume(on),
        Command::TellDelay { how, text } => consent::tell_delay(on, how, text),

        Command::ReportToCoordination { text } => coordination::report(on, text),
        Command::NameLead { lead, upheld, text } => coordination::name_lead(on, lead, upheld, text),
        Command::PutToLeader {
            leader,
            expected_at,
            text,
        } => coordination::put_to_leader(on, leader, expected_at, text),
        Command::AnswerAsLeader { text } => coordination::answer_as_leader(on, text),
        Command::Escalate { text } => coordination::escalate(on, text),
        Command::Instruct { department, text } => coordination::instruct(on, department, text),
        Command::Join { main } => coordination::join(on, main),
        Command::TakeOverResult { main, joined } => {
            coordination::take_over_result(on, &main, &joined)
        }
        Command::SignOuter => coordination::sign_outer(on),
        Command::ReplyOuter { text } => coordination::reply_outer(on, text),
        Command::ExtendOuter { limit, until, text } => {
            coordination::extend_outer(on, limit, until, text)
        }
        Command::RejectOutside { reply_by, text } => {
            coordination::reject_outside(on, reply_by, text)
        }

        Command::Visit {
            how,
            finding,
            phone,
            words,
        } => verification::visit(on, how, finding, phone, words),
        Command::WaiveVisit { because, text } => verification::waive_visit(on, because, text),
        Command::SpotCheck {
            seed,
            handling_true,
            visit_true,
            customer_asked,
            text,
        } => verification::spot_check(on, seed, handling_true, visit_true, customer_asked, text),
        Command::Close => verification::close(on),
        Command::Terminate { text } => verification::terminate(on, text),
        Command::Reopen { text } => verification::reopen(on, text),

        Command::ReportQuarrel { person, text } => assessment::report_quarrel(on, person, text),
        Command::RecordCriticism {
            department,
            person,
            said_at,
            text,
        } => assessment::record_criticism(on, department, person, said_at, text),
        Command::ReportFurtherCase {
            department,
            person,
            text,
        } => assessment::report_further_case(on, department, person, text),
        Command::Praise {
            person,
            by_customer,
            text,
        } => assessment::praise(on, person, by_customer, text),
        Command::State {
            proposal,
            again,
            text,
        } => assessment::state(on, proposal, &again, text),
        Command::Assess {
            proposal,
            again,
            judgement,
            amount,
            bulletin,
            off_post,
            text,
        } => {
            let ruling = assessment::Ruling {
                judgement,
                amount,
                bulletin,
                off_post,
            };
            assessment::assess(on, proposal, &again, ruling, text)
        }
    }
}

fn said(text: String) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn needed(text: String, otherwise: Refusal) -> Result<String, Refusal> {
    said(text).ok_or(otherwise)
}

/// A fact without words.
fn bare(fact: Fact) -> Event {
    Event::new(fact, Content::default())
}

/// A fact with the words that came with it, if any.
fn with_words(fact: Fact, text: String) -> Event {
    let content = Content {
        text: said(text),
        ..Content::default()
    };
    Event::new(fact, content)
}

fn check_lengths(events: &[Event]) -> Result<(), Refusal> {
    for Event { content, .. } in events {
        let fields = [
            (Field::Matter, &content.matter),
            (Field::CustomerName, &content.customer),
            (Field::CustomerPhone, &content.phone),
            (Field::CustomerAddress, &content.address),
            (Field::Text, &content.text),
        ];
        for (field, text) in fields {
            let chars = text.as_ref().map_or(0, |it| it.chars().count());
            if chars > limits::TEXT_CHARS {
                return Err(Refusal::TooLong {
                    field,
                    chars,
                    limit: limits::TEXT_CHARS,
                });
            }
        }
    }
    Ok(())
}

/// What the fold would refuse is refused here, by the same function.
fn check_possible(
    case: Option<&Case>,
    events: &[Event],
    acting: Acting<'_>,
) -> Result<(), Refusal> {
    if events.is_empty() {
        return Ok(());
    }
    let nobody = EnvelopeId::from_random([0; 16]);
    let id = case.map_or(CaseId::from_random([0; 16]), |it| it.id);
    let facts: Vec<Fact> = events.iter().map(|it| it.fact.clone()).collect();
    let act = |fact| Act {
        envelope: nobody,
        by: acting.person,
        at: acting.now,
        claimed: false,
        fact,
    };
    Case::after(case, id, acting.rules.hashes(), &facts, act).map(drop)
}
