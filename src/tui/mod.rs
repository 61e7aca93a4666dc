//! The terminal: keys in, picture out. [`run`] is the loop: it waits for a key, something on the wire or a time, hands it
//! to the app, carries out what the app wants and draws. Uses the client and the protocol; knows no host, no store and no
//! socket.

pub mod app;
mod editor;
pub mod ending;
pub mod glyphs;
pub mod keys;
pub mod layout;
pub mod links;
pub mod markup;
pub mod personal;
pub mod plain;
mod recent;
mod remembered;
pub mod start;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod view;
mod when;
pub mod wrap;
mod zone;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use crossterm::event::{Event, EventStream, MouseButton, MouseEventKind};
use ending::Ending;
use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::acquaintances::Acquaintances;
use crate::client::address::{Address, is_this_machine, split_port};
use crate::client::chat::{self, Chat, LinkEvent, Now};
use crate::client::keyring::Keyring;
use crate::client::link::{self, Link, ToLink};
use crate::client::outbox::{self, Outbox};
use crate::client::trust::KnownHosts;
use crate::config::{Config, Desktop};
use crate::paths::Paths;
use crate::protocol::entry::Timestamp;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::secret::Token;
use app::{App, Effect, Input, Look};
use keys::Key;
use personal::{Loaded, Personal};
use recent::Recent;
use remembered::Remembered;
use terminal::Screen;

/// Between two drawings when only the wire has news: 60 a second are all that an eye sees. A key draws at once.
const FRAME: Duration = Duration::from_millis(16);

/// Keys read and not taken in yet; more wait in the terminal.
const KEYS_WAITING: usize = 64;

/// News of the wire that are taken in before one drawing.
const TAKEN_AT_ONCE: usize = 1024;

/// How long a goodbye may take on the way out.
const GOODBYE: Duration = Duration::from_millis(500);

/// What a screen is started with.
pub struct Options {
    /// What is dialled.
    pub address: Address,
    /// The name, when it was given.
    pub name: Option<Nick>,
    /// Rooms to go to, the one to be shown last.
    pub rooms: Vec<RoomName>,
    /// The settings.
    pub config: Config,
    /// Where keys, outboxes and the last name are.
    pub paths: Paths,
    /// What lets one in where that is asked for.
    pub invite: Option<Token>,
    /// How the host is reached, when it runs in this process.
    pub hosting: Option<Hosting>,
    /// What is wrong with the settings.
    pub problems: Vec<String>,
    /// Lines instead of a picture.
    pub plain: bool,
    /// Milliseconds that the clock on the wall is ahead of the system's: 0, but in a demo.
    pub ahead: i64,
}

/// What somebody who hosts is told about it.
#[derive(Clone, Debug, Default)]
pub struct Hosting {
    /// Who may come in, in one line.
    pub who: String,
    /// All of it, for `/host`.
    pub lines: Vec<String>,
    /// Whether the host was opened for others just now, who are to be handed an invitation.
    pub invites: bool,
}

/// Runs the screen until the person quits, the process is told to end, or `over` does. The terminal is as it was found
/// when this returns.
pub async fn run(options: Options, over: impl Future<Output = ()>) -> anyhow::Result<()> {
    if options.plain {
        return plain::run(options, over).await;
    }
    let (mut shell, mut app) = Shell::begin(options)?;
    let mut screen = Screen::take(shell.options.config.ui.mouse, shell.options.config.ui.hyperlinks)
        .context("the terminal cannot be taken over")?;
    let ended = shell.talk(&mut app, &mut screen, over).await;
    drop(screen);
    shell.remember_server(&app);
    shell.goodbye(|now| app.handle(now, Input::Bye)).await;
    ended
}

struct Shell {
    options: Options,
    place: String,
    start: Instant,
    outbox: Outbox,
    to_link: Option<mpsc::Sender<ToLink>>,
    from_link: Option<mpsc::Receiver<LinkEvent>>,
    /// What the wire has still to take: all of a long outbox at once is more than its queue holds.
    backlog: VecDeque<ToLink>,
    keyring: Keyring,
    remembered: Remembered,
    /// Where drafts are kept, once there is a name.
    drafts: Option<PathBuf>,
    /// A draft for the person's own editor.
    to_edit: Option<String>,
    personal: Personal,
    /// The theme in use.
    theme: String,
}

/// Whether the loop goes on.
#[derive(PartialEq)]
enum Next {
    On,
    Quit,
}

/// What a person looks at, but for the picture.
trait Face {
    fn bell(&mut self) -> io::Result<()>;
    fn notify(&mut self, how: Desktop, title: &str, body: &str) -> io::Result<()>;
    fn title(&mut self, title: &str) -> io::Result<()>;
    fn copy(&mut self, text: &str) -> io::Result<()>;
    fn mouse(&mut self, on: bool) -> io::Result<()>;
    fn suspend(&mut self) -> io::Result<()>;
    fn forget(&mut self) -> io::Result<()>;
}

impl Face for Screen {
    fn bell(&mut self) -> io::Result<()> {
        Screen::bell(self)
    }

    fn notify(&mut self, how: Desktop, title: &str, body: &str) -> io::Result<()> {
        Screen::notify(self, how, title, body)
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        Screen::title(self, title)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Screen::copy(self, text)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        Screen::mouse(self, on)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Screen::suspend(self)
    }

    fn forget(&mut self) -> io::Result<()> {
        Screen::forget(self)
    }
}

/// The app, or who reads it out.
trait Front {
    fn handle(&mut self, now: Now, input: Input) -> Vec<Effect>;
    fn app(&mut self) -> &mut App;
}

impl Front for App {
    fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        App::handle(self, now, input)
    }

    fn app(&mut self) -> &mut App {
        self
    }
}

impl Shell {
    /// The app, and all it needs but a face.
    fn begin(options: Options) -> anyhow::Result<(Shell, App)> {
        let mut personal = Personal::new(&options.paths);
        let (loaded, bad) = personal.load(Some(options.config.clone()));
        let mut problems = options.problems.clone();
        problems.extend(bad);
        let Loaded { mut config, values, keymap, theme, themes } = loaded;
        // Signs are read out by their names.
        config.ui.ascii |= options.plain;
        let zone = zone::local(std::env::var_os("TZ"), Path::new(zone::FILE));
        let look = Look { theme, keymap, config, values, themes, zone };
        let keyring = Keyring::at(options.paths.keys_dir());
        if let Some(name) = &options.name {
            // Before the screen is taken: what is wrong with a key is said where it stays readable.
            keyring.secret(name)?;
        }
        let mut luck = [0; 16];
        getrandom::fill(&mut luck).map_err(|e| anyhow!("no random numbers: {e}"))?;
        let mut chat = Chat::new(luck, options.address.authority.clone(), options.name.clone(), options.rooms.clone());
        chat.set_patience(options.config.timeouts.ack);
        chat.set_scrollback(options.config.ui.scrollback);
        let mut app =
            App::new(chat, look, options.address.url().trim_end_matches('/').to_owned(), options.hosting.clone());
        let remembered = Remembered::at(options.paths.state_file());
        let mut shell = Shell {
            place: outbox::place(&options.address.authority),
            start: Instant::now(),
            outbox: Outbox::in_memory(),
            to_link: None,
            from_link: None,
            backlog: VecDeque::new(),
            keyring,
            remembered,
            drafts: None,
            to_edit: None,
            personal,
            theme: options.config.ui.theme.clone(),
            options,
        };
        match shell.options.name.clone() {
            Some(name) => shell.named(&mut app, &name)?,
            None => {
                let last = shell.remembered.name();
                let in_use = last.as_ref().is_some_and(|name| shell.in_use(name));
                let (prefill, second) = if in_use { (None, last) } else { (last, None) };
                app.ask_name(prefill, second);
            }
        }
        app.warn(problems);
        Ok((shell, app))
    }

    fn now(&self) -> Now {
        let wall = jiff::Timestamp::now().as_millisecond().saturating_add(self.options.ahead);
        Now { up: self.start.elapsed(), wall: Timestamp(wall) }
    }

    fn in_use(&self, name: &Nick) -> bool {
        Outbox::in_use(&self.options.paths.outbox_dir(), &self.place, name)
    }

    /// The name is known: its key is there or made, its outbox open, and the wire dials.
    fn acquaintances(&self) -> Acquaintances {
        Acquaintances::at(self.options.paths.known_people())
    }

    fn named(&mut self, app: &mut App, name: &Nick) -> anyhow::Result<()> {
        self.keyring.secret(name)?;
        self.outbox = self.open_outbox(name)?;
        app.adopt(self.outbox.waiting().to_vec());
        self.remembered.set_name(name);
        self.drafts = Some(self.drafts_of(name));
        if let Some(file) = &self.drafts {
            app.restore(remembered::drafts(file));
        }
        match self.acquaintances().all() {
            Ok(all) => app.acquaint(all),
            Err(why) => tracing::warn!(%why, "who was met before cannot be read"),
        }
        if self.to_link.is_none() {
            let timeouts = &self.options.config.timeouts;
            let Link { to, from } = Link::spawn(link::Options {
                known: Some(KnownHosts::at(self.options.paths.known_hosts())),
                keyring: Some(self.keyring.clone()),
                invite: self.options.invite.clone(),
                start: self.start,
                ..link::Options::new(self.options.address.clone(), timeouts)
            });
            (self.to_link, self.from_link) = (Some(to), Some(from));
        }
        Ok(())
    }

    /// Where what is written under this name and not sent is kept.
    fn drafts_of(&self, name: &Nick) -> PathBuf {
        let file = format!("{}.json", outbox::stem(&self.place, name));
        self.options.paths.state_dir().join("drafts").join(file)
    }

    fn open_outbox(&self, name: &Nick) -> anyhow::Result<Outbox> {
        let mut luck = [0; 8];
        getrandom::fill(&mut luck).map_err(|e| anyhow!("no random numbers: {e}"))?;
        let dir = self.options.paths.outbox_dir();
        Outbox::open(&dir, &self.place, name, luck).with_context(|| {
            format!("what you write cannot be kept in {}; make it writable, or give another --data-dir", dir.display())
        })
    }

    async fn talk(&mut self, app: &mut App, screen: &mut Screen, over: impl Future<Output = ()>) -> anyhow::Result<()> {
        let (width, height) = screen.size()?;
        self.hand(app, screen, Input::Resize(width, height))?;
        screen.draw(app)?;
        let mut drawn = Instant::now();
        let mut dirty = false;
        let mut keys = Some(Keys::read());
        let mut editor: Option<Edited> = None;
        let mut ending = Ending::new()?;
        let mut cont = signal(SignalKind::from_raw(CONT))?;
        let lost = terminal::lost()?;
        tokio::pin!(over, lost);
        loop {
            let wake = app.wake_at().map(|at| self.start + at);
            let mut at_once = false;
            let lent = editor.is_some();
            let next = tokio::select! {
                event = pressed(&mut keys) => {
                    at_once = true;
                    let mut next = self.key(app, screen, event)?;
                    // A paste without brackets, or a key held down: one drawing for all that is there.
                    while next == Next::On && let Some(event) = keys.as_mut().and_then(|keys| keys.events.try_recv().ok()) {
                        next = self.key(app, screen, Some(event))?;
                    }
                    next
                }
                edited = finished(&mut editor) => {
                    at_once = true;
                    editor = None;
                    screen.retake()?;
                    keys = Some(Keys::read());
                    // The window may have another size by now, and nobody was there to be told.
                    screen.resized();
                    let (width, height) = screen.size()?;
                    self.hand(app, screen, Input::Resize(width, height))?;
                    self.hand(app, screen, Input::Edited(edited))?
                }
                event = heard(&mut self.from_link) => self.heard(app, screen, event)?,
                room = room(&self.to_link), if !self.backlog.is_empty() => {
                    room.then(|| self.write_on());
                    continue;
                }
                () = until(wake) => self.hand(app, screen, Input::Woke)?,
                () = until(Some(drawn + FRAME)), if dirty => Next::On,
                _ = cont.recv() => {
                    at_once = true;
                    screen.forget()?;
                    Next::On
                }
                () = ending.told(lent) => Next::Quit,
                () = &mut over => Next::Quit,
                () = &mut lost => Next::Quit,
            };
            if next == Next::Quit {
                return Ok(());
            }
            if let Some(text) = self.to_edit.take() {
                // Nobody but the editor may read keys: the reader is gone before it starts.
                if let Some(keys) = keys.take() {
                    keys.stop().await;
                }
                screen.lend();
                let dir = self.options.paths.state_dir().to_owned();
                let (tell, told) = oneshot::channel();
                // A thread that nobody waits for: when we are told to end, an editor that is still open ends nothing.
                let thread = std::thread::Builder::new().name("editor".into());
                thread.spawn(move || tell.send(editor::edit(&dir, &text)))?;
                editor = Some(told);
            }
            if editor.is_some() {
                continue;
            }
            dirty = !at_once && drawn.elapsed() < FRAME;
            if !dirty {
                screen.draw(app)?;
                drawn = Instant::now();
            }
        }
    }

    fn key(&mut self, app: &mut App, screen: &mut Screen, event: Option<io::Result<Event>>) -> anyhow::Result<Next> {
        let event = match event {
            Some(Ok(event)) => event,
            // A terminal that is gone is the end, and nobody is there to read why.
            Some(Err(_)) | None => return Ok(Next::Quit),
        };
        let input = match event {
            Event::Key(key) => Key::of_event(&key).map(Input::Key),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Input::Click(mouse.column, mouse.row)),
                _ => Key::of_mouse(&mouse).map(Input::Key),
            },
            Event::Paste(text) => Some(Input::Paste(text)),
            Event::Resize(width, height) => {
                screen.resized();
                Some(Input::Resize(width, height))
            }
            Event::FocusGained => Some(Input::Focus(true)),
            Event::FocusLost => Some(Input::Focus(false)),
        };
        input.map_or(Ok(Next::On), |input| self.hand(app, screen, input))
    }

    /// News of the wire: what is there, up to a bound, before the next drawing.
    fn heard(&mut self, front: &mut dyn Front, face: &mut dyn Face, event: Option<LinkEvent>) -> anyhow::Result<Next> {
        let mut event = event;
        let mut taken = 0;
        while let Some(news) = event.take() {
            if matches!(news, LinkEvent::Down { .. }) {
                self.backlog.clear();
            }
            if self.hand(front, face, Input::Link(news))? == Next::Quit {
                return Ok(Next::Quit);
            }
            taken += 1;
            if taken < TAKEN_AT_ONCE {
                event = self.from_link.as_mut().and_then(|from| from.try_recv().ok());
            }
        }
        Ok(Next::On)
    }

    fn hand(&mut self, front: &mut dyn Front, face: &mut dyn Face, input: Input) -> anyhow::Result<Next> {
        let effects = front.handle(self.now(), input);
        self.carry_out(front, face, effects)
    }

    /// Does what is to be done, and what follows from it.
    fn carry_out(&mut self, front: &mut dyn Front, face: &mut dyn Face, effects: Vec<Effect>) -> anyhow::Result<Next> {
        let mut waiting = VecDeque::from([effects]);
        while let Some(effects) = waiting.pop_front() {
            let mut inputs = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Quit => return Ok(Next::Quit),
                    Effect::Suspend => face.suspend()?,
                    Effect::Redraw => face.forget()?,
                    Effect::Bell => face.bell()?,
                    Effect::Notify { title, body } => face.notify(self.options.config.ui.desktop, &title, &body)?,
                    Effect::Title(title) => face.title(&title)?,
                    Effect::KeepDrafts(kept) => self.keep_drafts(&kept),
                    Effect::Editor(text) => self.to_edit = Some(text),
                    Effect::Save(name, text) => {
                        let dir = self.options.paths.saves_dir();
                        inputs.push(Input::Saved(personal::save(&dir, &name, &text)));
                    }
                    Effect::Set(setting, literal, said) => {
                        let written = self.personal.set(setting, &literal);
                        inputs.push(self.reread(written, Some(said)));
                    }
                    Effect::Bind(action, keys, said) => {
                        let written = self.personal.bind(action, &keys);
                        inputs.push(self.reread(written, Some(said)));
                    }
                    Effect::Reload { asked } => {
                        if asked || self.personal.changed(&self.theme) {
                            let said = asked.then(|| "settings, keys and theme are read again".to_owned());
                            inputs.push(self.reread(Ok(()), said));
                        }
                    }
                    Effect::TryTheme(name) => inputs.extend(self.personal.theme(&name).map(Input::Themed)),
                    Effect::Mouse(on) => face.mouse(on)?,
                    Effect::Copy(text) => face.copy(&text)?,
                    Effect::Open(link) => {
                        if let Err(why) = open::that_detached(&link) {
                            tracing::info!(%why, "a link cannot be opened");
                            inputs.push(Input::NotOpened(link));
                        }
                    }
                    Effect::Dial => self.write(ToLink::Retry),
                    Effect::Trust(print) => self.write(ToLink::Trust(print)),
                    Effect::Met(met) => {
                        if let Err(why) = self.acquaintances().add(&met) {
                            tracing::warn!(%why, "who was met is not kept");
                        }
                    }
                    Effect::Invited(token) => self.write(ToLink::Invite(token)),
                    Effect::Named(name) => self.named(front.app(), &name)?,
                    Effect::Keep(record) => inputs.push(match self.outbox.keep(record.clone()) {
                        Ok(()) => Input::Kept(record),
                        Err(why) => Input::NotKept(why.to_string()),
                    }),
                    Effect::Chat(effect) => self.chat(front.app(), effect)?,
                }
            }
            for input in inputs {
                waiting.push_back(front.handle(self.now(), input));
            }
        }
        Ok(Next::On)
    }

    /// What the person's files say now that this was written.
    fn reread(&mut self, written: Result<(), String>, said: Option<String>) -> Input {
        if let Err(why) = written {
            return Input::NotSet(why);
        }
        match self.personal.reload() {
            Ok(loaded) => {
                self.theme = loaded.config.ui.theme.clone();
                self.options.config.ui = loaded.config.ui.clone();
                Input::Loaded(Box::new(loaded), said)
            }
            Err(problems) => Input::NotLoaded(problems),
        }
    }

    fn chat(&mut self, app: &mut App, effect: chat::Effect) -> anyhow::Result<()> {
        match effect {
            chat::Effect::Send(id, command) => self.write(ToLink::Command(id, command)),
            chat::Effect::Enter(id, name) => self.write(ToLink::Enter(id, name)),
            chat::Effect::Line(line) => self.write(ToLink::Line(line)),
            chat::Effect::Redial => self.write(ToLink::Redial),
            chat::Effect::Forget(nonce) => {
                if let Err(why) = self.outbox.forget(nonce) {
                    tracing::warn!(%why, "an acked line stays in the outbox and will be asked again");
                }
            }
            chat::Effect::Ephemeral => {
                if let Err(why) = self.outbox.keep_nothing_on_disk() {
                    tracing::warn!(%why, "the outbox cannot be emptied");
                }
            }
            chat::Effect::Renamed(was, name) => self.renamed(app, &was, &name)?,
            // The app has told it.
            chat::Effect::Note(_) => {}
        }
        Ok(())
    }

    /// The key and the outbox go with the person.
    fn renamed(&mut self, app: &mut App, was: &Nick, name: &Nick) -> anyhow::Result<()> {
        self.keyring.also(was, name)?;
        self.remembered.set_name(name);
        self.drafts = Some(self.drafts_of(name));
        let mut outbox = self.open_outbox(name)?;
        app.adopt(outbox.waiting().to_vec());
        for record in self.outbox.waiting().to_vec() {
            outbox.keep(record.clone()).context("what waits to be sent cannot be kept")?;
            self.outbox.forget(record.nonce).context("what waits to be sent cannot be moved")?;
        }
        self.outbox = outbox;
        Ok(())
    }

    fn keep_drafts(&self, kept: &app::Kept) {
        if let Some(file) = &self.drafts {
            remembered::keep_drafts(file, kept);
        }
    }

    fn write(&mut self, order: ToLink) {
        self.backlog.push_back(order);
        self.write_on();
    }

    /// Hands the wire as much of the backlog as it takes.
    fn write_on(&mut self) {
        let Some(to) = &self.to_link else { return };
        while let Ok(permit) = to.try_reserve() {
            let Some(order) = self.backlog.pop_front() else { return };
            permit.send(order);
        }
    }

    /// For the next time that somebody asks where to go. The host of this process and the one of this machine are there
    /// anyway.
    fn remember_server(&self, app: &App) {
        let Options { address, hosting, ahead, .. } = &self.options;
        let host = split_port(&address.authority).map_or("", |(host, _)| host);
        if app.chat().me().is_none() || hosting.is_some() || *ahead != 0 || is_this_machine(host) {
            return;
        }
        let unread = app.chat().talks().iter().map(|talk| talk.unread).fold(0, u32::saturating_add);
        let address = Address { invite: None, pin: None, room: None, ..address.clone() };
        let name = app.chat().server().one_line().into_owned();
        recent::remember(&self.options.paths.recent_file(), Recent { address, name, left: self.now().wall, unread });
    }

    async fn goodbye(mut self, bye: impl FnOnce(Now) -> Vec<Effect>) {
        for effect in bye(self.now()) {
            match effect {
                Effect::Chat(chat::Effect::Send(id, command)) => self.write(ToLink::Command(id, command)),
                Effect::KeepDrafts(kept) => self.keep_drafts(&kept),
                _ => {}
            }
        }
        drop(self.to_link.take());
        let Some(mut from) = self.from_link.take() else { return };
        let gone = async { while !matches!(from.recv().await, None | Some(LinkEvent::Down { .. })) {} };
        let _ = tokio::time::timeout(GOODBYE, gone).await;
    }
}

/// SIGCONT, which tokio has no name for: somebody else stopped us, and the screen may be anything now.
const CONT: i32 = 18;

/// The keys as they come. Read by a task of their own: asking the terminal's reader costs as much as drawing a line (its
/// lock gives way to a thread of its own several times), so it is asked when a key is there and not at each word of the
/// wire.
struct Keys {
    events: mpsc::Receiver<io::Result<Event>>,
    reader: JoinHandle<()>,
}

impl Keys {
    fn read() -> Keys {
        let (tell, events) = mpsc::channel(KEYS_WAITING);
        let reader = tokio::spawn(async move {
            let mut keys = EventStream::new();
            while let Some(event) = keys.next().await
                && tell.send(event).await.is_ok()
            {}
        });
        Keys { events, reader }
    }

    /// Reads no more, and has given up the terminal when this returns.
    async fn stop(mut self) {
        self.reader.abort();
        let _ = (&mut self.reader).await;
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The next key, while keys are ours.
async fn pressed(keys: &mut Option<Keys>) -> Option<io::Result<Event>> {
    match keys {
        Some(keys) => keys.events.recv().await,
        None => std::future::pending().await,
    }
}

/// What will come of an editor.
type Edited = oneshot::Receiver<Result<String, String>>;

/// What the editor was left with.
async fn finished(editor: &mut Option<Edited>) -> Result<String, String> {
    match editor {
        Some(editor) => editor.await.unwrap_or_else(|_| Err("the editor could not be waited for".to_owned())),
        None => std::future::pending().await,
    }
}

async fn heard(from: &mut Option<mpsc::Receiver<LinkEvent>>) -> Option<LinkEvent> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits until the wire takes more; `false` when there is none.
async fn room(to: &Option<mpsc::Sender<ToLink>>) -> bool {
    match to {
        Some(to) => to.reserve().await.is_ok(),
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
