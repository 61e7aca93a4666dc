//! What the words of code are: comments, strings, numbers, keywords. One small reader goes by a table of languages; it
//! remembers from line to line only what is still open, and knows no grammar.

/// What a stretch of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Token {
    /// Anything else.
    #[default]
    Plain,
    /// What the machine does not read.
    Comment,
    /// A text within the code.
    Text,
    /// A number, or a word that stands for a value.
    Number,
    /// A word of the language.
    Keyword,
    /// A line that was added.
    Added,
    /// A line that was taken out.
    Removed,
}

/// A language, as far as colours need it.
struct Language {
    names: &'static [&'static str],
    /// What begins a comment to the end of the line.
    line: &'static [&'static str],
    /// What begins and ends a longer one.
    block: Option<(&'static str, &'static str)>,
    /// What texts stand in; the first that fits counts.
    texts: &'static [Quote],
    keywords: &'static str,
    values: &'static str,
    /// Whether words mean the same in capitals.
    any_case: bool,
}

/// What a text stands in.
struct Quote {
    sign: &'static str,
    /// Whether it may go on over the end of a line.
    long: bool,
    /// Whether a backslash takes the next sign its meaning.
    escapes: bool,
}

const fn quote(sign: &'static str) -> Quote {
    Quote { sign, long: false, escapes: true }
}

const fn long(sign: &'static str) -> Quote {
    Quote { sign, long: true, escapes: true }
}

const fn raw(sign: &'static str, long: bool) -> Quote {
    Quote { sign, long, escapes: false }
}

const NONE: Language =
    Language { names: &[], line: &[], block: None, texts: &[], keywords: "", values: "", any_case: false };

static LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        line: &["//"],
        block: Some(("/*", "*/")),
        texts: &[long("\""), quote("'")],
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move \
                   mut pub ref return self Self static struct super trait type unsafe use where while yield",
        values: "true false None Some Ok Err",
        ..NONE
    },
    Language {
        names: &["c", "h", "cpp", "c++", "cc", "hpp", "cxx", "cs", "c#"],
        line: &["//"],
        block: Some(("/*", "*/")),
        texts: &[quote("\""), quote("'")],
        keywords: "alignas alignof auto bool break case catch char class const constexpr continue default delete do double \
                   else enum explicit extern float for friend goto if inline int long mutable namespace new noexcept \
                   operator override private protected public register return short signed sizeof static struct switch \
                   template this throw try typedef typename union unsigned using virtual void volatile while \
                   #include #define #if #ifdef #ifndef #else #elif #endif #pragma",
        values: "true false NULL nullptr null",
        ..NONE
    },
    Language {
        names: &["js", "javascript", "jsx", "ts", "typescript", "tsx", "mjs"],
        line: &["//"],
        block: Some(("/*", "*/")),
        texts: &[quote("\""), quote("'"), long("`")],
        keywords: "abstract any as async await break case catch class const continue declare default delete do else enum \
                   export extends finally for from function get if implements import in instanceof interface keyof let \
                   new of private protected public readonly return set static super switch this throw try type typeof \
                   var void while with yield",
        values: "true false null undefined NaN Infinity",
        ..NONE
    },
    Language {
        names: &["python", "py", "python3"],
        line: &["#"],
        texts: &[long("\"\"\""), long("'''"), quote("\""), quote("'")],
        keywords: "and as assert async await break case class continue def del elif else except finally for from global if \
                   import in is lambda match nonlocal not or pass raise return try while with yield",
        values: "True False None self",
        ..NONE
    },
    Language {
        names: &["go", "golang"],
        line: &["//"],
        block: Some(("/*", "*/")),
        texts: &[quote("\""), quote("'"), raw("`", true)],
        keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map \
                   package range return select struct switch type var",
        values: "true false nil iota",
        ..NONE
    },
    Language {
        names: &["java", "kotlin", "kt", "scala", "swift"],
        line: &["//"],
        block: Some(("/*", "*/")),
        texts: &[long("\"\"\""), quote("\""), quote("'")],
        keywords: "abstract assert boolean break byte case catch char class const continue default do double else enum \
                   extends final finally float for fun func if implements import instanceof int interface let long native \
                   new override package private protected public return short static super switch synchronized this throw \
                   throws transient try val var void volatile when while",
        values: "true false null nil",
        ..NONE
    },
    Language {
        names: &["sh", "bash", "zsh", "shell", "console", "fish"],
        line: &["#"],
        texts: &[long("\""), raw("'", true)],
        keywords: "case do done elif else esac exec exit export fi for function if in local read return select set shift \
                   source then trap unset until while",
        values: "true false",
        ..NONE
    },
    Language {
        names: &["sql", "sqlite", "postgres", "mysql"],
        line: &["--"],
        block: Some(("/*", "*/")),
        texts: &[raw("'", true), raw("\"", false)],
        keywords: "add all alter and as asc begin between by case check column commit constraint create cross default delete \
                   desc distinct drop else end exists foreign from full group having if in index inner insert into is join \
                   key left like limit not offset on or order outer primary references returning right rollback select \
                   set table then union unique update using values view when where with",
        values: "true false null",
        any_case: true,
    },
    Language {
        names: &["json", "jsonc", "json5"],
        line: &["//"],
        texts: &[quote("\"")],
        values: "true false null",
        ..NONE
    },
    Language {
        names: &["toml", "yaml", "yml", "ini", "conf"],
        line: &["#", ";"],
        texts: &[long("\"\"\""), raw("'''", true), quote("\""), raw("'", false)],
        values: "true false yes no on off null",
        ..NONE
    },
    Language {
        names: &["html", "xml", "svg", "htm"],
        block: Some(("<!--", "-->")),
        texts: &[raw("\"", true)],
        keywords: "a article aside audio b base body br button canvas code div em footer form h1 h2 h3 h4 h5 h6 head header \
                   hr html i iframe img input label li link main meta nav ol option p pre script section select small \
                   source span strong style svg table tbody td textarea th thead title tr u ul video",
        ..NONE
    },
];

/// Reads code line by line.
pub struct Lexer {
    language: Option<&'static Language>,
    diff: bool,
    open: Open,
}

/// What began on a line before and has not ended.
#[derive(Clone, Copy)]
enum Open {
    Nothing,
    Comment(&'static str),
    Text(&'static Quote),
}

impl Lexer {
    /// For a language by one of its names; of an unknown one nothing is told apart.
    pub fn of(name: &str) -> Lexer {
        let name = name.to_ascii_lowercase();
        let language = LANGUAGES.iter().find(|language| language.names.contains(&name.as_str()));
        Lexer { language, diff: matches!(name.as_str(), "diff" | "patch"), open: Open::Nothing }
    }

    /// Tells the stretches of a line, from left to right; together they are the line.
    pub fn line<'a>(&mut self, line: &'a str, mut tell: impl FnMut(&'a str, Token)) {
        if self.diff {
            return tell(line, of_diff(line));
        }
        let Some(language) = self.language else { return tell(line, Token::Plain) };
        // What is plain is told at once, not word by word.
        let (mut from, mut at) = (0, 0);
        while at < line.len() {
            let (end, token) = self.next(language, line, at);
            if token != Token::Plain {
                tell(&line[from..at], Token::Plain);
                tell(&line[at..end], token);
                from = end;
            }
            at = end;
        }
        tell(&line[from..], Token::Plain);
    }

    /// Where what begins here ends, and what it is.
    fn next(&mut self, language: &'static Language, line: &str, at: usize) -> (usize, Token) {
        let rest = &line[at..];
        match self.open {
            Open::Comment(end) => return (self.until(line, at, end), Token::Comment),
            Open::Text(quote) => return (self.text(line, at, quote), Token::Text),
            Open::Nothing => {}
        }
        let first = rest.chars().next().unwrap_or(' ');
        let before = line[..at].chars().next_back();
        if first.is_alphabetic() || first == '_' || first == '#' && rest[1..].starts_with(|c: char| c.is_alphabetic()) {
            let behind = first.len_utf8();
            let word = &rest[..rest[behind..].find(not_of_word).map_or(rest.len(), |end| end + behind)];
            let token = language.word(word);
            if token != Token::Plain || first != '#' {
                return (at + word.len(), token);
            }
        }
        if first.is_ascii_digit() {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')));
            return (at + end.unwrap_or(rest.len()), Token::Number);
        }
        // In a shell and the like the sign of a comment means something else within a word.
        let apart = before.is_none_or(|c| c.is_whitespace());
        if language.line.iter().any(|sign| rest.starts_with(sign) && (apart || sign.len() > 1)) {
            return (line.len(), Token::Comment);
        }
        if let Some((begin, end)) = language.block.filter(|(begin, _)| rest.starts_with(begin)) {
            self.open = Open::Comment(end);
            return (self.until(line, at + begin.len(), end), Token::Comment);
        }
        if let Some(quote) = language.texts.iter().find(|quote| rest.starts_with(quote.sign)) {
            // A lifetime, or a mark within a word, begins no text.
            let lone = quote.sign == "'" && !closes_soon(rest) && matches!(language.names, ["rust", ..]);
            if !lone {
                self.open = Open::Text(quote);
                return (self.text(line, at + quote.sign.len(), quote), Token::Text);
            }
        }
        (at + first.len_utf8(), Token::Plain)
    }

    fn until(&mut self, line: &str, at: usize, end: &str) -> usize {
        match line[at..].find(end) {
            Some(found) => {
                self.open = Open::Nothing;
                at + found + end.len()
            }
            None => line.len(),
        }
    }

    /// Where a text ends that goes on here.
    fn text(&mut self, line: &str, at: usize, quote: &'static Quote) -> usize {
        let bytes = line.as_bytes();
        let mut at = at;
        while at < bytes.len() {
            if bytes[at..].starts_with(quote.sign.as_bytes()) {
                self.open = Open::Nothing;
                return at + quote.sign.len();
            }
            at += if quote.escapes && bytes[at] == b'\\' { 2 } else { 1 };
        }
        self.open = if quote.long { Open::Text(quote) } else { Open::Nothing };
        line.len()
    }
}

fn not_of_word(c: char) -> bool {
    !(c.is_alphanumeric() || c == '_')
}

/// Whether a `'` begins a character and not a lifetime.
fn closes_soon(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

impl Language {
    fn word(&self, word: &str) -> Token {
        // No word of any language is longer, and none of these lists is.
        if word.len() > 16 {
            return Token::Plain;
        }
        let is = |known: &str| if self.any_case { known.eq_ignore_ascii_case(word) } else { known == word };
        match () {
            () if self.keywords.split_ascii_whitespace().any(is) => Token::Keyword,
            () if self.values.split_ascii_whitespace().any(is) => Token::Number,
            () => Token::Plain,
        }
    }
}

fn of_diff(line: &str) -> Token {
    match line.as_bytes() {
        [b'@', b'@', ..] => Token::Keyword,
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Token::Comment,
        [b'+', ..] => Token::Added,
        [b'-', ..] => Token::Removed,
        [b'd', b'i', b'f', b'f', b' ', ..] | [b'i', b'n', b'd', b'e', b'x', b' ', ..] => Token::Comment,
        _ => Token::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(language: &str, code: &str) -> Vec<(String, Token)> {
        let mut lexer = Lexer::of(language);
        let mut all = Vec::new();
        for line in code.split('\n') {
            let mut back = String::new();
            lexer.line(line, |text, token| {
                back.push_str(text);
                if token != Token::Plain {
                    all.push((text.to_owned(), token));
                }
            });
            assert_eq!(back, line, "the stretches are the line");
        }
        all
    }

    fn all_of(language: &str, code: &str, token: Token) -> Vec<String> {
        told(language, code).into_iter().filter(|(_, of)| *of == token).map(|(text, _)| text).collect()
    }

    #[test]
    fn what_the_words_are() {
        use Token::*;
        for (language, code, token, wanted) in [
            ("rust", "fn f<'a>(x: &'a str) -> char { 'x' } // ok", Keyword, &["fn"][..]),
            ("rust", "fn f<'a>(x: &'a str) -> char { '\\'' } // ok", Text, &["'\\''"]),
            ("rust", "/* a\nb */ 1_000u32", Comment, &["/* a", "b */"]),
            ("rust", "let fnord = 0xff;", Number, &["0xff"]),
            ("RS", "\"a // b\\\" c\" // d", Comment, &["// d"]),
            ("c++", "#include <x>\nint main() { return 0; }", Keyword, &["#include", "int", "return"]),
            ("ts", "const a = `one\ntwo` + 'x'", Text, &["`one", "two`", "'x'"]),
            ("py", "def f():\n  \"\"\"doc\n  more\"\"\" # end", Text, &["\"\"\"doc", "  more\"\"\""]),
            ("py", "x = None # end", Comment, &["# end"]),
            ("go", "func main() { nil }", Keyword, &["func"]),
            ("java", "public class A {}", Keyword, &["public", "class"]),
            ("sh", "echo $# \"a # b\" # c", Comment, &["# c"]),
            ("sql", "SELECT a from b -- c", Keyword, &["SELECT", "from"]),
            ("json", "{\"a\": [1, true]}", Number, &["1", "true"]),
            ("toml", "a = 'b' # c", Text, &["'b'"]),
            ("html", "<!-- a\nb --><div id=\"x\">", Comment, &["<!-- a", "b -->"]),
            ("html", "<div id=\"x\">", Keyword, &["div"]),
            ("diff", "@@ -1 +1 @@\n-a\n+b\n c", Added, &["+b"]),
            ("diff", "--- a\n+++ b\n-a", Removed, &["-a"]),
            ("brainfuck", "fn let 1 \"x\"", Plain, &[]),
        ] {
            assert_eq!(all_of(language, code, token), wanted, "{language}: {code}");
        }
    }

    #[test]
    fn every_name_is_of_one_language() {
        let mut names: Vec<&str> = LANGUAGES.iter().flat_map(|language| language.names).copied().collect();
        let many = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), many);
        let words = LANGUAGES.iter().flat_map(|l| l.keywords.split_ascii_whitespace());
        assert!(words.into_iter().all(|word| word.len() <= 16));
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_told_whole(code in "[a-f'\"`#/*\\\\<!> 0-9é漢\\n-]{0,80}|\\PC{0,60}", n in 0..LANGUAGES.len()) {
            told(LANGUAGES[n].names[0], &code);
        }
    }
}
