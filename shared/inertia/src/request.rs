use actix_web::http::header::HeaderMap;

use crate::headers;

/// Which props a request wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    partial: Option<Partial>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Partial {
    only: Vec<String>,
    except: Vec<String>,
}

pub(crate) fn is_inertia(headers: &HeaderMap) -> bool {
    header(headers, headers::INERTIA) == Some("true")
}

/// The version that the client runs on. A client whose page had none sends no header.
pub(crate) fn version(headers: &HeaderMap) -> &str {
    header(headers, headers::VERSION).unwrap_or_default()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Wanted {
    /// A partial reload counts only for the component that is about to be rendered.
    pub(crate) fn of(headers: &HeaderMap, component: &str) -> Self {
        if !is_inertia(headers) || header(headers, headers::PARTIAL_COMPONENT) != Some(component) {
            return Self::default();
        }
        let list = |name| names(header(headers, name).unwrap_or_default());
        let (only, except) = (list(headers::PARTIAL_DATA), list(headers::PARTIAL_EXCEPT));
        Self {
            partial: Some(Partial { only, except }),
        }
    }

    #[cfg(test)]
    pub(crate) fn only(names: &[&str]) -> Self {
        let only = names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            partial: Some(Partial {
                only,
                except: Vec::new(),
            }),
        }
    }

    pub(crate) fn includes(&self, key: &str) -> bool {
        let Some(partial) = &self.partial else {
            return true;
        };
        let excepted = partial.except.iter().any(|name| name == key);
        !excepted && (partial.only.is_empty() || self.names(key))
    }

    pub(crate) fn names(&self, key: &str) -> bool {
        self.partial
            .as_ref()
            .is_some_and(|partial| partial.only.iter().any(|name| root(name) == key))
    }
}

/// A dotted name asks for a part of a prop; it gets the whole.
fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn names(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn wanted(pairs: &[(&'static str, &'static str)]) -> Wanted {
        let mut map = HeaderMap::new();
        map.insert(
            HeaderName::from_static(headers::INERTIA),
            HeaderValue::from_static("true"),
        );
        map.insert(
            HeaderName::from_static(headers::PARTIAL_COMPONENT),
            HeaderValue::from_static("Index"),
        );
        for (name, value) in pairs {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        Wanted::of(&map, "Index")
    }

    #[test]
    fn partial_reloads_choose_their_props() {
        let only = wanted(&[(headers::PARTIAL_DATA, "todos, user.name")]);
        assert!(only.includes("todos") && only.includes("user") && !only.includes("rest"));
        let except = wanted(&[(headers::PARTIAL_EXCEPT, "todos")]);
        assert!(!except.includes("todos") && except.includes("rest") && !except.names("rest"));
        assert!(Wanted::default().includes("anything"));
    }
}
