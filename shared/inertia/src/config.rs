use std::fmt;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;

use crate::{Page, Props};

/// Why a layout could not be rendered: any error.
pub type LayoutError = Box<dyn std::error::Error + Send + Sync>;
type Layout = dyn Fn(&HttpRequest, &Document<'_>) -> Result<String, LayoutError> + Send + Sync;
type Share = dyn Fn(&HttpRequest) -> Props + Send + Sync;

/// How pages are made: the HTML document around them, the version of their assets, and what all of them have. Belongs
/// into the application's data.
///
/// ```
/// use inertia::{Config, Props};
///
/// let config = Config::new("version-1", |_request, document| {
///     Ok(format!("<!DOCTYPE html><html><body>{}</body></html>", document.elements()))
/// })
/// .share(|_request| Props::new().value("app", "Greetings"))
/// .encrypt_history();
/// let app = actix_web::App::new().app_data(config);
/// ```
#[derive(Clone)]
pub struct Config {
    version: Arc<str>,
    layout: Arc<Layout>,
    share: Option<Arc<Share>>,
    pub(crate) encrypt_history: bool,
}

/// What goes into the HTML document of a first visit.
#[derive(Debug)]
pub struct Document<'a> {
    page: &'a Page,
    elements: &'a str,
}

impl Config {
    /// `version` changes with the assets: a hash of their manifest for instance. `layout` renders the HTML document.
    pub fn new<F>(version: impl Into<Arc<str>>, layout: F) -> Self
    where
        F: Fn(&HttpRequest, &Document<'_>) -> Result<String, LayoutError> + Send + Sync + 'static,
    {
        Self {
            version: version.into(),
            layout: Arc::new(layout),
            share: None,
            encrypt_history: false,
        }
    }

    /// Props that every page has, beside its own.
    #[must_use]
    pub fn share(self, share: impl Fn(&HttpRequest) -> Props + Send + Sync + 'static) -> Self {
        Self {
            share: Some(Arc::new(share)),
            ..self
        }
    }

    /// What clients keep of pages in the browser's history is encrypted, unless a page says otherwise.
    #[must_use]
    pub fn encrypt_history(self) -> Self {
        Self {
            encrypt_history: true,
            ..self
        }
    }

    pub(crate) fn of(request: &ServiceRequest) -> Option<&Self> {
        request.app_data()
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn shared(&self, request: &HttpRequest) -> Props {
        self.share
            .as_ref()
            .map_or_else(Props::new, |share| share(request))
    }

    pub(crate) fn document(
        &self,
        request: &HttpRequest,
        page: &Page,
    ) -> Result<String, LayoutError> {
        let elements = page.elements()?;
        let document = Document {
            page,
            elements: &elements,
        };
        (self.layout)(request, &document)
    }
}

impl Document<'_> {
    /// The page that the document starts with.
    pub fn page(&self) -> &Page {
        self.page
    }

    /// The two elements from which the client starts: a script with the page, and the element to mount it in. Safe to
    /// put into HTML as they are.
    pub fn elements(&self) -> &str {
        self.elements
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("version", &self.version)
            .field("encrypt_history", &self.encrypt_history)
            .finish_non_exhaustive()
    }
}
