//! Protection against pages of other sites, whose scripts could open a socket with the visitor's cookies.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};

use crate::Config;

const FORWARDED_HOST: &str = "X-Forwarded-Host";
const FORWARDED_PROTO: &str = "X-Forwarded-Proto";

/// Whether a request may open a socket. One without an origin may not, as with Rails.
pub(crate) fn is_allowed(config: &Config, request: &HttpRequest) -> bool {
    if config.disable_request_forgery_protection {
        return true;
    }
    let allowed = header(request, ORIGIN.as_str()).is_some_and(|origin| {
        is_same(config, request, origin)
            || is_neighbour(config, request, origin)
            || config
                .allowed_request_origins
                .iter()
                .any(|pattern| matches(pattern, origin))
    });
    if !allowed {
        tracing::warn!(
            cable.origin = header(request, ORIGIN.as_str()),
            "refused a connection: its origin is not allowed"
        );
    }
    allowed
}

fn is_same(config: &Config, request: &HttpRequest, origin: &str) -> bool {
    if !config.allow_same_origin_as_host {
        return false;
    }
    let own = if request.app_config().secure() {
        "https"
    } else {
        "http"
    };
    let scheme = forwarded(config, request, FORWARDED_PROTO).unwrap_or(own);
    host(config, request)
        .is_some_and(|host| origin.eq_ignore_ascii_case(&format!("{scheme}://{host}")))
}

/// Whether the page came from the server's own host name, by one of the ports that serve pages.
fn is_neighbour(config: &Config, request: &HttpRequest, origin: &str) -> bool {
    let (Some((scheme, authority)), Some(host)) = (origin.split_once("://"), host(config, request))
    else {
        return false;
    };
    let (name, port) = name_and_port(authority);
    let port = match port {
        None if scheme.eq_ignore_ascii_case("http") => Some(80),
        None if scheme.eq_ignore_ascii_case("https") => Some(443),
        None => None,
        Some(port) => port.parse().ok(),
    };
    let is_own_name = name.eq_ignore_ascii_case(name_and_port(host).0);
    is_own_name && port.is_some_and(|port| config.same_host_ports.contains(&port))
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn name_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    }
}

/// The host and port that the client asked for.
fn host<'a>(config: &Config, request: &'a HttpRequest) -> Option<&'a str> {
    forwarded(config, request, FORWARDED_HOST).or_else(|| header(request, HOST.as_str()))
}

/// What the proxy next to this server says, where it is believed.
fn forwarded<'a>(config: &Config, request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let chain = header(request, name).filter(|_| config.trusted_proxies.sent(request))?;
    chain.rsplit(',').next().map(str::trim)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// Whether `origin` is what `pattern` says, where `*` stands for any characters but `/`.
fn matches(pattern: &str, origin: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern.eq_ignore_ascii_case(origin);
    };
    let Some(rest) = strip_prefix(origin, head) else {
        return false;
    };
    let reach = rest.find('/').unwrap_or(rest.len());
    let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.any(|at| at <= reach && matches_rest(tail, &rest[at..]))
}

/// As [`matches`], but a lone `*` is nothing special at the end of a pattern.
fn matches_rest(pattern: &str, rest: &str) -> bool {
    match pattern {
        "*" => !rest.contains('/'),
        _ => matches(pattern, rest),
    }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{is_allowed, matches};
    use crate::Config;

    #[test]
    fn patterns() {
        for (pattern, origin, expected) in [
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://localhost:3000", "HTTP://LocalHost:3000", true),
            ("http://localhost:3000", "http://localhost:30000", false),
            ("http://localhost:3000", "https://localhost:3000", false),
            ("http://localhost:*", "http://localhost:3000", true),
            ("http://localhost:*", "http://localhost", false),
            (
                "http://localhost:*",
                "http://localhost.evil.example:1",
                false,
            ),
            ("http*://localhost", "https://localhost", true),
            ("http*://localhost", "http://localhost", true),
            (
                "http*://localhost",
                "http://evil.example/://localhost",
                false,
            ),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://evil/.example.com", false),
            ("https://*.example.com", "https://a.example.com.evil", false),
            (
                "https://*.example.*:8080",
                "https://a.example.org:8080",
                true,
            ),
            ("https://*.example.*:8080", "https://a.example.org", false),
            ("https://*", "https://a.example:1", true),
            ("https://*", "http://a.example", false),
            ("*", "https://a.example", true),
            ("*", "null", true),
            ("https://*ü", "https://aü", true),
            ("", "https://a.example", false),
        ] {
            assert_eq!(matches(pattern, origin), expected, "{pattern} {origin}");
        }
    }

    #[test]
    fn pages_of_the_own_host_name_on_the_ports_that_serve_them() {
        for (ports, host, origin, expected) in [
            (
                &[3000][..],
                "192.168.1.5:28080",
                "http://192.168.1.5:3000",
                true,
            ),
            (
                &[3000],
                "192.168.1.5:28080",
                "http://192.168.1.5:3001",
                false,
            ),
            (
                &[3000],
                "192.168.1.5:28080",
                "http://192.168.1.6:3000",
                false,
            ),
            (&[3000], "192.168.1.5:28080", "http://192.168.1.5", false),
            (&[], "192.168.1.5:28080", "http://192.168.1.5:3000", false),
            (&[1, 3000], "Box:28080", "https://bOX:3000", true),
            (&[3000], "box", "http://box:3000", true),
            (&[3000], "box:28080", "http://box:3000.evil.example", false),
            (&[3000], "box:28080", "http://evil@box:3000", false),
            (&[3000], "box:28080", "null", false),
            (&[80], "localhost:28080", "http://localhost", true),
            (&[80], "localhost:28080", "https://localhost", false),
            (&[443], "app.example:28080", "https://app.example", true),
            (&[443], "app.example:28080", "http://app.example", false),
            (&[443], "app.example:28080", "ftp://app.example", false),
            (&[3000], "[::1]:28080", "http://[::1]:3000", true),
            (&[80], "[::1]:28080", "http://[::1]", true),
        ] {
            let config = Config {
                same_host_ports: ports.to_vec(),
                ..Config::default()
            };
            let request = TestRequest::default()
                .insert_header(("Host", host))
                .insert_header(("Origin", origin))
                .to_http_request();
            assert_eq!(is_allowed(&config, &request), expected, "{host} {origin}");
        }
    }

    #[test]
    fn the_own_host() {
        let (own, proxied) = (
            Config::default(),
            Config {
                trusted_proxies: "10.0.0.0/8".parse().unwrap(),
                ..Config::default()
            },
        );
        let elsewhere = Config {
            trusted_proxies: "192.168.0.0/16".parse().unwrap(),
            ..Config::default()
        };
        let closed = Config {
            allow_same_origin_as_host: false,
            ..Config::default()
        };
        let forwarded = [
            ("X-Forwarded-Host", "a.example, app.example"),
            ("X-Forwarded-Proto", "https"),
        ];
        for (config, origin, headers, expected) in [
            (&own, Some("http://here:3000"), &[][..], true),
            (&own, Some("https://here:3000"), &[], false),
            (&own, Some("http://here"), &[], false),
            (&own, Some("null"), &[], false),
            (&own, None, &[], false),
            (&closed, Some("http://here:3000"), &[], false),
            (&own, Some("https://app.example"), &forwarded, false),
            (&own, Some("http://here:3000"), &forwarded, true),
            (&proxied, Some("https://app.example"), &forwarded, true),
            (&proxied, Some("https://a.example"), &forwarded, false),
            (&proxied, Some("http://here:3000"), &forwarded, false),
            (&proxied, Some("http://here:3000"), &[], true),
            (&elsewhere, Some("https://app.example"), &forwarded, false),
            (&elsewhere, Some("http://here:3000"), &forwarded, true),
        ] {
            let mut request = TestRequest::default()
                .peer_addr("10.1.2.3:4".parse().unwrap())
                .insert_header(("Host", "here:3000"));
            for header in headers.iter().copied().chain(origin.map(|o| ("Origin", o))) {
                request = request.insert_header(header);
            }
            assert_eq!(
                is_allowed(config, &request.to_http_request()),
                expected,
                "{origin:?} {headers:?}"
            );
        }
    }
}
