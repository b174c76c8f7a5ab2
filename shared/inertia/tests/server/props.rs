//! What the client is told about deferred, merged, scrolled and kept props.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::test::TestRequest;
use inertia::{Inertia, Prop, Props, ScrollPage};
use serde_json::{Map, Value, json};

use crate::{Client, partial, visit};

/// The page without what every page has.
async fn told<F>(props: F, request: TestRequest) -> Value
where
    F: Fn() -> Props + Clone + 'static,
{
    let handler = move |inertia: Inertia| {
        let props = props();
        inertia.render("Todos/Index", props).into_future()
    };
    let mut page = Client::new().ask(handler, request).await.page();
    let page = page.as_object_mut().unwrap();
    for common in ["component", "url", "version"] {
        page.remove(common);
    }
    page["props"].as_object_mut().unwrap().remove("errors");
    Value::Object(std::mem::replace(page, Map::new()))
}

fn deferred() -> Props {
    Props::new()
        .defer("slow", async || Ok(1))
        .prop("chart", Prop::lazy(async || Ok(2)).group("charts"))
        .prop(
            "broken",
            Prop::lazy(async || Err::<u32, _>("told to".into()))
                .group("charts")
                .rescue(),
        )
        .nested("user", Props::new().defer("friends", async || Ok(3)))
}

#[actix_web::test]
async fn deferred_props_are_announced_by_group_and_come_when_asked_for() {
    let groups = json!({ "default": ["slow", "user.friends"], "charts": ["chart", "broken"] });
    assert_eq!(
        told(deferred, visit()).await,
        json!({ "props": {}, "deferredProps": groups })
    );
    assert_eq!(
        told(deferred, partial("slow,user.friends")).await,
        json!({ "props": { "slow": 1, "user": { "friends": 3 } } })
    );
}

#[actix_web::test]
async fn a_deferred_prop_that_fails_is_named_and_left_out() {
    assert_eq!(
        told(deferred, partial("chart,broken")).await,
        json!({ "props": { "chart": 2 }, "rescuedProps": ["broken"] })
    );
}

fn merged() -> Props {
    let page = || json!({ "data": [1], "rows": [2] });
    Props::new()
        .prop("appended", Prop::value([1]).merge().match_on("id"))
        .prop("prepended", Prop::value([1]).prepend())
        .prop("deep", Prop::value(page()).deep_merge())
        .prop(
            "below",
            Prop::value(page())
                .merge_at("data")
                .prepend_at("rows")
                .match_on("data.id"),
        )
}

#[actix_web::test]
async fn merged_props_say_where_and_how() {
    let page = told(merged, visit()).await;
    assert_eq!(page["mergeProps"], json!(["appended", "below.data"]));
    assert_eq!(page["prependProps"], json!(["prepended", "below.rows"]));
    assert_eq!(page["deepMergeProps"], json!(["deep"]));
    assert_eq!(
        page["matchPropsOn"],
        json!(["appended.id", "below.data.id"])
    );
}

#[actix_web::test]
async fn only_what_comes_is_merged_and_nothing_that_is_reset() {
    assert_eq!(
        told(merged, partial("prepended")).await,
        json!({ "props": { "prepended": [1] }, "prependProps": ["prepended"] })
    );
    let reset = partial("appended,prepended").insert_header(("x-inertia-reset", "appended"));
    assert_eq!(
        told(merged, reset).await,
        json!({ "props": { "appended": [1], "prepended": [1] }, "prependProps": ["prepended"] })
    );
}

fn scrolled() -> Props {
    let page = ScrollPage::new("page", 2).previous(1).next(3);
    Props::new()
        .prop(
            "users",
            Prop::value([1]).scroll(page.clone()).match_on("id"),
        )
        .prop(
            "feed",
            Prop::value(json!({ "data": [1] })).scroll_in("data", ScrollPage::new("cursor", "abc")),
        )
        .prop("later", Prop::value([1]).scroll(page).defer())
}

#[actix_web::test]
async fn scrolled_props_say_which_page_they_are() {
    let page = told(scrolled, visit()).await;
    let users = json!({ "pageName": "page", "previousPage": 1, "nextPage": 3, "currentPage": 2, "reset": false });
    let feed = json!({ "pageName": "cursor", "previousPage": null, "nextPage": null, "currentPage": "abc", "reset": false });
    assert_eq!(page["scrollProps"], json!({ "users": users, "feed": feed }));
    assert_eq!(page["mergeProps"], json!(["users", "feed.data", "later"]));
    assert_eq!(page["deferredProps"], json!({ "default": ["later"] }));
    assert!(told(scrolled, partial("later")).await["scrollProps"]["later"].is_object());
}

#[actix_web::test]
async fn who_scrolls_back_gets_them_put_before() {
    let back =
        partial("users,feed").insert_header(("x-inertia-infinite-scroll-merge-intent", "prepend"));
    let page = told(scrolled, back).await;
    assert_eq!(
        (&page["prependProps"], page.get("mergeProps")),
        (&json!(["users", "feed.data"]), None)
    );
    let reset = partial("users").insert_header(("x-inertia-reset", "users"));
    let page = told(scrolled, reset).await;
    assert_eq!(
        (
            &page["scrollProps"]["users"]["reset"],
            page.get("mergeProps")
        ),
        (&json!(true), None)
    );
}

fn kept() -> Props {
    Props::new()
        .prop("plans", Prop::value(["free"]).once())
        .prop(
            "roles",
            Prop::value(["admin"])
                .once_as("shared-roles")
                .expires_in(Duration::from_mins(1)),
        )
        .prop("fresh", Prop::value(1).once().fresh(true))
        .prop("slow", Prop::lazy(async || Ok(1)).defer().once())
}

fn holding(request: TestRequest) -> TestRequest {
    request.insert_header((
        "x-inertia-except-once-props",
        "plans,shared-roles,fresh,slow",
    ))
}

#[actix_web::test]
async fn kept_props_come_once_and_say_for_how_long() {
    let page = told(kept, visit()).await;
    assert_eq!(
        page["props"],
        json!({ "plans": ["free"], "roles": ["admin"], "fresh": 1 })
    );
    assert_eq!(page["onceProps"]["plans"], json!({ "prop": "plans" }));
    assert_eq!(page["onceProps"]["shared-roles"]["prop"], "roles");
    let expires_at = page["onceProps"]["shared-roles"]["expiresAt"]
        .as_u64()
        .unwrap();
    let now = u64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    )
    .unwrap();
    assert!(
        (now + 1..=now + 60_000).contains(&expires_at),
        "{expires_at}, now {now}"
    );
}

#[actix_web::test]
async fn what_the_client_has_does_not_come_again_unless_asked_for() {
    let page = told(kept, holding(visit())).await;
    assert_eq!(
        (&page["props"], page.get("deferredProps")),
        (&json!({ "fresh": 1 }), None)
    );
    // The client goes on keeping what is still described.
    assert_eq!(page["onceProps"].as_object().unwrap().len(), 4);
    assert_eq!(
        told(kept, holding(partial("plans"))).await["props"],
        json!({ "plans": ["free"] })
    );
}

#[actix_web::test]
async fn json_at_hand_is_passed_on_as_it_is() {
    let raw = || {
        Props::new().prop(
            "list",
            Prop::raw(serde_json::value::to_raw_value(&[1, 2]).unwrap()),
        )
    };
    assert_eq!(
        told(raw, visit()).await,
        json!({ "props": { "list": [1, 2] } })
    );
}

#[actix_web::test]
async fn props_of_one_name_give_way_to_the_last() {
    let twice = || {
        Props::new()
            .value("a", 1)
            .value("b", 2)
            .merge(Props::new().value("a", 3))
    };
    assert_eq!(
        told(twice, visit()).await["props"],
        json!({ "a": 3, "b": 2 })
    );
    assert_eq!(format!("{:?}", twice()), r#"{"a", "b"}"#);
    assert_eq!(
        told(|| Props::new().nested("empty", Props::new()), visit()).await["props"],
        json!({ "empty": {} })
    );
}
