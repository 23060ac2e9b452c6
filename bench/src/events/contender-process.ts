import { serveParent } from "../worker.ts";
import { openContenders } from "./contenders.ts";
import type { Opening } from "./remote-session.ts";
import { openSession } from "./session.ts";

// A process of one contender.
await serveParent(async ({ contender, server }: Opening) => openSession(await openContenders[contender](server)));
