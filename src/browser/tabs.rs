//! Tells the other tabs that the log has changed, and hears it from them.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{BroadcastChannel, MessageEvent};

const NAME: &str = "shouwen-log";

/// One tab's end of the channel. Without one (a browser that lacks it) tabs see changes when they become visible.
#[derive(Debug, Clone)]
pub struct Tabs(Option<BroadcastChannel>);

impl Tabs {
    pub fn open(heard: impl Fn() + 'static) -> Self {
        let channel = BroadcastChannel::new(NAME).ok();
        if let Some(channel) = &channel {
            let closure = Closure::<dyn Fn(MessageEvent)>::new(move |_| heard());
            channel.set_onmessage(Some(closure.as_ref().unchecked_ref()));
            closure.forget();
        }
        Self(channel)
    }

    pub fn tell(&self) {
        if let Some(channel) = &self.0 {
            let _ = channel.post_message(&"changed".into());
        }
    }
}
