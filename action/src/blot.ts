/**
 * Blots secrets out of text: the value itself, each line of it, and the forms that tools give it.
 *
 * One pass over the text, longest form first; where two secrets overlap both go. To add a form: `forms`.
 */

export interface Blotter {
  /** Blots `value` from here on. `short` and `plain`: it is not blotted, since that would blot what a run has to read. */
  readonly add: (value: string) => "new" | "known" | "short" | "plain";
  /** Blots no more what has become plain. */
  readonly review: () => void;
  readonly blot: (text: string) => string;
  /** Blots what follows `start`; of a secret that lies across `start` nothing is left either. */
  readonly blotFrom: (text: string, start: number) => string;
  /** Bytes of the longest form: how far before a cut a secret may begin that ends behind it. */
  readonly longest: () => number;
}

export function createBlotter(isPlain: (text: string) => boolean): Blotter {
  /** Each value with its forms. */
  const values = new Map<string, string[]>();
  let index = createIndex();

  const addForms = (forms: readonly string[]): void => {
    for (const form of forms) if (!isPlain(form)) addForm(index, form);
  };

  const blotFrom = (text: string, start: number): string => {
    let blotted = "";
    let from = start;
    for (const [begin, end] of matches(index, text)) {
      if (end <= from) continue;
      blotted += `${text.slice(from, Math.max(from, begin))}${BLOT}`;
      from = end;
    }
    return blotted + text.slice(from);
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
    blot: (text) => blotFrom(text, 0),
    blotFrom,
    longest: () => index.longest,
  };
}

/** The lines of a value of several lines that are long enough to be blotted, without the blanks around them. */
export function lines(value: string): string[] {
  const parts = value.split(/[\r\n]+/).map((line) => line.trim());
  return parts.length < 2 ? [] : parts.filter((line) => line.length >= SHORTEST);
}

/** Every form in which a tool may show `value`, itself included. */
function forms(value: string): Set<string> {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const texts = [value, ...(SAFE.test(value) ? [] : quoted(value)), hex, hex.toUpperCase(), ...base64(bytes)];
  return new Set(texts.filter((text) => text.length >= SHORTEST));
}

/** As it is written where some of its letters mean something. */
function quoted(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value.trim(),
    json,
    jsonAscii(json), // Python
    json.replace(/[<>&]/g, unicodeEscape), // Go
    JSON.stringify(json).slice(1, -1), // a document in a document
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    ...percent(value),
  ];
}

/** Base64 at each of the three places that a value can have in a longer text, without the letters that its neighbours decide. */
function base64(bytes: Buffer): string[] {
  const whole = bytes.toString("base64");
  const parts = [0, 1, 2].map((shift) => {
    const letters = Math.floor(((shift + bytes.length) * 8) / 6);
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return shifted.slice(shift === 0 ? 0 : shift + 1, letters);
  });
  return [whole, whole.replace(/=+$/, ""), ...parts].flatMap((part) => [
    part,
    part.replaceAll("+", "-").replaceAll("/", "_"),
  ]);
}

/** A value comes from the environment or from decoded bytes: it has no lone surrogates, which these functions throw on. */
function percent(value: string): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ "": value }).toString().slice(1);
  const all = [component, strict, strict.replaceAll("%20", "+"), form, encodeURI(value)];
  return all.flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function jsonAscii(json: string): string {
  return json.replace(/[^ -~]/g, unicodeEscape);
}

function unicodeEscape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The forms by their first letters, and a table that says at once of nearly every place that no form begins there. */
interface Index {
  readonly beginnings: () => Uint8Array;
  /** Takes a form into the table. */
  readonly note: (form: string) => void;
  /** Longest first. */
  readonly byBeginning: Map<string, string[]>;
  longest: number;
}

function createIndex(): Index {
  const byBeginning = new Map<string, string[]>();
  let beginnings: Uint8Array | undefined;
  const note = (form: string): void => {
    if (beginnings !== undefined) beginnings[hash(form, 0)] = 1;
  };
  return {
    beginnings: () => {
      if (beginnings === undefined) {
        beginnings = new Uint8Array(0x10000);
        for (const beginning of byBeginning.keys()) note(beginning);
      }
      return beginnings;
    },
    byBeginning,
    note,
    longest: 0,
  };
}

function addForm(index: Index, form: string): void {
  const beginning = form.slice(0, SHORTEST);
  const forms = index.byBeginning.get(beginning) ?? [];
  if (forms.includes(form)) return;
  forms.push(form);
  forms.sort((a, b) => b.length - a.length);
  index.byBeginning.set(beginning, forms);
  index.note(form);
  index.longest = Math.max(index.longest, Buffer.byteLength(form));
}

/** Where forms occur, from left to right; those that overlap or touch are one. */
function* matches(index: Index, text: string): Generator<[begin: number, end: number]> {
  if (!mayHold(index, text)) return;
  const beginnings = index.beginnings();
  let open: [number, number] | undefined;
  for (let at = 0; at + SHORTEST <= text.length; at += 1) {
    if (beginnings[hash(text, at)] === 0) continue;
    const form = index.byBeginning.get(text.slice(at, at + SHORTEST))?.find((form) => text.startsWith(form, at));
    if (form === undefined) continue;
    const end = at + form.length;
    if (open !== undefined && at <= open[1]) open[1] = Math.max(open[1], end);
    else {
      if (open !== undefined) yield open;
      open = [at, end];
    }
  }
  if (open !== undefined) yield open;
}

/**
 * Whether any form can begin somewhere. The search of a whole text by node's own code costs less than a look at a few letters by ours, so it is
 * worth while where there are fewer beginnings than letters.
 */
function mayHold({ byBeginning }: Index, text: string): boolean {
  if (text.length < SHORTEST) return false;
  if (byBeginning.size > text.length) return true;
  for (const beginning of byBeginning.keys()) if (text.includes(beginning)) return true;
  return false;
}

/** Of `SHORTEST` letters. */
function hash(text: string, at: number): number {
  const letter = (offset: number): number => text.charCodeAt(at + offset);
  return (letter(0) + 31 * letter(1) + 961 * letter(2) + 29_791 * letter(3)) & 0xffff;
}

/** Letters that mean nothing anywhere: all that most tokens are made of. */
const SAFE = /^[A-Za-z0-9._-]*$/;
const BLOT = "***";
/** Shorter values are words of everyday logs. */
const SHORTEST = 4;
