//! Every variable and every key with its default and its meaning: what `docs/settings.md` is made of. That the tables are
//! complete and their defaults true is tested against the code that reads them.

use std::fmt::Write as _;

/// A variable of the environment, or a key of a config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name; for a key the path to it, such as `workers[].threads`.
    pub name: &'static str,
    /// What it is where it is not set, as one would write it. None: nothing, or what the meaning says.
    pub default: Option<&'static str>,
    /// What it does, in Markdown.
    pub meaning: &'static str,
}

/// The keys of one config file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name without `.yml`.
    pub name: &'static str,
    /// What its keys are below, in Markdown. Empty: they stand in the section itself.
    pub below: &'static str,
    table: &'static str,
}

/// The variables.
pub fn variables() -> impl Iterator<Item = Setting> {
    rows(include_str!("reference/environment.txt"))
}

/// The config files.
pub const FILES: [File; 6] = [
    File {
        name: "database",
        below: "Under `primary`, `cache`, `queue`, `cable`, and other databases that `cache.yml` names. A section without these names \
                counts as `primary`.",
        table: include_str!("reference/database.txt"),
    },
    File {
        name: "queue",
        below: "A file that names neither `workers` nor `dispatchers` nor a `scheduler` gets one worker and one dispatcher; \
                one that names some gets just those.",
        table: include_str!("reference/queue.txt"),
    },
    File {
        name: "recurring",
        below: "Under the name of each task.",
        table: include_str!("reference/recurring.txt"),
    },
    File {
        name: "cache",
        below: "",
        table: include_str!("reference/cache.txt"),
    },
    File {
        name: "cable",
        below: "",
        table: include_str!("reference/cable.txt"),
    },
    File {
        name: "web",
        below: "",
        table: include_str!("reference/web.txt"),
    },
];

impl File {
    /// Its keys.
    pub fn keys(&self) -> impl Iterator<Item = Setting> {
        rows(self.table)
    }
}

/// All of it as a page.
pub fn markdown() -> String {
    let mut page = format!("{HEAD}\n## Environment\n\n");
    add_table(&mut page, "variable", variables());
    page.push_str(FILES_HEAD);
    for file in FILES {
        let _ = write!(page, "\n### {}.yml\n\n", file.name);
        if !file.below.is_empty() {
            let _ = write!(page, "{}\n\n", file.below);
        }
        add_table(&mut page, "key", file.keys());
    }
    page
}

const HEAD: &str = "\
# Settings

<!-- Printed by `worker settings`. A test keeps this page as it is there. -->

`web`, `worker` and `cable` read the same environment and the same files; the front proxy has [options of its
own](thrust.md#all-options). What is wrong is reported all at once, with the variable or the file and key. `web check`,
`worker check` and `cable check` do only that. An empty variable counts as not set.
";

const FILES_HEAD: &str = "
## Files

A file is read for the section named after `APP_ENV`, else `default`, else as a whole. A missing file is an empty one. A key
that is not known is an error. Of Ruby, `<%= … %>` may hold `256.megabytes`, `1.day`, `Rails.env`, `ENV[\"NAME\"]`,
`ENV[\"NAME\"] || value`, `ENV.fetch(\"NAME\", value)`, each also with `.to_i`, and literals. Durations are seconds, or text such as
`0.1.seconds`, and longer than 0 where they are intervals.

A variable `FILE__KEY` overrides a key: `QUEUE__WORKERS__0__THREADS=8` is `workers[0].threads` of `queue.yml`,
`DATABASE__QUEUE__WATCH=false` is `queue.watch` of `database.yml`.
";

fn rows(table: &'static str) -> impl Iterator<Item = Setting> {
    table.lines().filter_map(|line| {
        let mut cells = line.splitn(3, " | ");
        Some(Setting {
            name: cells.next()?,
            default: cells.next().filter(|default| *default != "-"),
            meaning: cells.next()?,
        })
    })
}

fn add_table(page: &mut String, head: &str, settings: impl Iterator<Item = Setting>) {
    let _ = write!(page, "| {head} | default | |\n|---|---|---|\n");
    for Setting {
        name,
        default,
        meaning,
    } in settings
    {
        let default = default.map(|default| format!("`{default}`"));
        let _ = writeln!(
            page,
            "| `{name}` | {} | {meaning} |",
            default.unwrap_or_default()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{Environment, Settings};

    #[test]
    fn the_variables_are_those_that_are_read() {
        let environment: Environment = [
            // No secret is made in the folder of the test.
            ("APP_ENV", "production"),
            // Some are read only where others ask for it.
            ("CACHE__ENCRYPT", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ]
        .into_iter()
        .collect();
        Settings::load(&environment).unwrap_err();
        let read = environment.asked.take();
        let tabled: BTreeSet<_> = super::variables().map(|one| one.name.to_owned()).collect();
        assert_eq!(tabled, read);
    }
}
