use std::future::{Ready, ready};

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::Value;

use crate::request::{Wanted, is_inertia};
use crate::{Layout, Page, PropError, Props, headers, session};

/// What a controller answers with: a rendered component or a redirect.
pub struct Inertia {
    request: HttpRequest,
    session: Session,
}

/// Why a page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A prop could not be computed or written as JSON.
    #[error("could not compute the props of `{component}`")]
    Prop {
        /// The component that was to be rendered.
        component: String,
        /// What the prop said.
        #[source]
        source: PropError,
    },
    /// The document around the page could not be rendered.
    #[error("could not render the layout of `{component}`")]
    Layout {
        /// The component that was to be rendered.
        component: String,
        /// What the layout said.
        #[source]
        source: PropError,
    },
    /// There is no [`Layout`] in the application's data.
    #[error("the application has no Inertia layout")]
    NoLayout,
}

impl ResponseError for RenderError {}

impl Inertia {
    /// Renders `component`: as HTML on a first visit, as JSON on an Inertia visit. Messages that waited in the session
    /// are shown now and dropped.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn render(self, component: &str, props: Props) -> Result<HttpResponse, RenderError> {
        self.render_with_status(StatusCode::OK, component, props)
            .await
    }

    /// Like [`Inertia::render`], with another status: error pages are pages too.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn render_with_status(
        self,
        status: StatusCode,
        component: &str,
        props: Props,
    ) -> Result<HttpResponse, RenderError> {
        let layout = self
            .request
            .app_data::<Layout>()
            .cloned()
            .ok_or(RenderError::NoLayout)?;
        let page = self.page(&layout, component, props).await?;
        if is_inertia(self.request.headers()) {
            return Ok(response(status)
                .insert_header((headers::INERTIA, "true"))
                .json(page));
        }
        let failed = |source| RenderError::Layout {
            component: component.to_owned(),
            source,
        };
        let elements = page.elements().map_err(|error| failed(error.into()))?;
        let html = layout.document(&self.request, &elements).map_err(failed)?;
        Ok(response(status)
            .content_type(ContentType::html())
            .body(html))
    }

    async fn page(
        &self,
        layout: &Layout,
        component: &str,
        props: Props,
    ) -> Result<Page, RenderError> {
        let wanted = Wanted::of(self.request.headers(), component);
        let resolved = props.resolve(&wanted).await;
        let mut props = resolved.map_err(|source| RenderError::Prop {
            component: component.to_owned(),
            source,
        })?;
        props.insert(
            "errors".into(),
            Value::Object(session::take_errors(&self.session)),
        );
        Ok(Page {
            component: component.to_owned(),
            props,
            url: self
                .request
                .uri()
                .path_and_query()
                .map_or("/", |target| target.as_str())
                .to_owned(),
            version: layout.version().to_owned(),
            flash: session::take_flash(&self.session),
        })
    }

    /// Sends the client to `path` with a GET, after a write.
    pub fn redirect(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, path))
            .finish()
    }

    /// Sends the client to `path`, whose page gets `errors`: messages by the name of the field.
    pub fn redirect_with_errors<K: Into<String>, M: Serialize>(
        &self,
        path: &str,
        errors: impl IntoIterator<Item = (K, M)>,
    ) -> HttpResponse {
        let to_json = |message| serde_json::to_value(message).unwrap_or(Value::Null);
        let errors = errors
            .into_iter()
            .map(|(field, message)| (field.into(), to_json(message)))
            .collect();
        session::keep_errors(&self.session, errors);
        self.redirect(path)
    }

    /// Keeps a message for the next page, as its `flash`.
    #[must_use]
    pub fn flash(self, key: &str, message: impl Into<Value>) -> Self {
        session::keep_flash(&self.session, key, message.into());
        self
    }

    /// Sends the browser, not the client, to `url`: another site, or a page that is not Inertia's.
    pub fn location(&self, url: &str) -> HttpResponse {
        if is_inertia(self.request.headers()) {
            return HttpResponse::Conflict()
                .insert_header((headers::LOCATION, url))
                .finish();
        }
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url))
            .finish()
    }
}

/// A page belongs to one person and is asked for anew each time, but the browser may keep it for going back.
fn response(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "max-age=0, private, must-revalidate"));
    response
}

impl FromRequest for Inertia {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            request: request.clone(),
            session: request.get_session(),
        }))
    }
}
