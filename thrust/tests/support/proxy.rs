use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};
use test_support::{Process, Variables};

use super::backend::Backend;

/// The running proxy.
pub struct Proxy {
    pub process: Process,
    pub address: SocketAddr,
}

/// A port where nobody listens, as long as this is kept.
pub fn unused_port() -> Result<(Socket, String)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket().context("no address")?;
    Ok((socket, address.port().to_string()))
}

/// The variables of a proxy on a free port, `more` last.
pub fn variables(more: &[(&str, &str)]) -> Variables {
    let usual = [("HTTP_PORT", "0"), ("HTTP_BIND", "127.0.0.1")];
    let all = usual.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl Proxy {
    /// Starts the proxy in front of a server, which is the cable server, too.
    pub async fn start(backend: &Backend, more: &[(&str, &str)]) -> Result<Self> {
        let port = backend.port();
        let usual = [("TARGET_PORT", &*port), ("CABLE_PORT", &*port)];
        let all: Vec<_> = usual.iter().chain(more).copied().collect();
        Self::run(&[], &all).await
    }

    /// Starts the proxy with a command and variables.
    pub async fn run(command: &[&str], more: &[(&str, &str)]) -> Result<Self> {
        let process = Process::start("thrust", command, &variables(more))?;
        let address = listening(&process, "http").await?;
        Ok(Self { process, address })
    }

    /// Where the status port listens.
    pub async fn status(&self) -> Result<SocketAddr> {
        listening(&self.process, "status").await
    }

    /// Where it listens for HTTPS.
    pub async fn https(&self) -> Result<SocketAddr> {
        listening(&self.process, "https").await
    }

    /// Bytes of memory that the process takes.
    pub fn memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id()?);
        let status = std::fs::read_to_string(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line
            .and_then(|line| line.split_whitespace().next())
            .context("no VmRSS")?
            .parse()?;
        Ok(kilobytes << 10)
    }
}

async fn listening(process: &Process, kind: &str) -> Result<SocketAddr> {
    let line = process.line_with(&format!("kind=\"{kind}\"")).await;
    let address = line.split("address=").nth(1).unwrap_or_default();
    let address = address.split_whitespace().next().unwrap_or_default();
    Ok(address.trim_matches('"').parse()?)
}
