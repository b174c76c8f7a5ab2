use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use app::AppContext;
use app::jobs::BroadcastTodosJob;
use app::models::{NewTodo, Todo, TodoChanges, TodoError, TodoId};
use inertia::{Inertia, Props};
use solid_queue::PerformLater as _;

use super::params::TodoParams;
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
    inertia: Inertia,
    params: TodoParams,
) -> Result<HttpResponse, AppError> {
    let new = NewTodo {
        title: params.title.unwrap_or_default(),
        completed: params.completed.unwrap_or_default(),
    };
    let outcome = Todo::create(&app, new).await.map(drop);
    answer(&app, &inertia, outcome).await
}

pub(crate) async fn update(
    app: Data<AppContext>,
    inertia: Inertia,
    id: Path<i64>,
    params: TodoParams,
) -> Result<HttpResponse, AppError> {
    let changes = TodoChanges {
        title: params.title,
        completed: params.completed,
    };
    let outcome = Todo::update(&app, TodoId(*id), changes).await;
    answer(&app, &inertia, outcome).await
}

pub(crate) async fn destroy(
    app: Data<AppContext>,
    inertia: Inertia,
    id: Path<i64>,
) -> Result<HttpResponse, AppError> {
    let outcome = Todo::destroy(&app, TodoId(*id)).await;
    answer(&app, &inertia, outcome).await
}

/// Back to the list in either case: with the change, or with what is wrong about it.
async fn answer(
    app: &AppContext,
    inertia: &Inertia,
    outcome: Result<(), TodoError>,
) -> Result<HttpResponse, AppError> {
    match outcome {
        Ok(()) => {
            broadcast_update_async(app).await;
            Ok(inertia.redirect(TODOS_PATH))
        }
        Err(TodoError::Invalid(invalid)) => {
            Ok(inertia.redirect_with_errors(TODOS_PATH, invalid.messages()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The change is committed when this is called. Without the job other browsers learn of it with the next change only,
/// but to tell this one that its change failed would be wrong.
async fn broadcast_update_async(app: &AppContext) {
    if let Err(error) = BroadcastTodosJob.perform_later(&app.queue).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "could not enqueue the broadcast of a change"
        );
    }
}
