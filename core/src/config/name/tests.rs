//! Truth tables of the rules.

use super::*;

fn judge<T>(rule: impl Fn(&str) -> Parsed<T>, good: &[&str], bad: &[(&str, &str)]) {
    for text in good {
        assert!(rule(text).is_ok(), "{text:?} is refused");
    }
    for (text, code) in bad {
        let told = rule(text).err().map(|mistake| mistake.code());
        assert_eq!(told, Some(format!("config/{code}")).as_deref(), "{text:?}");
    }
}

#[test]
fn a_short_name_is_safe_in_every_name_made_of_it() {
    let longest = format!("a{}", "b".repeat(39));
    let too_long = format!("{longest}c");
    let bad = [
        "", "-a", "1a", "A", "a_b", "a.b", "a b", "é", "a\n", &too_long,
    ]
    .map(|text| (text, "name"));
    judge(short_name, &["a", "tasks", "a-1", &longest], &bad);
}

#[test]
fn a_short_name_is_made_of_any_name_with_a_letter() {
    for (text, name) in [
        ("My_App.rs", Some("my-app-rs")),
        ("tasks", Some("tasks")),
        ("1st--Try-", Some("st-try")),
        ("123", None),
        ("", None),
    ] {
        assert_eq!(shortened(text).as_deref(), name, "{text}");
    }
    let long = shortened(&"ab-".repeat(30)).unwrap_or_default();
    assert!(short_name(&long).is_ok(), "{long}");
}

#[test]
fn an_image_name_has_neither_tag_nor_digest() {
    let good = [
        "tasks",
        "acme/tasks",
        "registry.example/acme/tasks",
        "localhost:5000/tasks",
        "ghcr.io/acme/a_b-c.d",
    ];
    let bad = [
        "",
        "-tasks",
        "Acme/tasks",
        "tasks:1",
        "tasks@sha256:00",
        "a//b",
        "a/",
        "registry.example:x/a",
        "a b",
        "https://r.example/a",
    ];
    judge(image_name, &good, &bad.map(|text| (text, "name")));
}

#[test]
fn an_image_reference_may_have_both() {
    let digest = format!("haproxy:3.2@sha256:{}", "a".repeat(64));
    let good = [
        "haproxy",
        "haproxy:3.2-alpine",
        "localhost:5000/haproxy",
        "localhost:5000/haproxy:3",
        &digest,
    ];
    let bad = [
        "",
        "--rm",
        "haproxy:",
        "haproxy:-1",
        "haproxy@sha256:abc",
        "haproxy:3.2 x",
        "HAPROXY:3",
    ];
    judge(image_reference, &good, &bad.map(|text| (text, "name")));
}

#[test]
fn a_secret_cannot_steer_the_command_line_that_carries_it() {
    let bad = [
        "PATH",
        "HOME",
        "path",
        "DOCKER_HOST",
        "docker_config",
        "LD_PRELOAD",
        "SSH_AUTH_SOCK",
        "GODEBUG",
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
    ];
    judge(
        secret_variable,
        &[
            "DATABASE_URL",
            "TOKEN",
            "PATHS",
            "GOOGLE_KEY",
            "USERNAME",
            "GITHUB_TOKEN",
        ],
        &bad.map(|text| (text, "secret")),
    );
    judge(
        secret_variable,
        &[],
        &["", "1A", "A-B", "A=B", "A B", "É"].map(|text| (text, "name")),
    );
}

#[test]
fn a_file_secret_is_looked_for_in_a_variable_of_its_name() {
    assert_eq!(secret_file_variable("tls-key"), Ok("TLS_KEY".to_owned()));
    judge(
        secret_file_variable,
        &["TLS_KEY", "path"],
        &["", "1a", "a.b", "a/b"].map(|text| (text, "name")),
    );
}

#[test]
fn names_that_docker_takes() {
    judge(
        env_name,
        &["A", "_a", "SPRING.X", "a-b"],
        &["", "1A", "A=B", "A B", "-A", "é"].map(|text| (text, "name")),
    );
    judge(
        network,
        &["backend", "app_default"],
        &["", "host", "none", "-a", "container:x"].map(|text| (text, "name")),
    );
    judge(
        user,
        &["1000", "app", "1000:1000", "app:www-data"],
        &["", "-u", "a b", "a:b:c", ":0", "a:"].map(|text| (text, "name")),
    );
    judge(
        label,
        &["team", "traefik.enable", "a/b"],
        &["", "cd-action.service", "a=b", "-a", "a b", "é"].map(|text| (text, "name")),
    );
    judge(
        variable,
        &["A", "_1"],
        &["", "hunter2!", "$A", "${{ secrets.A }}"].map(|text| (text, "name")),
    );
}

#[test]
fn paths_are_absolute_and_stay_where_they_are() {
    let bad = [
        "", "a", "./a", "/", "//a", "/a/", "/a/../b", "/a:b", "/a\nb", "~/a",
    ];
    judge(
        absolute_path,
        &["/a", "/run/secrets/tls", "/a b"],
        &bad.map(|text| (text, "path")),
    );
    let long = format!("/{}", "x".repeat(101));
    judge(secret_path, &["/a"], &[(long.as_str(), "path")]);
    judge(
        http_path,
        &["/", "/health?x=1", "/%20"],
        &[
            "",
            "health",
            "/a b",
            "/a\r\nX: y",
            "/é",
            "/#a",
            "/a;b",
            "/a\\b",
            "/{{version}}",
        ]
        .map(|text| (text, "path")),
    );
}

#[test]
fn volumes_are_named_or_absolute() {
    let good = ["data:/data", "/srv/data:/data", "data:/data:ro"];
    let bad = [
        "",
        "data",
        "data:data",
        "./data:/data",
        "data:/data:rw",
        "data:/data:z",
        "-v:/data",
        ":/data",
        "data:/a/../b",
    ];
    judge(volume, &good, &bad.map(|text| (text, "path")));
    assert_eq!(mount_point("data:/data:ro"), "/data");
}

#[test]
fn a_url_shows_no_password() {
    let bad = [
        "",
        "staging.example",
        "ftp://a",
        "https://",
        "https://a b",
        "https://u:p@a",
        "javascript:x",
    ];
    judge(
        url,
        &["https://staging.example", "http://127.0.0.1:8000/x?y#z"],
        &bad.map(|text| (text, "address")),
    );
}

#[test]
fn an_engine_is_reached_by_ssh_or_by_a_socket() {
    for (text, canonical) in [
        (
            "ssh://deploy@staging.example",
            "ssh://deploy@staging.example",
        ),
        ("ssh://staging", "ssh://staging"),
        ("ssh://deploy@10.0.0.1:2222", "ssh://deploy@10.0.0.1:2222"),
        ("ssh://deploy@[::1]:22", "ssh://deploy@[::1]:22"),
        ("ssh://deploy@staging/", "ssh://deploy@staging"),
        (
            "ssh://deploy@staging:22/run/user/1000/docker.sock",
            "ssh://deploy@staging:22/run/user/1000/docker.sock",
        ),
        ("unix:///run/docker.sock", "unix:///run/docker.sock"),
    ] {
        assert_eq!(
            docker_host(text).map(|host| host.to_string()),
            Ok(canonical.to_owned()),
            "{text}"
        );
    }
    let bad = [
        "",
        "staging",
        "ssh://",
        "ssh://a:pw@b",
        "ssh://-oProxyCommand=x",
        "ssh://-a@b",
        "ssh://a@b/../docker.sock",
        "ssh://a@b/run/a:b",
        "ssh:///run/docker.sock",
        "ssh://a@b:0",
        "ssh://[::1]x",
        "ssh://[x]",
        "unix://docker.sock",
        "foo://a",
    ];
    judge(docker_host, &[], &bad.map(|text| (text, "address")));
    judge(
        docker_host,
        &[],
        &["tcp://10.0.0.1:2376", "npipe:////./pipe/x"].map(|text| (text, "not-yet")),
    );
}
