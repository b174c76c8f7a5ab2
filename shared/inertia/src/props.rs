//! The props of a page, and how each of them comes.

mod prop;
mod resolve;
mod scroll;
mod source;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;

pub use prop::Prop;
pub(crate) use resolve::{Resolved, resolve};
pub use scroll::ScrollPage;
use serde::Serialize;
pub use source::PropError;

/// The name of a prop.
type Key = Cow<'static, str>;

/// The props of a page. Those that a request does not want are neither computed nor written as JSON.
#[derive(Default)]
pub struct Props {
    entries: Vec<(Key, Entry)>,
}

enum Entry {
    Prop(Box<Prop>),
    Props(Props),
}

impl Props {
    /// No props.
    pub fn new() -> Self {
        Self::default()
    }

    /// A prop that is at hand: short for [`Prop::value`].
    #[must_use]
    pub fn value(self, key: impl Into<Key>, value: impl Serialize + 'static) -> Self {
        self.prop(key, Prop::value(value))
    }

    /// A prop that is there on partial reloads too, whatever they want: short for [`Prop::always`].
    #[must_use]
    pub fn always(self, key: impl Into<Key>, value: impl Serialize + 'static) -> Self {
        self.prop(key, Prop::value(value).always())
    }

    /// A prop that is computed only when it is wanted: short for [`Prop::lazy`].
    #[must_use]
    pub fn lazy<T, F, Fut>(self, key: impl Into<Key>, compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        self.prop(key, Prop::lazy(compute))
    }

    /// A prop that comes only on partial reloads that name it: short for [`Prop::optional`].
    #[must_use]
    pub fn optional<T, F, Fut>(self, key: impl Into<Key>, compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        self.prop(key, Prop::lazy(compute).optional())
    }

    /// A prop that the client asks for once the page is shown: short for [`Prop::defer`].
    #[must_use]
    pub fn defer<T, F, Fut>(self, key: impl Into<Key>, compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        self.prop(key, Prop::lazy(compute).defer())
    }

    /// A prop of any kind. One that has this name already gives way.
    #[must_use]
    pub fn prop(self, key: impl Into<Key>, prop: Prop) -> Self {
        self.insert(key.into(), Entry::Prop(Box::new(prop)))
    }

    /// Props inside of a prop: their names in the protocol are paths (`user.name`).
    #[must_use]
    pub fn nested(self, key: impl Into<Key>, props: Self) -> Self {
        self.insert(key.into(), Entry::Props(props))
    }

    /// All of `others` too; they win over what has their names.
    #[must_use]
    pub fn merge(self, others: Self) -> Self {
        others
            .entries
            .into_iter()
            .fold(self, |props, (key, entry)| props.insert(key, entry))
    }

    /// The names of the props.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_ref())
    }

    fn insert(mut self, key: Key, entry: Entry) -> Self {
        match self.entries.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old = entry,
            None => self.entries.push((key, entry)),
        }
        self
    }
}

impl fmt::Debug for Props {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}
