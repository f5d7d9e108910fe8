//! The browser's cipher: a key that cannot be taken out, held for as long as somebody is signed in, and the box for what is
//! written while nobody is.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use minicbor::{Decode, Encode};
use shouwen_domain::at_rest::NONCE_BYTES;
use shouwen_domain::signature::{Algorithm, PublicKey};
use shouwen_store::Fault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use crate::hpke;
use crate::sealing::{Cipher, Message, Sealing};
use crate::{Engine, IndexedDb};

/// Said in every agreement with the box, and bound to its private half.
const BOX: &[u8] = b"shouwen/box/1\0";

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

/// The content key, while it is here, and the device's box. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct ContentKey(Rc<RefCell<Held>>);

#[derive(Debug, Default)]
struct Held {
    content: Option<CryptoKey>,
    /// To which is sealed what is written while the content key is away.
    lid: Option<PublicKey>,
    /// Opens it; goes with the content key.
    private: Option<CryptoKey>,
}

/// A box as it is stored: its public half, and its private one under the content key.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
struct StoredBox {
    /// As an uncompressed point.
    #[cbor(n(1), with = "minicbor::bytes")]
    lid: Vec<u8>,
    /// PKCS#8, sealed.
    #[cbor(n(2), with = "minicbor::bytes")]
    private: Vec<u8>,
}

impl ContentKey {
    pub fn set(&self, key: Option<CryptoKey>) {
        let mut held = self.0.borrow_mut();
        held.content = key;
        held.private = None;
    }

    /// Whether something can be written while the key is away.
    pub fn has_box(&self) -> bool {
        self.0.borrow().lid.is_some()
    }

    /// A new box, to be stored before anything is put into it.
    ///
    /// # Errors
    /// [`Fault::Locked`] without the content key; what the browser says where it has none of it.
    pub async fn new_box(&self) -> Result<Vec<u8>, Fault> {
        let (lid, private) = hpke::new_pair().await.map_err(failed)?;
        let sealed = self.seal(&[of_box(&private)]).await?;
        let stored = StoredBox {
            lid,
            private: sealed.concat(),
        };
        Ok(minicbor::to_vec(stored).expect("writing to a vector cannot fail"))
    }

    /// Takes up the box that is stored; with the content key it can be opened as well.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where it is none, or not of this content key.
    pub async fn take_up_box(&self, stored: &[u8]) -> Result<(), Fault> {
        let corrupt = || Fault::Corrupt {
            what: "the device's box".to_owned(),
        };
        let stored: StoredBox = minicbor::decode(stored).map_err(|_| corrupt())?;
        let lid = PublicKey::from_raw(Algorithm::Esp256, &stored.lid).map_err(|_| corrupt())?;
        self.0.borrow_mut().lid = Some(lid);
        if self.is_locked() {
            return Ok(());
        }
        let opened = self.open(&[of_box(&stored.private)]).await?;
        let private = opened.into_iter().flatten().next().ok_or_else(corrupt)?;
        let private = hpke::import(&private).await.map_err(failed)?;
        self.0.borrow_mut().private = Some(private);
        Ok(())
    }

    /// Makes a key that cannot be taken out of 32 bytes.
    ///
    /// # Errors
    /// What the browser says where it has none of it.
    pub async fn import(bytes: &[u8]) -> Result<CryptoKey, JsValue> {
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let bytes = Uint8Array::from(bytes);
        let imported = subtle()?.import_key_with_str("raw", &bytes, "AES-GCM", false, &usages)?;
        JsFuture::from(imported).await?.dyn_into()
    }

    fn key(&self) -> Result<CryptoKey, Fault> {
        self.0.borrow().content.clone().ok_or(Fault::Locked)
    }
}

impl Cipher for ContentKey {
    fn is_locked(&self) -> bool {
        self.0.borrow().content.is_none()
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

    async fn put_in_box(&self, messages: &[Message<'_>]) -> Result<Vec<Vec<u8>>, Fault> {
        let lid = self.0.borrow().lid.ok_or(Fault::Locked)?;
        let mut boxed = Vec::with_capacity(messages.len());
        for it in messages {
            let sealed = async {
                let passing = hpke::Passing::new(&lid, BOX).await?;
                passing.seal(&it.bound_to, it.bytes).await
            };
            let sealed = sealed.await;
            let (encapsulated, ciphertext) = sealed.map_err(failed)?;
            boxed.push([encapsulated, ciphertext].concat());
        }
        Ok(boxed)
    }

    async fn take_from_box(&self, messages: &[Message<'_>]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let (lid, private) = {
            let held = self.0.borrow();
            (held.lid, held.private.clone())
        };
        let (lid, private) = lid.zip(private).ok_or(Fault::Locked)?;
        let mut opened = Vec::with_capacity(messages.len());
        for it in messages {
            let Some((encapsulated, ciphertext)) = it.bytes.split_at_checked(hpke::POINT_BYTES)
            else {
                opened.push(None);
                continue;
            };
            // What fails is the point or the tag.
            let plain =
                hpke::open(&private, &lid, encapsulated, BOX, &it.bound_to, ciphertext).await;
            opened.push(plain.ok());
        }
        Ok(opened)
    }
}

/// The private half of a box, plain or sealed.
fn of_box(bytes: &[u8]) -> Message<'_> {
    Message {
        bytes,
        bound_to: BOX.to_vec(),
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
pub(crate) fn subtle() -> Result<SubtleCrypto, JsValue> {
    let subtle = CRYPTO.with(|it| it.as_ref().and_then(Crypto::subtle));
    subtle.ok_or(JsValue::UNDEFINED)
}

fn failed(error: JsValue) -> Fault {
    Fault::Other(format!("WebCrypto: {error:?}"))
}
