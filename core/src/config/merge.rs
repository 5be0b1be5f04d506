//! What an environment overrides: maps are merged key by key, everything else is replaced, null removes.

use super::tree::{Kind, Node};

/// The keys that stand in the file and may stand in an environment again.
pub(super) const OVERRIDABLE: [(&str, &str); 2] = [("run", "Run"), ("health", "Health")];

/// The file with everything that is inherited written out in each environment.
pub(super) fn spread(root: &Node) -> Node {
    let entries = root.entries().iter().map(|(key, node)| {
        let node = if key == "environments" {
            each(node, |environment| inherit(root, environment))
        } else {
            node.clone()
        };
        (key.clone(), node)
    });
    Node {
        id: root.id,
        kind: if matches!(root.kind, Kind::Map(_)) {
            Kind::Map(entries.collect())
        } else {
            root.kind.clone()
        },
    }
}

fn each(map: &Node, change: impl Fn(&Node) -> Node) -> Node {
    let Kind::Map(entries) = &map.kind else {
        return map.clone();
    };
    Node {
        id: map.id,
        kind: Kind::Map(
            entries
                .iter()
                .map(|(key, node)| (key.clone(), change(node)))
                .collect(),
        ),
    }
}

fn inherit(root: &Node, environment: &Node) -> Node {
    if !matches!(environment.kind, Kind::Map(_) | Kind::Null) {
        return environment.clone();
    }
    let overridable = |key: &str| OVERRIDABLE.iter().any(|(name, _)| *name == key);
    let mut entries: Vec<(String, Node)> = environment
        .entries()
        .iter()
        .filter(|(key, _)| !overridable(key))
        .cloned()
        .collect();
    for (key, _) in OVERRIDABLE {
        let merged = match (root.get(key), environment.get(key)) {
            (inherited, None) => inherited.cloned(),
            (None, Some(own)) => without_nulls(own),
            (Some(inherited), Some(own)) => merge(inherited, own),
        };
        entries.extend(merged.map(|node| (key.to_owned(), node)));
    }
    Node {
        id: environment.id,
        kind: Kind::Map(entries),
    }
}

/// `own` over `inherited`; `None` where `own` removes it. The result stands where `own` stands.
fn merge(inherited: &Node, own: &Node) -> Option<Node> {
    let (Kind::Map(below), Kind::Map(above)) = (&inherited.kind, &own.kind) else {
        return without_nulls(own);
    };
    let mut entries = Vec::new();
    for (key, node) in below {
        let merged = own
            .get(key)
            .map_or_else(|| Some(node.clone()), |over| merge(node, over));
        entries.extend(merged.map(|node| (key.clone(), node)));
    }
    let new = above.iter().filter(|(key, _)| inherited.get(key).is_none());
    entries.extend(new.filter_map(|(key, node)| Some((key.clone(), without_nulls(node)?))));
    Some(Node {
        id: own.id,
        kind: Kind::Map(entries),
    })
}

fn without_nulls(own: &Node) -> Option<Node> {
    match &own.kind {
        Kind::Null => None,
        Kind::Map(entries) => {
            let kept = entries
                .iter()
                .filter_map(|(key, node)| Some((key.clone(), without_nulls(node)?)));
            Some(Node {
                id: own.id,
                kind: Kind::Map(kept.collect()),
            })
        }
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text | Kind::List(_) => {
            Some(own.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Document, read};
    use super::*;

    fn written(document: &Document, node: &Node) -> String {
        let inside = |nodes: Vec<String>| nodes.join(" ");
        match &node.kind {
            Kind::Null => "null".into(),
            Kind::List(items) => format!(
                "[{}]",
                inside(items.iter().map(|item| written(document, item)).collect())
            ),
            Kind::Map(entries) => format!(
                "{{{}}}",
                inside(
                    entries
                        .iter()
                        .map(|(key, node)| format!("{key}:{}", written(document, node)))
                        .collect()
                )
            ),
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text => {
                document.spot(node.id).written.clone()
            }
        }
    }

    #[test]
    fn maps_merge_everything_else_replaces_and_null_removes() {
        for (inherited, own, effective) in [
            ("{port: 1}", "{}", "{port:1}"),
            ("{port: 1}", "{port: 2}", "{port:2}"),
            ("{port: 1}", "{port: null}", "{}"),
            (
                "{env: {A: 1, B: 2}}",
                "{env: {B: 3, C: 4}}",
                "{env:{A:1 B:3 C:4}}",
            ),
            ("{env: {A: 1, B: 2}}", "{env: {A: ~}}", "{env:{B:2}}"),
            ("{env: {A: 1}}", "{env: null}", "{}"),
            ("{volumes: [a, b]}", "{volumes: [c]}", "{volumes:[c]}"),
            ("{env: {A: 1}}", "{env: [x]}", "{env:[x]}"),
            ("{}", "{env: {A: null, B: 1}}", "{env:{B:1}}"),
        ] {
            let (document, _) = read(
                "cd.yml",
                &format!("run: {inherited}\nenvironments:\n  a: {{run: {own}}}\n"),
            );
            let document = document.expect("it is YAML");
            let spread = spread(&document.root);
            let run = spread
                .get("environments")
                .and_then(|all| all.get("a"))
                .and_then(|a| a.get("run"))
                .expect("it is merged");
            assert_eq!(written(&document, run), effective, "{own} over {inherited}");
        }
    }

    #[test]
    fn an_environment_that_removes_run_has_none() {
        let (document, _) = read(
            "cd.yml",
            "run: {port: 1}\nenvironments: {a: {run: null}, b: }\n",
        );
        let spread = spread(&document.expect("it is YAML").root);
        let all = spread.get("environments").expect("it stays");
        assert!(all.get("a").is_some_and(|a| a.get("run").is_none()));
        assert!(all.get("b").is_some_and(|b| b.get("run").is_some()));
    }
}
