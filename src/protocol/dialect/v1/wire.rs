//! The smallest pieces of the JSON: how ids, names and texts are written and how they are read back by a client. Which
//! fields a frame has is in the files beside this one.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::protocol::entry::{Emoji, Epoch, Nonce, PersonId, unhex};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{Deed, Role};
use crate::protocol::secret::{Password, Token};
use crate::protocol::text::Text;

/// Bytes as lower case hex. Ids stand in every frame, so they are written without the machinery of `format!`.
pub(super) struct Hex<const N: usize>(pub [u8; N]);

/// The longest thing that is ever written as hex is a signature.
const HEX_BYTES: usize = 64;

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        const { assert!(N <= HEX_BYTES) }
        let mut digits = [0; HEX_BYTES * 2];
        let used = &mut digits[..N * 2];
        for (pair, byte) in used.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        serializer.serialize_str(std::str::from_utf8(used).expect("hex digits are ASCII"))
    }
}

/// Something written as its `Display`: rooms with their `#`, targets.
pub(super) struct Shown<T>(pub T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A slice written element by element through a borrowing view, without a list in between.
pub(super) struct Each<'a, T, F>(pub &'a [T], pub F);

impl<'a, T, V: Serialize, F: Fn(&'a T) -> V> Serialize for Each<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// What is one string on the wire.
pub(super) trait Word: Sized {
    /// What it should have been, for an error.
    const WHAT: &'static str;
    /// Reads it, or `None`.
    fn read(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($type:ty, $what:literal, $read:expr;)*) => {$(
        impl Word for $type {
            const WHAT: &'static str = $what;
            fn read(word: &str) -> Option<Self> {
                let read: fn(&str) -> Option<Self> = $read;
                read(word)
            }
        }
    )*};
}

words! {
    PersonId, "the id of a person", |word| word.parse().ok();
    Epoch, "an epoch", |word| word.parse().ok();
    Nonce, "a nonce", |word| word.parse().ok();
    [u8; 32], "64 digits of hex", |word| unhex(word).ok();
    [u8; 64], "128 digits of hex", |word| unhex(word).ok();
    Nick, "a name", |word| Nick::parse(word).ok();
    RoomName, "a room", |word| RoomName::parse(word.strip_prefix('#')?).ok();
    Target, "#room or @name", |word| Target::parse(word).ok();
    Emoji, "an emoji", Emoji::parse;
    Token, "an invitation", Token::parse;
    Password, "a password of 1 to 128 bytes", Password::parse;
    Deed, "kick, ban, unban, mute, unmute, op or deop", Deed::read;
    Role, "a role", |word| Some(Role::read(word));
    Text, "a text", |word| Some(Text::clean(word));
}

/// Reads a [`Word`] in a derived `Deserialize`. Nothing from the wire becomes ours by another way than its own parser,
/// so that a hostile host cannot send what a name or a text must not hold.
pub(super) struct Read<T>(pub T);

impl<'de, T: Word> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Read<T>, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<T: Word> Visitor<'_> for Reader<T> {
            type Value = Read<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WHAT)
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Read<T>, E> {
                T::read(word).map(Read).ok_or_else(|| E::custom(format_args!("expected {}", T::WHAT)))
            }
        }
        deserializer.deserialize_str(Reader(PhantomData))
    }
}
