use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use super::refusal::text;
use crate::body::Body;

/// Keeps the servers' pages of metrics from the world, unless the world is to see them.
pub(crate) struct Metrics {
    is_open: bool,
}

impl Metrics {
    pub(crate) fn new(is_open: bool) -> Self {
        Self { is_open }
    }

    /// The answer to a request for that page, where it is closed.
    pub(crate) fn refusal(&self, path: &str) -> Option<Response<Body>> {
        let is_refused = !self.is_open && is_metrics(path);
        is_refused.then(|| text(StatusCode::NOT_FOUND, "Not found\n"))
    }
}

/// Whether a server may take the path for `/metrics`, however it reads it.
fn is_metrics(path: &str) -> bool {
    if !path.contains("metrics") && !path.contains('%') {
        return false;
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    segments == ["metrics"]
}

#[cfg(test)]
mod tests {
    use super::is_metrics;

    #[test]
    fn no_spelling_gets_through() {
        for path in [
            "/metrics",
            "/metrics/",
            "//metrics",
            "/./metrics",
            "/todos/../metrics",
            "/%6detrics",
            "/metric%73",
            "/%2e%2e/metrics",
            "/%2Fmetrics",
            "/\\metrics",
        ] {
            assert!(is_metrics(path), "{path}");
        }
        for path in [
            "/",
            "/todos",
            "/metrics/app",
            "/my/metrics",
            "/metrics.html",
            "/%74odos",
        ] {
            assert!(!is_metrics(path), "{path}");
        }
    }
}
