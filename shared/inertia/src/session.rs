//! What waits in the session for the next page: validation errors and flash messages.

use actix_session::Session;
use serde_json::{Map, Value};

const ERRORS: &str = "inertia_errors";
const FLASH: &str = "inertia_flash";

pub(crate) fn keep_errors(session: &Session, errors: Map<String, Value>) {
    keep(session, ERRORS, errors);
}

pub(crate) fn keep_flash(session: &Session, key: &str, message: Value) {
    let mut flash: Map<String, Value> = session.get(FLASH).ok().flatten().unwrap_or_default();
    flash.insert(key.to_owned(), message);
    keep(session, FLASH, flash);
}

pub(crate) fn take_errors(session: &Session) -> Map<String, Value> {
    take(session, ERRORS)
}

pub(crate) fn take_flash(session: &Session) -> Map<String, Value> {
    take(session, FLASH)
}

fn keep(session: &Session, name: &str, messages: Map<String, Value>) {
    if let Err(error) = session.insert(name, messages) {
        tracing::error!(error = %error, "could not keep messages in the session");
    }
}

/// A session that somebody else filled differently counts as empty.
fn take(session: &Session, name: &str) -> Map<String, Value> {
    session
        .remove_as(name)
        .and_then(Result::ok)
        .unwrap_or_default()
}
