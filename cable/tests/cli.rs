//! What the cable process says on the command line.

use anyhow::Result;
use insta::assert_snapshot;
use test_support::{production, run};

#[tokio::test]
async fn help() -> Result<()> {
    assert_snapshot!(run("cable", &["--help"], &Vec::new()).await?.stdout);
    Ok(())
}

#[tokio::test]
async fn without_work_it_says_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = production(folder.path(), &[("APP_ENV", "development")]);
    for arguments in [&["check"], &["start"]] {
        let ended = run("cable", arguments, &variables).await?;
        assert_eq!(ended.code, Some(1));
        assert_snapshot!("without_work", ended.stderr);
    }
    Ok(())
}
