use actix_session::Session;
use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::visit::text;
use crate::{Inertia, headers, session};

/// A redirect, and what the page at its end gets. A responder.
#[must_use = "a redirect does nothing until it is returned"]
pub struct Redirect {
    inertia: Inertia,
    target: String,
    errors: Map<String, Value>,
    error_bag: Option<String>,
    flash: Vec<(String, Value)>,
    clear_history: bool,
    preserve_fragment: bool,
}

impl Redirect {
    pub(crate) fn new(inertia: Inertia, target: String) -> Self {
        let error_bag = text(inertia.request.headers(), headers::ERROR_BAG).map(str::to_owned);
        Self {
            inertia,
            target,
            errors: Map::new(),
            error_bag,
            flash: Vec::new(),
            clear_history: false,
            preserve_fragment: false,
        }
    }

    /// The page shows what is wrong: messages by the name of the field.
    pub fn errors<K: Into<String>, M: Serialize>(
        mut self,
        errors: impl IntoIterator<Item = (K, M)>,
    ) -> Self {
        self.errors.extend(to_json(errors));
        self
    }

    /// The errors are those of one of the page's forms. Without it the client says of which.
    pub fn error_bag(self, bag: impl Into<String>) -> Self {
        Self {
            error_bag: Some(bag.into()),
            ..self
        }
    }

    /// The page shows a message, once.
    pub fn flash(mut self, key: impl Into<String>, message: impl Into<Value>) -> Self {
        self.flash.push((key.into(), message.into()));
        self
    }

    /// The client forgets the key of what it encrypted in the browser's history: at a logout.
    pub fn clear_history(self) -> Self {
        Self {
            clear_history: true,
            ..self
        }
    }

    /// The client keeps the fragment of the address that it asked for.
    pub fn preserve_fragment(self) -> Self {
        Self {
            preserve_fragment: true,
            ..self
        }
    }

    fn keep_messages(&mut self, session: &Session) {
        let errors = std::mem::take(&mut self.errors);
        if !errors.is_empty() {
            session::keep_errors(session, in_bag(self.error_bag.take(), errors));
        }
        for (key, message) in self.flash.drain(..) {
            session::keep_flash(session, &key, message);
        }
        if self.clear_history {
            session::clear_history(session);
        }
        if self.preserve_fragment {
            session::preserve_fragment(session);
        }
    }
}

impl From<Redirect> for HttpResponse {
    fn from(mut redirect: Redirect) -> Self {
        let session = redirect.inertia.session.clone();
        redirect.keep_messages(&session);
        Self::SeeOther()
            .insert_header((header::LOCATION, redirect.target))
            .finish()
    }
}

impl Responder for Redirect {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.into()
    }
}

pub(crate) fn to_json<K: Into<String>, M: Serialize>(
    errors: impl IntoIterator<Item = (K, M)>,
) -> Map<String, Value> {
    let message = |message: M| serde_json::to_value(message).unwrap_or(Value::Null);
    errors
        .into_iter()
        .map(|(field, text)| (field.into(), message(text)))
        .collect()
}

fn in_bag(bag: Option<String>, errors: Map<String, Value>) -> Map<String, Value> {
    match bag {
        Some(bag) => Map::from_iter([(bag, Value::Object(errors))]),
        None => errors,
    }
}
