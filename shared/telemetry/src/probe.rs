//! Asks a process on this host whether it is well: for containers that have neither a shell nor curl.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::Failure;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any health page has.
const LONGEST: u64 = 64 << 10;
/// How the page of a process begins that is ready, but cannot do all of its work.
const DEGRADED: &str = "degraded";

/// Asks the process that listens on `bind:port` at `/up`. Returns the line that says that it is ready.
///
/// # Errors
/// Why it is not, or that it does not answer.
pub fn probe(process: &str, bind: &str, port: u16) -> Result<String, Failure> {
    let unreachable = |error: io::Error| {
        Failure::new(format!(
            "could not ask {process} at {bind}:{port} whether it is ready: {error}"
        ))
        .hint("is it running, and with the same BIND and port as this command?")
    };
    let address = address(bind, port).map_err(unreachable)?;
    let (status, text) = get(address, "/up").map_err(unreachable)?;
    // A proxy that redirects to HTTPS is as ready as it can be asked for.
    if (200..400).contains(&status) {
        let but = if text.starts_with(DEGRADED) {
            format!(", but {text}")
        } else {
            String::new()
        };
        return Ok(format!("{process} is ready ({address}){but}"));
    }
    let why = if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    };
    let problem =
        format!("{process} is not ready: expected 200 from http://{address}/up, got {status}{why}");
    Err(Failure::new(problem).hint("see the log of the process"))
}

/// Whoever listens everywhere is asked over the loopback.
fn address(bind: &str, port: u16) -> io::Result<SocketAddr> {
    let first = (bind, port).to_socket_addrs()?.next();
    let mut address = first.ok_or(io::ErrorKind::NotFound)?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// The status of a page, and its text without tags.
fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: `write!` would send each part by itself.
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: health\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    Some((status, without_tags(body)))
}

fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut is_text = true;
    for character in page.chars() {
        match character {
            '<' => is_text = false,
            '>' => is_text = true,
            other if is_text => text.push(other),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request with this, once it has come whole.
    fn ask(answer: &'static str) -> Result<String, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            assert_eq!(head[0], "GET /up HTTP/1.1");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let outcome = probe("web", "0.0.0.0", port);
        server.join().unwrap();
        outcome.map(|line| line.replace(&port.to_string(), "PORT"))
    }

    #[test]
    fn only_200_is_ready() {
        let line = ask("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert_eq!(line, "web is ready (127.0.0.1:PORT)");
        let page = "HTTP/1.1 200 OK\r\n\r\n<html><body>degraded: the disk is full</body></html>";
        let line = ask(page).unwrap();
        assert_eq!(
            line,
            "web is ready (127.0.0.1:PORT), but degraded: the disk is full"
        );
        let page = "HTTP/1.1 503 Oh\r\n\r\n<html><body>the process\n is stopping</body></html>";
        let error = ask(page).unwrap_err().to_string();
        assert!(
            error.ends_with("got 503: the process is stopping\nhint: see the log of the process"),
            "{error}"
        );
        let error = ask("SSH-2.0\r\n\r\n").unwrap_err().to_string();
        assert!(error.contains("the answer is no HTTP"), "{error}");
    }

    #[test]
    fn nobody_is_not_ready() {
        // The port is kept, so that nobody else takes it; at the other address nobody listens.
        let kept = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = kept.local_addr().unwrap().port();
        let error = probe("cable", "127.0.0.2", port).unwrap_err().to_string();
        assert!(
            error.starts_with("error: could not ask cable at 127.0.0.2:"),
            "{error}"
        );
    }
}
