import type { OpenContender } from "./contender.ts";
import { openEmmett } from "./contenders/emmett.ts";
import { openGraphileWorker } from "./contenders/graphile-worker.ts";
import { openLimit, openPipelinedLimit } from "./contenders/limit.ts";
import { openNotify } from "./contenders/notify.ts";
import { openPgBoss } from "./contenders/pg-boss.ts";
import { openPolderBus } from "./contenders/polder-bus.ts";
import { openPolderRuntime } from "./contenders/polder-runtime.ts";

/** Every system under test. */
export const openContenders = {
  limit: openLimit,
  "limit-pipelined": openPipelinedLimit,
  "polder-bus": openPolderBus,
  "polder-runtime": openPolderRuntime,
  "pg-boss": openPgBoss,
  "graphile-worker": openGraphileWorker,
  emmett: openEmmett,
  notify: openNotify,
} as const satisfies Readonly<Record<string, OpenContender>>;

/** Name of a system under test. */
export type ContenderName = keyof typeof openContenders;
