use askama::Template;
use inertia::Config;
use settings::Settings;

use crate::assets::Assets;
use crate::cable_url::CableUrl;
use crate::csp::Nonce;
use crate::noscript::noscript;

/// The HTML document around every page.
#[derive(Template)]
#[template(path = "layout.html")]
struct Document<'a> {
    cable_url: String,
    assets: &'a Assets,
    nonce: String,
    page: &'a str,
    noscript: String,
}

pub(crate) fn layout(assets: Assets, settings: &Settings) -> Config {
    let cable = CableUrl::of(settings);
    Config::new(assets.version().to_owned(), move |request, document| {
        let document = Document {
            cable_url: cable.for_request(request),
            assets: &assets,
            nonce: Nonce::of(request),
            page: document.elements(),
            noscript: noscript(document.page(), request)?,
        };
        Ok(document.render()?)
    })
}
