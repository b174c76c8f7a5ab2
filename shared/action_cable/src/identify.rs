use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::web::Query;

use crate::protocol::Disconnect;

/// Who is at the other end of a connection: Rails' `identified_by` and `Connection#connect` in one.
///
/// `()` identifies nobody and lets everybody in.
pub trait Identify<App>: Clone + Send + Sync + Sized + 'static {
    /// Looks at the request that opened the socket. A client that is [`Refused`] is told so and does not come again.
    fn identify(
        request: &UpgradeRequest<'_>,
        app: &App,
    ) -> impl Future<Output = Result<Self, Refused>>;

    /// The name by which `Cable::disconnect` finds all connections of this identity. A Rails application composes it
    /// of its identifiers (a record's global id, else its text), sorted and joined with `:`.
    fn connection_identifier(&self) -> Option<String> {
        None
    }
}

impl<App> Identify<App> for () {
    async fn identify(_: &UpgradeRequest<'_>, _: &App) -> Result<Self, Refused> {
        Ok(())
    }
}

/// The client may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody vouches for it: Rails' `reject_unauthorized_connection`.
    Unauthorized,
    /// Its token was good once. A client of AnyCable gets a new one and connects again.
    TokenExpired,
}

impl From<Refused> for Disconnect {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthorized => Self::Unauthorized,
            Refused::TokenExpired => Self::TokenExpired,
        }
    }
}

/// The HTTP request that opened a socket.
pub struct UpgradeRequest<'a>(pub(crate) &'a HttpRequest);

impl UpgradeRequest<'_> {
    /// A header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        Some(self.0.cookie(name)?.value().to_owned())
    }

    /// A parameter of the query string.
    pub fn param(&self, name: &str) -> Option<String> {
        let Query(params) =
            Query::<Vec<(String, String)>>::from_query(self.0.query_string()).ok()?;
        let found = params.into_iter().find(|(key, _)| key == name)?;
        Some(found.1)
    }

    /// The address of whoever opened the TCP connection, which may be a proxy.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        Some(self.0.peer_addr()?.ip())
    }
}
