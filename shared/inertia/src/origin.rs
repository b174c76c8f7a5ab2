//! Whose address a URL is: ours, or another site's.

use actix_web::HttpRequest;
use actix_web::http::Uri;

/// Path, query and fragment of a URL that leads to the host that was asked. None for other sites.
pub(crate) fn path_of_ours<'a>(request: &HttpRequest, url: &'a str) -> Option<&'a str> {
    let (_, rest) = url.split_once("://")?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let ours = host.eq_ignore_ascii_case(request.connection_info().host());
    let is_path = path.starts_with('/') && !path[1..].starts_with(['/', '\\']);
    (ours && is_path).then_some(path)
}

/// Whether a redirect leads away from the scheme, host and port that were asked.
pub(crate) fn is_foreign(request: &HttpRequest, target: &str) -> bool {
    let connection = request.connection_info();
    let Some((scheme, rest)) = scheme_and_rest(target, connection.scheme()) else {
        return false;
    };
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let theirs = (scheme.to_ascii_lowercase(), with_port(scheme, &rest[..end]));
    let ours = (
        connection.scheme().to_ascii_lowercase(),
        with_port(connection.scheme(), connection.host()),
    );
    theirs != ours
}

/// None for what is only a path. Browsers read `\\` as `/`.
fn scheme_and_rest<'a>(target: &'a str, ours: &'a str) -> Option<(&'a str, &'a str)> {
    if target.starts_with(['/', '\\']) {
        let rest = target[1..].strip_prefix(['/', '\\'])?;
        return Some((ours, rest));
    }
    let is_scheme = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    target
        .split_once("://")
        .filter(|(scheme, _)| is_scheme(scheme))
}

/// The host in lower case, with the port that its scheme stands for.
fn with_port(scheme: &str, host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let has_port = format!("http://{host}/")
        .parse::<Uri>()
        .is_ok_and(|uri| uri.port().is_some());
    match scheme.to_ascii_lowercase().as_str() {
        _ if has_port => host,
        "https" => format!("{host}:443"),
        _ => format!("{host}:80"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request() -> HttpRequest {
        TestRequest::default()
            .insert_header(("host", "example.com"))
            .to_http_request()
    }

    #[test]
    fn other_schemes_hosts_and_ports_are_foreign() {
        let ours = [
            "/",
            "/a?b=http://c.d",
            "a",
            "http://example.com/a",
            "//example.com",
            "http://EXAMPLE.com:80#a",
        ];
        for target in ours {
            assert!(!is_foreign(&request(), target), "{target}");
        }
        let foreign = [
            "https://example.com/",
            "http://example.com:81/",
            "http://example.com.evil/",
            "//evil.example/a",
            "/\\evil.example",
            "http://example.com@evil.example/",
        ];
        for target in foreign {
            assert!(is_foreign(&request(), target), "{target}");
        }
    }

    #[test]
    fn only_our_own_addresses_have_a_path() {
        let path = |url| path_of_ours(&request(), url).map(str::to_owned);
        assert_eq!(path("http://example.com/a?b#c").as_deref(), Some("/a?b#c"));
        for foreign in [
            "http://evil.example/a",
            "http://example.com//evil.example",
            "http://example.com/\\evil.example",
            "/a",
            "http://example.com",
        ] {
            assert_eq!(path(foreign), None, "{foreign}");
        }
    }
}
