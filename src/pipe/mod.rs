//! The commands for the shell, without a screen: `send`, `tail`, `ask`, `export`. Each is an ordinary client of the same
//! keys, outbox and known hosts as the screen, and ends with a code that a script can go by. What they share is
//! `session`, the way to the host, and `reading`, what was said and is being said, in order. Their words are in `cli::pipe`; errors are
//! printed by `main`.

mod ask;
mod export;
mod feed;
mod live;
mod message;
mod out;
mod reading;
mod send;
mod session;
mod signals;
mod tail;
mod window;
mod words;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::pipe::{Pipe, Place};
use crate::client::address::Address;
use crate::client::last_name;
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::names::{Nick, Target};
use crate::protocol::secret::{Password, ShortCode, Token};

/// How a command ended, as the exit code says it. 1 means nothing but an answer "no", so that a script cannot take a host
/// that is away for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was asked, and the answer is no.
    No,
    /// It was called in a way that cannot work.
    Usage,
    /// The host was not reached, or did not answer, in time.
    NotReached,
    /// Nobody answered in time.
    Unanswered,
    /// The host refused it, or is not trusted.
    Refused,
    /// Something on this machine does not work.
    Here,
    /// A signal ended it.
    Signal(u8),
    /// With this code of the command that it ran.
    Command(u8),
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::NotReached => 3,
            Exit::Unanswered => 4,
            Exit::Refused => 5,
            Exit::Here => 6,
            Exit::Signal(number) => 128 + number,
            Exit::Command(code) => code,
        }
    }
}

/// Why a command did not do what was asked. Without words there is nothing to be told: whoever read has gone, or the answer
/// is no.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Failure {
    /// As a code.
    pub exit: Exit,
    /// As a sentence.
    pub words: String,
}

impl Failure {
    fn new(exit: Exit, words: impl Into<String>) -> Failure {
        Failure { exit, words: words.into() }
    }

    fn usage(words: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, words)
    }

    fn here(words: impl fmt::Display) -> Failure {
        Failure::new(Exit::Here, words.to_string())
    }
}

type Done = Result<(), Failure>;

/// Where a command goes, and as whom.
struct Way {
    address: Address,
    to: Target,
    name: Nick,
    guest: bool,
    invite: Option<Token>,
    password: Option<Password>,
    create: bool,
}

/// Does what was asked.
pub async fn run(asked: &Pipe, config: &Config, paths: &Paths) -> Done {
    match asked {
        Pipe::Send(asked) if asked.live => live::run(asked, config, paths).await,
        Pipe::Send(asked) => send::run(asked, config, paths).await,
        Pipe::Tail(asked) => tail::run(asked, config, paths).await,
        Pipe::Ask(asked) => ask::run(asked, config, paths).await,
        Pipe::Export(asked) => export::run(asked, config, paths).await,
    }
}

/// Bytes of a file with a secret: the longest invitation is a link of some hundred.
const SECRET_BYTES: u64 = 4096;

/// What is in a file that holds one secret.
fn secret(file: &Path) -> Result<String, Failure> {
    let failed = |why: std::io::Error| Failure::usage(format!("{} cannot be read: {why}", file.display()));
    let mut text = String::new();
    File::open(file).map_err(failed)?.take(SECRET_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text.lines().next().unwrap_or("").trim().to_owned())
}

/// What lets one in: a link, of which the host may be taken too, or a code.
fn invitation(file: &Path) -> Result<(Option<Address>, Token), Failure> {
    let text = secret(file)?;
    if let Some(code) = ShortCode::parse(&text) {
        return Ok((None, code.token()));
    }
    let address: Option<Address> = text.parse().ok();
    match address.and_then(|address| Some((address.clone(), address.invite?))) {
        Some((address, token)) => Ok((Some(address), token)),
        None => Err(Failure::usage(format!(
            "{} holds no invitation: it is a link (https://HOST/#ROOM?k=…) or a code of eight letters and digits",
            file.display()
        ))),
    }
}

/// The variable that names the host.
const SERVER: &str = "WSCHAT_SERVER";

impl Way {
    fn of(place: &Place, config: &Config, paths: &Paths) -> Result<Way, Failure> {
        let invited = place.invite.as_deref().map(invitation).transpose()?;
        let (from_file, mut token) = invited.map_or((None, None), |(address, token)| (address, Some(token)));
        let named = match std::env::var(SERVER) {
            Ok(text) if place.server.is_none() && !text.is_empty() => {
                let read = text.parse::<Address>();
                Some(
                    read.map_err(|why| Failure::usage(format!("{SERVER} is set to something that is no host: {why}")))?,
                )
            }
            _ => place.server.clone(),
        };
        if let (Some(named), Some(link)) = (&named, &from_file)
            && named.authority != link.authority
        {
            let words =
                format!("the invitation is for {}, and the server to go to is {}", link.authority, named.authority);
            return Err(Failure::usage(words));
        }
        let address = match (named, from_file) {
            // The link knows more: the certificate, and that it is to be encrypted.
            (_, Some(link)) => link,
            (Some(named), None) => named,
            (None, None) => Address::local(),
        };
        token = token.or_else(|| address.invite.clone());
        let of_address = address.room.clone().map(Target::Room);
        let usual = || Target::Room(config.server.default_room.clone());
        let to = place.room.clone().or(of_address).unwrap_or_else(usual);
        let name = match (&place.name, place.guest) {
            (Some(name), _) => name.clone(),
            (None, true) => guest()?,
            (None, false) => last_name::read(&paths.state_file()).ok_or_else(|| {
                Failure::usage(
                    "nobody says who speaks: give --name NAME or set WSCHAT_NAME (a key for it is made on first use), or \
                     come as a guest with --guest",
                )
            })?,
        };
        let password = match &place.password {
            None => None,
            Some(file) => {
                let none = || Failure::usage(format!("the first line of {} is no password", file.display()));
                Some(Password::parse(&secret(file)?).ok_or_else(none)?)
            }
        };
        if place.guest && matches!(to, Target::Direct(_)) {
            return Err(Failure::usage("guests have no direct messages: leave --guest out, and a key is made"));
        }
        Ok(Way { address, to, name, guest: place.guest, invite: token, password, create: false })
    }
}

/// A name as hosts give them to guests who wish none.
fn guest() -> Result<Nick, Failure> {
    let mut luck = [0; 6];
    getrandom::fill(&mut luck).map_err(|why| Failure::here(format!("no random numbers: {why}")))?;
    let letters: String = luck.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    Nick::parse(&format!("guest-{letters}")).map_err(Failure::here)
}
