//! Deployments, tested as they are run: a release is installed on a machine that boots for the test.
#![warn(missing_docs)]

mod command;
mod machine;
mod release;
mod service;
mod traffic;

pub use command::{has_program, run};
pub use machine::{Machine, on_a_machine};
pub use release::{Releases, folder_of_programs};
pub use service::Unit;
pub use traffic::{Tally, Traffic};
