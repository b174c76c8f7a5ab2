use std::net::TcpListener;

use action_cable::Server as Channels;
use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::{Key, SameSite};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use app::{AppContext, Visitor};
use boot::{CableLink, Files, Jobs, Stores};
use inertia::Config;
use inertia::csrf::Csrf;
use settings::{SecretKeyBase, Settings};
use telemetry::Failure;
use tokio_util::sync::CancellationToken;

use crate::assets::Assets;
use crate::background::Background;
use crate::cable_url::CableUrl;
use crate::csp::{Policy, content_security_policy};
use crate::requests::log_requests;
use crate::{errors, layout, routes};

/// Listens where the settings say, and runs.
///
/// # Errors
/// Why the process cannot serve.
pub async fn start(settings: Settings, shutdown: CancellationToken) -> Result<(), Failure> {
    let listener = boot::listen(&settings.web.bind, settings.web.port, "PORT")?;
    run(listener, settings, shutdown).await
}

/// Whether the process could serve: the assets are there.
///
/// # Errors
/// What is missing.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    find_assets(settings).map(drop)
}

/// Serves `listener` until `shutdown`, then finishes the requests that run.
///
/// # Errors
/// Why the process cannot serve.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let layout = layout::layout(find_assets(&settings)?, &settings);
    let Stores {
        app,
        jobs,
        cable,
        files,
    } = Stores::open(&settings)?;
    let background = Background::new(shutdown.clone());
    perform_jobs(jobs, &app, &shutdown, &background);
    let channels = own_channels(&cable, &app, &settings);
    let parts = Parts {
        app: Data::new(app),
        files: Data::new(files),
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
    let server = server(listener, &settings, parts)?;

    let goodbye = async {
        if let Some(channels) = channels {
            channels.shutdown().await;
        }
    };
    let outcome = boot::serve(server, &shutdown, goodbye).await;
    background.end().await;
    outcome
}

/// What requests work with.
#[derive(Clone)]
struct Parts {
    app: Data<AppContext>,
    files: Data<Files>,
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
    parts: Parts,
) -> Result<actix_web::dev::Server, Failure> {
    let address = listener.local_addr()?;
    let (secret, web) = (settings.secret_key_base.clone(), settings.web.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(parts.app.clone())
            .app_data(parts.files.clone())
            .app_data(parts.background.clone())
            .app_data(parts.csrf.clone())
            .app_data(parts.policy.clone())
            .app_data(parts.pages.clone())
            .app_data(web::PayloadConfig::new(web.max_body_size))
            .app_data(web::FormConfig::default().limit(web.max_body_size))
            .wrap(from_fn(inertia::protocol))
            .wrap(from_fn(inertia::csrf::protect))
            .wrap(from_fn(inertia::forms))
            .wrap(from_fn(errors::pages))
            .wrap(sessions(&secret, web.assume_ssl))
            .wrap(from_fn(content_security_policy))
            .wrap(security_headers(web.assume_ssl))
            .wrap(from_fn(log_requests))
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
        .shutdown_timeout(10)
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
