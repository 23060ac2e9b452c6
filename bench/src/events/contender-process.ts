import { openContenders } from "./contenders.ts";
import type { Asked, Opening } from "./remote-session.ts";
import { openSession, type Session } from "./session.ts";

// A process of one contender: it does what its parent asks, one thing at a time, and nothing in between.
const { contender, server } = JSON.parse(process.argv[2] ?? "") as Opening;
const session: Session = openSession(await openContenders[contender](server));

process.on("message", (asked: Asked) => void answer(asked));
process.on("disconnect", () => process.exit());

async function answer({ method, options }: Asked): Promise<void> {
  try {
    // Which options belong to which method is the business of the parent's types.
    const answered = await (session[method] as (given: unknown) => Promise<unknown>)(options);
    process.send?.({ answer: answered });
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
process.send?.({ answer: "open" });
