//! Who may connect, and to what: messages, cookies and tokens that another program signed, mostly a Rails application
//! with the same secret.

mod cookie;
mod jwt;
mod key;
pub(crate) mod mac;
mod token;
mod verifier;

pub use cookie::Cookies;
pub use jwt::{InvalidToken, Jwt};
pub use key::KeyGenerator;
pub use token::{Token, TokenPolicy};
pub use verifier::{Digest, InvalidMessage, MessageVerifier};
