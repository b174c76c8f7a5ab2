use std::fmt;
use std::sync::Arc;

use actix_web::HttpRequest;

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Render = dyn Fn(&HttpRequest, &str) -> Result<String, Failed> + Send + Sync;

/// The HTML document around a page, and the version of the assets that it loads. Belongs into the application's data.
#[derive(Clone)]
pub struct Layout {
    version: Arc<str>,
    render: Arc<Render>,
}

impl Layout {
    /// `version` changes with the assets, a hash of their manifest for instance. `render` gets the request and the two
    /// elements from which the client starts: a script with the page and the element to mount it in. Both are safe to
    /// put into HTML as they are.
    pub fn new<F>(version: impl Into<Arc<str>>, render: F) -> Self
    where
        F: Fn(&HttpRequest, &str) -> Result<String, Failed> + Send + Sync + 'static,
    {
        Self {
            version: version.into(),
            render: Arc::new(render),
        }
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn document(&self, request: &HttpRequest, page: &str) -> Result<String, Failed> {
        (self.render)(request, page)
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
