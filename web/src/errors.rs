//! What a handler can fail with, and the page that the browser gets for it.

mod page;

use std::time::Duration;

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use app::models::TodoError;
use db::DbError;
use inertia::RenderError;
pub(crate) use page::pages;

use crate::background::Lost;

#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("{message}")]
    BadRequest { message: String },
    #[error(
        "expected a form (application/x-www-form-urlencoded) or JSON (application/json), got {got}"
    )]
    UnsupportedMediaType { got: String },
    #[error(transparent)]
    Todo(#[from] TodoError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("the body did not arrive within {} s", limit.as_secs())]
    RequestTimeout { limit: Duration },
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::RequestTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Todo(TodoError::Invalid(_) | TodoError::KeyOfAnother) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Todo(TodoError::NotFound(_)) => StatusCode::NOT_FOUND,
            Self::Todo(TodoError::Database(error)) | Self::Database(error)
                if error.is_transient() =>
            {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Todo(_) | Self::Database(_) | Self::Render(_) | Self::Lost(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}
