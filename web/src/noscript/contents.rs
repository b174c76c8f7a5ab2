use serde::Deserialize;

/// What of a page the list is made of.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) todos: Vec<Row>,
    /// What is wrong with the title that was sent last.
    pub(super) error: Option<String>,
    /// That title.
    pub(super) typed: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) completed: bool,
}

/// The page object, as far as it matters here.
#[derive(Deserialize)]
struct Page {
    component: String,
    #[serde(default)]
    props: Props,
    #[serde(default)]
    flash: Flash,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Props {
    todos: Vec<Row>,
    errors: Errors,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    title: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Flash {
    typed: String,
}

impl Contents {
    /// From the script element from which the client starts. `None` for other pages.
    pub(super) fn of(elements: &str) -> Option<Self> {
        let script = elements.split_once('>')?.1;
        let (json, _) = script.split_once("</script>")?;
        let page: Page = serde_json::from_str(json).ok()?;
        (page.component == "Todos/Index").then_some(Self {
            todos: page.props.todos,
            error: page.props.errors.title,
            typed: page.flash.typed,
        })
    }
}
