#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The keys of `cable.yml`, which are those of Rails' gem.

mod support;

use std::time::Duration;

use settings::CableAdapter;
use solid_cable::Config;
use support::load_file;

fn config(text: &str, more: &[(&str, &str)]) -> Result<Config, String> {
    let settings = load_file("cable.yml", text, more)?;
    match settings.cable.adapter {
        CableAdapter::SolidCable(config) => Ok(config),
        CableAdapter::Async => panic!("it is async"),
    }
}

#[test]
fn all_keys_of_rails_are_known() {
    let text = "
adapter: solid_cable
connects_to:
  database:
    writing: cable
polling_interval: 0.2.seconds
message_retention: 2.hours
autotrim: false
silence_polling: false
use_skip_locked: false
trim_batch_size: 50
reconnect_attempts: [0, 0.5, 3]
channel_prefix: app
";
    let expected = Config {
        polling_interval: Duration::from_millis(200),
        message_retention: Duration::from_hours(2),
        autotrim: false,
        trim_batch_size: 50,
        reconnect_pauses: [0, 500, 3000].map(Duration::from_millis).to_vec(),
        channel_prefix: Some("app".to_owned()),
        ..Config::default()
    };
    assert_eq!(config(text, &[]).unwrap(), expected);
}

#[test]
fn without_keys_it_is_as_rails_has_it() {
    let usual = Config {
        polling_interval: Duration::from_millis(100),
        message_retention: Duration::from_hours(24),
        autotrim: true,
        trim_batch_size: 100,
        reconnect_pauses: vec![Duration::ZERO],
        channel_prefix: None,
        ..Config::default()
    };
    assert_eq!(config("{}\n", &[]).unwrap(), usual);
    assert_eq!(usual, Config::default());
}

#[test]
fn a_batch_that_is_too_small_for_rails_is_the_usual_one() {
    for (written, expected) in [
        ("2", 2),
        ("1", 100),
        ("0", 100),
        ("-5", 100),
        ("100000", 100_000),
    ] {
        let config = config(&format!("trim_batch_size: {written}\n"), &[]).unwrap();
        assert_eq!(config.trim_batch_size, expected, "{written}");
    }
}

#[test]
fn attempts_are_a_number_or_pauses() {
    for (written, expected) in [
        ("1", &[0][..]),
        ("3", &[0, 0, 0]),
        ("0", &[]),
        ("[]", &[]),
        ("[0.1.seconds, 1.second]", &[100, 1000]),
    ] {
        let config = config(&format!("reconnect_attempts: {written}\n"), &[]).unwrap();
        let pauses: Vec<_> = expected
            .iter()
            .copied()
            .map(Duration::from_millis)
            .collect();
        assert_eq!(config.reconnect_pauses, pauses, "{written}");
    }
}

#[test]
fn variables_override_them() {
    let variables = [
        ("CABLE__CHANNEL_PREFIX", "app"),
        ("CABLE__RECONNECT_ATTEMPTS", "2"),
        ("CABLE__TRIM_BATCH_SIZE", "7"),
    ];
    let config = config("{}\n", &variables).unwrap();
    assert_eq!(config.channel_prefix.as_deref(), Some("app"));
    assert_eq!(config.reconnect_pauses, [Duration::ZERO; 2]);
    assert_eq!(config.trim_batch_size, 7);
    let listed = [
        ("CABLE__RECONNECT_ATTEMPTS__0", "0"),
        ("CABLE__RECONNECT_ATTEMPTS__1", "1.5"),
    ];
    let config = self::config("{}\n", &listed).unwrap();
    assert_eq!(
        config.reconnect_pauses,
        [Duration::ZERO, Duration::from_millis(1500)]
    );
}

#[test]
fn what_is_wrong_is_told_by_its_key() {
    for (text, message) in [
        (
            "trim_batch_size: many",
            "trim_batch_size: expected a number, got `many`",
        ),
        (
            "trim_batch_size: 100001",
            "trim_batch_size: expected a number up to 100000, got 100001",
        ),
        (
            "reconnect_attempts: often",
            "reconnect_attempts: expected a number from 0 to 1000, or a list of seconds, got `often`",
        ),
        (
            "reconnect_attempts: -1",
            "reconnect_attempts: expected a number from 0 to 1000, or a list of seconds, got -1",
        ),
        (
            "reconnect_attempts: [soon]",
            "reconnect_attempts: expected a number from 0 to 1000, or a list of seconds",
        ),
        (
            "polling_interval: 0",
            "polling_interval: expected a duration above 0, got 0",
        ),
    ] {
        let error = config(&format!("{text}\n"), &[]).unwrap_err();
        assert_eq!(error, format!("cable.yml: {message}"));
    }
}
