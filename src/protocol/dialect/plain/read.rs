//! How a raw client's frames are read: who it says it is, its commands, and else what it says. What it remembers of a
//! connection is the prefix its client puts before every line, and the room its talk goes to.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::LOBBY;
use crate::protocol::command::{Command, PageEnd, Tag};
use crate::protocol::dialect::{Codec, DecodeLimits, Decoded, frame as wire_frame};
use crate::protocol::event::{Code, Refusal};
use crate::protocol::names::{NAME_COLUMNS, Nick, RoomName, Target};
use crate::protocol::slash::{self, At, COMMANDS, Line, SlashError, Spec};
use crate::protocol::text::{Text, TextError};

/// Reads the frames of one connection.
///
/// ```text
/// Unknown ──"P: rest"──▶ Introduced(P)      every later "P: " is cut off
///    └─────anything else but a blank──▶ Unnamed      nothing is ever cut off
/// ```
pub struct Decoder {
    limits: DecodeLimits,
    prefix: Prefix,
    home: RoomName,
    /// Where talk goes: the room last joined; the home room again once that is left. It changes when the command is
    /// read, not when the host agrees: a host that refuses the join refuses the talk too, and says so.
    here: RoomName,
}

/// What stands before each line of this client.
enum Prefix {
    /// Its first line decides.
    Unknown,
    /// Nothing.
    Unnamed,
    /// This, with its `: `.
    Introduced(String),
}

impl Decoder {
    /// A decoder whose talk goes to `#lobby` at first.
    pub fn new(limits: DecodeLimits) -> Decoder {
        Decoder::starting_in(LOBBY.clone(), limits)
    }

    /// A decoder whose talk goes to this room at first.
    pub fn starting_in(home: RoomName, limits: DecodeLimits) -> Decoder {
        Decoder { limits, prefix: Prefix::Unknown, here: home.clone(), home }
    }
}

impl Codec for Decoder {
    fn decode(&mut self, frame: &str) -> Vec<Decoded> {
        match &self.prefix {
            Prefix::Unknown => self.first(frame),
            Prefix::Unnamed => vec![self.line(frame, frame)],
            Prefix::Introduced(prefix) => {
                let rest = frame.strip_prefix(prefix.as_str()).unwrap_or(frame);
                vec![self.line(frame, rest)]
            }
        }
    }
}

impl Decoder {
    /// A first frame may tell a name. A blank one tells nothing, and the next is as good as the first: the seed's client
    /// sends `: ` when an empty name was typed, and asks again.
    fn first(&mut self, frame: &str) -> Vec<Decoded> {
        let said = frame.strip_prefix(": ").unwrap_or(frame);
        if Text::clean(said).is_blank() {
            return vec![self.refused(frame, blank())];
        }
        let Some((name, rest)) = introduction(frame) else {
            self.prefix = Prefix::Unnamed;
            return vec![self.line(frame, frame)];
        };
        self.prefix = Prefix::Introduced(format!("{name}: "));
        let wish = Nick::nearest(name).map(|name| Decoded::Command(Tag::None, Command::Introduce { name }));
        let mut decoded: Vec<Decoded> = wish.into_iter().collect();
        decoded.push(match rest == name {
            true => answer(&format!("Received {frame}")),
            false => self.line(frame, rest),
        });
        decoded
    }

    /// What is left of a frame without its prefix: a command, or words.
    fn line(&mut self, frame: &str, rest: &str) -> Decoded {
        match slash::read(rest, At::Plain) {
            Ok(line) => self.carry(frame, line).unwrap_or_else(|why| self.refused(frame, why)),
            Err(why) => self.refused(frame, refusal(&why)),
        }
    }

    fn carry(&mut self, frame: &str, line: Line) -> Result<Decoded, Refusal> {
        let here = Target::Room(self.here.clone());
        let command = match line {
            Line::Say(text) => self.say(here, &text, false)?,
            Line::Me(text) => self.say(here, &text, true)?,
            Line::Msg(name, Some(text)) => self.say(Target::Direct(name), &text, false)?,
            Line::Msg(_, None) => return Err(Refusal::new(Code::Blank, "usage: /msg @name text")),
            Line::Join(room, password) => {
                self.here = room.clone();
                Command::Join { room, password }
            }
            Line::Leave(room) => {
                let room = room.unwrap_or_else(|| self.here.clone());
                if room == self.here {
                    self.here = self.home.clone();
                }
                Command::Leave { room }
            }
            Line::Rooms => Command::Rooms,
            Line::Topic(Some(text)) => {
                Command::Topic { room: self.here.clone(), text: self.topic(&text)?, nonce: None }
            }
            Line::Topic(None) => {
                return Err(Refusal::new(Code::Blank, "usage: /topic text (- clears it; /rooms shows all topics)"));
            }
            Line::Nick(name) => Command::Rename { name },
            Line::Who(room) => Command::Who { room: Some(room.unwrap_or_else(|| self.here.clone())) },
            Line::History(n) => Command::Page { to: here, end: PageEnd::Newest, limit: Some(self.entries(n)) },
            Line::Help(of) => return help(of.as_deref()),
            Line::Quit => Command::Bye,
            // Kept from raw clients by the table of commands; were it not, this is what there is to say.
            _ => {
                return Err(Refusal::new(Code::UnknownCommand, "that is for a screen, and there is none here"));
            }
        };
        Ok(Decoded::Command(Tag::Line(Arc::from(frame)), command))
    }

    fn say(&self, to: Target, text: &str, me: bool) -> Result<Command, Refusal> {
        let text = Text::parse(text, self.limits.text_bytes).map_err(|why| match why {
            TextError::Blank => blank(),
            TextError::TooLong { .. } => Refusal::new(Code::TooLong, why.to_string()),
        })?;
        Ok(Command::Say { to, text, me, reply_to: None, nonce: None })
    }

    fn topic(&self, text: &str) -> Result<Text, Refusal> {
        match Text::parse(text, self.limits.topic_bytes) {
            Err(TextError::Blank) => Ok(Text::clean("")),
            parsed => parsed.map_err(|why| Refusal::new(Code::TooLong, why.to_string())),
        }
    }

    fn entries(&self, asked: u32) -> u32 {
        match self.limits.page_entries {
            0 => asked,
            most => asked.min(most),
        }
    }

    fn refused(&self, frame: &str, why: Refusal) -> Decoded {
        Decoded::Refused(Tag::Line(Arc::from(frame)), why)
    }
}

/// The name a first frame tells, and what it says beyond it. `P: P` is a client that sends the name it was given; such a
/// name may hold anything, even `: `. Else the name ends at the first `: `; a command that happens to hold one tells none.
fn introduction(frame: &str) -> Option<(&str, &str)> {
    let fits = |name: &str| !name.contains(['\n', '\r']) && (1..=NAME_COLUMNS).contains(&name.width());
    let half = frame.len().checked_sub(2)? / 2;
    let doubled = frame.split_at_checked(half).filter(|(name, rest)| rest.strip_prefix(": ") == Some(name));
    let (name, rest) = match doubled {
        Some((name, _)) => (name, name),
        None => frame.split_once(": ").filter(|(name, _)| !is_command(name))?,
    };
    fits(name).then_some((name, rest))
}

fn is_command(text: &str) -> bool {
    let word = text.strip_prefix('/').and_then(|rest| rest.split_whitespace().next());
    word.is_some_and(|word| word.starts_with('/') || slash::spec(&word.to_lowercase()).is_some())
}

fn blank() -> Refusal {
    Refusal::new(Code::Blank, TextError::Blank.to_string())
}

fn refusal(why: &SlashError) -> Refusal {
    let code = match why {
        SlashError::Unknown { .. } => Code::UnknownCommand,
        SlashError::Usage(_) => Code::BadField,
        SlashError::BadName { .. } => Code::BadName,
        SlashError::BadTime(_) | SlashError::BadPassword => Code::BadField,
    };
    Refusal::new(code, why.to_string())
}

fn answer(text: &str) -> Decoded {
    Decoded::Answer(vec![wire_frame(text.as_bytes())])
}

/// The help of raw clients, made from the table of commands.
fn help(of: Option<&str>) -> Result<Decoded, Refusal> {
    let known = || COMMANDS.iter().filter(|spec| spec.at != At::Screen);
    let Some(word) = of else {
        let head = "* (what you type is said; what begins with / is a command; //x says /x)";
        let lines: Vec<String> = std::iter::once(head.to_owned()).chain(known().map(help_line)).collect();
        return Ok(answer(&lines.join("\n")));
    };
    let word = word.trim_start_matches('/').to_lowercase();
    match known().find(|spec| spec.name == word) {
        Some(spec) => Ok(answer(&help_line(spec))),
        None => Err(match slash::read(&format!("/{word}"), At::Plain) {
            Err(why @ SlashError::Unknown { .. }) => refusal(&why),
            _ => Refusal::new(Code::UnknownCommand, "/help lists the commands"),
        }),
    }
}

fn help_line(spec: &Spec) -> String {
    match spec.args {
        "" => format!("* /{}: {}", spec.name, spec.help),
        args => format!("* /{} {args}: {}", spec.name, spec.help),
    }
}
