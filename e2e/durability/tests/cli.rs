//! What the program says on the command line.

use anyhow::Result;
use insta::assert_snapshot;
use test_support::run;

#[tokio::test]
async fn help() -> Result<()> {
    assert_snapshot!(run("durability", &["--help"], &Vec::new()).await?.stdout);
    Ok(())
}
