//! Read these as whoever was woken.

use insta::assert_snapshot;

use super::super::samples::{plan, rollback, rolled_back, second, status};
use crate::protocol::Outcome;

#[test]
fn a_summary_of_a_failure_begins_with_cause_and_next_step() {
    assert_snapshot!(rolled_back().markdown(), @r#"
    ## rolled back: v3 was not well; v2 serves again, as before

    **Cause:** not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200 (`not-proven`)

    **Next:** repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v3` |
    | image | `registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333` |
    | before | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | serves now | `v2`, as before |
    | reached at | `https://staging.example` |
    | took | 1 min 2 s, from 2026-11-22 10:31:05Z on |

    ```mermaid
    gantt
      dateFormat x
      axisFormat %H:%M:%S
      section tasks in staging
      1 leased 200 ms :done, 1795343465000, 1795343465200
      2 preparing 1.3 s :done, 1795343465200, 1795343466550
      3 proving 1 min :crit, 1795343466550, 1795343526550
      4 reverting 900 ms :done, 1795343526550, 1795343527450
      5 concluding 90 ms :done, 1795343527450, 1795343527540
    ```

    | phase | entered | took |
    | --- | --- | --- |
    | leased | 10:31:05Z | 200 ms |
    | preparing | 10:31:05Z | 1.3 s |
    | proving | 10:31:06Z | 1 min |
    | reverting | 10:32:06Z | 900 ms |
    | concluding | 10:32:07Z | 90 ms |

    | probes of | good | bad | not taken | the last that was not good |
    | --- | --- | --- | --- | --- |
    | `g2-1` | 0 | 58 | 2 | GET /health answered 503 `{"db":"down"}`, expected 200 |

    ### Last words of `g2-1` (its own, not ours)

    ```text
    listening on 8000
    ERROR no route to db:5432
    ```

    <details><summary>1 decision</summary>

    | when | phase | decision | on what |
    | --- | --- | --- | --- |
    | 10:32:06Z | proving | go back | not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200 |

    </details>

    <details><summary>2 acts on the target</summary>

    | when | what | took | ended |
    | --- | --- | --- | --- |
    | 10:31:05Z | `start g2-1` | 310 ms | done |
    | 10:32:06Z | `route g1-1=256` | 80 ms | done |

    </details>

    **Where to look:**

    - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    "#);
}

#[test]
fn a_summary_of_a_rollback_lists_every_candidate() {
    assert_snapshot!(rollback().markdown(), @"
    ## restored: v2 serves in staging again, in place of v3

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v2` |
    | image | `registry.example/acme/tasks@sha256:2222222222222222222222222222222222222222222222222222222222222222` |
    | before | `v3`, `sha256:333333333333`, g2, 1 instance, known-good since 2026-11-22 09:31:05Z |
    | serves now | `v2`, `sha256:222222222222`, g3, 1 instance, known-good since 2026-11-22 10:31:14Z |
    | reached at | `https://staging.example` |
    | took | 9.1 s, from 2026-11-22 10:31:05Z on |

    **Because:** 1 of 1 instances answered through the router, 5 rounds of probes

    ```mermaid
    gantt
      dateFormat x
      axisFormat %H:%M:%S
      section tasks in staging
      1 leased 200 ms :done, 1795343465000, 1795343465200
      2 preparing 800 ms :done, 1795343465200, 1795343466000
      3 proving 3.1 s :done, 1795343466000, 1795343469100
      4 baking 5 s :done, 1795343469100, 1795343474100
    ```

    | phase | entered | took |
    | --- | --- | --- |
    | leased | 10:31:05Z | 200 ms |
    | preparing | 10:31:05Z | 800 ms |
    | proving | 10:31:06Z | 3.1 s |
    | baking | 10:31:09Z | 5 s |

    ### Where a rollback can go

    | version | digest | generation | known-good since | verdict |
    | --- | --- | --- | --- | --- |
    | `1.8` | `sha256:of-1.8` | `g8` | 2026-11-21 10:31:05Z | serves now |
    | `1.7` | `sha256:of-1.7` | `g7` | 2026-11-21 10:31:05Z | not this one: another was asked for by name |
    | `1.6` | `sha256:of-1.6` | `g6` | 2026-11-21 10:31:05Z | no: it failed later, on 2026-11-22 10:31:05Z (errors) |
    | `1.5` | `sha256:of-1.5` | `g5` | 2026-11-21 10:31:05Z | no: its image is gone, or nobody could tell whether it is there |
    | `1.4` | `sha256:of-1.4` | `g4` | 2026-11-21 10:31:05Z | no: secrets that it needs are not set: DATABASE&#95;URL, TLS&#95;KEY |
    | `1.3` | `sha256:of-1.3` | `g3` | 2026-11-21 10:31:05Z | not by itself: a rollback left it on 2026-11-22 10:31:05Z; name it with `--version g3` to go there |
    | `1.2` | `sha256:of-1.2` | `g2` | 2026-11-21 10:31:05Z | chosen: the newest that nothing speaks against |
    | `1.1` | `sha256:of-1.1` | `g1` | 2026-11-21 10:31:05Z | possible, but a newer one was chosen |

    **Never proven here, so never gone back to:**

    - 1.9 (sha256&#58;of-1.9) failed on 2026-11-22 10:31:05Z: exited

    **Where to look:**

    - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn a_summary_of_a_plan_is_a_table() {
    assert_snapshot!(plan().markdown(), @"
    ## plan of tasks in staging: v3 would take the place of v2; nothing was touched

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v3` |
    | image | `registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333` |
    | strategy | blue-green |
    | before | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | serves now | `v2`, as before |
    | reached at | `https://staging.example` |
    | took | 400 ms, from 2026-11-22 10:31:05Z on |

    ### blue-green, step by step: 3 min 15 s at the worst

    |  | step | at the worst | what is done | if that fails |
    | --- | --- | --- | --- | --- |
    | 1 | start | 1 min | 1 new instance of v3 beside the old one | it is removed; nothing else was touched |
    | 2 | prove | 1 min | it answers 3 times in a row through the router, without traffic | traffic goes back to g1, which still runs |
    | 3 | bake | 1 min 15 s | it is watched under traffic for 15 s | traffic goes back to g1, which still runs |

    **What it means:**

    - goes back to: v2 (g1), known-good since 2026-11-21 10:31:05Z
    - interruption: none
    - at most 2 instances at a time
    - the button: staging is in deployment mode: every run that gets here goes on by itself

    **Besides:**

    - the router is older than the configuration: it serves on as it is

    **Where to look:**

    - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn a_summary_of_a_status_begins_with_what_needs_attention() {
    assert_snapshot!(status().markdown(), @"
    ## status of tasks in staging: v2 serves, known-good since 2026-11-21 10:31:05Z; one thing needs attention

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | serves now | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | reached at | `https://staging.example` |
    | took | 400 ms, from 2026-11-22 10:31:05Z on |

    **Needs attention:**

    - an earlier run did not finish: g2 (v3) was begun and not ended

    | instance | state | traffic | container |
    | --- | --- | --- | --- |
    | `g1-1` | running, healthy | takes traffic | `cd-tasks-staging-g1-1-t7` |
    | `g2-1` | exited | not in the table | `cd-tasks-staging-g2-1-t7` |

    | known-good | digest | generation | since |
    | --- | --- | --- | --- |
    | `v2` | `sha256:222222222222` | `g1` | 2026-11-21 10:31:05Z |

    **Quarantined:**

    - v1 (sha256:1111111111111111111111111111111111111111111111111111111111111111): not-proven on 2026-11-20 08:00:00Z

    **The rest:**

    - router: running
    - lease: run-7, for 12 s more
    - ledger: 9 records, unbroken; its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee

    **Where to look:**

    - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn a_summary_of_mistakes_keeps_their_lines() {
    let mistakes = [
        "error[config/unknown-key]: there is no key `helth`\n  --> cd.yml:4:1 helth\n  = help: did you mean `health`?",
        "error[config/range]: 0 replicas",
    ];
    let mut report = second(Outcome::Invalid, "config", &mistakes);
    report.environment.clear();
    assert_snapshot!(report.markdown(), @"
    ## invalid: 2 mistakes in the input or the configuration; nothing was touched

    ```text
    error[config/unknown-key]: there is no key `helth`
      --> cd.yml:4:1 helth
      = help: did you mean `health`?
    error[config/range]: 0 replicas
    ```

    **Next:** correct what is said above and run it again

    **Where to look:**

    - run [`https://forge.example/runs/7`](<https://forge.example/runs/7>)
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}
