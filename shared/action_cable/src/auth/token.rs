use std::sync::Arc;

use super::{InvalidToken, Jwt};
use crate::{Identify, Refused, UpgradeRequest};

/// A client offers its token as a subprotocol with this in front of it: the one thing that a page can set.
const PROTOCOL: &str = "anycable-token.";

/// Who a token says is connected: an [`Identify`] for applications that vouch for their clients with AnyCable's JSON
/// Web Tokens.
///
/// The token is the parameter `jid` of the URL, the header `X-JID`, or the subprotocol `anycable-token.<token>`
/// beside the real one. The application brings its [`TokenPolicy`].
///
/// ```
/// use action_cable::auth::{Jwt, Token, TokenPolicy};
/// use action_cable::{Cable, Server};
///
/// #[derive(Clone)]
/// struct App(TokenPolicy);
///
/// impl AsRef<TokenPolicy> for App {
///     fn as_ref(&self) -> &TokenPolicy {
///         &self.0
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = App(TokenPolicy::Required(Jwt::new("the secret")));
/// let server = Server::<App, Token>::builder(app, Cable::in_process()).build();
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    identifiers: Option<Arc<str>>,
}

/// What an application wants of its clients' tokens.
#[derive(Clone, Debug, Default)]
pub enum TokenPolicy {
    /// Nobody looks at them.
    #[default]
    Ignored,
    /// A client may come without one; a bad one is refused all the same.
    Optional(Jwt),
    /// A client without one is refused: AnyCable's `enforce_jwt`.
    Required(Jwt),
}

impl Token {
    /// The claim `ext`: the client's identifiers as JSON, such as `{"user_id":"15"}`. `None` for a client without a
    /// token.
    pub fn identifiers(&self) -> Option<&str> {
        self.identifiers.as_deref()
    }
}

impl<A: AsRef<TokenPolicy>> Identify<A> for Token {
    async fn identify(request: &UpgradeRequest<'_>, app: &A) -> Result<Self, Refused> {
        match (app.as_ref(), find(request)) {
            (TokenPolicy::Ignored, _) | (TokenPolicy::Optional(_), None) => Ok(Self::default()),
            (TokenPolicy::Required(_), None) => Err(Refused::Unauthorized),
            (TokenPolicy::Optional(jwt) | TokenPolicy::Required(jwt), Some(token)) => {
                verify(jwt, &token)
            }
        }
    }

    /// The text of the identifiers, byte for byte, as AnyCable's remote disconnect has it.
    fn connection_identifier(&self) -> Option<String> {
        self.identifiers().map(str::to_owned)
    }
}

fn verify(jwt: &Jwt, token: &str) -> Result<Token, Refused> {
    match jwt.verify(token) {
        Ok(identifiers) => Ok(Token {
            identifiers: Some(identifiers.into()),
        }),
        Err(InvalidToken::Expired) => Err(Refused::TokenExpired),
        Err(error) => {
            tracing::debug!(error = %error, "a token does not count");
            Err(Refused::Unauthorized)
        }
    }
}

fn find(request: &UpgradeRequest<'_>) -> Option<String> {
    let header = request.header("x-jid").map(str::to_owned);
    header
        .or_else(|| request.param("jid"))
        .filter(|token| !token.is_empty())
        .or_else(|| offered(request.header("sec-websocket-protocol")?).map(str::to_owned))
}

fn offered(protocols: &str) -> Option<&str> {
    let mut protocols = protocols.split(',').map(str::trim);
    protocols.find_map(|protocol| protocol.strip_prefix(PROTOCOL))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_is_in_the_header_the_url_or_among_the_protocols() {
        let protocols = "actioncable-v1-json, anycable-token.a.b.c";
        for (uri, header, protocols, expected) in [
            ("/cable", None, None, None),
            ("/cable?jid=u", None, Some(protocols), Some("u")),
            ("/cable?jid=u", Some("h"), Some(protocols), Some("h")),
            ("/cable?jid=", None, Some(protocols), Some("a.b.c")),
            ("/cable", None, Some("actioncable-v1-json"), None),
        ] {
            let mut request = TestRequest::with_uri(uri);
            if let Some(header) = header {
                request = request.insert_header(("X-JID", header));
            }
            if let Some(protocols) = protocols {
                request = request.insert_header(("Sec-WebSocket-Protocol", protocols));
            }
            let found = find(&UpgradeRequest(&request.to_http_request()));
            assert_eq!(found.as_deref(), expected, "{uri} {header:?} {protocols:?}");
        }
    }
}
