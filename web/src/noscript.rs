//! The list for browsers without JavaScript: real HTML and forms, which `<noscript>` hides from all others.
//!
//! It is made of the props that the page has anyway, and sent with every first visit: so it is short. One form is around
//! the whole list, and each button says itself where it leads and what it sends.

mod contents;

use actix_web::HttpRequest;
use askama::Template;
use contents::{Contents, Row};
use inertia::Page;

use crate::controllers::list_view::{Filter, ListView};
use crate::csp::Nonce;

/// Rows on a page.
const ROWS: usize = 100;

/// The list as HTML, with its `noscript` element. Nothing for pages that are not the list.
pub(crate) fn noscript(page: &Page, request: &HttpRequest) -> Result<String, askama::Error> {
    let Some(contents) = Contents::of(page) else {
        return Ok(String::new());
    };
    let list = List {
        nonce: Nonce::of(request),
        token: inertia::csrf::token(request),
        ..List::of(contents, ListView::of(request))
    };
    list.render()
}

#[derive(Default, Template)]
#[template(path = "noscript.html")]
struct List<'a> {
    nonce: String,
    /// The CSRF token of the forms.
    token: String,
    view: ListView,
    rows: Vec<Row<'a>>,
    left: usize,
    done: usize,
    pages: usize,
    error: Option<String>,
    typed: &'a str,
}

impl<'a> List<'a> {
    fn of(contents: Contents<'a>, view: ListView) -> Self {
        let Contents {
            todos,
            error,
            typed,
        } = contents;
        let all = todos.len();
        let done = todos.iter().filter(|todo| todo.completed).count();
        let shown: Vec<Row<'_>> = todos
            .into_iter()
            .filter(|todo| view.filter.shows(todo.completed))
            .collect();
        let pages = shown.len().div_ceil(ROWS).max(1);
        let page = view.page.min(pages - 1);
        Self {
            view: ListView { page, ..view },
            rows: shown.into_iter().skip(page * ROWS).take(ROWS).collect(),
            left: all - done,
            done,
            pages,
            error,
            typed,
            ..Self::default()
        }
    }

    fn is_edited(&self, row: &Row<'_>) -> bool {
        self.view.edit == Some(row.id)
    }

    /// What was typed belongs to the field that it was typed into.
    fn new_title(&self) -> &str {
        match self.view.edit {
            None => self.typed,
            Some(_) => "",
        }
    }

    fn edited_title<'b>(&'b self, row: &'b Row<'_>) -> &'b str {
        match self.error {
            None => &row.title,
            Some(_) => self.typed,
        }
    }

    fn is_last_page(&self) -> bool {
        self.view.page + 1 >= self.pages
    }
}

#[cfg(test)]
mod tests;
