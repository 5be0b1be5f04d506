//! Users who come at a fixed rate, whatever happens, and remember every answer.
//!
//! The load is open-loop: a request is sent when its time has come, not when the one before was answered, so a slow
//! service is not spared. Each request has a new connection, unless `--keep-alive`.

mod client;
mod options;
mod record;
mod summary;
mod users;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use options::{Options, USAGE};
use record::Record;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(&arguments) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("demo-load: {mistake}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Sends until the end, and prints in one JSON document what came back.
fn run(options: Options) -> io::Result<()> {
    let file = options.record.as_ref().map(File::create).transpose()?;
    let (answered, answers) = mpsc::channel();
    let secretary = thread::spawn(move || write_down(&answers, file));
    users::send_all(options, &answered)?;
    drop(answered);
    let records = secretary
        .join()
        .map_err(|_| io::Error::other("the record's writer panicked"))??;
    println!("{}", serde_json::to_string(&summary::of(records))?);
    Ok(())
}

/// Writes each answer as it comes (a run that is killed leaves what it saw), and hands all of them back at the end.
fn write_down(answers: &mpsc::Receiver<Record>, file: Option<File>) -> io::Result<Vec<Record>> {
    let mut file = file.map(BufWriter::new);
    let mut all = Vec::new();
    for record in answers {
        if let Some(file) = &mut file {
            writeln!(file, "{}", record.line())?;
            file.flush()?;
        }
        all.push(record);
    }
    Ok(all)
}
