import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { createBlotter } from "../src/blot";
import { blotWords } from "../src/blot-boundary";

/** Is plain. */
const nothing = () => false;

const SECRETS = {
  plain: "s3cr3t-Value",
  url: "p@ss/w?rd&x=1 %+~",
  quotes: `it's "quoted" \\ and $HOME`,
  json: '{"type":"service_account","key":"a<b>&c"}',
  unicode: "pässwört-𝄞-Ω",
  pem: "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nhT8tX1r9/Zq+Ew==\n-----END KEY-----\n",
  binaryLike: "\u0001\t\u007f????>>>>",
  four: "abcd",
};

/** Written apart from the blotter: how a tool would show a secret. */
const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  raw: (value) => value,
  base64: (value) => Buffer.from(value).toString("base64"),
  base64url: (value) => Buffer.from(value).toString("base64url"),
  hex: (value) => Buffer.from(value).toString("hex"),
  "upper-case hex": (value) => Buffer.from(value).toString("hex").toUpperCase(),
  "URI component": encodeURIComponent,
  "URI component in lower case": (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  URI: encodeURI,
  form: (value) => new URLSearchParams({ v: value }).toString().slice(2),
  JSON: (value) => JSON.stringify(value),
  "JSON in JSON": (value) => JSON.stringify(JSON.stringify(value)),
  "shell quotes": (value) => `'${value.replaceAll("'", "'\\''")}'`,
  "shell double quotes between": (value) => `'${value.replaceAll("'", `'"'"'`)}'`,
};

describe("the blotter", () => {
  for (const [kind, secret] of Object.entries(SECRETS)) {
    for (const [name, encode] of Object.entries(ENCODINGS)) {
      it(`blots ${name} of ${kind}`, () => {
        const blotter = createBlotter(nothing);
        blotter.add(secret);
        const shown = blotter.blot(`before ${encode(secret)} after`);
        assert.match(shown, /^before ["'\\]*\*\*\*["'\\]* after$/);
      });
    }
  }

  it("blots base64 in the middle of longer base64, at each alignment", () => {
    for (const secret of Object.values(SECRETS)) {
      const blotter = createBlotter(nothing);
      blotter.add(secret);
      for (const before of ["", "u", "us", "user:", "someone:"]) {
        for (const after of ["", "!", "!!", "!!!"]) {
          for (const encoding of ["base64", "base64url"] as const) {
            const shown = blotter.blot(Buffer.from(before + secret + after).toString(encoding));
            const left = Buffer.from(shown.replace("***", ""), "base64").toString("latin1");
            assert.ok(shown.includes("***"), `${before}${secret}${after}: ${shown}`);
            assert.ok(!left.includes(secret.slice(1, -1)), shown);
          }
        }
      }
    }
  });

  it("blots what Go and Python make of a JSON string", () => {
    const blotter = createBlotter(nothing);
    blotter.add('a<b>&c"ä');
    assert.equal(blotter.blot('{"k":"a\\u003cb\\u003e\\u0026c\\"ä"}'), '{"k":"***"}');
    assert.equal(blotter.blot('{"k":"a<b>&c\\"\\u00e4"}'), '{"k":"***"}');
  });

  it("blots each line of a value of several, also with other line ends and indented", () => {
    const blotter = createBlotter(nothing);
    blotter.add(SECRETS.pem);
    const shown = blotter.blot(SECRETS.pem.replaceAll("\n", "\r\n    "));
    assert.equal(shown.replaceAll(/[\r\n ]/g, ""), "************");
  });

  it("leaves lines of fewer than four characters", () => {
    const blotter = createBlotter(nothing);
    blotter.add("{\nlong-enough\n}");
    assert.equal(blotter.blot("{ long-enough }"), "{ *** }");
  });

  it("refuses values of fewer than four characters", () => {
    const blotter = createBlotter(nothing);
    assert.equal(blotter.add("abc"), "short");
    assert.equal(blotter.blot("abc"), "abc");
  });

  it("knows a value that it was given before", () => {
    const blotter = createBlotter(nothing);
    assert.equal(blotter.add("value"), "new");
    assert.equal(blotter.add("value"), "known");
  });

  it("blots the longer of two secrets that begin alike", () => {
    const blotter = createBlotter(nothing);
    blotter.add("pass");
    blotter.add("password");
    assert.equal(blotter.blot("password pass passport"), "*** *** ***port");
  });

  it("blots both of two secrets that overlap", () => {
    const blotter = createBlotter(nothing);
    blotter.add("abcdef");
    blotter.add("defghi");
    assert.equal(blotter.blot("<abcdefghi>"), "<***>");
  });

  it("leaves nothing of a secret that lies across the start", () => {
    const blotter = createBlotter(nothing);
    blotter.add("secret");
    assert.equal(blotter.blotFrom("a secret and a secret", 5), "*** and a ***");
    assert.equal(blotter.blotFrom("a secret and a secret", 8), " and a ***");
  });

  it("agrees with a search for each value by itself", () => {
    const random = generator("blot");
    for (let round = 0; round < 300; round += 1) {
      const letters = (length: number) => Array.from({ length }, () => "ab"[random(2)]).join("");
      const secrets = Array.from({ length: 1 + random(3) }, () => letters(4 + random(4)));
      const text = letters(40);
      const blotter = createBlotter(nothing);
      for (const secret of secrets) blotter.add(secret);
      const covered = new Set<number>();
      for (const secret of secrets) {
        for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
          for (let letter = 0; letter < secret.length; letter += 1) covered.add(at + letter);
        }
      }
      const marked = [...text].map((letter, at) => (covered.has(at) ? "*" : letter)).join("");
      assert.equal(blotter.blot(text), marked.replace(/\*+/g, "***"), `${secrets} in ${text}`);
    }
  });
});

describe("words on their way out", () => {
  const blotter = createBlotter(nothing);
  blotter.add("12345");
  blotter.add('say "hi"');

  it("are blotted after escape sequences that could hide a secret are gone", () => {
    const words = blotWords(
      { type: "relay", text: "1\u001b[0m23\u000045 \u001b]0;title\u0007x\r\ny\u009b" },
      blotter.blot,
    );
    assert.deepEqual(words, { type: "relay", text: "*** x\ny" });
  });

  it("stay JSON where they are JSON", () => {
    const json = JSON.stringify({ port: 12345, text: 'a 12345 and say "hi"', "12345": [true, null] });
    const words = blotWords({ type: "answer", json }, blotter.blot);
    assert.ok(words.type === "answer");
    assert.deepEqual(JSON.parse(words.json), { port: 12345, text: "a *** and ***", "***": [true, null] });
  });
});

function generator(seed: string): (below: number) => number {
  let count = 0;
  return (below) => {
    count += 1;
    return createHash("sha256").update(`${seed}${count}`).digest().readUInt32BE() % below;
  };
}
