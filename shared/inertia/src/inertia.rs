use std::future::{Ready, ready};

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::visit::{is_inertia, text};
use crate::{Props, Redirect, Render, headers, origin};

/// What a controller answers with: a rendered component, a redirect, or what is wrong with a form. An extractor.
#[derive(Clone)]
pub struct Inertia {
    pub(crate) request: HttpRequest,
    pub(crate) session: Session,
}

impl Inertia {
    /// Renders `component`: as HTML on a first visit, as JSON on an Inertia visit. Messages that waited in the session
    /// are shown now and dropped. Has settings, and begins when it is awaited.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use inertia::{Inertia, Props, RenderError};
    ///
    /// async fn index(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    ///     let props = Props::new().lazy("users", async || Ok(["ada"]));
    ///     inertia.render("Users/Index", props).etag("users-17").await
    /// }
    /// ```
    pub fn render(self, component: impl Into<String>, props: Props) -> Render {
        Render::new(self, component.into(), props)
    }

    /// Sends the client to `target` with a GET, after a write. `target` may have a fragment, and may be of another site.
    ///
    /// ```
    /// use actix_web::Responder;
    /// use inertia::Inertia;
    ///
    /// async fn create(inertia: Inertia) -> impl Responder {
    ///     inertia.redirect("/users").errors([("name", "can't be blank")]).flash("alert", "Not saved")
    /// }
    /// ```
    pub fn redirect(&self, target: impl Into<String>) -> Redirect {
        Redirect::new(self.clone(), target.into())
    }

    /// Sends the client to where it came from, or to `otherwise` when that is not known or another site.
    pub fn redirect_back(&self, otherwise: &str) -> Redirect {
        self.redirect(self.referrer().unwrap_or(otherwise))
    }

    /// The path and query of the page that the request comes from, if it is one of ours.
    pub fn referrer(&self) -> Option<&str> {
        let url = text(self.request.headers(), header::REFERER.as_str())?;
        origin::path_of_ours(&self.request, url)
    }

    /// Makes the browser, not the client, load `url`: another site, or a page that is not Inertia's.
    pub fn location(&self, url: &str) -> HttpResponse {
        if self.is_inertia() {
            return HttpResponse::Conflict()
                .insert_header((headers::LOCATION, url))
                .finish();
        }
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url))
            .finish()
    }

    /// Whether Inertia's client made the request, as opposed to a browser that loads a document.
    pub fn is_inertia(&self) -> bool {
        is_inertia(self.request.headers())
    }

    /// Whether the client loads a page that nobody has asked for yet.
    pub fn is_prefetch(&self) -> bool {
        text(self.request.headers(), headers::PURPOSE) == Some("prefetch")
    }
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
