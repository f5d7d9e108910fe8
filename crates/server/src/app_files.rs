//! The built app, file by file, as the browser wants it.

use std::path::Path;

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeDir;

/// A file whose name holds the hash of its content is another file when it changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked about each time: start page, service worker, manifest, icons.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

const INDEX: &str = "index.html";

#[derive(Debug, Clone)]
pub struct AppFiles(ServeDir);

impl AppFiles {
    /// None where `dist` holds no built app.
    pub fn open(dist: &Path) -> Option<Self> {
        let serve = ServeDir::new(dist).precompressed_br().precompressed_gzip();
        dist.join(INDEX).is_file().then_some(Self(serve))
    }

    pub async fn answer(self, mut request: Request<Body>) -> Response {
        let name = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        if name.contains('.') && is_odd(request.uri().path()) {
            return StatusCode::NOT_FOUND.into_response();
        }
        if !name.contains('.') {
            // A page of the app: which one, the app itself reads from the address.
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.path_and_query = Some(PathAndQuery::from_static("/index.html"));
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        }
        let mut response = self.0.oneshot(request).await.into_response();
        let lasts =
            is_named_by_hash(&name) && (response.status().is_success() || response.status() == 304);
        response
            .headers_mut()
            .insert(CACHE_CONTROL, if lasts { FOR_EVER } else { ASK_EACH_TIME });
        response
    }
}

/// Nothing that the build makes is named so: what lies there by mistake is not given out.
fn is_odd(path: &str) -> bool {
    path.contains(['%', '\\']) || path.split('/').any(|it| it.starts_with('.'))
}

/// Trunk names a file `name-0123456789abcdef.css` or `name-0123456789abcdef_bg.wasm`, and leaves out leading zeros.
fn is_named_by_hash(name: &str) -> bool {
    let is_hash = |part: &str| {
        let digits = part.split(['.', '_']).next().unwrap_or_default();
        (10..=16).contains(&digits.len())
            && digits.len() < part.len()
            && digits.bytes().all(|it| it.is_ascii_hexdigit())
    };
    name.split('-').skip(1).any(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_by_its_hash_is_kept_for_ever() {
        assert!(is_named_by_hash("shouwen-0123456789abcdef_bg.wasm"));
        assert!(is_named_by_hash("work-list-0123456789abcdef.css"));
        assert!(is_named_by_hash("emergency-39e7ff54199977a.css"));
        for name in [
            "index.html",
            "sw.js",
            "favicon-32.png",
            "shouwen.js",
            "a-0123456789abcdef",
            "a-0123456789abcdeg.js",
        ] {
            assert!(!is_named_by_hash(name), "{name}");
        }
    }
}
