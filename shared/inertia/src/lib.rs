//! The server side of the Inertia protocol, version 3, for actix-web.
//!
//! A controller asks for an [`Inertia`] and renders a component with its [`Props`]. The first visit gets HTML with the
//! page in a script element, later ones get the page as JSON. [`protocol`] is the middleware that goes around the routes.
//!
//! ```
//! use actix_web::{App, HttpResponse, middleware::from_fn, web};
//! use inertia::{Inertia, Layout, Props};
//!
//! async fn index(inertia: Inertia) -> Result<HttpResponse, inertia::RenderError> {
//!     inertia.render("Greetings/Index", Props::new().value("greeting", "hello")).await
//! }
//!
//! let layout = Layout::new("version-1", |_request, page| Ok(format!("<html>{page}</html>")));
//! let app = App::new()
//!     .app_data(layout)
//!     .wrap(from_fn(inertia::protocol))
//!     .route("/", web::get().to(index));
//! ```
#![warn(missing_docs)]

mod layout;
mod middleware;
mod page;
mod props;
mod request;
mod responder;
mod session;

pub use layout::Layout;
pub use middleware::protocol;
pub use page::Page;
pub use props::{PropError, Props};
pub use responder::{Inertia, RenderError};

/// The request and response headers of the protocol.
pub mod headers {
    /// Marks an Inertia request, and the JSON answer to it.
    pub const INERTIA: &str = "x-inertia";
    /// The version of the assets that the client runs on.
    pub const VERSION: &str = "x-inertia-version";
    /// With status 409: the address that the browser must load as a whole page.
    pub const LOCATION: &str = "x-inertia-location";
    /// The component that a partial reload is for.
    pub const PARTIAL_COMPONENT: &str = "x-inertia-partial-component";
    /// The props that a partial reload wants, with commas between them.
    pub const PARTIAL_DATA: &str = "x-inertia-partial-data";
    /// The props that a partial reload does not want, with commas between them.
    pub const PARTIAL_EXCEPT: &str = "x-inertia-partial-except";
}
