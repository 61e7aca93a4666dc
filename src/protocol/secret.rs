//! What lets somebody in and must not be seen: invitations, passwords and what is kept of them. Their `Debug` says nothing,
//! so that no log holds one. What they open is the hub's business; hashing is the server's.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The longest invitation in bytes; 256 bits in any writing fit.
pub const TOKEN_BYTES: usize = 64;

/// The longest password in bytes. A hash of any length costs the same but for reading it.
pub const PASSWORD_BYTES: usize = 128;

/// The longest hash that is kept. A PHC string of argon2id has about a hundred bytes.
const HASH_BYTES: usize = 256;

/// An invitation, as it is written: ASCII that can be seen.
#[derive(Clone)]
pub struct Token(String);

/// An invitation to be read out across a table: eight letters and digits of Crockford's base 32, which has none that look
/// alike. 40 bits are few, so whoever lets somebody in by one counts the guesses and keeps it for a short time.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ShortCode(String);

/// Letters of a [`ShortCode`].
const CODE_LETTERS: usize = 8;

/// Crockford's base 32: no I, L, O and U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A password of a room. Any character but those that control a terminal.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// What is kept of a password: a PHC string (algorithm, parameters, salt, hash).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl Token {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Token> {
        let fits = (1..=TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Token(text.to_owned()))
    }

    /// The one with this number that comes of a seed nobody knows: 128 bits of its digest, in base64url.
    pub fn made_of(seed: &[u8; 32], number: u32) -> Token {
        let digest = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize();
        Token(URL_SAFE_NO_PAD.encode(&digest[..16]))
    }

    /// The one of the webhook with this number. It tells nothing of the invitation of that number.
    pub fn of_hook(seed: &[u8; 32], number: u32) -> Token {
        let digest =
            Sha256::new().chain_update(b"hook").chain_update(seed).chain_update(number.to_be_bytes()).finalize();
        Token(URL_SAFE_NO_PAD.encode(&digest[..16]))
    }

    /// As it goes over the wire and into links; nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes as long wherever two of a length differ, so that nobody guesses one letter after the other.
impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        let differing = self.0.bytes().zip(other.0.bytes()).fold(0, |found, (a, b)| found | (a ^ b));
        self.0.len() == other.0.len() && differing == 0
    }
}
impl Eq for Token {}

impl ShortCode {
    /// Reads one as people write it: in any case, with or without its dash, O for 0 and I or L for 1.
    pub fn parse(text: &str) -> Option<ShortCode> {
        let mut letters = String::with_capacity(CODE_LETTERS);
        for c in text.chars().filter(|c| *c != '-' && *c != ' ') {
            let letter = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !letter.is_ascii() || !CROCKFORD.contains(&(letter as u8)) || letters.len() == CODE_LETTERS {
                return None;
            }
            letters.push(letter);
        }
        (letters.len() == CODE_LETTERS).then_some(ShortCode(letters))
    }

    /// The one with this number that comes of a seed nobody knows. It tells nothing of the token of that number.
    pub fn made_of(seed: &[u8; 32], number: u32) -> ShortCode {
        let of = Sha256::new().chain_update(b"code").chain_update(seed).chain_update(number.to_be_bytes());
        let digest = of.finalize();
        let letter = |byte: &u8| char::from(CROCKFORD[usize::from(byte % 32)]);
        ShortCode(digest.iter().take(CODE_LETTERS).map(letter).collect())
    }

    /// As one writes it down: `K7QP-3M9X`.
    pub fn spoken(&self) -> String {
        let (first, second) = self.0.split_at(CODE_LETTERS / 2);
        format!("{first}-{second}")
    }

    /// What is looked for.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// As it is given when one enters.
    pub fn token(&self) -> Token {
        Token(self.spoken())
    }
}

impl Password {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Password> {
        let fits = (1..=PASSWORD_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Password(text.to_owned()))
    }

    /// As it goes over the wire and into the hash; nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PasswordHash {
    /// Reads one. Whether it is a hash at all shows when a password is checked against it.
    pub fn parse(text: &str) -> Option<PasswordHash> {
        let fits = (1..=HASH_BYTES).contains(&text.len()) && text.starts_with('$') && text.is_ascii();
        fits.then(|| PasswordHash(text.to_owned()))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! unseen {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )*};
}

unseen! { Token ShortCode Password PasswordHash }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = ShortCode::parse("K7QP-3M91").expect("a code");
        for same in ["k7qp3m91", " k7qp 3m9l", "K7QP-3M9I"] {
            assert!(ShortCode::parse(same) == Some(code.clone()), "{same}");
        }
        for bad in ["", "K7QP-3M9", "K7QP-3M9XX", "K7QP-3M9U", "K7QP-3M9ä", "kR3vZp0aQ2mXw8dE1nLs9g"] {
            assert!(ShortCode::parse(bad).is_none(), "{bad}");
        }
        let made = ShortCode::made_of(&[7; 32], 1);
        assert!(made != ShortCode::made_of(&[7; 32], 2));
        assert!(ShortCode::parse(made.token().as_str()) == Some(made.clone()));
        assert_eq!((made.spoken().len(), format!("{made:?}").as_str()), (9, "ShortCode(…)"));
    }

    #[test]
    fn secrets_are_bounded_and_unseen() {
        let token = Token::parse("k7-x_y").expect("a token");
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert!(token == Token::parse("k7-x_y").unwrap() && token != Token::parse("k7-x_z").unwrap());
        assert!(token != Token::parse("k7-x_y1").unwrap());
        for bad in ["", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(Token::parse(bad).is_none(), "{bad:?}");
        }
        assert!(Password::parse("correct horse, 漢").is_some());
        for bad in ["", "a\u{1b}b", &"x".repeat(129)] {
            assert!(Password::parse(bad).is_none(), "{bad:?}");
        }
        let shown = format!("{:?} {:?}", Password::parse("horse"), PasswordHash::parse("$argon2id$horse"));
        assert!(!shown.contains("horse"), "{shown}");
    }
}
