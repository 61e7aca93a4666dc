//! A bot that throws dice for whoever says `!roll 2d6`: `cargo run --example dice_bot HOST[#ROOM] [NAME] [FOLDER]`. Ctrl+C
//! says goodbye.

use wschat::client::bot::{Bot, BotError, News, Options};

/// What the dice show, or why they cannot be thrown. `words` is what follows `!roll`; nothing is one die of six sides.
pub fn roll(words: &str) -> String {
    let words = if words.trim().is_empty() { "1d6" } else { words.trim() };
    let dice = words.split_once('d').and_then(|(many, sides)| {
        let many = if many.is_empty() { 1 } else { many.parse().ok()? };
        Some((many, sides.parse().ok()?))
    });
    let Some((many @ 1..=20, sides @ 2..=1000)) = dice else {
        return "throw 1 to 20 dice of 2 to 1000 sides, as in !roll 2d6".to_owned();
    };
    let thrown: Result<Vec<u32>, _> = (0..many).map(|_| Ok(getrandom::u32()? % sides + 1)).collect();
    match thrown {
        Ok(thrown) if many == 1 => thrown[0].to_string(),
        Ok(thrown) => {
            let each: Vec<String> = thrown.iter().map(u32::to_string).collect();
            format!("{} = {}", each.join(" + "), thrown.iter().sum::<u32>())
        }
        Err::<_, getrandom::Error>(why) => format!("no luck today: {why}"),
    }
}

/// Throws until it is told to stop.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<(), BotError> {
    let mut bot = Bot::new(options)?;
    let mut stop = std::pin::pin!(stop);
    loop {
        let news = tokio::select! {
            news = bot.next() => news?,
            () = &mut stop => {
                bot.bye().await;
                return Ok(());
            }
        };
        match news {
            News::Heard(line) => {
                let words = line.text.as_str().strip_prefix("!roll");
                if let Some(dice) = words.filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
                    bot.answer(&line, &roll(dice));
                }
            }
            News::Unsaid { to, text, why } => eprintln!("not said in {to}: {} ({why})", text.one_line()),
            News::Out(room) => eprintln!("in {room} no more"),
        }
    }
}

#[allow(dead_code, reason = "a test runs it without its command line")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let host = words.next().ok_or("usage: dice_bot HOST[#ROOM] [NAME] [FOLDER]")?;
    let options = Options::new(host.parse()?, words.next().as_deref().unwrap_or("dice").parse()?);
    let options = match words.next() {
        Some(folder) => options.keys(folder.into()),
        None => options,
    };
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    Ok(run(options, stop).await?)
}
