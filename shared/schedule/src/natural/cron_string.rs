use super::Contradiction;
use super::data::{Data, Value};
use super::slot::{Key, Slot};

/// Hours and the minutes at which they all match.
type Times = (Vec<Value>, Vec<Value>);

/// The cron strings that the slots make together; several if hours differ in their minutes.
pub(super) fn cron_strings(slots: Vec<Slot>) -> Result<Vec<String>, Contradiction> {
    let (times, others) = slots.into_iter().partition(|slot| slot.key == Key::Time);
    let mut fields = joined(others)?;
    let times = with_midnight(times, &mut fields);
    let times = grouped(graded(times)?)?;
    Ok(times.iter().map(|times| written(&fields, times)).collect())
}

/// One slot for each field.
fn joined(slots: Vec<Slot>) -> Result<Vec<Slot>, Contradiction> {
    let mut fields: Vec<Slot> = Vec::new();
    for slot in slots {
        match fields.iter_mut().find(|field| field.key == slot.key) {
            Some(field) => field.append(&slot)?,
            None => fields.push(slot),
        }
    }
    Ok(fields)
}

/// A day without a time is its midnight, and a month without a day its first one.
fn with_midnight(mut times: Vec<Slot>, fields: &mut Vec<Slot>) -> Vec<Slot> {
    let has = |key| fields.iter().any(|field: &Slot| field.key == key);
    let (has_day, has_month) = (has(Key::MonthDay) || has(Key::Weekday), has(Key::Month));
    if times.is_empty() && (has_day || has_month) {
        times.push(Slot::time(Data::number(0u8), Data::number(0u8)));
    }
    if has_month && !has_day {
        fields.push(Slot::new(Key::MonthDay, Data::number(1u8)));
    }
    times
}

/// Each slot that has a grade takes in the one before it, or the one after it if it is the first.
fn graded(mut times: Vec<Slot>) -> Result<Vec<Slot>, Contradiction> {
    while times.len() > 1
        && let Some(index) = times.iter().position(Slot::is_graded)
    {
        let other = times.remove(if index == 0 { 1 } else { index - 1 });
        times[index.saturating_sub(1)].append(&other)?;
    }
    Ok(times)
}

fn grouped(times: Vec<Slot>) -> Result<Vec<Times>, Contradiction> {
    if times.is_empty() {
        let star = || Data::star().into_values();
        return Ok(vec![(star(), star())]);
    }
    let mut by_minute: Vec<(Value, Vec<Value>)> = Vec::new();
    for time in times {
        for minute in time.second.into_values() {
            let hours = time.first.clone().into_values();
            group(&mut by_minute, minute).extend(hours);
        }
    }
    let mut by_hours: Vec<Times> = Vec::new();
    for (minute, hours) in by_minute {
        group(&mut by_hours, sorted(hours)?).push(minute);
    }
    Ok(by_hours)
}

fn group<K: PartialEq>(groups: &mut Vec<(K, Vec<Value>)>, key: K) -> &mut Vec<Value> {
    let known = groups.iter().position(|(known, _)| *known == key);
    let index = known.unwrap_or_else(|| {
        groups.push((key, Vec::new()));
        groups.len() - 1
    });
    &mut groups[index].1
}

/// Numbers and ranges such as `9-17` have no order between them.
fn sorted(mut hours: Vec<Value>) -> Result<Vec<Value>, Contradiction> {
    let is_number = |hour: &Value| matches!(hour, Value::Number(_));
    if hours.iter().any(is_number) && !hours.iter().all(is_number) {
        return Err(Contradiction);
    }
    hours.sort_by(|one, other| match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        (one, other) => one.to_string().cmp(&other.to_string()),
    });
    Ok(hours)
}

fn written(fields: &[Slot], (hours, minutes): &Times) -> String {
    let field = |key| fields.iter().find(|field| field.key == key);
    let values = |key| field(key).map(|field| list(&field.first.clone().into_values()));
    let or_star = |key| values(key).unwrap_or_else(|| "*".into());
    let texts = [
        values(Key::Second),
        Some(list(minutes)),
        Some(list(hours)),
        Some(or_star(Key::MonthDay)),
        Some(or_star(Key::Month)),
        Some(or_star(Key::Weekday)),
        values(Key::Zone),
    ];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    texts.join(" ")
}

fn list(values: &[Value]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for value in values.iter().map(Value::to_string) {
        if !texts.contains(&value) {
            texts.push(value);
        }
    }
    texts.join(",")
}
