use actix_web::HttpRequest;
use actix_web::http::header;
use settings::{CableAdapter, Settings};

/// Where the page finds the cable.
#[derive(Clone, Debug)]
pub(crate) enum CableUrl {
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
    pub(crate) fn of(settings: &Settings) -> Self {
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

    pub(crate) fn for_request(&self, request: &HttpRequest) -> String {
        match self {
            Self::At(url) => url.clone(),
            Self::OnPort { scheme, port, path } => {
                format!("{scheme}://{}:{port}{path}", host_name(request))
            }
        }
    }

    /// Scheme, host and port; none where they are the page's own.
    pub(crate) fn origin(&self, request: &HttpRequest) -> Option<String> {
        let url = self.for_request(request);
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        Some(format!("{scheme}://{host}"))
    }
}

/// The host that the page came from, without its port.
fn host_name(request: &HttpRequest) -> &str {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    without_port(host.unwrap_or("localhost"))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn ports_are_cut_off() {
        assert_eq!(without_port("localhost:3000"), "localhost");
        assert_eq!(without_port("localhost"), "localhost");
        assert_eq!(without_port("[::1]:3000"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }

    #[test]
    fn origins_end_before_the_path() {
        let request = TestRequest::default()
            .insert_header((header::HOST, "app.example:3000"))
            .to_http_request();
        let origin = |url: CableUrl| url.origin(&request);
        let on_port = CableUrl::OnPort {
            scheme: "ws",
            port: 28080,
            path: "/cable".into(),
        };
        assert_eq!(origin(on_port).as_deref(), Some("ws://app.example:28080"));
        let elsewhere = CableUrl::At("wss://cable.example/cable?a=b".into());
        assert_eq!(origin(elsewhere).as_deref(), Some("wss://cable.example"));
        assert_eq!(origin(CableUrl::At("/cable".into())), None);
    }
}
