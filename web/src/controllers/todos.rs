use std::rc::Rc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use app::AppContext;
use app::models::{NewTodo, Revision, Todo, TodoChanges, TodoId, TodoList};
use inertia::{Inertia, PropError, Props};
use tokio::sync::OnceCell;

use super::list_view::ListView;
use super::params::{TodoParams, required};
use super::write::Write;
use crate::errors::AppError;

pub(crate) async fn index(
    app: Data<AppContext>,
    inertia: Inertia,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let revision = TodoList::revision(&app).await?;
    let state = revision.to_string();
    let todos = List::unread(app, revision);
    let (rev, epoch) = (todos.clone(), todos.clone());
    let props = Props::new()
        .lazy("todos", async move || {
            todos.read(|list| list.todos.clone()).await
        })
        .lazy("rev", async move || rev.read(|list| list.rev).await)
        .lazy("epoch", async move || {
            epoch.read(|list| list.epoch.clone()).await
        })
        .value("filter", ListView::of(&request).filter.name());
    Ok(inertia.render("Todos/Index", props).etag(state).await?)
}

/// The list, read once for all props that are part of it, and not at all when none of them is wanted.
#[derive(Clone)]
struct List {
    app: Data<AppContext>,
    revision: Rc<Revision>,
    read: Rc<OnceCell<TodoList>>,
}

impl List {
    fn unread(app: Data<AppContext>, revision: Revision) -> Self {
        Self {
            app,
            revision: Rc::new(revision),
            read: Rc::default(),
        }
    }

    async fn read<T>(&self, part: impl FnOnce(&TodoList) -> T) -> Result<T, PropError> {
        let read = || TodoList::at(&self.app, &self.revision);
        Ok(part(self.read.get_or_try_init(read).await?))
    }
}

pub(crate) async fn create(write: Write, params: TodoParams) -> Result<HttpResponse, AppError> {
    let once = write.once(&params);
    let write = write.typed(params.title.as_deref(), None);
    let new = NewTodo {
        title: params.title.unwrap_or_default(),
        completed: params.completed.unwrap_or_default(),
    };
    let write = write.validated(new.validate());
    write
        .make(async move |app| Todo::create(&app, new, once).await)
        .await
}

pub(crate) async fn update(
    write: Write,
    id: Path<i64>,
    params: TodoParams,
) -> Result<HttpResponse, AppError> {
    let once = write.once(&params);
    let write = write.typed(params.title.as_deref(), Some(*id));
    let changes = TodoChanges {
        title: params.title,
        completed: params.completed,
    };
    let write = write.validated(changes.validate());
    write
        .make(async move |app| Todo::update(&app, TodoId(*id), changes, once).await)
        .await
}

pub(crate) async fn destroy(write: Write, id: Path<i64>) -> Result<HttpResponse, AppError> {
    let once = write.once(&());
    write
        .make(async move |app| Todo::destroy(&app, TodoId(*id), once).await)
        .await
}

/// Makes all todos done, or none of them.
pub(crate) async fn update_all(write: Write, params: TodoParams) -> Result<HttpResponse, AppError> {
    let once = write.once(&params);
    let completed = required(params.completed, "todo[completed]")?;
    write
        .make(async move |app| Todo::update_all(&app, completed, once).await)
        .await
}

pub(crate) async fn destroy_completed(write: Write) -> Result<HttpResponse, AppError> {
    let once = write.once(&());
    write
        .make(async move |app| Todo::destroy_completed(&app, once).await)
        .await
}
