use std::cell::Cell;
use std::rc::Rc;

use actix_web::HttpResponse;
use inertia::{Inertia, Prop, Props, RenderError};
use serde_json::{Value, json};

use crate::{Client, first_visit, partial, partial_except, visit};

fn props() -> Props {
    Props::new()
        .value("list", [1, 2])
        .always("user", "ada")
        .lazy("count", async || Ok(2))
        .optional("details", async || Ok("more"))
        .value(
            "form",
            json!({ "title": "milk", "owner": { "name": "ada", "mail": "a@b.c" } }),
        )
        .nested(
            "stats",
            Props::new()
                .lazy("done", async || Ok(1))
                .lazy("open", async || Ok(1)),
        )
}

async fn index(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    inertia.render("Todos/Index", props()).await
}

async fn asked(request: actix_web::test::TestRequest) -> Value {
    let mut props = Client::new().ask(index, request).await.page()["props"].take();
    props.as_object_mut().unwrap().remove("errors").unwrap();
    props
}

#[actix_web::test]
async fn a_whole_visit_gets_all_but_what_has_to_be_named() {
    let form = json!({ "title": "milk", "owner": { "name": "ada", "mail": "a@b.c" } });
    let all = json!({ "list": [1, 2], "user": "ada", "count": 2, "form": form, "stats": { "done": 1, "open": 1 } });
    assert_eq!(asked(visit()).await, all);
    assert_eq!(asked(first_visit()).await, all);
}

#[actix_web::test]
async fn a_partial_reload_gets_what_it_names_and_what_always_comes() {
    assert_eq!(
        asked(partial("details, list")).await,
        json!({ "list": [1, 2], "user": "ada", "details": "more" })
    );
    assert_eq!(asked(partial("nothing")).await, json!({ "user": "ada" }));
}

#[actix_web::test]
async fn a_partial_reload_leaves_out_what_it_excepts() {
    let rest = json!({ "list": [1, 2], "user": "ada", "details": "more" });
    assert_eq!(asked(partial_except("form,stats,count")).await, rest);
    let both = partial("list,count").insert_header(("x-inertia-partial-except", "count"));
    assert_eq!(asked(both).await, json!({ "list": [1, 2], "user": "ada" }));
}

#[actix_web::test]
async fn paths_choose_parts_of_values_and_of_nested_props() {
    let parts =
        json!({ "user": "ada", "form": { "owner": { "name": "ada" } }, "stats": { "open": 1 } });
    assert_eq!(asked(partial("form.owner.name,stats.open")).await, parts);
    let without = asked(partial_except(
        "form.owner.mail,stats.done,list,count,details",
    ))
    .await;
    assert_eq!(
        without,
        json!({ "user": "ada", "form": { "title": "milk", "owner": { "name": "ada" } }, "stats": { "open": 1 } })
    );
}

#[actix_web::test]
async fn a_reload_of_another_component_is_a_whole_visit() {
    let other = visit()
        .insert_header(("x-inertia-partial-component", "Users/Index"))
        .insert_header(("x-inertia-partial-data", "list"));
    assert_eq!(asked(other).await, asked(visit()).await);
    let no_inertia = first_visit()
        .insert_header(("x-inertia-partial-component", "Todos/Index"))
        .insert_header(("x-inertia-partial-data", "list"));
    assert_eq!(asked(no_inertia).await, asked(visit()).await);
}

#[actix_web::test]
async fn what_is_not_wanted_is_neither_computed_nor_written() {
    struct Counted(Rc<Cell<u32>>);
    impl serde::Serialize for Counted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(self.0.get() + 1);
            serializer.serialize_unit()
        }
    }
    let handler = async |inertia: Inertia| {
        let (computed, written) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let count = Rc::clone(&computed);
        let compute = async move || {
            count.set(count.get() + 1);
            Ok(1)
        };
        let props = Props::new()
            .value("list", [1])
            .prop("lazy", Prop::lazy(compute))
            .value("value", Counted(Rc::clone(&written)));
        inertia.render("Todos/Index", props).await.unwrap();
        format!("{} {}", computed.get(), written.get())
    };
    let mut client = Client::new();
    assert_eq!(client.ask(handler, partial("list")).await.body, "0 0");
    assert_eq!(client.ask(handler, visit()).await.body, "1 1");
}
