use std::fmt;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use app::AppContext;
use app::models::{Invalid, Once, Outcome, TodoError};
use inertia::Inertia;
use std::future::{Ready, ready};

use super::broadcast::broadcast_update_async;
use super::idempotency_key::idempotency_key;
use super::list_view::ListView;
use super::params::is_form;
use crate::background::Background;
use crate::errors::AppError;

/// What was typed is kept in the session, whose cookie browsers cut off or refuse above 4 KB.
const TYPED_BYTES: usize = 1_000;

/// A request that changes something.
pub(crate) struct Write {
    request: HttpRequest,
    app: Data<AppContext>,
    background: Data<Background>,
    inertia: Inertia,
    key: Option<String>,
    /// Where the answer leads to.
    back: ListView,
    typed: Option<String>,
    invalid: Option<Invalid>,
}

impl Write {
    /// Whether the change is made each time, or once under the key that the request has. `params` are what it asks for,
    /// beside its method and path.
    pub(crate) fn once(&self, params: &impl fmt::Debug) -> Once {
        let Some(key) = &self.key else {
            return Once::each_time();
        };
        let (method, path) = (self.request.method(), self.request.path());
        let what = format!("{method} {path} {params:?}");
        Once::new(&author(&self.request), key, &what)
    }

    /// A form without JavaScript shows again what was typed, when that was not valid.
    pub(crate) fn typed(mut self, title: Option<&str>, edited: Option<i64>) -> Self {
        if is_form(&self.request) && !self.inertia.is_inertia() {
            self.typed = title.map(|title| shortened(title).to_owned());
            self.back.edit = edited;
        }
        self
    }

    /// A form that is still being filled in may ask whether the change would be valid.
    pub(crate) fn validated(self, valid: Result<(), Invalid>) -> Self {
        Self {
            invalid: valid.err(),
            ..self
        }
    }

    /// Makes the change and tells all browsers of it, even when the client goes away in between. Then it is back to the
    /// list: with the change, or with what is wrong about it.
    pub(crate) async fn make<C, F>(self, change: C) -> Result<HttpResponse, AppError>
    where
        C: FnOnce(Data<AppContext>) -> F,
        F: Future<Output = Result<Outcome, TodoError>> + Send + 'static,
    {
        let problems = self.invalid.iter().flat_map(Invalid::messages);
        if let Some(answer) = self.inertia.precognition(problems) {
            return Ok(answer);
        }
        let (app, background) = (self.app.clone(), self.background.clone());
        let change = change(app.clone());
        let work = async move {
            let outcome = change.await?;
            // A process may have ended between the change and its broadcast: whoever asks again is the one to make up
            // for it, and a broadcast that waits already is not enqueued twice.
            if outcome != Outcome::Unchanged {
                broadcast_update_async(&app, &background).await;
            }
            Ok(())
        };
        match self.background.finish(work).await? {
            Ok(()) => Ok(self.inertia.redirect(self.done().to_string()).into()),
            Err(TodoError::Invalid(invalid)) => Ok(self.refused(&invalid)),
            Err(error) => Err(error.into()),
        }
    }

    fn done(&self) -> ListView {
        ListView {
            edit: None,
            ..self.back
        }
    }

    fn refused(self, invalid: &Invalid) -> HttpResponse {
        let redirect = self.inertia.redirect(self.back.to_string());
        let redirect = redirect.errors(invalid.messages());
        match self.typed {
            Some(typed) => redirect.flash("typed", typed).into(),
            None => redirect.into(),
        }
    }
}

/// Keys are those of one session: another's may be the same by chance or by intent.
fn author(request: &HttpRequest) -> String {
    inertia::csrf::seed(&request.get_session()).unwrap_or_default()
}

fn shortened(text: &str) -> &str {
    let end = (0..=TYPED_BYTES.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

impl FromRequest for Write {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(write(request, payload))
    }
}

fn write(request: &HttpRequest, payload: &mut Payload) -> Result<Write, actix_web::Error> {
    let inertia = Inertia::from_request(request, payload).into_inner()?;
    Ok(Write {
        request: request.clone(),
        app: Data::from_request(request, payload).into_inner()?,
        background: Data::from_request(request, payload).into_inner()?,
        key: idempotency_key(request.headers())?,
        back: ListView::before(&inertia),
        inertia,
        typed: None,
        invalid: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_cut_between_characters() {
        assert_eq!(shortened("milk"), "milk");
        let euros = "€".repeat(400);
        assert_eq!(shortened(&euros), "€".repeat(333));
    }
}
