//! What waits in the session for the next page: validation errors, flash messages and what to do with the history.

use actix_session::Session;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

const ERRORS: &str = "inertia_errors";
const FLASH: &str = "inertia_flash";
const CLEAR_HISTORY: &str = "inertia_clear_history";
const PRESERVE_FRAGMENT: &str = "inertia_preserve_fragment";

/// What one page shows and no other.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) errors: Map<String, Value>,
    pub(crate) flash: Map<String, Value>,
    pub(crate) clear_history: bool,
    pub(crate) preserve_fragment: bool,
}

/// Looks at what waits, and leaves it there.
pub(crate) fn peek(session: &Session) -> Messages {
    Messages {
        errors: get(session, ERRORS),
        flash: get(session, FLASH),
        clear_history: get(session, CLEAR_HISTORY),
        preserve_fragment: get(session, PRESERVE_FRAGMENT),
    }
}

/// Drops what waits. A session that holds nothing of it stays as it is: it would be sent again with every page.
pub(crate) fn clear(session: &Session) {
    for name in [ERRORS, FLASH, CLEAR_HISTORY, PRESERVE_FRAGMENT] {
        if session.contains_key(name) {
            session.remove(name);
        }
    }
}

pub(crate) fn keep_errors(session: &Session, errors: Map<String, Value>) {
    let mut all: Map<String, Value> = get(session, ERRORS);
    all.extend(errors);
    keep(session, ERRORS, all);
}

pub(crate) fn keep_flash(session: &Session, key: &str, message: Value) {
    let mut flash: Map<String, Value> = get(session, FLASH);
    flash.insert(key.to_owned(), message);
    keep(session, FLASH, flash);
}

pub(crate) fn clear_history(session: &Session) {
    keep(session, CLEAR_HISTORY, true);
}

pub(crate) fn preserve_fragment(session: &Session) {
    keep(session, PRESERVE_FRAGMENT, true);
}

/// What somebody else filled differently counts as empty.
fn get<T: DeserializeOwned + Default>(session: &Session, name: &str) -> T {
    session.get(name).ok().flatten().unwrap_or_default()
}

fn keep(session: &Session, name: &str, value: impl Serialize) {
    if let Err(error) = session.insert(name, value) {
        tracing::error!(error = %error, "could not keep messages in the session");
    }
}

impl Messages {
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
            && self.flash.is_empty()
            && !self.clear_history
            && !self.preserve_fragment
    }
}
