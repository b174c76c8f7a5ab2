pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod icon;
pub(crate) mod list_view;
pub(crate) mod todos;

mod broadcast;
mod idempotency_key;
mod params;
mod write;
