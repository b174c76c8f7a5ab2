//! Config files and environment variables, read into typed settings: the only place that reads either.
//!
//! The files are those of Rails: `database.yml`, `queue.yml`, `recurring.yml`, `cache.yml`, `cable.yml`, and `web.yml`
//! beside them, with a section for each environment. A variable `QUEUE__WORKERS__0__THREADS` overrides the key `workers[0].threads` of
//! `queue.yml`. All that is wrong is reported at once, also keys of Rails that have no effect here.
#![warn(missing_docs)]

mod access;
mod app_env;
mod cable;
mod cable_server;
mod cache;
mod databases;
mod encryption;
mod environment;
mod erb;
mod file;
mod problem;
mod quantity;
mod queue;
mod recurring;
pub mod reference;
mod secret;
mod settings;
mod spans;
mod unsupported;
mod web;
mod word;
mod worker;

pub use access::{Access, Broadcast};
pub use app_env::AppEnv;
pub use cable::{Cable, CableAdapter};
pub use cache::Cache;
pub use databases::Databases;
pub use environment::Environment;
pub use problem::{Problem, Problems};
pub use queue::Queue;
pub use secret::{Secret, SecretKeyBase};
pub use settings::Settings;
pub use web::Web;
pub use worker::{SupervisorMode, Worker};
