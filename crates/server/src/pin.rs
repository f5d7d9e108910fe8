//! PINs and tokens: what is kept of them, and how they are tried.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use shouwen_domain::hash::Hash;

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

/// What a device sends with every push and pull: 256 random bits in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// # Panics
    ///
    /// When the machine has no randomness.
    pub fn random() -> Self {
        Self(Hash(random()).to_string())
    }

    pub fn from_sent(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is stored: a copy of the database signs nobody in.
    pub fn hash(&self) -> Hash {
        Hash::of(self.0.as_bytes())
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

    #[test]
    fn two_tokens_differ_and_are_not_what_is_stored() {
        let token = Token::random();
        assert_eq!(token.text().len(), 64);
        assert_ne!(token.text(), Token::random().text());
        assert_ne!(token.hash().to_string(), token.text());
    }
}
