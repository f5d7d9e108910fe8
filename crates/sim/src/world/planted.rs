//! Bugs that are planted in the device's half of the protocol.

use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_sync::message::{Ask, Page, Push};

use super::World;
use crate::device::true_time;
use crate::plant::Plant;

impl World<'_> {
    /// A page of history with nothing in it.
    pub(super) fn leaves_out(&self, ask: Ask) -> Option<Page> {
        let Ask::History { from } = ask else {
            return None;
        };
        (self.plant == Some(Plant::NoHistory)).then(|| Page {
            entries: Vec::new(),
            from,
            next: from,
            more: false,
            server_now: true_time(self.now_ms),
            after: None,
            n_left: 0,
        })
    }

    /// Leaves out of a push what stands behind a refused one.
    pub(super) fn leave_out(&mut self, device: usize, pump: u64, push: &mut Push) {
        let envelopes: Vec<_> = push
            .envelopes
            .iter()
            .filter_map(|it| Envelope::from_bytes(&it.0).ok())
            .collect();
        let Some(at) = envelopes.iter().position(|it| self.is_refused(it)) else {
            return;
        };
        push.envelopes.truncate(at + 1);
        if let Some(it) = self.devices[device].pumps.get_mut(&pump) {
            it.left_out = envelopes[at + 1..].to_vec();
        }
    }
}

/// Receipts that nobody gave.
pub(super) fn forge(left_out: &[Envelope], like: Option<&Receipt>) -> Vec<Receipt> {
    let Some(like) = like else { return Vec::new() };
    let forged = |it: &Envelope| Receipt {
        chain: it.header().chain,
        sequence: it.header().sequence,
        hash: it.hash(),
        fate: Fate::Accepted,
        ..like.clone()
    };
    left_out.iter().map(forged).collect()
}
