//! What every process does alike at its edges: logging, metrics, what is carried from one process to the next, waiting for
//! the signal to stop, talking to the service manager, and saying why it failed.
#![warn(missing_docs)]

mod failure;
mod logging;
mod otel;
mod probe;
mod process;
mod request_id;
mod service;
mod shutdown;
mod trace;
mod trace_parent;

pub use failure::{Failure, chain, exit};
pub use logging::{Config, LogFormat, Logging, check, init};
pub use otel::Spans;
pub use probe::probe;
pub use process::ProcessMetrics;
pub use request_id::{REQUEST_ID, RequestId};
pub use service::{Beat, Service, forget_service};
pub use shutdown::{Signal, StopSignals};
pub use trace::{Trace, carried, is_traced, rename, tag};
pub use trace_parent::{ParseTraceParentError, TRACEPARENT, TraceParent};
