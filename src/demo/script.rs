//! What the people of the demo have said, and will say: a table. How it comes to be said is `demo`'s.

/// Something somebody does.
pub enum Turn {
    /// Says this.
    Say(&'static str),
    /// Answers the entry of this number with this.
    Reply(u64, &'static str),
    /// Reacts to the entry of this number.
    React(u64, &'static str),
}

/// Something that was done before one came.
pub struct Line {
    /// Minutes after the beginning: before it, that is, less than 0.
    pub minutes: i64,
    /// Who.
    pub who: &'static str,
    /// Where: a room, or `@you`.
    pub to: &'static str,
    /// What.
    pub turn: Turn,
    /// Whether it is still to be read.
    pub unread: bool,
}

/// Everybody but the person who looks on.
pub const PEOPLE: [&str; 4] = ["ben", "cy", "dee", "eli"];

/// The last byte of each one's id, by which their colours differ.
pub const COLOURS: [u8; 4] = [0, 11, 17, 10];

/// Who answers the person who looks on.
pub const ANSWERS: &str = "ben";

/// What that one answers, one after the other.
pub const TO_YOU: [&str; 6] = [
    "ha, exactly :-)",
    "good point. Press Shift+Tab, then `r`, and you answer me like this",
    "sure! By the way: `Ctrl+G` goes anywhere in here, by a few letters",
    "I would, but I am only a demo",
    "…and with `s/old/new/` you mend what you said last",
    "host your own: `wschat --host`, then tell a friend the address",
];

/// Rooms and their topics. The first entry of each is its topic.
pub const ROOMS: [(&str, &str); 4] = [
    ("lobby", "Friday demo at 15:00, bring your own bugs"),
    ("dev", "the parser moves out"),
    ("ops", "all green since Tuesday"),
    ("coffee", "beans, mostly"),
];

const fn line(minutes: i64, who: &'static str, to: &'static str, turn: Turn) -> Line {
    Line { minutes, who, to, turn, unread: false }
}

const fn new(minutes: i64, who: &'static str, to: &'static str, turn: Turn) -> Line {
    Line { minutes, who, to, turn, unread: true }
}

use Turn::{React, Reply, Say};

/// What was said before, in order. Numbers count within a room, its topic being 1.
pub const SAID: &[Line] = &[
    line(-74, "cy", "#lobby", Say("good morning from 東京, it is *late* here")),
    line(-73, "dee", "#lobby", Say("morning! the build is green again")),
    line(-73, "dee", "#lobby", Say("I moved the parser into its own room")),
    line(-70, "ben", "#lobby", Reply(3, "nice, was it the lock file?")),
    line(-69, "dee", "#lobby", Say("half of it. The other half was me")),
    line(-69, "eli", "#lobby", React(6, "🎉")),
    line(-68, "cy", "#lobby", React(6, "🎉")),
    line(
        -40,
        "eli",
        "#lobby",
        Say("notes of Tuesday are at https://notes.example/2026/11/17/what-we-said-about-the-parser-and-why"),
    ),
    line(-38, "ben", "#lobby", Say("> bring your own bugs\nI have **three**, and one of them is ||in the release||")),
    line(-9, "cy", "#lobby", Say("who shows first today?")),
    line(-8, "dee", "#lobby", Say("- ben: resume after a cut\n- eli: one link over two lines\n- me: whatever is left")),
    line(
        -50,
        "dee",
        "#dev",
        Say("the parser takes a `&str` now and gives back *everything* that was wrong, not only the first thing"),
    ),
    line(
        -49,
        "dee",
        "#dev",
        Say(
            "```rust\nfn read(text: &str) -> Result<Line, Vec<Problem>> {\n    let mut problems = Vec::new();\n    // one line at a time: the rest of the file still counts\n    lines(text).for_each(|line| line.check(&mut problems));\n    Line::of(text, problems)\n}\n```",
        ),
    ),
    line(-47, "eli", "#dev", Reply(3, "reads well. Does it allocate when nothing is wrong?")),
    line(-46, "dee", "#dev", Say("no: an empty `Vec` is free")),
    line(-46, "ben", "#dev", React(5, "👍")),
    new(-12, "ben", "#dev", Say("found one: a tab in front of a key is no blank")),
    new(-11, "dee", "#dev", Say("on it")),
    new(-4, "dee", "#dev", Say("mended, with a test that failed before")),
    line(-90, "eli", "#ops", Say("disk of the old host is at 71 %, all else is quiet")),
    line(-20, "eli", "#ops", Say("certificates are new until February")),
    new(
        -6,
        "eli",
        "#ops",
        Say("@you can you look at the backup when you have a minute? It says `ok` and I do not believe it"),
    ),
    line(-200, "cy", "#coffee", Say("the new beans are in. Ethiopia, and they smell of *tea*")),
    line(-195, "ben", "#coffee", Say("kettle is on")),
    line(-194, "cy", "#coffee", React(3, "☕")),
    line(-30, "dee", "@you", Say("do you have the slides for 15:00?")),
    new(-3, "dee", "@you", Say("never mind, found them 👍")),
];

/// What is said while one looks on: seconds after the one before, who, where, what.
pub const COMING: &[(u64, &str, &str, Turn)] = &[
    (4, "cy", "#lobby", Say("@you are you with us today?")),
    (5, "ben", "#lobby", Say("coffee first, there are **new beans**")),
    (6, "eli", "#dev", Say("the test runs in 0.2 s here, thank you")),
    (6, "dee", "#lobby", Say("I will bring cake 🍰")),
    (2, "cy", "#lobby", React(15, "🎉")),
    (7, "eli", "#lobby", Say("a link over two lines is one link to click on now, also in 東京")),
    (
        8,
        "ben",
        "#dev",
        Say("```sh\n$ wschat --host --ephemeral\n```\nfor the demo: nothing is kept, nothing is spilled"),
    ),
    (9, "cy", "#coffee", Say("second pot is ready")),
    (10, "dee", "#lobby", Say("five minutes!")),
    (12, "eli", "#ops", Say("backup restored into a fresh folder, byte by byte the same. It *was* ok")),
    (15, "ben", "#lobby", Say("see you in the big room")),
];
