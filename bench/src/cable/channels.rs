//! A server whose clients may subscribe to any stream by its name: the application has only one. It is this program with a
//! hidden command.

use std::future::pending;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use action_cable::Server;
use action_cable::pubsub::{PubSubChannel, Streams};
use actix_web::{App, HttpServer};
use anyhow::Result;
use db::{Database, DatabaseConfig};
use solid_cable::{Config, SolidCable};

/// What the process is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The cable file.
    file: PathBuf,
}

#[allow(clippy::print_stdout, reason = "the benchmark reads the address")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let database = Database::open(&DatabaseConfig::new(options.file), solid_cable::MIGRATIONS)?;
    let solid_cable = SolidCable::new(database, Config::default());
    tokio::spawn(solid_cable.listen(pending()));
    let streams = Arc::new(Streams::default().public());
    let channels: Server<_, ()> = Server::builder(streams, solid_cable.cable())
        .channel::<PubSubChannel<_, ()>>()
        .build();

    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("address={}", listener.local_addr()?);
    let server = HttpServer::new(move || App::new().configure(channels.routes()));
    Ok(server.workers(1).listen(listener)?.run().await?)
}
