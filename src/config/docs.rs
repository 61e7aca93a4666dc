//! docs/configuration.md, made from `config/wschat.toml` and the table of settings. A test holds page and table together;
//! with `WSCHAT_BLESS=1` it writes the page anew.

use std::fmt::Write;

use crate::config::BUILTIN;
use crate::config::schema::entries;
use crate::config::settings::{sections, setting};

/// Compares a page with what it should be, or writes it when asked to.
pub fn hold(page: &str, made: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("WSCHAT_BLESS").is_some() {
        std::fs::write(&path, made).expect("the page can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "{page} is out of date: run the tests once with WSCHAT_BLESS=1");
}

const HEAD: &str = "\
<!-- Made from config/wschat.toml by a test: change it there, then run the tests with WSCHAT_BLESS=1. -->
# Configuration

Every setting, its default, and why it is so. To change one, write its section and its key into your own `wschat.toml`;
what you leave out stays as it is here. `wschat --help` says where the file is looked for; `--config FILE` or
`WSCHAT_CONFIG` names another. Errors are listed with file, line and the nearest key, and every other key counts.

Times are written `\"250ms\"`, `\"5s\"`, `\"10m\"`, `\"2h\"`, `\"30d\"`; sizes as a number of bytes or `\"64 KiB\"`, `\"1 MiB\"`, `\"2 GiB\"`.
Where 0 is listed as a value, the sentence says what it does.

Keys stand in `keys.toml` beside it ([keys.md](keys.md)), themes in `themes/NAME.toml`.
";

#[test]
fn the_page_is_up_to_date() {
    let mut page = HEAD.to_owned();
    let entries = entries(BUILTIN);
    for section in sections() {
        let _ =
            write!(page, "\n## [{section}]\n\n| key | default | takes | what and why |\n| --- | --- | --- | --- |\n");
        for (name, comment, value) in entries.iter().filter(|(name, ..)| name.split('.').next() == Some(section)) {
            let setting = setting(name).expect("another test holds file and table together");
            let _ = writeln!(page, "| `{}` | `{value}` | {} | {comment} |", setting.key, setting.takes());
        }
    }
    hold("docs/configuration.md", &page);
}
