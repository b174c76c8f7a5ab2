use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Values by name, read by every connection without a lock and seldom changed.
pub(crate) struct Table<V>(Arc<ArcSwap<HashMap<String, V>>>);

impl<V: Clone> Table<V> {
    pub(crate) fn get(&self, name: &str) -> Option<V> {
        self.0.load().get(name).cloned()
    }

    pub(crate) fn insert(&self, name: &str, value: V) {
        self.change(|values| values.insert(name.to_owned(), value.clone()));
    }

    /// Inserts a value that goes when the result is dropped.
    #[must_use = "the value goes with it"]
    pub(crate) fn hold(&self, name: &str, value: V) -> Held<V> {
        self.insert(name, value);
        Held {
            table: self.clone(),
            name: name.to_owned(),
        }
    }

    fn change<T>(&self, mut change: impl FnMut(&mut HashMap<String, V>) -> T) {
        self.0.rcu(|values| {
            let mut values = HashMap::clone(values);
            change(&mut values);
            values
        });
    }
}

impl<V> Clone for Table<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(HashMap::new())))
    }
}

/// A value that is in its table as long as this is there.
pub(crate) struct Held<V: Clone> {
    table: Table<V>,
    name: String,
}

impl<V: Clone> Drop for Held<V> {
    fn drop(&mut self) {
        self.table.change(|values| values.remove(&self.name));
    }
}
