//! Throws made-up requests at the tag derivation: `cargo run --release --package fuzz -- [SECONDS] [SEED]`.
//!
//! Ten minutes: `cargo run --release --package fuzz -- 600`. It needs nothing but the stable compiler, and each case follows from
//! its seed alone, which is printed when something is found: a panic, a case of more than a second, a tag outside the
//! registries' grammar, or two answers to one question. `cargo run --release --package fuzz -- 0 SEED` shows that case again.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cd_core::event::{self, GitFacts};
use cd_core::protocol::Timestamp;
use cd_core::tag::{self, Request};

/// No case may take longer: the whole action is to take less.
const SLOWEST: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        arguments
            .next()
            .map_or(Some(default), |text| text.parse().ok())
    };
    let (Some(seconds), Some(first)) = (number(10), number(1)) else {
        eprintln!("usage: fuzz [SECONDS] [SEED]");
        return ExitCode::from(2);
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    let (mut derived, mut slowest) = (0_u64, Duration::ZERO);
    loop {
        let request = request(seed);
        let (mut found, mut took) = timed(&request);
        if took > SLOWEST {
            // The machine may have been elsewhere meanwhile: only what is slow again is slow.
            (found, took) = timed(&request);
        }
        slowest = slowest.max(took);
        match found {
            Ok(answered) if took <= SLOWEST => derived += u64::from(answered),
            other => {
                let what = other.err().unwrap_or_else(|| format!("{took:?}"));
                eprintln!("seed {seed}: {what}\n{request:#?}");
                return ExitCode::FAILURE;
            }
        }
        seed += 1;
        if Instant::now() >= end {
            break;
        }
    }
    let cases = seed - first;
    println!(
        "{cases} cases from seed {first}, {derived} of them derived, the slowest in {slowest:?}: nothing found"
    );
    ExitCode::SUCCESS
}

fn timed(request: &Request) -> (Result<bool, String>, Duration) {
    let begin = Instant::now();
    let found = catch_unwind(|| check(request)).unwrap_or_else(|_| Err("a panic".to_owned()));
    (found, begin.elapsed())
}

/// Whether it was derived, or refused; what is wrong with the answer otherwise.
fn check(request: &Request) -> Result<bool, String> {
    let answer = tag::derive(request);
    let again = tag::derive(request);
    let (Ok(derived), Ok(again)) = (&answer, &again) else {
        return match (answer.err(), again.err()) {
            (Some(one), Some(two)) if one == two => Ok(false),
            _ => Err("two answers".to_owned()),
        };
    };
    if derived.outputs("/scratch") != again.outputs("/scratch") {
        return Err("two answers".to_owned());
    }
    if let Some(tag) = derived.tags.iter().find(|tag| !tag::is_tag(&tag.name)) {
        return Err(format!("the tag {:?}", tag.name));
    }
    if let Some(image) = derived.images().iter().find(|image| !tag::is_name(image)) {
        return Err(format!("the image {image:?}"));
    }
    let tags: Vec<&str> = derived.tags.iter().map(|tag| tag.name.as_str()).collect();
    let _ = tag::moves_forward(derived, &tags);
    Ok(true)
}

fn request(seed: u64) -> Request {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut request = Request::default();
    let kind = dice.pick(&["refs/heads/", "refs/tags/", "refs/tags/v", "refs/pull/", ""]);
    let reference = format!("{kind}{}", dice.text(6));
    let name = dice.pick(&[
        "push",
        "pull_request",
        "pull_request_target",
        "schedule",
        "create",
        "workflow_call",
    ]);
    let system = dice.pick(&[
        "GITHUB_ACTIONS",
        "FORGEJO_ACTIONS",
        "GITEA_ACTIONS",
        "GITLAB_CI",
        "JENKINS_URL",
        "TF_BUILD",
        "CIRCLECI",
    ]);
    let variables = [
        (system, "true"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_REF", &reference),
        ("GITHUB_SHA", "860c1904a1ce19322e91ac35af1ab07466440c37"),
        ("CI_COMMIT_TAG", &reference),
        ("BRANCH_NAME", &reference),
        ("BUILD_SOURCEBRANCH", &reference),
        ("CIRCLE_BRANCH", &reference),
    ];
    request.env = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let payload = serde_json::json!({
        "number": dice.below(9), "base_ref": dice.text(3), "repository": { "default_branch": dice.text(2), "name": dice.text(3) },
        "pull_request": { "head": { "sha": dice.text(2), "ref": dice.text(2) }, "base": { "ref": dice.text(2) } },
    });
    request.event = event::normalise(&request.env, Some(&payload), &GitFacts::default());
    request.now = Timestamp(dice.next() >> dice.below(64));
    request.inputs.tags = dice.rules();
    request.inputs.images = dice
        .pick(&["", "user/app", "a,b", "A\nname=b,enable=false"])
        .to_owned();
    if dice.below(3) == 0 {
        request.inputs.flavor = dice.text(8);
        request.inputs.labels = dice.text(12);
        request.inputs.annotations = dice.text(6);
    }
    if dice.below(20) == 0 {
        request.inputs.images = dice.text(6);
        request.inputs.context = dice.pick(&["git", "workflow", "x"]).to_owned();
    }
    request
}

/// A generator of numbers whose whole state is its seed (xorshift).
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    const fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from[at]
    }

    /// Pieces in a row, and now and then any character at all.
    fn text(&mut self, longest: u64) -> String {
        let mut text = String::new();
        for _ in 0..self.below(longest + 1) {
            match self.below(12) {
                0 => text.extend(char::from_u32(
                    u32::try_from(self.below(0x11_0000)).unwrap_or(0),
                )),
                1 => text.push_str(
                    &self
                        .pick(PIECES)
                        .repeat(1 + usize::try_from(self.below(40)).unwrap_or(0)),
                ),
                _ => text.push_str(self.pick(PIECES)),
            }
        }
        text
    }

    /// Mostly rules that can be read, with something strange in the place of a value.
    fn rules(&mut self) -> String {
        let mut rules = String::new();
        for _ in 0..self.below(5) {
            rules.push_str(self.pick(RULES));
            rules.push_str(&self.text(8).replace('\n', ""));
            rules.push('\n');
        }
        rules
    }
}

const RULES: &[&str] = &[
    "type=raw,value=",
    "type=semver,pattern=",
    "type=semver,pattern={{version}},value=",
    "type=semver,pattern={{version}},match=",
    "type=pep440,pattern=",
    "type=pep440,pattern={{version}},value=",
    "type=match,value=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!,pattern=",
    "type=match,pattern=",
    "type=schedule,pattern=",
    "type=edge,branch=",
    "type=ref,event=branch,prefix=",
    "type=ref,event=tag,suffix=",
    "type=sha,enable=true,priority=",
    "",
];

const PIECES: &[&str] = &[
    "a",
    "b",
    "1",
    "1.2.3",
    "v1.2.3-rc.1",
    "+b.5",
    "1!2",
    "-",
    ".",
    "/",
    "_",
    " ",
    "\n",
    "\r",
    "\t",
    "\0",
    ",",
    "=",
    "\"",
    "\"\"",
    "#",
    "'",
    "\\",
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{version}}",
    "{{major}}.{{minor}}",
    "{{raw}}",
    "{{branch}}",
    "{{sha}}",
    "{{nope}}",
    "{{#if branch}}",
    "{{else}}",
    "{{else if tag}}",
    "{{/if}}",
    "{{#each build}}",
    "{{/each}}",
    "{{#with tag}}",
    "{{/with}}",
    "{{this}}",
    "{{date 'YYYY-MM-DD LLLL [x] z'}}",
    "{{date 'X' tz='Asia/Tokyo'}}",
    "{{commit_date ''}}",
    "{{lookup branch 0}}",
    "{{! c }}",
    "~",
    "..",
    "(",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<n>",
    "\\k<n>",
    "\\1",
    "[",
    "]",
    "[^a]",
    "a*",
    "a+",
    "(a+)+",
    "(a*)*",
    "(a|aa)+",
    "{1,3}",
    "{9}",
    "?",
    "$",
    "^",
    "|",
    "\\d",
    "\\w+",
    "\\b",
    ".*",
    "/g",
    "/i",
    "/y",
    "/u",
    "latest=true",
    "prefix=",
    "suffix=",
    "onlatest=true",
    "enable=false",
    "priority=NaN",
    "group=1",
    "name=",
    "é",
    "日",
    "😀",
    "\u{202e}",
    "\u{301}",
    "\u{feff}",
    "../",
    "refs/heads/",
];
