use super::*;

mod moving;
mod properties;
mod rules;
mod vectors;
mod when_needed;
mod whole;

/// A request on GitHub, to be overridden.
fn request(name: &str, reference: &str, tags: &str) -> Request {
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_REF", reference),
        ("GITHUB_SHA", SHA),
        ("GITHUB_REPOSITORY", "octocat/Hello-World"),
        ("GITHUB_SERVER_URL", "https://github.com"),
    ];
    let env = env
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let payload = serde_json::json!({ "repository": { "default_branch": "master" } });
    Request {
        inputs: Inputs {
            images: "user/app".to_owned(),
            tags: tags.to_owned(),
            ..Inputs::default()
        },
        event: crate::event::github(&env, Some(&payload), &GitFacts::default()),
        now: Timestamp(NOW),
        ..Request::default()
    }
}

fn names(request: &Request) -> Vec<String> {
    let derived = derive(request).expect("nothing is wrong with it");
    derived.tags.into_iter().map(|tag| tag.name).collect()
}

fn derived(request: &Request) -> Derived {
    derive(request).expect("nothing is wrong with it")
}

fn refused(request: &Request) -> Vec<String> {
    let mistakes = derive(request).err().unwrap_or_default();
    mistakes
        .into_iter()
        .map(|mistake| mistake.message)
        .collect()
}

fn why(request: &Request) -> Vec<String> {
    let verdicts = derived(request).verdicts;
    verdicts.iter().map(ToString::to_string).collect()
}

const SHA: &str = "860c1904a1ce19322e91ac35af1ab07466440c37";
/// 2020-01-10T00:30:00Z
const NOW: u64 = 1_578_616_200_000;
