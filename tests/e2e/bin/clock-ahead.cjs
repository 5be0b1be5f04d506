// Puts a process's clock ahead by CLOCK_AHEAD milliseconds: NODE_OPTIONS=--require=…/clock-ahead.cjs
const now = Date.now;
const ahead = Number(process.env.CLOCK_AHEAD ?? 0);
Date.now = () => now() + ahead;
