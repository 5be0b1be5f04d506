// The same in a page: it gets the questions from the server that it came from, and hands the answers in there.
import * as api from './core/index.js';
import { answers } from './ask.mjs';

const hand = (path, body) => fetch(path, { method: 'POST', body });
addEventListener('securitypolicyviolation', ({ blockedURI, violatedDirective }) => hand('/failed', `${violatedDirective}: ${blockedURI}`));
try {
  const questions = await (await fetch('/questions')).text();
  await hand('/answers', await answers(questions, api));
} catch (error) {
  await hand('/failed', `${error.stack}`);
}
