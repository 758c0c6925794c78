//! The browser console, as it was built when this crate was.
//!
//! Files of the build are served by their names; a browser that navigates to any other path outside
//! the API gets the page, which finds out itself what to show. Without a build, the page says how
//! to make one. Nothing is served that asks a browser to leave this origin.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use sha1::{Digest as _, Sha1};

/// Name, content, and the content compressed with gzip where that is smaller.
type Built = (&'static str, &'static [u8], Option<&'static [u8]>);

/// The files of the console, sorted by name; none if it was not built.
const FILES: &[Built] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

const PAGE: &str = "index.html";

/// What a browser gets from a server that was built without the console.
const UNBUILT: Built = (PAGE, HOW_TO_BUILD.as_bytes(), None);

const HOW_TO_BUILD: &str = "<!doctype html>\n<html lang=\"en\"><title>Merak</title>\n\
    <h1>Merak serves, without its console</h1>\n\
    <p>This binary was built before the console was. Run <code>make console</code>, build Merak \
    again, and start it again.</p>\n\
    <p>The API is at <code>/api/v1</code> and described at \
    <a href=\"/openapi.json\">/openapi.json</a>.</p></html>\n";

/// Scripts, styles and connections of this origin alone, nothing inline, in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// Vite puts a hash of the content into the names in this folder, so they never change.
const HASHED: &str = "assets/";

/// Answers with a file of the console, or with its page to a browser that navigates.
///
/// None if the request is not for the console.
pub(crate) fn answer(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let name = uri.path().trim_start_matches('/');
    if let Some(file) = find(name) {
        return Some(serve(file, headers));
    }
    let is_of_api = ["api", "openapi.json", "metrics", "healthz", "readyz"]
        .iter()
        .any(|taken| name.split('/').next() == Some(taken));
    if is_of_api || name.starts_with(HASHED) || !is_navigation(headers) {
        return None;
    }
    Some(serve(find(PAGE).unwrap_or(&UNBUILT), headers))
}

fn find(name: &str) -> Option<&'static Built> {
    let place = FILES.binary_search_by_key(&name, |(name, ..)| name);
    place.ok().map(|place| &FILES[place])
}

/// Browsers ask for HTML when people go to an address; scripts and tools do not.
fn is_navigation(headers: &HeaderMap) -> bool {
    lists(headers, &header::ACCEPT, "text/html")
}

fn serve((name, plain, gzip): &Built, headers: &HeaderMap) -> Response {
    let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(plain));
    let tag = format!("\"{digest}\"");
    let caching = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let common = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "accept, accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = if lists(headers, &header::IF_NONE_MATCH, &tag) {
        (StatusCode::NOT_MODIFIED, common).into_response()
    } else {
        let accepts = lists(headers, &header::ACCEPT_ENCODING, "gzip");
        let (content, encoding) = match gzip.filter(|_| accepts) {
            Some(gzip) => (gzip, Some("gzip")),
            None => (*plain, None),
        };
        let kind = [(header::CONTENT_TYPE, media_type(name))];
        let mut response = (common, kind, Body::from(content)).into_response();
        if let Some(encoding) = encoding {
            let encoding = HeaderValue::from_static(encoding);
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, encoding);
        }
        response
    };
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Whether a header has `wanted` in its list, whatever its parameters.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut texts = values.filter_map(|value| value.to_str().ok());
    texts.any(|text| {
        let mut items = text.split(',');
        items.any(|item| item.split(';').next().is_some_and(|it| it.trim() == wanted))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
