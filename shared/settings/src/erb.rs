//! The few Ruby expressions that Rails' generated config files hold between `<%=` and `%>`.
//!
//! What stands in a comment of the file is left alone: there, generated files show what could be written.

use crate::quantity::seconds_in;
use crate::{AppEnv, Environment};

const UNDERSTOOD: &str = "understood are `256.megabytes`, `1.day`, `Rails.env`, `ENV[\"NAME\"]`, \
     `ENV[\"NAME\"] || value` and `ENV.fetch(\"NAME\", value)`, each also with `.to_i`";

/// The text with every expression replaced by its value. The error names the line.
pub(crate) fn expand(
    text: &str,
    app_env: AppEnv,
    environment: &Environment,
) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once("<%") {
        expanded.push_str(before);
        if is_in_comment(last_line(&expanded)) {
            let end = tag.find('\n').unwrap_or(tag.len());
            expanded.push_str("<%");
            expanded.push_str(&tag[..end]);
            rest = &tag[end..];
            continue;
        }
        let line = text[..text.len() - tag.len()].matches('\n').count() + 1;
        let (code, after) = tag
            .split_once("%>")
            .ok_or_else(|| format!("line {line}: `<%` without `%>`"))?;
        expanded.push_str(
            &value_of_tag(code, app_env, environment)
                .map_err(|error| format!("line {line}: {error}"))?,
        );
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// Whether what follows this beginning of a line is a comment: there is a `#` after whitespace, outside of quotes.
fn is_in_comment(beginning: &str) -> bool {
    let mut quote = None;
    let mut previous = ' ';
    for character in beginning.chars() {
        match quote {
            Some(open) if open == character => quote = None,
            None if character == '#' && previous.is_whitespace() => return true,
            // Elsewhere it is an apostrophe.
            None if matches!(character, '"' | '\'') && " \t[{,".contains(previous) => {
                quote = Some(character);
            }
            Some(_) | None => {}
        }
        previous = character;
    }
    false
}

fn value_of_tag(code: &str, app_env: AppEnv, environment: &Environment) -> Result<String, String> {
    if code.starts_with('#') {
        return Ok(String::new());
    }
    let code = code.trim_matches('-');
    let expression = code
        .strip_prefix('=')
        .map(str::trim)
        .ok_or_else(|| not_understood(code))?;
    value(expression, app_env, environment)
}

fn value(expression: &str, app_env: AppEnv, environment: &Environment) -> Result<String, String> {
    if let Some(receiver) = expression.strip_suffix(".to_i")
        && !expression.contains("||")
    {
        return value(receiver, app_env, environment).and_then(|text| integer(expression, &text));
    }
    if expression == "Rails.env" {
        return Ok(app_env.to_string());
    }
    if let Some(arguments) = expression.strip_prefix("ENV.fetch") {
        return fetch(expression, arguments, app_env, environment);
    }
    if expression.starts_with("ENV[") {
        return index(expression, app_env, environment);
    }
    literal(expression)
        .or_else(|| quantity(expression))
        .ok_or_else(|| not_understood(expression))
}

/// What Ruby's `to_i` gives, except that text without a number is none.
fn integer(expression: &str, text: &str) -> Result<String, String> {
    let number: Result<f64, _> = text.trim().replace('_', "").parse();
    match number {
        Ok(number) => Ok(number.trunc().to_string()),
        Err(_) => Err(format!("`{expression}`: expected a number, got `{text}`")),
    }
}

/// `ENV["NAME"]` and `ENV["NAME"] || value`.
fn index(expression: &str, app_env: AppEnv, environment: &Environment) -> Result<String, String> {
    let (name, default) = match expression.split_once("||") {
        Some((name, default)) => (name.trim(), Some(default.trim())),
        None => (expression, None),
    };
    let name = name
        .strip_prefix("ENV[")
        .and_then(|name| name.strip_suffix(']'))
        .and_then(quoted);
    let name = name.ok_or_else(|| not_understood(expression))?;
    match (environment.get(name), default) {
        (Some(value), _) => Ok(value.into()),
        (None, Some(default)) => value(default, app_env, environment),
        (None, None) => Ok(String::new()),
    }
}

/// `ENV.fetch("NAME")`, `ENV.fetch("NAME", value)` and `ENV.fetch("NAME") { value }`.
fn fetch(
    expression: &str,
    arguments: &str,
    app_env: AppEnv,
    environment: &Environment,
) -> Result<String, String> {
    let (arguments, block) = match arguments
        .strip_suffix('}')
        .and_then(|it| it.split_once('{'))
    {
        Some((arguments, block)) => (arguments.trim_end(), Some(block)),
        None => (arguments, None),
    };
    let inside = arguments
        .strip_prefix('(')
        .and_then(|arguments| arguments.strip_suffix(')'))
        .ok_or_else(|| not_understood(expression))?;
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => (name, Some(default)),
        None => (inside, block),
    };
    let name = quoted(name.trim()).ok_or_else(|| not_understood(expression))?;
    match (environment.get(name), default) {
        (Some(value), _) => Ok(value.into()),
        (None, Some(default)) => value(default.trim(), app_env, environment),
        (None, None) => Err(format!(
            "`{name}` is not set, and `{expression}` gives no value for that case"
        )),
    }
}

fn literal(expression: &str) -> Option<String> {
    let number = expression.parse::<f64>().is_ok();
    let word = matches!(expression, "true" | "false" | "nil");
    match quoted(expression) {
        Some(text) => Some(text.into()),
        None if expression == "nil" => Some(String::new()),
        None => (number || word).then(|| expression.into()),
    }
}

fn quoted(text: &str) -> Option<&str> {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// `256.megabytes` in bytes, `1.day` in seconds.
fn quantity(expression: &str) -> Option<String> {
    let (number, unit) = expression.rsplit_once('.')?;
    let number: f64 = number.replace('_', "").parse().ok()?;
    let factor = match unit.trim_end_matches('s') {
        "byte" => 1.0,
        "kilobyte" => 1024.0,
        "megabyte" => 1024.0 * 1024.0,
        "gigabyte" => 1024.0 * 1024.0 * 1024.0,
        _ => seconds_in(unit)?,
    };
    Some((number * factor).to_string())
}

fn not_understood(expression: &str) -> String {
    format!(
        "`{}` is Ruby that is not evaluated here; {UNDERSTOOD}",
        expression.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_with(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment = variables.iter().copied().collect();
        expand(text, AppEnv::Production, &environment)
    }

    #[test]
    fn expressions_of_generated_files_are_evaluated() {
        let cases = [
            ("<%= 256.megabytes %>", "268435456"),
            ("<%= 1.day %>", "86400"),
            ("<%= Rails.env %>", "production"),
            ("<%= ENV[\"SET\"] %>", "here"),
            ("<%= ENV['UNSET'] %>", ""),
            ("<%= ENV[\"UNSET\"] || 3 %>", "3"),
            ("<%= ENV.fetch(\"SET\") %>", "here"),
            ("<%= ENV.fetch(\"UNSET\", \"storage\") %>/x", "storage/x"),
            ("<%= ENV.fetch(\"UNSET\") { 5 } %>", "5"),
            ("<%# a comment %>", ""),
            ("<%= 60.days.to_i %>", "5184000"),
            ("<%= 1.5.days.to_i %>", "129600"),
            ("<%= 0.5.seconds.to_i %>", "0"),
            ("<%= ENV.fetch(\"UNSET\", 1).to_i %>", "1"),
            ("<%= ENV.fetch('UNSET') { 5 }.to_i %>", "5"),
            ("<%= ENV['NUMBER'].to_i %>", "7"),
            ("<%= ENV['UNSET'] || 2.days.to_i %>", "172800"),
            ("<%= ENV['SET'] || 2.days.to_i %>", "here"),
            ("<%= ENV.fetch('UNSET', ENV.fetch('NUMBER', 1)) %>", "7"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                expand_with(text, &[("SET", "here"), ("NUMBER", "7")]).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn comments_are_left_alone() {
        for text in [
            "# max_age: <%= Rails.root %>\na: 1",
            "a: 1  # <%= Rails.root %> and <%= so.on %>",
            "\t# <% if this",
            "a: it's # <%= Rails.root %>",
            "a: 'b' # <%= Rails.root %>",
        ] {
            assert_eq!(expand_with(text, &[]).as_deref(), Ok(text));
        }
        for (text, expected) in [
            ("# <%= x\na: <%= 1.day %>", "# <%= x\na: 86400"),
            ("a: b#<%= 1.day %>", "a: b#86400"),
            ("a: \"b # <%= 1.day %>\"", "a: \"b # 86400\""),
            ("a: <%= 1.day %> # <%= 1.day %>", "a: 86400 # <%= 1.day %>"),
        ] {
            assert_eq!(expand_with(text, &[]).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn other_ruby_is_named_with_its_line() {
        let error = expand_with("a: 1\nb: <%= Rails.root.join('x') %>", &[]).unwrap_err();
        assert!(
            error.starts_with("line 2: `Rails.root.join('x')` is Ruby that is not evaluated here"),
            "{error}"
        );
        let error = expand_with("<%= ENV.fetch(\"UNSET\") %>", &[]).unwrap_err();
        assert!(error.contains("`UNSET` is not set"), "{error}");
        let error = expand_with("a:\n<%= ENV.fetch('UNSET', 1) + 2 %>", &[]).unwrap_err();
        assert!(
            error.starts_with("line 2: `ENV.fetch('UNSET', 1) + 2` is Ruby"),
            "{error}"
        );
        let error = expand_with("<%= ENV['SET'].to_i %>", &[("SET", "many")]).unwrap_err();
        assert_eq!(
            error,
            "line 1: `ENV['SET'].to_i`: expected a number, got `many`"
        );
    }
}
