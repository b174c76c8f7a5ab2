use std::collections::BTreeMap;

/// Environment variables by name. Empty values count as not set, as in shell scripts.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The names that were asked for, so that a test can tell whether all are documented.
    #[cfg(test)]
    pub(crate) asked: std::cell::RefCell<std::collections::BTreeSet<String>>,
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
        #[cfg(test)]
        self.asked.borrow_mut().insert(name.to_owned());
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The same with these variables set, as by options on a command line.
    #[must_use]
    pub fn with<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter();
        self.variables
            .extend(variables.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The variables that override keys of a file, with the key and the value: `QUEUE__WORKERS__0__THREADS` is
    /// `workers[0].threads` of `queue.yml`.
    pub(crate) fn overrides(&self, prefix: &str) -> impl Iterator<Item = (&str, String, &str)> {
        let prefix = format!("{prefix}__");
        let variables = self.variables.iter();
        let set = variables.filter(|(_, value)| !value.is_empty());
        set.filter_map(move |(name, value)| {
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
            #[cfg(test)]
            asked: std::cell::RefCell::default(),
        }
    }
}

/// The number of the last entry of a list that a variable may name: all up to it are made.
pub(crate) const LAST_INDEX: u16 = 999;

/// The part of an overriding variable's name that counts too far into a list.
pub(crate) fn index_too_large(variable: &str) -> Option<&str> {
    let mut indexes = variable.split("__").filter(|part| is_index(part));
    indexes.find(|index| !index.parse().is_ok_and(|index: u16| index <= LAST_INDEX))
}

fn key_path(name: &str) -> String {
    let name = name.to_lowercase();
    let parts = name.split("__").map(|part| {
        if is_index(part) {
            format!("[{part}]")
        } else {
            format!(".{part}")
        }
    });
    parts.collect::<String>().trim_start_matches('.').to_owned()
}

fn is_index(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}
