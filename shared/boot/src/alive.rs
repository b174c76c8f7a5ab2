use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use telemetry::Service;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long to wait before the next question to a server that does not answer yet.
const AGAIN: Duration = Duration::from_millis(50);
/// How soon an answer has to come; whoever is late is asked again.
const LATE: Duration = Duration::from_secs(5);
/// How the answer of a process begins that is well.
const WELL: [u8; 12] = *b"HTTP/1.1 200";
/// ENFILE, EMFILE
const TOO_MANY_FILES: [i32; 2] = [23, 24];

/// Tells the service manager that the process serves, once its own listener says that it is well, and goes on asking it as long as a
/// watchdog runs.
pub(crate) async fn tell(service: Service, address: SocketAddr) {
    if !service.is_there() {
        return;
    }
    let listener = service.beat("listener");
    let main = service.beat("main loop");
    let asked = async {
        until_it_is_well(address).await;
        listener.moved();
        let status = format!("serving on {address}");
        if let Err(error) = service.ready(&status).await {
            tracing::error!(%error, "could not start the watchdog");
        }
        let Some(pace) = service.pace() else {
            return;
        };
        loop {
            tokio::time::sleep(pace).await;
            if is_alive(address).await {
                listener.moved();
            }
        }
    };
    tokio::join!(asked, main.keep());
}

async fn until_it_is_well(address: SocketAddr) {
    while !matches!(answer(address).await, Ok(status) if status == WELL) {
        tokio::time::sleep(AGAIN).await;
    }
}

/// Whether the listener takes connections. One that cannot because all files are in use is busy, and not to be killed.
async fn is_alive(address: SocketAddr) -> bool {
    match answer(address).await {
        // Any answer will do: the process is there, well or not.
        Ok(_) => true,
        Err(error) => error
            .raw_os_error()
            .is_some_and(|code| TOO_MANY_FILES.contains(&code)),
    }
}

/// Asks for `/up`, and returns the beginning of what comes.
async fn answer(address: SocketAddr) -> io::Result<[u8; WELL.len()]> {
    let question = async {
        let mut stream = TcpStream::connect(reachable(address)).await?;
        let question = format!("GET /up HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).await?;
        let mut status = [0; WELL.len()];
        stream.read_exact(&mut status).await?;
        Ok(status)
    };
    tokio::time::timeout(LATE, question).await?
}

/// Where a socket that listens on every address is to be found.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
