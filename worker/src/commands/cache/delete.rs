use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use solid_cache::Cache;
use telemetry::Failure;

use super::{Naming, done, print};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The entries' keys
    #[arg(value_name = "KEY", required_unless_present_any = ["prefixes", "tags"], value_parser = NonEmptyStringValueParser::new())]
    keys: Vec<String>,
    /// All whose key begins so
    #[arg(long = "prefix", value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    prefixes: Vec<String>,
    /// All that have this tag
    #[arg(long = "tag", value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    tags: Vec<String>,
    #[command(flatten)]
    naming: Naming,
}

pub(super) async fn run(cache: &Cache, arguments: &Arguments) -> Result<(), Failure> {
    let cache = arguments.naming.of(cache);
    for key in &arguments.keys {
        let was_there = cache.delete(key).await;
        done(&cache)?;
        print::line(if was_there {
            format!("Deleted `{key}`.")
        } else {
            format!("`{key}` is not there.")
        });
    }
    for prefix in &arguments.prefixes {
        let deleted = cache.delete_prefix(prefix).await;
        done(&cache)?;
        let entries = print::count(deleted, "entry");
        print::line(format!(
            "Deleted {entries} whose key begins with `{prefix}`."
        ));
    }
    for tag in &arguments.tags {
        let deleted = cache.delete_tag(tag).await;
        done(&cache)?;
        let entries = print::count(deleted, "entry");
        print::line(format!("Deleted {entries} with the tag `{tag}`."));
    }
    Ok(())
}
