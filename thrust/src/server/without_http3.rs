//! What is there of HTTP/3 in a program that was built without it: nothing that could ever be.

use std::net::UdpSocket;
use std::sync::Arc;

use rustls::ServerConfig;
use telemetry::Failure;

use super::Server;
use super::lanes::Lanes;

pub(crate) enum Gate {}

impl Gate {
    pub(crate) fn new(_: UdpSocket, _: &ServerConfig) -> Result<Self, Failure> {
        Err(Failure::new("this program was built without HTTP/3"))
    }
}

impl Server {
    #[allow(clippy::unused_async, reason = "as it is where there is a gate")]
    pub(super) async fn accept_quic(self: Arc<Self>, gate: Gate, _: Lanes) {
        match gate {}
    }
}
