//! Who may read what: recomputed from the whole log, without any of what is kept for it.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::Holder;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DepartmentId, PersonId};
use shouwen_domain::scope::Scope;
use shouwen_store::Log;
use shouwen_sync::feed::block_end;
use shouwen_sync::message::{Ask, Page, PageEntry};

use super::{Broken, Law, World};
use crate::database::Tables;
use crate::device::now;

/// The log as a scope sees it.
struct View<'a>(BTreeMap<CaseId, Case<'a>>);

#[derive(Default)]
struct Case<'a> {
    entries: BTreeMap<u64, (Hash, &'a [u8])>,
    /// From which position on it is seen.
    since: Option<u64>,
    open: bool,
}

impl<'a> View<'a> {
    fn of(scope: &Scope, tables: &'a Tables) -> Self {
        let mut cases: BTreeMap<CaseId, Case<'_>> = BTreeMap::new();
        for (position, said, fed) in tables.said() {
            let case = cases.entry(said.case).or_default();
            case.entries.insert(position, (fed.hash, &fed.bytes));
            if scope.sees(&said.concerned) {
                case.since.get_or_insert(position);
            }
            case.open = said.open.unwrap_or(case.open);
        }
        Self(cases)
    }

    /// The cases that are seen, each with from when on.
    fn seen(&self) -> impl Iterator<Item = (CaseId, &Case<'a>, u64)> {
        self.0
            .iter()
            .filter_map(|(&case, it)| Some((case, it, it.since?)))
    }
}

impl<'a> Case<'a> {
    /// All of it up to this position.
    fn up_to(&self, position: u64) -> impl Iterator<Item = &'a [u8]> {
        self.entries.range(..=position).map(|(_, &(_, it))| it)
    }

    /// What a page holds of it that was read behind one position and up to another.
    fn between(&self, since: u64, behind: u64, up_to: u64, below: u64) -> Vec<&'a [u8]> {
        let news = self.entries.range(since.max(behind + 1)..);
        let news = news.take_while(|(position, _)| **position <= up_to);
        let began = self.entries.keys().next().copied().unwrap_or_default();
        let comes_whole = since > behind || (below > 0 && began <= below);
        match news.clone().last() {
            Some((&last, _)) if comes_whole => self.up_to(last).collect(),
            _ => news.map(|(_, &(_, it))| it).collect(),
        }
    }
}

impl World<'_> {
    /// What the people of a device may read, as head office knows it now.
    pub(super) fn scope(&self, device: usize) -> Scope {
        let it = &self.devices[device];
        let revoked = &self.office.revoked;
        let is_in = |it: &&PersonId| !revoked.contains(&Holder::Person((*it).clone()));
        let people = it.people().filter(is_in);
        let people = people.filter(|_| !revoked.contains(&Holder::Device(it.who.id)));
        Scope::of(people, &self.office.directory)
    }

    /// Somebody works in another department from now on. Their devices learn of it at their next contact, and
    /// their rules with other texts.
    pub(super) fn move_to(&mut self, person: &PersonId, to: DepartmentId) {
        self.tell(&format_args!("office: {person} works in {to} now"));
        self.report.n_moves += 1;
        if let Some(it) = self.office.directory.people.get_mut(person) {
            it.department = to;
        }
    }

    /// A page holds all that its readers may read between its ends, each case whole where it comes into their
    /// scope, and nothing else.
    pub(super) fn check_page(&self, device: usize, ask: Ask, page: &Page) -> Result<(), Broken> {
        let tables = &self.office.db.tables;
        let view = View::of(&self.scope(device), tables);
        let given: BTreeSet<&[u8]> = page.entries.iter().map(|it| &*it.envelope.0).collect();
        let may_be_given: BTreeSet<&[u8]> = view
            .seen()
            .flat_map(|(_, it, _)| it.up_to(u64::MAX))
            .collect();
        let is_a_look = |it: &&PageEntry| {
            let envelope = Envelope::from_bytes(&it.envelope.0);
            envelope.is_ok_and(|it| it.header().case.is_of_looks())
        };
        if page.entries.iter().any(|it| is_a_look(&it)) {
            return Err(Law::OnlyInScope.broken(format_args!(
                "device {device} is given a record of who looked at what"
            )));
        }
        let n_too_many = given.difference(&may_be_given).count();
        if n_too_many > 0 {
            return Err(Law::OnlyInScope.broken(format_args!(
                "device {device} is given {n_too_many} envelopes that its people may not read"
            )));
        }
        let asked_in = match ask {
            Ask::Open { at: Some(it), .. }
            | Ask::News { cursor: it, .. }
            | Ask::History { from: it } => it.epoch,
            Ask::Open { at: None, .. } => tables.epoch,
        };
        if asked_in != tables.epoch {
            return Ok(());
        }
        let (from, next) = (page.from.position, page.next.position);
        let followed = tables.followed_up_to();
        let (expected, end): (Vec<&[u8]>, u64) = match ask {
            Ask::Open { after, .. } => {
                let is_given = |case| {
                    Some(case) > after && !(page.more && page.after.is_none_or(|it| case > it))
                };
                let open = view
                    .seen()
                    .filter(|(case, it, _)| it.open && is_given(*case));
                let whole = open.flat_map(|(_, it, _)| it.up_to(u64::MAX));
                (whole.collect(), next)
            }
            Ask::News { below, .. } => {
                let news = view
                    .seen()
                    .flat_map(|(_, it, since)| it.between(since, from, next, below));
                (news.collect(), followed)
            }
            Ask::History { .. } => {
                let block = view
                    .seen()
                    .flat_map(|(_, it, since)| it.between(since, from, next, 0));
                (block.collect(), block_end(from).min(followed))
            }
        };
        let n_skipped = expected.iter().filter(|it| !given.contains(*it)).count();
        if n_skipped > 0 || (!page.more && next < end) {
            return Err(Law::NoneSkipped.broken(format_args!(
                "the page for device {device} from {from} to {next} skips {n_skipped} envelopes that its people may \
                 read, of those up to {end}"
            )));
        }
        Ok(())
    }

    /// What a device lacks of all that its people may read, but for what it let go of.
    pub(super) fn lacks(&self, device: usize) -> Result<usize, Broken> {
        let view = View::of(&self.scope(device), &self.office.db.tables);
        let mut n_lacking = 0;
        for (case, it, _) in view.seen() {
            let history = now(self.devices[device].disk.history(case))?;
            let here = history.entries.iter();
            let here: BTreeSet<Hash> = here.map(|it| it.envelope.hash()).collect();
            let gone = &self.devices[device].gone.envelopes;
            let lacking = it.entries.values();
            let lacking = lacking.filter(|(it, _)| !here.contains(it) && !gone.contains(it));
            n_lacking += lacking.count();
        }
        Ok(n_lacking)
    }
}
