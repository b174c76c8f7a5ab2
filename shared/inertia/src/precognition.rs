//! Live validation: a client asks whether the fields of a form are valid, before it is sent.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;

use crate::redirect::to_json;
use crate::visit::{list, text};
use crate::{Inertia, headers};

impl Inertia {
    /// Whether the request only wants to know if its fields are valid. It must change nothing.
    pub fn is_precognitive(&self) -> bool {
        text(self.request.headers(), headers::PRECOGNITION) == Some("true")
    }

    /// The answer to a request that only wants to know if its fields are valid: 204 when `errors` holds nothing about
    /// those that it names, else 422 with the messages. None for all other requests, which go on.
    ///
    /// ```
    /// use actix_web::{HttpResponse, web::Form};
    /// use inertia::Inertia;
    ///
    /// # #[derive(serde::Deserialize)] struct User { name: String }
    /// async fn create(inertia: Inertia, user: Form<User>) -> HttpResponse {
    ///     let errors = user.name.is_empty().then_some(("name", "can't be blank"));
    ///     if let Some(answer) = inertia.precognition(errors) {
    ///         return answer;
    ///     }
    ///     // ... save the user
    ///     inertia.redirect("/users").into()
    /// }
    /// ```
    pub fn precognition<K: Into<String>, M: Serialize>(
        &self,
        errors: impl IntoIterator<Item = (K, M)>,
    ) -> Option<HttpResponse> {
        if !self.is_precognitive() {
            return None;
        }
        let mut errors = to_json(errors);
        let only = list(self.request.headers(), headers::PRECOGNITION_VALIDATE_ONLY);
        errors.retain(|field, _| only.is_empty() || only.contains(field));
        let mut answer = HttpResponse::UnprocessableEntity();
        answer
            .insert_header((headers::PRECOGNITION, "true"))
            .append_header((header::VARY, headers::PRECOGNITION));
        if !errors.is_empty() {
            return Some(answer.json(serde_json::json!({ "errors": errors })));
        }
        let valid = answer.status(StatusCode::NO_CONTENT);
        valid.insert_header((headers::PRECOGNITION_SUCCESS, "true"));
        Some(valid.finish())
    }
}
