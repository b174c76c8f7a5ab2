//! `todo[title]` and `todo[completed]`, from a form or from JSON: Rails' `params.require(:todo).permit(...)`.

use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Query};
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode;
use serde_json::Value;

use crate::errors::AppError;

const FORM: &str = "application/x-www-form-urlencoded";

/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TodoParams {
    pub(crate) title: Option<String>,
    pub(crate) completed: Option<bool>,
}

impl FromRequest for TodoParams {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = match content_type(request).as_str() {
            "application/json" => from_json,
            FORM => from_form,
            other => {
                let got = if other.is_empty() {
                    "none".to_owned()
                } else {
                    format!("`{other}`")
                };
                let error = AppError::UnsupportedMediaType { got };
                return Box::pin(async move { Err(error.into()) });
            }
        };
        let body = Bytes::from_request(request, payload);
        Box::pin(async move { Ok(read(&in_time(body).await?)?) })
    }
}

/// A client that never sends the body must not hold the request, nor the end of the process.
async fn in_time<T, E>(body: impl Future<Output = Result<T, E>>) -> Result<T, actix_web::Error>
where
    E: Into<actix_web::Error>,
{
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(body) => body.map_err(Into::into),
        Err(_) => Err(AppError::RequestTimeout {
            limit: BODY_TIMEOUT,
        }
        .into()),
    }
}

/// Whether the body is a form's.
pub(crate) fn is_form(request: &HttpRequest) -> bool {
    content_type(request) == FORM
}

fn content_type(request: &HttpRequest) -> String {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase()
}

fn from_json(body: &[u8]) -> Result<TodoParams, AppError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is not JSON: {error}")))?;
    let todo = body.get("todo").ok_or_else(missing)?;
    let todo = todo
        .as_object()
        .ok_or_else(|| bad(format!("expected `todo` to be an object, got `{todo}`")))?;
    if todo.is_empty() {
        return Err(missing());
    }
    let title = todo.get("title");
    let completed = todo.get("completed").filter(|value| !value.is_null());
    let title = title.map(|value| match value {
        Value::String(text) => Ok(text.clone()),
        // Blank, as far as the model is concerned.
        Value::Null => Ok(String::new()),
        other => Err(bad(format!(
            "expected `todo.title` to be text, got `{other}`"
        ))),
    });
    let completed = completed.map(|value| match value {
        Value::Bool(completed) => Ok(*completed),
        Value::String(text) => boolean(text),
        other => boolean(&other.to_string()),
    });
    Ok(TodoParams {
        title: title.transpose()?,
        completed: completed.transpose()?,
    })
}

fn from_form(body: &[u8]) -> Result<TodoParams, AppError> {
    let pairs = pairs(body)?;
    if !pairs.iter().any(|(name, _)| name.starts_with("todo[")) {
        return Err(missing());
    }
    let mut params = TodoParams::default();
    for (name, value) in pairs {
        match name.as_str() {
            "todo[title]" => params.title = Some(value),
            // A form sends a hidden `0` before the `1` of a checked box: the last one counts.
            "todo[completed]" => params.completed = Some(boolean(&value)?),
            _ => {}
        }
    }
    Ok(params)
}

/// The fields of a form, which no browser sends but as UTF-8.
fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, AppError> {
    let not_utf8 = |_| bad("expected a form in UTF-8, got other bytes".to_owned());
    let text = std::str::from_utf8(body).map_err(not_utf8)?;
    percent_decode(body).decode_utf8().map_err(not_utf8)?;
    let Query(pairs) =
        Query::from_query(text).map_err(|error| bad(format!("the body is no form: {error}")))?;
    Ok(pairs)
}

fn boolean(text: &str) -> Result<bool, AppError> {
    match text {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "off" | "" => Ok(false),
        other => Err(bad(format!(
            "expected `todo.completed` to be true or false, got `{other}`"
        ))),
    }
}

/// What a change cannot do without.
pub(crate) fn required<T>(value: Option<T>, name: &str) -> Result<T, AppError> {
    value.ok_or_else(|| bad(format!("expected `{name}`, got none")))
}

fn missing() -> AppError {
    bad("param is missing or the value is empty: todo".to_owned())
}

fn bad(message: String) -> AppError {
    AppError::BadRequest { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_forms_say_the_same() {
        let expected = TodoParams {
            title: Some("milk & tea".into()),
            completed: Some(true),
        };
        let json = br#"{"todo":{"title":"milk & tea","completed":true,"admin":true},"other":1}"#;
        assert_eq!(from_json(json).unwrap(), expected);
        let form = b"todo[title]=milk+%26+tea&todo%5Bcompleted%5D=0&todo[completed]=1&other=";
        assert_eq!(from_form(form).unwrap(), expected);
    }

    #[test]
    fn forms_are_utf_8() {
        let title = |body: &[u8]| from_form(body).map(|params| params.title.unwrap_or_default());
        assert_eq!(title(b"todo[title]=caf%C3%A9").unwrap(), "café");
        assert_eq!(title("todo[title]=café".as_bytes()).unwrap(), "café");
        for body in [&b"todo[title]=caf%E9"[..], b"todo[title]=caf\xe9"] {
            assert_eq!(
                title(body).unwrap_err().to_string(),
                "expected a form in UTF-8, got other bytes"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (
                "{",
                "the body is not JSON: EOF while parsing an object at line 1 column 1",
            ),
            (
                r#"{"todo":{}}"#,
                "param is missing or the value is empty: todo",
            ),
            ("{}", "param is missing or the value is empty: todo"),
            (
                r#"{"todo":[]}"#,
                "expected `todo` to be an object, got `[]`",
            ),
            (
                r#"{"todo":{"title":1}}"#,
                "expected `todo.title` to be text, got `1`",
            ),
            (
                r#"{"todo":{"completed":"maybe"}}"#,
                "expected `todo.completed` to be true or false, got `maybe`",
            ),
        ];
        for (body, message) in cases {
            assert_eq!(
                from_json(body.as_bytes()).unwrap_err().to_string(),
                message,
                "{body}"
            );
        }
    }
}
