//! How the sockets are served, and who may connect.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use std::time::Duration;

use action_cable::auth::Digest;
use settings::{Access, Broadcast, Cable};
use support::load_file;

fn cable(file: &str, more: &[(&str, &str)]) -> Result<Cable, String> {
    load_file("cable.yml", file, more).map(|settings| settings.cable)
}

fn access(file: &str, more: &[(&str, &str)]) -> Access {
    cable(file, more).unwrap().access
}

#[test]
fn without_keys_the_defaults_are_the_servers() {
    let cable = cable("", &[("ALLOWED_ORIGINS", ",")]).unwrap();
    assert_eq!(cable.server, action_cable::Config::default());
    assert_eq!(cable.access, Access::default());
    assert_eq!(cable.max_broadcast_size, 1 << 20);
}

#[test]
fn all_of_the_server_can_be_set() {
    let file = "
server:
  mount_path: /ws
  events_path: ''
  allow_same_origin_as_host: false
  disable_request_forgery_protection: true
  reject_unknown_channels: false
  ping_interval: 2
  handshake_timeout: 1.minute
  close_timeout: 0.5.seconds
  drain_timeout: 20
  sessions_ttl: 0
  presence_ttl: 3
  pong_timeout: 9
  idle_timeout: 0
  max_connections: 1
  max_subscriptions: 2
  max_message_size: <%= 3.kilobytes %>
  max_identifier_size: 4
  outgoing_queue_size: 5
  max_broadcast_size: 6
";
    let more = [
        ("ALLOWED_ORIGINS", "https://a.example"),
        ("TRUSTED_PROXIES", "private, 203.0.113.0/24"),
        ("CABLE__SERVER__MAX_SUBSCRIPTIONS", "7"),
    ];
    let cable = cable(file, &more).unwrap();
    let expected = action_cable::Config {
        mount_path: "/ws".into(),
        events_path: None,
        allowed_request_origins: vec!["https://a.example".into()],
        allow_same_origin_as_host: false,
        same_host_ports: vec![],
        trusted_proxies: "private,203.0.113.0/24".parse().unwrap(),
        disable_request_forgery_protection: true,
        reject_unknown_channels: false,
        ping_interval: Duration::from_secs(2),
        max_connections: 1,
        max_subscriptions: 7,
        max_message_size: 3072,
        max_identifier_size: 4,
        outgoing_queue_size: 5,
        handshake_timeout: Duration::from_mins(1),
        close_timeout: Duration::from_millis(500),
        drain_timeout: Duration::from_secs(20),
        sessions_ttl: Duration::ZERO,
        presence_ttl: Duration::from_secs(3),
        pong_timeout: Some(Duration::from_secs(9)),
        idle_timeout: None,
    };
    assert_eq!(cable.server, expected);
    assert_eq!(cable.max_broadcast_size, 6);
}

#[test]
fn one_secret_of_anycable_serves_all() {
    let all = access("", &[("ANYCABLE_SECRET", "s3Krit")]);
    let said = |secret: &Option<settings::Secret>| {
        secret.as_ref().map(|secret| secret.expose().to_owned())
    };
    assert_eq!(said(&all.jwt_secret).as_deref(), Some("s3Krit"));
    assert_eq!(said(&all.streams_secret).as_deref(), Some("s3Krit"));
    assert_eq!(said(&all.turbo_streams_secret), None);
    assert!(matches!(all.broadcast, Some(Broadcast::Derived(_))));
    assert!(!all.enforce_jwt && !all.public_streams);
    assert!(!format!("{all:?}").contains("s3Krit"));
}

#[test]
fn each_has_a_key_and_a_variable() {
    let file = "
auth:
  jwt_secret: a
  enforce_jwt: true
  streams_secret: b
  public_streams: true
  streams_whisper: true
  turbo_streams_secret: c
  broadcast_key: d
  key_digest: sha1
";
    let of_file = access(file, &[]);
    assert!(of_file.enforce_jwt && of_file.public_streams && of_file.streams_whisper);
    assert_eq!(of_file.key_digest, Digest::Sha1);
    let variables = [
        ("ANYCABLE_SECRET", "e"),
        ("ANYCABLE_JWT_SECRET", "a"),
        ("ANYCABLE_ENFORCE_JWT", "1"),
        ("ANYCABLE_STREAMS_SECRET", "b"),
        ("ANYCABLE_PUBLIC_STREAMS", "true"),
        ("ANYCABLE_STREAMS_WHISPER", "1"),
        ("ANYCABLE_TURBO_STREAMS_SECRET", "c"),
        ("ANYCABLE_BROADCAST_KEY", "d"),
        ("CABLE__AUTH__KEY_DIGEST", "sha1"),
    ];
    assert_eq!(access("", &variables), of_file);
    let off = [
        ("ANYCABLE_ENFORCE_JWT", "0"),
        ("ANYCABLE_PUBLIC_STREAMS", "false"),
    ];
    let off = access(file, &off);
    assert!(!off.enforce_jwt && !off.public_streams);
}

#[test]
fn an_empty_secret_is_none() {
    let file = "auth: { secret: '', broadcast_key: '', streams_secret: '' }";
    assert_eq!(access(file, &[]), Access::default());
}

#[test]
fn what_is_wrong_is_told_with_its_key() {
    for (file, more, expected) in [
        (
            "server: { max_connections: 0 }",
            &[][..],
            "cable.yml: server.max_connections: expected a number from 1 to 10000000, got 0",
        ),
        (
            "server: { mount_path: cable }",
            &[],
            "cable.yml: server.mount_path: expected a path such as `/cable`, got `cable`",
        ),
        (
            "server: { ping_interval: 0 }",
            &[],
            "cable.yml: server.ping_interval: expected a duration above 0, got 0",
        ),
        (
            "",
            &[("CABLE__SERVER__HANDSHAKE_TIMEOUT", "soon")],
            "CABLE__SERVER__HANDSHAKE_TIMEOUT: expected seconds, or text such as `0.1.seconds`, got `soon`",
        ),
        (
            "",
            &[("TRUSTED_PROXIES", "10.0.0.0/33")],
            "TRUSTED_PROXIES: expected addresses, networks such as 10.0.0.0/8, or `private`, got `10.0.0.0/33`",
        ),
        (
            "",
            &[("ANYCABLE_PUBLIC_STREAMS", "maybe")],
            "ANYCABLE_PUBLIC_STREAMS: expected true or false, got `maybe`",
        ),
        (
            "auth: { enforce_jwt: true }",
            &[],
            "ANYCABLE_ENFORCE_JWT: is set, but there is no ANYCABLE_JWT_SECRET that a token could be signed with",
        ),
        (
            "auth: { key_digest: md5 }",
            &[],
            "cable.yml: auth.key_digest: expected sha256 or sha1, got `md5`",
        ),
    ] {
        assert_eq!(cable(file, more).unwrap_err(), expected);
    }
    let unknown = cable("server: { max_conections: 1 }", &[]).unwrap_err();
    assert!(unknown.contains("max_conections"), "{unknown}");
}
