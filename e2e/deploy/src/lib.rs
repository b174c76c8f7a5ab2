//! Deployments, tested as they are run: a release is installed on a machine that boots for the test, and started as containers
//! by an engine that starts for the test.
#![warn(missing_docs)]
#![allow(
    clippy::print_stderr,
    reason = "a test says what it skips, and what its machine logged"
)]

mod command;
mod engine;
mod image;
mod machine;
mod messages;
mod mounts;
mod probe;
mod project;
mod release;
mod service;
mod traffic;

pub use command::{has_program, run};
pub use engine::{Engine, on_an_engine};
pub use image::Images;
pub use machine::{Machine, on_a_machine};
pub use messages::collect_to_last;
pub use project::Project;
pub use release::{Releases, folder_of_programs};
pub use service::Unit;
pub use traffic::{Tally, Traffic};
