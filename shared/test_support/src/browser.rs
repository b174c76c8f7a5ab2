use anyhow::{Context as _, Result};
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};
use serde_json::Value;
use std::sync::Arc;

/// A client that does over HTTP what the page does: it keeps cookies and sends the CSRF token. Redirects are not followed.
pub struct Browser {
    client: Client,
    cookies: Arc<Jar>,
    url: Url,
}

impl Browser {
    /// Loads the page, which brings the cookies.
    ///
    /// # Errors
    /// When the page does not load.
    pub async fn open(url: &str) -> Result<Self> {
        let cookies = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(Arc::clone(&cookies))
            .redirect(redirect::Policy::none())
            .build()?;
        let browser = Self {
            client,
            cookies,
            url: url.parse()?,
        };
        browser
            .client
            .get(browser.at("/todos")?)
            .send()
            .await?
            .error_for_status()?;
        Ok(browser)
    }

    /// A request as the page's client makes it, CSRF token and Inertia headers included.
    ///
    /// # Errors
    /// When `path` is none, or the page gave no token.
    pub fn visit(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let token = self
            .csrf_token()
            .context("the page gave no XSRF-TOKEN cookie")?;
        Ok(self
            .request(method, path)?
            .header("X-Inertia", "true")
            .header("X-XSRF-TOKEN", token))
    }

    /// A request with cookies and nothing else.
    ///
    /// # Errors
    /// When `path` is none.
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        Ok(self.client.request(method, self.at(path)?))
    }

    /// Creates a todo.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn create(&self, title: &str) -> Result<Response> {
        let body = serde_json::json!({ "todo": { "title": title } });
        Ok(self
            .visit(Method::POST, "/todos")?
            .json(&body)
            .send()
            .await?)
    }

    /// The props of the page, as an Inertia client gets them.
    ///
    /// # Errors
    /// When the server does not answer with a page.
    pub async fn props(&self) -> Result<Value> {
        let html = self
            .client
            .get(self.at("/todos")?)
            .send()
            .await?
            .error_for_status()?
            .text()
            .await?;
        let script = html
            .split(r#"<script data-page="app" type="application/json">"#)
            .nth(1);
        let json = script
            .and_then(|rest| rest.split("</script>").next())
            .context("the document holds no page")?;
        let page: Value = serde_json::from_str(json)?;
        Ok(page.get("props").cloned().unwrap_or_default())
    }

    /// The token that the page's cookie holds: hex digits.
    pub fn csrf_token(&self) -> Option<String> {
        let cookies = self.cookies()?;
        let token = cookies
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN="))?;
        Some(token.to_owned())
    }

    /// The value of the `Cookie` header.
    pub fn cookies(&self) -> Option<String> {
        Some(self.cookies.cookies(&self.url)?.to_str().ok()?.to_owned())
    }

    fn at(&self, path: &str) -> Result<Url> {
        Ok(self.url.join(path)?)
    }
}
