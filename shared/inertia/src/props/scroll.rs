use serde::Serialize;
use serde_json::Value;

/// Where a page of an infinite scroll stands among the others. Pages are numbers, or cursors of any kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrollPage {
    page_name: String,
    previous_page: Value,
    next_page: Value,
    current_page: Value,
}

impl ScrollPage {
    /// The page `current`, which the query parameter `name` chooses. There is none before or after it.
    pub fn new(name: impl Into<String>, current: impl Into<Value>) -> Self {
        Self {
            page_name: name.into(),
            previous_page: Value::Null,
            next_page: Value::Null,
            current_page: current.into(),
        }
    }

    /// There is a page before it.
    #[must_use]
    pub fn previous(self, page: impl Into<Value>) -> Self {
        Self {
            previous_page: page.into(),
            ..self
        }
    }

    /// There is a page after it.
    #[must_use]
    pub fn next(self, page: impl Into<Value>) -> Self {
        Self {
            next_page: page.into(),
            ..self
        }
    }
}
