use actix_web::HttpRequest;
use actix_web::http::header;
use askama::Template;
use inertia::Config;
use settings::{CableAdapter, Settings};

use crate::assets::Assets;

/// The HTML document around every page.
#[derive(Template)]
#[template(path = "layout.html")]
struct Document<'a> {
    cable_url: String,
    assets: &'a Assets,
    page: &'a str,
}

pub(crate) fn layout(assets: Assets, settings: &Settings) -> Config {
    let cable = CableUrl::of(settings);
    Config::new(assets.version().to_owned(), move |request, document| {
        let document = Document {
            cable_url: cable.for_request(request),
            assets: &assets,
            page: document.elements(),
        };
        Ok(document.render()?)
    })
}

/// Where the page finds the cable.
enum CableUrl {
    /// There, for every page.
    At(String),
    /// On this port of the host that the page came from, at this path.
    OnPort {
        scheme: &'static str,
        port: u16,
        path: String,
    },
}

impl CableUrl {
    fn of(settings: &Settings) -> Self {
        let path = settings.cable.server.mount_path.clone();
        match (&settings.web.cable_url, &settings.cable.adapter) {
            (Some(url), _) => Self::At(url.clone()),
            (None, CableAdapter::Async) => Self::At(path),
            (None, CableAdapter::SolidCable(_)) => Self::OnPort {
                scheme: if settings.web.assume_ssl { "wss" } else { "ws" },
                port: settings.cable.port,
                path,
            },
        }
    }

    fn for_request(&self, request: &HttpRequest) -> String {
        match self {
            Self::At(url) => url.clone(),
            Self::OnPort { scheme, port, path } => {
                let host = request
                    .headers()
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                format!(
                    "{scheme}://{}:{port}{path}",
                    host_name(host.unwrap_or("localhost"))
                )
            }
        }
    }
}

/// The host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn ports_are_cut_off() {
        assert_eq!(host_name("localhost:3000"), "localhost");
        assert_eq!(host_name("localhost"), "localhost");
        assert_eq!(host_name("[::1]:3000"), "[::1]");
        assert_eq!(host_name("[::1]"), "[::1]");
    }
}
