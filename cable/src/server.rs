use std::any::Any;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use boot::{CableLink, Metrics, Requests, Serving, Stores};
use settings::{CableAdapter, Settings};
use socket2::SockRef;
use telemetry::{Failure, Service};
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::routes::{Parts, routes};

/// How long what was sent to a client may stay unread.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long clients have to take their leave.
const DRAIN: Duration = Duration::from_secs(10);

/// Listens where the settings say, and runs.
///
/// # Errors
/// Why the process cannot serve.
pub async fn start(
    settings: Settings,
    service: Service,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    check(&settings)?;
    let at = (settings.cable.bind.as_str(), settings.cable.port);
    let listener = boot::listen(&service, "cable", at, "CABLE_PORT")?;
    run(listener, settings, service, shutdown).await
}

/// Whether the process could serve: broadcasts are rows of a database.
///
/// # Errors
/// What stands against it.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    match settings.cable.adapter {
        CableAdapter::SolidCable(_) => Ok(()),
        CableAdapter::Async => Err(nothing_to_do()),
    }
}

/// Asks the process that runs with these settings whether it is ready.
///
/// # Errors
/// Why it is not.
pub fn health() -> Result<(), Failure> {
    boot::command(async |settings| {
        boot::probe(
            "cable",
            &settings.cable.bind,
            settings.cable.port,
            "CABLE_PORT",
        )
    })
}

/// Serves `listener` until `shutdown`, then tells all clients to come again and closes their sockets.
///
/// # Errors
/// Why the process cannot serve.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    service: Service,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let metrics = Metrics::record("cable")?;
    let Stores {
        app, cable, files, ..
    } = Stores::open(&settings)?;
    let metrics = metrics.with_files(&files);
    let CableLink::SolidCable(solid_cable) = cable else {
        return Err(nothing_to_do());
    };
    // Clients get their messages as long as they are there, and those who come again miss nothing.
    let all_gone = CancellationToken::new();
    let listening = tokio::spawn(solid_cable.listen(all_gone.clone().cancelled_owned()));
    let channels = app::channels(
        app.clone(),
        app.cable.clone(),
        settings.cable.server.clone(),
    );

    let health = Health {
        channels: channels.clone(),
        common: boot::Health::new(&files, &shutdown),
        polling_interval: polling_interval(&settings),
    };
    let upkeep = tokio::spawn(metrics.clone().keep_up());
    let parts = Parts {
        channels: channels.clone(),
        broadcasts: boot::broadcasts(&settings, app.cable.clone()),
        health: health.clone(),
        metrics,
    };
    let address = listener.local_addr()?;
    let server = server(listener, service.clone(), parts)?;
    service.watch("listener of messages", move || health.silence());
    tracing::info!(%address, app_env = %settings.app_env, "listening");

    let goodbye = async {
        channels.shutdown().await;
    };
    let goodbye_takes = settings.cable.server.drain_timeout + settings.cable.server.close_timeout;
    let serving = Serving {
        service,
        address,
        end: goodbye_takes + DRAIN,
    };
    boot::serve(server, serving, &shutdown, goodbye).await?;
    all_gone.cancel();
    upkeep.abort();
    Ok(listening.await?)
}

fn polling_interval(settings: &Settings) -> Duration {
    match &settings.cable.adapter {
        CableAdapter::SolidCable(config) => config.polling_interval,
        CableAdapter::Async => Duration::ZERO,
    }
}

fn server(listener: TcpListener, service: Service, parts: Parts) -> std::io::Result<Server> {
    let requests = Data::new(Requests::default());
    let server = HttpServer::new(move || {
        // The event loop calls this once, and shows from then on that it moves.
        actix_web::rt::spawn(service.beat("event loop").keep());
        App::new()
            .app_data(requests.clone())
            .wrap(from_fn(boot::observe))
            .configure(|config| routes(config, &parts))
    });
    let server = server
        .on_connect(|connection, _| bound_silence(connection))
        // Only the head of a connection's first request has to be there in time.
        .keep_alive(KeepAlive::Disabled)
        .workers(1)
        // The system's limit of open files is the one that counts.
        .max_connections(usize::MAX >> 1)
        .disable_signals()
        .shutdown_timeout(DRAIN.as_secs())
        .listen(listener)?
        .run();
    Ok(server)
}

/// Lets the system end the connection of a client that reads nothing any more: a WebSocket that is closed here would
/// otherwise wait for it to read the goodbye.
fn bound_silence(connection: &dyn Any) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT)) {
        tracing::warn!(error = %error, "could not bound how long a client may read nothing");
    }
}

fn nothing_to_do() -> Failure {
    Failure::new("cable.yml says `adapter: async`: the web process serves its sockets itself, and this one has none")
        .hint("set `adapter: solid_cable`, or APP_ENV=production")
}
