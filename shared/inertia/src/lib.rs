//! The server side of the Inertia protocol, version 3, for actix-web.
//!
//! A controller asks for an [`Inertia`] and renders a component with its [`Props`], or redirects. The first visit gets
//! HTML with the page in a script element, later ones get the page as JSON. [`protocol`] is the middleware that goes
//! around the routes, [`Config`] says what all pages have in common, and [`csrf`] protects writes.
//!
//! ```
//! use actix_web::{App, HttpResponse, middleware::from_fn, web};
//! use inertia::{Config, Inertia, Props};
//!
//! async fn index(inertia: Inertia) -> Result<HttpResponse, inertia::RenderError> {
//!     inertia.render("Greetings/Index", Props::new().value("greeting", "hello")).await
//! }
//!
//! let config = Config::new("version-1", |_request, document| {
//!     Ok(format!("<html>{}</html>", document.elements()))
//! });
//! let app = App::new()
//!     .app_data(config)
//!     .wrap(from_fn(inertia::protocol))
//!     .route("/", web::get().to(index));
//! ```
//!
//! What waits for the next page (validation errors, flash messages) waits in the session of `actix-session`, whose
//! middleware must be around all this. Without it the messages are lost, and nothing else.
#![warn(missing_docs)]

pub mod csrf;
pub mod headers;

mod config;
mod etag;
mod forms;
mod inertia;
mod middleware;
mod origin;
mod page;
mod precognition;
mod props;
mod redirect;
mod render;
mod session;
mod share;
mod visit;

pub use config::{Config, Document, LayoutError};
pub use forms::forms;
pub use inertia::Inertia;
pub use middleware::protocol;
pub use page::Page;
pub use props::{Prop, PropError, Props, ScrollPage};
pub use redirect::Redirect;
pub use render::{Render, RenderError};
pub use share::share;

/// The examples of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/inertia.md")]
struct Guide;
