use std::path::Path;

use anyhow::Result;
use deploy::run;
use test_support::root;
use tokio::process::Command;

use crate::variables;

#[tokio::test]
async fn the_files_are_in_order() -> Result<()> {
    let deploy = root().join("deploy");
    let files = [
        "compose.yaml",
        "compose.secret.yaml",
        "compose.certificate.yaml",
        "compose.http3.yaml",
    ];
    // Checkers that are not there say so, and the others check.
    check("hadolint", &["Dockerfile"], &deploy).await?;
    let schema = ["--builtin-schema", "vendor.compose-spec"];
    check(
        "check-jsonschema",
        &[&schema[..], &files[..]].concat(),
        &deploy,
    )
    .await?;
    let config = ["config", "--quiet"];
    let with = files.map(|file| format!("--file={file}"));
    let all: Vec<&str> = with.iter().map(String::as_str).chain(config).collect();
    let plugin = [&["compose"], &all[..]].concat();
    check("docker", &plugin, &deploy).await?;
    // The first version of compose.
    check("docker-compose", &all, &deploy).await
}

async fn check(program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    for (name, value) in variables(&[
        ("SECRET_KEY_BASE_FILE", "Dockerfile"),
        ("TLS_CERTIFICATE", "Dockerfile"),
        ("TLS_PRIVATE_KEY", "Dockerfile"),
    ]) {
        command.env(name, value);
    }
    let mut version = std::process::Command::new(program);
    // Without the plugin, docker takes `--version` for its own.
    version.args(match arguments.first() {
        Some(&"compose") => &["compose", "version"][..],
        _ => &["--version"],
    });
    let output = version.output();
    if !output.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: {program} is not installed, or not all of it: run `bin/test deploy`");
        return Ok(());
    }
    run(&mut command).await.map(drop)
}
