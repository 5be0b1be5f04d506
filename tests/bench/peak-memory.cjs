// Loaded into a process before it: says at its end, alone on standard error, how many KiB were resident at most.
process.on('exit', () => process._rawDebug(String(process.resourceUsage().maxRSS)));
