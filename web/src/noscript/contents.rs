use std::borrow::Cow;

use inertia::Page;
use serde::Deserialize;
use serde_json::Value;

/// What of a page the list is made of.
#[derive(Debug, Default)]
pub(super) struct Contents<'a> {
    pub(super) todos: Vec<Row<'a>>,
    /// What is wrong with the title that was sent last.
    pub(super) error: Option<String>,
    /// That title.
    pub(super) typed: &'a str,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) title: Cow<'a, str>,
    pub(super) completed: bool,
}

#[derive(Deserialize)]
struct Errors {
    title: Option<String>,
}

impl<'a> Contents<'a> {
    /// `None` for other pages.
    pub(super) fn of(page: &'a Page) -> Option<Self> {
        let typed = page.flash.get("typed").and_then(Value::as_str);
        (page.component == "Todos/Index").then(|| Self {
            todos: page.prop("todos").unwrap_or_default(),
            error: page.prop("errors").and_then(|errors: Errors| errors.title),
            typed: typed.unwrap_or_default(),
        })
    }
}
