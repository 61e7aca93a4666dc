//! What proves who somebody is: a public key, a signature over the host's challenge, and the pure check of both. Making
//! keys and keeping them on disk is the client's business; which key owns which name is the hub's.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::entry::{hex, unhex};

/// What goes in front of everything signed to enter, so that a signature is good for nothing else.
const CONTEXT: &[u8] = b"wschat.v1 enter\0";

/// 256 random bits of the host, good for one connection.
pub type Challenge = [u8; 32];

/// An Ed25519 public key (RFC 8032), as it came: whether it is a point of the curve shows when a signature is checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads 64 digits of hex.
    pub fn parse(text: &str) -> Option<PublicKey> {
        unhex(text).ok().map(PublicKey)
    }
}
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A key and its signature over this connection's challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Who signs.
    pub key: PublicKey,
    /// Ed25519 signature over [`message`].
    pub signature: [u8; 64],
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.key)
    }
}

impl Proof {
    /// Whether the key signed this challenge for this authority (`host[:port]` as the client dialled it). Strict
    /// verification: no small-order keys, no malleable signatures.
    pub fn holds(&self, authority: &str, challenge: &Challenge) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.key.0) else { return false };
        key.verify_strict(&message(authority, challenge), &Signature::from_bytes(&self.signature)).is_ok()
    }

    /// Signs a challenge with the 32 secret bytes of a key.
    pub fn sign(secret: &[u8; 32], authority: &str, challenge: &Challenge) -> Proof {
        let key = SigningKey::from_bytes(secret);
        let signature = key.sign(&message(authority, challenge)).to_bytes();
        Proof { key: PublicKey(key.verifying_key().to_bytes()), signature }
    }
}

/// The bytes that are signed: the context, the authority dialled (so that a hostile host cannot pass another's
/// challenge on), a zero, the challenge.
fn message(authority: &str, challenge: &Challenge) -> Vec<u8> {
    [CONTEXT, authority.as_bytes(), b"\0", challenge].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_one_host_and_one_challenge() {
        let proof = Proof::sign(&[7; 32], "localhost:8080", &[1; 32]);
        assert!(proof.holds("localhost:8080", &[1; 32]));
        assert!(!proof.holds("evil.example:8080", &[1; 32]));
        assert!(!proof.holds("localhost:8080", &[2; 32]));
        assert!(!Proof { key: PublicKey([0; 32]), ..proof }.holds("localhost:8080", &[1; 32]));
        assert!(!Proof { signature: [0; 64], ..proof }.holds("localhost:8080", &[1; 32]));
    }
}
