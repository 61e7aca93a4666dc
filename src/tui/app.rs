//! The terminal's mind: what is on the screen and what a key does. One verb, [`App::handle`]; it draws nothing, sends
//! nothing and reads no clock. The chat below it is `client::chat`.

pub mod card;
mod complete;
mod compose;
mod drafts;
mod find;
mod follow;
pub mod known;
mod lines;
mod name;
mod notify;
pub mod order;
mod others;
mod pick;
mod rooms;
mod scroll;
pub mod select;
mod settings;
mod trust;
mod typed;

use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui_textarea::TextArea;

use super::Hosting;
use super::glyphs::Glyphs;
use super::keys::{Action, Context, Key, Keymap};
use super::layout::{Areas, Wish, areas};
use super::personal::Loaded;
use super::theme::{Role, Theme};
use super::view::entry;
use crate::client::acquaintances::Acquaintance;
use crate::client::chat::{self, Ask, Chat, LinkEvent, Note, Now, Status, Talk};
use crate::client::outbox::Record;
use crate::config::settings::Setting;
use crate::config::{Clock, Config, Density, Notify};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Author, PersonId, Seq, Shown, Timestamp};
use crate::protocol::event::{Member, Peer};
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::{Nick, Target};
use crate::protocol::rights::Role as Rank;
use crate::protocol::secret::Token;
use crate::protocol::slash;

pub use compose::{Aim, Written};
pub use drafts::Kept;
pub use find::{Find, State as FindState};
use name::NamePrompt;
pub use notify::Until;
pub use others::PersonRow;
pub use pick::Pick;
pub use rooms::RoomRow;
pub use select::Selection;

/// How long after Esc a key still counts as one with Alt: some links take the two bytes apart.
const ESC_THEN: Duration = Duration::from_millis(50);

/// How long a notice stays when no key sends it away.
const NOTICE: Duration = Duration::from_secs(8);

/// How long the question of a host's `/quit` stands.
const QUIT_ASKED: Duration = Duration::from_secs(60);

/// What is seen of a conversation: an anchor in the talk, never a line number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scroll {
    /// The newest line is at the bottom.
    #[default]
    Bottom,
    /// The text of this entry begins on this row of the pane, which may be above it.
    At {
        /// The entry.
        seq: Seq,
        /// The row, from 0.
        row: i32,
    },
}

/// What lies over the panes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Popup {
    /// Nothing.
    None,
    /// The question for a name.
    Name,
    /// Something to read.
    List {
        /// Over it.
        title: String,
        /// In it.
        lines: Vec<String>,
        /// Lines above the first shown.
        scroll: usize,
    },
    /// Something to choose.
    Pick(Box<Pick>),
    /// Something that is looked for.
    Find(Box<Find>),
    /// The question which key is to do this.
    Press(Action),
    /// An invitation, to be handed on.
    Card(Box<card::Card>),
}

/// What the bottom line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Something that happened.
    Say(String, Role),
    /// Keys that matter now.
    Keys(Vec<(String, String)>),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// A click.
    Click(u16, u16),
    /// The screen has this size now.
    Resize(u16, u16),
    /// The terminal has the focus, or not.
    Focus(bool),
    /// On the wire.
    Link(LinkEvent),
    /// A line was kept by the outbox and may be said; the composer is empty now.
    Kept(Record),
    /// The outbox could not keep a line.
    NotKept(String),
    /// Nothing here opens this link.
    NotOpened(String),
    /// What the person's files say, after a change, or because they were read again; and what is to be said of it.
    Loaded(Box<Loaded>, Option<String>),
    /// They have errors.
    NotLoaded(Vec<String>),
    /// They cannot be written.
    NotSet(String),
    /// Where a text was saved, or why it was not.
    Saved(Result<String, String>),
    /// A theme, to be looked at.
    Themed(Theme),
    /// The editor is closed: what was saved, or why nothing was.
    Edited(Result<String, String>),
    /// The time of [`App::wake_at`] has come.
    Woke,
    /// The screen is gone; what is left to be told is told.
    Bye,
}

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The chat's.
    Chat(chat::Effect),
    /// Keep this line in the outbox, synced, then answer with [`Input::Kept`].
    Keep(Record),
    /// Dial now.
    Dial,
    /// The host with this certificate is the right one.
    Trust(Fingerprint),
    /// Come in by this invitation from now on.
    Invited(Token),
    /// Remember these people.
    Met(Vec<Acquaintance>),
    /// The name is known: open its outbox.
    Named(Nick),
    /// Draw everything anew.
    Redraw,
    /// Stop this process until `fg`.
    Suspend,
    /// Ring.
    Bell,
    /// Tell this on the desktop.
    Notify {
        /// Who, and where.
        title: String,
        /// What.
        body: String,
    },
    /// The window is called so.
    Title(String),
    /// Give this to the terminal's clipboard.
    Copy(String),
    /// Keep this for the next start.
    KeepDrafts(Kept),
    /// Edit this in the person's editor, then answer with [`Input::Edited`].
    Editor(String),
    /// Save this text as a file of this name, then answer with [`Input::Saved`].
    Save(String, String),
    /// Write this setting, as it stands in the file, then answer with [`Input::Loaded`], which says this.
    Set(&'static Setting, String, String),
    /// The same for the keys of an action; none: those that come with the program.
    Bind(Action, Vec<String>, String),
    /// Read the person's files again, if they changed or it was asked for.
    Reload {
        /// By the person.
        asked: bool,
    },
    /// Look at this theme, and answer with [`Input::Themed`].
    TryTheme(String),
    /// Report the mouse to us, or leave it to the terminal.
    Mouse(bool),
    /// Open this link, which is of http or https.
    Open(String),
    /// The end.
    Quit,
}

/// What the screen is made with.
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Settings.
    pub config: Config,
    /// The settings of the screen as they would be typed.
    pub values: Vec<(&'static Setting, String)>,
    /// Names of the themes there are.
    pub themes: Vec<String>,
    /// For the times of messages.
    pub zone: TimeZone,
}

/// The terminal's mind.
pub struct App {
    chat: Chat,
    look: Look,
    glyphs: Glyphs,
    address: String,
    hosting: Option<Hosting>,
    /// Whoever hosts was told who may come in.
    told_who: bool,
    size: (u16, u16),
    now: Now,
    here: Option<Target>,
    last_here: Option<Target>,
    composers: HashMap<Target, TextArea<'static>>,
    nowhere: TextArea<'static>,
    aims: HashMap<Target, Aim>,
    scrolls: HashMap<Target, Scroll>,
    selection: Option<Selection>,
    /// What was looked for, when one went from it to a message.
    found: Option<Box<Find>>,
    /// A message of this conversation that is looked for, page by page.
    seeking: Option<Seq>,
    marks: HashMap<Target, Seq>,
    cleared: HashMap<Target, Seq>,
    name: NamePrompt,
    popup: Popup,
    /// What is wrong with the settings, until nothing else is asked.
    problems: Vec<String>,
    notice: Option<(String, Role, Duration)>,
    completion: Option<complete::Completion>,
    /// Where the last screen was, until one is somewhere.
    wish: Option<Target>,
    /// What is kept for the next start, and since when it may have changed.
    kept: Kept,
    wrote_at: Option<Duration>,
    /// Up to where was read when one came: the way to the first unread line is still being loaded.
    landing: Option<Seq>,
    mutes: HashMap<Target, Until>,
    ignored: Vec<(Nick, PersonId)>,
    levels: HashMap<Target, Notify>,
    silence: Option<Until>,
    /// When somebody was called last.
    rang: Option<Duration>,
    /// What the window's title counts.
    titled: Option<u32>,
    history: Vec<String>,
    history_at: Option<usize>,
    /// What was being written when the history was gone into.
    stash: String,
    focused: bool,
    /// When a key was pressed last, and whether that is so long ago that others were told.
    touched_at: Duration,
    dozing: bool,
    /// At the top of the list, in this order; and not on it.
    pinned: Vec<Target>,
    archived: Vec<Target>,
    /// Words alone, without panes and mouse.
    bare: bool,
    mouse: bool,
    /// A key that only begins something was pressed.
    lead: Option<Key>,
    /// The message that is read whole.
    whole: Option<(Seq, String)>,
    /// How it looked before themes were gone through.
    before_look: Option<Theme>,
    /// Somebody came, or came back, and was not told yet what there is.
    absent: bool,
    /// Nobody looked for a while: what came in meanwhile gets its line of unread.
    away: bool,
    /// On the way to the oldest line, page by page.
    topping: bool,
    /// The next list of people was asked for by the person.
    asked_people: bool,
    /// The certificate that is asked about.
    stranger: Option<Fingerprint>,
    rooms_shown: bool,
    people_shown: Option<bool>,
    escaped: Option<Duration>,
    quitting: bool,
    quit_asked: Option<Duration>,
    keeping: bool,
    follow: follow::Follow,
    known: known::Known,
    effects: Vec<Effect>,
}

impl App {
    /// A screen over this chat. `address` is what is dialled, `hosting` how others reach the host,
    /// when it runs in this process.
    pub fn new(chat: Chat, look: Look, address: String, hosting: Option<Hosting>) -> App {
        let glyphs = Glyphs::new(look.config.ui.ascii);
        App {
            chat,
            glyphs,
            address,
            hosting,
            told_who: false,
            size: (80, 24),
            now: Now { up: Duration::ZERO, wall: Timestamp(0) },
            here: None,
            last_here: None,
            composers: HashMap::new(),
            nowhere: compose::field(),
            aims: HashMap::new(),
            scrolls: HashMap::new(),
            selection: None,
            found: None,
            seeking: None,
            marks: HashMap::new(),
            cleared: HashMap::new(),
            name: NamePrompt::default(),
            popup: Popup::None,
            problems: Vec::new(),
            notice: None,
            completion: None,
            wish: None,
            kept: Kept::default(),
            wrote_at: None,
            landing: None,
            mutes: HashMap::new(),
            ignored: Vec::new(),
            levels: HashMap::new(),
            silence: None,
            rang: None,
            titled: None,
            history: Vec::new(),
            history_at: None,
            stash: String::new(),
            focused: true,
            touched_at: Duration::ZERO,
            dozing: false,
            pinned: Vec::new(),
            archived: Vec::new(),
            bare: false,
            mouse: look.config.ui.mouse,
            lead: None,
            whole: None,
            before_look: None,
            absent: true,
            away: false,
            topping: false,
            asked_people: false,
            stranger: None,
            rooms_shown: look.config.ui.rooms_shown,
            people_shown: if look.config.ui.people_shown { None } else { Some(false) },
            escaped: None,
            quitting: false,
            quit_asked: None,
            keeping: false,
            follow: follow::Follow::default(),
            known: known::Known::default(),
            effects: Vec::new(),
            look,
        }
    }

    /// Asks for a name before anything is dialled, with this one to begin with; `second` is the name that is in use on
    /// this machine, and could have one more screen.
    pub fn ask_name(&mut self, prefill: Option<Nick>, second: Option<Nick>) {
        self.name = NamePrompt::new(prefill, second);
        self.popup = Popup::Name;
    }

    /// What is wrong with the settings: shown at once, or when the question for a name is answered.
    pub fn warn(&mut self, lines: Vec<String>) {
        self.problems = lines;
        self.show_problems();
    }

    fn show_problems(&mut self) {
        if !self.problems.is_empty() && self.popup == Popup::None {
            let lines = std::mem::take(&mut self.problems);
            self.popup = Popup::List { title: "Your settings".into(), lines, scroll: 0 };
        }
    }

    /// What the outbox had left.
    pub fn adopt(&mut self, records: Vec<Record>) {
        self.chat.adopt(records);
    }

    /// Takes in one thing that happened and says what is to be done, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.now = now;
        if self.notice.as_ref().is_some_and(|(_, _, until)| *until <= now.up) {
            self.notice = None;
        }
        match input {
            Input::Key(key) => {
                self.touched();
                self.key(key);
                self.wrote();
            }
            Input::Paste(text) => {
                self.touched();
                self.paste(&text);
                self.wrote();
            }
            Input::Click(x, y) => {
                self.touched();
                self.click(x, y);
            }
            Input::Resize(w, h) => self.size = (w, h),
            Input::Focus(focused) => {
                self.focused = focused;
                self.follow_now(!focused);
                if focused {
                    // Somebody who comes back from an editor wants to see what was changed there.
                    self.effects.push(Effect::Reload { asked: false });
                }
            }
            Input::Loaded(loaded, said) => self.loaded(*loaded, said),
            Input::NotLoaded(problems) => self.not_loaded(problems),
            Input::NotSet(why) => {
                self.end_preview();
                self.say(why, Role::Error);
            }
            Input::Saved(Ok(place)) => self.say(format!("saved as {place}"), Role::Ok),
            Input::Saved(Err(why)) => self.say(why, Role::Error),
            Input::Themed(theme) => self.themed(theme),
            Input::Link(event) => {
                self.tell(chat::Input::Link(event));
                self.go_on();
            }
            Input::Kept(record) => self.kept(record),
            Input::NotKept(why) => {
                self.keeping = false;
                self.say(format!("not sent, what you wrote is still here: {why}"), Role::Error);
            }
            Input::Edited(Ok(text)) => self.edited(&text),
            Input::Edited(Err(why)) => self.say(why, Role::Error),
            Input::NotOpened(link) => {
                self.copy_text(link, "nothing here opens links; it is copied instead".to_owned());
            }
            Input::Bye => {
                self.keep_drafts(true);
                self.follow_now(true);
                self.ask(Ask::Bye);
            }
            Input::Woke => {
                if self.escaped.is_some_and(|at| at + ESC_THEN <= now.up) {
                    self.escaped = None;
                    self.escape();
                }
                self.doze();
                self.tell(chat::Input::Woke);
            }
        }
        if self.absent && !self.dozing {
            self.catch_up();
        }
        self.saw();
        self.keep_drafts(false);
        self.follow_now(false);
        self.retitle();
        std::mem::take(&mut self.effects)
    }

    /// When the app wants an [`Input::Woke`]; `None` while nothing is waited for.
    pub fn wake_at(&self) -> Option<Duration> {
        let notice = self.notice.as_ref().map(|(_, _, until)| *until);
        let escaped = self.escaped.map(|at| at + ESC_THEN);
        // The seconds to the next try are on the screen.
        let second = match self.chat.status() {
            Status::Offline { retry_at: Some(at), .. } if *at > self.now.up => {
                Some(self.now.up + Duration::from_secs(1))
            }
            _ => None,
        };
        [self.chat.wake_at(), notice, escaped, second, self.keep_at(), self.follow_at(), self.doze_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn tell(&mut self, input: chat::Input) {
        let before = self.chat.status().clone();
        for effect in self.chat.handle(self.now, input) {
            match effect {
                chat::Effect::Note(note) => self.noted(note),
                effect => self.effects.push(Effect::Chat(effect)),
            }
        }
        if matches!(self.chat.status(), Status::Offline { .. }) {
            self.follow_lost();
        }
        if let Status::NeedsName(refused) = self.chat.status() {
            // Said once: what is typed since is the answer to it.
            let refused = refused.clone().filter(|_| before != *self.chat.status());
            if self.popup != Popup::Name || refused.is_some() {
                self.name.refuse(refused, self.chat.asked_name());
                self.popup = Popup::Name;
            }
        }
        if self.chat.me().is_some() {
            self.show_problems();
            self.say_who_may_come();
        }
        if *self.chat.status() == Status::Online && self.chat.role() == Rank::Owner {
            self.hand_out();
        }
        if let (true, Some(rest)) = (self.chat.secure(), self.address.strip_prefix("ws://")) {
            self.address = format!("wss://{rest}");
        }
        if self.here.as_ref().is_some_and(|here| self.chat.talk(here).is_none()) {
            let next = self.chat.talks().first().map(|talk| talk.to.clone());
            match next {
                Some(next) => self.go(next),
                None => self.here = None,
            }
        }
    }

    fn ask(&mut self, ask: Ask) {
        self.tell(chat::Input::Ask(ask));
    }

    fn noted(&mut self, note: Note) {
        match note {
            Note::No(text) => self.say(text, Role::Error),
            Note::Info(text) => self.say(text, Role::Dim),
            Note::Went(to) => {
                let wish = self.wish.take().filter(|wish| self.here.is_none() && self.chat.talk(wish).is_some());
                self.go(wish.unwrap_or(to));
            }
            Note::Gone(to) => {
                self.composers.remove(&to);
                self.say(format!("you have left {to}"), Role::Dim);
            }
            Note::Rooms(rooms) => self.list_rooms(&rooms),
            Note::People(room, people) => self.list_people(room, &people),
            Note::Found(hits, more) => self.found(hits, more),
            Note::Bans(room, bans, more) => self.list_bans(room.as_ref(), &bans, more),
            Note::Audit(lines) => self.list_record(&lines),
            Note::NotFound(why) => self.not_found(why),
            Note::Around(to, seq) => self.around(&to, seq),
            Note::Distrusted(why) => self.distrusted(&why),
            Note::Invitation(invitation, link, code) => self.invitation(&invitation, link, code.as_ref()),
            Note::Met(people) => self.met(&people),
            Note::Memos(memos, all) => self.followed(&memos, all),
            Note::Hook(hook, link) => self.hook(&hook, link),
            Note::Hooks(all) => self.hooks(&all),
            Note::Invitations(all) => self.invitations(&all),
            Note::DeviceLink(link, code, until) => self.device_link(link, code.as_ref(), until),
            Note::Devices(all, asked) => self.devices(&all, asked),
            Note::Line(to, seq, means_me) => self.heard_line(&to, seq, means_me),
        }
    }

    fn say(&mut self, text: String, role: Role) {
        self.notice = Some((text, role, self.now.up + NOTICE));
    }

    fn context(&self) -> Context {
        match &self.popup {
            Popup::Name | Popup::Pick(_) | Popup::Find(_) | Popup::Press(_) => Context::Dialog,
            Popup::List { .. } | Popup::Card(_) => Context::Help,
            Popup::None if self.selection.is_some() => Context::Select,
            Popup::None if self.composer().is_empty() => Context::EmptyComposer,
            Popup::None => Context::Composer,
        }
    }

    fn key(&mut self, key: Key) {
        if self.bare && !matches!(self.look.keymap.lookup(Context::Help, key), Some(Action::Redraw | Action::Suspend)) {
            return self.toggle_bare();
        }
        let key = match self.escaped.take() {
            Some(_) if key.typed().is_some() => key.with_alt(),
            Some(_) => {
                self.escape();
                key
            }
            None => key,
        };
        if self.notice.as_ref().is_some_and(|(_, role, _)| *role != Role::Warn || !self.quitting) {
            self.notice = None;
        }
        if let Popup::Press(action) = self.popup {
            return self.pressed_for(action, key);
        }
        let asked = matches!(self.popup, Popup::List { .. });
        if asked && key.typed().is_some_and(|c| self.trusts(c)) {
            return;
        }
        if let Some(lead) = self.lead.take() {
            return match self.look.keymap.lookup_after(self.context(), lead, key) {
                Some(action) => self.act(action),
                None => self.say(format!("{lead} {key} does nothing"), Role::Dim),
            };
        }
        if !self.look.keymap.after(self.context(), key).is_empty() {
            self.lead = Some(key);
            return;
        }
        let mut action = self.look.keymap.lookup(self.context(), key);
        let card = matches!(&self.popup, Popup::Pick(pick) if pick.is_card());
        if card && !action.is_some_and(Pick::card_takes) {
            // What a card does not take is meant for what lies under it.
            self.popup = Popup::None;
            action = self.look.keymap.lookup(self.context(), key);
        }
        if self.completion.is_some() {
            action = self.look.keymap.lookup(Context::Completing, key).or(action);
        }
        let modal = self.look.config.ui.keys == "vim";
        if action.is_none() && self.context() == Context::Select && modal {
            return;
        }
        if action.is_none() && self.context() == Context::Select {
            // What means nothing to a message is meant for the composer.
            self.deselect();
            action = self.look.keymap.lookup(self.context(), key);
        }
        if !matches!(action, Some(Action::Complete | Action::CompletePrevious)) && self.completion.take().is_some() {
            // Esc closes the popup and nothing else.
            if action == Some(Action::Cancel) {
                return;
            }
        }
        if !matches!(action, Some(Action::Quit | Action::ClearDraft)) {
            self.quitting = false;
        }
        match (action, key.typed()) {
            (Some(action), _) => self.act(action),
            (None, Some(c)) => self.typed(c),
            (None, None) => {}
        }
    }

    fn act(&mut self, action: Action) {
        match (&self.popup, action) {
            (_, Action::Redraw) => self.effects.push(Effect::Redraw),
            (_, Action::Suspend) => self.effects.push(Effect::Suspend),
            (_, Action::QuitNow) => self.effects.push(Effect::Quit),
            (_, Action::Quit) => self.quit(),
            (Popup::Name, action) => self.name_act(action),
            (Popup::List { .. }, action) => self.list_act(action),
            (Popup::Pick(_), action) => self.pick_act(action),
            (Popup::Find(_), action) => self.find_act(action),
            (Popup::Press(_), _) => {}
            (Popup::Card(_), action) => self.card_act(action),
            (Popup::None, Action::Help) => self.help(),
            (Popup::None, Action::Cancel) => self.escaped = Some(self.now.up),
            (Popup::None, Action::Retry) => self.retry(),
            (Popup::None, Action::Discard) => self.discard(),
            (Popup::None, action) => {
                let done = self.rooms_act(action)
                    || self.select_act(action)
                    || self.scroll_act(action)
                    || self.compose_act(action);
                debug_assert!(
                    done || matches!(action, Action::Accept | Action::ListUp | Action::ListDown | Action::CloseHelp)
                );
            }
        }
    }

    fn typed(&mut self, c: char) {
        match &self.popup {
            Popup::Name => self.name.typed(c),
            Popup::List { .. } | Popup::Press(_) | Popup::Card(_) => {}
            Popup::Pick(_) => self.pick_typed(c),
            Popup::Find(_) => self.find_typed(c),
            Popup::None => self.compose_typed(c),
        }
    }

    /// Esc, and nothing came after it: what was begun is dropped, one thing at a time; with nothing begun, to the newest
    /// line.
    fn escape(&mut self) {
        if self.selection.is_some() && self.found.is_some() {
            return self.find("", self.found.as_ref().is_some_and(|found| found.mentions));
        }
        let modal = self.look.config.ui.keys == "vim";
        if self.selection.is_some() && !modal {
            return self.deselect();
        }
        if self.aimed().is_some() {
            return self.aim(None);
        }
        if modal {
            // From writing to the messages; there it only lets go of what was taken together.
            return match &mut self.selection {
                Some(selection) => selection.marked.clear(),
                None => self.select(),
            };
        }
        self.bottom();
    }

    fn quit(&mut self) {
        if self.quitting || !self.look.config.ui.confirm_quit {
            return self.effects.push(Effect::Quit);
        }
        self.quitting = true;
        let key = self.key_of(Action::Quit);
        let others = self.others();
        let text = match self.hosting.is_some() && others > 0 {
            true => format!("{others} others are here and this host goes with you; {key} again stops it"),
            false => format!("{key} again quits"),
        };
        self.say(text, Role::Warn);
    }

    /// `/quit`: a host with people on it asks once.
    fn quit_command(&mut self) {
        let asked = self.quit_asked.replace(self.now.up);
        let asked = asked.is_some_and(|at| self.now.up < at + QUIT_ASKED);
        if self.hosting.is_some() && self.others() > 0 && self.look.config.ui.confirm_quit && !asked {
            let text = format!("{} others are here and this host goes with you; /quit again stops it", self.others());
            return self.say(text, Role::Warn);
        }
        self.effects.push(Effect::Quit);
    }

    /// How many people are here besides oneself, as far as this client knows.
    fn others(&self) -> usize {
        let me = self.chat.me().map(|me| me.person);
        let mut people: Vec<_> = self
            .chat
            .talks()
            .iter()
            .flat_map(|talk| &talk.people)
            .filter(|member| member.online)
            .map(|member| member.who.person)
            .collect();
        people.sort();
        people.dedup();
        people.into_iter().filter(|person| Some(*person) != me).count()
    }

    fn retry(&mut self) {
        if matches!(self.chat.status(), Status::Offline { .. }) {
            return self.effects.push(Effect::Dial);
        }
        if let Some(nonce) = self.failed() {
            self.ask(Ask::Retry(nonce));
        }
    }

    fn discard(&mut self) {
        if let Some(nonce) = self.failed() {
            self.ask(Ask::Discard(nonce));
        }
    }

    /// The newest line here that failed.
    fn failed(&self) -> Option<crate::protocol::entry::Nonce> {
        let here = self.here.as_ref()?;
        let failed = |state: &chat::Delivery| matches!(state, chat::Delivery::Failed(_) | chat::Delivery::Later(..));
        self.chat.pending(here).filter(|pending| failed(&pending.state)).last().map(|pending| pending.record.nonce)
    }

    // What views read.

    /// The chat below.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Where one is.
    pub fn here(&self) -> Option<&Target> {
        self.here.as_ref()
    }

    /// The conversation one is in.
    pub fn here_talk(&self) -> Option<&Talk> {
        self.chat.talk(self.here.as_ref()?)
    }

    /// The signs.
    pub fn glyphs(&self) -> &Glyphs {
        &self.glyphs
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    /// How a name looks: one's own, or the person's colour.
    pub fn name_style(&self, author: &Author) -> Style {
        let own = self.chat.me().is_some_and(|me| me.person == author.person);
        let style = if own { self.style(Role::Own) } else { self.look.theme.author(&author.person.0) };
        style.add_modifier(Modifier::BOLD)
    }

    /// What is dialled.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How tightly messages are set.
    pub fn density(&self) -> Density {
        self.look.config.ui.density
    }

    /// The first key of an action, for hints.
    pub fn key_of(&self, action: Action) -> String {
        self.look
            .keymap
            .keys_for(action)
            .first()
            .map_or_else(|| "?".to_owned(), |key| key.short(self.look.config.ui.ascii))
    }

    /// The keys and their actions.
    pub fn keymap(&self) -> &Keymap {
        &self.look.keymap
    }

    fn zoned(&self, at: Timestamp) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(self.look.zone.clone())
    }

    /// The time of day, as the person likes it.
    pub fn time(&self, at: Timestamp) -> String {
        entry::clock(&self.zoned(at), self.look.config.ui.time_format)
    }

    /// Columns of the widest time of day.
    pub fn clock_columns(&self) -> usize {
        match self.look.config.ui.time_format {
            Clock::Hours24 => "14:02".len(),
            Clock::Hours12 => "12:02 PM".len(),
        }
    }

    /// The day, with its name.
    pub fn day(&self, at: Timestamp) -> String {
        let (at, today) = (self.zoned(at), self.zoned(self.now.wall));
        let form = if at.year() == today.year() { "%A %-d %B" } else { "%A %-d %B %Y" };
        at.strftime(form).to_string()
    }

    /// Whether two lines are of one block.
    pub fn groups(&self, before: &Shown, shown: &Shown) -> bool {
        use crate::protocol::entry::ShownWhat::Said;
        let plain = |shown: &Shown| matches!(shown.what, Said { me: false, .. });
        let near = u128::try_from(shown.at.0.saturating_sub(before.at.0)).unwrap_or(0)
            <= self.look.config.ui.group_within.as_millis();
        before.from == shown.from && near && plain(before) && plain(shown)
    }

    /// Where the line of unread stands in a conversation, since it was opened.
    pub fn unread_mark(&self, to: &Target) -> Option<Seq> {
        self.marks.get(to).copied()
    }

    /// Nothing up to here is shown: the person cleared it away.
    pub fn cleared(&self, to: &Target) -> Seq {
        self.cleared.get(to).copied().unwrap_or(Seq::ZERO)
    }

    /// Columns and rows of the screen.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Where everything goes on this screen.
    pub fn areas(&self) -> Areas {
        let size = Rect::new(0, 0, self.size.0, self.size.1);
        let wish = |composer| Wish {
            rooms: self.rooms_shown,
            people: self.people_shown,
            rooms_width: self.look.config.ui.rooms_width,
            people_width: self.look.config.ui.people_width,
            composer,
        };
        let field = self.size.0.saturating_sub(super::wrap::width(&self.prompt_text(self.size.0)) as u16);
        let aim = u16::from(self.aimed().is_some());
        if self.bare {
            return Areas { messages: size, ..Areas::default() };
        }
        areas(size, wish(self.composed(field).lines.len() as u16 + aim))
    }

    /// The popup that is open.
    pub fn popup(&self) -> &Popup {
        &self.popup
    }

    /// Whether one is, so that the caret is not the composer's.
    pub fn has_popup(&self) -> bool {
        self.popup != Popup::None
    }

    /// The people of this conversation, those who are there first.
    pub fn people(&self) -> Vec<Member> {
        let Some(talk) = self.here_talk() else { return Vec::new() };
        let mut people = talk.people.clone();
        if let (Target::Direct(name), Some(peer), Some(me)) = (&talk.to, talk.peer, self.chat.me()) {
            let who = Author { person: peer.person, name: name.clone(), guest: false, bot: false };
            let Peer { online, away, seen, .. } = peer;
            let role = Rank::Member;
            let own =
                Member { who: me.clone(), online: true, away: self.chat.away(), seen: None, role, keys: Vec::new() };
            people = vec![own, Member { who, online, away, seen, role, keys: Vec::new() }];
            people.dedup_by_key(|member| member.who.person);
        }
        people.sort_by(|a, b| b.online.cmp(&a.online).then_with(|| a.who.name.cmp(&b.who.name)));
        people
    }

    /// What the bottom line says.
    pub fn status_line(&self) -> Hint {
        if let Some((text, role, _)) = &self.notice {
            return Hint::Say(text.clone(), *role);
        }
        if let Status::Offline { why, retry_at } = self.chat.status() {
            return Hint::Say(self.offline(why, *retry_at), Role::Warn);
        }
        let hint = |action, what: &str| (self.key_of(action), what.to_owned());
        if let Some(lead) = self.lead {
            let ascii = self.look.config.ui.ascii;
            let after = self.look.keymap.after(self.context(), lead);
            let mut keys = vec![(lead.short(ascii), "then".to_owned())];
            keys.extend(after.into_iter().map(|(key, action)| (key.short(ascii), action.name().replace('_', " "))));
            return Hint::Keys(keys);
        }
        let keys = match &self.popup {
            Popup::Name => vec![hint(Action::Accept, "enter"), hint(Action::Quit, "twice quits")],
            Popup::List { .. } if self.whole.is_some() => vec![
                hint(Action::Cancel, "close"),
                hint(Action::PageDown, "more"),
                hint(Action::Copy, "copy"),
                hint(Action::Save, "save"),
            ],
            Popup::List { .. } => vec![hint(Action::Cancel, "close"), hint(Action::PageDown, "more")],
            Popup::Pick(_) => {
                vec![hint(Action::Accept, "take"), hint(Action::ListDown, "next"), hint(Action::Cancel, "close")]
            }
            Popup::Press(_) => Vec::new(),
            Popup::Card(_) => vec![hint(Action::Copy, "copy the link"), hint(Action::Cancel, "close")],
            Popup::Find(_) => {
                vec![hint(Action::Accept, "go there"), hint(Action::ListDown, "next"), hint(Action::Cancel, "close")]
            }
            Popup::None if self.selection.is_some() && self.found.is_some() => vec![
                hint(Action::Cancel, "back to what was found"),
                hint(Action::NextHit, "older"),
                hint(Action::PreviousHit, "newer"),
                hint(Action::Menu, "more"),
            ],
            Popup::None if self.selection.is_some() => vec![
                hint(Action::Reply, "answer"),
                hint(Action::React, "react"),
                hint(Action::Copy, "copy"),
                hint(Action::Edit, "edit"),
                hint(Action::Menu, "more"),
                hint(Action::Cancel, "back"),
            ],
            Popup::None if self.aimed().is_some() => vec![
                hint(Action::Send, if matches!(self.aimed(), Some(Aim::Edit { .. })) { "save" } else { "send" }),
                hint(Action::Cancel, "drop"),
                hint(Action::Newline, "new line"),
            ],
            Popup::None if self.composer().is_empty() => {
                let mut keys = Vec::new();
                if self.failed().is_some() {
                    keys.extend([hint(Action::Retry, "send again"), hint(Action::Discard, "drop it")]);
                }
                keys.extend([
                    hint(Action::NextRoom, "next room"),
                    hint(Action::NextNeedingYou, "unread"),
                    hint(Action::GoTo, "go to"),
                    hint(Action::Find, "find"),
                    hint(Action::SelectMessage, "select"),
                ]);
                keys.push(hint(Action::Help, "help"));
                keys
            }
            Popup::None => vec![
                hint(Action::Send, "send"),
                hint(Action::Newline, "new line"),
                hint(Action::Complete, "complete"),
                hint(Action::ClearDraft, "clear"),
            ],
        };
        Hint::Keys(keys)
    }

    /// What the bottom line says while there is no connection: what happens next comes first.
    fn offline(&self, why: &str, retry_at: Option<Duration>) -> String {
        let key = self.key_of(Action::Retry);
        match retry_at {
            Some(at) => {
                let seconds = at.saturating_sub(self.now.up).as_secs_f32().ceil() as u64;
                format!("reconnecting in {seconds} s, {key} now: {why}")
            }
            None => format!("{key} tries again: {why}"),
        }
    }

    /// What a pane without a conversation says.
    pub fn nowhere(&self) -> Vec<String> {
        let key = self.key_of(Action::Retry);
        match self.chat.status() {
            Status::Offline { why, retry_at: None } if self.chat.me().is_none() => {
                vec![format!("Can't join {}: {why}.", self.address), format!("{key} tries again.")]
            }
            Status::Offline { why, .. } if self.chat.me().is_none() => vec![
                format!("Can't reach {}: {why}.", self.address),
                format!("Start one with wschat --host, or press {key} to try again at once."),
                "wschat goes on trying.".to_owned(),
            ],
            _ if self.chat.me().is_none() => vec![self.glyphs.ellipsis.to_owned()],
            _ => vec!["You are in no room.".into(), "/join #lobby goes to one, /rooms lists them.".into()],
        }
    }

    /// Whether the host speaks only plain text.
    pub fn plain(&self) -> bool {
        self.chat.dialect() == Dialect::Plain
    }

    fn help(&mut self) {
        self.popup = Popup::List { title: "Help".into(), lines: lines::help(self), scroll: 0 };
    }

    fn command_help(&mut self, of: Option<&str>) {
        match of.and_then(|name| slash::spec(name.trim_start_matches('/'))) {
            Some(spec) => self.say(format!("/{} {}: {}", spec.name, spec.args, spec.help), Role::Text),
            None => self.help(),
        }
    }
}
