//! Commits messages as Rails does, for tests in other languages: lines of `{"stream":"…","payload":"…"}`. Says `done`
//! after each.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cable_faults::Rails;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

#[derive(Deserialize)]
struct Broadcast {
    stream: String,
    payload: String,
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "this is how the program answers")]
async fn main() -> Result<()> {
    let file: PathBuf = std::env::args_os().nth(1).context("which file?")?.into();
    let rails = Rails::open(file)?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let Broadcast { stream, payload } = serde_json::from_str(&line)?;
        rails.broadcast(&stream, vec![payload]).await?;
        println!("done");
    }
    Ok(())
}
