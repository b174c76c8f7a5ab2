use inertia::Page;
use serde::Deserialize;
use serde_json::Value;

/// What of a page the list is made of.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) todos: Vec<Row>,
    /// What is wrong with the title that was sent last.
    pub(super) error: Option<String>,
    /// That title.
    pub(super) typed: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) completed: bool,
}

#[derive(Deserialize)]
struct Errors {
    title: Option<String>,
}

impl Contents {
    /// `None` for other pages.
    pub(super) fn of(page: &Page) -> Option<Self> {
        let typed = page.flash.get("typed").and_then(Value::as_str);
        (page.component == "Todos/Index").then(|| Self {
            todos: page.prop("todos").unwrap_or_default(),
            error: page.prop("errors").and_then(|errors: Errors| errors.title),
            typed: typed.unwrap_or_default().to_owned(),
        })
    }
}
