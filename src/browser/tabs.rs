//! Tells the other tabs what concerns all of them, and hears it from them.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

const NAME: &str = "shouwen-log";

/// What tabs say to one another.
#[derive(Debug, Clone)]
pub enum Said {
    /// The log has changed, or who is at the device.
    Changed,
    /// Somebody works here.
    Busy,
    /// Drop the keys.
    Lock,
    /// Everything is gone: begin anew.
    Erased,
    /// Who has the keys?
    Ask,
    /// These are they: keys of WebCrypto, which go from tab to tab without coming out.
    Keys(JsValue),
}

/// One tab's end of the channel. Without one (a browser that lacks it) tabs see changes when they become visible.
#[derive(Debug, Clone)]
pub struct Tabs(Option<BroadcastChannel>);

impl Tabs {
    pub fn open(heard: impl Fn(Said) + 'static) -> Self {
        let channel = BroadcastChannel::new(NAME).ok();
        if let Some(channel) = &channel {
            let closure = Closure::<dyn Fn(MessageEvent)>::new(move |it: MessageEvent| {
                heard(Said::read(&it.data()));
            });
            channel.set_onmessage(Some(closure.as_ref().unchecked_ref()));
            closure.forget();
        }
        Self(channel)
    }

    pub fn tell(&self, what: &Said) {
        if let Some(channel) = &self.0 {
            let _ = channel.post_message(&what.to_js());
        }
    }
}

impl Said {
    fn read(data: &JsValue) -> Self {
        if let Ok(keys) = Reflect::get(data, &"keys".into())
            && keys.is_object()
        {
            return Self::Keys(keys);
        }
        match data.as_string().as_deref() {
            Some("busy") => Self::Busy,
            Some("lock") => Self::Lock,
            Some("erased") => Self::Erased,
            Some("ask") => Self::Ask,
            // Whatever another version says, it is news.
            _ => Self::Changed,
        }
    }

    fn to_js(&self) -> JsValue {
        match self {
            Self::Changed => "changed".into(),
            Self::Busy => "busy".into(),
            Self::Lock => "lock".into(),
            Self::Erased => "erased".into(),
            Self::Ask => "ask".into(),
            Self::Keys(keys) => {
                let object = Object::new();
                let _ = Reflect::set(&object, &"keys".into(), keys);
                object.into()
            }
        }
    }
}
