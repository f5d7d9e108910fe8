//! Seals bytes to head office, as a rescue file or a letter carries them.

use shouwen_domain::sealing::Sealed;
use shouwen_domain::signature::{Context, PublicKey};
use shouwen_store_indexeddb::hpke;

use super::keys::NoKey;

/// Nobody but the holder of `to` opens it; `purpose` has to be named again for that.
pub async fn seal(to: &PublicKey, purpose: Context, bytes: &[u8]) -> Result<Sealed, NoKey> {
    let info = purpose.text().as_bytes();
    let (encapsulated, ciphertext) = hpke::seal(to, info, &[], bytes).await?;
    Ok(Sealed {
        format: Sealed::FORMAT,
        to: to.kid().to_vec(),
        encapsulated,
        ciphertext,
    })
}
