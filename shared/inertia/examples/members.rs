//! A small application that uses every part of the adapter: `cargo run -p inertia --example members`.
//!
//! The tests in `e2e/inertia` visit it with the client that `@inertiajs/core` is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, web};
use inertia::csrf::Csrf;
use inertia::{Config, Inertia, Prop, Props, RenderError, ScrollPage};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize)]
struct Member {
    id: usize,
    name: String,
}

#[derive(Default)]
struct Members(Mutex<Vec<Member>>);

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    name: String,
}

impl Members {
    fn all(&self) -> Vec<Member> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Member>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is wrong with the form, by field.
fn problems(form: &Form) -> Option<(&'static str, &'static str)> {
    form.name
        .trim()
        .is_empty()
        .then_some(("name", "can't be blank"))
}

/// The list, with 304 for those who have it.
async fn index(inertia: Inertia, members: Data<Members>) -> Result<HttpResponse, RenderError> {
    let list = members.all();
    let state = list.last().map_or(0, |member| member.id) * 1_000 + list.len();
    let props = Props::new().lazy("members", async || Ok(list));
    inertia.render("Members/Index", props).etag(state).await
}

async fn create(inertia: Inertia, members: Data<Members>, form: Json<Form>) -> HttpResponse {
    let problems = problems(&form);
    if let Some(answer) = inertia.precognition(problems) {
        return answer;
    }
    if problems.is_some() {
        return inertia.redirect_back("/members").errors(problems).into();
    }
    members.change(|members| {
        let id = members.last().map_or(1, |member| member.id + 1);
        members.push(Member {
            id,
            name: form.into_inner().name,
        });
    });
    inertia
        .redirect("/members")
        .flash("notice", "Welcome")
        .into()
}

/// Any redirect will do: after PUT, PATCH and DELETE it becomes 303.
async fn rename(members: Data<Members>, id: Path<usize>, form: Json<Form>) -> HttpResponse {
    let name = form.into_inner().name;
    members.change(|members| {
        if let Some(member) = members.iter_mut().find(|member| member.id == *id) {
            member.name = name;
        }
    });
    HttpResponse::Found()
        .insert_header(("location", "/members"))
        .finish()
}

/// Each kind of prop.
async fn dashboard(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    let props = Props::new()
        .value("plain", 1)
        .always("always", 2)
        .lazy("lazy", async || Ok(3))
        .optional("optional", async || Ok(4))
        .defer("deferred", async || Ok(5))
        .prop("chart", Prop::lazy(async || Ok([6])).group("charts"))
        .prop(
            "broken",
            Prop::lazy(async || Err::<u8, _>("out of order".into()))
                .group("charts")
                .rescue(),
        )
        .prop(
            "news",
            Prop::value([Member {
                id: 1,
                name: "first".into(),
            }])
            .merge()
            .match_on("id"),
        )
        .prop("log", Prop::value(["newest"]).prepend())
        .prop(
            "tree",
            Prop::value(serde_json::json!({ "leaves": ["a"] })).deep_merge(),
        )
        .prop(
            "plans",
            Prop::lazy(async || Ok(["free"]))
                .once()
                .expires_in(Duration::from_hours(1)),
        )
        .nested(
            "user",
            Props::new()
                .value("name", "ada")
                .value("mail", "ada@example.com"),
        );
    inertia.render("Dashboard", props).await
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "first")]
    page: u32,
}

fn first() -> u32 {
    2
}

/// Three pages of numbers, for an infinite scroll that starts in the middle.
async fn feed(inertia: Inertia, query: Query<Page>) -> Result<HttpResponse, RenderError> {
    let page = query.page.clamp(1, 3);
    let mut place = ScrollPage::new("page", page);
    if page > 1 {
        place = place.previous(page - 1);
    }
    if page < 3 {
        place = place.next(page + 1);
    }
    let items = serde_json::json!({ "data": [page * 10, page * 10 + 1] });
    let props = Props::new().prop("items", Prop::value(items).scroll_in("data", place));
    inertia.render("Feed", props).await
}

async fn secret(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    inertia
        .render("Secret", Props::new())
        .encrypt_history(true)
        .await
}

async fn logout(inertia: Inertia) -> impl Responder {
    inertia.redirect("/members").clear_history()
}

async fn anchor(inertia: Inertia) -> impl Responder {
    inertia.redirect("/members#new")
}

async fn away(inertia: Inertia) -> impl Responder {
    inertia.redirect("https://other.example/")
}

async fn nowhere(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    let props = Props::new().value("status", 404);
    inertia
        .render("Errors/Show", props)
        .status(StatusCode::NOT_FOUND)
        .await
}

fn config() -> Config {
    let layout = |_: &HttpRequest, document: &inertia::Document<'_>| {
        Ok(format!(
            "<!DOCTYPE html><html><body>{}</body></html>",
            document.elements()
        ))
    };
    Config::new("version-1", layout).share(|_| Props::new().value("app", "Members"))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let members = Data::from(Arc::new(Members::default()));
    let server = HttpServer::new(move || {
        let key = Key::from(&[7; 64]);
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key);
        App::new()
            .app_data(members.clone())
            .app_data(config())
            .app_data(Csrf::new(b"a secret that should come from the environment"))
            .wrap(from_fn(inertia::protocol))
            .wrap(from_fn(inertia::csrf::protect))
            .wrap(sessions.cookie_secure(false).build())
            .route("/members", web::get().to(index))
            .route("/members", web::post().to(create))
            .route("/members/{id}", web::put().to(rename))
            .route("/dashboard", web::get().to(dashboard))
            .route("/feed", web::get().to(feed))
            .route("/secret", web::get().to(secret))
            .route("/logout", web::post().to(logout))
            .route("/anchor", web::post().to(anchor))
            .route("/away", web::post().to(away))
            .default_service(web::to(nowhere))
    });
    let server = server.workers(1).bind(("127.0.0.1", port()))?;
    for address in server.addrs() {
        tell(&format!("listening on http://{address}/members"));
    }
    server.run().await
}

/// The first argument; by default 3100.
fn port() -> u16 {
    std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(3100)
}

#[expect(
    clippy::print_stdout,
    reason = "this is how the program says where it is"
)]
fn tell(text: &str) {
    println!("{text}");
}
