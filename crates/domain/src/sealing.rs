//! Sealing to head office: HPKE (RFC 9180) in base mode, with P-256, HKDF-SHA-256 and AES-128-GCM.
//!
//! Here is the key schedule, which is pure; the agreement on the curve and the cipher are the browser's on
//! a device, and a library's at head office.

use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::Sha256;

use crate::signature::{PublicKey, SignatureError};

/// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM in the registry of HPKE.
const KEM: [u8; 2] = [0x00, 0x10];
const KDF: [u8; 2] = [0x00, 0x01];
const AEAD: [u8; 2] = [0x00, 0x01];

/// What one message is encrypted with.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageKey {
    pub key: [u8; 16],
    pub nonce: [u8; 12],
}

impl MessageKey {
    /// `agreed`: the x coordinate that both sides reckon; `encapsulated`: the sender's passing key as an
    /// uncompressed point; `info`: what it is for.
    pub fn derive(
        agreed: &[u8; 32],
        encapsulated: &[u8],
        recipient: &PublicKey,
        info: &[u8],
    ) -> Result<Self, SignatureError> {
        let PublicKey::P256 { .. } = recipient else {
            return Err(SignatureError::Key);
        };
        let kem = Suite(&[b"KEM".as_slice(), &KEM].concat())
            .secret(agreed, &[encapsulated, &recipient.to_raw()].concat());
        let suite = [b"HPKE".as_slice(), &KEM, &KDF, &AEAD].concat();
        let suite = Suite(&suite);
        let psk_id_hash = suite.extract(&[], "psk_id_hash", &[]);
        let info_hash = suite.extract(&[], "info_hash", info);
        let context = [[0].as_slice(), &psk_id_hash, &info_hash].concat();
        let secret = suite.extract(&kem, "secret", &[]);
        Ok(Self {
            key: suite.expand(&secret, "key", &context),
            nonce: suite.expand(&secret, "base_nonce", &context),
        })
    }
}

/// `suite_id`.
struct Suite<'a>(&'a [u8]);

impl Suite<'_> {
    /// `ExtractAndExpand` (4.1).
    fn secret(&self, agreed: &[u8], context: &[u8]) -> [u8; 32] {
        let prk = self.extract(&[], "eae_prk", agreed);
        self.expand(&prk, "shared_secret", context)
    }

    /// `LabeledExtract` (4).
    fn extract(&self, salt: &[u8], label: &str, material: &[u8]) -> [u8; 32] {
        mac(salt, &[b"HPKE-v1", self.0, label.as_bytes(), material])
    }

    /// `LabeledExpand` (4), of which one block is enough here.
    fn expand<const N: usize>(&self, prk: &[u8; 32], label: &str, info: &[u8]) -> [u8; N] {
        const { assert!(N <= 32, "more than one block") };
        let length = u16::try_from(N).expect("at most 32").to_be_bytes();
        let block = mac(
            prk,
            &[&length, b"HPKE-v1", self.0, label.as_bytes(), info, &[1]],
        );
        let mut out = [0; N];
        out.copy_from_slice(&block[..N]);
        out
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Something sealed to head office, as it lies in a file: a CBOR map.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sealed {
    /// 1.
    #[n(1)]
    pub format: u32,
    /// The `kid` of the intake key it is sealed to.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub to: Vec<u8>,
    /// The sender's passing key, an uncompressed point.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub encapsulated: Vec<u8>,
    /// With the tag of AES-GCM behind it.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub ciphertext: Vec<u8>,
}

impl Sealed {
    pub const FORMAT: u32 = 1;

    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a vector cannot fail")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Algorithm;

    /// RFC 9180, A.3.1, with what both sides agree on reckoned here.
    #[test]
    fn the_published_vector_is_met() {
        let recipient = bytes(
            "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82\
             6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
        );
        let encapsulated = bytes(
            "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9\
             8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
        );
        let secret = bytes("f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2");
        let agreed = {
            let secret = p256::SecretKey::from_slice(&secret).unwrap();
            let point = p256::PublicKey::from_sec1_bytes(&encapsulated).unwrap();
            let shared = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), point.as_affine());
            (*shared.raw_secret_bytes()).into()
        };
        let recipient = PublicKey::from_raw(Algorithm::Esp256, &recipient).unwrap();
        let derived =
            MessageKey::derive(&agreed, &encapsulated, &recipient, b"Ode on a Grecian Urn")
                .unwrap();
        assert_eq!(
            derived.key.to_vec(),
            bytes("868c066ef58aae6dc589b6cfdd18f97e")
        );
        assert_eq!(derived.nonce.to_vec(), bytes("4e0bc5018beba4bf004cca59"));
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }
}
