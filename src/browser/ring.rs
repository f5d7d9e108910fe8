//! A person's ring on this device: the keys that their PIN opens, and nothing else does.
//!
//! The ring is encrypted with AES-256-GCM under HKDF-SHA-256 over PBKDF2-HMAC-SHA-256 of the PIN, bound to the person.
//! That it opens is the only proof of the PIN: nothing else is stored by which one could be told.

use js_sys::{Array, Object, Reflect, Uint8Array};
use minicbor::{Decode, Encode};
use shouwen_store_indexeddb::ContentKey;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::CryptoKey;

use super::keys::{NoKey, Packed, SigningKey, object, subtle};

/// Some 100 ms on the machines it was measured on.
pub const ROUNDS: u32 = 600_000;

/// Said in the derivation and bound to the ring.
const PURPOSE: &[u8] = b"shouwen/ring/1\0";
const NONCE_BYTES: usize = 12;

/// What a ring holds.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Ring {
    /// What this device seals what it stores with; the same on every ring of the device.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub content: Vec<u8>,
    /// With which this person signs here. None: a supervisor gave them this PIN, and head office alone certifies keys.
    #[n(2)]
    pub signing: Option<Packed>,
}

/// How a PIN becomes the key of a ring.
#[derive(Clone, Copy)]
pub struct Lock<'a> {
    pub person: &'a str,
    pub pin: &'a str,
    pub salt: &'a [u8],
    pub rounds: u32,
}

impl Ring {
    /// The nonce, and behind it what nobody reads without the PIN. An error where the browser has no WebCrypto.
    pub async fn seal(&self, lock: Lock<'_>) -> Result<Vec<u8>, JsValue> {
        let key = lock.key().await?;
        let nonce = super::random::<NONCE_BYTES>();
        let bytes = minicbor::to_vec(self).expect("writing to a vector cannot fail");
        let bytes = Uint8Array::from(bytes.as_slice());
        let cipher = lock.cipher(&nonce)?;
        let sealing = subtle()?.encrypt_with_object_and_buffer_source(&cipher, &key, &bytes)?;
        let body = Uint8Array::new(&JsFuture::from(sealing).await?).to_vec();
        Ok([nonce.as_slice(), &body].concat())
    }

    /// None where it is not this PIN. An error where the browser has no WebCrypto.
    pub async fn open(sealed: &[u8], lock: Lock<'_>) -> Result<Option<Self>, JsValue> {
        let key = lock.key().await?;
        let Some((nonce, body)) = sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Ok(None);
        };
        let body = Uint8Array::from(body);
        let cipher = lock.cipher(nonce)?;
        let opening = subtle()?.decrypt_with_object_and_buffer_source(&cipher, &key, &body)?;
        // What fails is the tag.
        let opened = JsFuture::from(opening).await.ok();
        let opened = opened.map(|it| Uint8Array::new(&it).to_vec());
        Ok(opened.and_then(|it| minicbor::decode(&it).ok()))
    }
}

impl Lock<'_> {
    async fn key(&self) -> Result<CryptoKey, JsValue> {
        let derived = self.stretched().await?;
        let usages = Array::of1(&"deriveKey".into());
        let material = subtle()?.import_key_with_str("raw", &derived, "HKDF", false, &usages)?;
        let material: CryptoKey = JsFuture::from(material).await?.dyn_into()?;
        let hkdf = object(&[
            ("name", "HKDF".into()),
            ("hash", "SHA-256".into()),
            ("salt", Uint8Array::new_with_length(0).into()),
            ("info", Uint8Array::from(PURPOSE).into()),
        ])?;
        let aes = object(&[("name", "AES-GCM".into()), ("length", 256.into())])?;
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let key =
            subtle()?.derive_key_with_object_and_object(&hkdf, &material, &aes, false, &usages)?;
        JsFuture::from(key).await?.dyn_into()
    }

    async fn stretched(&self) -> Result<Uint8Array, JsValue> {
        let usages = Array::of1(&"deriveBits".into());
        let pin = Uint8Array::from(self.pin.as_bytes());
        let pin = subtle()?.import_key_with_str("raw", &pin, "PBKDF2", false, &usages)?;
        let pin: CryptoKey = JsFuture::from(pin).await?.dyn_into()?;
        let pbkdf2 = object(&[
            ("name", "PBKDF2".into()),
            ("hash", "SHA-256".into()),
            ("salt", Uint8Array::from(self.salt).into()),
            ("iterations", self.rounds.into()),
        ])?;
        let bits = subtle()?.derive_bits_with_object(&pbkdf2, &pin, 256)?;
        Ok(Uint8Array::new(&JsFuture::from(bits).await?))
    }

    fn cipher(&self, nonce: &[u8]) -> Result<Object, JsValue> {
        let bound_to = [PURPOSE, self.person.as_bytes()].concat();
        object(&[
            ("name", "AES-GCM".into()),
            ("iv", Uint8Array::from(nonce).into()),
            (
                "additionalData",
                Uint8Array::from(bound_to.as_slice()).into(),
            ),
        ])
    }
}

/// What is in the memory of a page while somebody is signed in; nothing of it can be taken out.
#[derive(Debug, Clone)]
pub struct Unlocked {
    pub person: String,
    pub content: CryptoKey,
    pub signing: Option<SigningKey>,
}

impl Unlocked {
    pub async fn of(person: &str, ring: &Ring) -> Result<Self, NoKey> {
        let signing = match &ring.signing {
            Some(it) => Some(it.unpack().await?),
            None => None,
        };
        Ok(Self {
            person: person.to_owned(),
            content: ContentKey::import(&ring.content).await?,
            signing,
        })
    }

    /// As it goes to other tabs and to the service worker.
    pub fn to_js(&self) -> JsValue {
        let signing = self.signing.as_ref().and_then(|it| it.to_js().ok());
        let members = [
            ("person", self.person.as_str().into()),
            ("content", self.content.clone().into()),
            ("signing", signing.unwrap_or_default()),
        ];
        object(&members).map_or(JsValue::UNDEFINED, Into::into)
    }

    pub fn read(keys: &JsValue) -> Option<Self> {
        let member = |name: &str| Reflect::get(keys, &name.into()).ok();
        Some(Self {
            person: member("person")?.as_string()?,
            content: member("content")?.dyn_into().ok()?,
            signing: member("signing").and_then(|it| SigningKey::read(&it)),
        })
    }
}
