use std::fmt;

/// A piece of a field of cron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    Text(String),
}

/// What a slot holds. One value and a list of one are joined with others differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Nothing,
    One(Value),
    Many(Vec<Value>),
}

impl Data {
    pub(super) fn number(number: impl Into<u64>) -> Self {
        Self::One(Value::Number(number.into()))
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::One(Value::Text(text.into()))
    }

    pub(super) fn star() -> Self {
        Self::text("*")
    }

    pub(super) fn is_star(&self) -> bool {
        *self == Self::star()
    }

    pub(super) fn into_values(self) -> Vec<Value> {
        match self {
            Self::Nothing => Vec::new(),
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// As one end of a range. Lists are no such thing; what they give is not cron.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::One(value) => value.fmt(f),
            Self::Many(_) => f.write_str("[]"),
        }
    }
}
