// The table of `make kill-matrix`: reads what killing.mjs has noted, a line a kill, and prints docs/kill-matrix.md.
//
//   node matrix.mjs NOTES

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const COLUMNS = ['before', 'during', 'torn', 'after', 'late'];

// Of one that was made again, where an earlier try was interrupted, the last word counts.
const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const kills = [...new Map(lines.map((kill) => [`${kill.of} ${kill.call} ${kill.way}`, kill])).values()];
const series = Map.groupBy(kills, (kill) => kill.of);
const came = kills.filter((kill) => kill.came);
const sum = (all, field) => all.reduce((total, kill) => total + (kill.users?.[field] ?? 0), 0);
const number = (value) => value.toLocaleString('en-US');
const commit = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' }).trim();

console.log(`# Every kill of every strategy

Made by \`make kill-matrix\` at ${commit} and not by hand: ${number(came.length)} runs on a real engine, each killed (SIGKILL) at a command that
changes something, and then put right by one more run. Where the strategy does not interrupt, users came all the time with 100 new connections a
second: ${number(sum(kills, 'sent'))} requests in all, of which ${number(sum(kills, 'failed'))} failed.

A row is a command of the undisturbed run, in the order they come. A column is how its run is killed:

- *before*: the command is not carried out.
- *during*: the run is dead, its command goes on.
- *torn*: the command dies with it, some hundredths of a second into its work.
- *after*: the command is done, and the run has not heard of it.
- *late*: the run is dead, and the command is carried out four seconds later, when the next run is at work or done.

A cell says what came next, how that ended, and what serves in the end: \`recover\`, or *again* the same command. Everything is looked at after it: who
answers, that the instances are those that the ledger names and no others, the routing table, the lease, and that the ledger's chain is whole. A dash: the run was not killed there
in this way, or the call did not come this time.
`);

for (const [of, all] of series) {
  const calls = [...new Set(all.map((kill) => kill.call))];
  const users = all.some((kill) => kill.users)
    ? `${number(sum(all, 'sent'))} requests, ${number(sum(all, 'failed'))} failed`
    : 'interrupts or has nobody yet, so no users came';
  console.log(`## ${of[0].toUpperCase()}${of.slice(1)}\n`);
  console.log(`${number(all.filter((kill) => kill.came).length)} kills; ${users}.\n`);
  console.log(`| killed at | ${COLUMNS.join(' | ')} |`);
  console.log(`|---|${COLUMNS.map(() => '---|').join('')}`);
  for (const call of calls) {
    const cells = COLUMNS.map((way) => cell(all.find((kill) => kill.call === call && kill.way === way)));
    console.log(`| \`${call}\` | ${cells.join(' | ')} |`);
  }
  console.log('');
}

function cell(kill) {
  if (!kill?.came) return '–';
  if (kill.serves === null) return '**not settled**';
  return `${kill.next === 'recover' ? '`recover`' : '*again*'}: \`${kill.outcome}\`, ${kill.serves}`;
}
