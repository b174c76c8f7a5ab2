//! Who may connect, and to what: messages, cookies and tokens that another program signed, mostly a Rails application
//! with the same secret.

mod cookie;
mod key;
pub(crate) mod mac;
mod verifier;

pub use cookie::Cookies;
pub use key::KeyGenerator;
pub use verifier::{Digest, InvalidMessage, MessageVerifier};
