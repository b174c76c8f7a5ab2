use actix_web::test::TestRequest;

use super::*;

/// So many todos, of which every third is done.
fn todos(count: i64) -> Contents<'static> {
    let todo = |id: i64| todo(id, &format!("todo {id}"), id % 3 == 0);
    Contents {
        todos: (1..=count).map(todo).collect(),
        ..Contents::default()
    }
}

fn todo(id: i64, title: &str, completed: bool) -> Row<'static> {
    Row {
        id,
        title: title.to_owned().into(),
        completed,
    }
}

fn html(contents: Contents<'_>, path: &str) -> String {
    let request = TestRequest::with_uri(path).to_http_request();
    let list = List {
        nonce: "NONCE".into(),
        token: "TOKEN".into(),
        ..List::of(contents, ListView::of(&request))
    };
    list.render().unwrap()
}

#[track_caller]
fn assert_has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "no `{part}` in {html}");
    }
}

#[test]
fn every_change_has_its_form() {
    let html = html(todos(3), "/todos?edit=2");
    assert_has(
        &html,
        &[
            r#"<form class="todos-form" method="post" action="/todos">"#,
            "formaction=/todos/1 name=todo[completed] value=1>☐ <bdi>todo 1</bdi></button>",
            "formaction=/todos/3 name=todo[completed] value=0>☑ <s dir=auto>todo 3</s></button>",
            r#"formaction=/todos/3 name=_method value=delete aria-label="Delete todo 3">Delete</button>"#,
            r#"<a href="/todos?edit=1" aria-label="Edit todo 1">Edit</a>"#,
            r#"form="edit" name="todo[title]" value="todo 2""#,
            r#"<form id="edit" method="post" action="/todos/2">"#,
            r#"action="/todos/all""#,
            r#"<button name="todo[completed]" value="1">Complete all"#,
            r#"formaction="/todos/completed" name="_method" value="delete""#,
            "<strong>2</strong> items left",
        ],
    );
    assert_eq!(
        html.matches(r#"name="authenticity_token" value="TOKEN""#)
            .count(),
        3
    );
}

#[test]
fn the_server_filters_and_turns_pages() {
    let active = html(todos(300), "/todos?filter=active&page=2");
    assert_has(
        &active,
        &[
            "<strong>200</strong> items left",
            r#"<a href="/todos?filter=active" aria-current="page">Active</a>"#,
            r#"<a href="/todos?filter=active" rel="prev">"#,
            "Page 2 of 2",
            r#"<a href="/todos?filter=active&#38;page=2&#38;edit=151" aria-label="Edit todo 151">"#,
        ],
    );
    assert_eq!(active.matches("<li").count(), 100);
    assert!(!active.contains("☑") && !active.contains("rel=\"next\""));
    assert_has(
        &html(todos(300), "/todos"),
        &["Page 1 of 3", r#"href="/todos?page=2" rel="next""#],
    );
    // There may be fewer pages than there were.
    assert_has(
        &html(todos(300), "/todos?page=9&filter=completed"),
        &["todo 300</s>"],
    );
    assert_has(
        &html(Contents::default(), "/todos?page=2"),
        &["Nothing here."],
    );
}

#[test]
fn what_was_wrong_stands_beside_what_was_typed() {
    let wrong = || Contents {
        todos: vec![todo(1, "milk", false)],
        error: Some("is too long".into()),
        typed: "mil\"k",
    };
    let new = html(wrong(), "/todos");
    assert_has(
        &new,
        &[
            r#"name="todo[title]" value="mil&#34;k""#,
            ">Title is too long</p>",
        ],
    );
    let edited = html(wrong(), "/todos?edit=1");
    assert_has(
        &edited,
        &[
            r#"name="todo[title]" value="" "#,
            r#"form="edit" name="todo[title]" value="mil&#34;k""#,
        ],
    );
}

#[test]
fn titles_stay_text() {
    for path in ["/todos", "/todos?edit=1"] {
        let title = r#""></noscript><script>alert(1)</script>"#;
        let contents = Contents {
            todos: vec![todo(1, title, true)],
            ..Contents::default()
        };
        let html = html(contents, path);
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("</noscript>").count(), 1, "{html}");
    }
}

#[test]
fn a_row_is_short() {
    let size = |count| html(todos(count), "/todos").len();
    let row = (size(90) - size(10)) / 80;
    assert!(row < 290, "{row} bytes");
}
