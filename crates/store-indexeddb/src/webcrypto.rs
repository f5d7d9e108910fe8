//! The browser's cipher: a key that cannot be taken out, held for as long as somebody is signed in.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object, Reflect, Uint8Array};
use shouwen_domain::at_rest::NONCE_BYTES;
use shouwen_store::Fault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use crate::sealing::{Cipher, Message, Sealing};
use crate::{Engine, IndexedDb};

/// The log in the browser, sealed.
pub type SealedLog = Engine<Sealing<IndexedDb, ContentKey>>;

#[wasm_bindgen]
extern "C" {
    /// Of a page or a worker.
    type Crypto;

    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: Option<Crypto>;

    #[wasm_bindgen(method, getter)]
    fn subtle(this: &Crypto) -> Option<SubtleCrypto>;

    #[wasm_bindgen(method, catch, js_name = getRandomValues)]
    fn fill(this: &Crypto, bytes: &mut [u8]) -> Result<(), JsValue>;
}

impl SealedLog {
    /// As [`IndexedDbLog::open`](crate::IndexedDbLog::open); opened without a key as well.
    ///
    /// # Errors
    /// As there.
    pub async fn open(
        name: &str,
        key: ContentKey,
        on_superseded: impl Fn() + 'static,
    ) -> Result<Self, Fault> {
        let disk = IndexedDb::open(name, on_superseded).await?;
        Ok(Self::new(Sealing::new(disk, key)))
    }
}

/// The content key, while it is here. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct ContentKey(Rc<RefCell<Option<CryptoKey>>>);

impl ContentKey {
    pub fn set(&self, key: Option<CryptoKey>) {
        self.0.replace(key);
    }

    /// Makes a key that cannot be taken out of 32 bytes.
    ///
    /// # Errors
    /// What the browser says where it has none of it.
    pub async fn import(bytes: &[u8]) -> Result<CryptoKey, JsValue> {
        let usages = js_sys::Array::of2(&"encrypt".into(), &"decrypt".into());
        let bytes = Uint8Array::from(bytes);
        let imported = subtle()?.import_key_with_str("raw", &bytes, "AES-GCM", false, &usages)?;
        JsFuture::from(imported).await?.dyn_into()
    }

    fn key(&self) -> Result<CryptoKey, Fault> {
        self.0.borrow().clone().ok_or(Fault::Locked)
    }
}

impl Cipher for ContentKey {
    fn is_locked(&self) -> bool {
        self.0.borrow().is_none()
    }

    async fn seal(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault> {
        let key = self.key()?;
        let begin = |it: &Message<'_>| {
            let mut nonce = [0; NONCE_BYTES];
            CRYPTO.with(|it| it.as_ref().ok_or(JsValue::UNDEFINED)?.fill(&mut nonce))?;
            let bytes = Uint8Array::from(it.bytes);
            let sealing = subtle()?.encrypt_with_object_and_buffer_source(
                &algorithm(&nonce, it)?,
                &key,
                &bytes,
            )?;
            Ok((nonce, JsFuture::from(sealing)))
        };
        // All at once: the browser works on them beside each other.
        let under_way: Result<Vec<_>, JsValue> = messages.iter().map(begin).collect();
        let mut sealed = Vec::with_capacity(messages.len());
        for (nonce, it) in under_way.map_err(failed)? {
            let body = Uint8Array::new(&it.await.map_err(failed)?);
            let mut record = nonce.to_vec();
            record.resize(NONCE_BYTES + body.length() as usize, 0);
            body.copy_to(&mut record[NONCE_BYTES..]);
            sealed.push(record);
        }
        Ok(sealed)
    }

    async fn open(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let key = self.key()?;
        let begin = |it: &Message<'_>| {
            let Some((nonce, body)) = it.bytes.split_first_chunk::<NONCE_BYTES>() else {
                return Ok(None);
            };
            let bytes = Uint8Array::from(body);
            let opening = subtle()?.decrypt_with_object_and_buffer_source(
                &algorithm(nonce, it)?,
                &key,
                &bytes,
            )?;
            Ok(Some(JsFuture::from(opening)))
        };
        let under_way: Result<Vec<_>, JsValue> = messages.iter().map(begin).collect();
        let mut opened = Vec::with_capacity(messages.len());
        for it in under_way.map_err(failed)? {
            opened.push(match it {
                // What fails is the tag.
                Some(it) => it.await.ok().map(|it| Uint8Array::new(&it).to_vec()),
                None => None,
            });
        }
        Ok(opened)
    }
}

fn algorithm(nonce: &[u8], message: &Message<'_>) -> Result<Object, JsValue> {
    let algorithm = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&algorithm, &name.into(), value);
    set("name", &"AES-GCM".into())?;
    set("iv", &Uint8Array::from(nonce))?;
    let bound_to = Uint8Array::from(message.bound_to.as_slice());
    set("additionalData", &bound_to)?;
    Ok(algorithm)
}

/// None where the page came without encryption.
fn subtle() -> Result<SubtleCrypto, JsValue> {
    let subtle = CRYPTO.with(|it| it.as_ref().and_then(Crypto::subtle));
    subtle.ok_or(JsValue::UNDEFINED)
}

fn failed(error: JsValue) -> Fault {
    Fault::Other(format!("WebCrypto: {error:?}"))
}
