//! Messages picked out by key: which one it is, which others are taken with it, and what is done with them. What is then
//! written (an answer, an edit) is the composer's; lists to choose from are `pick`'s.

use std::collections::BTreeSet;

use super::super::keys::Action;
use super::super::markup;
use super::super::theme::Role;
use super::super::view::messages;
use super::compose::Aim;
use super::known::Standing;
use super::pick::{Choice, Item};
use super::{App, Effect, Popup, Scroll};
use crate::client::chat::Spot;
use crate::protocol::entry::{Author, Emoji, Seq, Shown, ShownWhat, What};
use crate::protocol::names::{Target, blurred};
use crate::protocol::text::Text;

/// Messages taken together at most: no clipboard holds more, and nobody deletes more by hand.
const MARKED: usize = 500;

/// Bytes of a copy. Terminals cut or drop longer ones; xterm's limit is the smallest known (base64 of 75,000).
const COPY_BYTES: usize = 74_000;

/// Own messages looked through for the last one.
const LOOKED_BACK: usize = 500;

/// Entries that are loaded on the way to a message; to one further off one jumps.
const NEAR: u64 = 300;

/// The reactions offered first.
const FIRST: [&str; 8] = ["👍", "🎉", "👀", "😂", "🙏", "✅", "🚀", "👎"];

/// A message picked out, and those taken with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The one under the bar.
    pub at: Seq,
    /// All taken together; none until the first is.
    pub marked: BTreeSet<Seq>,
}

impl App {
    /// The message picked out, if one is.
    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// Picks out the last message that is seen, or begins.
    pub(super) fn select(&mut self) {
        let Some(talk) = self.here_talk() else { return };
        let seen = self.visible().and_then(|seen| seen.last);
        let Some(at) = seen.or_else(|| talk.timeline.last().map(|shown| shown.seq)) else {
            return self.say("nothing was said here yet".to_owned(), Role::Dim);
        };
        // What comes in meanwhile must not move what is looked at.
        if let Some((seq, row)) = self.visible().and_then(|seen| seen.anchor) {
            self.set_scroll(Scroll::At { seq, row });
        }
        self.completion = None;
        self.landing = None;
        self.select_at(at);
    }

    pub(super) fn select_at(&mut self, at: Seq) {
        self.selection.get_or_insert_default().at = at;
        self.bring_in(at);
    }

    /// Back to writing.
    pub(super) fn deselect(&mut self) {
        self.found = None;
        if self.selection.take().is_some() && self.visible().is_some_and(|seen| seen.at_bottom) {
            self.set_scroll(Scroll::Bottom);
        }
    }

    /// Scrolls as little as is needed for a message to be seen whole, or from its beginning.
    fn bring_in(&mut self, at: Seq) {
        let (Some(talk), area) = (self.here_talk(), self.areas().messages) else { return };
        let Some((lines, text)) = messages::extent(self, talk, at, area.width) else { return };
        let Some(seen) = self.visible() else { return };
        let rows = i32::from(area.height);
        let (lines, text) = (lines as i32, text as i32);
        let first = seen.of.iter().position(|of| *of == Some(at));
        let whole = seen.of.iter().filter(|of| **of == Some(at)).count() as i32 >= lines.min(rows);
        if whole {
            return;
        }
        let above = match first {
            Some(row) => row == 0,
            None => seen.of.iter().flatten().next().is_some_and(|top| at < *top),
        };
        let row = if above || lines >= rows { text } else { rows - (lines - text) };
        self.set_scroll(Scroll::At { seq: at, row });
    }

    /// Does what an action does with messages; `false` when it does nothing there.
    pub(super) fn select_act(&mut self, action: Action) -> bool {
        match action {
            Action::SelectMessage => self.select(),
            Action::EditLast => self.edit_last(),
            Action::SelectOlder => self.step_older(),
            Action::SelectNewer => self.step_newer(),
            Action::SelectOldest => self.end_of_select(true),
            Action::SelectNewest => self.end_of_select(false),
            Action::Mark => self.mark_selected(),
            Action::Menu => self.menu(),
            Action::Reply => self.reply(),
            Action::Edit => self.edit_selected(),
            Action::React => self.pick_reaction(),
            Action::Delete => self.ask_delete(),
            Action::Copy => self.copy(),
            Action::OpenLink => self.open_link(),
            Action::ToOriginal => self.go_to_original(),
            Action::Info => self.info(),
            Action::ViewWhole => self.view_whole(),
            Action::CopyAddress => self.copy_address(),
            Action::NextHit => self.step_hit(1),
            Action::PreviousHit => self.step_hit(-1),
            Action::Write => self.deselect(),
            Action::Find => self.find("", false),
            Action::Mentions => self.find("", true),
            _ => return false,
        }
        true
    }

    fn at(&self) -> Option<Shown> {
        self.here_talk()?.timeline.get(self.selection.as_ref()?.at)
    }

    /// The messages an action is about: those taken together, or the one under the bar.
    fn taken(&self) -> Vec<Shown> {
        let (Some(talk), Some(selection)) = (self.here_talk(), &self.selection) else { return Vec::new() };
        match selection.marked.is_empty() {
            true => talk.timeline.get(selection.at).into_iter().collect(),
            false => selection.marked.iter().filter_map(|seq| talk.timeline.get(*seq)).collect(),
        }
    }

    fn step_older(&mut self) {
        let (Some(talk), Some(selection)) = (self.here_talk(), &self.selection) else { return };
        let (at, floor) = (selection.at, self.cleared(&talk.to));
        match talk.timeline.before(at).filter(|shown| shown.seq > floor) {
            Some(before) => self.select_at(before.seq),
            None => self.older(),
        }
    }

    fn step_newer(&mut self) {
        let (Some(talk), Some(selection)) = (self.here_talk(), &self.selection) else { return };
        let next = talk.timeline.after(selection.at).next().map(|shown| shown.seq);
        match next {
            Some(after) => self.select_at(after),
            None => self.deselect(),
        }
    }

    fn end_of_select(&mut self, oldest: bool) {
        let Some(timeline) = self.here_talk().map(|talk| &talk.timeline) else { return };
        let end = if oldest { timeline.start() } else { timeline.last().map(|shown| shown.seq) };
        if let Some(end) = end {
            self.select_at(end);
        }
        if oldest {
            self.older();
        }
    }

    fn mark_selected(&mut self) {
        let Some(selection) = &mut self.selection else { return };
        if !selection.marked.remove(&selection.at) {
            if selection.marked.len() >= MARKED {
                return self.say(format!("no more than {MARKED} at once"), Role::Error);
            }
            selection.marked.insert(selection.at);
        }
        self.step_older();
    }

    /// Whether one said it oneself, in words that are still there.
    fn own_words(&self, shown: &Shown) -> Option<Text> {
        let own = self.chat.me().is_some_and(|me| me.person == shown.from.person);
        match &shown.what {
            ShownWhat::Said { text: Some(text), .. } if own => Some(text.clone()),
            _ => None,
        }
    }

    fn menu(&mut self) {
        let Some(shown) = self.at() else { return };
        let said = matches!(shown.what, ShownWhat::Said { text: Some(_), .. });
        let own = self.own_words(&shown).is_some();
        let answers = matches!(shown.what, ShownWhat::Said { reply_to: Some(_), .. });
        let links = markup::links(&words(&shown)).next().is_some();
        let offered = [
            (Action::Reply, said),
            (Action::React, said),
            (Action::Edit, own),
            (Action::Copy, said),
            (Action::CopyAddress, true),
            (Action::OpenLink, links),
            (Action::ToOriginal, answers),
            (Action::ViewWhole, said),
            (Action::Mark, true),
            (Action::Info, true),
            (Action::Delete, own),
        ];
        let items = offered.into_iter().filter(|(_, fits)| *fits).map(|(action, _)| {
            let keys = self.key_of(action);
            Item { label: action.line().to_owned(), detail: keys, choice: Choice::Do(action) }
        });
        let title = format!("{}: {}", shown.from.marked(), short(&words(&shown)));
        self.pick(title, items.collect());
    }

    fn reply(&mut self) {
        let Some(shown) = self.at() else { return };
        if !matches!(shown.what, ShownWhat::Said { text: Some(_), .. }) {
            return self.say("there is nothing in it to answer".to_owned(), Role::Dim);
        }
        self.deselect();
        self.aim(Some(Aim::Reply(shown.seq)));
    }

    fn edit_selected(&mut self) {
        let Some(shown) = self.at() else { return };
        match self.own_words(&shown) {
            Some(text) => self.edit_message(shown.seq, &text),
            None => self.say("only what you said yourself can be edited".to_owned(), Role::Error),
        }
    }

    /// The last message of one's own here.
    pub(super) fn last_own(&self) -> Option<(Seq, Text)> {
        let talk = self.here_talk()?;
        talk.timeline.latest(LOOKED_BACK).find_map(|shown| Some((shown.seq, self.own_words(&shown)?)))
    }

    pub(super) fn edit_last(&mut self) {
        match self.last_own() {
            Some((seq, text)) => self.edit_message(seq, &text),
            None => self.say("you said nothing here that could be edited".to_owned(), Role::Dim),
        }
    }

    fn edit_message(&mut self, of: Seq, text: &Text) {
        self.deselect();
        self.begin_edit(of, text.as_str());
    }

    fn pick_reaction(&mut self) {
        let Some(shown) = self.at() else { return };
        if !matches!(shown.what, ShownWhat::Said { text: Some(_), .. }) {
            return self.say("there is nothing in it to react to".to_owned(), Role::Dim);
        }
        let first = FIRST.iter().filter_map(|sign| emojis::get(sign));
        // Signs that a selector makes an emoji of are drawn in one column by some terminals and in two by others.
        let steady = |emoji: &&'static emojis::Emoji| !emoji.as_str().contains('\u{fe0f}');
        let rest = emojis::iter().filter(|emoji| !FIRST.contains(&emoji.as_str())).filter(steady);
        let items = first.chain(rest).filter_map(|emoji| {
            let name = emoji.shortcode().unwrap_or(emoji.name());
            let choice = Choice::React(Emoji::parse(emoji.as_str())?);
            Some(Item { label: format!("{} {name}", emoji.as_str()), detail: String::new(), choice })
        });
        self.pick("React".to_owned(), items.collect());
    }

    /// Reacts to the message picked out; with what one reacted with before, takes it back.
    pub(super) fn react(&mut self, emoji: Emoji) {
        let (Some(shown), Some(me)) = (self.at(), self.chat.me().map(|me| me.person)) else { return };
        let ShownWhat::Said { reactions, .. } = &shown.what else { return };
        let of = shown.seq;
        let mine = reactions.iter().any(|r| r.emoji == emoji && r.by.iter().any(|author| author.person == me));
        self.change(if mine { What::Unreacted { of, emoji } } else { What::Reacted { of, emoji } });
    }

    /// Puts a change of this conversation into the outbox.
    pub(super) fn change(&mut self, what: What) {
        let Some(to) = self.here.clone() else { return };
        let record = self.chat.record(to, what);
        self.effects.push(Effect::Keep(record));
    }

    fn ask_delete(&mut self) {
        let taken = self.taken();
        if taken.is_empty() || taken.iter().any(|shown| self.own_words(shown).is_none()) {
            return self.say("only what you said yourself can be deleted".to_owned(), Role::Error);
        }
        let (title, label) = match taken.as_slice() {
            [one] => (format!("Delete “{}” for everybody?", short(&words(one))), "Delete it".to_owned()),
            more => (format!("Delete {} messages for everybody?", more.len()), "Delete them".to_owned()),
        };
        let of = taken.iter().map(|shown| shown.seq).collect();
        let item = |label: String, choice| Item { label, detail: String::new(), choice };
        self.pick(title, vec![item(label, Choice::Delete(of)), item("Keep".to_owned(), Choice::Nothing)]);
    }

    pub(super) fn delete(&mut self, of: Vec<Seq>) {
        for of in of {
            self.change(What::Deleted { of });
        }
        if let Some(selection) = &mut self.selection {
            selection.marked.clear();
        }
    }

    fn copy(&mut self) {
        let taken = self.taken();
        let text = match taken.as_slice() {
            [one] => words(one),
            more => {
                let lines =
                    more.iter().map(|shown| format!("{} {}: {}", self.time(shown.at), shown.from.name, words(shown)));
                lines.collect::<Vec<_>>().join("\n")
            }
        };
        if text.is_empty() {
            return self.say("there is nothing in it to copy".to_owned(), Role::Dim);
        }
        let what = if taken.len() == 1 { "copied".to_owned() } else { format!("copied {} messages", taken.len()) };
        self.copy_text(text, what);
    }

    /// Hands a text to the terminal's clipboard and says so.
    pub(super) fn copy_text(&mut self, text: String, said: String) {
        if text.len() > COPY_BYTES {
            let text = format!("{} KiB are more than a terminal's clipboard takes; take fewer", text.len() / 1024);
            return self.say(text, Role::Error);
        }
        self.effects.push(Effect::Copy(text));
        self.say(said, Role::Ok);
    }

    fn copy_address(&mut self) {
        if let (Some(shown), Some(to)) = (self.at(), self.here.clone()) {
            let address = self.address_of(&to, shown.seq);
            let said = format!("copied {address}");
            self.copy_text(address, said);
        }
    }

    /// Opens a link; one of a message of this host leads there.
    pub(super) fn follow(&mut self, link: String) {
        match self.message_at(&link) {
            Some((to, seq)) if self.chat.talk(&to).is_some() => self.go_to_place(to, Spot::Seq(seq)),
            _ => self.effects.push(Effect::Open(link)),
        }
    }

    fn open_link(&mut self) {
        let mut found: Vec<String> = Vec::new();
        for shown in self.taken() {
            found.extend(markup::links(&words(&shown)).map(str::to_owned));
        }
        let mut known = BTreeSet::new();
        found.retain(|link| known.insert(link.clone()));
        match found.as_slice() {
            [] => self.say("there is no link in it".to_owned(), Role::Dim),
            [one] => self.follow(one.clone()),
            many => {
                let items = many.iter().map(|link| Item {
                    label: link.clone(),
                    detail: String::new(),
                    choice: Choice::Open(link.clone()),
                });
                self.pick("Open".to_owned(), items.collect());
            }
        }
    }

    fn go_to_original(&mut self) {
        match self.at().map(|shown| shown.what) {
            Some(ShownWhat::Said { reply_to: Some(of), .. }) => self.seek(of),
            _ => self.say("it answers no other message".to_owned(), Role::Dim),
        }
    }

    /// Picks out a message of this conversation, loading what lies between when it has to.
    pub(super) fn seek(&mut self, of: Seq) {
        let Some(talk) = self.here_talk() else { return };
        if talk.timeline.get(of).is_some() {
            self.seeking = None;
            return self.select_at(of);
        }
        if talk.timeline.has(of) || of < talk.timeline.oldest() {
            self.seeking = None;
            return self.say("that message is not there any more".to_owned(), Role::Dim);
        }
        if talk.timeline.first().0.saturating_sub(of.0) > NEAR || of > talk.timeline.first() {
            let to = talk.to.clone();
            return self.go_to_place(to, Spot::Seq(of));
        }
        self.seeking = Some(of);
        self.older();
    }

    /// All of a message, as it was typed: what is folded in the room is read here.
    fn view_whole(&mut self) {
        let Some(shown) = self.at() else { return };
        let words = words(&shown);
        let digits = words.lines().count().max(1).to_string().len();
        let lines: Vec<String> = words
            .lines()
            .enumerate()
            .map(|(n, line)| {
                let line = super::super::wrap::untab(line);
                format!(" {:>digits$}  {line}", n + 1)
            })
            .collect();
        let title = format!("{}, {}", shown.from.marked(), self.time(shown.at));
        self.popup = Popup::List { title, lines, scroll: 0 };
        self.whole = Some((shown.seq, words));
    }

    /// Copies or saves what is read whole.
    pub(super) fn take_whole(&mut self, save: bool) {
        let Some((seq, text)) = self.whole.clone() else { return };
        if !save {
            return self.copy_text(text, "copied".to_owned());
        }
        let room = self.here.as_ref().map(ToString::to_string).unwrap_or_default();
        let room: String = room.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        self.effects.push(Effect::Save(format!("wschat-{room}-{seq}.txt"), text));
    }

    /// Whom this name can be taken for here, in a few words.
    fn mistaken_for(&self, author: &Author) -> String {
        let Some(talk) = self.here_talk().filter(|talk| talk.alike.contains(&author.person)) else {
            return String::new();
        };
        let mine = blurred(author.name.as_str());
        let others = talk.people.iter().map(|member| &member.who);
        let others = others.filter(|who| who.person != author.person && blurred(who.name.as_str()) == mine);
        let names: Vec<String> = others.map(super::entry::shown_name).collect();
        format!(", not to be taken for {}", names.join(", "))
    }

    /// What is known of somebody's key.
    fn known_by(&self, author: &Author) -> Vec<String> {
        if self.chat.me().is_some_and(|me| me.person == author.person) {
            return Vec::new();
        }
        let how = match self.standing(author.person) {
            _ if author.guest => "  a guest, without a key".to_owned(),
            Standing::Known(since) if since.host == self.chat.address() => {
                format!("  key known to you since {}", self.day(since.since))
            }
            Standing::Known(since) => {
                format!("  key known to you since {}, as {} of {}", self.day(since.since), since.name, since.host)
            }
            Standing::Other => "  another key than who had this name here before".to_owned(),
            Standing::New => "  new to you".to_owned(),
        };
        let keys = self.keys_of(author.person).iter().map(|key| format!("  key {}", key.spoken()));
        std::iter::once(how).chain(keys).collect()
    }

    fn info(&mut self) {
        let Some(shown) = self.at() else { return };
        let mut rows = vec![
            format!("  {}{}", super::entry::shown_name(&shown.from), self.mistaken_for(&shown.from)),
            format!("  {} {}", self.day(shown.at), self.time(shown.at)),
            format!("  message {} of {}", shown.seq, self.here.as_ref().map(Target::to_string).unwrap_or_default()),
        ];
        rows.extend(self.known_by(&shown.from));
        if let ShownWhat::Said { text, edited, reactions, .. } = &shown.what {
            if *edited {
                rows.push("  edited since".to_owned());
            }
            if text.is_none() {
                rows.push("  deleted".to_owned());
            }
            for reaction in reactions {
                let by: Vec<String> = reaction.by.iter().map(|author| author.name.to_string()).collect();
                let more = (reaction.count as usize).saturating_sub(by.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                rows.push(format!("  {} {}{more}", reaction.emoji.as_str(), by.join(", ")));
            }
        }
        self.popup = Popup::List { title: "Message".into(), lines: rows, scroll: 0 };
    }
}

/// The words of a message as they read now; nothing when it was deleted.
pub fn words(shown: &Shown) -> String {
    match &shown.what {
        ShownWhat::Said { text: Some(text), .. } | ShownWhat::Topic { text } => text.as_str().to_owned(),
        ShownWhat::Said { text: None, .. } => String::new(),
    }
}

/// So much of a text as a title has room for.
fn short(text: &str) -> String {
    const ROOM: usize = 40;
    let line = text.lines().next().unwrap_or("");
    super::super::wrap::fit(line, ROOM, "…")
}
