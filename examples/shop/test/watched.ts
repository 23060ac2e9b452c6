// Loaded before a program whose memory is watched: at every message it collects its garbage and tells what is left.
process.on("message", () => {
  // Twice: what the first round finalizes, the second one frees.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed + external });
});
// It does not keep the process alive.
process.channel?.unref();
