//! Migrations add and take nothing away: a program of the version before works on with the files, for as long as a deploy
//! takes. One that cannot be so must say so, and older programs then leave the file alone.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::fs;
use std::path::PathBuf;

use test_support::root;

/// What a migration that does more than add notes, by its version.
const MARK: &str = "INSERT INTO trifecta_breaking_migrations";

#[test]
fn migrations_only_add() {
    let all = migrations();
    assert!(all.len() > 5, "they are where they were");
    for path in all {
        let problems = problems(&fs::read_to_string(&path).unwrap());
        assert!(
            problems.is_empty(),
            "{}: an older program may not work with this: {problems:#?}\nAdd only, or say so: see CONTRIBUTING.md",
            path.display()
        );
    }
}

#[test]
fn what_takes_away_is_found() {
    for sql in [
        "DROP TABLE todos;",
        "ALTER TABLE todos RENAME TO tasks;",
        "ALTER TABLE todos DROP COLUMN title;",
        "ALTER TABLE todos ADD COLUMN note varchar NOT NULL;",
        "CREATE UNIQUE INDEX i ON todos (title);",
        "-- Fine.\nCREATE TABLE a (b); UPDATE todos SET title = '';",
        "DELETE FROM todos;",
    ] {
        assert_eq!(problems(sql).len(), 1, "{sql}");
        let marked = format!("{sql} {MARK} (version) VALUES ('20270101000000');");
        assert!(problems(&marked).is_empty(), "{marked}");
    }
    for sql in [
        "ALTER TABLE todos ADD COLUMN note varchar;",
        "ALTER TABLE todos ADD COLUMN stars integer NOT NULL DEFAULT 0;",
        "CREATE TABLE \"a\" (b); CREATE UNIQUE INDEX i ON \"a\" (b); INSERT INTO a VALUES (1);",
        "CREATE TRIGGER t AFTER INSERT ON todos BEGIN DELETE FROM a; UPDATE a SET b = 1; END; CREATE INDEX i ON todos (title);",
    ] {
        assert_eq!(problems(sql), Vec::<String>::new());
    }
}

fn migrations() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("migrations")).unwrap();
    let folders = files.flat_map(|file| fs::read_dir(file.unwrap().path()).unwrap());
    folders
        .map(|folder| folder.unwrap().path().join("up.sql"))
        .collect()
}

/// The statements that do more than add.
fn problems(sql: &str) -> Vec<String> {
    if sql.contains(MARK) {
        return Vec::new();
    }
    let statements = statements(sql);
    let made: Vec<_> = statements.iter().filter_map(|text| made(text)).collect();
    let adds = |text: &&String| !adds(text, &made);
    statements.iter().filter(adds).cloned().collect()
}

/// The statements, each in one line. A trigger is one, with all that it has between BEGIN and END.
fn statements(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap());
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut statements: Vec<String> = Vec::new();
    let mut is_open = false;
    for part in text.split(';') {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        match statements.last_mut() {
            Some(trigger) if is_open => trigger.extend(["; ", &part]),
            _ => statements.push(part.clone()),
        }
        let is_trigger = part.to_uppercase().starts_with("CREATE TRIGGER");
        is_open = (is_open || is_trigger) && part.to_uppercase() != "END";
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

fn adds(statement: &str, made: &[String]) -> bool {
    let text = statement.to_uppercase();
    let has = |words: &str| text.contains(words);
    match text.split(' ').next().unwrap() {
        // One on a table that was there before could refuse what an older program writes.
        "CREATE" if text.starts_with("CREATE UNIQUE INDEX") => made
            .iter()
            .any(|table| has(&format!(" ON {table} ")) || has(&format!(" ON {table}("))),
        "CREATE" | "INSERT" => true,
        "ALTER" => {
            let takes = has(" RENAME ") || has(" DROP ");
            !takes && (!has(" NOT NULL") || has(" DEFAULT "))
        }
        _ => false,
    }
}

/// The name of the table that a statement makes.
fn made(statement: &str) -> Option<String> {
    let text = statement.to_uppercase();
    let rest = text.strip_prefix("CREATE TABLE ")?;
    let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
    Some(rest.split([' ', '(']).next()?.to_owned())
}
