//! The keys of one's names, sealed by a passphrase, for another machine or a bad day: argon2id (RFC 9106) makes a key of the
//! passphrase, ChaCha20-Poly1305 (RFC 8439) seals. Where keys live is `keyring`'s; asking for the passphrase is `main`'s.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use crate::protocol::entry::{hex, unhex};
use crate::protocol::names::Nick;

/// The first line; what is sealed is bound to it.
const HEAD: &str = "wschat keys 1, to be read by: wschat --import-keys FILE";

/// The second choice of RFC 9106, section 4: 64 MiB, three passes. Somebody waits for it once.
const MEMORY: u32 = 65_536;
const PASSES: u32 = 3;

/// Characters of a passphrase at least.
pub const PASSPHRASE: usize = 8;

/// Columns of the sealed part.
const COLUMNS: usize = 76;

/// The largest file that is read: a thousand names.
pub const FILE_BYTES: u64 = 256 * 1024;

/// Why nothing was opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It is something else.
    #[error("that file holds no keys of wschat")]
    NotOne,
    /// The passphrase is wrong, or the file was changed; nobody can tell which.
    #[error("the passphrase is wrong, or the file is damaged")]
    Wrong,
    /// The machine cannot do it.
    #[error("cannot be worked out: {0}")]
    Cannot(String),
}

fn key(passphrase: &str, salt: &[u8]) -> Result<Key, BackupError> {
    let cannot = |e: argon2::Error| BackupError::Cannot(e.to_string());
    let params = Params::new(MEMORY, PASSES, 1, Some(32)).map_err(cannot)?;
    let mut key = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase.as_bytes(), salt, &mut key).map_err(cannot)?;
    Ok(key.into())
}

/// Seals these keys. `chance` is new each time: 16 bytes of salt and 12 of nonce.
pub fn seal(keys: &[(Nick, [u8; 32])], passphrase: &str, chance: &[u8; 28]) -> Result<String, BackupError> {
    let (salt, nonce) = chance.split_first_chunk::<16>().expect("28 is more than 16");
    let nonce: [u8; 12] = *nonce.first_chunk().expect("16 + 12 = 28");
    let text: String = keys.iter().map(|(name, secret)| format!("{name} {}\n", hex(secret))).collect();
    let sealed = ChaCha20Poly1305::new(&key(passphrase, salt)?)
        .encrypt(&Nonce::from(nonce), chacha20poly1305::aead::Payload { msg: text.as_bytes(), aad: HEAD.as_bytes() });
    let sealed = sealed.map_err(|e| BackupError::Cannot(e.to_string()))?;
    let all = STANDARD.encode([&chance[..], &sealed].concat());
    let lines: Vec<&str> = all.as_bytes().chunks(COLUMNS).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Ok(format!("{HEAD}\n{}\n", lines.join("\n")))
}

/// Opens what [`seal`] made.
pub fn open(file: &str, passphrase: &str) -> Result<Vec<(Nick, [u8; 32])>, BackupError> {
    let (head, rest) = file.split_once('\n').ok_or(BackupError::NotOne)?;
    let packed: String = rest.split_whitespace().collect();
    let all = STANDARD.decode(packed).ok().filter(|_| head.trim_end() == HEAD).ok_or(BackupError::NotOne)?;
    let (salt, rest) = all.split_first_chunk::<16>().ok_or(BackupError::NotOne)?;
    let (nonce, sealed) = rest.split_first_chunk::<12>().ok_or(BackupError::NotOne)?;
    let text = ChaCha20Poly1305::new(&key(passphrase, salt)?)
        .decrypt(&Nonce::from(*nonce), chacha20poly1305::aead::Payload { msg: sealed, aad: HEAD.as_bytes() })
        .map_err(|_| BackupError::Wrong)?;
    let text = String::from_utf8(text).map_err(|_| BackupError::Wrong)?;
    let one = |line: &str| {
        let (name, secret) = line.split_once(' ')?;
        Some((Nick::parse(name).ok()?, unhex(secret).ok()?))
    };
    text.lines().map(one).collect::<Option<Vec<_>>>().ok_or(BackupError::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_and_opened_by_the_passphrase_alone() {
        let keys = vec![(Nick::parse("ann").unwrap(), [7; 32]), (Nick::parse("漢字").unwrap(), [8; 32])];
        let file = seal(&keys, "correct horse", &[3; 28]).unwrap();
        assert!(!file.contains("ann") && file.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(open(&file, "correct horse").unwrap(), keys);
        assert_eq!(open(&file, "correct horsf").unwrap_err(), BackupError::Wrong);
        assert_eq!(open(&file.replacen('A', "B", 1), "correct horse").unwrap_err(), BackupError::Wrong);
        for bad in ["", "x", "x\ny", &format!("{HEAD}\n"), &format!("{HEAD}\n!!"), &format!("{HEAD}\nAAAA")] {
            assert_eq!(open(bad, "correct horse").unwrap_err(), BackupError::NotOne, "{bad}");
        }
    }
}
