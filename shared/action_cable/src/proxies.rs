use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The word for loopback and private addresses, which Rails trusts.
const PRIVATE: &str = "private";

/// What Rails trusts by default. Source: `actionpack` 8.1 (`middleware/remote_ip.rb`).
const PRIVATE_NETWORKS: [&str; 8] = [
    "127.0.0.0/8",
    "::1",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// The proxies whose `X-Forwarded-*` headers are believed, by their addresses. Anybody else could write such headers
/// himself. By default none are.
///
/// ```
/// use action_cable::TrustedProxies;
///
/// let proxies: TrustedProxies = "private, 203.0.113.7, 2001:db8::/32".parse()?;
/// assert!(proxies.trusts("10.1.2.3".parse()?) && proxies.trusts("203.0.113.7".parse()?));
/// assert!(!proxies.trusts("203.0.113.8".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that names no proxies.
#[derive(Debug, thiserror::Error)]
#[error("expected addresses, networks such as 10.0.0.0/8, or `private`, got `{0}`")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// Whether a proxy of this address is trusted.
    pub fn trusts(&self, address: IpAddr) -> bool {
        // An IPv6 socket has IPv4 clients, too.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn sent(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr();
        peer.is_some_and(|peer| self.trusts(peer.ip()))
    }
}

/// Addresses and networks, split by commas; `private` stands for loopback and all private networks.
impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    fn from_str(list: &str) -> Result<Self, InvalidNetwork> {
        let named = list.split(',').map(str::trim);
        let mut networks = Vec::new();
        for name in named.filter(|name| !name.is_empty()) {
            if name == PRIVATE {
                let private: Result<Vec<_>, _> =
                    PRIVATE_NETWORKS.map(network).into_iter().collect();
                networks.extend(private?);
            } else {
                networks.push(network(name)?);
            }
        }
        Ok(Self(networks))
    }
}

fn network(name: &str) -> Result<IpNet, InvalidNetwork> {
    let address = || name.parse::<IpAddr>().map(IpNet::from);
    let network = name.parse().or_else(|_| address());
    network.map_err(|_| InvalidNetwork(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (list, address, expected) in [
            ("", "127.0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.0/8 , ::1,", "::1", true),
            ("10.0.0.0/8", "::ffff:10.9.9.9", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("private", "127.0.0.2", true),
            ("private", "172.31.255.255", true),
            ("private", "172.32.0.0", false),
            ("private", "fd00::1", true),
            ("private", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
        ] {
            let proxies: TrustedProxies = list.parse().unwrap();
            assert_eq!(
                proxies.trusts(address.parse().unwrap()),
                expected,
                "{list} {address}"
            );
        }
    }

    #[test]
    fn other_texts_are_errors() {
        for list in [
            "10.0.0.0/33",
            "proxy.example",
            "10.0.0.1 10.0.0.2",
            "10.0.0.0/8,x",
            "*",
        ] {
            assert!(list.parse::<TrustedProxies>().is_err(), "{list}");
        }
    }
}
