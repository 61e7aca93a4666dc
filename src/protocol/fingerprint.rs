//! What a host's certificate or a person's key is recognised by: the digest that an invitation carries, a client keeps, and
//! two people can read to each other. Whether to trust one is the client's business, which certificate a host has the server's.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The first half of the SHA-256 of a certificate as it is sent (DER), or of the 32 bytes of a public key. Nobody finds a second certificate of the same 128
/// bits, and a link with it still makes a small QR code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// Letters of a fingerprint that are written in a group for people.
const GROUP: usize = 4;

impl Fingerprint {
    /// Of this certificate, in DER, or of this key.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        let whole: [u8; 32] = Sha256::digest(certificate).into();
        Fingerprint(*whole.first_chunk().expect("16 is less than 32"))
    }

    /// For people to compare: hexadecimal digits in groups.
    pub fn spoken(&self) -> String {
        let digits: Vec<char> =
            self.0.iter().flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>()).collect();
        digits.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }
}

/// As in links and files: 22 letters of base64url (RFC 4648, section 5), without padding.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Fingerprint, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes.map(Fingerprint).ok_or_else(|| "a fingerprint has 22 letters of base64url".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_again() {
        let one = Fingerprint::of(b"certificate");
        assert_eq!(one.to_string().len(), 22);
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(one.spoken().split(' ').count(), 8);
        assert_ne!(one, Fingerprint::of(b"another"));
        for bad in ["", "abc", "ä", &"A".repeat(23), &"=".repeat(22)] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }
}
