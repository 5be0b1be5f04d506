/** What comes of a question. */
export type Answer<T> = {
    "type": "given";
    /** What was asked for. */
    answer: T;
} | {
    "type": "mistaken";
    /** All of it. */
    mistakes: Array<Mistake>;
    /** The same for people, one line each. */
    message: string;
} | {
    "type": "misused";
    /** Where in the question, such as `inputs.images`; empty where it is about the whole. */
    place: string;
    /** What is wrong, and where. */
    message: string;
};
/** Who asks, in the header `Authorization`. The values are known to the shell alone. */
export type Authorization = {
    "type": "basic";
    /** The name of the environment variable that holds the user's name, which is no secret. */
    user: string;
    /** The name of the one that holds the password. */
    password: string;
} | {
    "type": "named";
    /** The user's name. */
    user: string;
    /** The name of the environment variable that holds the password. */
    password: string;
} | {
    "type": "variable";
    /** Its name. */
    name: string;
} | {
    "type": "login";
    /** Under this name. */
    kept: string;
} | {
    "type": "bearer";
    /** Under this name. */
    kept: string;
};
/** Something that is wrong with a journal. */
export type BadLine = {
    /** Which line, from 1; `None`: the whole. */
    line: number | null;
    /** What it is. */
    message: string;
};
/** A file for `docker buildx bake`. */
export type BakeFile = {
    /** The output that holds its path. */
    output: string;
    /** Its name in whatever folder the shell puts it. */
    name: string;
    /** JSON. */
    text: string;
};
/** What is known at the start of a run. */
export type Begin = {
    /** Which program was started. */
    program: Program;
    /** The arguments of the command line, without the program's name; empty for an action. */
    argv: Array<string>;
    /** The action's inputs by their kebab-case names, as they were given. Empty on a command line. */
    inputs: {
        [key in string]: string;
    };
    /** The environment variables that `needs` names and that are set. */
    env: {
        [key in string]: string;
    };
    /** Who drives the run. */
    platform: Platform;
    /** Absolute path of the working tree. */
    workspace: string;
    /**
     * Absolute path of a folder that is this run's own (mode 0700) and is deleted when it ends; made where the run
     * `needs` it.
     */
    scratch: string;
    /** Absolute path of the folder that reports are written to; it outlives the run. */
    reports: string;
    /**
     * Who holds the lease: the same for `main` and `post` of one job, another one for everybody else. Of a job it ends in
     * `#ATTEMPT.LEG`: another attempt takes over at once, another leg of the same attempt does not.
     */
    holder: string;
    /** Absolute path of the file that every input and output of this run is written to. */
    journal: string;
};
/** What is sent along with a question. */
export type Body = {
    "type": "text";
    /** UTF-8, byte for byte. */
    text: string;
} | {
    "type": "file";
    /** Absolute path. */
    path: string;
} | {
    "type": "answer";
    /** As in `Fetch::url`. */
    url: string;
    /** Who asks. */
    authorization: Authorization | null;
};
/** Why a release is brought. */
export type BroughtBy = "deploy" | "rollback";
/** A release to go back to, perhaps. */
export type Candidate = {
    /** What, and since when it is known to be good. */
    "known-good": KnownGood;
    /** Whether to go there. */
    verdict: CandidateVerdict;
};
/** Whether to go back to a release, and why not. Of several reasons the first in this order is told. */
export type CandidateVerdict = "chosen" | "not-asked" | "serves" | {
    "quarantined": {
        /** When. */
        since: Timestamp;
        /** A stable code. */
        reason: string;
    };
} | "image-missing" | {
    "secrets-missing": {
        /** Which. */
        names: Array<string>;
    };
} | {
    "left": {
        /** When. */
        since: Timestamp;
    };
} | {
    "past-no-return": {
        /** When that was passed. */
        since: Timestamp;
        /** The hook that did. */
        hook: string;
        /** What it was done for. */
        version: string;
    };
} | "older";
/** What came of an effect. The world's failures are data. */
export type Completion = {
    "type": "exited";
    /** Its exit code; `None` where a signal ended it. */
    code: number | null;
    /** The signal that ended it. */
    signal: string | null;
    /** What it wrote, blotted; bytes that are no UTF-8 are replaced. */
    stdout: string;
    /** The same of stderr. */
    stderr: string;
} | {
    "type": "recalled";
    /** What it wrote, byte for byte. */
    stdout: string;
} | {
    "type": "timed-out";
    /** What the process had written. */
    stdout: string;
    /** The same of stderr. */
    stderr: string;
} | {
    "type": "opened";
} | {
    "type": "read";
    /** UTF-8. */
    text: string;
} | {
    "type": "written";
} | {
    "type": "fetched";
    /** Its status. */
    status: number;
    /** The headers that were wanted and came, by their names in small letters. */
    headers: {
        [key in string]: string;
    };
    /** Its body, blotted; bytes that are no UTF-8 are replaced. Empty where it was kept. */
    body: string;
} | {
    "type": "unset";
    /** Of the names that were asked for, in their order. */
    names: Array<string>;
} | {
    "type": "fingerprinted";
    /** By the name of the variable. */
    values: {
        [key in string]: string | null;
    };
} | {
    "type": "failed";
    /** What kind of failure. */
    fault: Fault;
    /** The system's words. */
    message: string;
};
/** One text that the two rules place on different sides of the same release. */
export type Conflict = {
    /** The text. */
    text: string;
    /** Where SemVer places it. */
    semver: Standing;
    /** Where PEP 440 places it. */
    pep440: Standing;
};
/** A value that the core knows, or one that it only knows by name. */
export type Content = {
    "type": "text";
    /** UTF-8, byte for byte. */
    text: string;
} | {
    "type": "secret";
    /** The variable's name. */
    name: string;
} | {
    "type": "lines";
    /** The variable's name. */
    name: string;
} | {
    "type": "patched";
    /** Absolute path of the file. */
    path: string;
    /** A JSON object. */
    patch: string;
};
/** What follows from a request for tags. */
export type Derivation = {
    /** The first tag: what people call this build. Empty where there is no tag. */
    version: string;
    /** In the order of priority, each once. */
    tags: Array<Tag>;
    /** Every image with every tag; the tags alone where no image was named. */
    references: Array<string>;
    /** The images that are enabled. */
    images: Array<string>;
    /** By key. */
    labels: Members;
    /** By key, without the levels. */
    annotations: Members;
    /** What became of each rule, in the order of priority. */
    verdicts: Array<RuleVerdict>;
    /** The verdicts for people, one line each. */
    explanation: Array<string>;
    /** For people, one line each. */
    warnings: Array<string>;
    /** The version that the rules read, where one is for versions. */
    reading: Reading | null;
    /** The event that counted: pull requests' heads and git's own answers are in it. */
    event: Event;
    /** The outputs of the action, by name, but for the paths of files. */
    outputs: Members;
    /** The files that the action writes. */
    files: Array<BakeFile>;
};
/** The inputs of the action, as they were written. An empty one is none. */
export type DeriveInputs = {
    /** `workflow` or `git`: who says which commit and ref it is. */
    context: string;
    /** A list. */
    images: string;
    /** A list of rules. */
    tags: string;
    /** A list. */
    flavor: string;
    /** A list of `key=value`. */
    labels: string;
    /** A list of `key=value`. */
    annotations: string;
    /** Between tags in outputs. */
    "sep-tags": string;
    /** Between labels in outputs. */
    "sep-labels": string;
    /** Between annotations in outputs. */
    "sep-annotations": string;
    /** The target that bake files are for. */
    "bake-target": string;
};
/** Everything that decides about tags. */
export type DeriveRequest = {
    /** What the user wants. */
    inputs?: Partial<DeriveInputs>;
    /** The environment, of which only `ENV_NAMES` count. */
    env?: {
        [key in string]: string | undefined;
    };
    /** What happened. */
    event: Partial<Event>;
    /** What git says; only with `context: git`. */
    git?: Partial<GitFacts>;
    /** When. */
    now: Timestamp;
};
/** The first decision that is another one now. */
export type Difference = {
    /** The line of the journal that it stands in. */
    line: number;
    /** Which output of that line, from 1. */
    output: number;
    /** What was decided then, in words; `None`: nothing more. */
    then: string | null;
    /** What is decided now. */
    now: string | null;
    /** Where in the output the two part, such as `effect.argv[2]`; empty: they are of two kinds. */
    place: string;
    /** What stood there then, cut to what is around the difference. */
    was: string;
    /** What stands there now. */
    is: string;
};
/** One thing to carry out. */
export type Effect = ({
    "type": "run";
} & Run) | {
    "type": "read-file";
    /** Absolute path. */
    path: string;
    /** Most bytes that may be read; a larger file is `Fault::TooLarge`. */
    limit: number;
} | {
    "type": "write-file";
    /** Absolute path. */
    path: string;
    /** What to write. */
    content: Content;
    /** Permission bits, such as `0o600`. */
    mode: number;
    /** Whether it is to be there after a power cut, too: it is synced, which takes milliseconds. */
    durable: boolean;
} | ({
    "type": "fetch";
} & Fetch) | {
    "type": "find-unset";
    /** Names of environment variables of the run. */
    names: Array<string>;
} | {
    "type": "fingerprint";
    /** Names of environment variables of the run. */
    names: Array<string>;
    /** The name that the key was kept under. */
    key: string;
};
/** Names one effect of one run: a counter. */
export type EffectId = number;
/** Something to say. The core has rendered every sentence; the shell only knows where it goes. */
export type Emit = {
    "type": "log";
    /** How loud. */
    level: Level;
    /** May hold several lines. */
    text: string;
} | {
    "type": "group";
    /** Its heading. */
    title: string;
} | {
    "type": "end-group";
} | {
    "type": "relay";
    /** As it came. */
    text: string;
} | {
    "type": "annotation";
    /** How loud. */
    level: Level;
    /** In a few words. */
    title: string;
    /** Cause and remedy. */
    message: string;
    /** The file it is about. */
    file: string | null;
    /** From 1. */
    line: number | null;
    /** From 1. */
    column: number | null;
} | {
    "type": "output";
    /** Kebab-case. */
    name: string;
    /** One value. */
    value: string;
} | {
    "type": "variable";
    /** Upper case. */
    name: string;
    /** One value. */
    value: string;
} | {
    "type": "state";
    /** Its name. */
    name: string;
    /** Its value. */
    value: string;
} | {
    "type": "summary";
    /** All of it. */
    markdown: string;
} | {
    "type": "answer";
    /** One JSON document, or the help's text. */
    json: string;
} | {
    "type": "public";
    /** Whole texts. */
    texts: Array<string>;
} | {
    "type": "mask";
    /** The variable's name. */
    name: string;
};
/** A derivation, and the evidence that it is held against. */
export type EvaluateRequest = {
    /** What the tags are derived from. */
    request: DeriveRequest;
    /** All tags that the registry has. */
    existing: Array<string>;
};
/** What the evidence says about a derivation. */
export type Evaluation = {
    /** For every tag, whether it may be pointed at this release. */
    moves: Array<Move>;
    /** Where SemVer and PEP 440 place the version on different sides of its release: not to be published to both worlds. */
    conflict: Conflict | null;
    /** The same for people, one line each. */
    explanation: Array<string>;
};
/** One event. */
export type Event = {
    /** Who says so. */
    system: System;
    /** What happened. */
    kind: EventKind;
    /** What happened, in the system's own word. */
    name: string;
    /** The commit, in full. Empty where nobody knows. */
    sha: string;
    /** As git names it: `refs/heads/…`, `refs/tags/…`, `refs/pull/…`, `refs/merge-requests/…`. Empty where nobody knows. */
    ref: string;
    /** The branch that was pushed to, or that a pull request comes from. */
    branch: string | null;
    /** The tag that was pushed. */
    tag: string | null;
    /** Also where the event is about one in another way, such as a comment. */
    pullRequest: PullRequest | null;
    /** The branch that a pull request goes to, or that what was pushed came from. */
    baseRef: string | null;
    /** The repository's main branch. */
    defaultBranch: string | null;
    /** Who caused it. */
    actor: string | null;
    /** The run that it caused. */
    run: SystemRun;
    /** Where it happened. */
    repository: Repository;
    /** When the commit was made. */
    commitDate: Timestamp | null;
    /** Where the system itself keeps images, `host[/path]`. */
    registry: string | null;
};
/** What happened. */
export type EventKind = "push" | "tag" | "pull-request" | "schedule" | "manual" | "other";
/** What a system says about an event. Nothing of it need be there. */
export type EventSources = {
    /** The environment, all of it. */
    env?: {
        [key in string]: string | undefined;
    };
    /** What lies at `GITHUB_EVENT_PATH`, parsed. */
    payload?: unknown;
    /** What git says. */
    git?: Partial<GitFacts>;
};
/** Why an effect could not be carried out. */
export type Fault = "not-found" | "denied" | "too-large" | "not-text" | "secret-missing" | "unreachable" | "other";
/** One question to a server, and what is wanted of the answer. */
export type Fetch = {
    /** What is done. */
    method: Method;
    /** `http://…` or `https://…`, without a user in it. */
    url: string;
    /** Headers by their names, none of them secret. */
    headers: {
        [key in string]: string;
    };
    /** Who asks. */
    authorization: Authorization | null;
    /** Whether it goes there itself, whatever proxy the environment names. */
    direct: boolean;
    /** What is sent along. */
    body: Body | null;
    /** Milliseconds after which it is given up and completes as `Completion::TimedOut`. */
    timeout: number;
    /** Most bytes of the answer's body; a larger one is `Fault::TooLarge`. */
    limit: number;
    /** Names, in small letters, of the answer's headers that are handed back. */
    want: Array<string>;
    /** The answer holds a secret: it is kept, and its body is not handed back. */
    keep: Keep | null;
    /**
     * Absolute path of the file that the body goes into where the status is 200, byte for byte; it is not handed back. Missing
     * folders are made.
     */
    save: string | null;
};
/** Whether a tag may be pointed at this release. */
export type Forward = {
    "type": "moves";
} | {
    "type": "stays";
    /** The tag of the highest one. */
    higher: string;
} | {
    "type": "immutable";
} | {
    "type": "not-by-version";
};
/** Which of a service's releases an instance belongs to: grows by one with each deploy of an environment. */
export type Generation = number;
/** Answers of git, asked in the working tree. Nothing of it need be there. */
export type GitFacts = {
    /** `git rev-parse HEAD`. `None`: no repository, or no commit in it. */
    head: string | null;
    /** `git symbolic-ref --quiet HEAD`. `None`: HEAD is detached. */
    symbolicRef: string | null;
    /** `git show --no-patch --pretty=%D HEAD`. */
    decoration: string;
    /** `git for-each-ref --contains HEAD --sort=-committerdate --format='%(refname)' refs/heads refs/remotes`. */
    branches: Array<string>;
    /** `git tag --contains HEAD`. */
    tags: Array<string>;
    /** `git show --no-patch --pretty=%cI HEAD`. */
    commitDate: string | null;
    /** `git remote get-url origin`. A token in it goes nowhere. */
    remote: string | null;
    /** `git symbolic-ref --quiet --short refs/remotes/origin/HEAD`, without `origin/`. */
    defaultBranch: string | null;
};
/** How health is found out, and how much of it is enough. */
export type Health = {
    /** What is asked. */
    probe: Probe;
    /** Milliseconds between two probes, at least 100. */
    every: number;
    /** Milliseconds one probe may take. */
    timeout: number;
    /** Good ones in a row that make a new instance proven. */
    successes: number;
    /** Bad ones in a row that fail an instance that serves; an exit or a restart counts at once. */
    failures: number;
    /** Milliseconds from its start until an instance must be proven. */
    deadline: number;
};
/** What the world tells the core. */
export type Input = ({
    "type": "begin";
} & Begin) | {
    "type": "completed";
    /** Which one. */
    id: EffectId;
    /** What came of it. */
    completion: Completion;
} | {
    "type": "cancel";
    /** Milliseconds until the process is ended by force. */
    grace: number;
} | {
    "type": "tick";
};
/** How a journal ends. */
export type JournalEnd = {
    "type": "done";
    /** How it ended. */
    outcome: string;
    /** The exit code of its process. */
    exitCode: number;
} | {
    "type": "killed";
} | {
    "type": "unanswered";
    /** The input's line. */
    line: number;
} | {
    "type": "torn";
    /** Which one that is. */
    line: number;
} | {
    "type": "crashed";
    /** The line that says so. */
    line: number;
    /** What was said. */
    words: string;
};
/** The journal of a run. */
export type JournalText = {
    /** What is in its file. */
    text: string;
};
/** A secret inside an answer. */
export type Keep = {
    /** Members of the JSON object that the answer is; the first that is a text is kept. */
    members: Array<string>;
    /** The name that it is kept under. */
    name: string;
};
/** A release whose proof held through its bake, at this target. */
export type KnownGood = {
    /** The last one it was committed as. */
    generation: Generation;
    /** What was proven. */
    release: Release;
    /** When it was last committed. */
    since: Timestamp;
    /** The record that committed it. */
    "proof-seq": number;
    /** Which command brought it. */
    command: BroughtBy;
    /** Its place among the revisions, as the run saw it. */
    sequence: Sequence;
    /**
     * When a rollback went from it to something else; cleared when it is committed again.
     *
     * It worked here once, but somebody did not want it: a rollback goes there again only when told so by name, else
     * two of them in a row would end where they began.
     */
    left?: Timestamp | null;
    /** How many tests there were, by the name of the gate that counted them. */
    counted?: {
        [key in string]: number;
    };
};
/** How a run ended. */
export type LastRun = {
    /** What it had begun, if anything. */
    generation: Generation | null;
    /** Its outcome. */
    outcome: Outcome;
    /** A stable code. */
    reason: string;
    /** When. */
    at: Timestamp;
    /** Which run. */
    run: Origin;
};
/** A rollout that failed. */
export type LedgerFailure = {
    /** When. */
    at: Timestamp;
    /** What was to serve, in its name for people. */
    version: string;
    /** How it ended. */
    outcome: Outcome;
};
/** The end of the chain. Whoever knows it from elsewhere can tell whether the chain was rewritten. */
export type LedgerHead = {
    /** The number of the last record; 0 where there is none. */
    seq: number;
    /** Its hash; 64 zeros where there is none. */
    hash: string;
};
/** A person's decision against a rule. */
export type LedgerOverride = {
    /** When. */
    at: Timestamp;
    /** The gate's name, or `quarantine`. */
    what: string;
    /** Whose decision, where that is known. */
    who: string | null;
    /** In the person's own words. */
    reason: string;
};
/** What a ledger says, or where it is not what was written. */
export type LedgerReading = {
    "type": "sound";
    /** How many there are. */
    records: number;
    /** What they come to. Compare its head with an earlier report's: only that shows whether all was written anew. */
    state: LedgerState;
    /** What a crash left at the end. */
    torn: Torn | null;
    /** The first record that only a newer version understands; then the state is incomplete. */
    newer: string | null;
} | ({
    "type": "tampered";
} & Tampered);
/** One file of a ledger. */
export type LedgerSegment = {
    /** The file's name: six digits. */
    name: string;
    /** What is in it. */
    text: string;
};
/** What a ledger comes to. */
export type LedgerState = {
    /** The last record. */
    head: LedgerHead;
    /** The highest one that was ever used. */
    generation: Generation;
    /** What was proven here: the last committed first, each release once, at most ten. Failed attempts evict nothing. */
    "known-good": Array<KnownGood>;
    /** What failed its proof, its bake or its analysis, the newest first. */
    quarantine: Array<Quarantined>;
    /** What began and neither was committed nor ended: a run is at it, or died at it. */
    open: OpenRollout | null;
    /** How the last run that wrote here ended. */
    last: LastRun | null;
    /** The last stop that nobody has lifted; it may have run out since. */
    stop?: Stop | null;
    /** Rollouts that failed, the newest first. */
    failures?: Array<LedgerFailure>;
    /** What persons decided against rules, the newest first. */
    overridden?: Array<LedgerOverride>;
    /** Points of no return that were passed, the newest first. */
    points?: Array<NoReturn>;
    /** Hooks that began, and of which nobody knows how far they got. */
    unfinished?: Array<UnfinishedHook>;
    /** What has the traffic though nothing committed it; `None`: what was committed last has it. */
    stands?: LeftStanding | null;
};
/** A wait for a person. */
export type LedgerWaiting = {
    /** Since when. */
    since: Timestamp;
    /** Until when at most. */
    until: Timestamp;
    /** How many tests there were, by the name of the gate that counted them. */
    counted?: {
        [key in string]: number;
    };
};
/** What has the traffic though nothing committed it: a rollout ended past a point of no return, and nothing was undone. */
export type LeftStanding = {
    /** What has most of the traffic; `None`: nothing has any. */
    generation: Generation | null;
    /** What that is, where it is known. */
    release: Release | null;
    /** Since when it is left so. */
    since: Timestamp;
    /** Its place in the order; `None`: that of what was committed last. */
    sequence?: Sequence | null;
};
/** How loud something is. */
export type Level = "debug" | "info" | "warning" | "error";
/** Members of a JSON object, which stay in their order. */
export type Members = {
    [key in string]: string;
};
/** What is done with what a URL names. */
export type Method = "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
/** One mistake in the inputs. */
export type Mistake = {
    /** Stable, for programs: `tag/…`. */
    code: string;
    /** The input or variable that it is in. */
    input: string;
    /** In the words that users of the older action know, where it had some. */
    message: string;
    /** The entry of the input, where it is one. */
    entry: string | null;
    /** The line of the input that the entry begins in, from 1. */
    line: number | null;
};
/** Whether a tag may name another image tomorrow. */
export type Mobility = "immutable" | "release" | "major" | "minor" | "follows";
/** Something that was decided, done or said. `after`: milliseconds since the run began. */
export type Moment = {
    "type": "phase";
    /** When. */
    after: number;
    /** Its name. */
    phase: string;
    /** Milliseconds until it was left. */
    took: number;
} | {
    "type": "decision";
    /** When. */
    after: number;
    /** In which phase; empty before there are any. */
    phase: string;
    /** What. */
    decision: string;
    /** On what. */
    because: Array<string>;
} | {
    "type": "act";
    /** When it was begun. */
    after: number;
    /** What, in a few words. */
    what: string;
    /** Milliseconds it took. */
    took: number;
    /** How it ended: `done`, or the trouble. */
    ended: string;
} | {
    "type": "said";
    /** When. */
    after: number;
    /** What. */
    text: string;
};
/** Whether a tag may be pointed at this release. */
export type Move = {
    /** The tag. */
    tag: string;
    /** The answer. */
    verdict: Forward;
};
/** What `Begin` is to hold. */
export type Needs = {
    /** The names of environment variables. */
    env: Array<string>;
    /** The names of an action's inputs. */
    inputs: Array<string>;
    /**
     * Words that the core reads in what an engine or a router says: a secret that is one of them cannot be kept out of
     * logs.
     */
    plain: Array<string>;
    /** Whether the run needs the folder that `Begin::scratch` names; else it is a name that no other run has. */
    scratch: boolean;
    /**
     * A command line with one of these words builds what lies in the working tree: until such a run ends, its journal and what others
     * have left in `Begin::reports` lie elsewhere, where that folder is in the tree.
     */
    builds: Array<string>;
};
/** A point of no return that was passed. */
export type NoReturn = {
    /** Of which rollout. */
    generation: Generation;
    /** What that brought, in its name for people. */
    version: string;
    /** The hook. */
    hook: string;
    /** When it began. */
    since: Timestamp;
};
/** A deploy or rollback under way. */
export type OpenRollout = {
    /** Its generation. */
    generation: Generation;
    /** What it brings. */
    release: Release;
    /** Which command brings it. */
    command: BroughtBy;
    /** When it began. */
    since: Timestamp;
    /** Whose it is. */
    run: Origin;
    /** It waits for a person, and no run is at it. */
    waits?: LedgerWaiting | null;
};
/** The run that a record is from. */
export type Origin = {
    /** Who held the lease. */
    holder: string;
    /** With which fencing token. */
    token: Token;
    /** Where the run can be looked at. */
    url?: string | null;
    /** The person, or the machine, that started it. */
    actor?: string | null;
    /** From 1; grows when somebody runs it again. */
    attempt?: number | null;
    /** Counts the runs of the workflow. */
    "run-number"?: number | null;
    /** The workflow. */
    workflow?: string | null;
    /** The repository it is in. */
    repository?: string | null;
};
/** How a run ended. Every run of every command ends in exactly one of these. */
export type Outcome = "shown" | "deployed" | "restored" | "released" | "unchanged" | "waiting" | "held" | "stopped" | "resumed" | "superseded" | "rejected" | "busy" | "failed" | "rolled-back" | "cancelled" | "stranded" | "invalid" | "crashed";
/** What the core tells the world. */
export type Output = {
    "type": "effect";
    /** Names it in `Input::Completed`. */
    id: EffectId;
    /** What to do. */
    effect: Effect;
} | {
    "type": "abort";
    /** Which one. */
    id: EffectId;
} | {
    "type": "emit";
    /** What to say. */
    emit: Emit;
} | {
    "type": "idle";
    /** Hand in a `Input::Tick` then; `None`: only a completion can go on. */
    wakeAt: Timestamp | null;
    /** What is waited for, for people. */
    reason: string;
} | {
    "type": "done";
    /** How it ended. */
    outcome: Outcome;
    /** The exit code of the process. */
    exitCode: number;
};
/** Who drives a run. */
export type Platform = "command-line" | "actions" | "actions-post";
/** What is asked of an instance. */
export type Probe = {
    "http": {
        /** Begins with `/`. */
        path: string;
        /** Lowest and highest status that is well, inclusive. */
        status: [number, number];
        /** Members of the JSON object that it answers with, by name (a dotted path goes deeper), as JSON texts. */
        json: {
            [key in string]: string;
        };
    };
} | "tcp" | {
    "exec": Array<string>;
} | "image" | {
    "runs": number;
};
/** The programs that there are: each has an `action.yml` of its own. A command line is `cd-action`, whatever its words are. */
export type Program = "cd-action" | "metadata";
/** A pull or merge request. */
export type PullRequest = {
    /** As the forge counts them in this repository. */
    number: number;
    /** The newest commit of its own, not of a trial merge. */
    headSha: string | null;
    /** Its branch. */
    head: string | null;
    /** The branch that it goes to. */
    base: string | null;
    /** Whether it comes from another repository. `None`: the system does not say. */
    fork: boolean | null;
};
/** A release that failed here. */
export type Quarantined = {
    /** Of the image. */
    digest: string;
    /** Of the configuration; the same image with another one is not quarantined. */
    "config-hash": string;
    /** Its name for people. */
    version: string;
    /** When it failed last. */
    since: Timestamp;
    /** A stable code. */
    reason: string;
    /** Which run and which attempt of it: a later attempt of the same run is a person's override. */
    run: Origin;
};
/** A version as SemVer and PEP 440 read it. */
export type Reading = {
    /** As it was written. */
    text: string;
    /** As SemVer reads the text. `None`: not at all. */
    semver: string | null;
    /** As PEP 440 reads the text. `None`: not at all. */
    pep440: string | null;
    /** The same version in the words of SemVer, if that says neither more nor less. */
    asSemver: string | null;
    /** The same version in the words of PEP 440, if that says neither more nor less. */
    asPep440: string | null;
    /** Where it stands to its release: by SemVer if that can say it, else by PEP 440. */
    standing: Standing;
    /** Where the two place the same text on different sides of the release. */
    conflict: Conflict | null;
};
/** One version of a service with one configuration: what is deployed, proven, quarantined, gone back to. */
export type Release = {
    /** Its name for people. */
    version: string;
    /** The commit it was built from, where the image says so. */
    revision: string | null;
    /** `registry/repository`, or the local name of an image that is in no registry. */
    image: string;
    /** `sha256:…`: the manifest's digest; the image's id where it is in no registry. */
    digest: string;
    /** Whether the image is in no registry, so that the digest means something on its own engine only. */
    local?: boolean;
    /** SHA-256 over the specification and the fingerprints of its secrets, in hexadecimal. */
    "config-hash": string;
    /** Everything else. */
    spec: Spec;
};
/** What comes of a journal. */
export type Replay = ({
    "type": "decided";
} & Replayed) | ({
    "type": "unreadable";
} & Unreadable);
/** A run, decided again. */
export type Replayed = {
    /** Whether all that was decided is decided again. */
    same: boolean;
    /** Where it is not. */
    difference: Difference | null;
    /** How many inputs were decided again. */
    decided: number;
    /** In how many texts a secret was blotted, whose place was compared and whose value could not be. */
    blotted: number;
    /** The version that wrote the journal; `None`: it is older than those that say so. */
    version: string | null;
    /** The version that decided again. */
    by: string;
    /** The command that was given, `metadata` among them; empty where none was understood. */
    command: string;
    /** When the run began. */
    began: Timestamp;
    /** How the journal ends. */
    end: JournalEnd;
    /** A stable code for why the run ended as it did; empty where it has none, or did not get there. */
    reason: string;
    /** What that rests on, in sentences. */
    because: Array<string>;
    /** What was decided and done, in order. */
    moments: Array<Moment>;
    /** All of this for people, line by line. */
    explanation: string;
};
/** A repository, as far as labels tell of it. What nobody knows is empty. */
export type Repository = {
    /** `owner/name`; groups inside groups have more slashes. */
    fullName: string;
    /** Without the owner. */
    name: string;
    /** One line for people. */
    description: string;
    /** Where a person sees it; never with a user's name or a token in it. */
    url: string;
    /** By SPDX. */
    license: string;
};
/** What became of a rule. */
export type RuleOutcome = {
    "type": "made";
    /** The tag. */
    tag: string;
} | {
    "type": "again";
    /** The tag. */
    tag: string;
} | {
    "type": "nothing";
    /** The reason. */
    why: WhyNoTag;
};
/** What became of a rule. */
export type RuleVerdict = {
    /** The rule, as it was written. */
    rule: string;
    /** What became of it. */
    outcome: RuleOutcome;
};
/** A process to run. No shell is between. */
export type Run = {
    /** The program, looked up in the run's `PATH`, and its arguments. */
    argv: Array<string>;
    /** Variables to set for the child. They are its whole environment, with those of `inherit`. */
    env: {
        [key in string]: Content;
    };
    /**
     * Names of variables that the child gets from the run's own environment, where they are set. `GIT_*` stands for all that
     * begin with `GIT_`.
     */
    inherit: Array<string>;
    /** What the child reads; `None`: nothing, its input is closed. */
    stdin: Stdin | null;
    /** Milliseconds after which the process group is ended and the effect completes as `Completion::TimedOut`. */
    timeout: number;
    /** Most bytes kept of each of stdout and stderr; of a longer one the last bytes are kept. */
    outputLimit: number;
    /** Leave it running until the run ends; complete as `Completion::Opened` when this path exists. */
    hold: string | null;
    /** Keep stdout (trimmed) in the shell under this name, as a secret; it is not handed back. */
    keepAs: string | null;
    /**
     * Stdout is what earlier runs wrote, and nothing secret is ever written: where the process ends with 0 hand it back
     * as it is, as `Completion::Recalled`. A secret that happens to be a word in it would else spoil it.
     */
    recall: boolean;
};
/** How a secret reaches an instance. The value is known to the shell alone. */
export type SecretUse = "env" | {
    "file": string;
};
/** What a rollback rests on. */
export type SelectRequest = {
    /** What the ledger comes to. */
    state: LedgerState;
    /** The generation that was observed to serve; `None`: nothing, or nothing that is known. */
    serving: Generation | null;
    /** Where to go, by name: a version, a digest, an image reference or a generation (`g7`). `None`: the newest. */
    wanted?: string | null;
    /** Which images exist or can be fetched, by digest. What it does not name is missing. */
    images: {
        [key in string]: boolean;
    };
    /** Which secrets are set, by name. What it does not name is missing. */
    secrets: {
        [key in string]: boolean;
    };
};
/** Every release that was proven here, and what is to be thought of it. */
export type Selection = {
    /** The newest first. At most one is `Verdict::Chosen`. */
    candidates: Array<Candidate>;
    /** What failed and never was good: no candidates, but people look for them. */
    "never-proven": Array<Quarantined>;
};
/** A release's place among others of its repository; tells the older one from the newer. */
export type Sequence = {
    /** The commit. */
    revision: string | null;
    /** Compares only within one workflow of one repository. */
    "run-number": number | null;
    /** The workflow. */
    workflow: string | null;
    /** The repository it is in. */
    repository: string | null;
};
/**
 * The resolved `run` and `health` of a release: everything needed to start it again without the configuration.
 *
 * It is what the configuration hash is taken over and what the ledger keeps. It holds no secret, only names of them.
 */
export type Spec = {
    /** The port that the service listens on, inside; `None`: it is a worker, which nobody asks. */
    port?: number | null;
    /** Environment variables, placeholders filled in. */
    env: {
        [key in string]: string;
    };
    /** Secrets by name. */
    secrets: {
        [key in string]: SecretUse;
    };
    /** How many instances, at least 1. */
    replicas: number;
    /** Arguments in place of the image's own command. */
    command: Array<string> | null;
    /** `user[:group]` in place of the image's own. */
    user: string | null;
    /** Bytes of memory an instance may use. */
    memory: number | null;
    /** Thousandths of a processor an instance may use. */
    cpus: number | null;
    /** `volume-or-absolute-path:absolute-path[:ro]`. */
    volumes: Array<string>;
    /** Labels of the containers, besides ours. */
    labels: {
        [key in string]: string;
    };
    /** Networks to join besides the service's own. */
    networks: Array<string>;
    /** Whether the root file system is read-only. */
    "read-only": boolean;
    /** Whether it is well, and how that is found out. */
    health: Health;
};
/** Where a version stands to the release that its numbers name. */
export type Standing = "before" | "release" | "after";
/** What a child reads from its standard input. */
export type Stdin = {
    "type": "text";
    /** UTF-8, byte for byte. */
    text: string;
} | {
    "type": "tar";
    /** In this order; folders are not listed, but made. */
    files: Array<TarFile>;
};
/** One pressing of the button. */
export type Stop = {
    /** One word, told apart from every other pressing. */
    id: string;
    /** Who pressed it, where that is known. */
    who?: string | null;
    /** Why, in the person's own words. */
    reason: string;
    /** When, by the target's clock. */
    since: Timestamp;
    /** When it ends by itself, by the target's clock; `None`: when somebody lifts it. */
    until?: Timestamp | null;
    /** Where the run that set it can be looked at. */
    url?: string | null;
};
/** Who runs us. */
export type System = "github" | "forgejo" | "gitea" | "gitlab" | "bitbucket" | "jenkins" | "circleci" | "azure" | "git";
/** A run of the system. */
export type SystemRun = {
    /** Names it for the system's programs. */
    id: string | null;
    /** Counts the runs. */
    number: number | null;
    /** From 1. `None`: the system does not count them. */
    attempt: number | null;
    /** Where a person sees it. */
    url: string | null;
};
/** A tag, and where it comes from. */
export type Tag = {
    /** Always within the grammar of registries. */
    name: string;
    /** The rule that made it, as it was written. */
    rule: string;
    /** Whether it may name another image tomorrow. */
    mobility: Mobility;
};
/** Where a ledger is not what was written. */
export type Tampered = {
    /** The segment's name. */
    segment: string;
    /** From 1. */
    line: number;
    /** The number that the record there claims to have, where one can be read. */
    seq: number | null;
    /** What is wrong. */
    what: string;
};
/** One file of an archive. */
export type TarFile = {
    /** Relative path, at most 100 bytes. */
    path: string;
    /** Permission bits. */
    mode: number;
    /** Owner's user id. */
    uid: number;
    /** Owner's group id. */
    gid: number;
    /** What is in it. */
    content: Content;
};
/**
 * Milliseconds since the Unix epoch, by the clock of the machine the run is on.
 *
 * It never decides who may write at the target: leases go by the target's own clock.
 */
export type Timestamp = number;
/** The fencing token: grows by one whenever another holder takes the lease, and never shrinks. */
export type Token = number;
/** What a crash left of a record that was being written. Nobody was told that it is there, so it never was. */
export type Torn = {
    /** The segment's name. */
    segment: string;
    /** From 1. */
    line: number;
    /** What is there of it. */
    text: string;
};
/** A hook that began, and of which nobody knows how far it got. */
export type UnfinishedHook = {
    /** Its name. */
    hook: string;
    /** Of which rollout. */
    generation: Generation;
    /** When it began. */
    since: Timestamp;
    /** Whether it may be begun again all the same. */
    retry: "safe" | "never";
    /** Why it was ended, where that is known. */
    why?: string | null;
};
/** Why a text cannot be decided again. */
export type Unreadable = {
    /** The version that wrote it, where it says so. */
    version: string | null;
    /** The version that could not read it. */
    by: string;
    /** What is wrong with it, up to twenty. */
    mistakes: Array<BadLine>;
    /** How many there are besides. */
    more: number;
};
/** A text that may be a version. */
export type VersionText = {
    /** As it is written; a `v` may stand before it. */
    text: string;
};
/** Why a rule made no tag. */
export type WhyNoTag = {
    "type": "disabled";
} | {
    "type": "not-scheduled";
} | {
    "type": "no-tag";
} | {
    "type": "no-branch";
} | {
    "type": "no-pull-request";
} | {
    "type": "other-branch";
    /** The one that it is for. */
    wanted: string;
} | {
    "type": "no-default-branch";
} | {
    "type": "no-commit";
} | {
    "type": "no-version";
    /** The text. */
    text: string;
    /** `SemVer` or `PEP 440`. */
    standard: string;
} | {
    "type": "no-match";
    /** The pattern. */
    pattern: string;
    /** The text. */
    text: string;
} | {
    "type": "no-group";
    /** The pattern. */
    pattern: string;
    /** The group. */
    group: string;
} | {
    "type": "empty";
} | {
    "type": "unusable";
    /** The text. */
    text: string;
};
