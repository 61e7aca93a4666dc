//! Which key does what: filled from `config/keys.toml`, which is compiled in, and then action by action from a person's
//! own file. All errors of a file come back as values, and every other line of it counts.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use crate::config::file::{Item, Problem, Problems, Source, called, hint, texts};
use crate::tui::keys::{Action, Context, Key, Stroke};

/// Every action with its keys, as text.
pub const BUILTIN: &str = include_str!("../../../config/keys.toml");

/// Which key does what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// Of each action, in the order of the table.
    keys: Vec<Vec<Stroke>>,
    does: HashMap<(Context, Stroke), Action>,
}

/// The sets of keys there are, and what each says otherwise.
pub const PRESETS: [(&str, &str); 3] = [
    ("default", ""),
    ("emacs", include_str!("../../../config/keys-emacs.toml")),
    ("vim", include_str!("../../../config/keys-vim.toml")),
];

impl Keymap {
    /// The keys as they come.
    pub fn builtin() -> Keymap {
        let nothing = Keymap { keys: vec![Vec::new(); Action::ALL.len()], does: HashMap::new() };
        let (map, problems) = nothing.overridden(&Source::new("config/keys.toml", BUILTIN));
        debug_assert!(problems.is_empty(), "a test holds table and file together: {problems:?}");
        map
    }

    /// The keys of this set, as [`PRESETS`] names it.
    pub fn preset(name: &str) -> Keymap {
        let text = PRESETS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
        let (map, problems) = Keymap::builtin().overridden(&Source::new(format!("config/keys-{name}.toml"), text));
        debug_assert!(problems.is_empty(), "a test holds every set: {problems:?}");
        map
    }

    /// The keys of a set, overridden by a person's file if there is one; it has to be readable then.
    pub fn load(preset: &str, file: Option<&Path>) -> (Keymap, Vec<Problem>) {
        match file.map(Source::open) {
            None => (Keymap::preset(preset), Vec::new()),
            Some(Ok(source)) => Keymap::of(preset, &source),
            Some(Err(problem)) => (Keymap::preset(preset), vec![problem]),
        }
    }

    /// The same with a file that was read already.
    pub fn of(preset: &str, source: &Source) -> (Keymap, Vec<Problem>) {
        Keymap::preset(preset).overridden(source)
    }

    /// What a key does while this has the keys.
    pub fn lookup(&self, context: Context, key: Key) -> Option<Action> {
        self.does.get(&(context, Stroke::from(key))).copied()
    }

    /// What a key does behind one that only begins something.
    pub fn lookup_after(&self, context: Context, lead: Key, key: Key) -> Option<Action> {
        self.does.get(&(context, Stroke { lead: Some(lead), key })).copied()
    }

    /// What may follow this key, which does nothing alone; nothing when it begins nothing.
    pub fn after(&self, context: Context, lead: Key) -> Vec<(Key, Action)> {
        let begins = |((place, stroke), action): (&(Context, Stroke), &Action)| {
            (*place == context && stroke.lead == Some(lead)).then_some((stroke.key, *action))
        };
        let mut found: Vec<(Key, Action)> = self.does.iter().filter_map(begins).collect();
        found.sort_by_key(|(_, action)| *action as usize);
        found
    }

    /// The keys of an action, the best one first.
    pub fn keys_for(&self, action: Action) -> &[Stroke] {
        &self.keys[action as usize]
    }

    /// What else these keys do where this action applies.
    pub fn taken(&self, action: Action, stroke: Stroke) -> Option<Action> {
        self.holders(action, stroke).into_iter().next()
    }

    /// This one with what a file says otherwise. A key that the file gives to another action is taken from the one that
    /// had it, and that is listed; of two actions in the file the first keeps the key.
    fn overridden(mut self, source: &Source) -> (Keymap, Vec<Problem>) {
        let mut wishes: Vec<Wish> = Vec::new();
        let mut problems = source.walk(|item, problems| {
            if let Some(wish) = read_line(item, problems) {
                wishes.push(wish);
            }
        });
        for wish in &wishes {
            self.keys[wish.action as usize].clear();
        }
        let mine: Vec<Action> = wishes.iter().map(|wish| wish.action).collect();
        for Wish { action, keys } in wishes {
            for (key, span) in keys {
                let holders = self.holders(action, key);
                if let Some(holder) = holders.iter().find(|holder| mine.contains(holder)) {
                    let what = format!("{action}: {key} is {holder} already; one key, one action");
                    problems.push(source.problem(&span, what));
                    continue;
                }
                for holder in holders {
                    self.keys[holder as usize].retain(|k| !k.meets(key));
                    let what = format!("{action}: {key} is taken from {holder}; give {holder} its keys here too");
                    problems.push(source.problem(&span, what));
                }
                self.keys[action as usize].push(key);
            }
        }
        self.does = Action::ALL.iter().flat_map(|a| self.places_of(*a)).collect();
        problems.sort_by_key(|p| p.line);
        (self, problems)
    }

    /// The other actions that have this key in a place where this one applies too.
    fn holders(&self, action: Action, key: Stroke) -> Vec<Action> {
        let meets = |other: &Action| {
            *other != action
                && self.keys[*other as usize].iter().any(|other| other.meets(key))
                && other.places().iter().any(|place| action.places().contains(place))
        };
        Action::ALL.iter().copied().filter(meets).collect()
    }

    fn places_of(&self, action: Action) -> Vec<((Context, Stroke), Action)> {
        let keys = self.keys_for(action);
        action.places().iter().flat_map(|place| keys.iter().map(move |key| ((*place, *key), action))).collect()
    }
}

/// One line of the file: an action and the keys it is to have, with their places.
struct Wish {
    action: Action,
    keys: Vec<(Stroke, Range<usize>)>,
}

fn read_line(item: &Item<'_>, problems: &mut Problems<'_>) -> Option<Wish> {
    let Some(action) = Action::named(item.key) else {
        let what = format!("unknown action {:?}{}", item.key, hint(item.key, Action::ALL.iter().map(|a| a.name())));
        problems.add(&item.key_span, what);
        return None;
    };
    let wishes = match item.value.as_str() {
        Some(one) => vec![(one.to_owned(), item.span.clone())],
        None => match texts(action.name(), item, problems) {
            Some(list) => list,
            None => {
                let what =
                    format!("{action}: takes a list of keys, as [\"Ctrl+N\", \"F6\"], not {}", called(item.value));
                problems.add(&item.span, what);
                return None;
            }
        },
    };
    let mut keys: Vec<(Stroke, Range<usize>)> = Vec::new();
    let none_wanted = item.value.as_array().is_some_and(|list| list.is_empty());
    for (text, span) in wishes {
        match allowed(action, &text) {
            Ok(key) if keys.iter().any(|(k, _)| *k == key) => {}
            Ok(key) => keys.push((key, span)),
            Err(why) => problems.add(&span, format!("{action}: {why}")),
        }
    }
    // A line of nothing but errors leaves the action its keys; only an empty list takes them away.
    (none_wanted || !keys.is_empty()).then_some(Wish { action, keys })
}

/// Whether this key, or these two, may do this.
pub fn allowed(action: Action, text: &str) -> Result<Stroke, String> {
    let read = |text: &str| text.parse::<Key>().map_err(|e| e.to_string());
    let stroke = match text.trim().split_once(' ') {
        Some((lead, key)) => Stroke { lead: Some(read(lead)?), key: read(key.trim())? },
        None => Stroke::from(read(text)?),
    };
    let key = stroke.lead.unwrap_or(stroke.key);
    let typing = |place: &Context| !matches!(place, Context::Help | Context::Select);
    if key.typed().is_some() && action.places().iter().any(typing) {
        return Err(format!(
            "{key} is what one types; only in the help and with a message picked out can it do anything else"
        ));
    }
    Ok(stroke)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::tui::keys::Group;

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    fn check(text: &str) -> (Keymap, Vec<String>) {
        let (map, problems) = Keymap::builtin().overridden(&Source::new("keys.toml", text));
        (map, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn table_and_file_hold_each_other() {
        let nothing = Keymap { keys: vec![Vec::new(); Action::ALL.len()], does: HashMap::new() };
        let source = Source::new("config/keys.toml", BUILTIN);
        let (_, problems) = nothing.overridden(&source);
        assert_eq!(problems, []);
        let mut in_file = Vec::new();
        source.walk(|item, _| in_file.push(item.key.to_owned()));
        let in_table: Vec<&str> = Action::ALL.iter().map(|a| a.name()).collect();
        assert_eq!(in_file, in_table, "the same actions in the same order");
    }

    #[test]
    fn every_action_has_a_way_in() {
        let map = Keymap::builtin();
        for action in Action::ALL {
            let keys = map.keys_for(*action);
            assert!(!keys.is_empty(), "{action}");
            let sure = keys.iter().any(|key| !key.has_alt());
            assert!(sure || action.command().is_some(), "{action} has only Alt");
        }
    }

    #[test]
    fn one_key_by_context() {
        let map = Keymap::builtin();
        for (context, text, action) in [
            (Context::Composer, "Enter", Some(Action::Send)),
            (Context::EmptyComposer, "Enter", Some(Action::Retry)),
            (Context::Dialog, "Enter", Some(Action::Accept)),
            (Context::Composer, "Ctrl+U", Some(Action::KillToStart)),
            (Context::EmptyComposer, "Ctrl+U", Some(Action::HalfPageUp)),
            (Context::EmptyComposer, "Ctrl+D", Some(Action::HalfPageDown)),
            (Context::Dialog, "Ctrl+D", Some(Action::DeleteForward)),
            (Context::Composer, "Ctrl+C", Some(Action::ClearDraft)),
            (Context::EmptyComposer, "Ctrl+C", Some(Action::Quit)),
            (Context::Composer, "Ctrl+N", Some(Action::NextRoom)),
            (Context::Dialog, "Ctrl+N", Some(Action::ListDown)),
            (Context::Help, "q", Some(Action::CloseHelp)),
            (Context::Composer, "q", None),
            (Context::Composer, "Ctrl+/", Some(Action::Undo)),
            (Context::Composer, "Alt+Shift+/", Some(Action::Help)),
            (Context::Help, "WheelUp", Some(Action::ScrollUp)),
            (Context::Composer, "Alt+0", Some(Action::Room10)),
        ] {
            assert_eq!(map.lookup(context, key(text)), action, "{context:?} {text}");
        }
    }

    #[test]
    fn every_set_of_keys_is_sound() {
        for (name, text) in PRESETS {
            let (map, problems) = Keymap::builtin().overridden(&Source::new(name, text));
            assert_eq!(problems, [], "{name}");
            assert_eq!(map, Keymap::preset(name));
            for action in Action::ALL {
                assert!(!map.keys_for(*action).is_empty(), "{name}: {action} has no key");
            }
        }
    }

    #[test]
    fn two_keys_one_after_the_other() {
        let (map, problems) = check("editor = [\"Ctrl+X Ctrl+E\"]\nselect_oldest = [\"g g\"]\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(map.lookup(Context::Composer, key("Ctrl+E")), Some(Action::LineEnd));
        assert_eq!(map.lookup(Context::Composer, key("Ctrl+X")), None);
        assert_eq!(map.lookup_after(Context::Composer, key("Ctrl+X"), key("Ctrl+E")), Some(Action::Editor));
        assert_eq!(map.after(Context::Composer, key("Ctrl+X")), [(key("Ctrl+E"), Action::Editor)]);
        assert_eq!(map.after(Context::Select, key("g")), [(key("g"), Action::SelectOldest)]);
        let (map, problems) = check("editor = [\"Ctrl+L e\"]\nhelp = [\"g g g\"]\nredraw = [\"F5 x\"]\n");
        insta::assert_snapshot!(problems.join("\n"), @r#"
        keys.toml:2: help: "g g" is no key; keys are written Ctrl+N, Alt+Shift+Down, F7, PgUp, Alt+?
        keys.toml:3: redraw: F5 x is taken from previous_room; give previous_room its keys here too
        "#);
        assert_eq!(map.lookup_after(Context::Composer, key("F5"), key("x")), Some(Action::Redraw));
    }

    #[test]
    fn a_file_overrides_action_by_action() {
        let (map, problems) = check("next_room = [\"F9\", \"F9\"]\nprevious_room = \"F10\"\ndiscard = []\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(map.lookup(Context::Composer, key("F9")), Some(Action::NextRoom));
        assert_eq!(map.lookup(Context::Composer, key("Ctrl+N")), None);
        assert_eq!(map.keys_for(Action::NextRoom), [key("F9").into()]);
        assert_eq!(map.keys_for(Action::PreviousRoom), [key("F10").into()]);
        assert_eq!(map.lookup(Context::EmptyComposer, key("Delete")), None);
        assert_eq!(map.lookup(Context::Dialog, key("Ctrl+N")), Some(Action::ListDown));
    }

    #[test]
    fn all_errors_are_listed_and_the_rest_counts() {
        let (map, problems) = check(
            "next_rom = [\"F9\"]\nhelp = [\"Ctrl+I\", \"F2\", 3]\nredraw = [\"r\"]\nquit = 4\nsuspend = [\"Ctrl+L\"]\n\
             toggle_rooms = [\"F2\"]\ntop = [\"Hyper+T\"]\nbottom = = []\nundo = [\"Ctrl+U\"]\n",
        );
        insta::assert_snapshot!(problems.join("\n"), @r#"
        keys.toml:1: unknown action "next_rom", did you mean "next_room"?
        keys.toml:2: help: 3 is no text
        keys.toml:2: help: Ctrl+I is Tab to a terminal; write Tab if you mean that
        keys.toml:3: redraw: r is what one types; only in the help and with a message picked out can it do anything else
        keys.toml:4: quit: takes a list of keys, as ["Ctrl+N", "F6"], not 4
        keys.toml:5: suspend: Ctrl+L is taken from redraw; give redraw its keys here too
        keys.toml:6: toggle_rooms: F2 is help already; one key, one action
        keys.toml:7: top: "Hyper" is no modifier; there are Ctrl, Alt and Shift
        keys.toml:8: extra `=`, expected nothing
        keys.toml:9: undo: Ctrl+U is taken from half_page_up; give half_page_up its keys here too
        keys.toml:9: undo: Ctrl+U is taken from kill_to_start; give kill_to_start its keys here too
        "#);
        assert_eq!(map.lookup(Context::Composer, key("F2")), Some(Action::Help));
        assert_eq!(map.lookup(Context::Composer, key("Ctrl+U")), Some(Action::Undo));
        assert_eq!(map.lookup(Context::Dialog, key("Ctrl+U")), None, "taken from the action, everywhere");
        assert_eq!(map.lookup(Context::EmptyComposer, key("Ctrl+C")), Some(Action::Quit));
        assert_eq!(
            map.lookup(Context::Composer, key("Alt+Home")),
            Some(Action::Top),
            "nothing but errors changes nothing"
        );
    }

    const HEAD: &str = "\
<!-- Made from config/keys.toml and the table of actions by a test: change them there, then run the tests with WSCHAT_BLESS=1. -->
# Keys

What each key does, and its name in `keys.toml`. To change some, write `action = [\"Key\", \"Another\"]` into `keys.toml` beside
your `wschat.toml`; an empty list takes all keys away. Where two actions share a key, what has the keys decides: a draft, an
empty draft, a dialog or the help. Errors are listed with line and nearest action, and every other line counts.

Not every terminal sends Alt (on macOS, turn on \"Option as Meta\"), so every action with Alt has a second way: another key, or
the command named.
";

    #[test]
    fn the_page_is_up_to_date() {
        let map = Keymap::builtin();
        let mut page = HEAD.to_owned();
        for group in Group::ALL {
            let _ =
                write!(page, "\n## {}\n\n| keys | does | where | action |\n| --- | --- | --- | --- |\n", group.title());
            for action in Action::ALL.iter().filter(|a| a.group() == group) {
                let mut ways: Vec<String> = map.keys_for(*action).iter().map(|k| format!("`{k}`")).collect();
                ways.extend(action.command().map(|c| format!("`{c}`")));
                let line = action.line();
                let _ = writeln!(page, "| {} | {line} | {} | `{action}` |", ways.join(" "), action.where_in_words());
            }
        }
        crate::config::docs::hold("docs/keys.md", &page);
    }
}
