//! Seals bytes to head office, as a rescue file or a letter carries them.

use shouwen_domain::sealing::Sealed;
use shouwen_domain::signature::{Context, PublicKey};
use shouwen_store_indexeddb::hpke::Passing;

use super::keys::NoKey;

/// What one message to a holder of a key is sealed with. Made beforehand, sealing hardly takes time.
pub struct Seal {
    to: Vec<u8>,
    passing: Passing,
}

impl Seal {
    /// Nobody but the holder of `to` opens what is sealed with it; `purpose` has to be named again for that.
    pub async fn new(to: &PublicKey, purpose: Context) -> Result<Self, NoKey> {
        Ok(Self {
            to: to.kid().to_vec(),
            passing: Passing::new(to, purpose.text().as_bytes()).await?,
        })
    }

    pub fn is_to(&self, key: &PublicKey) -> bool {
        self.to == key.kid()
    }

    pub async fn seal(self, bytes: &[u8]) -> Result<Sealed, NoKey> {
        let (encapsulated, ciphertext) = self.passing.seal(&[], bytes).await?;
        Ok(Sealed {
            format: Sealed::FORMAT,
            to: self.to,
            encapsulated,
            ciphertext,
        })
    }
}
