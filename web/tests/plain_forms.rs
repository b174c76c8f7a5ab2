//! The list without JavaScript, over a real process: what is in its HTML, and what its forms do.

use anyhow::{Context as _, Result};
use reqwest::{Method, Response, StatusCode};
use test_support::Web;

/// What a browser without JavaScript shows.
async fn shown(web: &Web, path: &str) -> Result<String> {
    let response = web.browser.request(Method::GET, path)?.send().await?;
    let html = response.error_for_status()?.text().await?;
    let list = html.split("<noscript>").nth(1).context("no noscript")?;
    Ok(list.split("</noscript>").next().unwrap_or(list).to_owned())
}

/// Sends a form of the page at `from`, with the token in its field.
async fn submit(web: &Web, from: &str, to: &str, fields: &[(&str, &str)]) -> Result<Response> {
    let page = shown(web, from).await?;
    let (_, token) = page
        .split_once(r#"name="authenticity_token" value=""#)
        .context("no token")?;
    let token = token.split('"').next().unwrap_or_default();
    let fields = [&[("authenticity_token", token)], fields].concat();
    let request = web.browser.request(Method::POST, to)?.form(&fields);
    let request = request.header("referer", format!("{}{from}", web.url));
    Ok(request.send().await?)
}

/// The same with the token in the header.
async fn send(web: &Web, from: &str, to: &str, fields: &[(&str, &str)]) -> Result<Response> {
    let token = web.browser.csrf_token().unwrap_or_default();
    let request = web.browser.request(Method::POST, to)?.form(fields);
    let request = request.header("referer", format!("{}{from}", web.url));
    Ok(request.header("x-xsrf-token", token).send().await?)
}

#[track_caller]
fn leads_to(response: &Response, path: &str) {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = response.headers().get("location");
    assert_eq!(
        location.and_then(|location| location.to_str().ok()),
        Some(path)
    );
}

#[tokio::test]
async fn the_list_is_there_without_javascript() -> Result<()> {
    let web = Web::with_todos(&["milk", "<b>tea</b>"]).await?;
    let page = shown(&web, "/todos").await?;
    for part in [
        "☐ <bdi>milk</bdi></button>",
        "☐ <bdi>&#60;b&#62;tea&#60;/b&#62;</bdi></button>",
        "<strong>2</strong> items left",
        "formaction=/todos/1 ",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(!page.contains("Clear completed"));
    let completed = shown(&web, "/todos?filter=completed").await?;
    assert!(completed.contains("Nothing here."), "{completed}");
    Ok(())
}

#[tokio::test]
async fn buttons_toggle_one_and_all_and_keep_the_filter() -> Result<()> {
    let web = Web::with_todos(&["milk", "tea"]).await?;
    let from = "/todos?filter=active";
    let done = [("todo[completed]", "1")];
    leads_to(&send(&web, from, "/todos/1", &done).await?, from);
    let page = shown(&web, from).await?;
    assert!(page.contains("☐ <bdi>tea</bdi></button>") && !page.contains("milk"));

    leads_to(&send(&web, "/todos", "/todos/all", &done).await?, "/todos");
    let page = shown(&web, "/todos").await?;
    assert!(page.contains("<strong>0</strong> items left"), "{page}");
    assert!(page.contains("Clear completed") && page.contains("Reopen all"));
    Ok(())
}

#[tokio::test]
async fn what_was_not_valid_is_shown_again_with_the_reason_once() -> Result<()> {
    let web = Web::with_todos(&["milk"]).await?;
    let long = "x".repeat(300);
    let title = [("todo[title]", long.as_str())];
    leads_to(&send(&web, "/todos", "/todos", &title).await?, "/todos");
    let page = shown(&web, "/todos").await?;
    let field = format!(r#"name="todo[title]" value="{long}""#);
    assert!(page.contains(&field), "{page}");
    assert!(page.contains("Title is too long (maximum is 255 characters)"));
    let again = shown(&web, "/todos").await?;
    assert!(!again.contains("Title is") && !again.contains(&long));

    let from = "/todos?filter=active&edit=1";
    let blank = [("todo[title]", "  ")];
    leads_to(&send(&web, from, "/todos/1", &blank).await?, from);
    let page = shown(&web, from).await?;
    assert!(page.contains("Title can&#39;t be blank"), "{page}");
    let tea = [("todo[title]", "tea")];
    leads_to(
        &send(&web, from, "/todos/1", &tea).await?,
        "/todos?filter=active",
    );
    assert!(
        shown(&web, "/todos")
            .await?
            .contains("☐ <bdi>tea</bdi></button>")
    );
    Ok(())
}

#[tokio::test]
async fn long_lists_have_pages() -> Result<()> {
    let titles: Vec<String> = (1..=101).map(|number| format!("todo {number}")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let web = Web::with_todos(&titles).await?;
    let first = shown(&web, "/todos").await?;
    assert_eq!(first.matches("<li").count(), 100);
    assert!(first.contains(r#"<a href="/todos?page=2" rel="next">"#));
    let second = shown(&web, "/todos?page=2").await?;
    assert!(second.contains("☐ <bdi>todo 1</bdi></button>") && second.matches("<li").count() == 1);
    Ok(())
}

#[tokio::test]
async fn forms_bring_their_token_in_a_field() -> Result<()> {
    let web = Web::with_todos(&[]).await?;
    let milk = [("todo[title]", "milk")];
    leads_to(&submit(&web, "/todos", "/todos", &milk).await?, "/todos");
    assert!(
        shown(&web, "/todos")
            .await?
            .contains("☐ <bdi>milk</bdi></button>")
    );
    let done = [("todo[completed]", "1")];
    leads_to(&submit(&web, "/todos", "/todos/1", &done).await?, "/todos");

    let forged = web.browser.request(Method::POST, "/todos")?.form(&milk);
    assert_eq!(
        forged.send().await?.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    Ok(())
}

#[tokio::test]
async fn buttons_delete_one_and_all_that_are_done() -> Result<()> {
    let web = Web::with_todos(&["milk", "tea", "rice"]).await?;
    let delete = [("_method", "delete")];
    leads_to(
        &submit(&web, "/todos", "/todos/1", &delete).await?,
        "/todos",
    );
    submit(&web, "/todos", "/todos/2", &[("todo[completed]", "1")]).await?;
    let from = "/todos?filter=completed";
    leads_to(
        &submit(&web, from, "/todos/completed", &delete).await?,
        from,
    );
    let page = shown(&web, "/todos").await?;
    assert!(page.contains("☐ <bdi>rice</bdi></button>") && page.matches("<li").count() == 1);
    let put = [("_method", "put"), ("todo[title]", "bread")];
    leads_to(&submit(&web, "/todos", "/todos/3", &put).await?, "/todos");
    assert!(
        shown(&web, "/todos")
            .await?
            .contains("☐ <bdi>bread</bdi></button>")
    );
    Ok(())
}
