use clap::Args;
use db::Timestamp;
use serde::Serialize;
use solid_cache::{Cache, Shown};
use telemetry::Failure;

use super::{Naming, print};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The entry's key
    key: String,
    #[command(flatten)]
    naming: Naming,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(cache: &Cache, arguments: &Arguments) -> Result<(), Failure> {
    let Some(entry) = arguments.naming.of(cache).show(&arguments.key).await? else {
        return Err(missing(arguments));
    };
    if arguments.json {
        return print::json(&Entry::of(&entry));
    }
    details(&entry);
    Ok(())
}

fn missing(arguments: &Arguments) -> Failure {
    let hint = if arguments.naming.raw {
        "with `--raw` the namespace is a part of the key"
    } else {
        "the namespace of cache.yml is put before the key: `--raw` takes it as it is stored"
    };
    Failure::new(format!("there is no entry `{}`", arguments.key)).hint(hint)
}

fn details(entry: &Shown) {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    for (name, value) in [
        ("key", entry.key.clone()),
        ("kind", entry.kind.clone()),
        ("size", print::size(entry.byte_size)),
        ("created at", print::moment(entry.created_at)),
        ("expires at", print::some_moment(entry.expires_at)),
        (
            "version",
            entry.version.clone().unwrap_or_else(|| "-".to_owned()),
        ),
        ("compressed", yes(entry.compressed)),
        ("encrypted", yes(entry.encrypted)),
        ("tags", tags(&entry.tags)),
    ] {
        print::line(format!("{name:10}  {value}"));
    }
    print::title("VALUE");
    let value = entry.value.as_deref();
    print::line(value.unwrap_or("cannot be shown"));
}

fn tags(tags: &[String]) -> String {
    match tags {
        [] => "-".to_owned(),
        tags => tags.join(", "),
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    kind: &'a str,
    byte_size: u64,
    created_at: String,
    expires_at: Option<String>,
    version: Option<&'a str>,
    compressed: bool,
    encrypted: bool,
    tags: &'a [String],
    value: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn of(entry: &'a Shown) -> Self {
        Self {
            key: &entry.key,
            kind: &entry.kind,
            byte_size: entry.byte_size,
            created_at: entry.created_at.iso8601(),
            expires_at: entry.expires_at.map(Timestamp::iso8601),
            version: entry.version.as_deref(),
            compressed: entry.compressed,
            encrypted: entry.encrypted,
            tags: &entry.tags,
            value: entry.value.as_deref(),
        }
    }
}
