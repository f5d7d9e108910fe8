//! PINs: what is kept of them, and how they are tried.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// A PIN as it is stored: Argon2id with a salt of its own, in the PHC text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedPin(String);

impl HashedPin {
    /// # Panics
    ///
    /// When the machine has no randomness.
    pub fn of(pin: &str) -> Self {
        let hash = Argon2::default()
            .hash_password(pin.as_bytes())
            .expect("a PIN of bounded length hashes wherever there is randomness");
        Self(hash.to_string())
    }

    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time. Takes tens of milliseconds, on purpose.
    pub fn matches(&self, pin: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(pin.as_bytes(), &hash)
                .is_ok()
        })
    }
}

/// # Panics
///
/// When the machine has no randomness.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("a machine without randomness cannot keep a secret");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_pin_matches() {
        let stored = HashedPin::of("100001");
        assert!(stored.as_str().starts_with("$argon2id$"));
        assert!(stored.matches("100001"));
        assert!(!stored.matches("100002"));
        assert!(!HashedPin::from_stored("no hash".to_owned()).matches("100001"));
    }
}
