use std::net::TcpListener;
use std::time::Duration;

use action_cable::Server as Channels;
use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::{Key, SameSite};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use app::{AppContext, Visitor};
use boot::{CableLink, Health, Jobs, Metrics, Requests, Serving, Stores};
use inertia::Config;
use inertia::csrf::Csrf;
use settings::{SecretKeyBase, Settings};
use telemetry::{Failure, Service};
use tokio_util::sync::CancellationToken;

use crate::assets::Assets;
use crate::background::Background;
use crate::cable_url::CableUrl;
use crate::csp::{Policy, content_security_policy};
use crate::requests::log_requests;
use crate::{errors, layout, routes};

/// How long requests that run have to end.
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
    let at = (settings.web.bind.as_str(), settings.web.port);
    let listener = boot::listen(&service, "web", at, "PORT")?;
    run(listener, settings, service, shutdown).await
}

/// Whether the process could serve: the assets are there.
///
/// # Errors
/// What is missing.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    find_assets(settings).map(drop)
}

/// Asks the process that runs with these settings whether it is ready.
///
/// # Errors
/// Why it is not.
pub fn health() -> Result<(), Failure> {
    boot::command(async |settings| {
        boot::probe("web", &settings.web.bind, settings.web.port, "PORT")
    })
}

/// Serves `listener` until `shutdown`, then finishes the requests that run.
///
/// # Errors
/// Why the process cannot serve.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    service: Service,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    let layout = layout::layout(find_assets(&settings)?, &settings);
    let metrics = Metrics::record("web")?;
    let stores = Stores::open(&settings)?;
    let metrics = metrics.with_stores(&stores);
    let upkeep = tokio::spawn(metrics.clone().keep_up());
    let Stores {
        app,
        jobs,
        cable,
        files,
    } = stores;
    let background = Background::new(shutdown.clone());
    perform_jobs(jobs, &app, &shutdown, &background);
    let channels = own_channels(&cable, &app, &settings);
    let parts = Parts {
        app: Data::new(app),
        health: Data::new(Health::new(&files, &shutdown)),
        metrics: Data::new(metrics),
        requests: Data::new(Requests::default()),
        background: Data::new(background.clone()),
        csrf: Csrf::new(settings.secret_key_base.expose().as_bytes())
            .secure(settings.web.assume_ssl),
        policy: Data::new(Policy::new(
            CableUrl::of(&settings),
            settings.web.vite_url.as_deref(),
        )),
        pages: layout,
        channels: channels.clone(),
    };
    let server = server(listener, &settings, service.clone(), parts)?;

    let goodbye = async {
        if let Some(channels) = channels {
            channels.shutdown().await;
        }
    };
    let serving = Serving {
        service,
        address,
        end: DRAIN,
    };
    let outcome = boot::serve(server, serving, &shutdown, goodbye).await;
    background.end().await;
    upkeep.abort();
    outcome
}

/// What requests work with.
#[derive(Clone)]
struct Parts {
    app: Data<AppContext>,
    health: Data<Health>,
    metrics: Data<Metrics>,
    requests: Data<Requests>,
    background: Data<Background>,
    csrf: Csrf,
    policy: Data<Policy>,
    pages: Config,
    channels: Option<Channels<AppContext, Visitor>>,
}

fn find_assets(settings: &Settings) -> Result<Assets, Failure> {
    let build = "run `bin/serve`, or `npm ci && npm run build` in web/frontend";
    Assets::find(&settings.web).map_err(|error| Failure::from(error).hint(build))
}

/// With the `async` adapter jobs are performed here, beside the requests.
fn perform_jobs(
    jobs: Jobs,
    app: &AppContext,
    shutdown: &CancellationToken,
    background: &Background,
) {
    if let Jobs::Async(runner) = jobs {
        background.spawn(runner.run(app::jobs(), app.clone(), shutdown.clone()));
    }
}

/// With the `async` adapter sockets are served here, beside the pages.
fn own_channels(
    cable: &CableLink,
    app: &AppContext,
    settings: &Settings,
) -> Option<Channels<AppContext, Visitor>> {
    match cable {
        CableLink::SolidCable(_) => None,
        CableLink::Async => Some(app::channels(
            app.clone(),
            app.cable.clone(),
            settings.cable.server.clone(),
        )),
    }
}

fn server(
    listener: TcpListener,
    settings: &Settings,
    service: Service,
    parts: Parts,
) -> Result<actix_web::dev::Server, Failure> {
    let address = listener.local_addr()?;
    let (secret, web) = (settings.secret_key_base.clone(), settings.web.clone());
    let server = HttpServer::new(move || {
        // Each event loop calls this once, and shows from then on that it moves.
        actix_web::rt::spawn(service.beat("event loop").keep());
        App::new()
            .app_data(parts.app.clone())
            .app_data(parts.health.clone())
            .app_data(parts.metrics.clone())
            .app_data(parts.requests.clone())
            .app_data(parts.background.clone())
            .app_data(parts.csrf.clone())
            .app_data(parts.policy.clone())
            .app_data(parts.pages.clone())
            .app_data(web::PayloadConfig::new(web.max_body_size))
            .wrap(from_fn(inertia::protocol))
            .wrap(from_fn(inertia::csrf::protect))
            .wrap(from_fn(inertia::forms))
            .wrap(from_fn(errors::pages))
            .wrap(sessions(&secret, web.assume_ssl))
            .wrap(from_fn(content_security_policy))
            .wrap(security_headers(web.assume_ssl))
            .wrap(from_fn(log_requests))
            .wrap(from_fn(boot::observe))
            .configure(|config| routes::routes(config, &web.assets_dir))
            .configure(|config| {
                if let Some(channels) = &parts.channels {
                    (channels.routes())(config);
                }
            })
    });
    let server = server
        .workers(settings.web.threads)
        .disable_signals()
        .shutdown_timeout(DRAIN.as_secs())
        .listen(listener)?
        .run();
    tracing::info!(%address, app_env = %settings.app_env, "listening");
    Ok(server)
}

fn sessions(secret: &SecretKeyBase, secure: bool) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(
        CookieSessionStore::default(),
        Key::derive_from(secret.expose().as_bytes()),
    )
    .cookie_name("_trifecta_session".into())
    .cookie_content_security(CookieContentSecurity::Signed)
    .cookie_same_site(SameSite::Lax)
    .cookie_secure(secure)
    .build()
}

/// Those that Rails sends with every page, and what no page of ours needs.
fn security_headers(assume_ssl: bool) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "SAMEORIGIN"))
        .add(("x-permitted-cross-domain-policies", "none"))
        .add(("referrer-policy", "strict-origin-when-cross-origin"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add((
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ));
    if assume_ssl {
        headers.add(("strict-transport-security", "max-age=63072000"))
    } else {
        headers
    }
}
