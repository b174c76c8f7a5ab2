//! The programs that are compared.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Program {
    Thrust,
    Nginx,
    Caddy,
}

impl Program {
    pub(crate) const ALL: [Self; 3] = [Self::Thrust, Self::Nginx, Self::Caddy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Thrust => "thrust",
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    /// What to start, and what it says of its version. `None` when it is not there.
    pub(crate) fn find(self) -> Result<Option<(OsString, String)>> {
        match self {
            Self::Thrust => Ok(test_support::binary("thrust").ok().map(|path| {
                let version = env!("CARGO_PKG_VERSION").to_owned();
                (path.into_os_string(), version)
            })),
            // It may be where only root's path leads.
            Self::Nginx => first(&["nginx", "/usr/sbin/nginx"], "-v"),
            Self::Caddy => first(&["caddy"], "version"),
        }
    }
}

/// Those that are there.
pub(crate) fn installed() -> Result<Vec<Program>> {
    let mut installed = Vec::new();
    for program in Program::ALL {
        if program.find()?.is_some() {
            installed.push(program);
        }
    }
    Ok(installed)
}

/// Which programs the figures are of, and which are left out.
pub(crate) fn describe() -> Result<Value> {
    let mut all = Map::new();
    for program in Program::ALL {
        let name = program.name();
        let says = match (program.find()?, program) {
            (Some((_, version)), _) => format!("{name} {version}"),
            (None, Program::Thrust) => format!("{name} is not built"),
            (None, _) => format!("{name} is not installed"),
        };
        all.insert(name.to_owned(), says.into());
    }
    Ok(all.into())
}

fn first(names: &[&str], argument: &str) -> Result<Option<(OsString, String)>> {
    for name in names {
        match Command::new(name).arg(argument).output() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            output => {
                let output = output?;
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                // `nginx version: nginx/1.22.1` and `v2.6.2 h1:...`.
                let version = said.trim().rsplit("nginx/").next().unwrap_or_default();
                let version = version.split_whitespace().next().unwrap_or_default();
                return Ok(Some((
                    name.into(),
                    version.trim_start_matches('v').to_owned(),
                )));
            }
        }
    }
    Ok(None)
}
