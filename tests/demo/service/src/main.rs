//! The small service that demos and end-to-end tests deploy. It misbehaves on request: `knobs.rs` lists how.
//!
//! `demo-service` serves until SIGTERM or SIGINT, then finishes the requests it has and exits 0;
//! `demo-service healthcheck` asks the one that runs beside it, for an image's HEALTHCHECK.

mod http;
mod knobs;
mod long;
mod routes;
mod server;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, io, thread};

use knobs::Knobs;
use routes::Service;

fn main() -> ExitCode {
    let knobs = match Knobs::read(|name| env::var(name).ok()) {
        Ok(knobs) => knobs,
        Err(mistake) => {
            eprintln!("demo-service: {mistake}");
            return ExitCode::from(2);
        }
    };
    let result = match env::args().nth(1).as_deref() {
        None => serve(knobs),
        Some("healthcheck") => healthcheck(knobs.port),
        Some(other) => {
            eprintln!(
                "demo-service: no command `{other}`; there is `healthcheck`, and none to serve"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-service: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(knobs: Knobs) -> io::Result<()> {
    let started = Instant::now();
    for line in 1..=knobs.log_lines {
        println!("line {line} of {}", knobs.log_lines);
    }
    if knobs.exit_at_start {
        return Err(io::Error::other("exits at once: EXIT_AT_START is set"));
    }
    if let Some(after) = knobs.crash_after {
        thread::spawn(move || crash(after));
    }
    let stop = server::Stop::on_signals()?;
    if stop.within(knobs.start_delay) {
        return Ok(());
    }
    server::run(Service::new(knobs, started), &stop)?;
    println!("stopped");
    Ok(())
}

fn crash(after: Duration) {
    thread::sleep(after);
    eprintln!("demo-service: crashes: CRASH_AFTER_MS is over");
    std::process::exit(1);
}

fn healthcheck(port: u16) -> io::Result<()> {
    let answer = http::get(port, "/health", Duration::from_secs(2))?;
    println!("{}", answer.trim_end());
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(io::Error::other("not healthy"))
}
