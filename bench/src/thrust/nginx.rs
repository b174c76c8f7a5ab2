//! nginx as one sets it up before an application: all cores, connections to the application that are kept, compression,
//! no log of requests.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::script;
use super::setting::{Protocol, Setting};

const MODULES: [&str; 2] = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
const BROTLI: &str = "ngx_http_brotli_static_module.so";

/// What an application wants to know of its client. A location with fields of its own does not take those of its server.
const FORWARDED: &str = "proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;";

/// All paths are in this folder, so that it needs no rights.
pub(crate) fn config(
    setting: &Setting,
    protocol: Protocol,
    port: u16,
    folder: &Path,
) -> Result<String> {
    let mut text = String::new();
    let brotli = MODULES
        .iter()
        .map(|modules| Path::new(modules).join(BROTLI));
    let brotli = brotli.into_iter().find(|module| module.exists());
    if let Some(module) = &brotli {
        writeln!(text, "load_module {};", module.display())?;
    }
    // It would give up root's rights, and then not find the folder.
    if rustix::process::getuid().is_root() {
        writeln!(text, "user root;")?;
    }
    let (folder, public, backend) = (
        folder.display(),
        setting.public.display(),
        setting.backend.port,
    );
    let brotli = if brotli.is_some() {
        "brotli_static on;"
    } else {
        ""
    };
    let listen = match protocol {
        Protocol::Http1 => format!("listen 127.0.0.1:{port};"),
        Protocol::Http2Tls => format!(
            "listen 127.0.0.1:{port} ssl http2; ssl_certificate {}; ssl_certificate_key {};",
            setting.certificate.chain.display(),
            setting.certificate.key.display()
        ),
    };
    let (script, cache_control) = (script::PATH, script::CACHE_CONTROL);
    write!(
        text,
        r#"
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
lock_file {folder}/nginx.lock;
error_log {folder}/error.log crit;
events {{ worker_connections 25000; }}
http {{
  types {{ text/javascript js; application/json json; }}
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=1000;
  gzip on;
  gzip_min_length 1000;
  gzip_proxied any;
  gzip_types text/css text/javascript application/json;
  upstream backend {{
    server 127.0.0.1:{backend};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    {listen}
    proxy_http_version 1.1;
    location / {{
      proxy_pass http://backend;
      proxy_set_header Connection "";
      {FORWARDED}
    }}
    location /cable {{
      proxy_pass http://backend;
      proxy_read_timeout 1h;
      {FORWARDED}
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
    }}
    location = {script} {{
      root {public};
      gzip_static on;
      {brotli}
      add_header Cache-Control "{cache_control}";
    }}
  }}
}}
"#
    )?;
    Ok(text)
}
