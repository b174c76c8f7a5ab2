//! Applications that share a table keep apart by a prefix, as in Action Cable.

use action_cable::Cable;
use serde_json::json;
use solid_cable::{Config, SolidCable};

use crate::support::{File, Listening, lines, soon, values};

fn config(prefix: Option<&str>) -> Config {
    Config {
        channel_prefix: prefix.map(str::to_owned),
        ..Config::default()
    }
}

fn broadcaster(file: &File, prefix: Option<&str>) -> Cable {
    SolidCable::new(file.database(), config(prefix)).cable()
}

#[tokio::test]
async fn only_rows_with_the_prefix_are_heard() {
    let file = File::new();
    let ours = Listening::with(file.database(), config(Some("app")));
    let all = Listening::to(file.database());
    let mut stream = ours.follow("s").await;
    let mut prefixed = all.follow("app:s").await;
    let mut plain = all.follow("s").await;
    for (prefix, message) in [
        (None, "plain"),
        (Some("other"), "other"),
        (Some("ap"), "shorter"),
        (Some("app"), "ours"),
    ] {
        let cable = broadcaster(&file, prefix);
        cable.broadcast(values("s"), &json!(message)).await.unwrap();
    }
    assert_eq!(soon("a message", stream.next()).await, json!("ours"));
    assert_eq!(soon("a message", prefixed.next()).await, json!("ours"));
    assert_eq!(soon("a message", plain.next()).await, json!("plain"));
    assert!(stream.received().is_empty());
    assert!(plain.received().is_empty());
}

#[tokio::test]
async fn channels_are_named_as_action_cable_names_them() {
    let file = File::new();
    for prefix in [Some("app"), Some(""), None] {
        let cable = broadcaster(&file, prefix);
        cable.broadcast(values("s"), &json!(1)).await.unwrap();
    }
    let channels = "SELECT CAST(channel AS TEXT) AS value FROM solid_cable_messages ORDER BY id";
    assert_eq!(
        lines(&file.database(), channels).await,
        ["app:s", ":s", "s"]
    );
}
