use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::store::Store;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Todo {
    title: String,
    tags: Vec<String>,
    due: Option<i64>,
}

fn todo() -> Todo {
    Todo {
        title: "Buy milk".repeat(500),
        tags: vec!["shop".into(), "\u{1f95b}".into()],
        due: Some(-1),
    }
}

pub(crate) async fn bytes_are_read_as_they_were_written(Store { cache, .. }: Store) {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for bytes in [&b""[..], b"\xff\x00\xfe", &all, &all.repeat(100)] {
        assert!(cache.write_bytes("bytes", bytes).await);
        // The second time they may come from memory.
        for _ in 0..2 {
            assert_eq!(cache.read_bytes("bytes").await.as_deref(), Some(bytes));
        }
    }
    assert_eq!(cache.read_bytes("missing").await, None);
    assert_eq!(cache.stats().failures, 0);
}

pub(crate) async fn text_is_read_as_bytes_too(Store { cache, .. }: Store) {
    cache.write_text("text", "\u{1f95b}").await;
    let bytes = cache.read_bytes("text").await;
    assert_eq!(bytes.as_deref(), Some("\u{1f95b}".as_bytes()));
    cache.write_bytes("bytes", "plain").await;
    assert_eq!(cache.read_text("bytes").await.as_deref(), Some("plain"));
    cache.write_bytes("bytes", b"\xff").await;
    assert_eq!(cache.read_text("bytes").await, None);
}

pub(crate) async fn a_number_is_no_bytes(Store { cache, .. }: Store) {
    cache.write_counter("counter", 17).await;
    assert_eq!(cache.read_bytes("counter").await, None);
    assert_eq!(cache.read_counter("counter").await, Some(17));
}

pub(crate) async fn packed_values_are_read_by_any_handle(Store { cache, .. }: Store) {
    assert!(cache.message_pack().write("todo", &todo()).await);
    assert!(cache.message_pack().write_multi([("many", todo())]).await);
    let Ok(fetched) = cache
        .message_pack()
        .fetch("fetched", async || Ok::<_, Infallible>(todo()))
        .await;
    assert_eq!(fetched, todo());
    for key in ["todo", "many", "fetched"] {
        assert_eq!(cache.read::<Todo>(key).await, Some(todo()), "{key}");
        let packed = cache.message_pack().read::<Todo>(key).await;
        assert_eq!(packed, Some(todo()), "{key}");
        assert_eq!(cache.read::<i32>(key).await, None, "{key}");
    }
    cache.write("json", &todo()).await;
    let json = cache.message_pack().read::<Todo>("json").await;
    assert_eq!(json, Some(todo()));
}

pub(crate) async fn packed_values_take_the_place_of_others(Store { cache, .. }: Store) {
    cache.write("key", &1).await;
    cache.message_pack().write("key", &2).await;
    assert_eq!(cache.read::<i32>("key").await, Some(2));
    cache.write("key", &3).await;
    assert_eq!(cache.message_pack().read::<i32>("key").await, Some(3));
}

pub(crate) async fn skip_nil_does_not_keep_packed_nothing(Store { cache, .. }: Store) {
    let cache = cache.message_pack();
    let compute = async || Ok::<_, Infallible>(None::<i32>);
    assert_eq!(cache.skip_nil().fetch("key", compute).await, Ok(None));
    assert!(!cache.exist("key").await);
    assert_eq!(cache.fetch("key", compute).await, Ok(None));
    assert!(cache.exist("key").await);
    assert_eq!(cache.read::<Option<i32>>("key").await, Some(None));
}
