use std::fmt::Display;
use std::future::IntoFuture;
use std::pin::Pin;

use actix_web::http::header::{self, ContentType, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde_json::{Map, Value};

use crate::csrf::ForPage;
use crate::props::resolve;
use crate::session::{self, Messages};
use crate::visit::Visit;
use crate::{Config, Inertia, Page, PropError, Props, etag, headers, share};

/// A page may be kept by its browser alone, which asks each time whether it is still true, and may show it when
/// somebody goes back.
const CACHE_CONTROL: &str = "max-age=0, private, must-revalidate";

/// A page on its way: [`Inertia::render`] with settings. Await it for the response.
#[must_use = "a page is rendered when it is awaited"]
pub struct Render {
    inertia: Inertia,
    component: String,
    props: Props,
    status: StatusCode,
    encrypt_history: Option<bool>,
    clear_history: bool,
    flash: Map<String, Value>,
    etag: Option<String>,
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
    /// There is no [`Config`] in the application's data.
    #[error("the application's data has no `inertia::Config`: add one with `App::app_data`")]
    NoConfig,
}

impl ResponseError for RenderError {}

impl Render {
    pub(crate) fn new(inertia: Inertia, component: String, props: Props) -> Self {
        Self {
            inertia,
            component,
            props,
            status: StatusCode::OK,
            encrypt_history: None,
            clear_history: false,
            flash: Map::new(),
            etag: None,
        }
    }

    /// Another status than 200: error pages are pages too, and the client renders them.
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Whether the client encrypts what it keeps of the page in the browser's history, whatever [`Config`] says.
    pub fn encrypt_history(self, encrypt: bool) -> Self {
        Self {
            encrypt_history: Some(encrypt),
            ..self
        }
    }

    /// The client forgets the key of what it encrypted before.
    pub fn clear_history(self) -> Self {
        Self {
            clear_history: true,
            ..self
        }
    }

    /// A message on this page, beside those that waited in the session.
    pub fn flash(mut self, key: impl Into<String>, message: impl Into<Value>) -> Self {
        self.flash.insert(key.into(), message.into());
        self
    }

    /// Names the state of what the page shows, for instance a revision or the time of the last change. While it is what
    /// it was, a client that has the page gets 304 instead, and no lazy prop is computed. What else the page depends on
    /// (shared props, who is logged in) belongs into it; the component, the version of the assets, the session's CSRF
    /// token and the headers of the protocol are in it already, so that no HTML is taken for JSON, nor a part for the
    /// whole.
    pub fn etag(self, state: impl Display) -> Self {
        Self {
            etag: Some(state.to_string()),
            ..self
        }
    }

    async fn respond(self) -> Result<HttpResponse, RenderError> {
        let request = self.inertia.request.clone();
        let config = request.app_data::<Config>().ok_or(RenderError::NoConfig)?;
        request.extensions_mut().insert(ForPage);
        let messages = session::peek(&self.inertia.session);
        let etag = self.validator(config, &messages);
        if let Some(etag) = &etag
            && etag::matches(request.headers(), etag)
        {
            return Ok(response(StatusCode::NOT_MODIFIED, Some(etag)).finish());
        }
        let (inertia, status) = (self.inertia.clone(), self.status);
        // What is only loaded ahead may never be shown.
        let shows_messages = !messages.is_empty() && !inertia.is_prefetch();
        let page = self.page(config, messages).await?;
        let mut response = response(status, etag.as_ref());
        let response = if inertia.is_inertia() {
            response.insert_header((headers::INERTIA, "true"));
            response.json(page)
        } else {
            let html = document(config, &request, page)?;
            response.content_type(ContentType::html()).body(html)
        };
        if shows_messages {
            session::clear(&inertia.session);
        }
        Ok(response)
    }

    /// A page with messages is like no other, and has none.
    fn validator(&self, config: &Config, messages: &Messages) -> Option<HeaderValue> {
        let state = self.etag.as_ref()?;
        let request = &self.inertia.request;
        let is_read = [Method::GET, Method::HEAD].contains(request.method());
        let is_plain = messages.is_empty() && self.flash.is_empty() && !self.clear_history;
        if !is_read || !is_plain || self.status != StatusCode::OK {
            return None;
        }
        etag::validator(&self.inertia, &[&self.component, config.version(), state])
    }

    async fn page(self, config: &Config, messages: Messages) -> Result<Page, RenderError> {
        let request = &self.inertia.request;
        let shared = config.shared(request).merge(share::take(request));
        let shared_props = shared.keys().map(str::to_owned).collect();
        let errors = Props::new().always("errors", messages.errors);
        let props = errors.merge(shared).merge(self.props);
        let visit = Visit::of(request.headers(), &self.component);
        let resolved = resolve(props, &visit).await;
        let (props, metadata) = resolved.map_err(|source| RenderError::Prop {
            component: self.component.clone(),
            source,
        })?;
        let url = request.uri().path_and_query();
        let mut flash = messages.flash;
        flash.extend(self.flash);
        Ok(Page {
            component: self.component,
            props,
            url: url.map_or("/", |target| target.as_str()).to_owned(),
            version: config.version().to_owned(),
            encrypt_history: self.encrypt_history.unwrap_or(config.encrypt_history),
            clear_history: self.clear_history || messages.clear_history,
            preserve_fragment: messages.preserve_fragment,
            flash,
            shared_props,
            metadata,
        })
    }
}

impl IntoFuture for Render {
    type Output = Result<HttpResponse, RenderError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.respond())
    }
}

fn document(config: &Config, request: &HttpRequest, page: Page) -> Result<String, RenderError> {
    let html = config.document(request, &page);
    html.map_err(|source| RenderError::Layout {
        component: page.component,
        source,
    })
}

fn response(status: StatusCode, etag: Option<&HeaderValue>) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
    if let Some(etag) = etag {
        response.insert_header((header::ETAG, etag.clone()));
    }
    response
}
