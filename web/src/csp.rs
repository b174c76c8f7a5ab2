//! The Content-Security-Policy: a page loads and runs only what is ours, even if someone's text got into its HTML.
//!
//! Scripts and styles need the nonce of their response. Templates take it from [`Nonce::of`].

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use data_encoding::BASE64URL_NOPAD;
use rand::RngExt as _;

use crate::cable_url::CableUrl;

/// What only this response knows.
#[derive(Clone)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// 128 bits of the cryptographic generator.
    fn new() -> Self {
        let bytes: [u8; 16] = rand::rng().random();
        Self(BASE64URL_NOPAD.encode(&bytes))
    }

    /// That of the response to this request; empty, which no policy lets through, outside of
    /// [`content_security_policy`].
    pub(crate) fn of(request: &HttpRequest) -> String {
        let nonce = request.extensions().get::<Self>().cloned();
        nonce.map(|Self(nonce)| nonce).unwrap_or_default()
    }
}

/// Whence a page may load what, beside its own origin.
pub(crate) struct Policy {
    cable: CableUrl,
    /// The frontend's development server.
    vite: Option<String>,
}

impl Policy {
    pub(crate) fn new(cable: CableUrl, vite_url: Option<&str>) -> Self {
        Self {
            cable,
            vite: vite_url.map(|url| url.trim_end_matches('/').to_owned()),
        }
    }

    fn header(&self, request: &HttpRequest) -> String {
        let nonce = format!("'nonce-{}'", Nonce::of(request));
        let cable = self.cable.origin(request).filter(|url| is_source(url));
        let cable = cable.unwrap_or_default();
        let (vite, socket, styles) = match &self.vite {
            // Its client puts styles into the page. Where a nonce is named, browsers pass over 'unsafe-inline'.
            Some(url) => (
                url.as_str(),
                url.replacen("http", "ws", 1),
                "'unsafe-inline'",
            ),
            None => ("", String::new(), nonce.as_str()),
        };
        let sources = [
            ("default-src", &["'self'"] as &[&str]),
            ("script-src", &["'self'", &nonce, vite]),
            ("style-src", &["'self'", styles, vite]),
            ("img-src", &["'self'", "data:", vite]),
            ("connect-src", &["'self'", &cable, vite, &socket]),
            ("font-src", &["'self'", vite]),
            ("object-src", &["'none'"]),
            ("base-uri", &["'none'"]),
            ("form-action", &["'self'"]),
            ("frame-ancestors", &["'self'"]),
        ];
        let directives = sources.map(|(name, sources)| directive(name, sources));
        directives.join("; ")
    }
}

fn directive(name: &str, sources: &[&str]) -> String {
    let sources = sources.iter().filter(|source| !source.is_empty());
    let words: Vec<&str> = [&name].into_iter().chain(sources).copied().collect();
    words.join(" ")
}

/// What clients name as their host must not become a directive.
fn is_source(url: &str) -> bool {
    url.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte))
}

/// Gives each request a nonce and each page its policy. For [`actix_web::middleware::from_fn`].
pub(crate) async fn content_security_policy(
    policy: Data<Policy>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extensions_mut().insert(Nonce::new());
    let mut response = next.call(request).await?;
    if is_page(&response)
        && let Ok(value) = HeaderValue::from_str(&policy.header(response.request()))
    {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, value);
    }
    Ok(response)
}

/// A stored page that is still good keeps the policy with the nonce that stands in it. The health page has a colour of
/// its own, and nothing else.
fn is_page<B>(response: &ServiceResponse<B>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_html = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    is_html && response.status() != StatusCode::NOT_MODIFIED && response.request().path() != "/up"
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, ETAG};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    fn policy(vite_url: Option<&str>) -> Policy {
        let cable = CableUrl::OnPort {
            scheme: "ws",
            port: 28080,
            path: "/cable".into(),
        };
        Policy::new(cable, vite_url)
    }

    fn request(host: &'static str) -> HttpRequest {
        let request = TestRequest::default()
            .insert_header((header::HOST, host))
            .to_http_request();
        request.extensions_mut().insert(Nonce("N".into()));
        request
    }

    #[test]
    fn a_page_gets_what_is_ours() {
        assert_eq!(
            policy(None).header(&request("app.example:3000")),
            "default-src 'self'; script-src 'self' 'nonce-N'; style-src 'self' 'nonce-N'; img-src 'self' data:; \
             connect-src 'self' ws://app.example:28080; font-src 'self'; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'self'"
        );
    }

    #[test]
    fn in_development_vite_may_too() {
        let header = policy(Some("http://127.0.0.1:5173/")).header(&request("localhost:3000"));
        for directive in [
            "default-src 'self'; ",
            "script-src 'self' 'nonce-N' http://127.0.0.1:5173; ",
            "style-src 'self' 'unsafe-inline' http://127.0.0.1:5173; ",
            "connect-src 'self' ws://localhost:28080 http://127.0.0.1:5173 ws://127.0.0.1:5173; ",
        ] {
            assert!(header.contains(directive), "{header}");
        }
    }

    #[test]
    fn hosts_cannot_write_the_policy() {
        for host in ["x; script-src *", "x 'unsafe-inline'", "*", "x,y"] {
            let header = policy(None).header(&request(host));
            assert!(header.contains("connect-src 'self'; "), "{header}");
        }
    }

    #[actix_web::test]
    async fn only_fresh_pages_carry_it() {
        let html = || async { HttpResponse::Ok().content_type("text/html").body("<p>") };
        let json = || async { HttpResponse::Ok().json(1) };
        let stored = || async {
            let mut response = HttpResponse::NotModified();
            response
                .content_type("text/html")
                .insert_header((ETAG, "\"1\""));
            response.finish()
        };
        let app = App::new()
            .app_data(Data::new(policy(None)))
            .wrap(from_fn(content_security_policy))
            .route("/html", web::get().to(html))
            .route("/json", web::get().to(json))
            .route("/stored", web::get().to(stored))
            .route("/up", web::get().to(html));
        let app = init_service(app).await;
        let mut policies = Vec::new();
        for path in ["/html", "/html", "/json", "/stored", "/up"] {
            let request = TestRequest::get().uri(path).to_request();
            let response = call_service(&app, request).await;
            policies.push(response.headers().get(CONTENT_SECURITY_POLICY).cloned());
        }
        assert!(policies[..2].iter().all(Option::is_some) && policies[0] != policies[1]);
        assert!(policies[2..].iter().all(Option::is_none), "{policies:?}");
    }
}
