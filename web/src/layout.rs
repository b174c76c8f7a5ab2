use askama::Template;
use inertia::Layout;
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

pub(crate) fn layout(assets: Assets, settings: &Settings) -> Layout {
    let cable = CableUrl::of(settings);
    Layout::new(assets.version().to_owned(), move |request, page| {
        let document = Document {
            cable_url: cable.for_request(request),
            assets: &assets,
            nonce: Nonce::of(request),
            page,
            noscript: noscript(page, request)?,
        };
        Ok(document.render()?)
    })
}
