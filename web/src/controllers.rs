pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod todos;

mod broadcast;
mod params;
