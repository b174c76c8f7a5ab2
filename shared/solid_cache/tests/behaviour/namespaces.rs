use std::time::Duration;

use solid_cache::Config;

use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

pub(crate) async fn a_handle_has_a_namespace_of_its_own(Store { cache, .. }: Store) {
    let (red, blue) = (cache.namespace("red"), cache.namespace("blue"));
    cache.write("key", &0).await;
    red.write("key", &1).await;
    blue.write("key", &2).await;
    for (handle, value) in [(&cache, 0), (&red, 1), (&blue, 2)] {
        assert_eq!(handle.read::<i32>("key").await, Some(value));
    }
    assert_eq!(cache.read::<i32>("red:key").await, Some(1));
    assert!(red.delete("key").await);
    assert!(!red.exist("key").await);
    assert!(blue.exist("key").await);
    assert!(cache.exist("key").await);
}

pub(crate) async fn a_handle_without_namespace_takes_keys_as_they_are(store: Store) {
    let cache = store.configured(Config {
        namespace: Some("app".into()),
        ..Config::default()
    });
    cache.write("key", &1).await;
    let plain = cache.without_namespace();
    assert_eq!(plain.read::<i32>("key").await, None);
    assert_eq!(plain.read::<i32>("app:key").await, Some(1));
    let other = cache.namespace("other");
    assert_eq!(other.read::<i32>("key").await, None);
    assert!(other.write("key", &2).await);
    assert_eq!(plain.read::<i32>("other:key").await, Some(2));
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    assert_eq!(cache.namespace("").read::<i32>("app:key").await, Some(1));
}

pub(crate) async fn clear_empties_all_namespaces(Store { cache, .. }: Store) {
    cache.namespace("red").write("key", &1).await;
    cache.write("key", &1).await;
    assert!(cache.namespace("blue").clear().await);
    assert!(!cache.namespace("red").exist("key").await);
    assert!(!cache.exist("key").await);
}

pub(crate) async fn entries_expire_as_configured(store: Store) {
    let cache = store.configured(Config {
        expires_in: Some(MINUTE),
        ..Config::default()
    });
    cache.write("usual", &1).await;
    cache.write_multi([("many", 1)]).await;
    cache.increment("counter", 1).await;
    cache.expires_in(2 * MINUTE).write("longer", &1).await;
    store.travel(Duration::from_micros(59_999_999));
    for key in ["usual", "many", "counter", "longer"] {
        assert!(cache.exist(key).await, "{key}");
    }
    store.travel(Duration::from_micros(1));
    for key in ["usual", "many", "counter"] {
        assert!(!cache.exist(key).await, "{key}");
    }
    assert!(cache.exist("longer").await);
}
