// The same, with the module's bytes inside the bundle.
import { readFileSync } from 'node:fs';
import * as api from 'cd-action-core';
import wasm from 'cd-action-core/core.wasm';
import { answers } from './ask.mjs';

process.stdout.write(await answers(readFileSync(0, 'utf8'), api, wasm));
