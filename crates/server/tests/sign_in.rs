//! Who gets a token, and what it is good for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use shouwen_sync::message::{Cursor, FailureCode, Pull, SiteTexts};
use support::{Device, Running, bytes, device_id, get, post, try_pin};

#[test]
fn the_right_pin_is_answered_with_a_token_and_the_device_s_code() {
    let server = Running::start();
    let wang = server.wang();
    assert_eq!(wang.signed_in.site.as_str(), "lanting");
    assert_eq!(wang.signed_in.token.len(), 64);
    assert_eq!(wang.signed_in.server_now.unix_ms(), support::START_MS);
    let li = server.device(2, "li-na", "100005");
    assert_ne!(li.signed_in.device_code, wang.signed_in.device_code);
    let again = server.device(1, "li-na", "100005");
    assert_eq!(again.signed_in.device_code, wang.signed_in.device_code);
}

#[test]
fn a_wrong_pin_and_an_unknown_person_get_the_same_answer() {
    let server = Running::start();
    let wrong = try_pin(server.address, 1, "li-na", "000000");
    let unknown = try_pin(server.address, 1, "nobody", "100005");
    assert_eq!(wrong.declined(), (401, FailureCode::WrongPin));
    assert_eq!(wrong.body, unknown.body);
}

#[test]
fn the_sixth_try_within_a_minute_has_to_wait_and_others_have_not() {
    let server = Running::start();
    for _ in 0..5 {
        assert_eq!(try_pin(server.address, 1, "li-na", "000000").status, 401);
    }
    let sixth = try_pin(server.address, 1, "li-na", "100005");
    assert_eq!(sixth.declined(), (429, FailureCode::TooManyTries));
    let wait: u64 = sixth.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(try_pin(server.address, 1, "ma-jie", "100006").status, 200);
}

#[test]
fn without_a_good_token_nothing_is_taken_or_given() {
    let server = Running::start();
    let mut wang = server.wang();
    let envelope = wang.write(1);
    let push = bytes(&wang.message(&[envelope]));
    let pull = bytes(&Pull {
        device: wang.id,
        cursor: Cursor::default(),
    });
    for token in [None, Some("0".repeat(64)), Some(String::new())] {
        let token = token.as_deref();
        assert_eq!(
            post(server.address, "/api/push", token, &push).declined(),
            (401, FailureCode::NotSignedIn)
        );
        assert_eq!(
            post(server.address, "/api/pull", token, &pull).declined(),
            (401, FailureCode::NotSignedIn)
        );
    }
    assert!(wang.pull_all().is_empty());
}

#[test]
fn a_token_is_of_one_device() {
    let server = Running::start();
    let mut other = server.device(2, "li-na", "100005");
    let stolen = Device {
        signed_in: server.wang().signed_in,
        ..other.clone()
    };
    let envelope = other.write(1);
    let refused = stolen.post("/api/push", &stolen.message(&[envelope]));
    assert_eq!(refused.declined(), (401, FailureCode::NotSignedIn));
    let pull = Pull {
        device: device_id(2),
        cursor: Cursor::default(),
    };
    assert_eq!(
        stolen.post("/api/pull", &pull).declined(),
        (401, FailureCode::NotSignedIn)
    );
}

#[test]
fn a_token_ends_after_seven_days() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let server = Running::start();
    let wang = server.wang();
    let ask = || {
        wang.post(
            "/api/pull",
            &Pull {
                device: wang.id,
                cursor: Cursor::default(),
            },
        )
        .status
    };
    server.clock.pass_ms(7 * DAY_MS - 1);
    assert_eq!(ask(), 200);
    server.clock.pass_ms(1);
    assert_eq!(ask(), 401);
}

#[test]
fn tokens_and_pins_do_not_stand_in_the_database() {
    let mut server = Running::start();
    let token = server.wang().signed_in.token;
    server.stop();
    let stored = std::fs::read(server.database()).unwrap();
    let holds = |text: &str| stored.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(holds("wang-jianguo"), "what is looked for can be found");
    assert!(!holds(&token));
    assert!(!holds("100013"));
}

#[test]
fn the_site_s_texts_come_once_and_are_kept() {
    let server = Running::start();
    let answer = get(server.address, "/api/site", &[]);
    let texts: SiteTexts = answer.message();
    assert_eq!(texts.site.as_str(), "lanting");
    assert!(texts.directory.text.contains("王建国"));
    let again = get(
        server.address,
        "/api/site",
        &[("if-none-match", answer.header("etag"))],
    );
    assert_eq!((again.status, again.body.len()), (304, 0));
    let token = format!("Bearer {}", server.wang().signed_in.token);
    assert_eq!(
        get(server.address, "/api/site", &[("authorization", &token)]).status,
        200
    );
    let bad = get(
        server.address,
        "/api/site",
        &[("authorization", "Bearer 1")],
    );
    assert_eq!(bad.declined(), (401, FailureCode::NotSignedIn));
}
