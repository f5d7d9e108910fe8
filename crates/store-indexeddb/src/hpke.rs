//! HPKE (RFC 9180) by `WebCrypto`: agreement on the curve and the cipher; the key schedule is `shouwen_domain::sealing`.

use js_sys::{Array, Object, Reflect, Uint8Array};
use shouwen_domain::sealing::MessageKey;
use shouwen_domain::signature::PublicKey;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::CryptoKey;

use crate::webcrypto::subtle;

/// Of an uncompressed point.
pub const POINT_BYTES: usize = 65;

/// What one message is sealed with. It takes longer to make than to use, and needs not wait for the message.
pub struct Passing {
    encapsulated: Vec<u8>,
    key: CryptoKey,
    nonce: [u8; 12],
}

impl Passing {
    /// Nobody but the holder of `to` opens what is sealed with it, who has to name `info` again.
    ///
    /// # Errors
    /// What the browser says where it has none of it.
    pub async fn new(to: &PublicKey, info: &[u8]) -> Result<Self, JsValue> {
        let (encapsulated, private) = generate(false).await?;
        let recipient = import_point(&to.to_raw()).await?;
        let agreed = agree(&private, &recipient).await?;
        let message = derive(&agreed, &encapsulated, to, info)?;
        Ok(Self {
            key: cipher_key(&message, "encrypt").await?,
            nonce: message.nonce,
            encapsulated,
        })
    }

    /// The passing key as an uncompressed point, and the ciphertext. Whoever opens it has to name `bound_to` again.
    ///
    /// # Errors
    /// As [`Passing::new`].
    pub async fn seal(self, bound_to: &[u8], bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), JsValue> {
        let cipher = cipher(&self.nonce, bound_to)?;
        let plain = Uint8Array::from(bytes);
        let encrypting =
            subtle()?.encrypt_with_object_and_buffer_source(&cipher, &self.key, &plain)?;
        let ciphertext = Uint8Array::new(&JsFuture::from(encrypting).await?).to_vec();
        Ok((self.encapsulated, ciphertext))
    }
}

/// The other way, by the private half of `to`.
///
/// # Errors
/// What the browser says where it is not for that key, was changed, or there is none of it.
pub async fn open(
    by: &CryptoKey,
    to: &PublicKey,
    encapsulated: &[u8],
    info: &[u8],
    bound_to: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, JsValue> {
    let sender = import_point(encapsulated).await?;
    let agreed = agree(by, &sender).await?;
    let message = derive(&agreed, encapsulated, to, info)?;
    let key = cipher_key(&message, "decrypt").await?;
    let cipher = cipher(&message.nonce, bound_to)?;
    let sealed = Uint8Array::from(ciphertext);
    let opening = subtle()?.decrypt_with_object_and_buffer_source(&cipher, &key, &sealed)?;
    Ok(Uint8Array::new(&JsFuture::from(opening).await?).to_vec())
}

/// A new pair: the public half as an uncompressed point, the private one as PKCS#8.
pub(crate) async fn new_pair() -> Result<(Vec<u8>, Vec<u8>), JsValue> {
    let (public, private) = generate(true).await?;
    let private = JsFuture::from(subtle()?.export_key("pkcs8", &private)?).await?;
    Ok((public, Uint8Array::new(&private).to_vec()))
}

/// To agree with, and not to be taken out again.
pub(crate) async fn import(private: &[u8]) -> Result<CryptoKey, JsValue> {
    let private = Uint8Array::from(private);
    let usages = Array::of1(&"deriveBits".into());
    let imported =
        subtle()?.import_key_with_object("pkcs8", &private, &curve()?, false, &usages)?;
    JsFuture::from(imported).await?.dyn_into()
}

async fn generate(extractable: bool) -> Result<(Vec<u8>, CryptoKey), JsValue> {
    let usages = Array::of1(&"deriveBits".into());
    let made = subtle()?.generate_key_with_object(&curve()?, extractable, &usages)?;
    let pair = JsFuture::from(made).await?;
    let half = |name: &str| Reflect::get(&pair, &name.into())?.dyn_into::<CryptoKey>();
    let raw = JsFuture::from(subtle()?.export_key("raw", &half("publicKey")?)?).await?;
    Ok((Uint8Array::new(&raw).to_vec(), half("privateKey")?))
}

async fn import_point(point: &[u8]) -> Result<JsValue, JsValue> {
    let point = Uint8Array::from(point);
    let imported =
        subtle()?.import_key_with_object("raw", &point, &curve()?, false, &Array::new())?;
    JsFuture::from(imported).await
}

async fn agree(private: &CryptoKey, public: &JsValue) -> Result<[u8; 32], JsValue> {
    let agreement = object(&[("name", "ECDH".into()), ("public", public.clone())])?;
    let agreed = subtle()?.derive_bits_with_object(&agreement, private, 256)?;
    let agreed = Uint8Array::new(&JsFuture::from(agreed).await?).to_vec();
    agreed.try_into().map_err(|_| JsValue::UNDEFINED)
}

fn derive(
    agreed: &[u8; 32],
    encapsulated: &[u8],
    to: &PublicKey,
    info: &[u8],
) -> Result<MessageKey, JsValue> {
    MessageKey::derive(agreed, encapsulated, to, info).map_err(|_| JsValue::UNDEFINED)
}

async fn cipher_key(message: &MessageKey, usage: &str) -> Result<CryptoKey, JsValue> {
    let key = Uint8Array::from(message.key.as_slice());
    let usages = Array::of1(&usage.into());
    let imported = subtle()?.import_key_with_str("raw", &key, "AES-GCM", false, &usages)?;
    JsFuture::from(imported).await?.dyn_into()
}

fn cipher(nonce: &[u8; 12], bound_to: &[u8]) -> Result<Object, JsValue> {
    object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce.as_slice()).into()),
        ("additionalData", Uint8Array::from(bound_to).into()),
    ])
}

fn curve() -> Result<Object, JsValue> {
    object(&[("name", "ECDH".into()), ("namedCurve", "P-256".into())])
}

fn object(members: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}
