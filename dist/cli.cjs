#!/usr/bin/env node
// Built from action/src by action/build.mjs; do not edit.
"use strict";

// src/generated/needs.ts
var VERSION = "0.1.0";
var CD_ACTION = {
  "env": [
    "BITBUCKET_BRANCH",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "BITBUCKET_GIT_HTTP_ORIGIN",
    "BITBUCKET_PIPELINE_UUID",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BITBUCKET_PR_ID",
    "BITBUCKET_REPO_FULL_NAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BITBUCKET_TAG",
    "BRANCH_IS_PRIMARY",
    "BRANCH_NAME",
    "BUILD_BUILDID",
    "BUILD_BUILDURI",
    "BUILD_ID",
    "BUILD_NUMBER",
    "BUILD_REASON",
    "BUILD_REPOSITORY_NAME",
    "BUILD_REPOSITORY_URI",
    "BUILD_REQUESTEDFOR",
    "BUILD_SOURCEBRANCH",
    "BUILD_SOURCEVERSION",
    "BUILD_TAG",
    "BUILD_URL",
    "BUILD_USER",
    "BUILD_USER_ID",
    "CD_RUN_URL",
    "CHANGE_AUTHOR",
    "CHANGE_BRANCH",
    "CHANGE_FORK",
    "CHANGE_ID",
    "CHANGE_TARGET",
    "CI",
    "CIRCLECI",
    "CIRCLE_BRANCH",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_BUILD_URL",
    "CIRCLE_PROJECT_REPONAME",
    "CIRCLE_PROJECT_USERNAME",
    "CIRCLE_PR_NUMBER",
    "CIRCLE_PR_REPONAME",
    "CIRCLE_PULL_REQUEST",
    "CIRCLE_REPOSITORY_URL",
    "CIRCLE_SHA1",
    "CIRCLE_TAG",
    "CIRCLE_USERNAME",
    "CIRCLE_WORKFLOW_ID",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TIMESTAMP",
    "CI_DEFAULT_BRANCH",
    "CI_EXTERNAL_PULL_REQUEST_IID",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY",
    "CI_JOB_URL",
    "CI_MERGE_REQUEST_IID",
    "CI_MERGE_REQUEST_PROJECT_PATH",
    "CI_MERGE_REQUEST_REF_PATH",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_IID",
    "CI_PIPELINE_SOURCE",
    "CI_PIPELINE_URL",
    "CI_PROJECT_DESCRIPTION",
    "CI_PROJECT_NAME",
    "CI_PROJECT_PATH",
    "CI_PROJECT_URL",
    "CI_PULL_REQUEST",
    "CI_REGISTRY",
    "CI_REGISTRY_IMAGE",
    "DOCKER_CONFIG",
    "DOCKER_METADATA_ANNOTATIONS_LEVELS",
    "DOCKER_METADATA_PR_HEAD_SHA",
    "DOCKER_METADATA_SET_OUTPUT_ENV",
    "DOCKER_METADATA_SHORT_SHA_LENGTH",
    "FORGEJO_ACTIONS",
    "FORGEJO_ACTOR",
    "FORGEJO_BASE_REF",
    "FORGEJO_EVENT_NAME",
    "FORGEJO_HEAD_REF",
    "FORGEJO_REF",
    "FORGEJO_REPOSITORY",
    "FORGEJO_RUN_ATTEMPT",
    "FORGEJO_RUN_ID",
    "FORGEJO_RUN_NUMBER",
    "FORGEJO_SERVER_URL",
    "FORGEJO_SHA",
    "FORGEJO_TRIGGERING_ACTOR",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITHUB_ACTION_REPOSITORY",
    "GITHUB_ACTOR",
    "GITHUB_API_URL",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "GITHUB_HEAD_REF",
    "GITHUB_JOB",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_WORKFLOW",
    "GITLAB_CI",
    "GITLAB_USER_LOGIN",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_LOCAL_BRANCH",
    "GIT_URL",
    "HOME",
    "JENKINS_URL",
    "RUNNER_DEBUG",
    "SOURCE_DATE_EPOCH",
    "SYSTEM_COLLECTIONURI",
    "SYSTEM_JOBATTEMPT",
    "SYSTEM_PULLREQUEST_ISFORK",
    "SYSTEM_PULLREQUEST_PULLREQUESTID",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "SYSTEM_TEAMPROJECT",
    "TAG_NAME",
    "TF_BUILD",
    "USER",
    "USERNAME"
  ],
  "inputs": [
    "command",
    "environment",
    "config",
    "image",
    "version",
    "wait",
    "on-held",
    "override",
    "reason",
    "until",
    "dry-run",
    "verify",
    "github-token",
    "job-status"
  ],
  "plain": [
    "aborted",
    "answer",
    "app",
    "application",
    "backup",
    "base64",
    "bridge",
    "cd-action",
    "check",
    "checkpoint",
    "clock",
    "close",
    "config",
    "connection",
    "content",
    "created",
    "dead",
    "default",
    "digest",
    "docker",
    "done",
    "down",
    "drain",
    "elsewhere",
    "environment",
    "exited",
    "false",
    "fenced",
    "file",
    "forked",
    "generation",
    "gone",
    "gpc",
    "github",
    "healthy",
    "held",
    "holder",
    "hrsp",
    "http",
    "https",
    "images",
    "index",
    "info",
    "instance",
    "invalid",
    "json",
    "key",
    "lease",
    "ledger",
    "left",
    "length",
    "lingering",
    "listener",
    "local",
    "maint",
    "missing",
    "name",
    "network",
    "none",
    "null",
    "op_state",
    "open",
    "opened",
    "paused",
    "pending",
    "primary",
    "proven",
    "question",
    "reached",
    "recorded",
    "ready",
    "refused",
    "release",
    "removing",
    "requests",
    "restarting",
    "result",
    "role",
    "rounds",
    "router",
    "running",
    "scur",
    "sha256",
    "since",
    "srv_addr",
    "srv_admin_state",
    "srv_name",
    "srv_op_state",
    "srv_uweight",
    "starting",
    "stat",
    "state",
    "sticky",
    "stop",
    "stopped",
    "stot",
    "svname",
    "table",
    "through",
    "times",
    "token",
    "traffic",
    "true",
    "unhealthy",
    "unreachable",
    "unreached",
    "until",
    "up",
    "version",
    "volume",
    "weight",
    "word",
    "words"
  ],
  "scratch": true,
  "builds": [
    "release"
  ]
};
var METADATA = {
  "env": [
    "BITBUCKET_BRANCH",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "BITBUCKET_GIT_HTTP_ORIGIN",
    "BITBUCKET_PIPELINE_UUID",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BITBUCKET_PR_ID",
    "BITBUCKET_REPO_FULL_NAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BITBUCKET_TAG",
    "BRANCH_IS_PRIMARY",
    "BRANCH_NAME",
    "BUILD_BUILDID",
    "BUILD_BUILDURI",
    "BUILD_ID",
    "BUILD_NUMBER",
    "BUILD_REASON",
    "BUILD_REPOSITORY_NAME",
    "BUILD_REPOSITORY_URI",
    "BUILD_REQUESTEDFOR",
    "BUILD_SOURCEBRANCH",
    "BUILD_SOURCEVERSION",
    "BUILD_TAG",
    "BUILD_URL",
    "BUILD_USER",
    "BUILD_USER_ID",
    "CHANGE_AUTHOR",
    "CHANGE_BRANCH",
    "CHANGE_FORK",
    "CHANGE_ID",
    "CHANGE_TARGET",
    "CIRCLECI",
    "CIRCLE_BRANCH",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_BUILD_URL",
    "CIRCLE_PROJECT_REPONAME",
    "CIRCLE_PROJECT_USERNAME",
    "CIRCLE_PR_NUMBER",
    "CIRCLE_PR_REPONAME",
    "CIRCLE_PULL_REQUEST",
    "CIRCLE_REPOSITORY_URL",
    "CIRCLE_SHA1",
    "CIRCLE_TAG",
    "CIRCLE_USERNAME",
    "CIRCLE_WORKFLOW_ID",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TIMESTAMP",
    "CI_DEFAULT_BRANCH",
    "CI_EXTERNAL_PULL_REQUEST_IID",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY",
    "CI_JOB_URL",
    "CI_MERGE_REQUEST_IID",
    "CI_MERGE_REQUEST_PROJECT_PATH",
    "CI_MERGE_REQUEST_REF_PATH",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_IID",
    "CI_PIPELINE_SOURCE",
    "CI_PIPELINE_URL",
    "CI_PROJECT_DESCRIPTION",
    "CI_PROJECT_NAME",
    "CI_PROJECT_PATH",
    "CI_PROJECT_URL",
    "CI_PULL_REQUEST",
    "CI_REGISTRY",
    "CI_REGISTRY_IMAGE",
    "FORGEJO_ACTIONS",
    "FORGEJO_ACTOR",
    "FORGEJO_BASE_REF",
    "FORGEJO_EVENT_NAME",
    "FORGEJO_HEAD_REF",
    "FORGEJO_REF",
    "FORGEJO_REPOSITORY",
    "FORGEJO_RUN_ATTEMPT",
    "FORGEJO_RUN_ID",
    "FORGEJO_RUN_NUMBER",
    "FORGEJO_SERVER_URL",
    "FORGEJO_SHA",
    "FORGEJO_TRIGGERING_ACTOR",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITHUB_ACTOR",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "GITHUB_HEAD_REF",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_TRIGGERING_ACTOR",
    "GITLAB_CI",
    "GITLAB_USER_LOGIN",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_LOCAL_BRANCH",
    "GIT_URL",
    "JENKINS_URL",
    "SYSTEM_COLLECTIONURI",
    "SYSTEM_JOBATTEMPT",
    "SYSTEM_PULLREQUEST_ISFORK",
    "SYSTEM_PULLREQUEST_PULLREQUESTID",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "SYSTEM_TEAMPROJECT",
    "TAG_NAME",
    "TF_BUILD",
    "USER",
    "USERNAME",
    "DOCKER_METADATA_PR_HEAD_SHA",
    "DOCKER_METADATA_SHORT_SHA_LENGTH",
    "DOCKER_METADATA_ANNOTATIONS_LEVELS",
    "DOCKER_METADATA_SET_OUTPUT_ENV",
    "SOURCE_DATE_EPOCH"
  ],
  "inputs": [
    "context",
    "images",
    "tags",
    "flavor",
    "labels",
    "annotations",
    "sep-tags",
    "sep-labels",
    "sep-annotations",
    "bake-target",
    "github-token"
  ],
  "plain": [],
  "scratch": false,
  "builds": []
};
var REPLAY = {
  "env": [],
  "inputs": [],
  "plain": [],
  "scratch": false,
  "builds": []
};

// src/shell.ts
var import_node_fs12 = require("node:fs");
var import_node_path8 = require("node:path");

// src/begin.ts
var import_node_path = require("node:path");

// src/late.ts
var childProcess = () => require("node:child_process");
var os = () => require("node:os");
var v8 = () => require("node:v8");
var crypto = () => require("node:crypto");
var http = () => require("node:http");
var https = () => require("node:https");

// src/begin.ts
function findPlaces(platform, env, startedAt) {
  const temporary = env.RUNNER_TEMP || os().tmpdir();
  const onCommandLine = platform === "command-line";
  const reports = onCommandLine ? (0, import_node_path.join)(process.cwd(), ".cd-action") : (0, import_node_path.join)(temporary, "cd-action");
  const utc = new Date(startedAt).toISOString().slice(0, SECONDS).replaceAll("-", "").replaceAll(":", "");
  return {
    temporary,
    workspace: (onCommandLine ? void 0 : env.GITHUB_WORKSPACE) || process.cwd(),
    reports,
    journal: (0, import_node_path.join)(reports, `journal-${utc}Z-${process.pid}.jsonl`),
    startedAt
  };
}
function findFacts({ program, needs: needs2, platform, argv: argv2 }, env, places) {
  const { workspace, scratch, reports, journal, leg } = places;
  return {
    program,
    argv: [...argv2],
    inputs: platform === "command-line" ? {} : { ...given(needs2.inputs, env, inputVariable), ...states(env) },
    env: given(needs2.env, env, (name) => name),
    platform,
    workspace,
    scratch,
    reports,
    holder: platform === "command-line" ? localHolder(places.startedAt) : jobHolder(env, leg),
    journal
  };
}
function given(names, env, variableOf) {
  const values = {};
  for (const name of names) {
    const value = env[variableOf(name)];
    if (value !== void 0) values[name] = value;
  }
  return values;
}
function inputVariable(name) {
  return `INPUT_${name.toUpperCase().replaceAll(" ", "_")}`;
}
function states(env) {
  const found = Object.entries(env).filter(([name]) => name.startsWith(STATE) && !OWN_STATES.includes(name));
  return Object.fromEntries(found.map(([name, value]) => [`state-${name.slice(STATE.length)}`, value ?? ""]));
}
function jobHolder(env, leg) {
  const server = env.GITHUB_SERVER_URL?.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "");
  const parts = [server, env.GITHUB_REPOSITORY, env.GITHUB_RUN_ID, env.GITHUB_JOB];
  return holder(`github:${parts.map((part) => part || "-").join("/")}#${env.GITHUB_RUN_ATTEMPT || "1"}.${leg}`);
}
function localHolder(startedAt) {
  return holder(`local:${user()}@${os().hostname()}:${process.pid}-${startedAt}`);
}
function user() {
  try {
    return os().userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
function holder(text2) {
  return text2.replace(/[^A-Za-z0-9._:/@#-]/g, "_");
}
var SECONDS = 19;
var STATE = "STATE_";
var OWN_STATES = ["STATE_isPost", "STATE_scratch", "STATE_leg"];

// src/blot.ts
function createBlotter(isPlain) {
  const values = /* @__PURE__ */ new Map();
  let index = createIndex();
  const addForms = (forms2) => {
    for (const form of forms2) if (!isPlain(form)) addForm(index, form);
  };
  const blotFrom = (text2, start) => {
    let blotted = "";
    let from = start;
    for (const [begin, end] of matches(index, text2)) {
      if (end <= from) continue;
      blotted += `${text2.slice(from, Math.max(from, begin))}${BLOT}`;
      from = end;
    }
    return blotted + text2.slice(from);
  };
  return {
    add: (value) => {
      if (value.length < SHORTEST) return "short";
      if (values.has(value)) return "known";
      if (isPlain(value)) return "plain";
      const all = [...forms(value), ...lines(value)];
      values.set(value, all);
      addForms(all);
      return "new";
    },
    review: () => {
      index = createIndex();
      for (const [value, all] of values) {
        if (isPlain(value)) values.delete(value);
        else addForms(all);
      }
    },
    blot: (text2) => blotFrom(text2, 0),
    blotFrom,
    longest: () => index.longest
  };
}
function lines(value) {
  const parts = value.split(/[\r\n]+/).map((line) => line.trim());
  return parts.length < 2 ? [] : parts.filter((line) => line.length >= SHORTEST);
}
function forms(value) {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const texts = [value, ...SAFE.test(value) ? [] : quoted(value), hex, hex.toUpperCase(), ...base64(bytes)];
  return new Set(texts.filter((text2) => text2.length >= SHORTEST));
}
function quoted(value) {
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value.trim(),
    json,
    jsonAscii(json),
    // Python
    json.replace(/[<>&]/g, unicodeEscape),
    // Go
    JSON.stringify(json).slice(1, -1),
    // a document in a document
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    ...percent(value)
  ];
}
function base64(bytes) {
  const whole = bytes.toString("base64");
  const parts = [0, 1, 2].map((shift) => {
    const letters = Math.floor((shift + bytes.length) * 8 / 6);
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return shifted.slice(shift === 0 ? 0 : shift + 1, letters);
  });
  return [whole, whole.replace(/=+$/, ""), ...parts].flatMap((part) => [
    part,
    part.replaceAll("+", "-").replaceAll("/", "_")
  ]);
}
function percent(value) {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ "": value }).toString().slice(1);
  const all = [component, strict, strict.replaceAll("%20", "+"), form, encodeURI(value)];
  return all.flatMap((text2) => [text2, text2.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}
function jsonAscii(json) {
  return json.replace(/[^ -~]/g, unicodeEscape);
}
function unicodeEscape(letter) {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
function createIndex() {
  const byBeginning = /* @__PURE__ */ new Map();
  let beginnings;
  const note = (form) => {
    if (beginnings !== void 0) beginnings[hash(form, 0)] = 1;
  };
  return {
    beginnings: () => {
      if (beginnings === void 0) {
        beginnings = new Uint8Array(65536);
        for (const beginning2 of byBeginning.keys()) note(beginning2);
      }
      return beginnings;
    },
    byBeginning,
    note,
    longest: 0
  };
}
function addForm(index, form) {
  const beginning2 = form.slice(0, SHORTEST);
  const forms2 = index.byBeginning.get(beginning2) ?? [];
  if (forms2.includes(form)) return;
  forms2.push(form);
  forms2.sort((a, b) => b.length - a.length);
  index.byBeginning.set(beginning2, forms2);
  index.note(form);
  index.longest = Math.max(index.longest, Buffer.byteLength(form));
}
function* matches(index, text2) {
  if (!mayHold(index, text2)) return;
  const beginnings = index.beginnings();
  let open;
  for (let at = 0; at + SHORTEST <= text2.length; at += 1) {
    if (beginnings[hash(text2, at)] === 0) continue;
    const form = index.byBeginning.get(text2.slice(at, at + SHORTEST))?.find((form2) => text2.startsWith(form2, at));
    if (form === void 0) continue;
    const end = at + form.length;
    if (open !== void 0 && at <= open[1]) open[1] = Math.max(open[1], end);
    else {
      if (open !== void 0) yield open;
      open = [at, end];
    }
  }
  if (open !== void 0) yield open;
}
function mayHold({ byBeginning }, text2) {
  if (text2.length < SHORTEST) return false;
  if (byBeginning.size > text2.length) return true;
  for (const beginning2 of byBeginning.keys()) if (text2.includes(beginning2)) return true;
  return false;
}
function hash(text2, at) {
  const letter = (offset) => text2.charCodeAt(at + offset);
  return letter(0) + 31 * letter(1) + 961 * letter(2) + 29791 * letter(3) & 65535;
}
var SAFE = /^[A-Za-z0-9._-]*$/;
var BLOT = "***";
var SHORTEST = 4;

// src/emit/printable.ts
function printable(text2) {
  if (!CONTROLS.test(text2)) return text2;
  return text2.replace(/\r\n?/g, "\n").replace(escapeSequences(), "").replace(new RegExp(CONTROLS, "g"), "");
}
var ESC = "\x1B";
var BEL = "\x07";
var CONTROLS = /[^\t\n -~\u00a0-\uffff]/;
function escapeSequences() {
  return new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BEL}${ESC}\\n]*(?:${BEL}|${ESC}\\\\)?`, "g");
}

// src/unreachable.ts
function unreachable(value) {
  throw new Error(`the shell does not know ${JSON.stringify(value)}`);
}

// src/blot-boundary.ts
function blotInput(input2, blot) {
  switch (input2.type) {
    case "begin":
      return { ...input2, ...blotBegin(input2, blot) };
    case "completed":
      return { ...input2, completion: blotCompletion(input2.completion, blot) };
    case "cancel":
    case "tick":
      return input2;
    default:
      return unreachable(input2);
  }
}
function blotWords(words2, blot) {
  const line = (text2) => blot(printable(text2));
  switch (words2.type) {
    case "log":
    case "relay":
      return { ...words2, text: line(words2.text) };
    case "group":
      return { ...words2, title: line(words2.title) };
    case "annotation":
      return { ...words2, title: line(words2.title), message: line(words2.message), file: words2.file && line(words2.file) };
    case "output":
    case "variable":
    case "state":
      return { ...words2, value: blot(words2.value) };
    case "summary":
      return { ...words2, markdown: blot(words2.markdown) };
    case "answer":
      return { ...words2, json: blotJson(words2.json, blot) };
    case "end-group":
      return words2;
    default:
      return unreachable(words2);
  }
}
function blotBegin(begin, blot) {
  const values = (map) => Object.fromEntries(Object.entries(map).map(([name, value]) => [name, blot(value)]));
  return { argv: begin.argv.map(blot), inputs: values(begin.inputs), env: values(begin.env) };
}
function blotCompletion(completion, blot) {
  switch (completion.type) {
    case "exited":
    case "timed-out":
      return { ...completion, stdout: blot(completion.stdout), stderr: blot(completion.stderr) };
    case "read":
      return { ...completion, text: blot(completion.text) };
    case "fetched": {
      const headers2 = Object.entries(completion.headers).map(([name, value]) => [name, blot(value)]);
      return { ...completion, headers: Object.fromEntries(headers2), body: blot(completion.body) };
    }
    case "failed":
      return { ...completion, message: blot(completion.message) };
    case "recalled":
    case "opened":
    case "written":
    case "unset":
    case "fingerprinted":
      return completion;
    default:
      return unreachable(completion);
  }
}
function blotJson(json, blot) {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (token) => `"${blot(token.slice(1, -1))}"`);
}

// src/drive.ts
async function drive(loading, begin, hands, inbox) {
  const aborts = /* @__PURE__ */ new Map();
  let underWay = 0;
  let told = takeIn({ type: "begin", ...begin }, hands);
  const core = await loading;
  for (; ; ) {
    let wakeAt = null;
    for (const output of decide(core, told, hands)) {
      switch (output.type) {
        case "effect":
          underWay += 1;
          hands.flush();
          start(output.id, output.effect);
          break;
        case "abort":
          aborts.get(output.id)?.abort();
          break;
        case "emit":
          hands.emit(output.emit);
          break;
        case "idle":
          wakeAt = output.wakeAt;
          break;
        case "done":
          return output;
        default:
          unreachable(output);
      }
    }
    hands.flush();
    if (wakeAt === null && underWay === 0) throw new Error("the core waits, but nothing is under way");
    const input2 = await inbox.take(wakeAt, hands.now) ?? { type: "tick" };
    if (input2.type === "completed") underWay -= 1;
    told = takeIn(input2, hands);
  }
  function start(id, effect) {
    const abort = new AbortController();
    aborts.set(id, abort);
    hands.perform(effect, abort.signal).then((completion) => {
      inbox.put({ type: "completed", id, completion });
    }, inbox.fail);
  }
}
function takeIn(input2, hands) {
  const now = hands.now();
  hands.hear(input2);
  const blotted = blotInput(input2, hands.blot);
  hands.journal.input(now, blotted);
  return { now, json: JSON.stringify(blotted) };
}
function decide(core, { now, json }, hands) {
  const outputs = JSON.parse(core.handle(now, json));
  hands.journal.outputs(outputs);
  return outputs;
}

// src/effects/fault.ts
function refuse(fault, message) {
  throw Object.assign(new Error(message), { fault });
}
function failed(error) {
  if (!(error instanceof Error)) throw error;
  if ("fault" in error) return { type: "failed", fault: error.fault, message: error.message };
  if ("code" in error) return { type: "failed", fault: faultOf(String(error.code)), message: error.message };
  throw error;
}
function faultOf(code) {
  switch (code) {
    case "ENOENT":
      return "not-found";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "denied";
    case "E2BIG":
      return "too-large";
    default:
      return "other";
  }
}

// src/effects/fetch.ts
var import_node_fs = require("node:fs");
var import_node_path2 = require("node:path");

// src/inbox.ts
function createInbox() {
  const items = [];
  let failure;
  let wake = () => {
  };
  return {
    put: (item) => {
      items.push(item);
      wake();
    },
    fail: (error) => {
      failure ??= { error };
      wake();
    },
    take: async (until, now) => {
      if (items.length === 0 && failure === void 0) {
        await new Promise((resolve) => {
          const timer = until === null ? void 0 : setTimeout(resolve, clampDelay(until - now()));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (failure !== void 0) throw failure.error;
      return items.shift();
    }
  };
}
function clampDelay(milliseconds) {
  return Math.min(Math.max(milliseconds, 0), 2147483647);
}

// src/effects/fetch.ts
function fetch2(effect, world, signal) {
  const open = [];
  const ask = (method, url, headers2) => {
    const by = url.startsWith("https:") ? https() : http();
    const agent = effect.direct ? {} : { agent: new by.Agent(byProxies(world.env)) };
    const request2 = by.request(url, { method, headers: headers2, signal, ...agent });
    open.push(request2);
    return request2;
  };
  const request = ask(effect.method, effect.url, headers(effect, world));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      settle({ type: "timed-out", stdout: "", stderr: "" });
    }, clampDelay(effect.timeout));
    const end = () => {
      clearTimeout(timer);
      for (const it of open) it.destroy();
    };
    const settle = (completion) => {
      resolve(completion);
      end();
    };
    const fail = (error) => {
      reject(error);
      end();
    };
    const cut2 = (error) => settle({ type: "failed", fault: "unreachable", message: words(error) });
    request.on("error", cut2);
    request.on("response", (response) => {
      const chunks = [];
      let size = 0;
      const saved = effect.save !== null && response.statusCode === 200 ? effect.save : null;
      response.on("error", cut2);
      response.on("data", (chunk) => {
        size += chunk.length;
        if (saved === null) chunks.push(chunk);
        if (size > effect.limit) {
          settle({ type: "failed", fault: "too-large", message: `the answer has more than ${effect.limit} bytes` });
        }
      });
      if (saved !== null) {
        try {
          save(response, saved, fail, () => settle(answer(effect, response, "", world.secrets)));
        } catch (error) {
          fail(error);
        }
        return;
      }
      response.on("end", () => {
        try {
          settle(answer(effect, response, Buffer.concat(chunks).toString("utf8"), world.secrets));
        } catch (error) {
          fail(error);
        }
      });
    });
    try {
      const from = send(effect.body, request, world, ask);
      from?.on("error", cut2);
      from?.on("response", (response) => pass(response, request, cut2));
      from?.end();
    } catch (error) {
      fail(error);
    }
  });
}
function byProxies(env) {
  return { proxyEnv: env };
}
function send(body, request, world, ask) {
  switch (body?.type) {
    case void 0:
      request.end();
      return null;
    case "text":
      request.end(body.text);
      return null;
    case "file":
      sendFile(body.path, request);
      return null;
    case "answer":
      return ask("GET", body.url, who(body.authorization, world));
    default:
      return unreachable(body);
  }
}
function sendFile(path, request) {
  request.setHeader("content-length", String((0, import_node_fs.statSync)(path).size));
  const file = (0, import_node_fs.createReadStream)(path);
  file.on("error", (error) => request.destroy(error));
  file.pipe(request);
}
function save(response, path, fail, done) {
  (0, import_node_fs.mkdirSync)((0, import_node_path2.dirname)(path), { recursive: true });
  const file = (0, import_node_fs.createWriteStream)(path, { mode: 384 });
  file.on("error", fail);
  file.on("finish", done);
  response.pipe(file);
}
function pass(response, request, cut2) {
  response.on("error", cut2);
  if (response.statusCode !== 200) {
    cut2(new Error(`what was to be sent is answered with ${response.statusCode}`));
    return;
  }
  const length = response.headers["content-length"];
  if (length !== void 0) request.setHeader("content-length", length);
  response.pipe(request);
}
function headers(effect, world) {
  const length = effect.body?.type === "text" ? { "content-length": String(Buffer.byteLength(effect.body.text)) } : {};
  return { ...effect.headers, ...length, ...who(effect.authorization, world) };
}
function who(asks, world) {
  return asks === null ? {} : { authorization: authorization(asks, world) };
}
function authorization(who2, world) {
  const { env, secrets, blotter } = world;
  switch (who2.type) {
    case "basic": {
      const user2 = env[who2.user] || refuse("secret-missing", `the environment variable ${who2.user} is not set, or empty`);
      return basic(user2, who2.password, world);
    }
    case "named":
      return basic(who2.user, who2.password, world);
    case "variable":
      return `Bearer ${secrets.reveal(who2.name)}`;
    case "login":
      return `Basic ${login(secrets.kept(who2.kept), blotter)}`;
    case "bearer":
      return `Bearer ${secrets.kept(who2.kept)}`;
    default:
      return unreachable(who2);
  }
}
function basic(user2, password, { secrets, blotter }) {
  const text2 = Buffer.from(`${user2}:${secrets.reveal(password)}`).toString("base64");
  blotter.add(text2);
  return `Basic ${text2}`;
}
function login(text2, blotter) {
  const [, ...password] = Buffer.from(text2, "base64").toString("utf8").split(":");
  blotter.add(password.join(":"));
  return text2;
}
function answer({ want, keep }, response, body, secrets) {
  if (keep !== null) secrets.keep(keep.name, secretIn(body, keep));
  const wanted = want.flatMap((name) => {
    const value = response.headers[name];
    return value === void 0 ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]];
  });
  const status = response.statusCode ?? 0;
  return { type: "fetched", status, headers: Object.fromEntries(wanted), body: keep === null ? body : "" };
}
function secretIn(body, { members }) {
  let object;
  try {
    object = JSON.parse(body);
  } catch {
    return "";
  }
  if (typeof object !== "object" || object === null) return "";
  const values = members.map((name) => object[name]);
  return values.find((value) => typeof value === "string") ?? "";
}
function words(error) {
  return error.message || ("code" in error ? String(error.code) : error.name);
}

// src/effects/find-unset.ts
function findUnset(names, env) {
  return { type: "unset", names: names.filter((name) => !env[name]) };
}

// src/effects/fingerprint.ts
function fingerprint(names, key, secrets) {
  const secret = secrets.kept(key);
  const values = names.map((name) => {
    const value = secrets.find(name);
    return [name, value === void 0 ? null : crypto().createHmac("sha256", secret).update(value).digest("hex")];
  });
  return { type: "fingerprinted", values: Object.fromEntries(values) };
}

// src/effects/read-file.ts
var import_node_buffer = require("node:buffer");
var import_node_fs2 = require("node:fs");
function readTextFile(path, limit) {
  const file = (0, import_node_fs2.openSync)(path, import_node_fs2.constants.O_RDONLY | import_node_fs2.constants.O_NONBLOCK);
  try {
    if (!(0, import_node_fs2.fstatSync)(file).isFile()) refuse("other", `${path} is not a file`);
    const bytes = readUpTo(file, limit + 1);
    if (bytes.length > limit) refuse("too-large", `${path} is larger than ${limit} bytes`);
    return { type: "read", text: decode(path, bytes) };
  } finally {
    (0, import_node_fs2.closeSync)(file);
  }
}
function readUpTo(file, most) {
  const chunks = [];
  for (let left = most; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
    const count = (0, import_node_fs2.readSync)(file, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    left -= count;
  }
  return Buffer.concat(chunks);
}
function decode(path, bytes) {
  if (!(0, import_node_buffer.isUtf8)(bytes)) refuse("not-text", `${path} is not UTF-8`);
  return bytes.toString();
}
var CHUNK = 65536;

// src/effects/run.ts
var import_node_fs4 = require("node:fs");
var import_node_path3 = require("node:path");

// src/effects/content.ts
var import_node_fs3 = require("node:fs");
function textOf(content, secrets) {
  switch (content.type) {
    case "text":
      return content.text;
    case "secret":
      return secrets.reveal(content.name);
    case "lines":
      return `${secrets.reveal(content.name).replaceAll("\r\n", "\n").replace(/\n$/, "")}
`;
    case "patched":
      return JSON.stringify(patched(parse(read(content.path), content.path), JSON.parse(content.patch)), null, 2);
    default:
      return unreachable(content);
  }
}
function read(path) {
  try {
    return (0, import_node_fs3.readFileSync)(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "{}";
    throw error;
  }
}
function parse(text2, path) {
  try {
    return JSON.parse(text2);
  } catch {
    return refuse("other", `${path} is not JSON`);
  }
}
function patched(target, patch) {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, patched(result.get(name), value));
  }
  return Object.fromEntries(result);
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/effects/tail.ts
function createTail(limit, blotter) {
  let chunks = [];
  let size = 0;
  const most = () => limit + blotter.longest() + 4;
  const kept = () => {
    const bytes = Buffer.concat(chunks, size).subarray(Math.max(0, size - most()));
    chunks = [bytes];
    size = bytes.length;
    return bytes;
  };
  return {
    push: (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > 2 * (most() + chunk.length)) kept();
    },
    text: () => {
      const bytes = kept();
      return bytes.subarray(cut(bytes, limit)).toString();
    },
    blotted: () => {
      const bytes = kept();
      const at = cut(bytes, limit);
      const before = bytes.subarray(0, at).toString();
      return blotter.blotFrom(before + bytes.subarray(at).toString(), before.length);
    }
  };
}
function cut(bytes, limit) {
  let at = Math.max(0, bytes.length - limit);
  for (let step = 0; at > 0 && step < 3 && isContinuation(bytes[at]); step += 1) at += 1;
  return at;
}
function isContinuation(byte) {
  return byte !== void 0 && (byte & 192) === 128;
}

// src/effects/process.ts
function startProcess(spec, blotter) {
  const child = childProcess().spawn(spec.program, spec.argv.slice(1), {
    ...spec.argv[0] === void 0 ? {} : { argv0: spec.argv[0] },
    env: spec.env,
    detached: true,
    stdio: [spec.input === null ? "ignore" : "pipe", "pipe", "pipe"]
  });
  const stdout2 = createTail(spec.outputLimit, blotter);
  const stderr = createTail(spec.outputLimit, blotter);
  child.stdout?.on("data", stdout2.push);
  child.stderr?.on("data", stderr.push);
  child.stdin?.on("error", () => {
  });
  child.stdin?.end(spec.input);
  const started = new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return { started, stdout: stdout2, stderr, ...watch(child) };
}
function watch(child) {
  const timers = [];
  const after = (milliseconds, action) => {
    timers.push(setTimeout(action, milliseconds));
  };
  let ending = false;
  let gone = false;
  let close;
  const closed = new Promise((resolve) => {
    close = (exit) => {
      gone = true;
      for (const timer of timers) clearTimeout(timer);
      for (const pipe of child.stdio) pipe?.destroy();
      child.unref();
      resolve(exit);
    };
  });
  child.once("exit", (code, signal) => {
    after(PIPES_AFTER_EXIT, () => {
      signalGroup(child, "SIGKILL");
      close({ code, signal });
    });
  });
  child.once("error", () => close({ code: null, signal: null }));
  child.once("close", (code, signal) => {
    if (ending) signalGroup(child, "SIGKILL");
    close({ code, signal });
  });
  return {
    closed,
    end: () => {
      if (ending || gone) return;
      ending = true;
      signalGroup(child, "SIGTERM");
      after(KILL_AFTER, () => {
        signalGroup(child, "SIGKILL");
        after(PIPES_AFTER_EXIT, () => close({ code: null, signal: "SIGKILL" }));
      });
    }
  };
}
function signalGroup(child, signal) {
  if (child.pid === void 0) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
  }
}
var PIPES_AFTER_EXIT = 1e3;
var KILL_AFTER = 2e3;

// src/effects/tar.ts
function tar(entries) {
  const blocks = [];
  const made = /* @__PURE__ */ new Set();
  for (const entry of entries) {
    for (const folder of foldersAbove(entry.path)) {
      if (made.has(folder)) continue;
      made.add(folder);
      blocks.push(header(folder, { mode: 493, uid: 0, gid: 0, size: 0 }, FOLDER));
    }
    blocks.push(
      header(entry.path, { ...entry, size: entry.body.length }, FILE),
      entry.body,
      padding(entry.body.length)
    );
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}
function foldersAbove(path) {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => `${parts.slice(0, depth + 1).join("/")}/`);
}
function header(path, facts, kind) {
  const block = Buffer.alloc(BLOCK);
  text(block, path, 0, 100);
  octal(block, facts.mode, 100, 8);
  octal(block, facts.uid, 108, 8);
  octal(block, facts.gid, 116, 8);
  octal(block, facts.size, 124, 12);
  octal(block, 0, 136, 12);
  block.write(kind, 156);
  block.write("ustar\x0000", 257);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
function text(block, value, at, room) {
  if (Buffer.byteLength(value) > room) refuse("too-large", `the path ${value} is longer than ${room} bytes`);
  block.write(value, at);
}
function octal(block, value, at, room) {
  const digits = value.toString(8).padStart(room - 1, "0");
  if (digits.length >= room) refuse("too-large", `${value} does not fit a field of ${room - 1} octal digits`);
  block.write(digits, at);
}
function padding(size) {
  return Buffer.alloc((BLOCK - size % BLOCK) % BLOCK);
}
var BLOCK = 512;
var FILE = "0";
var FOLDER = "5";

// src/effects/run.ts
async function run(effect, world, signal) {
  const child = startProcess(
    {
      program: findProgram(effect.argv[0] ?? "", world.env.PATH ?? ""),
      argv: effect.argv,
      env: environment(effect, world),
      input: input(effect.stdin, world.secrets),
      outputLimit: effect.outputLimit
    },
    world.blotter
  );
  world.children.add(child);
  void child.closed.then(() => world.children.delete(child));
  signal.addEventListener("abort", child.end);
  await child.started;
  let late = false;
  const timer = setTimeout(() => {
    late = !signal.aborted;
    child.end();
  }, clampDelay(effect.timeout));
  const exit = await (effect.hold === null ? child.closed : opened(child, effect.hold));
  clearTimeout(timer);
  if (exit === "opened") return { type: "opened" };
  if (effect.recall && !late && exit.code === 0) return { type: "recalled", stdout: child.stdout.text() };
  const said = { stdout: stdout(child, effect, world.secrets), stderr: child.stderr.blotted() };
  return late ? { type: "timed-out", ...said } : { type: "exited", ...exit, ...said };
}
function findProgram(name, path) {
  if (name.includes("/")) return name;
  const candidates = path.split(":").filter(import_node_path3.isAbsolute).map((folder) => (0, import_node_path3.join)(folder, name));
  const files = candidates.filter(isFile);
  return files.find(isExecutable) ?? files[0] ?? refuse("not-found", `there is no program ${name} in PATH`);
}
function isFile(file) {
  try {
    return (0, import_node_fs4.statSync)(file).isFile();
  } catch {
    return false;
  }
}
function isExecutable(file) {
  try {
    (0, import_node_fs4.accessSync)(file, import_node_fs4.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
function environment(effect, world) {
  const inherited = [...effect.inherit, ...effect.hold === null ? [] : [TRACKING]].flatMap((name) => name.endsWith("*") ? beginning(name.slice(0, -1), world.env) : [name]).map((name) => [name, world.env[name]]).filter(([, value]) => value !== void 0);
  const own = Object.entries(effect.env).map(([name, content]) => [name, textOf(content, world.secrets)]);
  return Object.fromEntries([...inherited, ...own]);
}
function beginning(name, env) {
  return Object.keys(env).filter((variable) => variable.startsWith(name));
}
function input(stdin, secrets) {
  if (stdin === null) return null;
  switch (stdin.type) {
    case "text":
      return stdin.text;
    case "tar":
      return tar(stdin.files.map((file) => ({ ...file, body: Buffer.from(textOf(file.content, secrets)) })));
    default:
      return unreachable(stdin);
  }
}
function opened(child, path) {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if ((0, import_node_fs4.existsSync)(path)) settle("opened");
    }, POLL);
    const settle = (outcome) => {
      clearInterval(poll);
      resolve(outcome);
    };
    void child.closed.then(settle);
  });
}
function stdout(child, effect, secrets) {
  if (effect.keepAs === null) return child.stdout.blotted();
  secrets.keep(effect.keepAs, child.stdout.text().trim());
  return "";
}
var POLL = 20;
var TRACKING = "RUNNER_TRACKING_ID";

// src/effects/write-file.ts
var import_node_fs5 = require("node:fs");
var import_node_path4 = require("node:path");
function writeFile({ path, content, mode, durable }, secrets) {
  const text2 = textOf(content, secrets);
  const folder = (0, import_node_path4.dirname)(path);
  (0, import_node_fs5.mkdirSync)(folder, { recursive: true });
  const temporary = (0, import_node_path4.join)(folder, `.${(0, import_node_path4.basename)(path)}.${process.pid}.tmp`);
  const file = create(temporary);
  try {
    (0, import_node_fs5.writeFileSync)(file, text2);
    (0, import_node_fs5.fchmodSync)(file, mode);
    if (durable) (0, import_node_fs5.fsyncSync)(file);
    (0, import_node_fs5.renameSync)(temporary, path);
  } catch (error) {
    (0, import_node_fs5.rmSync)(temporary, { force: true });
    throw error;
  } finally {
    (0, import_node_fs5.closeSync)(file);
  }
  return { type: "written" };
}
function create(path) {
  try {
    return (0, import_node_fs5.openSync)(path, "wx", 384);
  } catch {
    (0, import_node_fs5.rmSync)(path, { force: true });
    return (0, import_node_fs5.openSync)(path, "wx", 384);
  }
}

// src/effects.ts
async function perform(effect, world, signal) {
  try {
    switch (effect.type) {
      case "run":
        return await run(effect, world, signal);
      case "read-file":
        return readTextFile(effect.path, effect.limit);
      case "write-file":
        return writeFile(effect, world.secrets);
      case "fetch":
        return await fetch2(effect, world, signal);
      case "find-unset":
        return findUnset(effect.names, world.env);
      case "fingerprint":
        return fingerprint(effect.names, effect.key, world.secrets);
      default:
        return unreachable(effect);
    }
  } catch (error) {
    return failed(error);
  }
}
async function endAll(world) {
  const children = [...world.children];
  for (const child of children) child.end();
  await Promise.all(children.map((child) => child.closed));
}

// src/emit/command-line.ts
var import_node_fs7 = require("node:fs");
var import_node_path5 = require("node:path");

// src/emit/random.ts
var import_node_fs6 = require("node:fs");
var drawn = Buffer.alloc(0);
function randomDigits() {
  if (drawn.length === 0) drawn = draw();
  const digits = drawn.toString("hex", 0, BYTES);
  drawn = drawn.subarray(BYTES);
  return digits;
}
function draw() {
  const bytes = Buffer.alloc(32 * BYTES);
  const source = (0, import_node_fs6.openSync)("/dev/urandom", "r");
  try {
    if ((0, import_node_fs6.readSync)(source, bytes) !== bytes.length) throw new Error("/dev/urandom gives too few bytes");
  } finally {
    (0, import_node_fs6.closeSync)(source);
  }
  return bytes;
}
var BYTES = 16;

// src/emit/commands.ts
function command(name, properties, data) {
  const pairs = Object.entries(properties).filter(([, value]) => value !== null && value !== "");
  const list = pairs.map(([key, value]) => `${key}=${escapeProperty(String(value))}`).join(",");
  return `::${name}${list === "" ? "" : ` ${list}`}::${escapeData(data)}
`;
}
function harmless(text2) {
  return withoutHashes(text2).replace(/^(?=\s*::)/gm, BAR);
}
function relayed(text2) {
  const token = randomDigits();
  const lines2 = withoutHashes(text2.replace(/\n$/, "")).replace(/^/gm, BAR);
  return `::stop-commands::${token}
${lines2}
::${token}::
`;
}
function withoutHashes(text2) {
  return text2.replaceAll("##[", "##\\[");
}
function escapeData(text2) {
  return text2.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
function escapeProperty(text2) {
  return escapeData(text2).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
var BAR = "│ ";

// src/emit/command-line.ts
function commandLineVoice(terminal, reports) {
  const outputs = /* @__PURE__ */ new Map();
  const files = [FOR_SHELLS, FOR_READERS].map((name) => (0, import_node_path5.join)(reports, name));
  for (const file of files) forget(file);
  const say = (level, text2) => {
    if (level !== "debug" || terminal.debug) terminal.stderr(`${paint(level, text2)}
`);
  };
  const paint = (level, text2) => COLOURS[level] !== "" && terminal.colours() ? text2.replace(/^.+$/gm, COLOURS[level]) : text2;
  return {
    emit: (words2) => {
      switch (words2.type) {
        case "log":
          return say(words2.level, words2.text);
        case "group":
          return say("info", words2.title);
        case "relay":
          return say("info", words2.text.replace(/\n$/, "").replace(/^/gm, BAR));
        case "annotation":
          return say(words2.level, annotated(words2));
        case "output":
          outputs.set(words2.name, words2.value);
          return;
        case "answer":
          return terminal.stdout(`${words2.json}
`);
        case "end-group":
        case "variable":
        // the outputs hold the same
        case "state":
        // no other process of this run will come
        case "summary":
          return;
        default:
          return unreachable(words2);
      }
    },
    mask: () => {
    },
    flush: () => {
    },
    finish: () => {
      if (outputs.size === 0) return true;
      const assignments = [...outputs].map(([name, value]) => assignment(name, value));
      const texts = [assignments.map(({ shell }) => shell), assignments.map(({ plain }) => plain)];
      try {
        (0, import_node_fs7.mkdirSync)(reports, { recursive: true });
        for (const [at, file] of files.entries()) (0, import_node_fs7.writeFileSync)(file, (texts[at] ?? []).join(""));
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        say("warning", `the outputs are not in ${files.join(" and ")}: ${fault}`);
      }
      return true;
    }
  };
}
function annotated(words2) {
  const { level, title, message } = words2;
  if (title === "") return `${level}: ${message}${place(words2)}`;
  return `${level}: ${title}${place(words2)}
${message.replace(/^(?=.)/gm, "  ")}`;
}
function place({ file, line, column }) {
  const parts = [file, line, column].filter((part) => part !== null);
  return file === null ? "" : `
  --> ${parts.join(":")}`;
}
function assignment(name, value) {
  const line = value.replace(/\r\n|[\n\r]/g, " ");
  const quoted2 = /^[\w./:@%+,=-]*$/.test(line) ? line : `"${line.replace(/["\\$`]/g, "\\$&")}"`;
  const variable = `CD_${name.toUpperCase().replaceAll("-", "_")}`;
  return { shell: `${variable}=${quoted2}
`, plain: `${variable}=${line}
` };
}
function forget(file) {
  try {
    (0, import_node_fs7.rmSync)(file, { force: true });
  } catch {
  }
}
var FOR_SHELLS = "outputs.env";
var FOR_READERS = "outputs.dotenv";
var COLOURS = {
  debug: "\x1B[2m$&\x1B[0m",
  info: "",
  warning: "\x1B[33m$&\x1B[0m",
  error: "\x1B[31m$&\x1B[0m"
};

// src/emit/github.ts
var import_node_fs8 = require("node:fs");

// src/emit/file-commands.ts
function assignment2(name, value) {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} is no name for an output, a variable or a state`);
  const delimiter = `cd_${randomDigits()}`;
  if (value.includes(delimiter)) throw new Error("a value holds a delimiter that was drawn after it");
  return `${name}<<${delimiter}
${value}
${delimiter}
`;
}
function fittingSummary(markdown) {
  const bytes = Buffer.from(markdown);
  if (bytes.length <= SUMMARY_LIMIT) return markdown;
  const text2 = bytes.subarray(0, SUMMARY_LIMIT).toString().replace(/\ufffd+$/, "");
  return `${text2}

… cut here: the summary is longer than a runner accepts. The report has all of it.
`;
}
var SUMMARY_LIMIT = 900 * 1024;

// src/emit/github.ts
function githubVoice(env, writeLog) {
  const missing = /* @__PURE__ */ new Set();
  const values = /* @__PURE__ */ new Map();
  let log = "";
  let handedOver = true;
  const write = (text2) => {
    log += text2;
  };
  return {
    emit: (words2) => {
      switch (words2.type) {
        case "log":
          return write(logged(words2.level, words2.text));
        case "group":
          return write(command("group", {}, words2.title));
        case "end-group":
          return write(command("endgroup", {}, ""));
        case "relay":
          return write(relayed(words2.text));
        case "annotation": {
          const { title, file, line, column: col } = words2;
          return write(
            command(ANNOTATIONS[words2.level], { file, line, col, title }, words2.message.slice(0, MESSAGE_LIMIT))
          );
        }
        case "output":
          return assign("GITHUB_OUTPUT", words2);
        case "variable":
          return assign("GITHUB_ENV", words2);
        case "state":
          return assign("GITHUB_STATE", words2);
        case "summary":
          return summarise(words2.markdown);
        case "answer":
          return;
        // for a command line; here the outputs say the same
        default:
          return unreachable(words2);
      }
    },
    mask: (text2) => write(command("add-mask", {}, text2)),
    flush,
    finish: () => {
      flush();
      return handedOver;
    }
  };
  function flush() {
    writeDown();
    for (const [variable, text2] of values) {
      const file = env[variable] ?? "";
      const fault = faultOf2(() => (0, import_node_fs8.appendFileSync)(file, text2));
      if (fault === void 0) continue;
      handedOver = false;
      const sentence = `${variable} cannot be written, so later steps do not get what belongs there; what was done is done: ${fault}`;
      write(command("error", { title: "a file of the runner cannot be written" }, sentence));
    }
    values.clear();
    writeDown();
  }
  function writeDown() {
    if (log !== "") writeLog(log);
    log = "";
  }
  function assign(variable, { name, value }) {
    if (isThere(variable)) values.set(variable, (values.get(variable) ?? "") + assignment2(name, value));
  }
  function summarise(markdown) {
    const variable = "GITHUB_STEP_SUMMARY";
    if (!isThere(variable)) return;
    const fault = faultOf2(() => (0, import_node_fs8.writeFileSync)(env[variable] ?? "", fittingSummary(markdown)));
    if (fault !== void 0) write(command("warning", {}, `the summary cannot be written: ${fault}`));
  }
  function isThere(variable) {
    if (env[variable]) return true;
    if (!missing.has(variable)) {
      missing.add(variable);
      const sentence = `the runner gives no ${variable}: what belongs there is lost`;
      write(OTHERS_WAIT_FOR.includes(variable) ? command("warning", {}, sentence) : logged("warning", sentence));
    }
    return false;
  }
}
function faultOf2(action) {
  try {
    action();
    return void 0;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
var OTHERS_WAIT_FOR = ["GITHUB_OUTPUT", "GITHUB_STATE"];
function logged(level, text2) {
  switch (level) {
    case "debug":
      return command("debug", {}, text2);
    case "info":
      return `${harmless(text2)}
`;
    case "warning":
      return `${harmless(text2).replace(/^.+$/gm, "\x1B[33m$&\x1B[0m")}
`;
    case "error":
      return `${harmless(text2).replace(/^.+$/gm, "\x1B[31m$&\x1B[0m")}
`;
    default:
      return unreachable(level);
  }
}
var ANNOTATIONS = {
  debug: "debug",
  info: "notice",
  warning: "warning",
  error: "error"
};
var MESSAGE_LIMIT = 4e3;

// src/emit/write-out.ts
var import_node_fs9 = require("node:fs");
function writeOut(stream, text2) {
  let bytes = Buffer.from(text2);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray((0, import_node_fs9.writeSync)(stream, bytes));
    } catch (error) {
      if (!isBusy(error)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE);
    }
  }
}
function isTerminal(stream) {
  try {
    return (0, import_node_fs9.fstatSync)(stream).isCharacterDevice();
  } catch {
    return false;
  }
}
function isBusy(error) {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
var BUSY_PAUSE = 5;

// src/journal.ts
var import_node_fs10 = require("node:fs");
var import_node_path6 = require("node:path");
function createJournal(findPath, blot, warn) {
  let held = [];
  let file;
  let broken = false;
  return {
    input: (now, input2) => append(input2.type === "begin" ? { version: VERSION, now, input: input2 } : { now, input: input2 }),
    // The tags stay: a secret that happens to read "effect" must not make the journal unreadable.
    outputs: (outputs) => append({ outputs }, (key, value) => typeof value === "string" && key !== "type" ? blot(value) : value),
    crash: (words2) => append({ crash: blot(words2) }),
    open: () => attempt2(() => {
      if (file !== void 0) return;
      const path = findPath();
      (0, import_node_fs10.mkdirSync)((0, import_node_path6.dirname)(path), { recursive: true });
      file = (0, import_node_fs10.openSync)(path, "a", 384);
      writeLines(file, held);
      held = [];
    }),
    close: () => attempt2(() => {
      if (file !== void 0) (0, import_node_fs10.closeSync)(file);
      file = void 0;
    })
  };
  function append(entry, replacer) {
    const line = `${JSON.stringify(entry, replacer)}
`;
    if (file === void 0) held.push(line);
    else attempt2(() => writeLines(file, [line]));
  }
  function attempt2(action) {
    if (broken) return;
    try {
      action();
    } catch (error) {
      broken = true;
      warn(`the journal cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
function writeLines(file, lines2) {
  if (file === void 0) return;
  let bytes = Buffer.from(lines2.join(""));
  while (bytes.length > 0) bytes = bytes.subarray((0, import_node_fs10.writeSync)(file, bytes));
}

// src/plain.ts
function createPlainWords() {
  let words2 = [];
  const written = [];
  const given2 = [];
  const stands = (text2) => written.some((whole) => whole.includes(text2)) || text2.length < TOO_LONG_FOR_A_FACT && given2.some((whole) => whole.includes(text2));
  const isName = (text2) => {
    const pieces = text2.replace(/^cd-/, "").replace(/-router$/, "").split(".");
    return pieces.length <= 2 && pieces.every(stands);
  };
  return {
    has: (text2) => {
      const bare = text2.trim();
      const lower = bare.toLowerCase();
      return NUMBERS.test(bare) || words2.some((word) => word.includes(lower)) || stands(bare) || isName(bare);
    },
    learn: (more) => {
      words2 = [...words2, ...more.map((word) => word.toLowerCase())];
    },
    publish: (texts) => {
      written.push(...texts);
    },
    hear: (input2) => {
      if (input2.type === "begin") {
        const inputs = Object.entries(input2.inputs).filter(([name]) => !SECRET_INPUTS.includes(name));
        written.push(...input2.argv);
        given2.push(...inputs.map(([, value]) => value), ...Object.values(input2.env), input2.holder);
        return true;
      }
      if (input2.type !== "completed" || input2.completion.type !== "read") return false;
      written.push(input2.completion.text);
      return true;
    }
  };
}
var NUMBERS = /^(?:[0-9a-f]{0,7}|[0-9.:]{0,11})$/;
var TOO_LONG_FOR_A_FACT = 20;
var SECRET_INPUTS = ["github-token"];

// src/reports.ts
var import_node_fs11 = require("node:fs");
var import_node_path7 = require("node:path");
function takeAway(reports, scratch, warn) {
  const away = (0, import_node_path7.join)(scratch, "reports");
  attempt(`${reports} cannot be taken out of what is built`, warn, () => {
    if ((0, import_node_fs11.existsSync)(reports)) move(reports, away);
  });
  (0, import_node_fs11.mkdirSync)(away, { recursive: true });
  return away;
}
function putBack(away, reports, warn) {
  return attempt(`what was in ${reports} cannot be put back, and stays in ${away}`, warn, () => {
    const names = (0, import_node_fs11.readdirSync)(away).filter((name) => !(0, import_node_fs11.existsSync)((0, import_node_path7.join)(reports, name)));
    if (names.length > 0) (0, import_node_fs11.mkdirSync)(reports, { recursive: true });
    for (const name of names) move((0, import_node_path7.join)(away, name), (0, import_node_path7.join)(reports, name));
  });
}
function hideReports(reports) {
  const list = (0, import_node_path7.join)(reports, ".gitignore");
  attempt(
    "",
    () => {
    },
    () => {
      if ((0, import_node_fs11.existsSync)(reports) && !(0, import_node_fs11.existsSync)(list)) (0, import_node_fs11.writeFileSync)(list, "*\n");
    }
  );
}
function move(from, to) {
  try {
    (0, import_node_fs11.renameSync)(from, to);
  } catch {
    (0, import_node_fs11.cpSync)(from, to, { recursive: true, preserveTimestamps: true });
    (0, import_node_fs11.rmSync)(from, { recursive: true, force: true });
  }
}
function attempt(what, warn, action) {
  try {
    action();
    return true;
  } catch (error) {
    warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

// src/secrets.ts
function createSecrets(env, plain, blotter, announce) {
  const keeping = /* @__PURE__ */ new Map();
  const named = /* @__PURE__ */ new Map();
  const warned = /* @__PURE__ */ new Set();
  const find = (name) => {
    const value = env[name];
    if (value === void 0 || value === "") return void 0;
    blot(name, value);
    return value;
  };
  return {
    find,
    reveal: (name) => find(name) ?? refuse("secret-missing", `the environment variable ${name} is not set, or empty`),
    keep: (name, value) => {
      keeping.set(name, value);
      if (value !== "") blot(name, value);
    },
    kept: (name) => keeping.get(name) || refuse("secret-missing", `nothing is kept under the name ${name}`),
    publish: (texts) => {
      plain.publish(texts);
      review();
    },
    hear: (input2) => {
      if (plain.hear(input2)) review();
    }
  };
  function review() {
    blotter.review();
    for (const [name, value] of named) blot(name, value);
  }
  function blot(name, value) {
    named.set(name, value);
    const answer2 = blotter.add(value);
    if (answer2 === "new") {
      for (const text2 of [value, ...lines(value)]) if (!plain.has(text2)) announce.mask(text2);
    }
    if (answer2 === "short") warn(name, announce.tooShort);
    if (answer2 === "plain") warn(name, announce.tooCommon);
  }
  function warn(name, say) {
    if (!warned.has(name)) say(name);
    warned.add(name);
  }
}

// src/shell.ts
async function runShell(start, load3) {
  process.exitCode = CRASHED;
  const loading = load3();
  loading.catch(() => {
  });
  const { platform } = start;
  const now = steadyClock();
  const places = findPlaces(platform, process.env, now());
  const voice = findVoice(platform, places);
  if (process.platform === "win32") return refuseWindows(voice);
  if (start.hasPost) voice.emit({ type: "state", name: "isPost", value: "true" });
  voice.flush();
  const plain = createPlainWords();
  const blotter = createBlotter(plain.has);
  const secrets = findSecrets(plain, blotter, voice);
  const warn = warner(blotter, voice);
  const onCommandLine = platform === "command-line";
  let away;
  const journalNow = () => away === void 0 ? places.journal : (0, import_node_path8.join)(away, (0, import_node_path8.basename)(places.journal));
  const journal = createJournal(journalNow, blotter.blot, warn);
  const world = { env: process.env, blotter, secrets, children: /* @__PURE__ */ new Set() };
  const inbox = createInbox();
  listen(inbox);
  let scratch;
  try {
    const { needs: needs2 } = start;
    plain.learn(needs2.plain);
    if (needs2.scratch) scratch = makeScratch(start, places, voice);
    const builds = onCommandLine && needs2.builds.includes(start.argv[0] ?? "");
    if (builds && scratch !== void 0) away = takeAway(places.reports, scratch, warn);
    const own = { scratch: scratch ?? unmadeScratch(places), leg: findLeg(start, voice) };
    const begin = findFacts(start, process.env, { ...places, ...own });
    const done = await drive(loading, begin, findHands(now, world, voice, journal), inbox);
    const handedOver = voice.finish();
    process.exitCode = done.exitCode === 0 && !handedOver ? FAILED : done.exitCode;
  } catch (error) {
    crash(error, { voice, blotter, journal, path: places.journal });
  }
  await endAll(world);
  journal.close();
  const back = away === void 0 || putBack(away, places.reports, warn);
  if (onCommandLine) hideReports(places.reports);
  if (scratch !== void 0) removeScratch(scratch, back ? void 0 : away);
}
function removeScratch(scratch, kept) {
  const paths = kept === void 0 ? [scratch] : (0, import_node_fs12.readdirSync)(scratch).map((name) => (0, import_node_path8.join)(scratch, name));
  for (const path of paths) if (path !== kept) (0, import_node_fs12.rmSync)(path, { recursive: true, force: true });
}
function steadyClock() {
  let last = 0;
  return () => {
    last = Math.max(last, Date.now());
    return last;
  };
}
function findVoice(platform, places) {
  if (platform !== "command-line") return githubVoice(process.env, (text2) => writeOut(1, text2));
  const terminal = {
    stdout: (text2) => writeOut(1, text2),
    stderr: (text2) => writeOut(2, text2),
    colours: () => !process.env.NO_COLOR && isTerminal(2),
    debug: process.env.RUNNER_DEBUG === "1"
  };
  return commandLineVoice(terminal, places.reports);
}
function refuseWindows(voice) {
  process.exitCode = INVALID;
  const message = "It runs on Linux and macOS; run this job there, or in WSL.";
  voice.emit({
    type: "annotation",
    level: "error",
    title: "cd-action does not run on Windows",
    message,
    file: null,
    line: null,
    column: null
  });
  voice.finish();
}
function findSecrets(plain, blotter, voice) {
  const warn = warner(blotter, voice);
  const secrets = createSecrets(process.env, plain, blotter, {
    mask: voice.mask,
    tooShort: (name) => warn(`the value of ${name} is shorter than 4 characters: it cannot be kept out of the log`),
    tooCommon: (name) => warn(`the value of ${name} is too common a word (or stands in the configuration) to be kept out of the log`)
  });
  for (const name of PLATFORM_SECRETS) secrets.find(name);
  return secrets;
}
function warner(blotter, voice) {
  return (text2) => voice.emit(blotWords({ type: "log", level: "warning", text: text2 }, blotter.blot));
}
function findHands(now, world, voice, journal) {
  const { blot } = world.blotter;
  return {
    now,
    hear: world.secrets.hear,
    blot,
    journal,
    emit: (emit) => {
      if (emit.type === "mask") world.secrets.find(emit.name);
      else if (emit.type === "public") world.secrets.publish(emit.texts);
      else voice.emit(blotWords(emit, blot));
    },
    flush: voice.flush,
    perform: (effect, signal) => {
      journal.open();
      return perform(effect, world, signal);
    }
  };
}
function unmadeScratch({ temporary }) {
  return (0, import_node_path8.join)(temporary, SCRATCH_PREFIX + randomDigits());
}
function makeScratch({ platform, hasPost }, { temporary }, voice) {
  const left = process.env[`STATE_${SCRATCH}`] ?? "";
  const isOurs = (0, import_node_path8.dirname)(left) === temporary && (0, import_node_path8.basename)(left).startsWith(SCRATCH_PREFIX);
  if (platform === "actions-post" && isOurs) (0, import_node_fs12.rmSync)(left, { recursive: true, force: true });
  const scratch = (0, import_node_fs12.mkdtempSync)((0, import_node_path8.join)(temporary, SCRATCH_PREFIX));
  if (hasPost) voice.emit({ type: "state", name: SCRATCH, value: scratch });
  voice.flush();
  return scratch;
}
function findLeg({ platform, hasPost }, voice) {
  const given2 = process.env.RUNNER_TRACKING_ID?.slice(-8);
  const leg = given2 || process.env[`STATE_${LEG}`] || randomDigits().slice(-8);
  if (platform === "actions" && hasPost && !given2) voice.emit({ type: "state", name: LEG, value: leg });
  return leg;
}
function listen(inbox) {
  let interrupted = false;
  process.on("SIGINT", () => {
    if (!interrupted || isTerminal(2)) inbox.put({ type: "cancel", grace: GRACE_AFTER_SIGINT });
    interrupted = true;
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) {
    process.on(signal, () => inbox.put({ type: "cancel", grace: GRACE_AFTER_SIGTERM }));
  }
  process.on("uncaughtException", inbox.fail);
  process.on("unhandledRejection", inbox.fail);
}
function crash(error, { voice, blotter, journal, path }) {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const steps = [
    () => journal.open(),
    () => journal.crash(stack ?? message),
    () => {
      const sentence = `${name}: ${message}
This is a bug of cd-action. What serves now is unknown; nothing further was done. Journal: ${path}`;
      const words2 = { type: "annotation", level: "error", title: "cd-action crashed", message: sentence };
      voice.emit(blotWords({ ...words2, file: null, line: null, column: null }, blotter.blot));
    },
    () => voice.emit({ type: "output", name: "outcome", value: "crashed" }),
    () => voice.emit({ type: "output", name: "reason", value: "crashed" }),
    () => void voice.finish()
  ];
  for (const step of steps) {
    try {
      step();
    } catch (next) {
      writeOut(2, blotter.blot(`cd-action crashed: ${String(next)}
`));
    }
  }
}
var FAILED = 1;
var CRASHED = 4;
var INVALID = 3;
var LEG = "leg";
var SCRATCH = "scratch";
var SCRATCH_PREFIX = "cd-action-";
var GRACE_AFTER_SIGINT = 7500;
var GRACE_AFTER_SIGTERM = 2500;
var PLATFORM_SECRETS = [
  "GITHUB_TOKEN",
  "INPUT_GITHUB-TOKEN",
  "ACTIONS_RUNTIME_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
];

// src/wasm.ts
var import_node_fs13 = require("node:fs");
var import_node_path9 = require("node:path");

// src/generated/core/cd_wasm.js
var Session = class {
  __destroy_into_raw() {
    const ptr = this.__wbg_ptr;
    this.__wbg_ptr = 0;
    SessionFinalization.unregister(this);
    return ptr;
  }
  free() {
    const ptr = this.__destroy_into_raw();
    __wbg_call_guard();
    wasm.__wbg_session_free(ptr, 0);
  }
  /**
   * Hands in what happened, as the JSON of an `Input`, and gives back what to do next, as the JSON of a list of
   * `Output`s whose last one is `idle` or `done`. `now` is in milliseconds since the Unix epoch.
   *
   * # Errors
   * A `Misuse` where the JSON is no `Input`, or the core does not take it.
   * @param {number} now
   * @param {string} input
   * @returns {string}
   */
  handle(now, input2) {
    let deferred4_0;
    let deferred4_1;
    try {
      if (this.__wbg_inst !== void 0 && this.__wbg_inst !== __wbg_instance_id) {
        throw new Error("Invalid stale object from previous Wasm instance");
      }
      const val2 = +now;
      const ptr0 = passStringToWasm0(input2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      const len0 = WASM_VECTOR_LEN;
      let ret;
      __wbg_call_guard();
      ret = wasm.session_handle(this.__wbg_ptr, val2, ptr0, len0);
      var ptr3 = ret[0];
      var len3 = ret[1];
      if (ret[3]) {
        ptr3 = 0;
        len3 = 0;
        throw takeFromExternrefTable0(ret[2]);
      }
      deferred4_0 = ptr3;
      deferred4_1 = len3;
      return getStringFromWasm0(ptr3, len3);
    } finally {
      __wbg_call_guard();
      wasm.__wbindgen_free(deferred4_0, deferred4_1, 1);
    }
  }
  /**
   * A run that has not begun.
   */
  constructor() {
    let ret;
    __wbg_call_guard();
    ret = wasm.session_new();
    this.__wbg_ptr = ret;
    Object.defineProperty(this, "__wbg_inst", { value: __wbg_instance_id, writable: true });
    SessionFinalization.register(this, { ptr: ret, instance: __wbg_instance_id }, this);
    return this;
  }
};
if (Symbol.dispose) Session.prototype[Symbol.dispose] = Session.prototype.free;
function __wbg_reset_state() {
  __wbg_instance_id++;
  cachedUint8ArrayMemory0 = null;
  if (typeof numBytesDecoded !== "undefined") numBytesDecoded = 0;
  if (typeof WASM_VECTOR_LEN !== "undefined") WASM_VECTOR_LEN = 0;
  __wbg_reinit_scheduled = false;
  wasmInstance = new WebAssembly.Instance(wasmModule, __wbg_get_imports());
  wasm = wasmInstance.exports;
  wasm.__wbindgen_start();
}
function __wbg_get_imports() {
  const import0 = {
    __proto__: null,
    __wbg___wbindgen_rethrow_d953c34c2e20677f: function(arg0) {
      throw arg0;
    },
    __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
      throw new Error(getStringFromWasm0(arg0, arg1));
    },
    __wbg_new_787b9fb330d55d78: function(arg0, arg1) {
      const ret = new Error(getStringFromWasm0(arg0, arg1));
      return ret;
    },
    __wbg_set_name_822e3903f3184979: function(arg0, arg1, arg2) {
      arg0.name = getStringFromWasm0(arg1, arg2);
    },
    __wbindgen_init_externref_table: function() {
      const table = wasm.__wbindgen_externrefs;
      table.set(0, void 0);
      table.set(1024, void 0);
      table.set(1025, null);
      table.set(1026, true);
      table.set(1027, false);
    }
  };
  return {
    __proto__: null,
    "./cd_wasm_bg.js": import0
  };
}
function __wbg_call_guard() {
  if (__wbg_reinit_scheduled) {
    __wbg_reset_state();
    return;
  }
}
var __wbg_instance_id = 0;
var SessionFinalization = typeof FinalizationRegistry === "undefined" ? { register: () => {
}, unregister: () => {
} } : new FinalizationRegistry(({ ptr, instance }) => {
  if (instance === __wbg_instance_id) wasm.__wbg_session_free(ptr, 1);
});
function getStringFromWasm0(ptr, len) {
  ptr = ptr >>> 0;
  return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}
var cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
  if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
    cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
  }
  return cachedUint8ArrayMemory0;
}
function passStringToWasm0(arg, malloc, realloc) {
  if (realloc === void 0) {
    const buf = cachedTextEncoder.encode(arg);
    const ptr2 = malloc(buf.length, 1) >>> 0;
    getUint8ArrayMemory0().subarray(ptr2, ptr2 + buf.length).set(buf);
    WASM_VECTOR_LEN = buf.length;
    return ptr2;
  }
  let len = arg.length;
  let ptr = malloc(len, 1) >>> 0;
  const mem = getUint8ArrayMemory0();
  let offset = 0;
  for (; offset < len; offset++) {
    const code = arg.charCodeAt(offset);
    if (code > 127) break;
    mem[ptr + offset] = code;
  }
  if (offset !== len) {
    if (offset !== 0) {
      arg = arg.slice(offset);
    }
    ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
    const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
    const ret = cachedTextEncoder.encodeInto(arg, view);
    offset += ret.written;
    ptr = realloc(ptr, len, offset, 1) >>> 0;
  }
  WASM_VECTOR_LEN = offset;
  return ptr;
}
var __wbg_reinit_scheduled = false;
function takeFromExternrefTable0(idx) {
  const value = wasm.__wbindgen_externrefs.get(idx);
  wasm.__externref_table_dealloc(idx);
  return value;
}
var cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
cachedTextDecoder.decode();
var MAX_SAFARI_DECODE_BYTES = 2146435072;
var numBytesDecoded = 0;
function decodeText(bytes) {
  numBytesDecoded += bytes.length;
  if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
    cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
    cachedTextDecoder.decode();
    numBytesDecoded = bytes.length;
  }
  return cachedTextDecoder.decode(bytes);
}
var cachedTextEncoder = new TextEncoder();
if (!("encodeInto" in cachedTextEncoder)) {
  cachedTextEncoder.encodeInto = function(arg, view) {
    const buf = cachedTextEncoder.encode(arg);
    view.set(buf);
    return {
      read: arg.length,
      written: buf.length
    };
  };
}
var WASM_VECTOR_LEN = 0;
var wasmModule;
var wasmInstance;
var wasm;
function __wbg_finalize_init(instance, module2) {
  wasmInstance = instance;
  wasm = instance.exports;
  wasmModule = module2;
  cachedUint8ArrayMemory0 = null;
  wasm.__wbindgen_start();
  return wasm;
}
function initSync(module2) {
  if (wasm !== void 0) return wasm;
  if (module2 !== void 0) {
    if (Object.getPrototypeOf(module2) === Object.prototype) {
      ({ module: module2 } = module2);
    } else {
      console.warn("using deprecated parameters for `initSync()`; pass a single object instead");
    }
  }
  const imports = __wbg_get_imports();
  if (!(module2 instanceof WebAssembly.Module)) {
    module2 = new WebAssembly.Module(module2);
  }
  const instance = new WebAssembly.Instance(module2, imports);
  return __wbg_finalize_init(instance, module2);
}

// src/wasm.ts
async function loadCore() {
  v8().setFlagsFromString("--wasm-lazy-validation");
  v8().setFlagsFromString("--liftoff-only");
  return load("core/core.wasm");
}
async function loadMetadata() {
  return load("metadata.wasm");
}
async function load(file) {
  initSync({ module: await WebAssembly.compile((0, import_node_fs13.readFileSync)((0, import_node_path9.join)(__dirname, file))) });
  return new Session();
}

// src/cli.ts
var argv = process.argv.slice(2);
var programs = /* @__PURE__ */ new Map([
  ["metadata", { needs: METADATA, load: loadMetadata }],
  ["replay", { needs: REPLAY, load: loadCore }]
]);
var { needs, load: load2 } = programs.get(argv[0] ?? "") ?? { needs: CD_ACTION, load: loadCore };
void runShell({ program: "cd-action", needs, platform: "command-line", argv, hasPost: false }, load2);
