use super::*;

fn find(pattern: &str, text: &str) -> Result<Option<Vec<Option<String>>>, Refused> {
    Pattern::literal(pattern)?.find(text)
}

#[test]
fn finds_what_javascript_finds() {
    for (pattern, text, expected) in FOUND {
        if *pattern == "/a/b" {
            assert_eq!(find(pattern, text), Err(Refused::Syntax("unknown flag")));
            continue;
        }
        let expected = expected.map(|groups| {
            groups
                .iter()
                .map(|group| group.map(str::to_owned))
                .collect::<Vec<_>>()
        });
        assert_eq!(find(pattern, text), Ok(expected), "{pattern} on {text:?}");
    }
}

#[test]
fn sees_units_of_utf_16_without_the_flag_u_and_whole_characters_with_it() {
    let rows: [(&str, &str, Option<&str>); 12] = [
        ("^.$", "😀", None),
        ("^..$", "😀", Some("😀")),
        ("/^.$/u", "😀", Some("😀")),
        ("/^.$/v", "😀", Some("😀")),
        ("😀+", "😀😀", Some("😀")),
        ("/😀+/u", "😀😀", Some("😀😀")),
        (r"\ud83d\ude00", "a😀", Some("😀")),
        (r"\ud83d", "a😀", Some("\u{fffd}")),
        ("[^a]", "a😀", Some("\u{fffd}")),
        ("/[^a]/u", "a😀", Some("😀")),
        (".{3}", "aé😀", Some("aé\u{fffd}")),
        (r"/^v(?:[\w.]+)$/v", "v1.2", Some("v1.2")),
    ];
    for (pattern, text, expected) in rows {
        let found = find(pattern, text).expect("it is a pattern");
        let whole = found.and_then(|groups| groups.into_iter().next().flatten());
        assert_eq!(whole.as_deref(), expected, "{pattern} on {text}");
    }
}

#[test]
fn alternatives_share_a_name_and_others_do_not() {
    let groups = |pattern, text| find(pattern, text).expect("it is a pattern");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        groups(r"(?:v(?<x>\d+)|r(?<x>\d+))", "r12"),
        Some(vec![text("r12"), None, text("12")])
    );
    assert_eq!(
        groups(r"(?:a(?<x>.)|b(?<x>.))\k<x>", "bcc"),
        Some(vec![text("bcc"), None, text("c")])
    );
    for pattern in ["(?<x>a)(?<x>b)", "(?<x>a(?<x>b)|c)", "(?:(?<x>a)|b)(?<x>c)"] {
        assert!(
            matches!(find(pattern, "a"), Err(Refused::Syntax(_))),
            "{pattern}"
        );
    }
}

#[test]
fn says_what_javascript_knows_and_this_does_not() {
    for pattern in [
        r"/\p{L}+/u",
        r"/[\P{Lu}]/u",
        r"/\p{N}/v",
        "/[[a-z]--[aeiou]]/v",
        "/[a--b]/v",
        "/[a&&b]/v",
        r"/[\q{ab}]/v",
        r"/\ud83d/u",
    ] {
        assert!(
            matches!(find(pattern, "a"), Err(Refused::Unsupported(_))),
            "{pattern}"
        );
    }
    for pattern in [r"/\p{L/u", "/[a-]/v", "/[(]/v", "/[!!]/v"] {
        assert!(
            matches!(find(pattern, "a"), Err(Refused::Syntax(_))),
            "{pattern}"
        );
    }
    assert_eq!(find(r"\p{L}", "p{L}").map(|it| it.is_some()), Ok(true));
    let refused = find(r"/\p{L}/u", "a").map_err(|it| it.to_string());
    let words = "a regular expression with `\\p{…}`, which is not supported here";
    assert_eq!(refused, Err(words.to_owned()));
}

#[test]
fn refuses_what_javascript_refuses() {
    for pattern in [
        "(",
        ")",
        "a)",
        "[",
        "[b-a]",
        "*",
        "a**",
        "a{2,1}",
        "{1}",
        "+a",
        "(?<1>a)",
        "(?<a",
        "(?<a>x)(?<a>y)",
        "\\",
        "(?<a>x)\\k",
        "(?<a>x)\\k<b>",
        "(?",
        "(?a:x)",
        "(?ii:x)",
        "(?-:x)",
        "^*",
        "(?<=a)*",
        "/a/gg",
        "/a/x",
        "/\\p/u",
        "/{/u",
        "/\\-/u",
        "/\\1/u",
        "/a{/u",
        "/(?=a)*/u",
    ] {
        assert!(
            matches!(find(pattern, "a"), Err(Refused::Syntax(_))),
            "{pattern}"
        );
    }
}

#[test]
fn ends_at_once_on_patterns_that_explode_elsewhere() {
    let text = format!("{}!", "a".repeat(30));
    for pattern in [
        "^(a+)+$",
        "^(a*)*$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "^(a|a?)+$",
        "^((a*)*)*$",
        "(.*a){20}$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "^(a?){30}a{31}$",
        "^(?:a+)+?$",
        "^(\\w+\\s?)*$",
    ] {
        assert_eq!(find(pattern, &text), Ok(None), "{pattern}");
    }
}

#[test]
fn gives_up_where_it_cannot_be_quick() {
    let text = format!("{}!", "a".repeat(60));
    assert_eq!(find(r"^(a+)+\1$", &text), Err(Refused::TooSlow));
    assert_eq!(find(r"(?=^(a+)+$)", &text), Err(Refused::TooSlow));
    assert_eq!(
        find("((a{99}){99}){99}", "a").err(),
        Some(Refused::TooLarge)
    );
    assert_eq!(find(&"(".repeat(1000), "a").err(), Some(Refused::TooLarge));
}

/// A pattern, a text, and its groups where it is found.
type Row = (
    &'static str,
    &'static str,
    Option<&'static [Option<&'static str>]>,
);

const FOUND: &[Row] = &[
    (r"v(.*)", "v1.2.3", Some(&[Some("v1.2.3"), Some("1.2.3")])),
    (r"\d.\d.\d", "v1.2.3", Some(&[Some("1.2.3")])),
    (r"\d{1,3}\.\d{1,3}", "v1.2.30", Some(&[Some("1.2")])),
    (r"x|y|", "ay", Some(&[Some("")])),
    (r"(a)|(b)", "b", Some(&[Some("b"), None, Some("b")])),
    (
        r"(?<major>\d+)\.(?<minor>\d+)",
        "v1.2",
        Some(&[Some("1.2"), Some("1"), Some("2")]),
    ),
    (r"^v", "av", None),
    (r"$", "ab", Some(&[Some("")])),
    ("/V(\\d)/i", "v1", Some(&[Some("v1"), Some("1")])),
    ("/^b/m", "a\nb", Some(&[Some("b")])),
    ("/a.b/s", "a\nb", Some(&[Some("a\nb")])),
    ("a.b", "a\nb", None),
    (
        "/\\d+/g",
        "1.22.3",
        Some(&[Some("1"), Some("22"), Some("3")]),
    ),
    ("/x*/g", "ax", Some(&[Some(""), Some("x"), Some("")])),
    ("/\\d/y", "a1", None),
    ("/\\d/gy", "12a3", Some(&[Some("1"), Some("2")])),
    ("//", "a//b", Some(&[Some("//")])),
    ("/a/b", "a", None),
    (
        r"(z)((a+)?(b+)?(c))*",
        "zaacbbbcac",
        Some(&[
            Some("zaacbbbcac"),
            Some("z"),
            Some("ac"),
            Some("a"),
            None,
            Some("c"),
        ]),
    ),
    (r"(a*)*", "b", Some(&[Some(""), None])),
    (r"(a*)?", "b", Some(&[Some(""), None])),
    (r"(?:a|ab)(?:c|bcd)(?:d*)", "abcd", Some(&[Some("abcd")])),
    (
        r"((a)|(ab))((c)|(bc))",
        "abc",
        Some(&[
            Some("abc"),
            Some("a"),
            Some("a"),
            None,
            Some("bc"),
            None,
            Some("bc"),
        ]),
    ),
    (r"(?=(a+))a*b\1", "baaabac", Some(&[Some("aba"), Some("a")])),
    (r"(?!foo)...", "foobar", Some(&[Some("oob")])),
    (r"(?<=v)\d", "1v2", Some(&[Some("2")])),
    (r"(?<!v)\d", "v12", Some(&[Some("2")])),
    (
        r"(?<=(\d+)(\d+))$",
        "1053",
        Some(&[Some(""), Some("1"), Some("053")]),
    ),
    (r"(?<=\1(a))b", "aab", Some(&[Some("b"), Some("a")])),
    (r"(.)\1", "abb", Some(&[Some("bb"), Some("b")])),
    (r"\k<x>(?<x>a)", "a", Some(&[Some("a"), Some("a")])),
    (r"\bfoo\B", "a foox", Some(&[Some("foo")])),
    (r"[^]", "\n", Some(&[Some("\n")])),
    (r"[]", "a", None),
    (r"[[]", "[", Some(&[Some("[")])),
    (r"[a-z&&b]", "&", Some(&[Some("&")])),
    (r"[\d-x]+", "1-x", Some(&[Some("1-x")])),
    (r"[\b]", "\u{8}", Some(&[Some("\u{8}")])),
    (r"a{,2}", "a{,2}", Some(&[Some("a{,2}")])),
    (r"a{2", "a{2", Some(&[Some("a{2")])),
    (r"x{0}y", "xy", Some(&[Some("y")])),
    (r"a]}", "a]}", Some(&[Some("a]}")])),
    (r"\x41\u0042\103\0?", "ABC", Some(&[Some("ABC")])),
    (r"\_\-\/", "_-/", Some(&[Some("_-/")])),
    (r"\cJ", "\n", Some(&[Some("\n")])),
    (r"\c!", "\\c!", Some(&[Some("\\c!")])),
    (r"\8", "8", Some(&[Some("8")])),
    (r"\p", "p", Some(&[Some("p")])),
    (r"\k", "k", Some(&[Some("k")])),
    (r"\d", "٣", None),
    (r"\w", "é", None),
    (r"\s", "\u{feff}", Some(&[Some("\u{feff}")])),
    (r"(?i:A)b", "ab", Some(&[Some("ab")])),
    (r"(?i:A)b", "aB", None),
    (r"/[^x]/i", "X", None),
    (r"/ſ/i", "S", None),
    (r"a+?", "aaa", Some(&[Some("a")])),
    (r"(a{2}){2}", "aaaa", Some(&[Some("aaaa"), Some("aa")])),
    (r"(?=a)*b", "b", Some(&[Some("b")])),
    (r"/\u{1f600}/u", "😀", Some(&[Some("😀")])),
    (r"\ud83d\ude00", "😀", Some(&[Some("😀")])),
];
