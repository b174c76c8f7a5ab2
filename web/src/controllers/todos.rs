use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use app::AppContext;
use app::models::{NewTodo, Todo, TodoChanges, TodoError, TodoId};
use inertia::{Inertia, Props};

use super::broadcast::broadcast_update_async;
use super::params::TodoParams;
use crate::background::Background;
use crate::errors::AppError;

const TODOS_PATH: &str = "/todos";

pub(crate) async fn index(
    app: Data<AppContext>,
    inertia: Inertia,
) -> Result<HttpResponse, AppError> {
    let list = Todo::broadcast_list(&app).await?;
    let props = Props::new()
        .value("todos", list.todos)
        .value("rev", list.rev)
        .value("epoch", list.epoch);
    Ok(inertia.render("Todos/Index", props).await?)
}

pub(crate) async fn create(
    app: Data<AppContext>,
    background: Data<Background>,
    inertia: Inertia,
    params: TodoParams,
) -> Result<HttpResponse, AppError> {
    let new = NewTodo {
        title: params.title.unwrap_or_default(),
        completed: params.completed.unwrap_or_default(),
    };
    let change = async move |app: Data<AppContext>| Todo::create(&app, new).await.map(drop);
    make(change, app, background, &inertia).await
}

pub(crate) async fn update(
    app: Data<AppContext>,
    background: Data<Background>,
    inertia: Inertia,
    id: Path<i64>,
    params: TodoParams,
) -> Result<HttpResponse, AppError> {
    let changes = TodoChanges {
        title: params.title,
        completed: params.completed,
    };
    let change = async move |app: Data<AppContext>| Todo::update(&app, TodoId(*id), changes).await;
    make(change, app, background, &inertia).await
}

pub(crate) async fn destroy(
    app: Data<AppContext>,
    background: Data<Background>,
    inertia: Inertia,
    id: Path<i64>,
) -> Result<HttpResponse, AppError> {
    let change = async move |app: Data<AppContext>| Todo::destroy(&app, TodoId(*id)).await;
    make(change, app, background, &inertia).await
}

/// Makes the change and tells all browsers of it, even when the client goes away in between. Then it is back to the
/// list: with the change, or with what is wrong about it.
async fn make<C, F>(
    change: C,
    app: Data<AppContext>,
    background: Data<Background>,
    inertia: &Inertia,
) -> Result<HttpResponse, AppError>
where
    C: FnOnce(Data<AppContext>) -> F,
    F: Future<Output = Result<(), TodoError>> + Send + 'static,
{
    let change = change(app.clone());
    let broadcasts = background.clone();
    let work = async move {
        change.await?;
        broadcast_update_async(&app, &broadcasts).await;
        Ok(())
    };
    match background.finish(work).await? {
        Ok(()) => Ok(inertia.redirect(TODOS_PATH).into()),
        Err(TodoError::Invalid(invalid)) => {
            let redirect = inertia.redirect(TODOS_PATH);
            Ok(redirect.errors(invalid.messages()).into())
        }
        Err(error) => Err(error.into()),
    }
}
