use anyhow::{Context as _, Result, ensure};
use test_support::Browser;

use crate::FRONT;

pub(crate) async fn titles() -> Result<Vec<String>> {
    let props = Browser::open(FRONT).await?.props().await?;
    let todos = props["todos"].as_array().context("no list")?;
    let titles = todos.iter().filter_map(|todo| todo["title"].as_str());
    Ok(titles.map(str::to_owned).collect())
}

pub(crate) async fn each_is_there_once(expected: &[String]) -> Result<()> {
    let titles = titles().await?;
    for title in expected {
        let count = titles.iter().filter(|found| *found == title).count();
        ensure!(count == 1, "`{title}` is there {count} times");
    }
    Ok(())
}
