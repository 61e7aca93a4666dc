//! `wschat export`: the whole conversation, page by page, as it reads now.

use serde_json::{Value, json};

use crate::common::bot::Bot;
use crate::shell::Town;

#[test]
fn all_of_it_in_its_present_form_and_every_format() {
    let town = Town::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut ann = Bot::new("ann");
        ann.come_in(&town.at).await;
        for n in 1..=350 {
            ann.say("#lobby", &format!("line {n}")).await;
        }
        ann.until(&town.at, "said", |ann| ann.pending.is_empty()).await;
        ann.vanish();
        let mut changer = host_of(&town, "ann").await;
        for change in [
            json!({"type": "edit", "to": "#lobby", "of": 5, "text": "# five <b>\nand more"}),
            json!({"type": "delete", "to": "#lobby", "of": 6}),
            json!({"type": "react", "to": "#lobby", "of": 7, "emoji": "👍"}),
        ] {
            let id = changer.ask(change).await.expect("sent");
            let told = changer.wait_raw(|told| told["type"] == "entry" || told["id"] == id).await.expect("an answer");
            assert_eq!(told["type"], "entry", "{told}");
        }
    });
    let export = |words: &str| town.run("ben", &format!("export {words}"), &[]).well();
    let all: Vec<Value> = serde_json::from_str(&export("--format json")).expect("one array");
    let seqs: Vec<u64> = all.iter().map(|one| one["seq"].as_u64().expect("a seq")).collect();
    assert_eq!(seqs, (1..=350).filter(|seq| *seq != 6).collect::<Vec<_>>());
    assert_eq!((&all[4]["text"], &all[4]["edited"]), (&json!("# five <b>\nand more"), &json!(true)));
    assert_eq!(all[5]["reactions"][0]["count"], 1);
    let txt = export("--format txt");
    assert_eq!(txt.lines().count(), 350);
    assert!(txt.contains(" ann (edited): # five <b>\n  and more\n") && !txt.contains("line 6\n"), "{txt}");
    let md = export("--format md");
    assert!(md.starts_with("# \\#lobby\n\n## 20"), "{md}");
    assert!(md.contains("· 5* **ann**, edited:\n\n> # five &lt;b>\n> and more\n") && md.contains("\n👍 1\n"), "{md}");

    let of = |words: &str| -> Vec<u64> {
        let part: Vec<Value> = serde_json::from_str(&export(&format!("--format json {words}"))).expect("one array");
        part.iter().map(|one| one["seq"].as_u64().expect("a seq")).collect()
    };
    assert_eq!(of("--from 101 --to 105"), [101, 102, 103, 104, 105]);
    assert_eq!(of("--from 1h").len(), 349);
    assert_eq!(of("--to 2000-01-01"), [0; 0]);
    assert_eq!(of("--from 2999-01-01"), [0; 0]);
    assert_eq!(of("--from yesterday --to today").len(), 349);
    town.run("ben", "send -r ops --create x", &[]).well();
    assert_eq!(export("-r ops --format txt").lines().count(), 1);
    for (words, code, why) in [
        ("export", 2, "--format"),
        ("export --format html", 2, "md"),
        ("export --format md --from soon", 2, "write a time"),
        ("export --format json -r nowhere", 5, "there is no #nowhere"),
    ] {
        assert_eq!(town.run("ben", words, &[]).ill(code, why), "");
    }
}

async fn host_of(town: &Town, name: &str) -> Bot {
    let mut bot = Bot::new(name);
    bot.come_in(&town.at).await;
    bot.log.clear();
    bot
}
