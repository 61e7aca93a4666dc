//! Puts the client for browsers together: its modules become one script and everything loses its comments, so that a
//! browser asks once and gets little. In `assets/web` they are plain modules that a browser could load as they are; of
//! JavaScript this knows three things, how a line imports, exports and comments, and tests see that they stay that plain.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The module at which the client begins; it comes last, and nobody imports it.
pub const MAIN: &str = "main.js";

/// One module, read.
struct Module<'a> {
    name: &'a str,
    needs: BTreeSet<&'a str>,
    gives: Vec<&'a str>,
    body: String,
}

/// All modules as one. Each keeps a scope of its own, and what it exports is handed to those that come after it.
pub fn script<'a>(modules: &[(&'a str, &'a str)]) -> String {
    let mut rest: Vec<Module> = modules.iter().map(|(name, text)| module(name, text)).collect();
    let mut there = BTreeSet::new();
    let mut all = String::new();
    while !rest.is_empty() {
        // Modules that need one another in a ring would come as they are; a test knows that there are none.
        let ready = rest.iter().position(|one| one.needs.is_subset(&there)).unwrap_or(0);
        let one = rest.remove(ready);
        there.insert(one.name);
        let _ = match one.name {
            MAIN => write!(all, "{}", one.body),
            name => {
                writeln!(
                    all,
                    "const {} = (() => {{\n{}return {{ {} }};\n}})();",
                    word(name),
                    one.body,
                    one.gives.join(", ")
                )
            }
        };
    }
    all
}

fn module<'a>(name: &'a str, text: &'a str) -> Module<'a> {
    let mut found = Module { name, needs: BTreeSet::new(), gives: Vec::new(), body: String::new() };
    for line in lines(text) {
        if let Some((names, from)) = import(line) {
            found.needs.insert(from);
            let _ = writeln!(found.body, "const {names} = {};", word(from));
            continue;
        }
        let bare = line.strip_prefix("export ").unwrap_or(line);
        if bare.len() < line.len() {
            found.gives.extend(exported(bare));
        }
        let _ = writeln!(found.body, "{bare}");
    }
    found
}

/// `import { a, b } from './x.js';` as `{ a, b }` and `x.js`.
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from './")?;
    Some((names, from.strip_suffix("';")?))
}

/// The name that `const x = …`, `function x(…`, `async function x(…` or `class x …` makes.
fn exported(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let (_, rest) = line.split_once(' ')?;
    rest.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$')).next()
}

/// What a module is called in the script.
fn word(name: &str) -> String {
    name.replace('.', "_")
}

/// The lines of a script or a style without indentation, empty ones, and comments that have lines of their own.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().map(str::trim).filter(move |line| {
        let comment = inside || line.starts_with("/*");
        if comment {
            inside = !line.ends_with("*/");
        }
        !comment && !line.is_empty() && !line.starts_with("//")
    })
}

/// A style without its comments.
pub fn style(text: &str) -> String {
    lines(text).fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{line}");
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_after_what_they_need_and_hand_on_what_they_export() {
        let modules = [
            (MAIN, "// The beginning.\nimport { Deep } from './b.js';\n\nawait new Deep().go();\n"),
            ("b.js", "import { one, two } from './a.js';\n/** A thing\n * of two lines. */\nexport class Deep {}\n"),
            (
                "a.js",
                "export const one = 1;\n  /* here */\nexport async function two() {\n  return '// no comment';\n}\n",
            ),
        ];
        insta::assert_snapshot!(script(&modules), @"
        const a_js = (() => {
        const one = 1;
        async function two() {
        return '// no comment';
        }
        return { one, two };
        })();
        const b_js = (() => {
        const { one, two } = a_js;
        class Deep {}
        return { Deep };
        })();
        const { Deep } = b_js;
        await new Deep().go();
        ");
    }

    #[test]
    fn modules_in_a_ring_are_put_together_all_the_same() {
        let ring = [("a.js", "import { b } from './b.js';"), ("b.js", "import { a } from './a.js';")];
        assert_eq!(script(&ring).matches("(() => {").count(), 2);
    }
}
