import type { Hono } from "hono";
import type { Registry } from "../registry.ts";
import { readMode } from "../settings.ts";
import { configUpdateAnswer } from "./answers.ts";
import { bodyOf, flagIn, subjectIn } from "./read-request.ts";

/** `/config` and `/mode`, of the whole registry and of subjects. */
export function settingRoutes(app: Hono, registry: Registry): void {
  for (const path of ["/config", "/config/:subject"]) {
    app.get(path, async (context) => {
      const inherited = flagIn(context, "defaultToGlobal");
      return context.json(await registry.config(subjectIn(context), { inherited }));
    });
    app.put(path, async (context) => {
      const body = await bodyOf(context);
      const config = await registry.updateConfig(subjectIn(context), body);
      // Theirs gives back what was handed in, with the values as they were understood.
      const told = Object.entries(configUpdateAnswer(config)).filter(([field]) => body[field] !== undefined);
      return context.json(Object.fromEntries(told));
    });
    app.delete(path, async (context) => context.json(await registry.deleteConfig(subjectIn(context))));
  }
  for (const path of ["/mode", "/mode/:subject"]) {
    app.get(path, async (context) => {
      const inherited = flagIn(context, "defaultToGlobal");
      return context.json({ mode: await registry.mode(subjectIn(context), { inherited }) });
    });
    app.put(path, async (context) => {
      const mode = readMode((await bodyOf(context))["mode"]);
      const force = flagIn(context, "force");
      return context.json({ mode: await registry.updateMode(subjectIn(context), mode, { force }) });
    });
    app.delete(path, async (context) => context.json({ mode: await registry.deleteMode(subjectIn(context)) }));
  }
}
