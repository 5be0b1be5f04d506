/** What effects need, made for one test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createBlotter } from "../../src/blot";
import { endAll, type World } from "../../src/effects";
import type { Effect } from "../../src/generated/protocol";
import { createPlainWords } from "../../src/plain";
import { createSecrets } from "../../src/secrets";

export interface TestWorld extends World {
  readonly masked: string[];
  readonly warned: string[];
}

/** Whatever a test leaves running is ended with it. */
export function worldOf(t: TestContext, env: NodeJS.ProcessEnv = {}): TestWorld {
  const plain = createPlainWords();
  const blotter = createBlotter(plain.has);
  const masked: string[] = [];
  const warned: string[] = [];
  const all = { PATH: process.env.PATH, ...env };
  const warn = (name: string) => warned.push(name);
  const announce = { mask: (text: string) => masked.push(text), tooShort: warn, tooCommon: warn };
  const world = {
    env: all,
    blotter,
    secrets: createSecrets(all, plain, blotter, announce),
    children: new Set(),
    masked,
    warned,
  };
  t.after(() => endAll(world as TestWorld));
  return world as TestWorld;
}

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "cd-action-test-"));
  // What a test has ended may write a last time.
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  return path;
}

type RunEffect = Extract<Effect, { type: "run" }>;

export function runOf(argv: readonly string[], overrides: Partial<RunEffect> = {}): RunEffect {
  return {
    type: "run",
    argv: [...argv],
    env: {},
    inherit: ["PATH"],
    stdin: null,
    timeout: 20_000,
    outputLimit: 65_536,
    hold: null,
    keepAs: null,
    recall: false,
    ...overrides,
  };
}

export function shell(script: string, overrides: Partial<RunEffect> = {}): RunEffect {
  return runOf(["sh", "-c", script], overrides);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `condition` holds; the tests' own limit is the only deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
