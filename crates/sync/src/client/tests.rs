//! What the client does next, case by case.

use shouwen_domain::envelope::RefusedReason;
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::{Concerned, Scope};

use super::*;
use crate::message::{BLOCK_POSITIONS, PageEntry};
use crate::sample::{PHONE, chain, sealed};

const AT: Cursor = Cursor {
    epoch: 1,
    position: 4,
};
const NEWS: Ask = Ask::News {
    cursor: AT,
    below: 0,
};
const FIRST: Ask = Ask::Open {
    at: None,
    after: None,
};
const LOAD: Todo = Todo::LoadOwed {
    max_bytes: PUSH_BYTES,
};

/// A client with its clock and its chance in the test's hand.
struct Bench {
    client: Client,
    now: u64,
    chance: u64,
    /// Whether contacts are answered, and nothing was taken back, without the test's doing.
    at_ease: bool,
}

impl Bench {
    fn new() -> Self {
        let client = Client::new(Start {
            device: PHONE,
            cursor: AT,
            load: all_read(),
            filled: 1,
            held: None,
        });
        Self {
            client,
            now: 0,
            chance: 0,
            at_ease: true,
        }
    }

    fn feed(&mut self, input: Input) -> Option<Todo> {
        self.client.handle(input, Elapsed(self.now), self.chance);
        let todo = self.client.poll();
        assert_eq!(self.client.poll(), None);
        match todo {
            Some(Todo::Contact { forked: false }) if self.at_ease => {
                self.feed(Input::Contacted(contacted()))
            }
            Some(Todo::LoadWithdrawals) if self.at_ease => {
                self.feed(Input::Withdrawals(Vec::new()))
            }
            Some(Todo::LoadCopy { after }) if self.at_ease && after.is_empty() => {
                self.feed(Input::Copy(None))
            }
            todo => todo,
        }
    }

    fn trigger(&mut self, trigger: Trigger) -> Option<Todo> {
        self.feed(Input::Trigger(trigger))
    }

    fn owed(&mut self, envelopes: &[Envelope]) -> Option<Todo> {
        let head = Place {
            chain: 1,
            sequence: 9,
        };
        self.feed(Input::Owed {
            envelopes: envelopes.to_vec(),
            head,
        })
    }

    /// Sleeps until the client wants to be woken.
    fn sleep(&mut self) -> Option<Todo> {
        self.now = self.client.next_timeout().expect("something is due").0;
        self.trigger(Trigger::Timer)
    }

    /// Awake with nothing to do.
    fn idle() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.trigger(Trigger::Visible), Some(LOAD));
        assert_eq!(bench.owed(&[]), Some(Todo::Pull(NEWS)));
        assert!(matches!(
            bench.feed(Input::PullAnswered(empty(AT))),
            Some(Todo::TakeIn { .. })
        ));
        assert_eq!(bench.feed(Input::TakenIn { cursor: AT }), None);
        assert_eq!(
            bench.client.status(),
            Status::Idle {
                since: Some(Elapsed(0))
            }
        );
        bench
    }

    /// Having pushed these.
    fn pushed(envelopes: &[Envelope]) -> Self {
        let mut bench = Self::idle();
        assert_eq!(bench.trigger(Trigger::Sent), Some(LOAD));
        assert_eq!(n_pushed(bench.owed(envelopes).as_ref()), envelopes.len());
        bench
    }
}

fn contacted() -> Contacted {
    Contacted {
        device: PHONE,
        nonce: Bytes(Vec::new()),
        token: "token".to_owned(),
        lasts_s: 600,
        epoch: 1,
        server_now: Moment::from_unix_ms(0),
        backed_up: Vec::new(),
        new_chain: None,
        certificates: Vec::new(),
        scope: Scope::Site,
        revoked: false,
        certificate: None,
        texts: None,
    }
}

/// What a device has whose first load is behind it.
fn all_read() -> Load {
    let mut load = Load::default();
    load.meet(&Scope::Site, 1);
    load.take(
        FIRST,
        &empty(Cursor {
            epoch: 1,
            position: 0,
        }),
    );
    assert!(load.is_done());
    load.take(NEWS, &empty(AT));
    load
}

fn empty(from: Cursor) -> Page {
    Page {
        entries: Vec::new(),
        from,
        next: from,
        more: false,
        server_now: Moment::from_unix_ms(0),
        after: None,
        n_left: 0,
    }
}

fn receipt(of: &Envelope, fate: Fate) -> Receipt {
    Receipt {
        device: PHONE,
        chain: 1,
        sequence: of.header().sequence,
        hash: of.hash(),
        fate,
        at: Moment::from_unix_ms(0),
        epoch: 1,
        backed_up_to: None,
        signature: None,
        beside: None,
    }
}

fn answer(receipts: Vec<Receipt>) -> Input {
    Input::PushAnswered(Pushed {
        receipts,
        epoch: 1,
        server_now: Moment::from_unix_ms(0),
    })
}

fn n_pushed(todo: Option<&Todo>) -> usize {
    match todo {
        Some(Todo::Push(it)) => it.envelopes.len(),
        other => panic!("expected a push, not {other:?}"),
    }
}

#[test]
fn what_was_saved_is_pushed_and_settled_before_anything_is_pulled() {
    let sent = chain(2);
    let mut bench = Bench::new();
    assert_eq!(bench.trigger(Trigger::Online), Some(LOAD));
    let push = bench.owed(&sent);
    let Some(Todo::Push(push)) = push else {
        panic!("expected a push, not {push:?}")
    };
    assert_eq!((push.device, push.chain, push.head), (PHONE, 1, 9));
    assert_eq!(
        push.envelopes,
        sent.iter()
            .map(|it| Bytes(it.to_bytes()))
            .collect::<Vec<_>>()
    );
    assert_eq!(bench.client.status(), Status::Sending);
    let receipts: Vec<_> = sent.iter().map(|it| receipt(it, Fate::Accepted)).collect();
    assert_eq!(
        bench.feed(answer(receipts.clone())),
        Some(Todo::Settle(receipts))
    );
    assert_eq!(bench.feed(Input::Settled), Some(LOAD));
    assert_eq!(bench.owed(&[]), Some(Todo::Pull(NEWS)));
    assert_eq!(bench.client.status(), Status::Receiving);
}

#[test]
fn a_receipt_is_believed_only_for_what_was_pushed() {
    let sent = chain(3);
    let right = receipt(&sent[1], Fate::Refused(RefusedReason::Malformed));
    let wrong: [fn(&mut Receipt); 4] = [
        |it| it.device = DeviceId::from_random([9; 16]),
        |it| it.chain = 2,
        |it| it.sequence = 3,
        |it| it.hash = Hash([9; 32]),
    ];
    for spoil in wrong {
        let mut spoilt = receipt(&sent[0], Fate::Accepted);
        spoil(&mut spoilt);
        let mut bench = Bench::pushed(&sent);
        let todo = bench.feed(answer(vec![spoilt.clone(), right.clone(), right.clone()]));
        assert_eq!(todo, Some(Todo::Settle(vec![right.clone()])));
        assert_eq!(Bench::pushed(&sent).feed(answer(vec![spoilt])), None);
    }
}

#[test]
fn an_envelope_without_an_answer_is_passed_over_and_tried_again_later() {
    let sent = chain(2);
    let mut bench = Bench::pushed(&sent);
    bench.feed(answer(vec![receipt(&sent[1], Fate::Held(HeldReason::Gap))]));
    let behind = Todo::LoadOwn {
        after: Place {
            chain: 1,
            sequence: 2,
        },
        max_bytes: PUSH_BYTES,
    };
    assert_eq!(bench.feed(Input::Settled), Some(behind));
    bench.client.visible = false;
    bench.client.pull.due = None;
    assert_eq!(
        bench.feed(Input::Owed {
            envelopes: Vec::new(),
            head: Place {
                chain: 1,
                sequence: 2
            }
        }),
        None
    );
    let again = Elapsed(BACKOFF_MAX_MS);
    assert_eq!(
        bench.client.status(),
        Status::Waiting {
            retry_at: again,
            why: Failure::Malformed
        }
    );
    assert_eq!(bench.client.next_timeout(), Some(again));
    // The one behind it was held for the gap: it is asked about again, and so is the first.
    assert!(matches!(
        bench.sleep(),
        Some(Todo::LoadOwn {
            after: Place {
                chain: 1,
                sequence: 1
            },
            ..
        })
    ));
}

#[test]
fn what_is_held_is_asked_about_again_where_it_may_be_released() {
    for (reason, asks) in [
        (HeldReason::Gap, true),
        (HeldReason::UnknownFormat, true),
        (HeldReason::Revoked, true),
        (HeldReason::CounterLeap, false),
    ] {
        let sent = chain(1);
        let mut bench = Bench::pushed(&sent);
        bench.feed(answer(vec![receipt(&sent[0], Fate::Held(reason))]));
        bench.feed(Input::Settled);
        bench.client.visible = false;
        bench.client.pull.due = None;
        bench.owed(&[]);
        assert_eq!(bench.client.next_timeout().is_some(), asks, "{reason:?}");
        if asks {
            let again = Todo::LoadOwn {
                after: Place {
                    chain: 1,
                    sequence: 0,
                },
                max_bytes: PUSH_BYTES,
            };
            assert_eq!(bench.sleep(), Some(again), "{reason:?}");
        }
    }
}

#[test]
fn trouble_with_pushing_does_not_hold_up_pulling() {
    for why in [
        Failure::Network,
        Failure::Server,
        Failure::Malformed,
        Failure::Storage,
    ] {
        let mut bench = Bench::new();
        bench.trigger(Trigger::Online);
        bench.owed(&chain(3));
        assert_eq!(
            bench.feed(Input::Failed(why)),
            Some(Todo::Pull(NEWS)),
            "{why:?}"
        );
    }
}

#[test]
fn trouble_with_pulling_does_not_hold_up_pushing() {
    for why in [
        Failure::Network,
        Failure::Server,
        Failure::Malformed,
        Failure::Storage,
    ] {
        let mut bench = Bench::idle();
        bench.sleep();
        assert_eq!(bench.feed(Input::Failed(why)), None);
        assert_eq!(bench.trigger(Trigger::Sent), Some(LOAD), "{why:?}");
    }
}

#[test]
fn a_push_that_is_too_large_is_halved_down_to_one_and_that_one_is_passed_over() {
    let sent = chain(5);
    let mut bench = Bench::pushed(&sent);
    for n in [2, 1] {
        assert_eq!(bench.feed(Input::Failed(Failure::TooLarge)), Some(LOAD));
        assert_eq!(n_pushed(bench.owed(&sent).as_ref()), n);
    }
    let behind = Todo::LoadOwn {
        after: Place {
            chain: 1,
            sequence: 1,
        },
        max_bytes: PUSH_BYTES,
    };
    assert_eq!(bench.feed(Input::Failed(Failure::TooLarge)), Some(behind));
    assert_eq!(n_pushed(bench.owed(&sent[1..]).as_ref()), 1);
}

#[test]
fn a_push_that_does_not_arrive_is_halved_until_it_is_small_and_grows_again() {
    let sent = chain(800);
    let n_bytes = |n: usize| {
        sent[..n]
            .iter()
            .map(|it| it.to_bytes().len())
            .sum::<usize>()
    };
    let mut bench = Bench::pushed(&sent);
    bench.client.pull = Lane::default();
    let mut n = sent.len();
    for _ in 0..5 {
        bench.feed(Input::Failed(Failure::Network));
        assert_eq!(bench.sleep(), Some(LOAD));
        n = if n_bytes(n) > SMALL_PUSH_BYTES {
            n / 2
        } else {
            n
        };
        assert_eq!(n_pushed(bench.owed(&sent).as_ref()), n);
    }
    assert!((50..400).contains(&n), "{n}");
    let arrived = sent[..n].iter().map(|it| receipt(it, Fate::Accepted));
    bench.feed(answer(arrived.collect()));
    assert_eq!(bench.feed(Input::Settled), Some(LOAD));
    assert_eq!(n_pushed(bench.owed(&sent[n..]).as_ref()), 2 * n);
}

#[test]
fn waiting_doubles_up_to_its_limit_and_anything_below_is_as_likely() {
    for (chance, waits) in [(0, [1_000; 10]), (u64::MAX, [0; 10])] {
        let mut bench = Bench::pushed(&chain(1));
        bench.client.pull = Lane::default();
        for (n, wait) in waits.into_iter().enumerate() {
            bench.chance = chance;
            let most = (1_000_u64 << (n + 1)).min(BACKOFF_MAX_MS);
            bench.feed(Input::Failed(Failure::Network));
            let waited = bench.client.next_timeout().unwrap().0 - bench.now;
            if chance == 0 {
                assert_eq!(waited, wait);
            } else {
                assert!((1_000..=most).contains(&waited));
            }
            assert_eq!(bench.sleep(), Some(LOAD));
            bench.owed(&chain(1));
        }
        // The longest wait is reached.
        bench.chance = BACKOFF_MAX_MS - BACKOFF_MIN_MS;
        bench.feed(Input::Failed(Failure::Network));
        assert_eq!(
            bench.client.next_timeout(),
            Some(Elapsed(bench.now + BACKOFF_MAX_MS))
        );
    }
}

#[test]
fn saving_while_the_network_fails_does_not_hammer_but_coming_online_does_not_wait() {
    for (trigger, todo) in [
        (Trigger::Sent, None),
        (Trigger::Timer, None),
        (Trigger::Online, Some(LOAD)),
        (Trigger::Visible, Some(LOAD)),
    ] {
        let mut bench = Bench::pushed(&chain(1));
        bench.chance = 500;
        bench.feed(Input::Failed(Failure::Network));
        bench.now += 10;
        assert_eq!(bench.trigger(trigger), todo, "{trigger:?}");
    }
}

#[test]
fn head_office_is_left_alone_for_as_long_as_it_asks_whoever_acts_or_looks_here() {
    // Those who were told the same do not come at the same moment.
    for (chance, waits_ms) in [(0, 30_000), (3_000, 33_000), (3_001, 30_000)] {
        let mut bench = Bench::pushed(&chain(1));
        bench.chance = chance;
        let why = Failure::Busy { retry_after_s: 30 };
        assert_eq!(bench.feed(Input::Failed(why)), None);
        let until = Elapsed(waits_ms);
        let waiting = Status::Waiting {
            retry_at: until,
            why,
        };
        bench.now = until.0 - 1;
        for trigger in [
            Trigger::Sent,
            Trigger::News,
            Trigger::Timer,
            Trigger::Online,
            Trigger::Visible,
        ] {
            assert_eq!(bench.trigger(trigger), None, "{trigger:?}");
            assert_eq!(bench.client.next_timeout(), Some(until));
            assert_eq!(bench.client.status(), waiting);
        }
        assert_eq!(bench.feed(Input::SignedIn), None);
        assert_eq!(bench.sleep(), Some(LOAD));
        assert_eq!(bench.now, until.0);
    }
}

#[test]
fn a_contact_that_is_put_off_waits_as_long_and_its_backoff_counts_where_that_is_longer() {
    let mut bench = Bench::new();
    bench.at_ease = false;
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.trigger(Trigger::Visible), contact);
    for (retry_after_s, waits_ms) in [(7, 7_000), (0, 1_000), (1, 1_000)] {
        bench.feed(Input::Failed(Failure::Busy { retry_after_s }));
        let until = bench.now + waits_ms;
        bench.now = until - 1;
        assert_eq!(bench.trigger(Trigger::Timer), None);
        assert_eq!(bench.client.next_timeout(), Some(Elapsed(until)));
        assert_eq!(bench.sleep(), contact);
    }
}

#[test]
fn nobody_is_kept_away_for_longer_than_five_minutes() {
    for retry_after_s in [300, 86_400, u64::MAX] {
        for chance in [0, u64::MAX] {
            let mut bench = Bench::pushed(&chain(1));
            bench.chance = chance;
            bench.feed(Input::Failed(Failure::Busy { retry_after_s }));
            assert_eq!(bench.client.next_timeout(), Some(Elapsed(300_000)));
            assert_eq!(bench.sleep(), Some(LOAD));
        }
    }
}

#[test]
fn being_put_off_is_not_for_what_was_sent() {
    let sent = chain(5);
    let mut bench = Bench::pushed(&sent);
    for _ in 0..3 {
        bench.feed(Input::Failed(Failure::Busy { retry_after_s: 1 }));
        bench.client.pull = Lane::default();
        while bench.sleep().is_none() {}
        assert_eq!(n_pushed(bench.owed(&sent).as_ref()), 5);
    }
}

#[test]
fn what_is_saved_while_the_log_was_being_read_is_not_forgotten() {
    let mut bench = Bench::idle();
    assert_eq!(bench.trigger(Trigger::Sent), Some(LOAD));
    assert_eq!(bench.trigger(Trigger::Sent), None);
    assert_eq!(bench.owed(&[]), Some(LOAD));
    assert_eq!(bench.owed(&[]), None);
}

#[test]
fn news_is_asked_for_only_while_somebody_looks() {
    for chance in [0, 1_000, 6_000, u64::MAX] {
        let mut bench = Bench::idle();
        bench.chance = chance;
        assert_eq!(bench.sleep(), Some(Todo::Pull(NEWS)));
        assert!((27_000..=33_000).contains(&bench.now));
    }
    let mut bench = Bench::idle();
    bench.feed(Input::Hidden);
    assert_eq!(bench.client.next_timeout(), None);
}

#[test]
fn without_network_nothing_is_tried() {
    let mut bench = Bench::idle();
    bench.feed(Input::WentOffline);
    assert_eq!(bench.trigger(Trigger::Sent), None);
    assert_eq!(
        (bench.client.status(), bench.client.next_timeout()),
        (Status::Offline, None)
    );
    assert_eq!(bench.trigger(Trigger::Online), Some(LOAD));
}

#[test]
fn an_ended_token_is_renewed_without_a_person() {
    let sent = chain(1);
    let mut bench = Bench::pushed(&sent);
    bench.at_ease = false;
    assert_eq!(bench.feed(Input::Failed(Failure::SignedOut)), None);
    assert_eq!(bench.sleep(), Some(Todo::Contact { forked: false }));
    assert_eq!(bench.feed(Input::Contacted(contacted())), Some(LOAD));
}

#[test]
fn a_device_that_head_office_does_not_know_asks_for_a_person_once_and_then_goes_on() {
    let mut bench = Bench::new();
    bench.at_ease = false;
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.trigger(Trigger::Visible), contact);
    assert_eq!(
        bench.feed(Input::Failed(Failure::NotEnrolled)),
        Some(Todo::SignInAgain)
    );
    assert_eq!(bench.client.status(), Status::SignedOut);
    assert_eq!(bench.trigger(Trigger::Sent), None);
    assert_eq!(bench.client.next_timeout(), None);
    assert_eq!(bench.feed(Input::SignedIn), contact);
}

#[test]
fn a_device_on_which_nobody_has_signed_in_sends_and_does_not_read() {
    let sent = chain(1);
    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    let nobodys = Contacted {
        scope: Scope::Of(Concerned::default()),
        ..contacted()
    };
    bench.feed(Input::Contacted(nobodys));
    assert_eq!(bench.feed(Input::Withdrawals(Vec::new())), Some(LOAD));
    assert_eq!(n_pushed(bench.owed(&sent).as_ref()), 1);
    bench.feed(answer(vec![receipt(&sent[0], Fate::Accepted)]));
    assert_eq!(bench.feed(Input::Settled), Some(LOAD));
    assert_eq!(bench.owed(&[]), None);
    assert!(!bench.client.has_others());
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.client.next_timeout(), Some(Elapsed(BACKOFF_MAX_MS)));
    assert_eq!(bench.sleep(), contact, "it may read by now");
    bench.feed(Input::Failed(Failure::Network));
    assert_eq!(bench.feed(Input::SignedIn), contact);
}

#[test]
fn nothing_is_done_before_a_contact_and_its_failure_only_delays() {
    let mut bench = Bench::new();
    bench.at_ease = false;
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.trigger(Trigger::Visible), contact);
    assert_eq!(bench.feed(Input::Failed(Failure::Network)), None);
    assert_eq!(bench.trigger(Trigger::Sent), None, "it waits its turn");
    assert!(bench.client.next_timeout().unwrap().0 >= BACKOFF_MIN_MS);
    assert_eq!(bench.sleep(), contact);
    bench.feed(Input::Contacted(contacted()));
    assert_eq!(bench.feed(Input::Withdrawals(Vec::new())), Some(LOAD));
}

#[test]
fn a_contact_is_renewed_before_it_ends() {
    let mut bench = Bench::idle();
    bench.at_ease = false;
    bench.now = 600_000 - ANSWER_MS;
    assert_eq!(
        bench.trigger(Trigger::Sent),
        Some(Todo::Contact { forked: false })
    );
}

#[test]
fn a_server_that_was_restored_is_told_anew_where_the_chain_ends() {
    let sent = chain(1);
    let mut bench = Bench::pushed(&sent);
    bench.at_ease = false;
    bench.feed(Input::PushAnswered(Pushed {
        receipts: vec![receipt(&sent[0], Fate::Accepted)],
        epoch: 2,
        server_now: Moment::from_unix_ms(0),
    }));
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.feed(Input::Settled), contact);
    let restored = Contacted {
        epoch: 2,
        ..contacted()
    };
    let todo = bench.feed(Input::Contacted(restored));
    assert_eq!(todo, Some(Todo::LoadWithdrawals));
}

#[test]
fn a_chain_that_goes_on_elsewhere_is_left_before_anything_else() {
    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    let new_chain = NewChain {
        chain: 4,
        certificate: Bytes(Vec::new()),
    };
    let answer = Contacted {
        new_chain: Some(new_chain.clone()),
        ..contacted()
    };
    let todo = bench.feed(Input::Contacted(answer.clone()));
    assert_eq!(todo, Some(Todo::StartChain(new_chain)));
    assert_eq!(bench.feed(Input::ChainStarted), Some(Todo::LoadWithdrawals));

    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    bench.feed(Input::Contacted(answer));
    assert_eq!(bench.feed(Input::Failed(Failure::Storage)), None);
    assert_eq!(bench.sleep(), Some(Todo::Contact { forked: false }));
}

#[test]
fn a_fork_of_the_chain_written_in_asks_for_a_new_one_and_of_an_older_chain_does_not() {
    let sent = chain(2);
    let forked = receipt(&sent[0], Fate::Held(HeldReason::Fork));
    for (current, asks) in [(1, true), (2, false)] {
        let mut bench = Bench::idle();
        bench.at_ease = false;
        bench.trigger(Trigger::Sent);
        bench.feed(Input::Withdrawals(Vec::new()));
        bench.feed(Input::Owed {
            envelopes: sent.clone(),
            head: Place {
                chain: current,
                sequence: 9,
            },
        });
        bench.feed(answer(vec![
            forked.clone(),
            receipt(&sent[1], Fate::Held(HeldReason::Fork)),
        ]));
        let todo = bench.feed(Input::Settled);
        let contact = Some(Todo::Contact { forked: true });
        assert_eq!(todo == contact, asks, "{todo:?}");
    }
}

#[test]
fn what_was_written_before_the_key_was_lost_is_pushed_as_what_the_device_was_then() {
    const FORMER: DeviceId = DeviceId::from_random([9; 16]);
    let former = sealed(1, 1, None, |it| it.device = FORMER);
    let now = sealed(1, 2, None, |_| {});
    let mut bench = Bench::idle();
    bench.trigger(Trigger::Sent);
    let todo = bench.owed(&[former.clone(), now.clone()]);
    let Some(Todo::Push(push)) = todo else {
        panic!("{todo:?}")
    };
    assert_eq!((push.device, push.head), (FORMER, 1));
    assert_eq!(push.envelopes, [Bytes(former.to_bytes())]);
    let of_now = receipt(&former, Fate::Accepted);
    let of_then = Receipt {
        device: FORMER,
        ..of_now.clone()
    };
    assert_eq!(
        bench.feed(answer(vec![of_now, of_then.clone()])),
        Some(Todo::Settle(vec![of_then]))
    );
    assert_eq!(bench.feed(Input::Settled), Some(LOAD));
    let todo = bench.owed(&[now]);
    assert!(matches!(todo, Some(Todo::Push(it)) if (it.device, it.head) == (PHONE, 9)));
}

#[test]
fn a_fork_of_what_the_device_was_before_it_lost_its_key_is_no_reason_to_leave_its_chain() {
    const FORMER: DeviceId = DeviceId::from_random([9; 16]);
    let former = sealed(1, 1, None, |it| it.device = FORMER);
    let mut bench = Bench::pushed(std::slice::from_ref(&former));
    let fork = Receipt {
        device: FORMER,
        ..receipt(&former, Fate::Held(HeldReason::Fork))
    };
    bench.feed(answer(vec![fork]));
    assert_eq!(bench.feed(Input::Settled), Some(LOAD));
}

#[test]
fn what_is_taken_back_is_told_before_anything_is_pushed_to_a_server_that_was_restored() {
    let withdrawal = Bytes(vec![1]);
    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    let restored = Contacted {
        epoch: 2,
        ..contacted()
    };
    let todo = bench.feed(Input::Contacted(restored));
    assert_eq!(todo, Some(Todo::LoadWithdrawals));
    let todo = bench.feed(Input::Withdrawals(vec![withdrawal.clone()]));
    assert_eq!(todo, Some(Todo::Withdraw(vec![withdrawal])));
    let taken_back = receipt(&chain(1)[0], Fate::Refused(RefusedReason::Withdrawn));
    let answered = Pushed {
        receipts: vec![taken_back.clone()],
        epoch: 2,
        server_now: Moment::from_unix_ms(0),
    };
    let todo = bench.feed(Input::WithdrawAnswered(answered));
    assert_eq!(todo, Some(Todo::Settle(vec![taken_back])));
    let walk = Todo::LoadOwn {
        after: Place::default(),
        max_bytes: PUSH_BYTES,
    };
    let copies = Todo::LoadCopy {
        after: String::new(),
    };
    assert_eq!(bench.feed(Input::Settled), Some(copies));
    assert_eq!(bench.feed(Input::Copy(None)), Some(walk));
}

/// In contact with a server that was restored, having told what was taken back.
fn met_restored() -> Bench {
    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    let restored = Contacted {
        epoch: 2,
        ..contacted()
    };
    bench.feed(Input::Contacted(restored));
    let todo = bench.feed(Input::Withdrawals(Vec::new()));
    assert_eq!(
        todo,
        Some(Todo::LoadCopy {
            after: String::new()
        })
    );
    bench
}

fn name(of_copy: u32) -> String {
    of_copy.to_string()
}

fn handed_in(epoch: u64) -> Input {
    Input::HandedIn(Pushed {
        receipts: Vec::new(),
        epoch,
        server_now: Moment::from_unix_ms(0),
    })
}

/// Walks over a chain without an envelope.
fn walk_over_nothing(bench: &mut Bench) -> Option<Todo> {
    bench.owed(&[]);
    bench.owed(&[])
}

#[test]
fn every_copy_is_handed_in_before_what_the_log_still_has_and_before_the_epoch_is_kept() {
    let mut bench = met_restored();
    for n in [3, 7] {
        let sealed = Bytes(vec![7; 3]);
        let todo = bench.feed(Input::Copy(Some((name(n), sealed.clone()))));
        assert_eq!(todo, Some(Todo::HandIn(sealed)));
        assert_eq!(bench.client.status(), Status::Sending);
        assert_eq!(
            bench.feed(handed_in(2)),
            Some(Todo::LoadCopy { after: name(n) })
        );
    }
    let todo = bench.feed(Input::Copy(None));
    assert!(matches!(todo, Some(Todo::LoadOwn { .. })), "{todo:?}");
    let todo = walk_over_nothing(&mut bench);
    assert_eq!(todo, Some(Todo::KeepEpoch(2)));
    assert!(!bench.client.is_at_rest());
    assert_eq!(bench.feed(Input::EpochKept), Some(LOAD), "and only once");
    assert_eq!(bench.owed(&[]), Some(Todo::Pull(FIRST)));
    assert!(!bench.client.is_at_rest());
    let cursor = Cursor {
        epoch: 2,
        position: 0,
    };
    bench.feed(Input::PullAnswered(empty(cursor)));
    bench.feed(Input::TakenIn { cursor });
    bench.feed(Input::Failed(Failure::Server));
    assert!(bench.client.is_at_rest(), "whatever becomes of the news");
}

#[test]
fn a_copy_that_did_not_arrive_is_handed_in_again() {
    let mut bench = met_restored();
    bench.feed(Input::Copy(Some((name(3), Bytes(Vec::new())))));
    bench.feed(handed_in(2));
    bench.feed(Input::Copy(Some((name(4), Bytes(Vec::new())))));
    bench.client.pull = Lane::default();
    assert_eq!(bench.feed(Input::Failed(Failure::Network)), None);
    assert_eq!(bench.sleep(), Some(Todo::LoadCopy { after: name(3) }));
    assert_eq!(bench.feed(Input::Failed(Failure::Storage)), None);
    assert_eq!(bench.sleep(), Some(Todo::LoadCopy { after: name(3) }));
}

#[test]
fn a_copy_that_is_not_taken_stops_none_behind_it_and_the_epoch_is_not_kept() {
    let mut bench = met_restored();
    bench.feed(Input::Copy(Some((name(3), Bytes(Vec::new())))));
    bench.client.pull = Lane::default();
    bench.feed(Input::Failed(Failure::Server));
    assert_eq!(bench.sleep(), Some(Todo::LoadCopy { after: name(3) }));
    bench.feed(Input::Copy(None));
    assert_eq!(walk_over_nothing(&mut bench), None);
    assert!(!bench.client.is_at_rest(), "head office lacks something");
    // All of it again, after a while.
    bench.now = BACKOFF_MAX_MS;
    bench.at_ease = true;
    let todo = bench.trigger(Trigger::Timer);
    assert!(matches!(todo, Some(Todo::LoadOwn { .. })), "{todo:?}");
    assert_eq!(walk_over_nothing(&mut bench), Some(Todo::KeepEpoch(2)));
}

#[test]
fn a_server_that_is_restored_while_copies_are_handed_in_gets_them_from_the_first() {
    let mut bench = met_restored();
    bench.feed(Input::Copy(Some((name(3), Bytes(Vec::new())))));
    assert_eq!(
        bench.feed(handed_in(3)),
        Some(Todo::Contact { forked: false })
    );
    let again = Contacted {
        epoch: 3,
        ..contacted()
    };
    bench.feed(Input::Contacted(again));
    let todo = bench.feed(Input::Withdrawals(Vec::new()));
    assert_eq!(
        todo,
        Some(Todo::LoadCopy {
            after: String::new()
        })
    );
}

#[test]
fn a_walk_that_ends_while_all_begins_anew_fills_nothing() {
    let mut bench = met_restored();
    bench.feed(Input::Copy(Some((name(3), Bytes(Vec::new())))));
    bench.client.pull = Lane::default();
    bench.feed(Input::Failed(Failure::Server));
    bench.sleep();
    bench.feed(Input::Copy(None));
    // Somebody comes back to the window while the walk is at its beginning.
    assert_eq!(bench.trigger(Trigger::Visible), None);
    let nothing_written = Input::Owed {
        envelopes: Vec::new(),
        head: Place::default(),
    };
    let todo = bench.feed(nothing_written);
    assert_eq!(todo, Some(Todo::LoadWithdrawals));
    let todo = bench.feed(Input::Withdrawals(Vec::new()));
    assert_eq!(
        todo,
        Some(Todo::LoadCopy {
            after: String::new()
        })
    );
}

#[test]
fn a_server_that_was_restored_meanwhile_takes_nothing_and_is_contacted() {
    let sent = chain(1);
    let mut bench = Bench::idle();
    bench.trigger(Trigger::Sent);
    let Some(Todo::Push(push)) = bench.owed(&sent) else {
        panic!("what is owed is pushed")
    };
    assert_eq!(push.epoch, Some(1));
    bench.at_ease = false;
    let todo = bench.feed(Input::PushAnswered(Pushed {
        receipts: Vec::new(),
        epoch: 2,
        server_now: Moment::from_unix_ms(0),
    }));
    assert_eq!(todo, Some(Todo::Contact { forked: false }));
}

#[test]
fn a_server_that_was_restored_is_filled_up_only_once_it_knows_what_was_taken_back() {
    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    let restored = Contacted {
        epoch: 2,
        ..contacted()
    };
    bench.feed(Input::Contacted(restored));
    let them = vec![Bytes(vec![1])];
    bench.feed(Input::Withdrawals(them.clone()));
    // Head office did not hear it, and would accept it again.
    let todo = bench.feed(Input::Failed(Failure::Server));
    assert_eq!(todo, Some(Todo::Pull(FIRST)));
    assert_eq!(bench.feed(Input::Failed(Failure::Server)), None);
    assert!(bench.client.next_timeout() > Some(Elapsed(bench.now)));
    assert_eq!(bench.sleep(), Some(Todo::LoadWithdrawals));
}

#[test]
fn a_page_is_taken_in_only_where_the_log_has_read_to() {
    let entry = PageEntry {
        arrived: Moment::from_unix_ms(0),
        envelope: Bytes(Vec::new()),
    };
    let at = |epoch, position| Cursor { epoch, position };
    let page = |from, next, more, n| Page {
        entries: vec![entry.clone(); n],
        from,
        next,
        more,
        ..empty(from)
    };
    for (page, good) in [
        (page(AT, at(1, 5), true, 1), true),
        (page(at(1, 3), at(1, 5), false, 2), false),
        (page(at(1, 0), at(1, 5), false, 5), false),
        (page(AT, at(2, 5), false, 1), false),
        (page(AT, AT, true, 0), false),
        (page(AT, AT, false, 1), false),
    ] {
        let mut bench = Bench::idle();
        bench.sleep();
        let todo = bench.feed(Input::PullAnswered(page.clone()));
        let mut load = all_read();
        load.take(NEWS, &page);
        let loads = Box::new(Loads {
            before: all_read(),
            after: load,
        });
        assert_eq!(todo, good.then_some(Todo::TakeIn { page, loads }));
    }
}

#[test]
fn after_a_restore_the_contact_is_opened_anew_and_the_open_cases_are_read_again() {
    let mut bench = Bench::idle();
    bench.sleep();
    bench.at_ease = false;
    let other = Cursor {
        epoch: 2,
        position: 0,
    };
    let contact = Some(Todo::Contact { forked: false });
    assert_eq!(bench.feed(Input::PullAnswered(empty(other))), contact);
    let restored = Contacted {
        epoch: 2,
        ..contacted()
    };
    bench.feed(Input::Contacted(restored));
    bench.feed(Input::Withdrawals(Vec::new()));
    let mut todo = bench.feed(Input::Copy(None));
    for _ in 0..8 {
        todo = match todo {
            Some(Todo::Pull(_)) => break,
            Some(Todo::KeepEpoch(2)) => bench.feed(Input::EpochKept),
            _ => bench.owed(&[]),
        };
    }
    assert_eq!(todo, Some(Todo::Pull(FIRST)));
    let Some(Todo::TakeIn { page, .. }) = bench.feed(Input::PullAnswered(empty(other))) else {
        panic!("an empty site is read at once");
    };
    assert_eq!((page.from, page.next), (other, other));
}

#[test]
fn a_tab_that_was_second_reads_on_where_it_stopped_and_never_takes_the_cursor_back() {
    let mut bench = Bench::idle();
    bench.sleep();
    bench.feed(Input::PullAnswered(empty(AT)));
    let at = |position| Cursor { epoch: 1, position };
    let first = Input::Conflict {
        cursor: at(9),
        load: all_read(),
    };
    assert_eq!(bench.feed(first), Some(Todo::Pull(NEWS)));
    let page = Page {
        next: at(7),
        ..empty(AT)
    };
    let Some(Todo::TakeIn { page, .. }) = bench.feed(Input::PullAnswered(page)) else {
        panic!("nothing is taken in");
    };
    assert_eq!((page.from, page.next), (at(9), at(9)));
}

/// What a page meets that something was saved beside.
fn as_it_was() -> Input {
    Input::Conflict {
        cursor: AT,
        load: all_read(),
    }
}

const fn reread(load: Load, held: Option<Place>) -> Input {
    Input::Reread { load, held }
}

#[test]
fn what_the_log_says_of_another_tab_is_what_the_next_page_is_asked_by() {
    let mut bench = Bench::idle();
    bench.sleep();
    bench.feed(Input::PullAnswered(empty(AT)));
    let begins_anew = Input::Conflict {
        cursor: AT,
        load: Load::default(),
    };
    assert_eq!(bench.feed(begins_anew), Some(Todo::Pull(FIRST)));
}

#[test]
fn what_another_tab_got_held_is_asked_about_again() {
    let mut bench = Bench::idle();
    let held = Place {
        chain: 1,
        sequence: 3,
    };
    let again = Todo::LoadOwn {
        after: held.before(),
        max_bytes: PUSH_BYTES,
    };
    assert_eq!(bench.feed(reread(all_read(), Some(held))), Some(again));
}

fn of_departments(names: &[&str]) -> Scope {
    let departments = names.iter().map(|&it| it.parse().unwrap());
    Scope::Of(Concerned {
        departments: departments.collect(),
        ..Concerned::default()
    })
}

#[test]
fn whoever_loses_some_of_the_scope_has_others_until_all_was_swept() {
    let (wide, narrow) = (of_departments(&["a", "b"]), of_departments(&["a"]));
    let mut load = Load::default();
    load.meet(&narrow, 1);
    load.meet(&wide, 1);
    assert!(!load.has_others(), "it sees more than before");
    load.meet(&narrow, 1);
    assert!(load.has_others());
    load.meet(&of_departments(&["a", "c"]), 2);
    assert!(
        load.has_others(),
        "what begins anew is still beside the rest"
    );
    let mut kept = Load::from_bytes(&load.to_bytes());
    assert_eq!(kept, load);
    kept.swept();
    assert!(!kept.has_others());

    let mut bench = Bench::new();
    bench.at_ease = false;
    bench.trigger(Trigger::Visible);
    assert!(!bench.client.has_others());
    let contacted = Contacted {
        scope: narrow,
        ..contacted()
    };
    bench.feed(Input::Contacted(contacted));
    assert!(bench.client.has_others());
    bench.feed(Input::Swept);
    assert!(!bench.client.has_others());
}

#[test]
fn where_a_server_has_smaller_blocks_history_goes_on_behind_them() {
    let at = |position| Cursor { epoch: 1, position };
    let mut load = Load::default();
    load.meet(&Scope::Site, 1);
    load.take(FIRST, &empty(at(2 * BLOCK_POSITIONS)));
    let half = BLOCK_POSITIONS / 2;
    for from in [2 * half, 3 * half, 0, half] {
        let asked = Ask::History { from: at(from) };
        assert_eq!(load.ask(false), Some(asked));
        let page = Page {
            next: at(from + half),
            ..empty(at(from))
        };
        load.take(asked, &page);
    }
    assert!(load.is_done());
}

#[test]
fn history_tells_how_much_of_it_was_read_within_a_block_too() {
    let at = |position| Cursor { epoch: 1, position };
    let mut load = Load::default();
    load.meet(&Scope::Site, 1);
    let (last, block) = (2 * BLOCK_POSITIONS, BLOCK_POSITIONS);
    let end = last + 176;
    load.take(FIRST, &empty(at(end)));
    let mut percents = Vec::new();
    for (more, from, next) in [
        (true, last, last + 120),
        (false, last + 120, end),
        (true, block, block + 256),
        (false, block + 256, last),
        (true, 0, block - 12),
    ] {
        let Some(Progress::History { percent }) = load.progress() else {
            panic!("there is history");
        };
        percents.push(percent);
        let page = Page {
            next: at(next),
            more,
            ..empty(at(from))
        };
        load.take(Ask::History { from: at(from) }, &page);
    }
    assert_eq!(percents, [0, 10, 14, 36, 57]);
    assert_eq!(load.progress(), Some(Progress::History { percent: 99 }));
}

#[test]
fn what_another_tab_has_read_does_not_count_for_a_page_that_is_under_way() {
    let mut bench = Bench::idle();
    bench.sleep();
    let another = Load::default();
    bench.feed(reread(another, None));
    let Some(Todo::TakeIn { loads, .. }) = bench.feed(Input::PullAnswered(empty(AT))) else {
        panic!("nothing is taken in");
    };
    assert_eq!(loads.after, all_read());
}

#[test]
fn a_page_that_meets_what_was_saved_here_is_asked_for_again_at_once_but_not_for_ever() {
    let mut bench = Bench::idle();
    bench.sleep();
    bench.feed(Input::PullAnswered(empty(AT)));
    assert_eq!(bench.feed(as_it_was()), Some(Todo::Pull(NEWS)));
    bench.feed(Input::PullAnswered(empty(AT)));
    assert_eq!(bench.feed(as_it_was()), None);
    assert!(matches!(
        bench.client.status(),
        Status::Waiting {
            why: Failure::Storage,
            ..
        }
    ));
}

#[test]
fn a_server_of_another_epoch_gets_everything_again() {
    let sent = chain(3);
    let own = |sequence| Todo::LoadOwn {
        after: Place { chain: 0, sequence },
        max_bytes: PUSH_BYTES,
    };
    let mut bench = Bench::pushed(&sent[2..]);
    let restored = Pushed {
        receipts: vec![receipt(&sent[2], Fate::Held(HeldReason::Gap))],
        epoch: 2,
        server_now: Moment::from_unix_ms(0),
    };
    bench.feed(Input::PushAnswered(restored.clone()));
    assert_eq!(bench.feed(Input::Settled), Some(own(0)));
    assert_eq!(
        bench.owed(&[]),
        Some(Todo::LoadOwn {
            after: Place {
                chain: 1,
                sequence: 0
            },
            max_bytes: PUSH_BYTES
        })
    );
    assert_eq!(n_pushed(bench.owed(&sent).as_ref()), 3);
    let receipts = sent.iter().map(|it| receipt(it, Fate::Accepted)).collect();
    bench.feed(Input::PushAnswered(Pushed {
        receipts,
        ..restored
    }));
    bench.feed(Input::Settled);
    assert_eq!(bench.owed(&[]), Some(Todo::KeepEpoch(2)));
    assert_eq!(bench.feed(Input::EpochKept), Some(LOAD));
}

#[test]
fn what_gets_no_answer_at_all_counts_as_failed() {
    let mut bench = Bench::pushed(&chain(1));
    bench.client.pull = Lane::default();
    assert_eq!(bench.sleep(), None);
    assert_eq!(bench.now, ANSWER_MS);
    assert!(matches!(
        bench.client.status(),
        Status::Waiting {
            why: Failure::Network,
            ..
        }
    ));
    assert_eq!(bench.sleep(), Some(LOAD));
}

#[test]
fn news_is_pulled_at_once_by_whoever_looks_and_by_nobody_else() {
    let mut bench = Bench::idle();
    assert_eq!(bench.trigger(Trigger::News), Some(Todo::Pull(NEWS)));
    let mut bench = Bench::idle();
    bench.feed(Input::Hidden);
    assert_eq!(bench.trigger(Trigger::News), None);
}

#[test]
fn while_head_office_tells_of_news_it_is_asked_seldom_and_soon_when_it_falls_silent() {
    let due_after_a_pull = |live| {
        let mut bench = Bench::idle();
        if bench.feed(Input::Live(live)).is_none() {
            assert_eq!(bench.trigger(Trigger::News), Some(Todo::Pull(NEWS)));
        }
        bench.feed(Input::PullAnswered(empty(AT)));
        bench.feed(Input::TakenIn { cursor: AT });
        bench.client.next_timeout().unwrap().0
    };
    assert!(due_after_a_pull(false) <= PULL_EVERY_MS);
    assert!(due_after_a_pull(true) > 4 * 60_000);
    let mut bench = Bench::idle();
    bench.chance = BACKOFF_MIN_MS - 1;
    bench.feed(Input::Live(true));
    assert_eq!(bench.feed(Input::Live(false)), None, "not all at once");
    assert!(bench.client.next_timeout().unwrap().0 < BACKOFF_MIN_MS);
    assert_eq!(bench.sleep(), Some(Todo::Pull(NEWS)));
}

#[test]
fn a_device_that_heard_of_another_epoch_is_not_at_rest() {
    let mut bench = Bench::idle();
    assert!(bench.client.is_at_rest());
    bench.at_ease = false;
    bench.trigger(Trigger::News);
    let restored = Cursor {
        epoch: 2,
        position: 0,
    };
    let todo = bench.feed(Input::PullAnswered(empty(restored)));
    assert_eq!(todo, Some(Todo::Contact { forked: false }));
    assert_eq!(bench.feed(Input::Failed(Failure::Network)), None);
    assert!(!bench.client.is_at_rest());
}
