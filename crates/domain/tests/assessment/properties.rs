//! What holds whatever happened.

use crate::story::*;

fn stories() -> Vec<(Story, Vec<Story>)> {
    let solved = Story::solved(11);
    let again = Story::again(12, &solved, "2026-07-16 09:00");
    let wrangle = Story::handed_over(13)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", None),
        )
        .order("li-na", "2026-07-13 09:40", shirking("cleaning", None));
    vec![
        (Story::answered_late(10), Vec::new()),
        (solved, vec![again]),
        (wrangle, Vec::new()),
    ]
}

#[test]
fn a_key_is_the_same_in_whatever_order_envelopes_came_and_cites_evidence() {
    for (mut story, again) in stories() {
        let again: Vec<&Story> = again.iter().collect();
        let keys = |story: &Story| -> Vec<Hash> {
            let found = story.proposals("2026-07-20 09:00", &again);
            let held: Vec<EnvelopeId> = [story]
                .into_iter()
                .chain(again.iter().copied())
                .flat_map(|it| &it.envelopes)
                .map(|it| it.header().id)
                .collect();
            for it in &found {
                assert!(!it.evidence.is_empty());
                assert!(it.evidence.iter().all(|id| held.contains(id)));
            }
            found.into_iter().map(|it| it.key).collect()
        };
        let expected = keys(&story);
        assert!(!expected.is_empty());
        for turn in 0..story.envelopes.len() {
            story.envelopes.rotate_left(turn);
            story.envelopes.reverse();
            assert_eq!(keys(&story), expected);
        }
    }
}

#[test]
fn a_key_stays_when_what_was_missed_is_done_at_last() {
    let open = Story::handled(1);
    let before = open.only("2026-07-15 09:00", &[]).key;
    let done = open.order("liu-wei", "2026-07-15 10:00", reply());
    assert_eq!(done.only("2026-07-15 11:00", &[]).key, before);
}

#[test]
fn the_sides_of_a_wrangle_name_each_other_and_nobody_else() {
    let (wrangle, _) = stories().remove(2);
    let found = wrangle.proposals("2026-07-13 10:00", &[]);
    let by_key: BTreeMap<Hash, &Proposal> = found.iter().map(|it| (it.key, it)).collect();
    assert_eq!(by_key.len(), 2);
    for it in &found {
        assert_eq!(it.sides.len(), 1);
        assert_eq!(by_key[&it.sides[0]].sides, [it.key]);
        assert_eq!(by_key[&it.sides[0]].amount, it.amount);
    }
}
