//! Listens, a thread a connection; stops when told to, with every request it has answered.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::routes::Service;
use crate::{http, long};

/// A request that takes longer than this after the signal is cut. Engines kill after 10 s.
const PATIENCE: Duration = Duration::from_secs(9);

/// Whether it was told to stop, and how many requests are being answered.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    told: bool,
    answering: usize,
}

impl Stop {
    /// Told by SIGTERM or SIGINT. As the first process of a container it must handle them itself: there is no default.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let teller = stop.clone();
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                teller.state().told = true;
                teller.changed();
            }
        });
        Ok(stop)
    }

    /// Waits for as long as `time`: whether it was told to stop by then.
    pub(crate) fn within(&self, time: Duration) -> bool {
        self.wait(time, |state| state.told).told
    }

    /// Waits until told.
    fn told(&self) {
        while !self.within(Duration::from_secs(60)) {}
    }

    /// What was on its way when the signal came still arrives.
    fn answered_all(&self, delay: Duration) {
        thread::sleep(delay);
        drop(self.wait(PATIENCE, |state| state.answering == 0));
    }

    fn begin(&self) {
        self.state().answering += 1;
    }

    fn end(&self) {
        self.state().answering -= 1;
        self.changed();
    }

    fn wait(&self, time: Duration, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self
            .0
            .1
            .wait_timeout_while(self.state(), time, |state| !until(state));
        waited.expect("nobody panics while holding it").0
    }

    fn changed(&self) {
        self.0.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("nobody panics while holding it")
    }
}

/// Serves until told to stop, and has answered all when it returns; the process should end then.
pub(crate) fn run(service: Service, stop: &Stop) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, service.knobs.port))?;
    println!(
        "version {} listens on port {}",
        service.knobs.version, service.knobs.port
    );
    let delay = service.knobs.stop_delay;
    let (service, for_all) = (Arc::new(service), stop.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Out of files, or the client went away: the next one may do better.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let (service, stop) = (Arc::clone(&service), for_all.clone());
            // A client that is gone already is fine.
            thread::spawn(move || converse(&service, &stop, &stream).ok());
        }
    });
    stop.told();
    stop.answered_all(delay);
    Ok(())
}

/// One connection: its requests, one after the other, each of them counted from its first byte to its answer.
fn converse(service: &Service, stop: &Stop, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while !reader.fill_buf()?.is_empty() {
        stop.begin();
        let more = exchange(service, stop, stream, &mut reader);
        stop.end();
        if !more? {
            break;
        }
    }
    Ok(())
}

/// One request and its answer: whether another may follow.
fn exchange(
    service: &Service,
    stop: &Stop,
    mut stream: &TcpStream,
    reader: &mut impl BufRead,
) -> io::Result<bool> {
    let Some(request) = http::read_request(reader)? else {
        return Ok(false);
    };
    let version = &service.knobs.version;
    match (request.path(), &request.socket_key) {
        ("/download", _) => return long::download(stream, &request, version).map(|()| false),
        ("/socket", Some(key)) => {
            return long::socket(stream, reader, key, version, stop).map(|()| false);
        }
        _ => {}
    }
    let answer = service.answer(&request);
    let keep_alive = request.keep_alive && !stop.within(Duration::ZERO);
    http::write_answer(&mut stream, &request, &answer, keep_alive)?;
    Ok(keep_alive)
}
