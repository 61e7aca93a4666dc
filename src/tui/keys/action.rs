//! The table of everything a key can do: its name in `keys.toml`, where it applies, and the line that the help shows. One
//! row adds an action; which keys do it stands in `config/keys.toml`, and how it is done in the app.

use std::fmt;

/// What has the keys. Exactly one of these at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The composer, with something in it.
    Composer,
    /// The composer, empty.
    EmptyComposer,
    /// The composer, with a choice of completions over it. What means nothing here means what it does in the composer.
    Completing,
    /// The messages, one of them picked out.
    Select,
    /// A dialog: a field, a list, or both.
    Dialog,
    /// The help screen.
    Help,
}

impl Context {
    /// All of them.
    pub const ALL: [Context; 6] = [
        Context::Composer,
        Context::EmptyComposer,
        Context::Completing,
        Context::Select,
        Context::Dialog,
        Context::Help,
    ];
}

/// How the help puts actions together, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Group {
    Rooms,
    Panes,
    Scrolling,
    Messages,
    Composing,
    Editing,
    Delivery,
    Dialogs,
    Program,
}

impl Group {
    /// All of them, as the help shows them.
    pub const ALL: [Group; 9] = [
        Group::Rooms,
        Group::Panes,
        Group::Scrolling,
        Group::Messages,
        Group::Composing,
        Group::Editing,
        Group::Delivery,
        Group::Dialogs,
        Group::Program,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Rooms => "Rooms",
            Group::Panes => "Panes",
            Group::Scrolling => "Scrolling",
            Group::Messages => "Messages, one picked out",
            Group::Composing => "Composing",
            Group::Editing => "Editing",
            Group::Delivery => "Sending and connection",
            Group::Dialogs => "Dialogs and help",
            Group::Program => "Program",
        }
    }
}

type Places = &'static [Context];
const EVERYWHERE: Places = &Context::ALL;
const CHAT: Places = &[Context::Composer, Context::EmptyComposer];
const READ: Places = &[Context::Composer, Context::EmptyComposer, Context::Select];
const DRAFT: Places = &[Context::Composer];
const EMPTY: Places = &[Context::EmptyComposer];
const FIELD: Places = &[Context::Composer, Context::Dialog];
const TYPING: Places = &[Context::Composer, Context::EmptyComposer, Context::Dialog];
const LISTS: Places = &[Context::Dialog, Context::Help];
const COMPLETING: Places = &[Context::Completing];
const FINDING: Places = &[Context::Composer, Context::EmptyComposer, Context::Select, Context::Dialog];
const READ_WHOLE: Places = &[Context::Select, Context::Help];
const SELECT: Places = &[Context::Select];
const DIALOG: Places = &[Context::Dialog];
const HELP: Places = &[Context::Help];
const READING: Places = &[Context::EmptyComposer, Context::Select, Context::Help];
const NO_DRAFT: Places = &[Context::EmptyComposer, Context::Select, Context::Dialog, Context::Help];

/// One row of the table.
struct Row {
    name: &'static str,
    group: Group,
    places: Places,
    line: &'static str,
    command: &'static str,
}

macro_rules! actions {
    ($($group:ident { $($action:ident $name:literal $places:ident $line:literal $($command:literal)?;)* })*) => {
        /// What a key can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $line] $action,)*)*
        }

        impl Action {
            /// All of them, in the order of the help.
            pub const ALL: &[Action] = &[$($(Action::$action,)*)*];
        }

        const ROWS: &[Row] = &[$($(Row {
            name: $name,
            group: Group::$group,
            places: $places,
            line: $line,
            command: concat!($($command)?),
        },)*)*];
    };
}

actions! {
    Rooms {
        NextRoom "next_room" CHAT "Go to the next room" "/join";
        PreviousRoom "previous_room" CHAT "Go to the room before" "/join";
        NextNeedingYou "next_needing_you" CHAT "Go to the next room that needs you: mentions, then direct messages, then unread";
        PreviousNeedingYou "previous_needing_you" CHAT "Go to the room before that needs you";
        LastRoom "last_room" CHAT "Go back to the room you came from";
        MuteRoom "mute_room" CHAT "Mute this room, or hear of it again" "/mute";
        GoTo "go_to" CHAT "Go to a room, a person, a command or a key by name" "/go";
        Room1 "room_1" CHAT "Go to room 1" "/join";
        Room2 "room_2" CHAT "Go to room 2" "/join";
        Room3 "room_3" CHAT "Go to room 3" "/join";
        Room4 "room_4" CHAT "Go to room 4" "/join";
        Room5 "room_5" CHAT "Go to room 5" "/join";
        Room6 "room_6" CHAT "Go to room 6" "/join";
        Room7 "room_7" CHAT "Go to room 7" "/join";
        Room8 "room_8" CHAT "Go to room 8" "/join";
        Room9 "room_9" CHAT "Go to room 9" "/join";
        Room10 "room_10" CHAT "Go to room 10" "/join";
    }
    Panes {
        Bare "bare" CHAT "Show words alone, to be marked with the mouse; any key ends it" "/bare";
        ToggleRooms "toggle_rooms" CHAT "Show or hide the room list" "/rooms";
        TogglePeople "toggle_people" CHAT "Show or hide the list of people" "/who";
    }
    Scrolling {
        PageUp "page_up" EVERYWHERE "Scroll up a page";
        PageDown "page_down" EVERYWHERE "Scroll down a page";
        HalfPageUp "half_page_up" READING "Scroll up half a page, with nothing written";
        HalfPageDown "half_page_down" READING "Scroll down half a page, with nothing written";
        ScrollUp "scroll_up" EVERYWHERE "Scroll up some lines";
        ScrollDown "scroll_down" EVERYWHERE "Scroll down some lines";
        Top "top" EVERYWHERE "Go to the oldest message";
        Bottom "bottom" EVERYWHERE "Go to the newest message";
        Find "find" FINDING "Look for something that was said here; again for everywhere" "/search";
        Mentions "mentions" READ "Show what mentions you, in all rooms" "/mentions";
        FirstUnread "first_unread" CHAT "Go to the first message that was unread when you came" "/unread";
        PreviousMention "previous_mention" READ "Pick out the message above that mentions you" "/go";
        NextMention "next_mention" READ "Pick out the message below that mentions you" "/go";
    }
    Messages {
        SelectMessage "select_message" CHAT "Pick out a message, to answer, edit, copy it …" "/select";
        EditLast "edit_last" CHAT "Edit the last message you sent" "/edit";
        SelectOlder "select_older" SELECT "The message before";
        SelectNewer "select_newer" SELECT "The message after; after the newest, back to writing";
        SelectOldest "select_oldest" SELECT "The oldest one loaded";
        SelectNewest "select_newest" SELECT "The newest one";
        Menu "menu" SELECT "What can be done with it";
        Reply "reply" SELECT "Answer it";
        Edit "edit" SELECT "Edit it, when it is yours";
        React "react" SELECT "React with an emoji; with the same again, take it back";
        Delete "delete" SELECT "Delete it, when it is yours";
        CopyAddress "copy_address" SELECT "Copy an address that leads to it";
        NextHit "next_hit" SELECT "The next one that was found, which is older";
        PreviousHit "previous_hit" SELECT "The one before that was found";
        Copy "copy" READ_WHOLE "Copy its text";
        Save "save" HELP "Save what is read whole as a file";
        OpenLink "open_link" SELECT "Open a link in it";
        ToOriginal "to_original" SELECT "Go to the message it answers";
        ViewWhole "view_whole" SELECT "Read it whole, with its lines numbered";
        Mark "mark" SELECT "Take it together with others, for copying or deleting";
        Write "write" SELECT "Back to writing";
        Info "info" SELECT "Who said it, when, and who reacted";
    }
    Composing {
        Send "send" DRAFT "Send what is written";
        Newline "newline" CHAT "Begin a new line";
        Complete "complete" CHAT "Complete a name, room or command; again for the next";
        CompletePrevious "complete_previous" COMPLETING "Complete with the one before";
        HistoryPrevious "history_previous" CHAT "What you wrote before";
        HistoryNext "history_next" CHAT "What you wrote after that";
        SearchHistory "search_history" CHAT "Look for something you sent before";
        Editor "editor" CHAT "Write in your own editor" "/editor";
        Unsend "unsend" CHAT "Take back what was just sent, while it waits" "/unsend";
        ClearDraft "clear_draft" DRAFT "Clear what is written; undo brings it back";
    }
    Editing {
        Left "left" FIELD "Left";
        Right "right" FIELD "Right";
        Up "up" CHAT "Up a line; from the first line, what you wrote before";
        Down "down" CHAT "Down a line; from the last line, what you wrote after";
        WordLeft "word_left" FIELD "Left a word";
        WordRight "word_right" FIELD "Right a word";
        LineStart "line_start" FIELD "To the start of the line";
        LineEnd "line_end" FIELD "To the end of the line";
        DeleteBack "delete_back" FIELD "Delete the character before";
        DeleteForward "delete_forward" FIELD "Delete the character under the cursor";
        DeleteWordBack "delete_word_back" FIELD "Cut the word before";
        DeleteWordForward "delete_word_forward" FIELD "Cut the word after";
        KillToStart "kill_to_start" FIELD "Cut to the start of the line";
        KillToEnd "kill_to_end" FIELD "Cut to the end of the line";
        Yank "yank" TYPING "Put back what was cut";
        Undo "undo" CHAT "Undo";
        Redo "redo" CHAT "Redo";
    }
    Delivery {
        Retry "retry" EMPTY "Connect again now; or send again what failed";
        Discard "discard" EMPTY "Throw away the message that failed";
    }
    Dialogs {
        Accept "accept" DIALOG "Take it";
        ListUp "list_up" LISTS "Up one line";
        ListDown "list_down" LISTS "Down one line";
        CloseHelp "close_help" HELP "Close the help";
    }
    Program {
        Cancel "cancel" EVERYWHERE "Close or drop what is open; else go to the newest message";
        Help "help" EVERYWHERE "Show or close the help" "/help";
        Redraw "redraw" EVERYWHERE "Draw the screen anew";
        Suspend "suspend" EVERYWHERE "Suspend; fg brings it back";
        Quit "quit" NO_DRAFT "Quit, when pressed twice" "/quit";
        QuitNow "quit_now" EVERYWHERE "Quit at once" "/quit";
    }
}

impl Action {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name in `keys.toml`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// One line for people.
    pub fn line(self) -> &'static str {
        self.row().line
    }

    /// Where the help puts it.
    pub fn group(self) -> Group {
        self.row().group
    }

    /// Where it applies.
    pub fn places(self) -> &'static [Context] {
        self.row().places
    }

    /// A command that does it too, if there is one.
    pub fn command(self) -> Option<&'static str> {
        Some(self.row().command).filter(|command| !command.is_empty())
    }

    /// Which room it goes to, counted from 0, if it goes to one by number.
    pub fn room_index(self) -> Option<usize> {
        self.name().strip_prefix("room_")?.parse::<usize>().ok()?.checked_sub(1)
    }

    /// Where it applies, in words; nothing where it does everywhere.
    pub fn where_in_words(self) -> &'static str {
        match self.places() {
            [Context::Composer, Context::EmptyComposer] => "chat",
            [Context::Composer] => "draft",
            [Context::EmptyComposer] => "empty draft",
            [Context::Composer, Context::Dialog] | [Context::Composer, Context::EmptyComposer, Context::Dialog] => {
                "typing"
            }
            [Context::Dialog] => "dialogs",
            [Context::Help] => "help",
            [Context::Dialog, Context::Help] => "dialogs, help",
            [Context::Composer, Context::EmptyComposer, Context::Select] => "chat, message picked out",
            [Context::Composer, Context::EmptyComposer, Context::Select, Context::Dialog] => "not in help",
            [Context::Completing] => "completing",
            [Context::Select] => "message picked out",
            [Context::Select, Context::Help] => "message picked out, or read whole",
            [Context::EmptyComposer, Context::Select, Context::Help] => "empty draft, message, help",
            [Context::EmptyComposer, Context::Select, Context::Dialog, Context::Help] => "not in a draft",
            _ => "everywhere",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (i, action) in Action::ALL.iter().enumerate() {
            assert_eq!(*action as usize, i);
            assert_eq!(Action::named(action.name()), Some(*action), "names are not shared");
            assert!(!action.line().ends_with('.') && action.line().len() < 90, "{action}");
            assert!(Group::ALL.contains(&action.group()));
            let camel: String = action.name().split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect();
            assert_eq!(format!("{action:?}"), camel, "the name in keys.toml follows the name in code");
        }
        assert_eq!(Action::Room10.room_index(), Some(9));
        assert_eq!(Action::NextRoom.room_index(), None);
    }
}
