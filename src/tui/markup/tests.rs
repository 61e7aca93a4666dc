//! Rules by example, and what holds for any text.

use super::*;
use crate::tui::glyphs::{ASCII, UNICODE};
use proptest::prelude::*;

fn layout(columns: usize) -> Layout<'static> {
    Layout { columns, lead: "", tail: "", revealed: false, whole: false, ticks: false, glyphs: UNICODE }
}

/// The rows, without how they look.
fn set(text: &str, layout: &Layout<'_>) -> Vec<String> {
    rows(text, layout).iter().map(|row| row.pieces.iter().map(|piece| piece.text.as_str()).collect()).collect()
}

/// A line with its faces spelled: `b{bold}`.
fn faces(text: &str) -> String {
    let mut told = String::new();
    for (n, row) in rows(text, &layout(200)).iter().enumerate() {
        if n > 0 {
            told.push('\n');
        }
        for piece in &row.pieces {
            let mut names = String::new();
            for (flag, name) in [
                (Face::BOLD, 'b'),
                (Face::ITALIC, 'i'),
                (Face::STRIKE, 's'),
                (Face::CODE, 'c'),
                (Face::QUOTE, 'q'),
                (Face::DIM, 'd'),
                (Face::SPOILER, 'h'),
                (Face::LINK, 'l'),
            ] {
                names.extend(piece.face.has(flag).then_some(name));
            }
            match names.is_empty() {
                true => told.push_str(&piece.text),
                false => told.push_str(&format!("{names}{{{}}}", piece.text)),
            }
        }
    }
    told
}

#[test]
fn weight_and_strokes() {
    for (text, wanted) in [
        ("**x** y", "b{x} y"),
        ("a **x y** b", "a b{x y} b"),
        ("__x__ a__x__b", "b{x} a__x__b"),
        ("*x* _y_", "i{x} i{y}"),
        ("foo_bar_baz 2*3*4 2 * 3 * 4", "foo_bar_baz 2*3*4 2 * 3 * 4"),
        ("_foo_bar_", "i{foo_bar}"),
        ("***x***", "bi{x}"),
        ("***x** y*", "bi{x}i{ y}"),
        ("***x* y**", "bi{x}b{ y}"),
        ("**a *b* c**", "b{a }bi{b}b{ c}"),
        ("**a *b**", "b{a }b{*}b{b}"),
        ("*a **b*", "i{a }i{**}i{b}"),
        ("~~gone~~ ~not~", "s{gone} ~not~"),
        ("**~~_x_~~**", "bis{x}"),
        ("**** ** * *** ****", "**** ** * *** ****"),
        ("** x ** a* b*", "** x ** a* b*"),
        ("**open *and _more", "**open *and _more"),
        ("\\*x\\* \\**x*", "*x* *i{x}"),
        ("C:\\dir \\\\host ¯\\_(ツ)_/¯", "C:\\dir \\\\host ¯\\_(ツ)_/¯"),
        ("**one\ntwo**", "b{one}\nb{two}"),
        ("这是*斜体*字", "这是i{斜体}字"),
        (":a_b: :_x: :+1:", ":a_b: :_x: :+1:"),
        ("*.rs and *.toml", "*.rs and *.toml"),
        ("# no heading\n<b>no</b>\n    no code", "# no heading\n<b>no</b>\n    no code"),
        ("---\n===\n- ", "---\n===\n-"),
    ] {
        assert_eq!(faces(text), wanted, "{text}");
    }
}

#[test]
fn code_in_a_line() {
    for (text, wanted) in [
        ("`a` b", "c{a} b"),
        ("`**a**` `` b`c `` ``", "c{**a**} c{b`c} ``"),
        ("`open **b**", "`open b{b}"),
        ("`one\ntwo`", "`one\ntwo`"),
        ("```in a line```", "c{in a line}"),
        ("\\`a`", "`a`"),
        ("`C:\\`", "c{C:\\}"),
        ("**`a`**", "bc{a}"),
    ] {
        assert_eq!(faces(text), wanted, "{text}");
    }
    let ticks = Layout { ticks: true, ..layout(80) };
    assert_eq!(set("`a` ``b``", &ticks), ["`a` ``b``"]);
}

#[test]
fn addresses() {
    let found = |text: &str| -> Vec<String> {
        let listed: Vec<String> = links(text).map(str::to_owned).collect();
        let mut drawn: Vec<String> = Vec::new();
        for piece in rows(text, &layout(300)).iter().flat_map(|row| &row.pieces) {
            if let Some(link) = piece.link.as_deref()
                && drawn.last().is_none_or(|last| last != link)
            {
                drawn.push(link.to_owned());
            }
        }
        if !text.contains('|') {
            assert_eq!(drawn, listed, "what is drawn is what is listed");
        }
        listed
    };
    for (text, wanted) in [
        ("see https://a.example/b.", &["https://a.example/b"][..]),
        ("(https://a.example/b)", &["https://a.example/b"]),
        ("https://a.example/b_(c)), d", &["https://a.example/b_(c)"]),
        ("**https://a.example**", &["https://a.example"]),
        ("_https://a.example_, ~~http://b~~", &["https://a.example", "http://b"]),
        ("<HTTP://A.example>", &["HTTP://A.example"]),
        ("||https://a.example||", &["https://a.example"]),
        ("https://a.example/a_b_c*d*e?x=[1]#y!", &["https://a.example/a_b_c*d*e?x=[1]#y"]),
        ("来て https://例え.jp/道。次", &["https://例え.jp/道"]),
        ("xhttps://a https:// http://) ftp://x javascript:x", &[]),
        ("[docs](https://a.example/x_(y)) b", &["https://a.example/x_(y)"]),
        ("[x](javascript:alert) [y] (http) [](https://a)", &["https://a"]),
    ] {
        assert_eq!(found(text), wanted, "{text}");
    }
    assert_eq!(faces("[docs](https://a.b) c"), "l{docs}d{ (}dl{https://a.b}d{)} c");
    // A label that looks like an address would fool somebody: both stand as they were typed.
    assert_eq!(faces("[https://good.b](https://bad.b)"), "[l{https://good.b}](l{https://bad.b})");
    assert!(found(&format!("https://{}", "a".repeat(URL_BYTES))).is_empty());
    let url = "https://a.example/long/way/to-go";
    let rows = rows(url, &layout(12));
    assert!(rows.len() > 2);
    assert!(rows.iter().flat_map(|row| &row.pieces).all(|piece| piece.link.as_deref() == Some(url)));
}

#[test]
fn spoilers() {
    assert_eq!(faces("||ab|| c"), "dh{░░} c");
    assert_eq!(faces("||漢 **b**|| c"), "dh{░░░}dh{░} c");
    assert_eq!(faces("a || b || c |||| |x| |||y|||"), "a || b || c |||| |x| |||y|||");
    assert_eq!(faces("**a ||b** c||"), "**a dh{░}dh{░░}dh{░░}");
    assert_eq!(faces("||a\nb||"), "dh{░}\ndh{░}");
    assert_eq!(faces("||https://a.example|| b"), format!("dh{{{}}} b", "░".repeat(17)));
    let shown = rows("||**a** https://b.c||", &Layout { revealed: true, ..layout(80) });
    assert!(shown[0].pieces.iter().all(|piece| piece.face.has(Face::SPOILER)));
    assert_eq!(set("||a b||", &Layout { revealed: true, ..layout(80) }), ["a b"]);
    assert_eq!(set("||ab||", &Layout { glyphs: ASCII, ..layout(80) }), ["##"]);
}

#[test]
fn quotes_and_lists() {
    assert_eq!(faces("> a **b**\n> c\nd"), "│ q{a }bq{b}\n│ q{c}\nd");
    assert_eq!(set("> > a\n>\n>_> >b", &layout(40)), ["│ │ a", "│", ">_> >b"]);
    assert_eq!(
        set("- one two three\n* b\n 12. c\n-d 5-6", &layout(11)),
        ["• one two", "  three", "• b", " 12. c", "-d 5-6"]
    );
    assert_eq!(set("> - quoted item", &layout(12)), ["│ • quoted", "│   item"]);
    assert_eq!(set("\\- a\n\\> b", &layout(40)), ["- a", "> b"]);
    assert_eq!(set("- a", &Layout { glyphs: ASCII, ..layout(40) }), ["- a"]);
    assert_eq!(set("> a", &Layout { glyphs: ASCII, ..layout(40) }), ["| a"]);
    assert_eq!(set("123456789. a", &layout(8)), ["12345678", "9. a"]);
}

#[test]
fn blocks_of_code() {
    assert_eq!(
        set("```rust\nfn main() {\n    x();\n}\n```", &layout(80)),
        ["rust ┃ fn main() {", "     ┃     x();", "     ┃ }"]
    );
    assert_eq!(set("a\n```\n**b**\n\tc``` \nd", &layout(80)), ["a", "┃ **b**", "┃     c", "d"]);
    assert_eq!(set("```\nnever ends", &layout(80)), ["┃ never ends"]);
    assert_eq!(set("```let x = 1;\ny```", &layout(80)), ["┃ let x = 1;", "┃ y"]);
    assert_eq!(set("```\nabcdefgh 漢字\n```", &layout(8)), ["┃ abcdef", "┃ gh 漢", "┃ 字"]);
    assert_eq!(set("```javascript\nx\n```", &layout(20)), ["javascript", "┃ x"]);
    assert_eq!(set("```rust\n```", &layout(40)), ["rust ┃"]);
    assert_eq!(set("````\n```\n````", &layout(40)), ["┃ ```"]);
    assert_eq!(set("```rs\n1", &Layout { glyphs: ASCII, ..layout(40) }), ["rs | 1"]);
    let row = &rows("```rust\nlet x = 1; // y", &layout(40))[0];
    let told: Vec<_> = row.pieces.iter().map(|piece| (piece.text.as_str(), piece.face.token)).collect();
    assert_eq!(told[2..4], [("let", Token::Keyword), (" x = ", Token::Plain)]);
}

#[test]
fn what_is_long_folds() {
    let code = format!("so:\n```\n{}```", "x\n".repeat(46));
    let shown = set(&code, &layout(40));
    assert_eq!((shown.len(), shown[13].as_str()), (14, "… 34 more lines"));
    assert_eq!(set(&code, &Layout { whole: true, ..layout(40) }).len(), 47);
    assert_eq!(set(&format!("```\n{}```", "x\n".repeat(16)), &layout(40)).len(), 16);
    let paste = vec!["line"; 33].join("\n");
    assert!(!is_plain(&paste));
    assert_eq!(set(&paste, &layout(40))[24], "… 9 more lines");
    assert_eq!(set(&vec!["line"; 32].join("\n"), &layout(40)).len(), 32);
    assert_eq!(set(&format!("{}{code}", "y\n".repeat(20)), &layout(40))[24], "… 43 more lines");
}

#[test]
fn what_stands_around_the_text() {
    let news = Layout { lead: "* ann ", tail: " (edited)", ..layout(40) };
    assert_eq!(set("**waves** at _you_", &news), ["* ann waves at you (edited)"]);
    assert_eq!(set("```\nx", &news), ["* ann", "┃ x", "(edited)"]);
    assert_eq!(set("- x", &news), ["* ann", "• x (edited)"]);
    assert_eq!(set("", &news), ["* ann  (edited)"]);
    assert_eq!(set("", &layout(40)), [""]);
}

#[test]
fn plain_is_what_has_no_sign() {
    for plain in ["hello, world: 3 - 2 (no)", "漢字 👩‍👩‍👧\nsecond", "3 4", "-5", "a-b > c"] {
        assert!(is_plain(plain), "{plain}");
    }
    for marked in ["a *b", "a\n- b", " > b", "1. x", "see http://x", "`x", "a|b", "[x", "\\"] {
        assert!(!is_plain(marked), "{marked}");
    }
}

#[test]
fn hostile_repeats_end() {
    for (part, many) in [
        ("*", 8192),
        ("**a ", 2048),
        ("*a", 4096),
        ("a* ", 2730),
        ("*a **b ", 1170),
        ("[", 8192),
        ("[a](", 2048),
        ("[a](http://", 744),
        ("[a](http://b ", 630),
        ("`", 8192),
        ("`a``b", 1638),
        ("` `` ``` ", 910),
        ("> ", 4096),
        (">", 8192),
        ("||", 4096),
        ("||a", 2730),
        ("a||", 2730),
        ("_", 8192),
        ("_a _", 2048),
        ("~~a", 2730),
        ("\\", 8192),
        ("\\ ", 4096),
        ("http://", 1170),
        ("http://a(", 910),
        ("http://a)", 910),
        ("- ", 4096),
        ("1", 8192),
        ("```\n", 2048),
        ("\n", 8192),
        ("*\n", 4096),
        (" ", 8192),
        ("****a ****", 819),
        ("***a **b *c ", 682),
    ] {
        let text = part.repeat(many);
        for columns in [4, 40, 200] {
            held(&text, columns);
        }
    }
}

/// What of a text has to be seen: everything but signs, blanks, and what a row of code says of itself.
fn told(text: &str) -> String {
    let sign = |c: char| c.is_whitespace() || "*_~`|[]()\\>-+•│┃░…".contains(c) || c.is_control();
    text.chars().filter(|c| !sign(*c)).collect()
}

/// Checks what holds for any text.
fn held(text: &str, columns: usize) {
    let layout = Layout { columns, revealed: true, whole: true, ..layout(columns) };
    let all = rows(text, &layout);
    assert!(!all.is_empty());
    let mut shown = String::new();
    for row in &all {
        let line: String = row.pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert!(width(&line) <= columns, "{line:?} in {columns}");
        shown.push_str(&line);
    }
    assert_eq!(told(&shown), told(text), "of {text:?}");
    for (folded, revealed) in [(true, false), (false, false), (true, true)] {
        for row in rows(text, &Layout { whole: !folded, revealed, ..layout }) {
            let wide: usize = row.pieces.iter().map(|piece| width(&piece.text)).sum();
            assert!(wide <= columns, "{row:?} in {columns}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn nothing_typed_vanishes(
        text in "([*_~|`\\[\\]()>\\\\ \\n-]|[a-c1-2]|\\*\\*|\\|\\||```|https://|漢|👩‍👧|e\u{301}|\u{200d}|1\\. ){0,60}",
        columns in 4_usize..60,
    ) {
        held(&text, columns);
    }

    #[test]
    fn any_text_is_set(text in "\\PC{0,120}", columns in 4_usize..60) {
        // What holds of texts holds of cleaned ones: that is all there are.
        held(crate::protocol::text::Text::clean(&text).as_str(), columns);
    }

    #[test]
    fn what_is_hidden_leaks_no_letter(
        before in "[*_~`|\\[ a-c]{0,12}",
        secret in "[X-Z]([*_~\\[\\] X-Z]|\n- |\n> |\n```|\n|https://X){0,20}[X-Z]",
        behind in "[*_~|\\[ a-c]{0,12}",
        columns in 4_usize..60,
    ) {
        // Where the bars are the first of their text, and no code has them in it, nothing beside them can open them.
        let text = format!("{} ||{secret}|| {behind}", before.replace(['`', '|', '['], ""));
        let shown = set(&text, &layout(columns)).concat();
        prop_assert!(!shown.contains(['X', 'Y', 'Z']), "{shown:?} of {text:?}");
    }

    #[test]
    fn plain_text_is_set_as_it_is_wrapped(text in "[a-z ,.:漢\\n-]{0,80}", columns in 4_usize..40) {
        prop_assume!(is_plain(&text));
        let wrapped: Vec<String> = text
            .split('\n')
            .flat_map(|line| wrap(line, columns).into_iter().map(|range| line[range].trim_end().to_owned()).collect::<Vec<_>>())
            .collect();
        prop_assert_eq!(set(&text, &layout(columns)), wrapped);
    }
}
