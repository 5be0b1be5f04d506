//! What a release has published, or found published: as data, in words, and as the file that a later job reads.

use serde::Serialize;
use serde_json::json;

use super::Report;
use super::escape::{cut, line};
use super::words::{count, short};
use crate::protocol::Outcome;

/// What a release has published, or found published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// Its name for people.
    pub version: String,
    /// The commit.
    pub revision: String,
    /// `name@digest`; empty where there is no image yet.
    pub image: String,
    /// `sha256:…`; empty where there is no image yet.
    pub digest: String,
    /// Whether the image was there before.
    pub reused: bool,
    /// What has made the image; `None`: nothing, in this run.
    pub made_with: Option<String>,
    /// Whether anything was begun that others see.
    pub touched: bool,
    /// Every name that was to be.
    pub names: Vec<PublishedName>,
    /// Every package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PublishedPackage>,
    /// The git tag and the forge's release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announcement: Option<PublishedRelease>,
}

/// A git tag, and a forge's release of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PublishedRelease {
    /// The git tag.
    pub tag: String,
    /// Where a person sees it; empty where there is none.
    pub url: String,
    /// What became of it, in words.
    pub fate: String,
}

impl PublishedRelease {
    /// In a line.
    pub(super) fn line(&self) -> String {
        let line = format!("{}, {} {}", self.tag, self.fate, self.url);
        line.trim_end().to_owned()
    }
}

/// A package, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PublishedPackage {
    /// What the configuration calls it.
    pub name: String,
    /// The project, as its index writes it; empty where nothing is built yet.
    pub project: String,
    /// Its version; empty where nothing is built yet.
    pub version: String,
    /// Where it is published.
    pub index: String,
    /// What was built.
    pub files: Vec<PublishedFile>,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PublishedFile {
    /// Its name.
    pub name: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Whether the index has it.
    pub holds: bool,
    /// What became of it, in words.
    pub fate: String,
}

/// A name, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PublishedName {
    /// `name:tag`.
    pub name: String,
    /// Whether it names one image for ever.
    pub fixed: bool,
    /// Whether it names this image.
    pub holds: bool,
    /// What became of it, in words.
    pub fate: String,
    /// What it named before, where that is another image.
    pub before: Option<String>,
}

impl Published {
    /// What this image is named by, one a line.
    #[must_use]
    pub fn tags(&self) -> String {
        self.names().collect::<Vec<_>>().join("\n")
    }

    /// What was built of packages, as `sha256sum` writes it.
    #[must_use]
    pub fn hashes(&self) -> String {
        let files = self.packages.iter().flat_map(|package| &package.files);
        let lines: Vec<String> = files
            .map(|file| format!("{}  {}", file.sha256, file.name))
            .collect();
        lines.join("\n")
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let holding = self.names.iter().filter(|name| name.holds);
        holding.map(|name| name.name.as_str())
    }

    /// The file that a later job reads.
    #[must_use]
    pub fn json(&self) -> String {
        let tags: Vec<&str> = self.names().collect();
        let packages: Vec<_> = self.packages.iter().map(handed).collect();
        let it = json!({
            "format": 1,
            "version": self.version,
            "revision": self.revision,
            "image": self.image,
            "digest": self.digest,
            "tags": tags,
            "packages": packages,
        });
        format!("{it:#}\n")
    }
}

/// A package, as a later job reads it.
fn handed(package: &PublishedPackage) -> serde_json::Value {
    let files = package.files.iter();
    let files: Vec<_> = files
        .map(|file| json!({ "name": file.name, "sha256": file.sha256 }))
        .collect();
    json!({
        "project": package.project,
        "version": package.version,
        "index": package.index,
        "files": files,
    })
}

/// How a release ended, in one sentence.
pub(super) fn headline(report: &Report) -> String {
    let Some(published) = &report.published else {
        return match report.outcome {
            Outcome::Invalid => {
                let mistakes = count(report.because.len().max(1), "mistake");
                format!("{mistakes} in the input or the configuration; nothing was published")
            }
            _ => "nothing was published".to_owned(),
        };
    };
    let it = cut(&line(&published.version), 80);
    let holding = published.names.iter().filter(|name| name.holds).count();
    let names = count(holding, "name");
    match report.outcome {
        Outcome::Released if published.touched => {
            format!(
                "{it} is published under {names}, as {}",
                short(&published.digest)
            )
        }
        Outcome::Released => {
            format!(
                "{it} was published already, under {names}, as {}; nothing was touched",
                short(&published.digest)
            )
        }
        Outcome::Shown => format!("{it} would be released; nothing was touched"),
        _ if !published.touched => format!("this run did not publish {it}; nothing was touched"),
        _ if holding == published.names.len() => {
            format!("{it} has all its {names}, and what comes after them is not done")
        }
        _ => format!(
            "{it} is not published as it was to be: it has {holding} of {}",
            count(published.names.len(), "name")
        ),
    }
}

impl PublishedName {
    /// Whether it stays what it is.
    pub(super) const fn kind(&self) -> &'static str {
        if self.fixed { "for ever" } else { "moves" }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::samples::run;
    use super::*;

    fn name(name: &str, fixed: bool, holds: bool, fate: &str) -> PublishedName {
        PublishedName {
            name: format!("registry.example/acme/tasks:{name}"),
            fixed,
            holds,
            fate: fate.to_owned(),
            before: None,
        }
    }

    fn report(outcome: Outcome, touched: bool) -> Report {
        let digest = format!("sha256:{}", "3".repeat(64));
        Report {
            environment: String::new(),
            url: None,
            ledger_head: None,
            published: Some(Published {
                version: "1.2.3".to_owned(),
                revision: "a".repeat(40),
                image: format!("registry.example/acme/tasks@{digest}"),
                digest,
                reused: !touched,
                made_with: touched.then(|| "docker build, with BuildKit".to_owned()),
                touched,
                names: vec![
                    name("1.2.3", true, true, "published"),
                    name(
                        "latest",
                        false,
                        false,
                        "stays: 1.3.0 is there, and is newer",
                    ),
                ],
                packages: vec![PublishedPackage {
                    name: "python".to_owned(),
                    project: "tasks".to_owned(),
                    version: "1.2.3".to_owned(),
                    index: "https://index.example/simple".to_owned(),
                    files: vec![PublishedFile {
                        name: "tasks-1.2.3.tar.gz".to_owned(),
                        sha256: "5".repeat(64),
                        holds: true,
                        fate: "was there".to_owned(),
                    }],
                }],
                announcement: Some(PublishedRelease {
                    tag: "v1.2.3".to_owned(),
                    url: "https://forge.example/releases/7".to_owned(),
                    fate: "published".to_owned(),
                }),
            }),
            ..run(
                "release",
                outcome,
                "published",
                &["the image was built and published"],
            )
        }
    }

    #[test]
    fn every_end_of_a_release_has_its_sentence() {
        let of = |outcome, touched| headline(&report(outcome, touched));
        let nothing = Report {
            published: None,
            ..report(Outcome::Invalid, false)
        };
        let all = [
            of(Outcome::Released, true),
            of(Outcome::Released, false),
            of(Outcome::Shown, false),
            of(Outcome::Rejected, false),
            of(Outcome::Failed, true),
            of(Outcome::Cancelled, true),
            headline(&nothing),
        ];
        assert_snapshot!(all.join("\n"), @"
        1.2.3 is published under 1 name, as sha256:333333333333
        1.2.3 was published already, under 1 name, as sha256:333333333333; nothing was touched
        1.2.3 would be released; nothing was touched
        this run did not publish 1.2.3; nothing was touched
        1.2.3 is not published as it was to be: it has 1 of 2 names
        1.2.3 is not published as it was to be: it has 1 of 2 names
        1 mistake in the input or the configuration; nothing was published
        ");
    }

    #[test]
    fn a_release_tells_what_is_where() {
        assert_snapshot!(report(Outcome::Released, true).text(), @"
        released: 1.2.3 is published under 1 name, as sha256:333333333333

        because
          the image was built and published

        the release
          version    1.2.3
          commit     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          image      registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333
          made with  docker build, with BuildKit
          git tag    v1.2.3, published https://forge.example/releases/7

        what is where
          registry.example/acme/tasks:1.2.3   for ever  published
          registry.example/acme/tasks:latest  moves     stays: 1.3.0 is there, and is newer

        python in https://index.example/simple
          tasks-1.2.3.tar.gz  was there  5555555555555555555555555555555555555555555555555555555555555555

        where to look
          run      https://forge.example/runs/7
          report   /tmp/cd/report.json
          journal  /tmp/cd/journal.jsonl
        ");
    }

    #[test]
    fn the_summary_tells_the_same() {
        assert_snapshot!(report(Outcome::Released, true).markdown(), @"
        ## released: 1.2.3 is published under 1 name, as sha256:333333333333

        **Because:** the image was built and published

        |  |  |
        | --- | --- |
        | version | `1.2.3` |
        | commit | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` |
        | image | `registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333` |
        | made with | docker build, with BuildKit |
        | git tag | v1.2.3, published https&#58;&#8203;//forge.example/releases/7 |

        | name | kind | now |
        | --- | --- | --- |
        | `registry.example/acme/tasks:1.2.3` | for ever | published |
        | `registry.example/acme/tasks:latest` | moves | stays: 1.3.0 is there, and is newer |

        | file | SHA-256 | now |
        | --- | --- | --- |
        | `tasks-1.2.3.tar.gz` | `5555555555555555555555555555555555555555555555555555555555555555` | was there |

        **Where to look:**

        - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
        - report `/tmp/cd/report.json`
        - journal `/tmp/cd/journal.jsonl`
        ");
    }

    #[test]
    fn a_later_job_reads_digest_version_and_tags() {
        let published = report(Outcome::Released, true)
            .published
            .expect("it is there");
        assert_eq!(published.tags(), "registry.example/acme/tasks:1.2.3");
        assert_eq!(
            published.hashes(),
            format!("{}  tasks-1.2.3.tar.gz", "5".repeat(64))
        );
        assert_snapshot!(published.json(), @r#"
        {
          "digest": "sha256:3333333333333333333333333333333333333333333333333333333333333333",
          "format": 1,
          "image": "registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333",
          "packages": [
            {
              "files": [
                {
                  "name": "tasks-1.2.3.tar.gz",
                  "sha256": "5555555555555555555555555555555555555555555555555555555555555555"
                }
              ],
              "index": "https://index.example/simple",
              "project": "tasks",
              "version": "1.2.3"
            }
          ],
          "revision": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "tags": [
            "registry.example/acme/tasks:1.2.3"
          ],
          "version": "1.2.3"
        }
        "#);
    }
}
