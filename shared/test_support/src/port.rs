use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::net::TcpSocket;

/// A port of this machine that the system gives to nobody else as long as this lives. Whoever knows it may listen there,
/// stop, and listen again.
pub struct Port {
    kept: TcpSocket,
}

impl Port {
    /// Any that is free.
    ///
    /// # Errors
    /// When none is.
    pub fn keep() -> Result<Self> {
        let kept = TcpSocket::new_v4()?;
        // As those do who listen there, or they could not.
        kept.set_reuseaddr(true)?;
        kept.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { kept })
    }

    /// Where it is.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.kept.local_addr()?)
    }
}
