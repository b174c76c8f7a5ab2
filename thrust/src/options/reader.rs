use super::Problems;
use super::table;
use super::values::Value;

const PREFIX: &str = "THRUSTER_";

/// Reads variables, and keeps what is wrong with them.
pub(super) struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            variable,
            problems: Vec::new(),
        }
    }

    /// The value of an option, or its default.
    pub(super) fn get<T: Value + Default>(&mut self, name: &'static str) -> T {
        self.optional(name).unwrap_or_default()
    }

    /// The value of an option that may have none.
    pub(super) fn optional<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let (name, text) = self.text(name)?;
        let value = T::parse(text.trim());
        if value.is_none() {
            let expected = T::EXPECTED;
            self.problem(format!("{name}: expected {expected}, got `{text}`"));
        }
        value
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    pub(super) fn end<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(Problems(self.problems))
        }
    }

    /// What is set, under the name it is set by. An empty variable counts as none.
    fn text(&self, name: &'static str) -> Option<(String, String)> {
        let names = [format!("{PREFIX}{name}"), name.to_owned()];
        let mut set = names.into_iter().filter_map(|name| {
            let text = (self.variable)(&name).filter(|text| !text.trim().is_empty())?;
            Some((name, text))
        });
        set.next().or_else(|| {
            let default = table::default(name);
            (!default.is_empty()).then(|| (name.to_owned(), default.to_owned()))
        })
    }
}
