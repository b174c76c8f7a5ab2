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
    let forwarded = |name| {
        let chain = header(request, name).filter(|_| config.trust_forwarded_headers)?;
        chain.rsplit(',').next().map(str::trim)
    };
    let own = if request.app_config().secure() {
        "https"
    } else {
        "http"
    };
    let scheme = forwarded(FORWARDED_PROTO).unwrap_or(own);
    let host = forwarded(FORWARDED_HOST).or_else(|| header(request, HOST.as_str()));
    host.is_some_and(|host| origin.eq_ignore_ascii_case(&format!("{scheme}://{host}")))
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
    fn the_own_host() {
        let (own, proxied) = (
            Config::default(),
            Config {
                trust_forwarded_headers: true,
                ..Config::default()
            },
        );
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
        ] {
            let mut request = TestRequest::default().insert_header(("Host", "here:3000"));
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
