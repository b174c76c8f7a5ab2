use action_cable::auth::{Token, TokenPolicy};
use action_cable::{pubsub, turbo};

use crate::AppContext;

/// Who may connect to the cable, and to which streams that no channel of ours names.
#[derive(Clone, Debug)]
pub struct Access {
    /// What is wanted of clients' tokens.
    pub tokens: TokenPolicy,
    /// Which Turbo Streams a Rails application signed.
    pub turbo: turbo::Verifier,
    /// Which streams clients may subscribe to by name.
    pub streams: pubsub::Streams,
}

/// Who is connected: whoever a token names, else anybody.
pub type Visitor = Token;

impl AsRef<TokenPolicy> for AppContext {
    fn as_ref(&self) -> &TokenPolicy {
        &self.access.tokens
    }
}

impl AsRef<turbo::Verifier> for AppContext {
    fn as_ref(&self) -> &turbo::Verifier {
        &self.access.turbo
    }
}

impl AsRef<pubsub::Streams> for AppContext {
    fn as_ref(&self) -> &pubsub::Streams {
        &self.access.streams
    }
}
