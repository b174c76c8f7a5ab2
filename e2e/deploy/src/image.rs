use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use test_support::root;
use tokio::process::Command;

use crate::{Engine, Releases, run};

/// The files of this machine that the build needs of its base image, so that nothing has to be fetched.
const BASE: &str = r#"
set -euo pipefail
files=(/bin/bash /usr/bin/ldd /bin/grep /bin/cat /bin/chmod /usr/bin/sort /usr/bin/install /etc/ssl/certs/ca-certificates.crt)
name=$1
shift
libraries=$(ldd /bin/bash /bin/grep /bin/cat /bin/chmod /usr/bin/sort /usr/bin/install "$@" | grep -o '/[^ ]*\.so[^ ]*' | sort -u)
tar --dereference --create "${files[@]}" $libraries | docker import - "$name"
"#;

/// The suite's images, built of its programs as they are here.
pub struct Images<'a> {
    engine: &'a Engine,
    context: PathBuf,
    _releases: Releases,
}

impl<'a> Images<'a> {
    /// Makes ready what they are built of.
    ///
    /// # Errors
    /// When that fails.
    pub async fn prepare(engine: &'a Engine) -> Result<Self> {
        let releases = Releases::make().await?;
        let release = releases.path(Releases::VERSIONS[0]);
        let context = engine.folder().join("context");
        std::fs::create_dir_all(context.join("target"))?;
        copy(&root().join("deploy"), &context.join("deploy")).await?;
        copy(
            &root().join(".dockerignore"),
            &context.join(".dockerignore"),
        )
        .await?;
        copy(&release, &context.join("target/package")).await?;
        let programs = ["web", "worker", "cable", "thrust"];
        let programs = programs.map(|name| release.join("bin").join(name));
        make_base(engine, "trifecta-test-base", &programs).await?;
        Ok(Self {
            engine,
            context,
            _releases: releases,
        })
    }

    /// Where `compose.yaml` is.
    pub fn compose_folder(&self) -> PathBuf {
        self.context.join("deploy")
    }

    /// Builds one.
    ///
    /// # Errors
    /// When the build fails.
    pub async fn build(&self, tag: &str) -> Result<()> {
        let version = format!("VERSION={tag}");
        let name = format!("trifecta:{tag}");
        let mut build = self.engine.docker(&["build", "--network=none"]);
        build
            .args(["--build-arg", "PACKAGE=prebuilt"])
            .args(["--build-arg", "DEBIAN_IMAGE=trifecta-test-base"])
            .args(["--build-arg", &version, "--tag", &name])
            .args(["--file", "deploy/Dockerfile", "."])
            .current_dir(&self.context);
        run(&mut build).await.map(drop)
    }
}

/// An image of files of this machine, with what these programs are linked with.
pub(crate) async fn make_base(engine: &Engine, name: &str, programs: &[PathBuf]) -> Result<()> {
    let docker = engine.docker(&[]);
    let mut base = Command::new("bash");
    base.args(["-c", BASE, "base", name]).args(programs);
    for (name, value) in docker.as_std().get_envs() {
        match value {
            Some(value) => base.env(name, value),
            None => base.env_remove(name),
        };
    }
    run(&mut base).await.context("the base image").map(drop)
}

async fn copy(from: &Path, to: &Path) -> Result<()> {
    run(Command::new("cp").arg("-r").args([from, to]))
        .await
        .map(drop)
}
