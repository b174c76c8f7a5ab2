//! What the three processes do alike before their own work: read the settings, start logging, listen to the signals to
//! stop, talk to the service manager, and open the stores that the settings name.
#![warn(missing_docs)]

mod access;
mod alive;
mod backups;
mod files;
mod health;
mod migrations;
mod monitor;
mod process;
mod serve;
mod stop;
mod stores;

pub use access::broadcasts;
pub use backups::{backup_stores, cache_names};
pub use files::Files;
pub use health::{health_page, health_report};
pub use monitor::{Metrics, Monitor};
pub use process::{check, command, listen, start, start_with};
pub use serve::{Serving, serve};
pub use stop::Stop;
pub use stores::{CableLink, Jobs, Stores, explain, inspect_cache, open_cache};
