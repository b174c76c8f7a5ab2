use std::fmt::Write as _;

/// An option: an environment variable, also taken with the prefix `THRUSTER_`, which wins.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// As it would be written. Empty: none.
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

const fn row(name: &'static str, default: &'static str, help: &'static str) -> Row {
    Row {
        name,
        default,
        help,
    }
}

/// Every option there is, one a line.
#[rustfmt::skip]
pub(super) const TABLE: &[(&str, &[Row])] = &[
    (
        "Where requests come from and go to",
        &[
            row("HTTP_BIND", "::", "Address to listen on; `::` is every one, IPv4 too"),
            row("HTTP_PORT", "80", "Port for HTTP"),
            row("HTTPS_PORT", "443", "Port for HTTPS"),
            row("TARGET_HOST", "127.0.0.1", "Host of the web server"),
            row("TARGET_PORT", "3000", "Port of the web server; a command gets it as PORT"),
            row("CABLE_HOST", "127.0.0.1", "Host of the cable server"),
            row("CABLE_PORT", "", "Port of the cable server: 28080, but with a command only where this is set"),
            row("CABLE_PATH", "/cable", "What goes to the cable server: this path and what is below it"),
            row("UPSTREAM_WAIT", "10", "Seconds a request waits for a server that starts again (0: not at all)"),
            row("UPSTREAM_TIMEOUT", "60", "Seconds until a server begins to answer, from the end of the request (0: no limit)"),
            row("BAD_GATEWAY_PAGE", "./public/502.html", "File to send when a server does not answer"),
        ],
    ),
    (
        "HTTPS",
        &[
            row("TLS_DOMAIN", "", "Comma list of domains to get certificates for; turns HTTPS on"),
            row("TLS_CERTIFICATE", "", "PEM file with an own certificate and its chain; turns HTTPS on"),
            row("TLS_PRIVATE_KEY", "", "PEM file with the key of TLS_CERTIFICATE"),
            row("ACME_DIRECTORY", "https://acme-v02.api.letsencrypt.org/directory", "Directory of the certificate authority"),
            row("ACME_CA", "", "PEM file with the root to trust that authority by, where it is a private one"),
            row("EAB_KID", "", "Key id, where the authority wants an account of its own"),
            row("EAB_HMAC_KEY", "", "Key of EAB_KID, base64url"),
            row("STORAGE_PATH", "./storage/thruster", "Folder of certificates and account keys"),
            row("H2C_ENABLED", "false", "HTTP/2 without TLS"),
            row("HTTP3", "false", "HTTP/3 too, on the same port of UDP; browsers are told of it"),
        ],
    ),
    (
        "Cache and compression",
        &[
            row("CACHE_SIZE", "64MB", "Memory for cached responses (0: no cache)"),
            row("MAX_CACHE_ITEM_SIZE", "1MB", "Largest response to cache"),
            row("GZIP_COMPRESSION_ENABLED", "true", "Compress responses at all"),
            row("BROTLI_COMPRESSION_ENABLED", "true", "Compress with Brotli too"),
            row("ZSTD_COMPRESSION_ENABLED", "true", "Compress with Zstandard too"),
            row("GZIP_COMPRESSION_DISABLE_ON_AUTH", "false", "Do not compress what belongs to somebody (cookies, credentials)"),
            row("GZIP_COMPRESSION_JITTER", "32", "Largest number of random bytes that hide a compressed length"),
            row("X_SENDFILE_ENABLED", "true", "Send the file that a response names in X-Sendfile"),
            row("X_SENDFILE_ROOT", ".", "Comma list of folders that such a file must be in"),
        ],
    ),
    (
        "Limits (0: none)",
        &[
            row("MAX_REQUEST_BODY", "0", "Bytes of a request's body"),
            row("MAX_REQUEST_HEADERS", "64KB", "Bytes of a request's headers, address included"),
            row("MAX_CONNECTIONS", "20000", "Connections at once"),
            row("MAX_CONNECTIONS_PER_CLIENT", "0", "Connections of one address at once"),
            row("MAX_REQUESTS_PER_CLIENT", "0", "Requests a second of one address; three seconds' worth may come at once"),
            row("HTTP_IDLE_TIMEOUT", "60", "Seconds between two requests of a connection"),
            row("HTTP_READ_TIMEOUT", "30", "Seconds for a request's headers; its body may take as long, and longer while 500 bytes a second come"),
            row("HTTP_WRITE_TIMEOUT", "30", "Seconds without a byte taken by the client"),
            row("DRAIN_TIMEOUT", "8", "Seconds for running requests to end after TERM"),
        ],
    ),
    (
        "What is told",
        &[
            row("FORWARD_HEADERS", "", "Trust the client's X-Forwarded-* headers: true without HTTPS, else false"),
            row("FORWARD_METRICS", "false", "Let the world read /metrics of the servers, which is a 404 else"),
            row("STATUS_PORT", "", "Port for GET /up and GET /metrics of this process"),
            row("STATUS_BIND", "127.0.0.1", "Address of STATUS_PORT"),
            row("LOG_REQUESTS", "true", "Log each request"),
            row("LOG_FORMAT", "text", "text or json"),
            row("RUST_LOG", "info", "What to log, such as debug or warn"),
            row("DEBUG", "false", "The same as RUST_LOG=debug"),
        ],
    ),
];

/// The default of an option.
pub(super) fn default(name: &str) -> &'static str {
    let rows = TABLE.iter().flat_map(|(_, rows)| rows.iter());
    rows.clone()
        .find(|row| row.name == name)
        .map_or("", |row| row.default)
}

/// All options, as `--help` lists them.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Options are environment variables. Each is also taken with the prefix THRUSTER_, which wins.\n",
    );
    for (title, rows) in TABLE {
        let _ = write!(text, "\n{title}:\n");
        for Row {
            name,
            default,
            help,
        } in *rows
        {
            let default = if default.is_empty() {
                String::new()
            } else {
                format!(" [{default}]")
            };
            let _ = writeln!(text, "  {name:<33} {help}{default}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{Row, TABLE};

    #[test]
    fn the_documentation_has_the_table() {
        let documentation = include_str!("../../../docs/thrust.md");
        for (title, rows) in TABLE {
            let table = markdown(title, rows);
            assert!(
                documentation.contains(&table),
                "docs/thrust.md lacks:\n\n{table}"
            );
        }
    }

    fn markdown(title: &str, rows: &[Row]) -> String {
        let mut text = format!("| {title} | default | |\n|---|---|---|\n");
        for Row {
            name,
            default,
            help,
        } in rows
        {
            let default = if default.is_empty() {
                String::new()
            } else {
                format!("`{default}`")
            };
            let _ = writeln!(text, "| `{name}` | {default} | {help} |");
        }
        text
    }
}
