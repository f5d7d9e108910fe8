//! Who may read which cases: visibility belongs to the case, and a case is seen by the departments and people it
//! concerns.
//!
//! They are concerned from the first act on that names them, and stay so: what they did or did not do can be asked
//! later. So whom a case concerns is the union over its envelopes, whatever order they come in, whether or not each of
//! them counts, and whoever works where by now. One function says so on device and server.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::directory::{Directory, Person};
use crate::envelope::Envelope;
use crate::event::Fact;
use crate::id::{CaseId, DepartmentId, PersonId};

/// What of a site may be read on a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Scope {
    /// Every case.
    #[n(0)]
    Site,
    /// The cases that concern one of these.
    #[n(1)]
    Of(#[n(0)] Concerned),
}

/// Whom an envelope, or a case with all of its envelopes, concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Concerned {
    #[n(1)]
    pub departments: BTreeSet<DepartmentId>,
    #[n(2)]
    pub people: BTreeSet<PersonId>,
    /// What is no single case, and what cannot be read here: it may name anybody.
    #[n(3)]
    pub everybody: bool,
}

impl Concerned {
    /// Head office alone keeps it: records of reading are passed on to no device.
    pub fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

impl Scope {
    /// Of the people who signed in on one device together.
    ///
    /// The director, quality control and the coordinating department see the site, everybody else what concerns their
    /// department or themselves; a deputy sees what whom they stand in for sees.
    pub fn of<'a>(people: impl IntoIterator<Item = &'a PersonId>, directory: &Directory) -> Self {
        let mut mine = Concerned::default();
        for person in people.into_iter().filter_map(|it| directory.person(it)) {
            let stood_in_for = directory
                .people
                .values()
                .filter(|it| it.deputy.as_ref() == Some(&person.id));
            for it in stood_in_for.chain([person]) {
                if sees_the_site(it, directory) {
                    return Self::Site;
                }
                mine.departments.insert(it.department.clone());
                mine.people.insert(it.id.clone());
            }
        }
        Self::Of(mine)
    }

    /// Whether everything that `other` sees is seen.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Site, _) => true,
            (Self::Of(_), Self::Site) => false,
            (Self::Of(mine), Self::Of(theirs)) => {
                mine.departments.is_superset(&theirs.departments)
                    && mine.people.is_superset(&theirs.people)
            }
        }
    }

    /// Whether nobody has signed in on the device.
    pub fn is_nobodys(&self) -> bool {
        *self == Self::Of(Concerned::default())
    }

    /// Whether a case that concerns these may be read.
    pub fn sees(&self, concerned: &Concerned) -> bool {
        match self {
            Self::Site => !concerned.is_nobody(),
            Self::Of(mine) => {
                concerned.everybody
                    || !mine.departments.is_disjoint(&concerned.departments)
                    || !mine.people.is_disjoint(&concerned.people)
            }
        }
    }
}

fn sees_the_site(person: &Person, directory: &Directory) -> bool {
    let is_of = |it: &Option<DepartmentId>| it.as_ref() == Some(&person.department);
    directory.director.as_ref() == Some(&person.id)
        || is_of(&directory.quality)
        || is_of(&directory.coordination)
}

impl Concerned {
    /// By one envelope.
    pub fn by(envelope: &Envelope) -> Self {
        let header = envelope.header();
        if header.case.is_of_looks() {
            return Self::default();
        }
        let everybody = Self {
            everybody: true,
            ..Self::default()
        };
        let Ok(events) = envelope.events() else {
            return everybody;
        };
        if header.case == CaseId::SITE {
            return everybody;
        }
        let mut named = Named::default();
        named.person(&header.person);
        for event in &events {
            named.fact(&event.fact);
        }
        Self {
            departments: named.departments.into_iter().cloned().collect(),
            people: named.people.into_iter().cloned().collect(),
            everybody: false,
        }
    }

    /// By all of these.
    pub fn by_all<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Self {
        let mut all = Self::default();
        for it in envelopes {
            let Self {
                departments,
                people,
                everybody,
            } = Self::by(it);
            all.departments.extend(departments);
            all.people.extend(people);
            all.everybody |= everybody;
        }
        all
    }
}

/// Whom facts name as having something to do. Whom a complaint is about is not among them (I11).
#[derive(Default)]
struct Named<'a> {
    departments: Vec<&'a DepartmentId>,
    people: Vec<&'a PersonId>,
}

impl<'a> Named<'a> {
    fn person(&mut self, it: &'a PersonId) {
        self.people.push(it);
    }

    fn department(&mut self, it: &'a DepartmentId) {
        self.departments.push(it);
    }

    #[expect(clippy::too_many_lines, reason = "one line a name")]
    fn fact(&mut self, fact: &'a Fact) {
        match fact {
            Fact::Recorded(it) => {
                self.person(&it.first_responder);
                self.department(&it.department);
                self.people.extend(&it.supervisor);
                if let Some(before) = &it.asked_before {
                    self.person(&before.person);
                    self.departments.extend(&before.department);
                }
            }
            Fact::ReasonExplained(it) => self.people.extend(&it.supervisor_told),
            Fact::HandedOver(it) => {
                self.departments.extend([&it.from, &it.to]);
                self.people.extend(
                    [&it.supervisor_told, &it.head, &it.sender_head]
                        .into_iter()
                        .flatten(),
                );
            }
            Fact::Received(it) => {
                self.department(&it.department);
                self.people.extend(&it.head);
            }
            Fact::HandlerNamed(it) => self.person(&it.handler),
            Fact::Returned(it) => {
                self.departments.extend([&it.from, &it.to]);
                self.people.extend(&it.sender_head);
            }
            Fact::Replied(it) => {
                self.department(&it.department);
                self.people.extend(&it.head);
            }
            Fact::Guided(it) => {
                self.department(&it.to);
                self.people.extend(&it.head);
            }
            Fact::GuidedReceived(it) => {
                self.department(&it.department);
                self.people.extend(&it.supervisor_told);
            }
            Fact::WhomToSeeTold(it) => self.department(&it.department),
            Fact::OutsideContacted(it) => self.departments.extend(&it.contractor),
            Fact::Signed(it) => self.department(&it.department),
            Fact::ShirkingReported(it) => {
                self.department(&it.department);
                self.people.extend(&it.person);
            }
            Fact::ShiftPassed(it) => self.person(&it.to),
            Fact::Succeeded(it) => {
                self.department(&it.department);
                self.person(&it.to);
                self.people.extend(&it.supervisor);
            }
            Fact::Requested(it) => {
                self.department(&it.of_department);
                self.person(&it.of);
            }
            Fact::ReportedToCoordination(it) => {
                self.department(&it.to);
                self.people.extend(
                    [&it.head, &it.sender_head, &it.supervisor_told]
                        .into_iter()
                        .flatten(),
                );
            }
            Fact::LeadNamed(it) => {
                self.department(&it.lead);
                self.departments.extend(&it.upheld);
                self.people
                    .extend([&it.head, &it.sender_head].into_iter().flatten());
            }
            Fact::PutToLeader(it) => {
                self.department(&it.leader_department);
                self.person(&it.leader);
            }
            Fact::Escalated(it) => {
                self.department(&it.department);
                self.person(&it.director);
            }
            Fact::Instructed(it) => {
                self.departments.extend(&it.department);
                self.people.extend(&it.head);
            }
            Fact::ResultTakenOver(it) => {
                self.department(&it.department);
                self.people.extend(&it.by);
            }
            Fact::QuarrelReported(it) => {
                self.department(&it.department);
                self.person(&it.person);
            }
            Fact::CriticismRecorded(it) => {
                self.department(&it.department);
                self.people.extend(&it.person);
            }
            Fact::FurtherCaseReported(it) => {
                self.department(&it.department);
                self.people.extend(&it.person);
            }
            Fact::Praised(it) => {
                self.department(&it.department);
                self.person(&it.person);
            }
            Fact::Assessed(it) => {
                self.department(&it.department);
                self.people.extend(&it.person);
            }
            Fact::AnsweredAtOnce(_)
            | Fact::ResultTold(_)
            | Fact::Visited(_)
            | Fact::Closed(_)
            | Fact::AskedConfirmed(_)
            | Fact::FormCompleted(_)
            | Fact::NoticeGiven(_)
            | Fact::SecondTripMade(_)
            | Fact::TimeAgreed(_)
            | Fact::RepeatMarked(_)
            | Fact::TakeawayGiven(_)
            | Fact::ResultChecked(_)
            | Fact::UrgencySet(_)
            | Fact::EmergencyStepDone(_)
            | Fact::IllegalActFound(_)
            | Fact::ReportedToAuthority(_)
            | Fact::AnswerPublished(_)
            | Fact::PhotoAdded(_)
            | Fact::ContactLogged(_)
            | Fact::ShiftTaken(_)
            | Fact::SuccessionAccepted(_)
            | Fact::Consented(_)
            | Fact::Resumed(_)
            | Fact::LeaderAnswered(_)
            | Fact::Joined(_)
            | Fact::OuterSigned(_)
            | Fact::OuterExtended(_)
            | Fact::RejectedOutside(_)
            | Fact::VisitWaived(_)
            | Fact::SpotChecked(_)
            | Fact::Reopened(_)
            | Fact::Stated(_)
            | Fact::Adopted(_)
            | Fact::RulesConfirmed(_)
            | Fact::AccessDecided(_)
            | Fact::CaseErased(_)
            | Fact::PinReset(_)
            | Fact::Looked(_)
            | Fact::DelayTold(_)
            | Fact::OuterReplied(_) => {}
        }
    }
}

/// What an envelope says of whether its case is open afterwards; none: nothing. The last one in the case's order
/// decides, give or take acts without effect: enough to say what a new device is given first, and no more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few facts open a case or close it"
)]
pub fn leaves_open(envelope: &Envelope) -> Option<bool> {
    let events = envelope.events().ok()?;
    let mut said = events.iter().filter_map(|it| match it.fact {
        Fact::Closed(_) => Some(false),
        Fact::Recorded(_) | Fact::Reopened(_) | Fact::RejectedOutside(_) => Some(true),
        _ => None,
    });
    said.next_back()
}
