use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Todo {
    title: String,
    done: bool,
}

pub(crate) async fn a_value_is_read_as_it_was_written(Store { cache, .. }: Store) {
    let todo = Todo {
        title: "Buy milk \u{1f95b}".into(),
        done: true,
    };
    let many: Vec<i64> = (-5000..5000).collect();
    assert!(cache.write("todo", &todo).await);
    assert!(cache.write("many", &many).await);
    assert!(cache.write("nothing", &None::<Todo>).await);
    assert_eq!(cache.read::<Todo>("todo").await, Some(todo));
    assert_eq!(cache.read::<Vec<i64>>("many").await, Some(many));
    assert_eq!(cache.read::<Option<Todo>>("nothing").await, Some(None));
}

pub(crate) async fn text_is_read_as_it_was_written(Store { cache, .. }: Store) {
    for text in ["", "plain", "\u{0}\u{4}\u{8}", &"long ".repeat(10_000)] {
        assert!(cache.write_text("text", text).await);
        assert_eq!(cache.read_text("text").await.as_deref(), Some(text));
    }
}

pub(crate) async fn a_missing_key_is_a_miss(Store { cache, .. }: Store) {
    assert_eq!(cache.read::<Todo>("missing").await, None);
    assert_eq!(cache.read_text("missing").await, None);
    assert!(!cache.exist("missing").await);
    assert!(!cache.delete("missing").await);
    assert_eq!(cache.stats().failures, 0);
}

pub(crate) async fn a_value_of_another_type_is_a_miss(Store { cache, .. }: Store) {
    cache.write("number", &17).await;
    assert_eq!(cache.read::<Todo>("number").await, None);
    cache.write_counter("counter", 17).await;
    assert_eq!(cache.read_text("counter").await, None);
    assert_eq!(cache.stats().failures, 2);
    assert!(cache.exist("number").await);
}

pub(crate) async fn a_blank_key_is_a_miss(Store { cache, .. }: Store) {
    assert!(!cache.write("", &1).await);
    assert_eq!(cache.read::<i32>("").await, None);
    assert_eq!(cache.increment("", 1).await, None);
    assert!(!cache.exist("").await);
    assert!(!cache.delete("").await);
    assert_eq!(cache.stats().failures, 5);
}

pub(crate) async fn a_deleted_entry_is_gone(Store { cache, .. }: Store) {
    cache.write("key", &1).await;
    assert!(cache.delete("key").await);
    assert!(!cache.exist("key").await);
    assert!(!cache.delete("key").await);
}

pub(crate) async fn an_expired_entry_is_a_miss(store: Store) {
    let cache = &store.cache;
    cache.expires_in(MINUTE).write("key", &1).await;
    store.travel(Duration::from_micros(59_999_999));
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    store.travel(Duration::from_micros(1));
    assert_eq!(cache.read::<i32>("key").await, None);
}

pub(crate) async fn an_entry_expires_at_a_moment(store: Store) {
    let past = store.now().before(MINUTE);
    let cache = &store.cache;
    assert!(cache.expires_at(past).write("key", &1).await);
    assert!(!cache.exist("key").await);
    // The later word counts.
    cache
        .expires_at(past)
        .expires_in(MINUTE)
        .write("key", &1)
        .await;
    assert!(cache.exist("key").await);
}

pub(crate) async fn an_entry_of_another_version_is_a_miss_and_stays(Store { cache, .. }: Store) {
    cache.version("1").write("key", &1).await;
    assert_eq!(cache.version("2").read::<i32>("key").await, None);
    assert_eq!(cache.version("1").read::<i32>("key").await, Some(1));
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    cache.write("unversioned", &1).await;
    assert_eq!(cache.version("2").read::<i32>("unversioned").await, Some(1));
}

pub(crate) async fn unless_exist_spares_a_live_entry(store: Store) {
    let cache = store.cache.expires_in(MINUTE).unless_exist();
    assert!(cache.write("key", &1).await);
    assert!(!cache.write("key", &2).await);
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    store.travel(MINUTE);
    assert!(cache.write("key", &3).await);
    assert_eq!(cache.read::<i32>("key").await, Some(3));
    assert_eq!(cache.stats().writes, 2);
}

pub(crate) async fn clear_leaves_nothing(Store { cache, .. }: Store) {
    cache.write("one", &1).await;
    cache.write("two", &2).await;
    assert!(cache.clear().await);
    assert!(!cache.exist("one").await);
    assert!(!cache.exist("two").await);
}

pub(crate) async fn options_do_not_change_the_handle_they_are_called_on(store: Store) {
    let cache = &store.cache;
    cache.expires_in(MINUTE).write("short", &1).await;
    cache.write("long", &1).await;
    store.travel(MINUTE);
    assert!(cache.exist("long").await);
    assert!(!cache.exist("short").await);
}

pub(crate) async fn what_happens_is_counted(Store { cache, .. }: Store) {
    cache.write("key", &1).await;
    cache.read::<i32>("key").await;
    cache.read::<i32>("missing").await;
    cache.read_multi::<i32>(["key", "missing", "absent"]).await;
    let stats = cache.stats();
    assert_eq!((stats.writes, stats.hits, stats.misses), (1, 2, 3));
    assert_eq!((stats.evictions, stats.failures), (0, 0));
}
