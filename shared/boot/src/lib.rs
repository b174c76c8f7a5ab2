//! What the three processes do alike before their own work: read the settings, start logging, listen to the signals to
//! stop, talk to the service manager, and open the stores that the settings name.
#![warn(missing_docs)]

mod access;
mod alive;
mod backups;
mod files;
mod health;
mod metrics;
mod migrations;
mod monitor;
mod probe;
mod process;
mod requests;
mod serve;
mod stop;
mod stores;

pub use access::broadcasts;
pub use backups::{backup_stores, cache_names};
pub use files::Files;
pub use health::{Health, health_page, liveness};
pub use metrics::Metrics;
pub use monitor::Monitor;
pub use probe::probe;
pub use process::{check, command, listen, start, start_with};
pub use requests::{Requests, observe};
pub use serve::{Serving, serve};
pub use stop::Stop;
pub use stores::{CableLink, Jobs, Stores, explain, inspect_cache, open_cache};
