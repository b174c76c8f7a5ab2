//! What a request asks for: the headers of the protocol, read once.

use actix_web::http::header::HeaderMap;

use crate::headers;

/// An Inertia visit, or a first one, which has none of the headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Visit {
    /// Props of the component that are wanted, if not all.
    pub(crate) partial: Option<Selection>,
    /// Paths whose merged value the client starts afresh.
    pub(crate) reset: Vec<String>,
    /// Keys of the once props that the client still has.
    pub(crate) except_once: Vec<String>,
    /// An infinite scroll wants what comes before.
    pub(crate) prepend: bool,
}

/// The props that a partial reload wants, by their paths (`user`, `user.name`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    only: Vec<String>,
    except: Vec<String>,
}

impl Visit {
    /// A partial reload counts only for the component that is about to be rendered.
    pub(crate) fn of(headers: &HeaderMap, component: &str) -> Self {
        if !is_inertia(headers) {
            return Self::default();
        }
        let is_partial = text(headers, headers::PARTIAL_COMPONENT) == Some(component);
        Self {
            partial: is_partial.then(|| Selection {
                only: list(headers, headers::PARTIAL_DATA),
                except: list(headers, headers::PARTIAL_EXCEPT),
            }),
            reset: list(headers, headers::RESET),
            except_once: list(headers, headers::EXCEPT_ONCE_PROPS),
            prepend: text(headers, headers::SCROLL_MERGE_INTENT) == Some("prepend"),
        }
    }

    pub(crate) fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Whether anything at or below `path` is wanted.
    pub(crate) fn wants(&self, path: &str) -> bool {
        self.partial
            .as_ref()
            .is_none_or(|selection| selection.wants(path))
    }

    /// Whether a partial reload names `path`, a part of it, or what it is a part of.
    pub(crate) fn names(&self, path: &str) -> bool {
        let named = |selection: &Selection| selection.only.iter().any(|only| touch(only, path));
        self.partial.as_ref().is_some_and(named)
    }

    /// Whether only parts of what is at `path` are wanted.
    pub(crate) fn cuts(&self, path: &str) -> bool {
        self.partial
            .as_ref()
            .is_some_and(|selection| selection.cuts(path))
    }
}

impl Selection {
    fn wants(&self, path: &str) -> bool {
        let is_excepted = self.except.iter().any(|except| holds(except, path));
        let is_named = self.only.iter().any(|only| touch(only, path));
        !is_excepted && (self.only.is_empty() || is_named)
    }

    fn cuts(&self, path: &str) -> bool {
        let is_whole = self.only.iter().any(|only| holds(only, path));
        let mut parts = self.only.iter().filter(|_| !is_whole).chain(&self.except);
        parts.any(|part| is_below(part, path))
    }
}

/// Whether one of the paths is the other, or a part of it.
fn touch(a: &str, b: &str) -> bool {
    holds(a, b) || is_below(a, b)
}

/// Whether `path` is `whole` or a part of it.
fn holds(whole: &str, path: &str) -> bool {
    whole == path || is_below(path, whole)
}

fn is_below(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole)
        .is_some_and(|rest| rest.starts_with('.'))
}

pub(crate) fn is_inertia(headers: &HeaderMap) -> bool {
    text(headers, headers::INERTIA) == Some("true")
}

/// The version that the client runs on. A client whose page had none sends no header.
pub(crate) fn version(headers: &HeaderMap) -> &str {
    text(headers, headers::VERSION).unwrap_or_default()
}

/// A header as text; one that is none counts as missing.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A header that holds names with commas between them.
pub(crate) fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    text(headers, name)
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[&str], except: &[&str]) -> Selection {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Selection {
            only: owned(only),
            except: owned(except),
        }
    }

    #[test]
    fn only_chooses_props_their_parts_and_what_holds_them() {
        let only = selection(&["todos", "user.name"], &[]);
        for wanted in [
            "todos",
            "todos.first",
            "user",
            "user.name",
            "user.name.last",
        ] {
            assert!(only.wants(wanted), "{wanted}");
        }
        for unwanted in ["rest", "user.mail", "username", "todo"] {
            assert!(!only.wants(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn except_leaves_props_and_their_parts_out() {
        let except = selection(&[], &["todos", "user.mail"]);
        assert!(except.wants("rest") && except.wants("user") && except.wants("user.name"));
        assert!(
            !except.wants("todos") && !except.wants("todos.first") && !except.wants("user.mail")
        );
    }

    #[test]
    fn what_both_name_is_left_out() {
        assert!(!selection(&["todos"], &["todos"]).wants("todos"));
        let both = selection(&["user"], &["user.mail"]);
        assert!(both.wants("user.name") && !both.wants("user.mail"));
    }

    #[test]
    fn a_prop_is_cut_when_only_parts_of_it_are_wanted() {
        assert!(selection(&["user.name"], &[]).cuts("user"));
        assert!(selection(&[], &["user.mail"]).cuts("user"));
        assert!(!selection(&["user", "user.name"], &[]).cuts("user"));
        assert!(!selection(&["todos.first"], &[]).cuts("errors"));
        assert!(!selection(&[], &["todos"]).cuts("user"));
    }
}
