//! Listens to head office: a stream of events that is read as it comes.
//!
//! By fetch, since the browser's own reader of such streams cannot send a token.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestInit, Response};

/// Stops listening when it is dropped.
pub struct Listening(AbortController);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tells of every event until the stream ends, is cut, or the handle is dropped; then `ended` is called, with the wait in
/// seconds that head office asks for where it lets nobody more listen. None where the browser cannot.
pub fn listen(
    path: &str,
    token: &str,
    heard: impl Fn() + 'static,
    ended: impl FnOnce(Option<u64>) + 'static,
) -> Option<Listening> {
    let controller = AbortController::new().ok()?;
    let options = RequestInit::new();
    let headers = Headers::new().ok()?;
    headers
        .set("authorization", &format!("Bearer {token}"))
        .ok()?;
    options.set_headers(&headers);
    options.set_signal(Some(&controller.signal()));
    let request = super::window().fetch_with_str_and_init(path, &options);
    wasm_bindgen_futures::spawn_local(async move {
        // However it ends, the timer asks as before.
        ended(follow(request, heard).await.ok().flatten());
    });
    Some(Listening(controller))
}

async fn follow(request: js_sys::Promise, heard: impl Fn()) -> Result<Option<u64>, JsValue> {
    let response: Response = JsFuture::from(request).await?.dyn_into()?;
    let body = response.body().filter(|_| response.ok());
    let Some(body) = body else {
        let asked = response.headers().get("retry-after")?;
        return Ok(asked.and_then(|it| it.parse().ok()));
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        let bytes = js_sys::Uint8Array::new(&Reflect::get(&part, &"value".into())?).to_vec();
        // A line that begins with a colon is only a sign of life.
        if bytes.starts_with(b"data") || bytes.windows(5).any(|it| it == b"\ndata") {
            heard();
        }
    }
}
