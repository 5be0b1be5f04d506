//! Sends each request when it is due, and knows when to end.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::client::{Connection, Exchange};
use crate::options::Options;
use crate::record::{Answer, Record};

/// Enough for a request, little enough for thousands that wait.
const STACK: usize = 128 * 1024;
/// How often the end is looked for while no request is due.
const GLANCE: Duration = Duration::from_millis(50);

/// One request that is due.
#[derive(Clone, Copy)]
struct Due {
    at: Instant,
    epoch_ms: u64,
}

/// Sends until the end. Answers may still be awaited when it returns: whoever hears them waits for the channel to close.
pub(crate) fn send_all(options: Options, answered: &Sender<Record>) -> io::Result<()> {
    let end = End::new(&options)?;
    let options = Arc::new(options);
    match options.kept {
        None => each_in_a_thread(&options, &end, answered),
        Some(connections) => over_kept(&options, connections, &end, answered),
    }
}

fn each_in_a_thread(
    options: &Arc<Options>,
    end: &End,
    answered: &Sender<Record>,
) -> io::Result<()> {
    on_schedule(options, end, |due| {
        let (options, answered) = (Arc::clone(options), answered.clone());
        let user = thread::Builder::new().stack_size(STACK);
        user.spawn(move || {
            let deadline = due.at + options.timeout;
            let answer = match Connection::open(&options, deadline) {
                Ok(mut connection) => connection.exchange(&options, deadline).answer,
                Err(missing) => missing,
            };
            hand_over(&answered, due, answer);
        })?;
        Ok(())
    })
}

/// A request waits for a free connection, as long as its time limit lets it. After a failure the connection is opened anew.
fn over_kept(
    options: &Arc<Options>,
    connections: usize,
    end: &End,
    answered: &Sender<Record>,
) -> io::Result<()> {
    let (queue, waiting) = mpsc::channel::<Due>();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..connections {
        let (options, answered) = (Arc::clone(options), answered.clone());
        let waiting = Arc::clone(&waiting);
        let user = thread::Builder::new().stack_size(STACK);
        user.spawn(move || {
            let mut kept = None;
            loop {
                let next = waiting.lock().expect("nobody panics in `recv`").recv();
                let Ok(due) = next else { return };
                let answer = ask(&options, &mut kept, due);
                hand_over(&answered, due, answer);
            }
        })?;
    }
    on_schedule(options, end, |due| {
        queue
            .send(due)
            .map_err(|_| io::Error::other("no user is left"))
    })
}

fn ask(options: &Options, kept: &mut Option<Connection>, due: Due) -> Answer {
    let deadline = due.at + options.timeout;
    if Instant::now() >= deadline {
        return Answer::Missing("no connection was free in time".to_owned());
    }
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => match Connection::open(options, deadline) {
            Ok(connection) => connection,
            Err(missing) => return missing,
        },
    };
    let Exchange { answer, reusable } = connection.exchange(options, deadline);
    if reusable {
        *kept = Some(connection);
    }
    answer
}

fn hand_over(answered: &Sender<Record>, due: Due, answer: Answer) {
    let record = Record {
        at: due.epoch_ms,
        latency: due.at.elapsed().as_secs_f64() * 1000.0,
        answer,
    };
    // Whoever wrote them down is gone only when the whole run is.
    let _ = answered.send(record);
}

/// Calls `send` for each request at its time, late ones at once, until the end.
fn on_schedule(
    options: &Options,
    end: &End,
    mut send: impl FnMut(Due) -> io::Result<()>,
) -> io::Result<()> {
    let (start, start_epoch) = (Instant::now(), SystemTime::now());
    let mut sent = 0_u32;
    loop {
        let offset = Duration::from_secs_f64(f64::from(sent) / options.rate);
        let at = start + offset;
        if options.length.is_some_and(|length| offset >= length) || end.comes_before(at) {
            return Ok(());
        }
        let epoch = (start_epoch + offset).duration_since(UNIX_EPOCH);
        let epoch_ms = epoch.map_err(io::Error::other)?.as_millis();
        send(Due {
            at,
            epoch_ms: u64::try_from(epoch_ms).map_err(io::Error::other)?,
        })?;
        sent += 1;
    }
}

/// A signal, or the stop file.
struct End {
    signalled: Arc<AtomicBool>,
    stop_file: Option<PathBuf>,
    looked: Cell<Option<Instant>>,
}

impl End {
    fn new(options: &Options) -> io::Result<Self> {
        let signalled = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&signalled))?;
        }
        Ok(Self {
            signalled,
            stop_file: options.stop_file.clone(),
            looked: Cell::new(None),
        })
    }

    /// Waits until `at`: whether the end came before.
    fn comes_before(&self, at: Instant) -> bool {
        loop {
            if self.came() {
                return true;
            }
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::sleep(left.min(GLANCE));
        }
    }

    fn came(&self) -> bool {
        if self.signalled.load(Ordering::Relaxed) {
            return true;
        }
        let Some(file) = &self.stop_file else {
            return false;
        };
        if self
            .looked
            .get()
            .is_some_and(|last| last.elapsed() < GLANCE)
        {
            return false;
        }
        self.looked.set(Some(Instant::now()));
        file.exists()
    }
}
