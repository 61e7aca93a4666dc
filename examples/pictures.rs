//! Makes the pictures of the README from the demo: `cargo build --release && cargo run --example pictures`. The built
//! binary runs in a pty of its own, is typed at, and its screen becomes SVG, by itself: no browser and no recorder.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Pixels of a cell, and of its letters.
const CELL: (f64, f64) = (8.4, 18.0);
const LETTERS: f64 = 14.0;

/// How long a screen may take to be as it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Seconds of each frame of the moving picture.
const FRAME: f64 = 2.2;

/// A terminal's own colours: behind, before, and its sixteen.
struct Palette {
    ground: u32,
    text: u32,
    own: [u32; 16],
}

const DARK: Palette = Palette {
    ground: 0x16181d,
    text: 0xd8dee9,
    own: [
        0x3b4252, 0xe06c75, 0x98c379, 0xe5c07b, 0x61afef, 0xc678dd, 0x56b6c2, 0xd8dee9, 0x6b7280, 0xff7b86, 0xb5e890,
        0xffd88a, 0x7cc4ff, 0xe090f5, 0x6fd3e0, 0xffffff,
    ],
};

const LIGHT: Palette = Palette {
    ground: 0xfbfbf8,
    text: 0x24292f,
    own: [
        0x24292f, 0xb31d28, 0x22863a, 0x8a6100, 0x0550ae, 0x6f42c1, 0x1b7c83, 0x57606a, 0x6e7781, 0xcf222e, 0x2da44e,
        0x9a6700, 0x218bff, 0x8250df, 0x3192aa, 0x000000,
    ],
};

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = root.join("docs/pictures");
    std::fs::create_dir_all(&out)?;
    let keep = |name: &str, svg: String| std::fs::write(out.join(name), svg).context("the picture is written");

    let demo = Demo::open(root, 104, 28)?;
    demo.until("are you with us today?")?;
    keep("dark.svg", still(&demo.screen(), &DARK))?;
    keep("light.svg", still(&demo.screen(), &LIGHT))?;
    drop(demo);

    let demo = Demo::open(root, 50, 18)?;
    demo.until("are you with us today?")?;
    keep("narrow.svg", still(&demo.screen(), &DARK))?;
    drop(demo);

    // A short story: an answer, a search and the way to what was found, another room.
    let mut demo = Demo::open(root, 84, 22)?;
    let mut frames = Vec::new();
    demo.until("are you with us today?")?;
    frames.push(demo.screen());
    demo.types("on my way, with **cake** :cake:", "on my way")?;
    frames.push(demo.screen());
    demo.types("\r", "with cake")?;
    frames.push(demo.screen());
    demo.types("\x06", "Find in #lobby")?;
    demo.types("parser", "go there")?;
    demo.until("of 2")?;
    frames.push(demo.screen());
    demo.types("\x1b[B\r", "back to what was found")?;
    frames.push(demo.screen());
    demo.types("\x1b", "Find in #lobby")?;
    demo.types("\x1b", "write to #lobby")?;
    demo.types("\x07dev", "Go to")?;
    frames.push(demo.screen());
    demo.types("\r", "write to #dev")?;
    frames.push(demo.screen());
    keep("story.svg", moving(&frames, &DARK))?;
    println!("written to {}", out.display());
    Ok(())
}

/// The demo in a terminal.
struct Demo {
    parser: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    _home: tempfile::TempDir,
}

impl Demo {
    fn open(root: &Path, columns: u16, rows: u16) -> anyhow::Result<Demo> {
        let binary: PathBuf = root.join("target/release/wschat");
        if !binary.exists() {
            bail!("{} is not built: cargo build --release", binary.display());
        }
        let home = tempfile::tempdir()?;
        let config = home.path().join("wschat.toml");
        std::fs::write(&config, "")?;
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(binary);
        command.args(["--demo", "--name", "visitor", "--config"]);
        command.arg(&config);
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        for var in ["NO_COLOR", "COLORTERM", "WSCHAT_CONFIG", "WSCHAT_DATA_DIR"] {
            command.env_remove(var);
        }
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let cells = |many: u16| std::num::NonZero::new(many).context("a terminal has cells");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(rows)?, cells(columns)?, 0)));
        let (mut written, reader) = (pair.master.try_clone_reader()?, parser.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(many @ 1..) = written.read(&mut bytes) {
                reader.lock().expect("no holder panics").process(&bytes[..many]);
            }
        });
        let keys = pair.master.take_writer()?;
        Ok(Demo { parser, keys, child, _master: pair.master, _home: home })
    }

    fn screen(&self) -> vt100::Screen {
        self.parser.lock().expect("no holder panics").screen().clone()
    }

    fn types(&mut self, keys: &str, until: &str) -> anyhow::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()?;
        self.until(until)
    }

    fn until(&self, words: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.screen().contents().contains(words) {
            if Instant::now() > end {
                bail!("waited in vain for {words:?}; the screen is:\n{}", self.screen().contents());
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        // What comes with it is drawn within a frame or two.
        std::thread::park_timeout(Duration::from_millis(300));
        Ok(())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn still(screen: &vt100::Screen, palette: &Palette) -> String {
    let (rows, columns) = screen.size();
    frame_of(columns.get(), rows.get(), palette, &drawn(screen, palette))
}

/// Frames one after the other, each shown for a while, by the picture's own clock.
fn moving(frames: &[vt100::Screen], palette: &Palette) -> String {
    let Some(first) = frames.first() else { return String::new() };
    let (rows, columns) = first.size();
    let whole = FRAME * frames.len() as f64;
    let mut inner = String::new();
    for (at, screen) in frames.iter().enumerate() {
        let (from, to) = (at as f64 / frames.len() as f64, (at + 1) as f64 / frames.len() as f64);
        let values = if at == 0 { "visible;hidden;hidden" } else { "hidden;visible;hidden" };
        let times = if at == 0 { format!("0;{to:.4};1") } else { format!("0;{from:.4};{:.4}", to.min(0.9999)) };
        let _ = write!(
            inner,
            "<g visibility=\"{}\"><animate attributeName=\"visibility\" calcMode=\"discrete\" dur=\"{whole}s\" \
             repeatCount=\"indefinite\" values=\"{values}\" keyTimes=\"{times}\"/>{}</g>",
            if at == 0 { "visible" } else { "hidden" },
            drawn(screen, palette)
        );
    }
    frame_of(columns.get(), rows.get(), palette, &inner)
}

fn frame_of(columns: u16, rows: u16, palette: &Palette, inner: &str) -> String {
    let (wide, tall) = (f64::from(columns) * CELL.0 + 24.0, f64::from(rows) * CELL.1 + 24.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{tall:.0}\" viewBox=\"0 0 {wide:.0} {tall:.0}\">\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#{:06x}\"/><g transform=\"translate(12 12)\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace\" font-size=\"{LETTERS}\">{inner}</g></svg>\n",
        palette.ground
    )
}

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look {
    before: u32,
    behind: Option<u32>,
    bold: bool,
    italic: bool,
    underline: bool,
    dim: bool,
}

fn look(cell: &vt100::Cell, palette: &Palette) -> Look {
    let colour = |colour: vt100::Color| match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(i @ 0..16) => Some(palette.own[usize::from(i)]),
        vt100::Color::Idx(i) => Some(xterm(i)),
        vt100::Color::Rgb(r, g, b) => Some(u32::from_be_bytes([0, r, g, b])),
    };
    let (mut before, mut behind) = (colour(cell.fgcolor()).unwrap_or(palette.text), colour(cell.bgcolor()));
    if cell.inverse() {
        (before, behind) = (behind.unwrap_or(palette.ground), Some(before));
    }
    let (bold, italic, underline, dim) = (cell.bold(), cell.italic(), cell.underline(), cell.dim());
    Look { before, behind, bold, italic, underline, dim }
}

/// xterm's colours beyond its own sixteen.
fn xterm(i: u8) -> u32 {
    const LEVELS: [u32; 6] = [0, 95, 135, 175, 215, 255];
    if i >= 232 {
        let grey = 8 + 10 * (u32::from(i) - 232);
        return grey << 16 | grey << 8 | grey;
    }
    let i = usize::from(i) - 16;
    LEVELS[i / 36] << 16 | LEVELS[i / 6 % 6] << 8 | LEVELS[i % 6]
}

/// The cells of a screen, one text for each run that looks the same.
fn drawn(screen: &vt100::Screen, palette: &Palette) -> String {
    let (rows, columns) = screen.size();
    let mut out = String::new();
    for row in 0..rows.get() {
        let mut column = 0;
        while column < columns.get() {
            let Some(cell) = screen.cell(row, column) else { break };
            let (as_this, start) = (look(cell, palette), column);
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| look(cell, palette) == as_this) {
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            run(&mut out, &text, &as_this, (start, row, column - start));
        }
    }
    out
}

fn run(out: &mut String, text: &str, as_this: &Look, (column, row, many): (u16, u16, u16)) {
    let (x, y) = (f64::from(column) * CELL.0, f64::from(row) * CELL.1);
    let wide = f64::from(many) * CELL.0;
    if let Some(behind) = as_this.behind {
        let _ = write!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"#{behind:06x}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() && !as_this.underline {
        return;
    }
    let mut style = String::new();
    for (is, what) in [
        (as_this.bold, " font-weight=\"bold\""),
        (as_this.italic, " font-style=\"italic\""),
        (as_this.underline, " text-decoration=\"underline\""),
        (as_this.dim, " opacity=\"0.6\""),
    ] {
        style.push_str(if is { what } else { "" });
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" \
         fill=\"#{:06x}\"{style}>{text}</text>",
        y + CELL.1 * 0.75,
        as_this.before
    );
}
