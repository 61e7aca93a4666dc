//! Arguments → mode → run. The one place that chooses between host and client, prints an error and ends the process.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use wschat::admin;
use wschat::cli::{Cli, HostAddr, Mode, Terminal};
use wschat::client::address::{Address, PORT};
use wschat::config::{Config, LogLevel};
use wschat::configure;
use wschat::demo::{self, Demo};
use wschat::doctor;
use wschat::handout;
use wschat::hosting::{self, House, Reach, place};
use wschat::keys;
use wschat::logging;
use wschat::paths::{self, Paths};
use wschat::pipe::{self, Exit, Failure};
use wschat::protocol::invite;
use wschat::protocol::secret::Token;
use wschat::server;
use wschat::server::entrance::Entrance;
use wschat::server::tls::Tls;
use wschat::tui;
use wschat::tui::start::Goal;

fn main() -> ExitCode {
    let cli = Cli::read();
    let mode = match cli.mode(&Terminal::here()) {
        Ok(mode) => mode,
        Err(usage) => usage.exit(),
    };
    // What goes wrong before a command for the shell has begun must not look like its answer.
    let failed = if matches!(mode, Mode::Pipe(_)) { Exit::Here.code() } else { 1 };
    match run(&cli, mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(Failure { exit, words }) = error.downcast_ref() {
                if !words.is_empty() {
                    let _ = writeln!(std::io::stderr(), "error: {}", logging::visible(words));
                }
                return ExitCode::from(exit.code());
            }
            if error.is::<Told>() {
                return ExitCode::FAILURE;
            }
            let causes: Vec<String> =
                error.chain().map(|cause| logging::visible(&cause.to_string()).into_owned()).collect();
            // A closed stderr is no reason to end otherwise.
            let _ = writeln!(std::io::stderr(), "error: {}", causes.join(": "));
            ExitCode::from(failed)
        }
    }
}

/// Something does not work, and was told on stdout already.
#[derive(Debug, thiserror::Error)]
#[error("something does not work")]
struct Told;

fn run(cli: &Cli, mode: Mode) -> anyhow::Result<()> {
    let paths = Paths::new(cli.data_dir.as_deref(), cli.config.as_deref())?;
    let (config, problems) = Config::load(paths.config_file());
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    match mode {
        Mode::Host { addr, headless: true } => {
            logging::to_stderr(cli.log_level(config.log.level));
            for problem in &problems {
                tracing::warn!("{problem}");
            }
            headless(cli, &config, &paths, addr)
        }
        Mode::Host { addr, headless: false } => {
            log_to_file(cli, &config, &paths, &problems)?;
            host(cli, config, paths, addr, problems)
        }
        Mode::Demo => demo(cli, config, problems),
        Mode::ExportKeys(file) => keys::export(&paths, &file),
        Mode::ImportKeys(file) => keys::import(&paths, &file),
        Mode::Admin(asked) => {
            logging::to_stderr(cli.log_level(LogLevel::Warn));
            admin::run(&asked, &config, &paths)
        }
        Mode::Config(asked) => configure::run(&asked, cli, config, &paths),
        Mode::Completions(asked) => handout::completions(asked.shell),
        Mode::Man(asked) => handout::man(&asked.dir),
        Mode::Pipe(asked) => {
            logging::to_stderr(cli.log_level(LogLevel::Warn));
            for problem in &problems {
                tracing::warn!("{problem}");
            }
            Ok(runtime()?.block_on(pipe::run(&asked, &config, &paths))?)
        }
        Mode::Doctor(asked) => match runtime()?.block_on(doctor::run(&asked, &config, &paths)) {
            true => Ok(()),
            false => Err(Told.into()),
        },
        Mode::Ask => {
            log_to_file(cli, &config, &paths, &problems)?;
            ask(cli, config, paths, problems)
        }
        Mode::Join(address) => {
            log_to_file(cli, &config, &paths, &problems)?;
            join(cli, config, paths, address, problems)
        }
    }
}

/// Joins the host of this machine, if there is one; else the person says where to.
fn ask(cli: &Cli, config: Config, paths: Paths, problems: Vec<String>) -> anyhow::Result<()> {
    let terminal = Terminal::here();
    let plain = cli.is_plain(&terminal);
    // What is piped in is meant for a chat, and answers no questions.
    let asks = !plain || std::io::stdin().is_terminal();
    let goal = match asks && !hosted_here() {
        true => {
            tui::terminal::end_on_panic();
            runtime()?.block_on(async { tui::start::run(config.clone(), &paths, plain).await })?
        }
        false => Goal::Join(Address::local()),
    };
    match goal {
        Goal::Quit => Ok(()),
        Goal::Join(address) => join(cli, config, paths, address, problems),
        Goal::Host => host(cli, config, paths, HostAddr::Loopback { port: PORT }, problems),
        Goal::HostLan => {
            let mut cli = cli.clone();
            cli.lan = true;
            host(&cli, config, paths, HostAddr::Everywhere { port: PORT }, problems)
        }
    }
}

/// Whether somebody listens where a host of this machine would.
fn hosted_here() -> bool {
    const WITHIN: Duration = Duration::from_millis(500);
    let places = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
    places.iter().any(|ip| TcpStream::connect_timeout(&SocketAddr::new(*ip, PORT), WITHIN).is_ok())
}

fn join(cli: &Cli, config: Config, paths: Paths, address: Address, problems: Vec<String>) -> anyhow::Result<()> {
    let mut options = screen(cli, config, paths, &address, None, problems);
    if let Some(room) = address.room.filter(|room| !options.rooms.contains(room)) {
        options.rooms.push(room);
    }
    tui::terminal::end_on_panic();
    runtime()?.block_on(async { tokio::spawn(tui::run(options, std::future::pending())).await? })
}

/// While the screen is owned nothing else may write on it.
fn log_to_file(cli: &Cli, config: &Config, paths: &Paths, problems: &[String]) -> anyhow::Result<()> {
    paths::make_dir(paths.state_dir())?;
    logging::to_file(&paths.log_file(), cli.log_level(config.log.level))?;
    for problem in problems {
        tracing::warn!("{problem}");
    }
    Ok(())
}

fn screen(
    cli: &Cli,
    config: Config,
    paths: Paths,
    to: &Address,
    hosting: Option<tui::Hosting>,
    problems: Vec<String>,
) -> tui::Options {
    tui::Options {
        address: to.clone(),
        name: cli.name.clone(),
        rooms: cli.rooms(),
        config,
        paths,
        invite: to.invite.clone(),
        hosting,
        problems,
        plain: cli.is_plain(&Terminal::here()),
        ahead: 0,
    }
}

/// Plays a host with people on it, and chats there as one of them.
fn demo(cli: &Cli, config: Config, problems: Vec<String>) -> anyhow::Result<()> {
    let name = cli.name.clone().map_or_else(demo::your_name, Ok)?;
    let (stage, _folder) = Demo::set(name.clone())?;
    let paths = Paths::new(Some(stage.dir()), cli.config.as_deref())?;
    log_to_file(cli, &config, &paths, &problems)?;
    // What limits a host is not to stand in the way of who wants to see one; all else is as the settings say.
    let config = Config { server: Config::builtin().server, ..config };
    let (cast, ahead) = (stage.cast(), stage.ahead);
    let house = House {
        store: Box::new(stage.store),
        ephemeral: false,
        echo: false,
        ahead,
        owner_ticket: None,
        site: None,
        announce: false,
        entrance: Entrance::default(),
        folder: None,
        lock: None,
    };
    let options = |to: &Address, _| tui::Options {
        name: Some(name.clone()),
        ahead,
        ..screen(cli, config.clone(), paths.clone(), to, None, problems.clone())
    };
    serve_and_chat(house, &config, HostAddr::Loopback { port: 0 }, |authority| cast.play(authority), options)
}

/// Serves on a thread of its own, and chats as an ordinary client of that.
fn host(cli: &Cli, config: Config, paths: Paths, addr: HostAddr, problems: Vec<String>) -> anyhow::Result<()> {
    // Whoever hosts with a screen for the first time owns the host: the ticket never leaves this process but for its own port.
    let ticket = random_token()?;
    let config = hosting::settings(cli, config);
    let house = House { owner_ticket: Some(ticket.clone()), ..House::open(cli, &config, &paths, addr)? };
    let options = |to: &Address, reach: Reach| {
        let invites = cli.lan && !cli.open;
        let hosting = tui::Hosting { who: reach.who.clone(), lines: reach.lines(), invites };
        let screen = screen(cli, config.clone(), paths.clone(), to, Some(hosting), problems.clone());
        tui::Options { invite: Some(ticket.clone()), ..screen }
    };
    serve_and_chat(house, &config, addr, |_| {}, options)
}

/// The host's thread and the screen's. `on_listening` is told `host:port` on the host's runtime, once there is one.
fn serve_and_chat(
    house: House,
    config: &Config,
    addr: HostAddr,
    on_listening: impl FnOnce(String) + Send + 'static,
    options: impl Fn(&Address, Reach) -> tui::Options,
) -> anyhow::Result<()> {
    tui::terminal::end_on_panic();
    let (bound, listening) = std::sync::mpsc::sync_channel(1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (ended, over) = tokio::sync::oneshot::channel::<()>();
    let settings = config.clone();
    let server = std::thread::Builder::new().name("host".into()).spawn(move || {
        // Dropped when this thread ends, however it does: the screen is told.
        let _ended = ended;
        let served = runtime()?.block_on(async {
            let listeners = server::bind(place(addr))?;
            on_listening(Address::from(listeners.first).authority);
            // The screen waits for it; when it is gone there is nothing to serve for.
            let reach = Reach::of(listeners.first, &settings.server.names, &house.entrance);
            tracing::info!("listening on {}: {}", reach.url, reach.who);
            let house = House { site: reach.page.clone(), ..house };
            let _ = bound.send((listeners.first, reach));
            let stopped = async { _ = stopped.await };
            house.serve(&settings, listeners, stopped).await
        });
        if let Err(error) = &served {
            tracing::error!("the host ends: {error:#}");
        }
        served
    });
    let server = server.context("the host's thread does not start")?;
    let chatted = match listening.recv() {
        Ok((first, reach)) => {
            let options = options(&Address::from(first), reach);
            runtime()?.block_on(async { tokio::spawn(tui::run(options, async { _ = over.await })).await? })
        }
        // The server's own error says why.
        Err(_) => Ok(()),
    };
    drop(stop);
    let served = server.join().map_err(|_| anyhow!("the host's thread panicked"))?;
    served.and(chatted)
}

/// Serves only: one line on stdout once it accepts, the log on stderr.
fn headless(cli: &Cli, config: &Config, paths: &Paths, addr: HostAddr) -> anyhow::Result<()> {
    let config = &hosting::settings(cli, config.clone());
    let mut house = House::open(cli, config, paths, addr)?;
    runtime()?.block_on(async {
        let shutdown = stop_signal()?;
        let listeners = server::bind(place(addr))?;
        let reach = Reach::of(listeners.first, &config.server.names, &house.entrance);
        let mut out = std::io::stdout();
        // Whoever started us may not read on; that is no reason to stop.
        let _ = writeln!(out, "listening on {}", reach.url).and_then(|()| out.flush());
        tracing::info!("{}", reach.who);
        if let (Some(page), false) = (&reach.page, house.is_owned()?) {
            // Nobody could invite anybody: whoever comes by this link first owns the host, and it opens nothing after that.
            let ticket = random_token()?;
            let print = reach.fingerprint.filter(|_| house.entrance.tls.as_ref().is_some_and(Tls::is_own));
            let link = invite::link(page, None, &ticket, print);
            let _ = writeln!(out, "nobody owns this host yet; to come in as its owner: wschat '{link}'");
            house.owner_ticket = Some(ticket);
        }
        if let Some(print) = reach.fingerprint {
            tracing::info!("fingerprint of the certificate: {}", print.spoken());
        }
        if let Some(tls) = house.entrance.tls.clone() {
            tokio::spawn(reload_on_hangup(tls));
        }
        let house = House { site: reach.page, ..house };
        house.serve(config, listeners, shutdown).await
    })
}

/// 128 bits that nobody can guess.
fn random_token() -> anyhow::Result<Token> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow!("no random numbers: {e}"))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Token::parse(&text).context("32 digits are a token")
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime does not start")
}

/// Ends when this process is told to.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut quit = signal(SignalKind::quit())?;
    Ok(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, _ = quit.recv() => {} }
    })
}

/// A certificate is renewed by somebody else, who then says so by SIGHUP.
async fn reload_on_hangup(tls: Tls) {
    let Ok(mut hangup) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match tls.reload() {
            Ok(print) => tracing::info!("the certificate was read again; its fingerprint is {}", print.spoken()),
            Err(error) => tracing::error!("the certificate stays as it was: {error}"),
        }
    }
}
