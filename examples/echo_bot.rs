//! A bot that says again what is said to it: `cargo run --example echo_bot HOST[#ROOM] [NAME] [FOLDER]`. With a folder for
//! its keys it owns its name; without, it is a guest.

use wschat::client::bot::{Bot, BotError, News, Options};

/// Answers until it cannot go on.
pub async fn run(options: Options) -> Result<(), BotError> {
    let mut bot = Bot::new(options)?;
    loop {
        match bot.next().await? {
            News::Heard(line) if line.to_me => {
                let name = format!("@{}", bot.name());
                let said = line.text.as_str().trim().trim_start_matches(&name).trim_start_matches([':', ',']).trim();
                let echo = if said.is_empty() { "yes?" } else { said };
                bot.answer(&line, echo);
            }
            News::Heard(_) => {}
            News::Unsaid { to, text, why } => eprintln!("not said in {to}: {} ({why})", text.one_line()),
            News::Out(room) => eprintln!("in {room} no more"),
        }
    }
}

#[allow(dead_code, reason = "a test runs it without its command line")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let host = words.next().ok_or("usage: echo_bot HOST[#ROOM] [NAME] [FOLDER]")?;
    let options = Options::new(host.parse()?, words.next().as_deref().unwrap_or("echo").parse()?);
    let options = match words.next() {
        Some(folder) => options.keys(folder.into()),
        None => options,
    };
    Ok(run(options).await?)
}
