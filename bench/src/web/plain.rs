//! The baseline: a plain handler of actix-web that sends the bytes of a file. It is this program with a hidden command.

use std::net::TcpListener;
use std::path::PathBuf;

use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Result;
use bytes::Bytes;

/// What the process is given.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The file whose bytes are sent.
    body: PathBuf,
}

#[allow(clippy::print_stdout, reason = "the benchmark reads the address")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("address={}", listener.local_addr()?);
    let body = Data::new(Bytes::from(std::fs::read(options.body)?));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(body.clone())
            .route("/todos", get().to(send))
    });
    // As many as `web` has by default.
    Ok(server.workers(2).listen(listener)?.run().await?)
}

async fn send(body: Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok().body(body.get_ref().clone())
}
