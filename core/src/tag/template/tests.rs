use super::*;

struct Names;

impl Scope for Names {
    fn name(&self, name: &str) -> Result<Option<Value>, String> {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        Ok(match name {
            "branch" => text("a&b<c>'\"`="),
            "empty" => text(""),
            "false_text" => text("false"),
            "major" => Some(Value::Number(0.0)),
            "minor" => Some(Value::Number(12.0)),
            "build" => Some(Value::List(vec![
                Value::Text("build".to_owned()),
                Value::Number(5.0),
            ])),
            "none" => Some(Value::List(Vec::new())),
            "yes" => Some(Value::Bool(true)),
            _ => None,
        })
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        options: &[(String, Value)],
    ) -> Result<Option<Value>, String> {
        if name != "say" {
            return Ok(None);
        }
        let arguments: Vec<String> = arguments.iter().map(Value::print).collect();
        let options: Vec<String> = options
            .iter()
            .map(|(key, value)| format!("{key}:{}", value.print()))
            .collect();
        Ok(Some(Value::Text(format!(
            "<{}|{}>",
            arguments.join(";"),
            options.join(";")
        ))))
    }
}

fn fill(text: &str) -> Result<String, String> {
    Template::parse(text)?.fill(&Names)
}

#[test]
fn fills_in_names_and_helpers() {
    let rows = [
        ("plain", "plain"),
        ("a{{nope}}b", "ab"),
        ("{{branch}}", "a&b<c>'\"`="),
        ("{{{branch}}}", "a&b<c>'\"`="),
        ("{{& branch }}", "a&b<c>'\"`="),
        ("{{ minor }}.{{major}}", "12.0"),
        ("{{build}}", "build,5"),
        (
            "{{build.[0]}} {{build.[1]}} {{build.[9]}} {{build.length}}",
            "build 5  2",
        ),
        ("{{this.minor}} {{./minor}} {{this/minor}}", "12 12 12"),
        ("{{this}}", "[object Object]"),
        ("{{say 'it''' \"x\" tz='Z'}}", "<it;;x|tz:Z>"),
        (
            "{{say \"a\\\"b\" 'c}}d' -1.5 true null minor}}",
            "<a\"b;c}}d;-1.5;true;;12|>",
        ),
        ("{{say (say 'x') a=(lookup build 0)}}", "<<x|>|a:build>"),
        ("a{{! comment }}b{{!-- {{x}} --}}c", "abc"),
        ("a {{~! x ~}} b", "ab"),
        ("a {{~minor~}} b", "a12b"),
        ("\\{{minor}} x", "{{minor}} x"),
        ("\\\\{{minor}}", "\\12"),
        ("\\{{minor}}{{minor}}", "{{minor}}12"),
        ("{{log 'x'}}", ""),
        ("{{yes}}", "true"),
        ("{{lookup build 1}}", "5"),
    ];
    for (text, expected) in rows {
        assert_eq!(fill(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn fills_in_blocks() {
    let rows = [
        ("{{#if branch}}a{{else}}b{{/if}}", "a"),
        ("{{#if empty}}a{{else}}b{{/if}}", "b"),
        ("{{#if nope}}a{{/if}}", ""),
        ("{{#if false_text}}a{{else}}b{{/if}}", "a"),
        ("{{#if major}}a{{else}}b{{/if}}", "b"),
        ("{{#if major includeZero=true}}a{{else}}b{{/if}}", "a"),
        ("{{#if none}}a{{^}}b{{/if}}", "b"),
        ("{{#unless nope}}a{{else}}b{{/unless}}", "a"),
        ("{{#if nope}}a{{else if minor}}b{{else}}c{{/if}}", "b"),
        (
            "{{#if nope}}a{{else if nope}}b{{else if empty}}c{{else}}d{{/if}}",
            "d",
        ),
        ("{{^nope}}a{{/nope}}{{^minor}}b{{else}}c{{/minor}}", "ac"),
        (
            "{{#yes}}a{{/yes}}{{#nope}}b{{/nope}}{{#none}}c{{/none}}",
            "a",
        ),
        ("{{#build}}[{{this}}]{{/build}}", "[build][5]"),
        (
            "{{#each build}}{{@index}}{{#if @last}}!{{/if}}{{this}}{{../minor}} {{else}}x{{/each}}",
            "0build12 1!512 ",
        ),
        ("{{#each none}}a{{else}}b{{/each}}", "b"),
        ("{{#with minor}}{{this}}{{/with}}", "12"),
        ("{{#if nope}}a{{else}}}b{{/if}}", "}b"),
        ("{{#with nope}}a{{else}}b{{/with}}", "b"),
        ("{{#say 1}}a{{/say}}", "<1|>"),
        ("{{#if (lookup build 0)}} a {{~/if}}", " a"),
    ];
    for (text, expected) in rows {
        assert_eq!(fill(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_cannot_be_read() {
    for text in [
        "a{{branch",
        "{{}}",
        "{{ }}",
        "{{#if x}}a",
        "{{/if}}",
        "{{else}}",
        "{{#if x}}a{{/unless}}",
        "{{#if}}a{{/if}}",
        "{{if x}}",
        "{{> partial}}",
        "{{nope 'x'}}",
        "{{branch 'x'}}",
        "{{{branch}}",
        "{{branch}}}",
        "{{build.1}}",
        "{{{{raw}}}}x{{{{/raw}}}}",
        "{{say 'x}}",
        "{{a b=c d}}",
        "{{a..b}}",
        "{{(say}}",
        "{{#each}}{{/each}}",
        "{{!-- x }}",
        "{{* deco}}",
        "{{a.}}",
        "{{nope.x 'y'}}",
        "{{a|b}}",
    ] {
        assert!(fill(text).is_err(), "{text} gives {:?}", fill(text));
    }
    assert_eq!(
        fill("{{nope 'x'}}"),
        Err("Missing helper: \"nope\"".to_owned())
    );
}

#[test]
fn ends_on_texts_that_want_to_go_on_for_ever() {
    let deep = format!("{}{}", "{{#each build}}".repeat(20), "{{/each}}".repeat(20));
    assert!(fill(&deep).is_ok() || fill(&deep).is_err());
    let deeper = format!("{}{}", "{{#if yes}}".repeat(2000), "{{/if}}".repeat(2000));
    assert!(fill(&deeper).is_err());
    let calls = format!("{{{{say {}1{}}}}}", "(say ".repeat(2000), ")".repeat(2000));
    assert!(fill(&calls).is_err());
}

#[test]
fn knows_what_a_text_names() {
    let names = |text: &str, name| Template::parse(text).expect("it can be read").names(name);
    assert!(names("v{{version}}", "version"));
    assert!(names("{{#if raw}}x{{/if}}", "raw"));
    assert!(names("{{say (say raw)}}", "raw"));
    assert!(!names("raw {{major}} {{say 'raw'}}", "raw"));
}
