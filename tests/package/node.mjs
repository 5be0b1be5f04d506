// Questions on stdin, answers on stdout, by the package as node finds it.
import { readFileSync } from 'node:fs';
import * as api from 'cd-action-core';
import { answers } from './ask.mjs';

process.stdout.write(await answers(readFileSync(0, 'utf8'), api));
