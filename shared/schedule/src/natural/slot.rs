use super::Contradiction;
use super::data::{Data, Value};

/// What a phrase says of one field, or of the hours and minutes together.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) key: Key,
    /// The hours, if it is a time.
    pub(super) first: Data,
    /// The minutes, if it is a time.
    pub(super) second: Data,
    grade: Grade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Second,
    Time,
    MonthDay,
    Month,
    Weekday,
    Zone,
    /// `at hour 5` is read, and has no effect.
    Ignored,
}

/// Who wins when two slots say something of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    Plain,
    /// Gives way with all it says.
    Weak,
    WeakMinutes,
    StrongHours,
    StrongMinutes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    First,
    Second,
}

impl Slot {
    pub(super) fn new(key: Key, first: Data) -> Self {
        Self {
            key,
            first,
            second: Data::Nothing,
            grade: Grade::Plain,
        }
    }

    pub(super) fn time(hours: Data, minutes: Data) -> Self {
        Self {
            second: minutes,
            ..Self::new(Key::Time, hours)
        }
    }

    pub(super) fn graded(self, grade: Grade) -> Self {
        Self { grade, ..self }
    }

    pub(super) fn is_graded(&self) -> bool {
        self.grade != Grade::Plain
    }

    /// Joins what another slot says to what this one says.
    pub(super) fn append(&mut self, other: &Self) -> Result<(), Contradiction> {
        let first = self.join(Part::First, other)?;
        self.second = self.join(Part::Second, other)?;
        self.first = first;
        self.grade = Grade::Plain;
        Ok(())
    }

    fn join(&self, part: Part, other: &Self) -> Result<Data, Contradiction> {
        let (mine, others) = (self.part(part), other.part(part));
        if *mine == Data::Nothing || *others == Data::Nothing {
            let nothing = *mine == Data::Nothing;
            return Ok(if nothing { others } else { mine }.clone());
        }
        if part == Part::First
            && let Some(hours) = hours_before_the_end(self, other)?
        {
            return Ok(hours);
        }
        if self.is_strong(part) || (!other.is_strong(part) && other.is_weak(part)) {
            return Ok(mine.clone());
        }
        if other.is_strong(part) || self.is_weak(part) {
            return Ok(others.clone());
        }
        Ok(both(mine, others))
    }

    fn part(&self, part: Part) -> &Data {
        match part {
            Part::First => &self.first,
            Part::Second => &self.second,
        }
    }

    fn is_strong(&self, part: Part) -> bool {
        match part {
            Part::First => self.grade == Grade::StrongHours,
            Part::Second => self.grade == Grade::StrongMinutes,
        }
    }

    fn is_weak(&self, part: Part) -> bool {
        self.grade == Grade::Weak || (self.grade == Grade::WeakMinutes && part == Part::Second)
    }

    /// `9-17` of a time on the hour.
    fn hour_range(&self) -> Result<Option<(u64, u64)>, Contradiction> {
        if self.key != Key::Time || self.second != Data::number(0u8) {
            return Ok(None);
        }
        let Data::One(Value::Text(hours)) = &self.first else {
            return Err(Contradiction);
        };
        let range = hours.split_once('-');
        Ok(range.and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?))))
    }
}

/// Every minute from 9 to 17 ends before 17:00.
fn hours_before_the_end(one: &Slot, other: &Slot) -> Result<Option<Data>, Contradiction> {
    let by_minutes = |slot: &Slot| slot.grade == Grade::StrongMinutes;
    let mut range = None;
    if by_minutes(other) {
        range = one.hour_range()?;
    }
    if range.is_none() && by_minutes(one) {
        range = other.hour_range()?;
    }
    Ok(range.map(|(start, end)| match end.checked_sub(1) {
        Some(end) if end == start => Data::number(start),
        Some(end) => Data::text(format!("{start}-{end}")),
        None => Data::text(format!("{start}--1")),
    }))
}

fn both(mine: &Data, others: &Data) -> Data {
    if mine.is_star() && others.is_star() {
        return Data::Many(vec![Value::Text("*".into())]);
    }
    let known = |data: &Data| match data {
        star if star.is_star() => Vec::new(),
        data => data.clone().into_values(),
    };
    Data::Many([known(mine), known(others)].concat())
}
