//! Webhooks: what one is, what a host keeps of it, and how what a program sends to one is read. Who may make one, and what
//! becomes of what is said by it, is the hub's business; where it is sent to is the server's.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::entry::{Nonce, PersonId, Timestamp};
use super::names::{Nick, RoomName};
use super::secret::Token;

/// What is told of a webhook: all but what lets a program speak by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What it is called by in lists; never given twice by a host.
    pub number: u32,
    /// The room it speaks in.
    pub room: RoomName,
    /// What it is called there, if what is said does not say otherwise.
    pub name: Nick,
    /// Who made it, by the name of then.
    pub by: Nick,
    /// When.
    pub made: Timestamp,
}

/// What a host keeps of one: its token as a digest alone, so that whoever reads the file speaks by none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHook {
    /// The webhook.
    pub hook: Hook,
    /// Who speaks by it: a person like any other to whoever hears it.
    pub person: PersonId,
    /// SHA-256 of its token.
    pub digest: [u8; 32],
}

/// Where something is said by a webhook. `page` is the host's own address, `https://host:port`.
pub fn link(page: &str, token: &Token) -> String {
    format!("{page}/hook/{}", token.as_str())
}

/// The nonce of what came with this key: the same key again is the same line.
pub fn nonce(key: &[u8]) -> Nonce {
    let digest = Sha256::new().chain_update(b"wschat hook\0").chain_update(key).finalize();
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&digest[..16]);
    Nonce(nonce)
}

/// Something that is to be said, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Sent {
    /// The words, not looked at yet.
    pub text: String,
    /// What its speaker is to be called this time, not looked at either.
    pub name: Option<String>,
}

/// What a body in JSON should be.
pub const EXPECTED: &str =
    r#"expected one JSON object like {"text": "build 7 is green", "name": "ci"}, with or without "name""#;

/// Reads a body in JSON, or says what it should be.
pub fn read_json(body: &str) -> Result<Sent, String> {
    // A derived reader takes a list for an object; here it is none.
    if !body.trim_start().starts_with('{') {
        return Err(EXPECTED.to_owned());
    }
    serde_json::from_str(body).map_err(|why| match why.classify() {
        serde_json::error::Category::Data if body.contains("\"text\"") => format!("{EXPECTED}; both are strings"),
        serde_json::error::Category::Data => format!("{EXPECTED}; \"text\" is missing"),
        _ => format!("this is no JSON (line {}, column {}); {EXPECTED}", why.line(), why.column()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_object_with_a_text() {
        let sent = |text: &str, name: Option<&str>| Sent { text: text.into(), name: name.map(Into::into) };
        for (body, read) in [
            (r#"{"text":"hi"}"#, sent("hi", None)),
            (r#" {"text":"hi","name":"ci"}"#, sent("hi", Some("ci"))),
            (r#"{"text":"a\nb","channel":"x","name":null}"#, sent("a\nb", None)),
        ] {
            assert_eq!(read_json(body), Ok(read), "{body}");
        }
        for body in
            ["", "hi", "[\"hi\",null]", "{", "{}", r#"{"text":7}"#, r#"{"text":"a","name":[]}"#, r#"{"txt":"a"}"#]
        {
            let why = read_json(body).expect_err(body);
            assert!(why.contains(EXPECTED), "{body}: {why}");
        }
    }

    #[test]
    fn a_key_is_always_the_same_nonce() {
        assert_eq!(nonce(b"build-7"), nonce(b"build-7"));
        assert_ne!(nonce(b"build-7"), nonce(b"build-8"));
    }
}
