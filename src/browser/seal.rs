//! Seals bytes to head office by WebCrypto: agreement on the curve and the cipher of HPKE.

use js_sys::{Array, Reflect, Uint8Array};
use shouwen_domain::sealing::{MessageKey, Sealed};
use shouwen_domain::signature::{Context, PublicKey};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::CryptoKey;

use super::keys::{NoKey, object, subtle};

/// Nobody but the holder of `to` opens it; `purpose` has to be named again for that.
pub async fn seal(to: &PublicKey, purpose: Context, bytes: &[u8]) -> Result<Sealed, NoKey> {
    let subtle = subtle()?;
    let curve = object(&[("name", "ECDH".into()), ("namedCurve", "P-256".into())])?;
    let usages = Array::of1(&"deriveBits".into());
    let made = subtle.generate_key_with_object(&curve, true, &usages)?;
    let pair = JsFuture::from(made).await?;
    let half = |name: &str| {
        let it = Reflect::get(&pair, &name.into())?;
        it.dyn_into::<CryptoKey>()
    };
    let (public, private) = (half("publicKey")?, half("privateKey")?);
    let raw = JsFuture::from(subtle.export_key("raw", &public)?).await?;
    let encapsulated = Uint8Array::new(&raw).to_vec();

    let recipient = Uint8Array::from(to.to_raw().as_slice());
    let imported =
        subtle.import_key_with_object("raw", &recipient, &curve, false, &Array::new())?;
    let recipient = JsFuture::from(imported).await?;
    let agreement = object(&[("name", "ECDH".into()), ("public", recipient)])?;
    let agreed = subtle.derive_bits_with_object(&agreement, &private, 256)?;
    let agreed = Uint8Array::new(&JsFuture::from(agreed).await?).to_vec();
    let agreed = agreed.try_into().map_err(|_| NoKey)?;
    let message = MessageKey::derive(&agreed, &encapsulated, to, purpose.text().as_bytes())
        .map_err(|_| NoKey)?;

    let key = Uint8Array::from(message.key.as_slice());
    let usages = Array::of1(&"encrypt".into());
    let imported = subtle.import_key_with_str("raw", &key, "AES-GCM", false, &usages)?;
    let key: CryptoKey = JsFuture::from(imported).await?.dyn_into()?;
    let cipher = object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(message.nonce.as_slice()).into()),
    ])?;
    let plain = Uint8Array::from(bytes);
    let encrypting = subtle.encrypt_with_object_and_buffer_source(&cipher, &key, &plain)?;
    let ciphertext = Uint8Array::new(&JsFuture::from(encrypting).await?).to_vec();
    Ok(Sealed {
        format: Sealed::FORMAT,
        to: to.kid().to_vec(),
        encapsulated,
        ciphertext,
    })
}
