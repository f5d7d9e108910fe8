//! Head office's own signature on every page, answer and receipt it gives out, by the library that TLS brings along: it
//! signs with P-256 some fifteen times as fast as what domain, which has to run in a browser, verifies with.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use shouwen_domain::signature::{PublicKey, SecretKey, Sign};

pub struct Signer {
    pair: EcdsaKeyPair,
    public: PublicKey,
    random: SystemRandom,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(of {:?})", self.public)
    }
}

impl Signer {
    /// `secret`: the 32 bytes of a key over P-256, which is this one.
    pub fn new(secret: &[u8; 32], key: &SecretKey) -> Result<Self, String> {
        let (public, random) = (key.public(), SystemRandom::new());
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            secret,
            &public.to_raw(),
            &random,
        );
        Ok(Self {
            pair: pair.map_err(|it| it.to_string())?,
            public,
            random,
        })
    }
}

impl Sign for Signer {
    fn public(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(&self.random, message);
        let signature = signature.expect("the operating system has chance to give");
        let signature = signature.as_ref().try_into();
        signature.expect("32 bytes of r and 32 of s")
    }
}
