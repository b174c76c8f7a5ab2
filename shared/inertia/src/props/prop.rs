use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::ScrollPage;
use super::source::{PropError, Source};

/// One prop: where its value comes from, when it comes, and what the client does with it.
///
/// ```
/// use std::time::Duration;
/// use inertia::{Prop, Props, ScrollPage};
///
/// # fn users() -> Vec<u32> { Vec::new() }
/// let props = Props::new()
///     .prop("plans", Prop::lazy(async || Ok(["free", "team"])).once().expires_in(Duration::from_hours(1)))
///     .prop("stats", Prop::lazy(async || Ok(42)).defer().group("charts").rescue())
///     .prop("users", Prop::value(users()).scroll(ScrollPage::new("page", 1).next(2)).match_on("id"));
/// ```
pub struct Prop {
    pub(super) source: Source,
    pub(super) when: When,
    pub(super) group: Option<String>,
    pub(super) rescue: bool,
    pub(super) merge: Option<Merge>,
    pub(super) match_on: Vec<String>,
    pub(super) once: Option<Once>,
    pub(super) scroll: Option<ScrollPage>,
}

/// On which requests a prop comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// On whole visits, and on partial reloads that want it.
    Wanted,
    /// On every visit, whatever a partial reload wants.
    Always,
    /// Only on partial reloads that want it.
    Partial,
}

/// How a client joins a new value of a prop with what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) deep: bool,
    pub(super) prepend: bool,
    /// Below the prop; empty for the prop itself.
    pub(super) append_at: Vec<String>,
    pub(super) prepend_at: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Once {
    pub(super) key: Option<String>,
    pub(super) expires_in: Option<Duration>,
    pub(super) fresh: bool,
}

impl Prop {
    /// A value that is at hand. It is written as JSON only when it is wanted.
    pub fn value(value: impl Serialize + 'static) -> Self {
        Self::from(Source::value(value))
    }

    /// JSON that is at hand, from a cache for instance: it is passed on as it is.
    pub fn raw(json: Box<RawValue>) -> Self {
        Self::from(Source::raw(json))
    }

    /// A value that is computed only when it is wanted.
    pub fn lazy<T, F, Fut>(compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        Self::from(Source::compute(compute))
    }

    /// Comes on every visit, whatever a partial reload wants.
    #[must_use]
    pub fn always(self) -> Self {
        Self {
            when: When::Always,
            ..self
        }
    }

    /// Comes only on partial reloads that name it.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            when: When::Partial,
            ..self
        }
    }

    /// Comes in a request of its own, which the client makes once the page is shown.
    #[must_use]
    pub fn defer(self) -> Self {
        self.group("default")
    }

    /// Deferred, in one request with the others of the group.
    #[must_use]
    pub fn group(self, name: impl Into<String>) -> Self {
        Self {
            when: When::Partial,
            group: Some(name.into()),
            ..self
        }
    }

    /// When it cannot be computed, the page comes without it and says so, instead of failing. The failure is logged.
    #[must_use]
    pub fn rescue(self) -> Self {
        Self {
            rescue: true,
            ..self
        }
    }

    /// On partial reloads the client appends it to what it has: a list's items, or an object's keys.
    #[must_use]
    pub fn merge(self) -> Self {
        self.merging(|_| {})
    }

    /// On partial reloads the client puts it before what it has.
    #[must_use]
    pub fn prepend(self) -> Self {
        self.merging(|merge| merge.prepend = true)
    }

    /// On partial reloads the client merges it into what it has, at every depth.
    #[must_use]
    pub fn deep_merge(self) -> Self {
        self.merging(|merge| merge.deep = true)
    }

    /// Like [`Prop::merge`], for the list at `path` below it alone.
    #[must_use]
    pub fn merge_at(self, path: impl Into<String>) -> Self {
        self.merging(|merge| merge.append_at.push(path.into()))
    }

    /// Like [`Prop::prepend`], for the list at `path` below it alone.
    #[must_use]
    pub fn prepend_at(self, path: impl Into<String>) -> Self {
        self.merging(|merge| merge.prepend_at.push(path.into()))
    }

    /// Items of a merged list that agree in `field` are one: the new one takes the place of the old one. For a list
    /// below the prop `field` is a path (`data.id`).
    #[must_use]
    pub fn match_on(mut self, field: impl Into<String>) -> Self {
        self.match_on.push(field.into());
        self
    }

    /// The client keeps it from page to page, and does not ask for it again.
    #[must_use]
    pub fn once(self) -> Self {
        self.onced(|_| {})
    }

    /// Like [`Prop::once`], under a name that several pages share.
    #[must_use]
    pub fn once_as(self, key: impl Into<String>) -> Self {
        self.onced(|once| once.key = Some(key.into()))
    }

    /// The client keeps it for so long.
    #[must_use]
    pub fn expires_in(self, time: Duration) -> Self {
        self.onced(|once| once.expires_in = Some(time))
    }

    /// Comes although the client has it, when `fresh` is true.
    #[must_use]
    pub fn fresh(self, fresh: bool) -> Self {
        self.onced(|once| once.fresh = fresh)
    }

    /// A page of an infinite scroll: merged, at the end that the client scrolls to.
    #[must_use]
    pub fn scroll(self, page: ScrollPage) -> Self {
        Self {
            scroll: Some(page),
            ..self.merge()
        }
    }

    /// Like [`Prop::scroll`], where the items are the list at `wrapper` below the prop.
    #[must_use]
    pub fn scroll_in(self, wrapper: impl Into<String>, page: ScrollPage) -> Self {
        Self {
            scroll: Some(page),
            ..self.merge_at(wrapper)
        }
    }

    fn merging(mut self, change: impl FnOnce(&mut Merge)) -> Self {
        change(self.merge.get_or_insert_default());
        self
    }

    fn onced(mut self, change: impl FnOnce(&mut Once)) -> Self {
        change(self.once.get_or_insert_default());
        self
    }
}

impl From<Source> for Prop {
    fn from(source: Source) -> Self {
        Self {
            source,
            when: When::Wanted,
            group: None,
            rescue: false,
            merge: None,
            match_on: Vec::new(),
            once: None,
            scroll: None,
        }
    }
}

impl fmt::Debug for Prop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prop")
            .field("when", &self.when)
            .field("group", &self.group)
            .field("merge", &self.merge)
            .field("once", &self.once)
            .field("scroll", &self.scroll)
            .finish_non_exhaustive()
    }
}
