//! What a supervisor runs. They are tasks of one operating system process, each with a row of its own in
//! `solid_queue_processes`.

mod child;
mod dispatcher;
pub(crate) mod execution;
mod identity;
mod recovery;
pub(crate) mod registration;
mod supervisor;
mod worker;

pub(crate) use dispatcher::dispatch_due;
pub use supervisor::Supervisor;
