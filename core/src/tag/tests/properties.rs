//! Laws of the derivation: it always ends with an answer, always the same one, and never leaves the grammar of registries.

use proptest::prelude::*;

use super::*;

/// Names of branches and tags that somebody could push to do harm, or just did not think about.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = HOSTILE.lines().map(str::to_owned).collect();
    // Every character of ASCII, at the beginning and inside.
    for byte in 0..128u8 {
        let c = char::from(byte);
        names.push(format!("{c}x"));
        names.push(format!("a{c}{c}b"));
    }
    for c in MARKS {
        names.push(format!("{c}x{c}"));
    }
    for piece in ["a", "-", ".", "/", "é", "日", "😀", "a/", "../", "\u{202e}"] {
        names.push(piece.repeat(255 / piece.len()));
        names.push(piece.repeat(300));
    }
    names
}

/// `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`, read another way than the core reads it.
fn registries_take_tag(text: &str) -> bool {
    let word = |c: &u8| c.is_ascii_digit() || c.is_ascii_alphabetic() || *c == b'_';
    match text.as_bytes() {
        [first, rest @ ..] if rest.len() < 128 => {
            word(first) && rest.iter().all(|c| word(c) || *c == b'.' || *c == b'-')
        }
        _ => false,
    }
}

/// `[host[:port]/]component[/component…]`, from the left to the right.
fn registries_take_name(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('/').collect();
    let is_host = |part: &str| part.contains('.') || part.contains(':') || part == "localhost";
    if parts.len() > 1 && is_host(parts[0]) {
        let host = parts.remove(0);
        let (host, port) = host.split_once(':').unwrap_or((host, "80"));
        let label = |label: &str| {
            let inner = label.trim_matches(|c: char| c.is_ascii_alphanumeric());
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && inner.chars().all(|c| c == '-' || c.is_ascii_alphanumeric())
        };
        if port.is_empty() || port.parse::<u64>().is_err() || !host.split('.').all(label) {
            return false;
        }
    }
    text.len() <= 255 && parts.into_iter().all(is_path_component)
}

fn is_path_component(mut rest: &str) -> bool {
    loop {
        let word = rest.find(|c: char| !matches!(c, 'a'..='z' | '0'..='9'));
        match word {
            Some(0) => return false,
            None => return !rest.is_empty(),
            Some(length) => rest = &rest[length..],
        }
        let behind = rest.trim_start_matches('-');
        let marks = ["__", "_", "."];
        rest = match marks.iter().find_map(|mark| rest.strip_prefix(mark)) {
            Some(behind) => behind,
            None if behind.len() < rest.len() => behind,
            None => return false,
        };
    }
}

#[test]
fn the_grammar_that_the_laws_go_by_tells_names_apart() {
    for good in ["a", "_", "1.2-x_Y", &"x".repeat(128)] {
        assert!(registries_take_tag(good), "{good}");
    }
    for bad in ["", ".a", "-a", "a/b", "a b", "é", &"x".repeat(129)] {
        assert!(!registries_take_tag(bad), "{bad}");
    }
    for good in [
        "app",
        "user/app",
        "ghcr.io/u/my-app",
        "localhost:5000/a__b/c.d",
        "a---b",
    ] {
        assert!(registries_take_name(good), "{good}");
    }
    for bad in [
        "",
        "App",
        "a..b",
        "a___b",
        "-a",
        "a-",
        "a//b",
        "a/",
        "ghcr.io:x/a",
        "日本/a",
    ] {
        assert!(!registries_take_name(bad), "{bad}");
    }
}

/// Everything that a registry would see.
fn assert_in_grammar(request: &Request, what: &str) {
    let Ok(derived) = derive(request) else {
        return;
    };
    for tag in &derived.tags {
        let name = &tag.name;
        assert!(registries_take_tag(name), "{what:?} gives the tag {name:?}");
    }
    for reference in derived.references() {
        let (name, tag) = reference.rsplit_once(':').expect("images are named");
        let taken = registries_take_name(name) && registries_take_tag(tag);
        assert!(taken, "{what:?} gives {reference:?}");
    }
    let names: Vec<&str> = derived.tags.iter().map(|tag| tag.name.as_str()).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len(), "{what:?} gives {names:?}");
    assert_eq!(derived.version, names.first().copied().unwrap_or_default());
    assert_eq!(
        derived.outputs("/s"),
        derive(request)
            .expect("it was derived before")
            .outputs("/s")
    );
}

#[test]
fn two_hundred_hostile_names_make_only_proper_tags() {
    let names = hostile();
    assert!(names.len() >= 200, "{}", names.len());
    for name in &names {
        for kind in ["heads", "tags", "pull"] {
            let reference = format!("refs/{kind}/{name}");
            let mut request = request("push", &reference, EVERY_RULE);
            request.inputs.flavor = "latest=true\nprefix={{branch}},onlatest=true".to_owned();
            assert_in_grammar(&request, &reference);
        }
        let mut bare = request("push", name, "");
        bare.inputs.labels = "a={{branch}}{{tag}}{{base_ref}}".to_owned();
        bare.inputs.images = format!("user/app\n{name}");
        assert_in_grammar(&bare, name);
    }
}

#[test]
fn patterns_that_explode_elsewhere_end_here() {
    let tag = format!("refs/tags/{}!", "a".repeat(30));
    let of = |pattern: &str| request("push", &tag, &format!("type=match,pattern={pattern}"));
    for pattern in [
        "^(a+)+$",
        "^(a*)*$",
        "(a|aa)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(x+x+)+y",
    ] {
        assert_eq!(names(&of(pattern)), Vec::<String>::new(), "{pattern}");
    }
    // With a reference to a group there is no way but to try, and trying has a limit.
    let told = refused(&of("^(a+)+\\1$"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("tries too many ways"), "{told:?}");
}

fn settings() -> ProptestConfig {
    ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Pieces of which rules, patterns and expressions consist, in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => ".{0,4}",
        1 => "[a-z0-9./+-]{0,6}",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn any_ref_makes_only_proper_tags(name in ".{0,260}", kind in 0..4usize) {
        let prefix = ["refs/heads/", "refs/tags/", "refs/pull/", ""][kind];
        assert_in_grammar(&request("push", &format!("{prefix}{name}"), EVERY_RULE), &name);
    }

    #[test]
    fn any_inputs_have_an_answer(
        tags in soup(), flavor in soup(), labels in soup(), images in soup(), name in "[v0-9a-z.+-]{0,12}",
    ) {
        let mut request = request("push", &format!("refs/tags/{name}"), &tags);
        assert_in_grammar(&request, &tags);
        request.inputs.flavor = flavor;
        request.inputs.labels = labels;
        assert_in_grammar(&request, &tags);
        request.inputs.images = images.clone();
        let _ = derive(&request);
        request.inputs.images = format!("user/app\n{images}");
        assert_in_grammar(&request, &images);
    }

    #[test]
    fn every_valid_rule_alone_has_a_verdict(tags in soup(), name in "v[0-9]\\.[0-9]\\.[0-9](-rc\\.[0-9])?") {
        let request = request("push", &format!("refs/tags/{name}"), &tags);
        if let Ok(derived) = derive(&request) {
            let made = derived.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::Made { .. }));
            let of_rules = derived.tags.iter().filter(|tag| tag.mobility != Mobility::Release || tag.name != "latest");
            prop_assert!(made.count() >= of_rules.count());
            prop_assert!(derived.tags.iter().all(|tag| !tag.rule.is_empty()));
        }
    }

    #[test]
    fn a_version_means_one_thing_in_the_words_of_both(text in "[0-9]{1,2}\\.[0-9]\\.[0-9]((-(alpha|beta|rc)\\.[0-9]{1,2})|(a|b|rc)[0-9])?") {
        if let Some(version) = Version::parse(&text)
            && let (Some(semver), Some(python)) = (version.as_semver(), version.as_pep440()) {
            let one = Version::parse(&semver).expect("it was written by its rule");
            let two = Version::parse(&python).expect("it was written by its rule");
            prop_assert_eq!(one.as_pep440(), two.as_pep440());
            prop_assert_eq!(one.as_semver(), two.as_semver());
            prop_assert_eq!(one.conflict(), None);
        }
    }
}

const EVERY_RULE: &str = "type=schedule
type=semver,pattern={{version}}
type=semver,pattern={{raw}},value={{branch}}
type=pep440,pattern={{version}}
type=pep440,pattern={{raw}},value={{tag}}
type=match,pattern=.*,value={{branch}}{{tag}}
type=edge
type=ref,event=branch
type=ref,event=tag
type=ref,event=pr
type=raw,value={{branch}}-{{tag}}-{{base_ref}}
type=raw,value=.{{tag}},suffix=-{{sha}}
type=sha,prefix={{branch}}";

/// Right-to-left, zero-width, joining, replacing, private and unassigned.
const MARKS: [char; 12] = [
    '\u{202e}',
    '\u{200b}',
    '\u{200d}',
    '\u{feff}',
    '\u{fffd}',
    '\u{e000}',
    '\u{301}',
    '\u{2066}',
    '\u{85}',
    '\u{2028}',
    '\u{fe0f}',
    '\u{10ffff}',
];

const HOSTILE: &str = "$(reboot)
`id`
a;b
a&&b
a|b
a>b
a<b
$HOME
${HOME}
*
?
[a-z]
{a,b}
~
!x
\"x\"
'x'
\\x
-rf
--help
--push
-
--
-v1.2.3
.
..
...
.git
../../etc/passwd
a/../b
/etc/passwd
C:\\x
a b
 a
a\tb
#123-fix
@{upstream}
HEAD
refs/heads/x
{{branch}}
{{{{x}}}}
{{#if x}}
${{ github.token }}
%0a::set-output name=x::y
::error::x
x%0d%0a
latest
LATEST
sha256
a@sha256:0123456789012345678901234567890123456789012345678901234567890123
user/app:tag
registry.example:5000/a
日本語
😀
👩‍👩‍👧
é
ß
İ
Ω
مرحبا
שלום
١.٢.٣
1.2.3
v1.2.3
1.2.3-1
1.2.3+build.5
1!2.0.1
v1.2.3-rc.1+b/5
99999999999999999999.0.0
0.0.0-0
dependabot/npm_and_yarn/a/b-1.2.3
renovate/major-x
feature/ABC-123_x.y
#
\"type=raw\"
type=raw,value=x
,,,
=
a=b
<script>alert(1)</script>
' OR 1=1 --
%s%n%x
\\u0000
null
true
undefined";

const PIECES: &[&str] = &[
    "type=",
    "raw",
    "semver",
    "pep440",
    "match",
    "ref",
    "sha",
    "edge",
    "schedule",
    ",",
    "\n",
    "=",
    "\"",
    "\"\"",
    "#",
    " ",
    "pattern=",
    "value=",
    "prefix=",
    "suffix=",
    "enable=",
    "priority=",
    "group=",
    "event=",
    "branch",
    "tag",
    "pr",
    "true",
    "false",
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{version}}",
    "{{major}}",
    "{{raw}}",
    "{{branch}}",
    "{{tag}}",
    "{{#if branch}}",
    "{{else}}",
    "{{/if}}",
    "{{#each",
    "{{date 'YYYY'}}",
    "{{date '",
    "'}}",
    "tz='Asia/Tokyo'",
    "latest=",
    "onlatest=",
    "auto",
    "name=",
    "user/app",
    "(",
    ")",
    "[",
    "]",
    "*",
    "+",
    "?",
    "{1,3}",
    "\\d",
    "\\1",
    "(?<a>",
    "(?=",
    "(?<=",
    "^",
    "$",
    ".",
    "|",
    "/g",
    "/",
    "-",
    "v1.2.3",
    "1.2.3-1",
    "\\",
    "'",
    "!--",
    "~",
    "..",
    "this",
    "日",
    "\u{202e}",
    "(a*)*",
    "(a+)+$",
    "[^",
    "\\k<a>",
    "99999999999",
    "-1",
    "NaN",
];
