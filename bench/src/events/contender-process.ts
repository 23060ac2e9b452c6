import { openContenders } from "./contenders.ts";
import type { Asked, Opening } from "./remote-session.ts";
import { openSession, type Session } from "./session.ts";

// A process of one contender: it does what its parent asks, one thing at a time, and nothing in between.
const { contender, server } = JSON.parse(process.argv[2] ?? "") as Opening;
const session: Session = openSession(await openContenders[contender](server));

process.on("message", async ({ method, options }: Asked) => {
  try {
    // Which options belong to which method is the business of the parent's types.
    const answer = await (session[method] as (given: unknown) => Promise<unknown>)(options);
    process.send?.({ answer });
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on("disconnect", () => process.exit());
process.send?.({ answer: "open" });
