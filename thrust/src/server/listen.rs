use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};
use telemetry::Failure;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// Bytes that may wait at a socket of UDP, which is one for all clients. The system may allow less.
const DATAGRAMS: usize = 4 << 20;
/// How many ports are tried where any will do.
const TRIES: u32 = 16;

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
        let address = SocketAddr::new(address, port);
        Failure::new(format!("could not listen on {address}: {error}")).hint(hint(&error, variable))
    })
}

/// The same, with a socket for datagrams beside it. Of any port, one that is free for both.
///
/// # Errors
/// As those of the two.
pub(crate) fn listen_with_udp(
    address: IpAddr,
    port: u16,
    variable: &str,
) -> Result<(TcpListener, UdpSocket), Failure> {
    let mut left = if port == 0 { TRIES } else { 1 };
    loop {
        let listener = listen(address, port, variable)?;
        left -= 1;
        match listen_udp(&listener) {
            Err(_) if left > 0 => {}
            socket => return socket.map(|socket| (listener, socket)),
        }
    }
}

/// A socket for datagrams at the address of one that listens for connections: HTTP/3 is where HTTPS is.
///
/// # Errors
/// What the system said, and what to do about it.
pub(crate) fn listen_udp(beside: &TcpListener) -> Result<UdpSocket, Failure> {
    let address = beside.local_addr()?;
    bind_udp(address).map_err(|error| {
        let message = format!("could not listen on {address} of UDP, for HTTP/3: {error}");
        Failure::new(message).hint(hint(&error, "HTTPS_PORT"))
    })
}

fn hint(error: &std::io::Error, variable: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => format!(
            "set {variable} to a port from 1024 on, or let the program have the capability CAP_NET_BIND_SERVICE"
        ),
        _ => format!(
            "stop the process that listens there, or set {variable} (and {}) to a free address",
            if variable == "STATUS_PORT" {
                "STATUS_BIND"
            } else {
                "HTTP_BIND"
            }
        ),
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = open(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_udp(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = open(address, Type::DGRAM, Protocol::UDP)?;
    // More than nothing is enough: what is lost comes again.
    let _ = socket.set_recv_buffer_size(DATAGRAMS);
    let _ = socket.set_send_buffer_size(DATAGRAMS);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// One that does not block, and of IPv6 takes IPv4, too.
fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn no_ipv6(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT, EADDRNOTAVAIL
    matches!(error.raw_os_error(), Some(97 | 99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_port_is_one_that_is_free_for_both() {
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        let taken: Vec<_> = (0..400)
            .map(|_| UdpSocket::bind((address, 0)).unwrap())
            .collect();
        for _ in 0..200 {
            let (listener, socket) = listen_with_udp(address, 0, "PORT").unwrap();
            let [tcp, udp] = [listener.local_addr(), socket.local_addr()];
            assert_eq!(tcp.unwrap(), udp.unwrap());
        }
        let port = taken[0].local_addr().unwrap().port();
        let error = listen_with_udp(address, port, "PORT").unwrap_err();
        assert!(error.to_string().contains("of UDP"), "{error}");
    }
}
