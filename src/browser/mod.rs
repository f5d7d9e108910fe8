//! Everything that touches JavaScript: clock, chance, network, worker, settings. Knows nothing of cases.

pub mod file;
pub mod http;
pub mod ink;
pub mod keys;
pub mod live;
pub mod locks;
pub mod photo;
pub mod preferences;
pub mod ring;
pub mod seal;
pub mod tabs;
pub mod worker;

use futures::future::select;
use shouwen_domain::moment::Moment;
use shouwen_sync::client::Elapsed;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = shouwenBoot, js_name = fault)]
    fn boot_fault(error: &str);
}

/// Shows the plain fault page; what is stored stays stored.
pub fn show_fault(error: &str) {
    boot_fault(error);
}

pub fn window() -> web_sys::Window {
    web_sys::window().expect("the app runs in a window")
}

pub fn document() -> web_sys::Document {
    window().document().expect("the window has a document")
}

/// Which build of the program this is: the name of its file, which tells its content. None where the page was put
/// together otherwise.
pub fn build() -> Option<String> {
    let script = document().query_selector("script[data-wasm]").ok()??;
    script
        .get_attribute("data-wasm")
        .filter(|it| !it.is_empty())
}

/// The device's wall clock.
pub fn now() -> Moment {
    // Milliseconds since 1970 fit an f64 and an i64 for some hundred thousand years.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds are wanted"
    )]
    Moment::from_unix_ms(js_sys::Date::now() as i64)
}

/// A clock that only goes forward.
pub fn elapsed() -> Elapsed {
    let ms = window().performance().map_or(0.0, |it| it.now());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, whole milliseconds"
    )]
    Elapsed(ms as u64)
}

/// What somebody does with hand or keyboard.
pub fn on_activity(heard: impl Fn() + Clone + 'static) {
    for name in [
        "pointerdown",
        "pointermove",
        "keydown",
        "wheel",
        "touchmove",
    ] {
        let heard = heard.clone();
        gloo::events::EventListener::new(&window(), name, move |_| heard()).forget();
    }
}

/// When the page comes into sight or goes out of it.
pub fn on_sight(heard: impl Fn() + 'static) {
    gloo::events::EventListener::new(&document(), "visibilitychange", move |_| heard()).forget();
}

/// From the browser's cryptographic source.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    window()
        .crypto()
        .and_then(|it| it.get_random_values_with_u8_array(&mut bytes))
        .expect("every browser that starts this app has a random source");
    bytes
}

pub fn random_u64() -> u64 {
    u64::from_le_bytes(random())
}

/// Opens the app as if for the first time.
pub fn begin_anew() {
    let _ = window().location().replace("/");
}

/// Changes the address without going anywhere, so that a reload comes back to the same place.
pub fn replace_address(path: &str) {
    // Refused only for another origin, which a path is not.
    let _ = window()
        .history()
        .and_then(|it| it.replace_state_with_url(&JsValue::NULL, "", Some(path)));
}

/// The code of the invitation with which the app was opened. It stands behind the `#`, which is sent to nobody, and is
/// taken out of the address at once.
pub fn take_invitation() -> Option<String> {
    let location = window().location();
    let hash = location.hash().ok()?;
    let code = hash.strip_prefix("#join=")?.to_owned();
    replace_address(&(location.pathname().ok()? + &location.search().ok()?));
    Some(code)
}

/// What the address says by this name.
#[cfg(feature = "bench")]
pub fn asked(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    let mut parts = search.trim_start_matches('?').split('&');
    let value = parts.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.to_owned())
}

pub fn scroll_to_top() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

/// Puts the cursor into the first element that fits, once what changed is drawn; it scrolls into sight.
pub fn focus_first(selector: &'static str) {
    gloo::timers::callback::Timeout::new(0, move || {
        let found = document().query_selector(selector).ok().flatten();
        if let Some(element) = found.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
            // An element that cannot take the cursor stays where it is.
            let _ = element.focus();
        }
    })
    .forget();
}

/// Puts a text where it can be pasted from; whether that was possible.
pub async fn copy(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    // Undefined where the page came without encryption.
    if clipboard.is_undefined() {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text))
        .await
        .is_ok()
}

/// Ready after so many milliseconds, or later where the browser throttles a hidden tab.
pub async fn sleep_ms(ms: u64) {
    let (wake, woken) = futures::channel::oneshot::channel();
    let ms = u32::try_from(ms).unwrap_or(u32::MAX);
    let timer = gloo::timers::callback::Timeout::new(ms, move || {
        // Whoever slept may have been dropped.
        let _ = wake.send(());
    });
    let _ = woken.await;
    drop(timer);
}

/// Lets the page do what somebody waits for, between two pieces of longer work.
pub async fn breathe() {
    let scheduler = js_sys::Reflect::get(&window(), &"scheduler".into()).unwrap_or_default();
    let yielding = js_sys::Reflect::get(&scheduler, &"yield".into()).unwrap_or_default();
    let turn = yielding
        .dyn_ref::<js_sys::Function>()
        .and_then(|it| it.call0(&scheduler).ok())
        .and_then(|it| it.dyn_into::<js_sys::Promise>().ok());
    match turn {
        // It comes to nothing but the turn.
        Some(turn) => drop(wasm_bindgen_futures::JsFuture::from(turn).await),
        None => sleep_ms(0).await,
    }
}

/// Once what has just changed was drawn: what nobody waits for begins then, a moment later, behind what somebody may do
/// first. A page out of sight draws nothing.
pub async fn drawn() {
    const AT_THE_LATEST_MS: u64 = 500;
    const A_MOMENT_MS: u64 = 50;
    let (draw, drawing) = futures::channel::oneshot::channel();
    let frame = Closure::once_into_js(move || {
        let _ = draw.send(());
    });
    if window()
        .request_animation_frame(frame.unchecked_ref())
        .is_ok()
    {
        let too_late = std::pin::pin!(sleep_ms(AT_THE_LATEST_MS));
        select(drawing, too_late).await;
    }
    sleep_ms(A_MOMENT_MS).await;
}

pub fn is_online() -> bool {
    window().navigator().on_line()
}

pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Asks the browser to keep what is stored for good; what it answered.
pub async fn keep_storage() -> bool {
    let Ok(promise) = window().navigator().storage().persist() else {
        return false;
    };
    wasm_bindgen_futures::JsFuture::from(promise)
        .await
        .is_ok_and(|it| it.is_truthy())
}

/// Whether the browser keeps what is stored for good.
pub async fn storage_is_kept() -> bool {
    let Ok(promise) = window().navigator().storage().persisted() else {
        return false;
    };
    wasm_bindgen_futures::JsFuture::from(promise)
        .await
        .is_ok_and(|it| it.is_truthy())
}
