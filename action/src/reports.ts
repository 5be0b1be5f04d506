/**
 * The folder of a command line's reports, which lies in the working tree, and is no part of what is built there.
 *
 * While the tree is built nothing of it is there: build tools differ in what they leave out, and what is published would hold the
 * journal of its own publishing, another one each time.
 */

import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Takes what is there into a folder of the run's own, and gives that. A run that is killed leaves it there. */
export function takeAway(reports: string, scratch: string, warn: (text: string) => void): string {
  const away = join(scratch, "reports");
  attempt(`${reports} cannot be taken out of what is built`, warn, () => {
    if (existsSync(reports)) move(reports, away);
  });
  mkdirSync(away, { recursive: true });
  return away;
}

/** Puts it back, and says whether all of it is. What the run itself has written there since stays. */
export function putBack(away: string, reports: string, warn: (text: string) => void): boolean {
  return attempt(`what was in ${reports} cannot be put back, and stays in ${away}`, warn, () => {
    const names = readdirSync(away).filter((name) => !existsSync(join(reports, name)));
    if (names.length > 0) mkdirSync(reports, { recursive: true });
    for (const name of names) move(join(away, name), join(reports, name));
  });
}

/** Git leaves it out, whatever the project's own list says. */
export function hideReports(reports: string): void {
  const list = join(reports, ".gitignore");
  attempt(
    "",
    () => {},
    () => {
      if (existsSync(reports) && !existsSync(list)) writeFileSync(list, "*\n");
    },
  );
}

/** The folder of a run's own may be on another file system. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    cpSync(from, to, { recursive: true, preserveTimestamps: true });
    rmSync(from, { recursive: true, force: true });
  }
}

function attempt(what: string, warn: (text: string) => void, action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
