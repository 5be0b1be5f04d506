// Loaded into a process before it: its clock stands still at FROZEN_CLOCK, an ISO date.
const at = Date.parse(process.env.FROZEN_CLOCK);
if (Number.isNaN(at)) throw new Error(`FROZEN_CLOCK is no date: ${process.env.FROZEN_CLOCK}`);

globalThis.Date = class extends Date {
  constructor(...parts) {
    if (parts.length === 0) super(at);
    else super(...parts);
  }

  static now() {
    return at;
  }
};
