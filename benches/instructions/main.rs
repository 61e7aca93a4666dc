//! Instructions of the ways that everything goes, counted by callgrind: the same on any machine of a kind, so a change of
//! a few per cent is a change. The numbers beside the benches are the baseline; `cargo bench --bench instructions` fails
//! where one is passed by more than 3 %. A change that is worth more writes the new number, and why, in its commit.

#![forbid(unsafe_code)]

mod scenes;

use std::hint::black_box;

use bytes::Bytes;
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scenes::*;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use wschat::hub::{Effect, Hub, Input};
use wschat::protocol::dialect::{Codec, Decoded, Dialect, Translator};
use wschat::protocol::event::Event;
use wschat::protocol::text::Text;
use wschat::server::outgoing::Outgoing;
use wschat::tui::app::App;
use wschat::tui::wrap::wrap;

/// At most 3 % over so many instructions.
fn baseline(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions + instructions * 3 / 100)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

// A frame of `wschat.v1` with a text of 100 bytes.
#[library_benchmark(setup = entry, config = baseline(6_573))]
#[bench::hundred_bytes()]
fn encode((translator, event): (Translator, Event)) -> Option<Bytes> {
    black_box(translator.encode(Dialect::V1, &event, None))
}

// A page of a hundred such entries, which is what a screen asks for when it opens a room or scrolls up.
#[library_benchmark(setup = page, config = baseline(373_220))]
#[bench::of_100()]
fn replay((translator, event): (Translator, Event)) -> Option<Bytes> {
    black_box(translator.encode(Dialect::V1, &event, None))
}

// One frame too many for who does not read: a thousand that waited are dropped, and the goodbye is all that is left.
#[library_benchmark(setup = full, config = baseline(21_118))]
#[bench::of_1024()]
fn overflow((out, frame, far, runtime): (Outgoing, Bytes, TcpStream, Runtime)) -> (Outgoing, TcpStream, Runtime) {
    assert!(!black_box(out.append(frame)), "it was too much");
    (out, far, runtime)
}

// The frame of a client that says 100 bytes. Each field that any command may have is looked for: 8,043 before order,
// invitations and devices brought thirteen.
#[library_benchmark(setup = frame, config = baseline(6_785))]
#[bench::hundred_bytes()]
fn decode((mut codec, frame): (Box<dyn Codec>, String)) -> Vec<Decoded> {
    black_box(codec.decode(&frame))
}

// A line is kept: who hears it? No more to do where more listen. 2,217 before ids that the host makes were hashed cheaply.
#[library_benchmark(setup = hub)]
#[bench::room_of_1(args = (1), config = baseline(1_844))]
#[bench::room_of_200(args = (200), config = baseline(1_844))]
#[bench::room_of_1000(args = (1000), config = baseline(1_844))]
fn publish((mut hub, input): (Hub, Input)) -> (Hub, Vec<Effect>) {
    let effects = hub.handle(NOW, black_box(input));
    (hub, effects)
}

// A text of 100 bytes, as it comes.
#[library_benchmark]
#[bench::plain(config = baseline(580), args = ("The quick brown fox jumps over the lazy dog, and the lazy dog lets it, for it is a warm afternoon again."))]
#[bench::wide(config = baseline(15_388), args = ("漢字と仮名、そして 👩‍👩‍👧‍👦 と e\u{301} も。"))]
fn sanitise(text: &str) -> Text {
    black_box(Text::clean(black_box(text)))
}

// The same, cut into lines of 60 columns.
#[library_benchmark(config = baseline(1_015))]
#[bench::plain(args = ("The quick brown fox jumps over the lazy dog, and the lazy dog lets it, for it is a warm afternoon again."))]
fn wrap_text(text: &str) -> usize {
    wrap(black_box(text), 60).len()
}

// A screen of 120x40 in a room of so many messages, and one key typed.
#[library_benchmark(setup = screen)]
#[bench::of_1000(args = (1000), config = baseline(1_335_000))]
#[bench::of_50000(args = (50_000), config = baseline(1_335_000))]
fn draw((mut terminal, app): (Terminal<TestBackend>, App)) -> (Terminal<TestBackend>, App) {
    let _ = terminal.draw(|frame| wschat::tui::view::draw(frame, &app));
    (terminal, app)
}

library_benchmark_group!(
    name = ways,
    benchmarks = [encode, replay, overflow, decode, publish, sanitise, wrap_text, draw]
);
main!(library_benchmark_groups = ways);
