import type { Hono } from "hono";
import type { Registry } from "../registry.ts";
import { nameOfSubject } from "../subject.ts";
import { registeredAnswer, textIn, versionAnswer } from "./answers.ts";
import { deletedIn, flagIn, formIn, pageIn, schemaIn, searchIn, subjectIn, versionIn } from "./read-request.ts";

/** `/subjects` and `/compatibility`. */
export function subjectRoutes(app: Hono, registry: Registry): void {
  app.get("/subjects", async (context) => {
    const subjects = await registry.subjects(searchIn(context));
    return context.json(subjects.map(nameOfSubject));
  });
  app.post("/subjects/:subject", async (context) => {
    const options = { normalize: flagIn(context, "normalize"), deleted: flagIn(context, "deleted") };
    const found = await registry.lookUp(subjectIn(context), await schemaIn(context), options);
    return context.json(versionAnswer(found, formIn(context)));
  });
  app.delete("/subjects/:subject", async (context) => {
    const isPermanent = flagIn(context, "permanent");
    return context.json(await registry.deleteSubject(subjectIn(context), { isPermanent }));
  });
  app.get("/subjects/:subject/metadata", async (context) => {
    const [keys = [], values = []] = [context.req.queries("key"), context.req.queries("value")];
    const properties = Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""]));
    const deleted = flagIn(context, "deleted");
    const found = await registry.withProperties(subjectIn(context), properties, { deleted });
    return context.json(versionAnswer(found, formIn(context)));
  });
  versionRoutes(app, registry);
  compatibilityRoutes(app, registry);
}

function versionRoutes(app: Hono, registry: Registry): void {
  app.get("/subjects/:subject/versions", async (context) => {
    const isNegative = flagIn(context, "deletedAsNegative");
    const versions = await registry.versions(subjectIn(context), isNegative ? "included" : deletedIn(context));
    const { offset, limit } = pageIn(context);
    const numbers = versions.map(({ version, isDeleted }) => (isNegative && isDeleted ? -version : version));
    return context.json(numbers.slice(offset, offset + limit));
  });
  app.post("/subjects/:subject/versions", async (context) => {
    const normalize = flagIn(context, "normalize");
    return context.json(
      registeredAnswer(await registry.register(subjectIn(context), await schemaIn(context), { normalize })),
    );
  });
  app.get("/subjects/:subject/versions/:version", async (context) => {
    const deleted = flagIn(context, "deleted");
    const found = await registry.version(subjectIn(context), versionIn(context), { deleted });
    return context.json(versionAnswer(found, formIn(context)));
  });
  app.get("/subjects/:subject/versions/:version/schema", async (context) => {
    const deleted = flagIn(context, "deleted");
    const found = await registry.version(subjectIn(context), versionIn(context), { deleted });
    return context.body(textIn(found, formIn(context)), 200, { "content-type": "application/json" });
  });
  app.get("/subjects/:subject/versions/:version/referencedby", async (context) =>
    context.json(await registry.referencedBy(subjectIn(context), versionIn(context))),
  );
  app.delete("/subjects/:subject/versions/:version", async (context) => {
    const isPermanent = flagIn(context, "permanent");
    return context.json(await registry.deleteVersion(subjectIn(context), versionIn(context), { isPermanent }));
  });
}

function compatibilityRoutes(app: Hono, registry: Registry): void {
  const answer = (messages: readonly string[], verbose: boolean): object => ({
    is_compatible: messages.length === 0,
    ...(verbose ? { messages } : {}),
  });
  app.post("/compatibility/subjects/:subject/versions", async (context) => {
    const normalize = flagIn(context, "normalize");
    const messages = await registry.check(subjectIn(context), await schemaIn(context), { normalize });
    return context.json(answer(messages, flagIn(context, "verbose")));
  });
  app.post("/compatibility/subjects/:subject/versions/:version", async (context) => {
    const options = { version: versionIn(context), normalize: flagIn(context, "normalize") };
    const messages = await registry.check(subjectIn(context), await schemaIn(context), options);
    return context.json(answer(messages, flagIn(context, "verbose")));
  });
}
