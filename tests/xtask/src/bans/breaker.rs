//! Breaks every ban of core/clippy.toml, once each. Linted by `cargo xtask bans`, never built into anything.
#![expect(missing_docs, reason = "nobody reads it")]

use std::fs::{self, File, OpenOptions};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use std::{env, io, process, thread};

pub fn clock(then: Instant, day: SystemTime) {
    let _ = Instant::now();
    let _ = then.elapsed();
    let _ = SystemTime::now();
    let _ = day.elapsed();
}

pub fn threads() {
    thread::sleep(Duration::ZERO);
    let _ = thread::spawn(|| ());
    thread::scope(|_| ());
}

pub fn environment() {
    let _ = env::var("A");
    let _ = env::var_os("A");
    let _ = env::vars();
    let _ = env::vars_os();
    let _ = env::args();
    let _ = env::args_os();
    let _ = env::current_dir();
    let _ = env::temp_dir();
}

pub fn files(path: &Path) {
    let _ = fs::read(path);
    let _ = fs::read_to_string(path);
    let _ = fs::read_dir(path);
    let _ = fs::metadata(path);
    let _ = fs::exists(path);
    let _ = fs::write(path, "");
    let _ = fs::rename(path, path);
    let _ = fs::copy(path, path);
    let _ = fs::create_dir(path);
    let _ = fs::create_dir_all(path);
    let _ = fs::remove_file(path);
    let _ = fs::remove_dir_all(path);
    let _ = File::open(path);
    let _ = File::create(path);
    let _ = OpenOptions::new();
    let _ = path.exists();
    let _ = path.is_file();
    let _ = path.is_dir();
    let _ = path.canonicalize();
}

pub fn processes(gentle: bool) {
    let _ = process::Command::new("true");
    let _ = process::id();
    if gentle {
        process::exit(0);
    }
    process::abort();
}

pub fn network() {
    let _ = TcpStream::connect("127.0.0.1:1");
    let _ = TcpListener::bind("127.0.0.1:0");
    let _ = UdpSocket::bind("127.0.0.1:0");
}

pub fn streams() {
    let _ = io::stdin();
    let _ = io::stdout();
    let _ = io::stderr();
}

pub fn chance() {
    let _ = std::hash::RandomState::new();
}

pub fn order(_: std::collections::HashMap<u8, u8>, _: std::collections::HashSet<u8>) {}

pub fn speech() {
    print!("");
    println!();
    eprint!("");
    eprintln!();
    dbg!();
}
