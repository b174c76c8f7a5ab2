//! Backups of the database files of a suite: all files as of one moment, while every process goes on writing.
//!
//! A backup is a folder, named by its time in UTC, with a copy of each file and a manifest. It is made under another name
//! and gets its own when all of it is on the disk, so a folder with such a name is complete.
//!
//! What the files hold, and what has to change in them when they are restored, the caller says by [`Store`]s.
#![warn(missing_docs)]

mod disk;
mod error;
mod list;
mod make;
mod manifest;
mod name;
mod renew;
mod restore;
mod rotate;
mod shelf;
mod store;
mod verify;

pub use error::Error;
pub use list::{Entry, list};
pub use make::{Made, Request, make};
pub use manifest::{Copied, Manifest};
pub use renew::renew;
pub use restore::{Restored, restore};
pub use store::{Epoch, Store};
pub use verify::verify;
