//! The keys of the device and of its people in WebCrypto: they sign here and cannot be taken out.
//!
//! Ed25519 where the browser has it, else ECDSA over P-256. The device's lies in a small database of its own,
//! since a browser stores it as an object and not as bytes; a person's is in their ring. Some browsers refuse to store one, or give
//! back nothing; so after storing it is read back and tried.

use js_sys::{Array, Object, Reflect, Uint8Array};
use minicbor::{Decode, Encode};
use rexie::{ObjectStore, Rexie, TransactionMode};
use shouwen_domain::signature::{Algorithm, Context, PublicKey, Signed};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

const DATABASE: &str = "shouwen-keys";
const STORE: &str = "keys";
const DEVICE: &str = "device";
const TRIAL: &[u8] = b"read back and tried";

/// A key that signs.
#[derive(Debug, Clone)]
pub struct SigningKey {
    public: PublicKey,
    private: CryptoKey,
}

/// The browser cannot make, keep or use a key: plain http on a network, or a mode that stores none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKey;

impl From<JsValue> for NoKey {
    fn from(_: JsValue) -> Self {
        Self
    }
}

impl From<rexie::Error> for NoKey {
    fn from(_: rexie::Error) -> Self {
        Self
    }
}

/// A new key on its way into a ring.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Packed {
    /// As a `COSE_Key`.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public: Vec<u8>,
    /// As PKCS#8.
    #[cbor(n(2), with = "minicbor::bytes")]
    private: Vec<u8>,
}

impl Packed {
    pub async fn new() -> Result<Self, NoKey> {
        let pair = generate(true).await?;
        let key = SigningKey::of(&pair).await?;
        let private = JsFuture::from(subtle()?.export_key("pkcs8", &key.private)?).await?;
        Ok(Self {
            public: key.public.to_cose_key(),
            private: Uint8Array::new(&private).to_vec(),
        })
    }

    /// To sign with, and not to be taken out again.
    pub async fn unpack(&self) -> Result<SigningKey, NoKey> {
        let public = PublicKey::from_cose_key(&self.public).map_err(|_| NoKey)?;
        let private = Uint8Array::from(self.private.as_slice());
        let usages = Array::of1(&"sign".into());
        let named = algorithm(public.algorithm())?;
        let imported =
            subtle()?.import_key_with_object("pkcs8", &private, &named, false, &usages)?;
        let private = JsFuture::from(imported).await?.dyn_into()?;
        Ok(SigningKey { public, private })
    }
}

impl SigningKey {
    /// The device's that is stored here, or a new one.
    pub async fn open() -> Result<Self, NoKey> {
        let database = Rexie::builder(DATABASE)
            .version(1)
            .add_object_store(ObjectStore::new(STORE))
            .build()
            .await?;
        let opened = Self::open_in(&database).await;
        database.close();
        opened
    }

    /// Throws the device's key away, so that nobody signs with it any more.
    pub async fn forget() {
        // Another tab may hold it until it is closed.
        let _ = Rexie::delete(DATABASE).await;
    }

    async fn open_in(database: &Rexie) -> Result<Self, NoKey> {
        if let Some(pair) = read(database).await? {
            return Self::of(&pair).await;
        }
        let pair = generate(false).await?;
        // Another tab may have been first: then its key is the device's.
        let _ = add(database, &pair).await;
        let pair = read(database).await?.ok_or(NoKey)?;
        let key = Self::of(&pair).await?;
        let signature = key.sign(TRIAL).await?;
        if verify(&key.public, TRIAL, &signature).await {
            Ok(key)
        } else {
            Err(NoKey)
        }
    }

    /// As it goes from tab to tab.
    pub fn to_js(&self) -> Result<JsValue, JsValue> {
        let public = Uint8Array::from(self.public.to_cose_key().as_slice());
        let members = [
            ("public", public.into()),
            ("private", self.private.clone().into()),
        ];
        object(&members).map(Into::into)
    }

    pub fn read(key: &JsValue) -> Option<Self> {
        let member = |name: &str| Reflect::get(key, &name.into()).ok();
        let public: Uint8Array = member("public")?.dyn_into().ok()?;
        Some(Self {
            public: PublicKey::from_cose_key(&public.to_vec()).ok()?,
            private: member("private")?.dyn_into().ok()?,
        })
    }

    async fn of(pair: &JsValue) -> Result<Self, NoKey> {
        let half = |name: &str| {
            let it = Reflect::get(pair, &name.into())?;
            it.dyn_into::<CryptoKey>()
        };
        let (public, private) = (half("publicKey")?, half("privateKey")?);
        let named = Reflect::get(&public.algorithm()?.into(), &"name".into())?;
        let algorithm = match named.as_string().as_deref() {
            Some("Ed25519") => Algorithm::Ed25519,
            Some("ECDSA") => Algorithm::Esp256,
            _ => return Err(NoKey),
        };
        let raw = JsFuture::from(subtle()?.export_key("raw", &public)?).await?;
        let raw = Uint8Array::new(&raw).to_vec();
        Ok(Self {
            public: PublicKey::from_raw(algorithm, &raw).map_err(|_| NoKey)?,
            private,
        })
    }

    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// What this key says, as it is sent.
    pub async fn say(&self, context: Context, what: &impl Encode<()>) -> Result<Vec<u8>, NoKey> {
        let payload = minicbor::to_vec(what).expect("writing to a vector cannot fail");
        let message = context.to_be_signed(&self.public, &payload);
        let signature = self.sign(&message).await?;
        Ok(Signed::with(&self.public, payload, signature).to_bytes())
    }

    pub async fn sign(&self, message: &[u8]) -> Result<[u8; 64], NoKey> {
        let data = Uint8Array::from(message);
        let algorithm = algorithm(self.public.algorithm())?;
        let signing =
            subtle()?.sign_with_object_and_buffer_source(&algorithm, &self.private, &data)?;
        let signature = Uint8Array::new(&JsFuture::from(signing).await?).to_vec();
        signature.try_into().map_err(|_| NoKey)
    }
}

/// Whether `signature` is this key's over `message`; never where the browser does not know the algorithm.
pub async fn verify(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
    try_verify(key, message, signature).await.unwrap_or(false)
}

async fn try_verify(
    key: &PublicKey,
    message: &[u8],
    signature: &[u8; 64],
) -> Result<bool, JsValue> {
    let subtle = subtle()?;
    let algorithm = algorithm(key.algorithm())?;
    let raw = Uint8Array::from(key.to_raw().as_slice());
    let usages = Array::of1(&"verify".into());
    let imported = subtle.import_key_with_object("raw", &raw, &algorithm, true, &usages)?;
    let imported: CryptoKey = JsFuture::from(imported).await?.dyn_into()?;
    let (signature, message) = (
        Uint8Array::from(signature.as_slice()),
        Uint8Array::from(message),
    );
    let verifying = subtle.verify_with_object_and_buffer_source_and_buffer_source(
        &algorithm, &imported, &signature, &message,
    )?;
    Ok(JsFuture::from(verifying).await?.is_truthy())
}

async fn generate(extractable: bool) -> Result<JsValue, JsValue> {
    let usages = Array::of2(&"sign".into(), &"verify".into());
    let mut last = JsValue::UNDEFINED;
    for it in [Algorithm::Ed25519, Algorithm::Esp256] {
        let made = subtle()?.generate_key_with_object(&algorithm(it)?, extractable, &usages);
        let pair = match made {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        match pair {
            Ok(pair) => return Ok(pair),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What WebCrypto calls it, for making, bringing in and using keys alike.
fn algorithm(it: Algorithm) -> Result<Object, JsValue> {
    let algorithm = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&algorithm, &name.into(), &value.into());
    match it {
        Algorithm::Ed25519 => {
            set("name", "Ed25519")?;
        }
        Algorithm::Esp256 => {
            set("name", "ECDSA")?;
            set("namedCurve", "P-256")?;
            set("hash", "SHA-256")?;
        }
    }
    Ok(algorithm)
}

/// What WebCrypto takes as parameters.
pub(super) fn object(members: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

pub(super) fn subtle() -> Result<SubtleCrypto, JsValue> {
    let subtle = super::window().crypto()?.subtle();
    // Undefined where the page came without encryption.
    if subtle.is_undefined() {
        Err(JsValue::UNDEFINED)
    } else {
        Ok(subtle)
    }
}

async fn read(database: &Rexie) -> Result<Option<JsValue>, NoKey> {
    let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
    let found = transaction.store(STORE)?.get(DEVICE.into()).await?;
    Ok(found.filter(|it| !it.is_undefined() && !it.is_null()))
}

async fn add(database: &Rexie, pair: &JsValue) -> Result<(), NoKey> {
    let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
    transaction
        .store(STORE)?
        .add(pair, Some(&DEVICE.into()))
        .await?;
    transaction.done().await?;
    Ok(())
}
