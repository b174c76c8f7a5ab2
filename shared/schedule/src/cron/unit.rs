use crate::scanner::Scanner;

/// The numbers of a field that match, in order; `None` stands for all of them.
pub(crate) type Values = Option<Vec<i8>>;

/// A field of numbers.
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) expected: &'static str,
    least: i8,
    most: i8,
    read: fn(&mut Scanner<'_>) -> Option<i8>,
}

/// An element of a field's list: `*`, `5`, `5-10`, `*/2`, `5-10/2` or `/2`.
struct Element {
    start: Option<i8>,
    end: Option<i8>,
    step: Option<i8>,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

pub(crate) const SECOND: Unit = Unit {
    name: "second",
    expected: "0-59, `*` or steps like `*/5` (1-99)",
    least: 0,
    most: 59,
    read: |text| text.number(0, 59),
};

pub(crate) const MINUTE: Unit = Unit {
    name: "minute",
    ..SECOND
};

pub(crate) const HOUR: Unit = Unit {
    name: "hour",
    expected: "0-24, `*` or steps like `*/2` (1-99)",
    least: 0,
    most: 23,
    read: |text| text.number(0, 24),
};

pub(crate) const MONTH_DAY: Unit = Unit {
    name: "day of the month",
    expected: "1-31, -31 to -1 (`L` is -1) or `*`, with no range or step from a negative day up to a positive one",
    least: 1,
    most: 31,
    read: month_day,
};

pub(crate) const MONTH: Unit = Unit {
    name: "month",
    expected: "1-12, jan-dec, `*` or steps like `*/3` (1-99)",
    least: 1,
    most: 12,
    read: |text| {
        let number = text.number(1, 12);
        number.or_else(|| name(text, &MONTHS).map(|index| index + 1))
    },
};

impl Unit {
    /// Reads a list. The error is for lists that are well formed and make no sense.
    pub(crate) fn read(&self, text: &mut Scanner<'_>) -> Option<Result<Values, Nonsense>> {
        let elements = list(text, |text| self.element(text))?;
        Some(self.values(&elements))
    }

    fn element(&self, text: &mut Scanner<'_>) -> Option<Element> {
        let (start, end) = if text.exact("*").is_some() || text.rest().starts_with('/') {
            (None, None)
        } else {
            range(text, self.read)?
        };
        let step = step(text);
        Some(Element { start, end, step })
    }

    fn values(&self, elements: &[Element]) -> Result<Values, Nonsense> {
        let mut all = Some(Vec::new());
        for element in elements {
            let found = self.expand(element)?;
            all = all.zip(found).map(|(mut all, found)| {
                all.extend(found);
                all
            });
        }
        Ok(all.map(|mut values| {
            values.sort_unstable();
            values.dedup();
            values
        }))
    }

    fn expand(&self, element: &Element) -> Result<Values, Nonsense> {
        let (start, end) = match (element.start, element.end, element.step) {
            (_, _, Some(0)) => return Err(Nonsense),
            (None, None, None) => return Ok(None),
            (Some(start), None, None) => return Ok(Some(vec![self.wrapped(start)])),
            (start, end, _) => (start.unwrap_or(self.least), end.unwrap_or(self.most)),
        };
        let end = if end < 0 && start > 0 { self.most } else { end };
        let step = element.step.unwrap_or(1);
        if (start, end, step) == (self.least, self.most, 1) {
            return Ok(None);
        }
        if start < 0 && end > 0 {
            return Err(Nonsense);
        }
        let step = usize::try_from(step).map_err(|_| Nonsense)?;
        let stepped = self.walk(start, end).into_iter().step_by(step);
        Ok(Some(stepped.map(|value| self.wrapped(value)).collect()))
    }

    /// From start to end, over the top and on from the bottom if need be. Hour 24 is past the top.
    fn walk(&self, start: i8, mut end: i8) -> Vec<i8> {
        let (least, most) = if start < 0 {
            (-self.most, -1)
        } else {
            (self.least, self.most)
        };
        let mut walked = vec![start];
        let mut at = start;
        while at != end {
            at += 1;
            if at > most {
                at = least;
                end = if end > most { end - most - 1 } else { end };
            }
            walked.push(at);
        }
        walked
    }

    fn wrapped(&self, value: i8) -> i8 {
        if value > self.most { self.least } else { value }
    }
}

/// A list that is well formed but makes no sense.
#[derive(Debug)]
pub(crate) struct Nonsense;

/// A list, liberal with extra commas.
pub(crate) fn list<T>(
    text: &mut Scanner<'_>,
    element: impl Fn(&mut Scanner<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    text.attempt(|text| {
        commas(text);
        let found = text.list(element, |text| {
            text.exact(",")?;
            commas(text);
            Some(())
        })?;
        commas(text);
        Some(found)
    })
}

fn commas(text: &mut Scanner<'_>) {
    while text
        .attempt(|text| {
            text.skip_blanks();
            text.exact(",")
        })
        .is_some()
    {}
}

/// A bound, or two with a hyphen between them.
pub(crate) fn range(
    text: &mut Scanner<'_>,
    bound: impl Fn(&mut Scanner<'_>) -> Option<i8>,
) -> Option<(Option<i8>, Option<i8>)> {
    let start = bound(text)?;
    let end = text.attempt(|text| {
        text.exact("-")?;
        bound(text)
    });
    Some((Some(start), end))
}

pub(crate) fn step(text: &mut Scanner<'_>) -> Option<i8> {
    text.attempt(|text| {
        text.exact("/")?;
        text.number(0, 99)
    })
}

/// The place of the name that is here.
pub(crate) fn name(text: &mut Scanner<'_>, names: &[&str]) -> Option<i8> {
    let found = text.one_of(names)?;
    let index = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(found))?;
    i8::try_from(index).ok()
}

fn month_day(text: &mut Scanner<'_>) -> Option<i8> {
    let day = text.attempt(|text| {
        let sign = if text.exact("-").is_some() { -1 } else { 1 };
        Some(sign * text.number(1, 31)?)
    });
    day.or_else(|| text.one_of(&["last", "l"]).map(|_| -1))
}
