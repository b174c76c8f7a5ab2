//! Caddy as one sets it up before an application. It logs no requests unless it is told to.

use super::script;
use super::setting::{Protocol, Setting};

pub(crate) fn config(setting: &Setting, protocol: Protocol, port: u16) -> String {
    let (address, tls) = match protocol {
        Protocol::Http1 => (format!("http://:{port}"), String::new()),
        Protocol::Http2Tls => (
            format!("https://localhost:{port}"),
            format!(
                "tls {} {}",
                setting.certificate.chain.display(),
                setting.certificate.key.display()
            ),
        ),
    };
    let (public, backend) = (setting.public.display(), setting.backend.port);
    let (script, cache_control) = (script::PATH, script::CACHE_CONTROL);
    format!(
        r#"
{{
  admin off
  auto_https off
  default_bind 127.0.0.1
  log {{
    level ERROR
  }}
  servers {{
    protocols h1 h2
  }}
}}
{address} {{
  {tls}
  handle {script} {{
    root * {public}
    header Cache-Control "{cache_control}"
    file_server {{
      precompressed br gzip
    }}
  }}
  handle {{
    encode zstd gzip
    reverse_proxy 127.0.0.1:{backend}
  }}
}}
"#
    )
}
