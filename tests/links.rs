//! Every link of the handbook and of the pages beside the program leads to a file, and one with a `#` to a heading there.

use std::fs;
use std::path::{Path, PathBuf};

/// All pages: those at the top, and the handbook.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [root.to_owned(), root.join("docs")] {
        let files = fs::read_dir(&folder).expect("it can be read").map(|item| item.expect("it can be read").path());
        found.extend(files.filter(|file| file.extension().is_some_and(|end| end == "md")));
    }
    assert!(found.len() > 8, "the pages were not found: {found:?}");
    found
}

/// What stands between `](` and `)`, outside of code.
fn links(text: &str) -> Vec<String> {
    let (mut found, mut fenced) = (Vec::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every other part of a line is code.
        let words: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let behind = words.match_indices("](").map(|(at, sign)| &words[at + sign.len()..]);
        found.extend(behind.filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()));
    }
    found
}

/// The anchors of a page, as its headings make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept =
            heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut many = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page is text");
        let folder = page.parent().expect("a page is in a folder");
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            many += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            if !target.exists() {
                wrong.push(format!("{}: {link}: there is no such file", page.display()));
            } else if !anchor.is_empty() {
                let there = fs::read_to_string(&target).unwrap_or_default();
                if !anchors(&there).iter().any(|known| known == anchor) {
                    wrong.push(format!("{}: {link}: there is no such heading", page.display()));
                }
            }
        }
    }
    assert!(many > 20, "the links were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
