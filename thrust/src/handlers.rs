//! The steps of [`crate::handler`], one a file.

pub(crate) mod admission;
pub(crate) mod alternative;
pub(crate) mod bad_gateway;
pub(crate) mod forwarded;
pub(crate) mod https;
pub(crate) mod metrics;
pub(crate) mod origin;
pub(crate) mod rate;
pub(crate) mod refusal;
pub(crate) mod request_body;
pub(crate) mod request_id;
pub(crate) mod request_log;
pub(crate) mod sendfile;
pub(crate) mod unread;
pub(crate) mod websocket;
