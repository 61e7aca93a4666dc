//! The two minds, the wire's two ways of writing and the store in one deterministic run: a virtual clock and a network that
//! delays, cuts and loses, a host that dies between a commit and its answer, clients that die between the outbox and the
//! wire. What must hold in the end is the delivery contract. A seed that fails names itself; `WSCHAT_SEED=17 cargo test
//! --test simulation` runs it alone, with `WSCHAT_TRACE=1` frame by frame. Sockets, disks and real time are for the other tests.

mod check;
mod client;
mod host;
mod run;

/// Runs of a plain `cargo test`, each some thousand events of a minute or two of virtual time. `.ci/run` does 10,000 with
/// what the optimiser makes of it, by `WSCHAT_SEEDS`.
const SEEDS: u64 = 300;

fn number(var: &str) -> Option<u64> {
    std::env::var(var).ok()?.parse().ok()
}

#[test]
fn every_line_once_and_in_order_whatever_breaks() {
    if let Some(seed) = number("WSCHAT_SEED") {
        return run::Run::new(seed).through();
    }
    let seeds = number("WSCHAT_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let mut told = run::Told::default();
    std::thread::scope(|scope| {
        let one = |first: u64| {
            scope.spawn(move || {
                let mut told = run::Told::default();
                for seed in (first..=seeds).step_by(threads as usize) {
                    let done = std::panic::catch_unwind(|| {
                        let mut run = run::Run::new(seed);
                        run.through();
                        run.told
                    });
                    match done {
                        Ok(more) => told.add(&more),
                        Err(why) => {
                            eprintln!("seed {seed} failed; WSCHAT_SEED={seed} cargo test --test simulation");
                            std::panic::resume_unwind(why);
                        }
                    }
                }
                told
            })
        };
        let all: Vec<_> = (1..=threads).map(one).collect();
        for thread in all {
            told.add(&thread.join().expect("every seed holds"));
        }
    });
    println!("{seeds} seeds: {told:?}");
    // A simulation in which nothing breaks shows nothing.
    assert!(told.acked > 0 && (seeds < 100 || told.all_happened()), "{told:?}");
}
