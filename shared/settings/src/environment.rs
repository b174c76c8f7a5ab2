use std::collections::BTreeMap;

/// Environment variables by name. Empty values count as not set, as in shell scripts.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process. The one place where they are read.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn of_process() -> Self {
        // A name or value that is not UTF-8 is none of ours.
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The variable's value, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The variables that override keys of a file: `QUEUE__WORKERS__0__THREADS` is `workers[0].threads` of `queue.yml`.
    pub(crate) fn overrides(&self, prefix: &str) -> impl Iterator<Item = (&str, String, &str)> {
        let prefix = format!("{prefix}__");
        self.variables.iter().filter_map(move |(name, value)| {
            let path = name.strip_prefix(&prefix)?;
            Some((name.as_str(), key_path(path), value.as_str()))
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}

fn key_path(name: &str) -> String {
    let name = name.to_lowercase();
    let parts = name.split("__").map(|part| match part.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{part}"),
    });
    parts.collect::<String>().trim_start_matches('.').to_owned()
}
