use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::Counter;

use super::lanes::Seat;
use crate::options::Limits;

const REFUSED: &str = "thrust_connections_refused_total";

/// How many connections there are, all together and of each address.
#[derive(Clone)]
pub(super) struct Clients(Arc<Shared>);

struct Shared {
    limit: Option<u32>,
    limit_per_client: Option<u32>,
    counts: Mutex<Counts>,
    refused: Counter,
    refused_of_client: Counter,
}

#[derive(Default)]
struct Counts {
    all: u32,
    of: HashMap<IpAddr, u32>,
}

/// A place among the connections. It is free again when this is dropped.
pub(crate) struct Place {
    address: IpAddr,
    clients: Clients,
}

/// Who a connection is of.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) is_tls: bool,
    /// Kept for as long as the connection is, whatever it becomes.
    _place: Arc<(Place, Seat)>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    #[error("MAX_CONNECTIONS is reached")]
    All,
    #[error("MAX_CONNECTIONS_PER_CLIENT is reached")]
    Client,
}

impl Client {
    pub(super) fn new(address: IpAddr, is_tls: bool, place: Place, seat: Seat) -> Self {
        Self {
            address,
            is_tls,
            _place: Arc::new((place, seat)),
        }
    }
}

impl Clients {
    pub(super) fn new(limits: &Limits) -> Self {
        metrics::describe_gauge!("thrust_connections", "Connections of clients that are open");
        metrics::describe_counter!(
            REFUSED,
            "Connections that were closed at once, by the limit that was reached"
        );
        Self(Arc::new(Shared {
            limit: limits.connections,
            limit_per_client: limits.connections_per_client,
            counts: Mutex::default(),
            refused: metrics::counter!(REFUSED, "limit" => "all"),
            refused_of_client: metrics::counter!(REFUSED, "limit" => "client"),
        }))
    }

    /// Whether there is a limit for each.
    #[cfg(feature = "http3")]
    pub(super) fn are_told_apart(&self) -> bool {
        self.0.limit_per_client.is_some()
    }

    pub(super) fn admit(&self, address: IpAddr) -> Result<Place, Full> {
        let address = same_client(address);
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.limit.is_some_and(|limit| counts.all >= limit) {
            self.0.refused.increment(1);
            return Err(Full::All);
        }
        if let Some(limit) = self.0.limit_per_client {
            let of_client = counts.of.entry(address).or_default();
            if *of_client >= limit {
                self.0.refused_of_client.increment(1);
                return Err(Full::Client);
            }
            *of_client += 1;
        }
        counts.all += 1;
        metrics::gauge!("thrust_connections").increment(1);
        Ok(Place {
            address,
            clients: self.clone(),
        })
    }

    fn leave(&self, address: IpAddr) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(of_client) = counts.of.get_mut(&address) {
            *of_client -= 1;
            if *of_client == 0 {
                counts.of.remove(&address);
            }
        }
        metrics::gauge!("thrust_connections").decrement(1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.leave(self.address);
    }
}

/// What counts as one client: an address of IPv4, and a network of 64 bits of IPv6, which is what a household gets.
pub(crate) fn same_client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}
