use std::fmt;

use actix_web::HttpRequest;
use actix_web::web::Query;
use inertia::Inertia;

const PATH: &str = "/todos";

/// Which part of the list a page shows. It is in the address: `/todos?filter=active&page=2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListView {
    pub(crate) filter: Filter,
    /// Pages are those of the list without JavaScript, from 0.
    pub(crate) page: usize,
    /// The todo whose title is being edited, in the list without JavaScript.
    pub(crate) edit: Option<i64>,
}

/// Which todos are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    #[default]
    All,
    Active,
    Completed,
}

impl Filter {
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::Active, Self::Completed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Active => "active",
            Self::Completed => "completed",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Active => "Active",
            Self::Completed => "Completed",
        }
    }

    pub(crate) fn shows(self, completed: bool) -> bool {
        match self {
            Self::All => true,
            Self::Active => !completed,
            Self::Completed => completed,
        }
    }

    /// An address that was mistyped shows the whole list.
    fn named(name: &str) -> Self {
        let named = Self::ALL.into_iter().find(|filter| filter.name() == name);
        named.unwrap_or_default()
    }
}

impl ListView {
    /// What this address shows.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::from_query(request.query_string())
    }

    pub(crate) fn from_query(query: &str) -> Self {
        let pairs = Query::<Vec<(String, String)>>::from_query(query);
        let mut view = Self::default();
        for (name, value) in pairs.map(Query::into_inner).unwrap_or_default() {
            match name.as_str() {
                "filter" => view.filter = Filter::named(&value),
                "page" => view.page = value.parse().unwrap_or(1_usize).saturating_sub(1),
                "edit" => view.edit = value.parse().ok(),
                _ => {}
            }
        }
        view
    }

    /// What the page shows from which the request comes, if that is the list: whoever changes a todo wants to be back
    /// where it was changed.
    pub(crate) fn before(inertia: &Inertia) -> Self {
        let query = inertia.referrer().and_then(|page| {
            let query = page.strip_prefix(PATH)?.strip_prefix('?')?;
            query.split('#').next()
        });
        Self {
            edit: None,
            ..query.map(Self::from_query).unwrap_or_default()
        }
    }

    pub(crate) fn with_filter(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    pub(crate) fn on_page(self, page: usize) -> Self {
        Self {
            page,
            edit: None,
            ..self
        }
    }

    pub(crate) fn editing(self, id: i64) -> Self {
        Self {
            edit: Some(id),
            ..self
        }
    }
}

/// The address, as short as it can be.
impl fmt::Display for ListView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = (self.filter != Filter::All).then(|| format!("filter={}", self.filter.name()));
        let page = (self.page > 0).then(|| format!("page={}", self.page.saturating_add(1)));
        let edit = self.edit.map(|id| format!("edit={id}"));
        f.write_str(PATH)?;
        for (pair, mark) in [filter, page, edit]
            .into_iter()
            .flatten()
            .zip("?&&".chars())
        {
            write!(f, "{mark}{pair}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::dev::Payload;
    use actix_web::http::header::{HOST, REFERER};
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn addresses_are_made_as_short_as_they_can_be() {
        let cases = [
            ("", "/todos"),
            ("filter=all&page=1", "/todos"),
            ("filter=active", "/todos?filter=active"),
            ("page=3&filter=completed", "/todos?filter=completed&page=3"),
            ("page=2&edit=7", "/todos?page=2&edit=7"),
            ("filter=ACTIVE&page=0&edit=x&more=1", "/todos"),
            ("filter=active&filter=%ff&page=-1", "/todos"),
            ("page=18446744073709551616", "/todos"),
            (
                "page=18446744073709551615",
                "/todos?page=18446744073709551615",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(ListView::from_query(query).to_string(), expected, "{query}");
        }
    }

    #[test]
    fn only_the_own_list_is_gone_back_to() {
        let cases = [
            (
                "http://localhost:3000/todos?filter=active&edit=1",
                "/todos?filter=active",
            ),
            ("http://localhost:3000/todos", "/todos"),
            ("http://localhost:3000/other?filter=active", "/todos"),
            ("http://evil.example/todos?filter=active", "/todos"),
            ("/todos?filter=active", "/todos"),
            ("not a URL", "/todos"),
        ];
        for (referer, expected) in cases {
            let request = TestRequest::default()
                .insert_header((HOST, "localhost:3000"))
                .insert_header((REFERER, referer))
                .to_http_request();
            let inertia = Inertia::from_request(&request, &mut Payload::None);
            assert_eq!(
                ListView::before(&inertia.into_inner().unwrap()).to_string(),
                expected,
                "{referer}"
            );
        }
    }
}
