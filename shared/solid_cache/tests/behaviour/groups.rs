use std::convert::Infallible;

use solid_cache::Cache;

use crate::store::Store;

async fn left(cache: &Cache, keys: &[&str]) -> Vec<String> {
    let mut left = Vec::new();
    for key in keys {
        if cache.exist(key).await {
            left.push((*key).to_owned());
        }
    }
    left
}

pub(crate) async fn a_tag_takes_the_entries_that_carry_it(Store { cache, .. }: Store) {
    cache.tags(["red"]).write("a", &1).await;
    cache.tags(["red", "blue"]).write_text("b", "1").await;
    cache.tags(["blue"]).write("c", &1).await;
    cache.write("red", &1).await;
    assert_eq!(cache.read::<i32>("a").await, Some(1));
    assert_eq!(cache.delete_tag("red").await, 2);
    assert_eq!(left(&cache, &["a", "b", "c", "red"]).await, ["c", "red"]);
    assert_eq!(cache.delete_tag("red").await, 0);
    assert_eq!(cache.delete_tag("unknown").await, 0);
    assert_eq!(cache.delete_tag("blue").await, 1);
    assert_eq!(left(&cache, &["a", "b", "c", "red"]).await, ["red"]);
}

pub(crate) async fn an_overwritten_entry_loses_its_tags(Store { cache, .. }: Store) {
    let tagged = cache.tags(["red"]);
    for key in ["overwritten", "other", "deleted"] {
        tagged.write(key, &1).await;
    }
    cache.write("overwritten", &2).await;
    cache.tags(["blue"]).write("other", &2).await;
    cache.delete("deleted").await;
    cache.write("deleted", &2).await;
    assert_eq!(cache.delete_tag("red").await, 0);
    assert_eq!(cache.delete_tag("blue").await, 1);
    let keys = ["overwritten", "other", "deleted"];
    assert_eq!(left(&cache, &keys).await, ["overwritten", "deleted"]);
}

pub(crate) async fn a_tag_belongs_to_its_namespace(Store { cache, .. }: Store) {
    let (red, blue) = (cache.namespace("red"), cache.namespace("blue"));
    red.tags(["tag"]).write("key", &1).await;
    blue.tags(["tag"]).write("key", &1).await;
    assert_eq!(cache.delete_tag("tag").await, 0);
    assert_eq!(red.delete_tag("tag").await, 1);
    assert!(!red.exist("key").await);
    assert!(blue.exist("key").await);
}

pub(crate) async fn computed_entries_and_counters_carry_tags(Store { cache, .. }: Store) {
    let tagged = cache.tags(["tag"]);
    let Ok(_) = tagged
        .fetch("fetched", async || Ok::<_, Infallible>(1))
        .await;
    let Ok(_) = tagged
        .fetch_multi(["many"], async |_| Ok::<_, Infallible>(1))
        .await;
    tagged.increment("counter", 1).await;
    tagged.unless_exist().write("new", &1).await;
    assert_eq!(cache.delete_tag("tag").await, 4);
    let keys = ["fetched", "many", "counter", "new"];
    assert!(left(&cache, &keys).await.is_empty());
}

pub(crate) async fn a_prefix_takes_the_entries_that_begin_with_it(Store { cache, .. }: Store) {
    let entries: Vec<_> = (0..1200).map(|n| (format!("todo/{n}"), n)).collect();
    cache.write_multi(entries).await;
    for key in ["todo", "todo%", "tod_/1", "Todo/1", "a/todo/1"] {
        cache.write(key, &1).await;
    }
    assert_eq!(cache.read::<i32>("todo/7").await, Some(7));
    assert_eq!(cache.delete_prefix("todo/").await, 1200);
    assert_eq!(cache.read::<i32>("todo/7").await, None);
    assert_eq!(cache.delete_prefix("todo/").await, 0);
    let keys = ["todo", "todo%", "tod_/1", "Todo/1", "a/todo/1"];
    assert_eq!(left(&cache, &keys).await, keys);
}

pub(crate) async fn a_prefix_takes_entries_of_its_namespace_only(Store { cache, .. }: Store) {
    let (red, blue) = (cache.namespace("red"), cache.namespace("blue"));
    for handle in [&cache, &red, &blue] {
        handle.write("key/1", &1).await;
        handle.write("key/2", &1).await;
    }
    assert_eq!(red.delete_prefix("key/1").await, 1);
    assert_eq!(left(&red, &["key/1", "key/2"]).await, ["key/2"]);
    assert_eq!(blue.delete_prefix("").await, 2);
    assert_eq!(cache.delete_prefix("key").await, 2);
    assert_eq!(left(&red, &["key/2"]).await, ["key/2"]);
}

/// Also where earlier values are in memory, in front of the file.
pub(crate) async fn changes_are_seen_when_they_return(Store { cache, .. }: Store) {
    for number in 0..100 {
        cache.write("key", &number).await;
        for _ in 0..2 {
            assert_eq!(cache.read::<i32>("key").await, Some(number));
        }
        cache.increment("key", 1000).await;
        assert_eq!(cache.read::<i32>("key").await, Some(number + 1000));
        cache.write_multi([("key", number + 1)]).await;
        assert_eq!(cache.read::<i32>("key").await, Some(number + 1));
        assert!(cache.delete("key").await);
        assert_eq!(cache.read::<i32>("key").await, None);
    }
}
