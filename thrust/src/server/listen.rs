use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};
use telemetry::Failure;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// A socket that listens on `address:port`; port 0 takes any. `::` is every address, IPv4 too, and where the machine has
/// no IPv6 every address of IPv4. `variable` is what sets the port.
///
/// # Errors
/// What the system said, and what to do about it.
pub(crate) fn listen(address: IpAddr, port: u16, variable: &str) -> Result<TcpListener, Failure> {
    let every_v4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let bound = match bind(SocketAddr::new(address, port)) {
        Err(error) if no_ipv6(&error) && address.is_unspecified() => {
            bind(SocketAddr::new(every_v4, port))
        }
        bound => bound,
    };
    bound.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => format!(
                "set {variable} to a port from 1024 on, or let the program have the capability CAP_NET_BIND_SERVICE"
            ),
            _ => format!("stop the process that listens there, or set {variable} (and {}) to a free address", if variable == "STATUS_PORT" { "STATUS_BIND" } else { "HTTP_BIND" }),
        };
        let address = SocketAddr::new(address, port);
        Failure::new(format!("could not listen on {address}: {error}")).hint(hint)
    })
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn no_ipv6(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT, EADDRNOTAVAIL
    matches!(error.raw_os_error(), Some(97 | 99))
}
