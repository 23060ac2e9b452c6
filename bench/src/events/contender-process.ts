import { answerParent, openedWith } from "../remote-process.ts";
import { openContenders } from "./contenders.ts";
import type { Opening } from "./remote-session.ts";
import { openSession } from "./session.ts";

// A process of one contender.
const { contender, server } = openedWith<Opening>();
const session = openSession(await openContenders[contender](server));
answerParent(session, session.close);
